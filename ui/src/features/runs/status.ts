// How each state of a step and of a run is shown: icon, word and tone, in one table each.
import Ban from "@lucide/svelte/icons/ban";
import Check from "@lucide/svelte/icons/check";
import CircleDashed from "@lucide/svelte/icons/circle-dashed";
import Circle from "@lucide/svelte/icons/circle";
import CircleDot from "@lucide/svelte/icons/circle-dot";
import CircleHelp from "@lucide/svelte/icons/circle-question-mark";
import CirclePause from "@lucide/svelte/icons/circle-pause";
import Diamond from "@lucide/svelte/icons/diamond";
import Hourglass from "@lucide/svelte/icons/hourglass";
import LoaderCircle from "@lucide/svelte/icons/loader-circle";
import Replace from "@lucide/svelte/icons/replace";
import SkipForward from "@lucide/svelte/icons/skip-forward";
import Undo2 from "@lucide/svelte/icons/undo-2";
import User from "@lucide/svelte/icons/user";
import X from "@lucide/svelte/icons/x";
import type { RunStatus, StepStatus, StepView } from "../../host/host.ts";
import type { Icon } from "../../kit/Mark.svelte";
import type { Tone } from "../../kit/tone.ts";

export type Shown = { icon: Icon; word: string; tone: Tone; turning?: boolean };

/** A step's state on the screen: a step that runs and asks somebody waits for that person. */
export type ShownStatus = StepStatus | "asking";

export function shownStatus(step: StepView): ShownStatus {
  return step.ask !== null ? "asking" : step.status;
}

export const stepShown: Record<ShownStatus, Shown> = {
  pending: { icon: Circle, word: "to do", tone: "quiet" },
  blocked: { icon: Circle, word: "waits for others", tone: "quiet" },
  ready: { icon: CircleDot, word: "ready", tone: "plain" },
  held: { icon: Diamond, word: "held", tone: "hold" },
  running: { icon: LoaderCircle, word: "running", tone: "running", turning: true },
  asking: { icon: User, word: "asks you", tone: "hold" },
  waiting: { icon: Hourglass, word: "waiting", tone: "running" },
  verifying: { icon: CircleDashed, word: "verifying", tone: "running", turning: true },
  succeeded: { icon: Check, word: "succeeded", tone: "ok" },
  failed: { icon: X, word: "failed", tone: "danger" },
  unknown: { icon: CircleHelp, word: "unknown", tone: "danger" },
  rolled_back_by_aws: { icon: Undo2, word: "rolled back by AWS", tone: "danger" },
  superseded: { icon: Replace, word: "superseded", tone: "danger" },
  skipped: { icon: SkipForward, word: "skipped", tone: "warn" },
  compensated: { icon: Undo2, word: "undone", tone: "warn" },
  not_practised: { icon: Ban, word: "not practised", tone: "practice" },
};

export const runShown: Record<RunStatus, Shown> = {
  running: { icon: LoaderCircle, word: "running", tone: "running", turning: true },
  held: { icon: Diamond, word: "holds for a signature", tone: "hold" },
  waiting_for_person: { icon: User, word: "waits for you", tone: "hold" },
  needs_decision: { icon: X, word: "needs a decision", tone: "danger" },
  rolling_back: { icon: Undo2, word: "rolling back", tone: "warn" },
  interrupted: { icon: CirclePause, word: "interrupted", tone: "warn" },
  succeeded: { icon: Check, word: "succeeded", tone: "ok" },
  failed: { icon: X, word: "failed", tone: "danger" },
  rolled_back: { icon: Undo2, word: "rolled back", tone: "warn" },
  aborted: { icon: Ban, word: "aborted", tone: "danger" },
};

/** The button that rolls back so many steps. */
export function rollBackWords(steps: number): string {
  return steps > 2 ? `Roll back all ${steps}` : steps === 2 ? "Roll back both" : "Roll back";
}

/** States in which a step is over. */
export function isOver(status: StepStatus): boolean {
  switch (status) {
    case "succeeded":
    case "failed":
    case "unknown":
    case "rolled_back_by_aws":
    case "superseded":
    case "skipped":
    case "compensated":
    case "not_practised":
      return true;
    case "pending":
    case "blocked":
    case "ready":
    case "held":
    case "running":
    case "waiting":
    case "verifying":
      return false;
  }
}
