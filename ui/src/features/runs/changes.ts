// Changes of resources in the field's words: Terraform's signs, a word, and a tone.
import type { ResourceChange } from "../../host/host.ts";
import type { Tone } from "../../kit/tone.ts";

export type ActionShown = { sign: string; word: string; tone: Tone };

const known: Record<string, ActionShown> = {
  create: { sign: "+", word: "create", tone: "ok" },
  update: { sign: "~", word: "update", tone: "warn" },
  replace: { sign: "±", word: "replace", tone: "danger" },
  delete: { sign: "−", word: "delete", tone: "danger" },
  read: { sign: "<", word: "read", tone: "quiet" },
  import: { sign: "↓", word: "import", tone: "plain" },
  forget: { sign: "·", word: "forget", tone: "warn" },
};

/** How an action is shown; one that this version does not know keeps its own word. */
export function actionShown(action: string): ActionShown {
  return known[action] ?? { sign: "?", word: action, tone: "plain" };
}

/** What takes something away is read first; everything, where there is little of it. A new resource is all new: it stays shut. */
export function startsOpen(change: ResourceChange, among: number): boolean {
  if (change.action === "delete" || change.action === "replace") return true;
  return change.action === "update" && among <= 20;
}
