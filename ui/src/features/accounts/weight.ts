// How careful to be with an account: the word and the tone of each weight, and the colours that an operator may give it.
import type { Identity, Weight } from "../../host/host.ts";
import type { Tone } from "../../kit/tone.ts";

export const weightShown: Record<Weight, { word: string; brief: string; tone: Tone }> = {
  production: { word: "production", brief: "prod", tone: "danger" },
  staging: { word: "staging", brief: "staging", tone: "warn" },
  sandbox: { word: "sandbox", brief: "sandbox", tone: "ok" },
  unknown: { word: "not classified", brief: "", tone: "quiet" },
  practice: { word: "practice", brief: "practice", tone: "practice" },
};

/** The word of a weight; one that was only guessed from names says so. */
export function weightWords({ weight, weight_guessed }: Pick<Identity, "weight" | "weight_guessed">): string {
  const { word } = weightShown[weight];
  return weight_guessed && weight !== "unknown" && weight !== "practice" ? `${word}, by its name` : word;
}

/** Colours of tokens.css, in the order in which they are offered. */
export const colours = ["red", "orange", "yellow", "green", "teal", "blue", "violet", "pink", "grey"] as const;

/** A colour that this version knows, else none: what somebody else wrote must not reach the page as markup. */
export function colourOf(colour: string | null): string | undefined {
  return colours.find((known) => known === colour);
}
