// What a clock says now: how long yet, or that it has ended, and how much that matters.
import type { Clock } from "../../host/host.ts";
import type { Tone } from "../../kit/tone.ts";
import { leftWords } from "../../kit/words.ts";

/** Seconds before the end from which one should know of it. */
const SOON = 900;

export type ClockState = { ended: boolean; soon: boolean; words: string; tone: Tone };

/** One that renews by itself is no cause for alarm while it still runs. */
export function clockState(one: Pick<Clock, "ends_at" | "renews">, now: number): ClockState {
  const left = (Date.parse(one.ends_at) - now) / 1000;
  if (Number.isNaN(left)) return { ended: false, soon: false, words: "unknown", tone: "quiet" };
  if (left <= 0) return one.renews ? { ended: true, soon: false, words: "renews when needed", tone: "plain" } : { ended: true, soon: false, words: "expired", tone: "danger" };
  const soon = left < SOON && !one.renews;
  // Minutes are enough while there are many: a bar that changes every second draws the eye.
  return { ended: false, soon, words: leftWords(left), tone: soon ? "warn" : "plain" };
}
