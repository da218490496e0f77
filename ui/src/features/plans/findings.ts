// How a finding of each severity is shown.
import CircleAlert from "@lucide/svelte/icons/circle-alert";
import Info from "@lucide/svelte/icons/info";
import OctagonX from "@lucide/svelte/icons/octagon-x";
import type { Block, Finding, Severity } from "../../host/host.ts";
import type { Icon } from "../../kit/Mark.svelte";
import type { Tone } from "../../kit/tone.ts";
import { count } from "../../kit/words.ts";

export const severityShown: Record<Severity, { icon: Icon; word: string; tone: Tone }> = {
  error: { icon: OctagonX, word: "error", tone: "danger" },
  warning: { icon: CircleAlert, word: "warning", tone: "warn" },
  note: { icon: Info, word: "note", tone: "running" },
};

/** `2 errors, 1 warning`; empty when there is nothing to say. */
export function findingsSaid(findings: Finding[]): string {
  const words = { error: "error", warning: "warning", note: "note" } as const;
  return (Object.keys(words) as Severity[])
    .map((severity) => ({ severity, number: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ number }) => number > 0)
    .map(({ severity, number }) => count(number, words[severity]))
    .join(", ");
}

/** The findings whose line lies in a block, or in the blank lines before the next one. */
export function findingsOf(blocks: Block[], findings: Finding[]): Map<number, Finding[]> {
  const placed = new Map<number, Finding[]>();
  for (const finding of findings) {
    let at = blocks.findLastIndex((block) => block.start_line <= finding.line);
    if (at < 0) at = 0;
    placed.set(at, [...(placed.get(at) ?? []), finding]);
  }
  return placed;
}
