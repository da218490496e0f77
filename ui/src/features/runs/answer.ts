// What a person gave to an ask: what is still missing of it, and the answer it makes. The core judges it again.
import type { Answer, Ask } from "../../host/host.ts";

export type Given = { fields: Record<string, string>; option: string | null; reason: string; phrase: string; evidence: string };

/** The first thing that is missing, in words; null when the answer is whole. */
export function missing(ask: Ask, given: Given): string | null {
  if (ask.options.length > 0 && given.option === null) return "choose one";
  if (ask.options.length > 0 && given.reason.trim() === "") return "say why";
  for (const field of ask.fields) {
    const typed = given.fields[field.name] ?? "";
    if (typed === "" && !field.optional) return `fill in: ${field.prompt}`;
    if (typed !== "" && !fits(typed, field.pattern)) return `check: ${field.prompt}`;
  }
  if (ask.evidence !== null && given.evidence.trim() === "") return "say what was seen";
  if (ask.phrase !== null && given.phrase !== ask.phrase) return "type the phrase exactly";
  return null;
}

/** Whether a value matches its pattern as a whole. A pattern that a browser cannot read is left to the core. */
export function fits(value: string, pattern: string | null): boolean {
  if (pattern === null) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}

export function answerOf(ask: Ask, given: Given): Answer {
  const filled = Object.fromEntries(Object.entries(given.fields).filter(([, value]) => value !== ""));
  return {
    fields: filled,
    option: ask.options.length > 0 ? given.option : null,
    reason: given.reason.trim() === "" ? null : given.reason.trim(),
    phrase: ask.phrase === null ? null : given.phrase,
    evidence: given.evidence.trim() === "" ? null : given.evidence.trim(),
  };
}
