import { expect, test } from "vitest";
import { runView } from "../../../tests/views.ts";
import { rolloutOf, samplesOf } from "./rollout.ts";

const progress = runView().stages.flatMap((stage) => stage.steps).find((step) => step.id === "deploy_api")?.progress;

test("a rollout is read whole", () => {
  const rollout = rolloutOf(progress);
  expect(rollout?.revisions.map((revision) => [revision.name, revision.role, revision.tasks.map((task) => task.state)])).toEqual([
    ["broker-api:42", "new", ["up", "start"]],
    ["broker-api:41", "old", ["up", "gone"]],
  ]);
  expect(rollout?.breaker).toEqual({ enabled: true, rollback: true, failures: 0, threshold: 3 });
});

test.each([[null], ["text"], [7], [[]], [{}], [{ revisions: "none" }]])("%j is no rollout", (value) => expect(rolloutOf(value)).toBeNull());

test("what does not fit in a rollout is left out, the rest is drawn", () => {
  const rollout = rolloutOf({ revisions: [null, { desired: 2 }, { task_definition: "a:1", tasks: [{ id: "t", state: "on fire" }, 3] }] });
  expect(rollout?.revisions).toMatchObject([{ name: "a:1", desired: 0, tasks: [{ id: "t", state: "gone" }] }]);
});

test("samples are read, and their absence is not a soak", () => {
  expect(samplesOf({ samples: [{ at: "2026-11-20T14:00:00Z", ok: true, said: "200" }, "x"] })).toEqual([{ at: "2026-11-20T14:00:00Z", ok: true, said: "200" }]);
  expect(samplesOf(progress)).toEqual([]);
});
