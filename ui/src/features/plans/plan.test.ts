import { expect, test } from "vitest";
import { Refused, type Finding, type PlanView } from "../../host/host.ts";
import { ScriptedHost } from "../../../tests/scripted.ts";
import { plan, runView } from "../../../tests/views.ts";
import { findingsOf, findingsSaid } from "./findings.ts";
import { PlanController } from "./plan.svelte.ts";

const finding = (line: number, severity: Finding["severity"] = "error"): Finding => ({ code: "c", severity, message: "m", line, column: 1, excerpt: "", hint: null });

async function opened(view: PlanView) {
  const host = new ScriptedHost({ "plan.open": () => view, "plan.trust": () => ({ ...view, trusted: true }), "run.start": () => runView({ run: "new1" }) });
  const controller = new PlanController(host, view.path);
  await controller.open();
  return { host, controller };
}

test.each<[string, Partial<PlanView>, string | null]>([
  ["untrusted", {}, "it is not trusted yet"],
  ["trusted", { trusted: true }, null],
  ["with errors", { trusted: true, findings: [finding(3)] }, "it has errors"],
  ["with warnings only", { trusted: true, findings: [finding(3, "warning")] }, null],
  ["without a step", { trusted: true, stages: [] }, "it has no step"],
])("a plan that is %s", async (_name, over, why) => {
  const { controller } = await opened({ ...plan, ...over });
  expect(controller.notStartable).toBe(why);
});

test("trust and start name the digest that was on the screen", async () => {
  const { host, controller } = await opened(plan);
  await controller.trust();
  const run = await controller.start({ mode: "practice", profile: null, scenario: "healthy", speed: 10, target: null, vars: {} });
  expect(run).toBe("new1");
  expect(host.asked.slice(1)).toEqual([
    { name: "plan.trust", args: { path: plan.path, digest: plan.digest } },
    { name: "run.start", args: { path: plan.path, digest: plan.digest, mode: "practice", profile: null, scenario: "healthy", speed: 10, target: null, vars: {} } },
  ]);
});

test("a file that cannot be read says why", async () => {
  const host = new ScriptedHost({ "plan.open": () => { throw new Refused({ code: "too_big", message: "50 MB is more than a plan", hints: ["split it"], causes: [] }); } });
  const controller = new PlanController(host, "/plans/big.md");
  await controller.open();
  expect([controller.view, controller.unreadable?.hints]).toEqual([null, ["split it"]]);
});

test("each finding stands beside the block its line is in", () => {
  const placed = findingsOf(plan.blocks, [finding(3), finding(42), finding(52), finding(11)]);
  expect([...placed].map(([at, list]) => [plan.blocks[at]?.start_line, list.map((one) => one.line)])).toEqual([[1, [3]], [40, [42]], [50, [52]], [10, [11]]]);
});

test("findings are counted in words", () => {
  expect(findingsSaid([finding(1), finding(2), finding(3, "warning")])).toBe("2 errors, 1 warning");
  expect(findingsSaid([])).toBe("");
});
