// What a person gave to an ask: what is still missing of it, and the answer it makes. The core judges it again.
import type { Ask, Calls } from "../../host/host.ts";

/** An ask that is answered in one go; a checklist is ticked item by item. */
export type Question = Exclude<Ask, { type: "checklist" }>;
export type Given = { fields: Record<string, string>; option: string | null; reason: string; phrase: string; evidence: string; who: string | null };
export type Answer = Omit<Calls["run.answer"]["args"], "run" | "step">;

/** The first thing that is missing, in words; null when the answer is whole. */
export function missing(ask: Question, given: Given): string | null {
  switch (ask.type) {
    case "decision":
      if (given.option === null) return "choose one";
      return given.reason.trim() === "" ? "say why" : null;
    case "phrase":
      return phraseMissing(ask.phrase, given);
    case "fields":
      for (const field of ask.fields) {
        const typed = given.fields[field.name] ?? "";
        if (typed === "" && !field.optional) return `fill in: ${field.prompt}`;
        if (typed !== "" && !fits(typed, field.pattern)) return `check: ${field.prompt}`;
      }
      if (ask.evidence !== null && given.evidence.trim() === "") return "say what was seen";
      return phraseMissing(ask.confirm, given);
  }
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

/** Whether AWS waits for this answer while the step goes on: it is signed, and settled by itself when its time is up. */
export function isSigned(ask: Question): boolean {
  return ask.type === "decision" && (ask.expires_at !== undefined || ask.if_unanswered !== undefined);
}

/** The phrase that is to be typed, where one is. */
export function phraseOf(ask: Question): string | null {
  return ask.type === "phrase" ? ask.phrase : ask.type === "fields" ? ask.confirm : null;
}

export function answerOf(ask: Question, given: Given): Answer {
  const filled = Object.entries(given.fields).filter(([, value]) => value !== "");
  return {
    fields: ask.type === "fields" ? Object.fromEntries(filled) : {},
    option: ask.type === "decision" ? given.option : null,
    reason: said(given.reason),
    phrase: phraseOf(ask) === null ? null : given.phrase,
    evidence: ask.type === "fields" ? said(given.evidence) : null,
    ...(isSigned(ask) && given.who !== null ? { who: given.who } : {}),
  };
}

function phraseMissing(phrase: string | null, given: Given): string | null {
  return phrase !== null && given.phrase !== phrase ? "type the phrase exactly" : null;
}

function said(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}
