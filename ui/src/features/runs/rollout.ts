// Live progress as the families of steps tell it: the ECS family's rollout, the soak's series. What does not fit is not drawn.

export type TaskState = "up" | "start" | "bad" | "gone";

export type Revision = {
  name: string;
  role: "new" | "old";
  desired: number;
  running: number;
  pending: number;
  failed: number;
  healthy: number;
  tasks: { id: string; state: TaskState }[];
  images: { container: string; image: string; digest: string | null }[];
};

export type Rollout = {
  service: string;
  cluster: string;
  deployment: string;
  status: string | null;
  reason: string | null;
  revisions: Revision[];
  breaker: { enabled: boolean; rollback: boolean; failures: number | null; threshold: number | null };
  lastEvent: { at: string; text: string } | null;
  askedAt: string | null;
};

export type Sample = { at: string; ok: boolean; said: string };

/** The rollout in a step's progress, if that is what it is. */
export function rolloutOf(progress: unknown): Rollout | null {
  const view = record(progress);
  if (!view || !Array.isArray(view["revisions"])) return null;
  const breaker = record(view["breaker"]) ?? {};
  const event = record(view["last_event"]);
  return {
    service: text(view["service"]) ?? "",
    cluster: text(view["cluster"]) ?? "",
    deployment: text(view["deployment"]) ?? "",
    status: text(view["status"]) ?? text(view["rollout_state"]),
    reason: text(view["reason"]),
    revisions: view["revisions"].map(revisionOf).filter((revision) => revision !== null),
    breaker: { enabled: breaker["enabled"] === true, rollback: breaker["rollback"] === true, failures: number(breaker["failures"]), threshold: number(breaker["threshold"]) },
    lastEvent: event ? { at: text(event["at"]) ?? "", text: text(event["text"]) ?? "" } : null,
    askedAt: text(view["asked_at"]),
  };
}

/** The samples in a step's progress, if that is what it is. */
export function samplesOf(progress: unknown): Sample[] {
  const view = record(progress);
  const samples = view?.["samples"] ?? view?.["series"];
  if (!Array.isArray(samples)) return [];
  return samples.flatMap((one) => {
    const sample = record(one);
    return sample ? [{ at: text(sample["at"]) ?? "", ok: sample["ok"] === true, said: text(sample["said"]) ?? text(sample["text"]) ?? "" }] : [];
  });
}

/** The breaker in words. */
export function breakerWords({ enabled, rollback }: Rollout["breaker"]): string {
  if (!enabled) return "off: a failing rollout goes on trying";
  return rollback ? "on, rolls back" : "on, does not roll back";
}

function revisionOf(value: unknown): Revision | null {
  const view = record(value);
  const name = text(view?.["task_definition"]);
  if (!view || name === null) return null;
  return {
    name,
    role: view["role"] === "new" ? "new" : "old",
    desired: number(view["desired"]) ?? 0,
    running: number(view["running"]) ?? 0,
    pending: number(view["pending"]) ?? 0,
    failed: number(view["failed"]) ?? 0,
    healthy: number(view["healthy"]) ?? 0,
    tasks: list(view["tasks"]).map((task) => ({ id: text(task["id"]) ?? "", state: stateOf(task["state"]) })),
    images: list(view["images"]).map((image) => ({ container: text(image["container"]) ?? "", image: text(image["image"]) ?? "", digest: text(image["digest"]) })),
  };
}

function stateOf(value: unknown): TaskState {
  return value === "up" || value === "start" || value === "bad" ? value : "gone";
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(record).filter((one) => one !== null) : [];
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
