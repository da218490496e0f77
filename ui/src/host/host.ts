// The one seam between the page and the program. Everything that the page asks or hears goes through a Host.
import type { CallName, Calls } from "./generated/calls.ts";
import type { Problem, Update } from "./generated/types.ts";

export type { CallName, Calls } from "./generated/calls.ts";
export type * from "./generated/types.ts";

export interface Host {
  /** Asks the core. Rejects with a Refused, never with anything else. */
  call<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<Calls[N]["reply"]>;
  /** Hears what changed. Calls `handler` for every update until the returned function is called. */
  onUpdate(handler: (update: Update) => void): () => void;
  /** Hears whether updates flow: false while the link to the core is broken. */
  onLink(handler: (up: boolean) => void): () => void;
  /** Asks for a plan file. Null when the person thought better of it, or when this host has no dialog. */
  pickPlan(): Promise<string | null>;
  /** Asks where to save. `name` is the suggestion. */
  pickSave(name: string, extension: string): Promise<string | null>;
  /** Hears files being dragged over the window and dropped on it. */
  onFileDrop(handler: (drop: FileDrop) => void): () => void;
}

export type FileDrop = { phase: "over" | "left" } | { phase: "dropped"; paths: string[] };

/** A call that was answered with no: what happened, and what to do about it. */
export class Refused extends Error {
  readonly code: string | null;
  readonly hints: string[];
  readonly causes: string[];

  constructor(problem: Problem) {
    super(problem.message);
    this.name = "Refused";
    this.code = problem.code;
    this.hints = problem.hints;
    this.causes = problem.causes;
  }
}

/** Makes a Refused of whatever a transport threw, so that screens have one shape to show. */
export function refused(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  if (isProblem(thrown)) return new Refused(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Refused({ code: null, message, hints: [], causes: [] });
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as Partial<Problem>;
  return typeof candidate.message === "string" && Array.isArray(candidate.hints) && Array.isArray(candidate.causes);
}
