// What an author says of a plan, in words.
import type { Claim, Overview, SaidCost } from "../../host/host.ts";

export const claimWords: Record<Claim["mark"], string> = {
  done: "done", in_progress: "in progress", pending: "pending", failed: "failed", blocked: "blocked", skipped: "skipped", manual: "by hand", ready: "ready",
};

export const exposureWords = { public: "public", private: "private" } as const;

const facts: Record<string, string> = {
  alias: "Alias", profile: "Profile", date: "Date", updated: "Updated", author: "Author", risk: "Risk", rollback_time: "To roll back", status: "Status", version: "Version", environment: "Environment",
};

/** A fact's name; one that is newer than this page is shown as it is called. */
export function factWords(key: string): string {
  return facts[key] ?? key;
}

/** `$15`, `$15–20`, `15–20 EUR`. */
export function money({ low, high, currency }: Pick<SaidCost, "low" | "high" | "currency">): string {
  const shown = (sum: number) => sum.toLocaleString("en", { maximumFractionDigits: 2 });
  const range = low === high ? shown(low) : `${shown(low)}–${shown(high)}`;
  return /^\p{L}/u.test(currency) ? `${range} ${currency}` : `${currency}${range}`;
}

export function isSilent(said: Overview): boolean {
  return [said.facts, said.services, said.readiness, said.costs, said.next_steps].every((list) => list.length === 0);
}
