// How careful to be with an account: the word and the tone of each weight.
import type { Identity } from "../../host/host.ts";
import type { Tone } from "../../kit/tone.ts";

export const weightShown: Record<Identity["weight"], { word: string; tone: Tone }> = {
  production: { word: "production", tone: "danger" },
  staging: { word: "staging", tone: "warn" },
  sandbox: { word: "sandbox", tone: "ok" },
  unknown: { word: "not classified", tone: "quiet" },
  practice: { word: "practice", tone: "practice" },
};
