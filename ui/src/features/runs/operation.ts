// States of an App Runner operation as tones. A roll-back is a failure with a safe service, whatever state the service is in.
import type { Tone } from "../../kit/tone.ts";

/** The tone of an operation's status; one that nobody knows yet is under way. */
export function operationTone(status: string): Tone {
  if (status === "SUCCEEDED") return "ok";
  if (status === "FAILED" || status === "ROLLBACK_FAILED") return "danger";
  if (status.startsWith("ROLLBACK")) return "warn";
  return "running";
}
