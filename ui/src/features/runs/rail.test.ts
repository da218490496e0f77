import { expect, test } from "vitest";
import { ScriptedHost } from "../../../tests/scripted.ts";
import { failedRun, runView } from "../../../tests/views.ts";
import { RunController } from "./run.svelte.ts";
import { rollBackWords, runShown, shownStatus, stepShown } from "./status.ts";

async function shownOf(view: ReturnType<typeof runView>) {
  const controller = new RunController(new ScriptedHost({ "run.view": () => view }), view.run);
  await controller.open();
  return controller;
}

test("a run that is over is read where it went wrong, else where it ended", async () => {
  const over = { status: "rolled_back" as const, current: null, hold: null, ended_at: "2026-11-20T14:00:00Z" };
  expect((await shownOf({ ...failedRun(), ...over })).shown?.id).toBe("deploy_api");
  expect((await shownOf(runView({ ...over, status: "succeeded" }))).shown?.id).toBe("deploy_api");
});

test("stages that are only to be read in the plan are not on the rail", async () => {
  const view = runView();
  const [first] = view.stages;
  if (!first) throw new Error("a run has stages");
  const controller = await shownOf({ ...view, stages: [...view.stages, { ...first, id: "way_back", role: "rollback" }, { ...first, id: "empty", steps: [] }] });
  expect(controller.stages.map((stage) => stage.id)).toEqual(view.stages.map((stage) => stage.id));
});

test("a step that asks somebody says so, whatever it else is", async () => {
  const step = (await shownOf(runView())).shown;
  if (!step) throw new Error("a run shows a step");
  expect([shownStatus(step), shownStatus({ ...step, ask: { type: "checklist" } })]).toEqual(["running", "asking"]);
});

test("every state has its own word", () => {
  for (const table of [stepShown, runShown]) {
    const words = Object.values(table).map((shown) => shown.word);
    expect(new Set(words).size).toBe(words.length);
  }
});

test.each([[1, "Roll back"], [2, "Roll back both"], [5, "Roll back all 5"]])("%d steps: %s", (steps, words) => expect(rollBackWords(steps)).toBe(words));
