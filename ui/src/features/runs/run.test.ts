import { expect, test, vi } from "vitest";
import { Refused, type LogLine, type RunView } from "../../host/host.ts";
import { ScriptedHost, type Script } from "../../../tests/scripted.ts";
import { failedRun, heldRun, runView, step } from "../../../tests/views.ts";
import { RunController } from "./run.svelte.ts";

async function opened(view: RunView, script: Script = {}) {
  const host = new ScriptedHost({ "run.view": () => view, ...script });
  const controller = new RunController(host, view.run);
  await controller.open();
  return { host, controller };
}

const line = (number: number): LogLine => ({ number, at: null, source: "stdout", text: `line ${number}`, mark: null });

test("views may overtake each other: the newest stays", async () => {
  const { controller } = await opened(runView({ seq: 41 }));
  controller.hear({ type: "run", view: runView({ seq: 43, said: "newer" }) });
  controller.hear({ type: "run", view: runView({ seq: 42, said: "older" }) });
  expect(controller.view?.said).toBe("newer");
});

test("another run's news is not ours", async () => {
  const { controller } = await opened(runView());
  controller.hear({ type: "run", view: runView({ run: "other", seq: 99 }) });
  expect(controller.view?.seq).toBe(41);
});

test("the step read follows the run until one is chosen", async () => {
  const { controller } = await opened(runView());
  expect(controller.shown?.id).toBe("deploy_api");
  controller.readNext(-1);
  expect([controller.shown?.id, controller.follows]).toEqual(["create_worker", false]);
  controller.read(null);
  expect(controller.shown?.id).toBe("deploy_api");
});

test("a run that cannot be read says so and can be tried again", async () => {
  let works = false;
  const host = new ScriptedHost({
    "run.view": () => {
      if (!works) throw new Refused({ code: "newer_ledger", message: "the ledger is from a newer version", hints: ["update"], causes: [] });
      return runView();
    },
  });
  const controller = new RunController(host, "7k2m");
  await controller.open();
  expect(controller.unreadable?.code).toBe("newer_ledger");
  works = true;
  await controller.open();
  expect([controller.unreadable, controller.view?.run]).toEqual([null, "7k2m"]);
});

test.each([
  ["its own open run", runView(), true],
  ["one driven elsewhere", runView({ driven_by: { what: "the command line" } }), false],
  ["an interrupted one", runView({ resumable: true, status: "interrupted" }), false],
  ["one that is over", runView({ status: "succeeded", ended_at: "2026-11-20T14:00:00Z" }), false],
  ["one that stopped here", runView({ status: "failed", halted: "the disk is full" }), false],
])("this window may act on %s: %s", async (_name, view, may) => {
  const { controller } = await opened(view);
  expect(controller.mayAct).toBe(may);
});

test("a signature names the hold, the decision and the signer", async () => {
  const { host, controller } = await opened(heldRun(), { "run.sign": () => runView({ seq: 71 }) });
  expect(await controller.sign("stage:verify", "go", "bo", null)).toBe(true);
  expect(host.asked.at(-1)).toEqual({ name: "run.sign", args: { run: "7k2m", hold: "stage:verify", decision: "go", person: "bo", reason: null } });
  expect(controller.view?.seq).toBe(71);
});

test("a refusal is kept to be shown, and the next thing asked clears it", async () => {
  let refuses = true;
  const { controller } = await opened(failedRun(), {
    "run.choose": () => {
      if (refuses) throw new Refused({ code: null, message: "say why", hints: [], causes: [] });
      return runView({ seq: 80 });
    },
  });
  expect(await controller.choose("deploy_api", "skip", null)).toBe(false);
  expect(controller.refusal?.message).toBe("say why");
  refuses = false;
  expect(await controller.choose("deploy_api", "retry", null)).toBe(true);
  expect(controller.refusal).toBeNull();
});

test("while one call is under way a second is not sent", async () => {
  let resolve: (view: RunView) => void = () => undefined;
  const promise = new Promise<RunView>((settle) => (resolve = settle));
  const { host, controller } = await opened(failedRun(), { "run.choose": () => promise });
  const first = controller.choose("deploy_api", "retry", null);
  expect(await controller.choose("deploy_api", "retry", null)).toBe(false);
  resolve(runView({ seq: 90 }));
  expect(await first).toBe(true);
  expect(host.asked.filter(({ name }) => name === "run.choose")).toHaveLength(1);
});

test("a log is fetched page by page, once, and again when more is told of", async () => {
  // Line 3 is an event: it has a number and is not among the lines.
  const all = [1, 2, 4, 5].map(line);
  const { host, controller } = await opened(runView(), { "run.log": ({ after_line }) => ({ lines: all.filter((one) => one.number > after_line).slice(0, 2), total: all.at(-1)?.number ?? 0 }) });
  const shown = { ...step({ id: "deploy_api", title: "Deploy API", log_lines: 5 }), started_at: controller.shown?.started_at ?? null };
  const fetched = () => host.asked.filter(({ name }) => name === "run.log").length;
  await controller.readLog(shown);
  expect(controller.log.map((one) => one.number)).toEqual([1, 2, 4, 5]);
  const before = fetched();
  await controller.readLog(shown);
  expect(fetched()).toBe(before);
  all.push(line(6));
  controller.hear({ type: "log", run: "7k2m", step: "deploy_api", lines: [line(6)] });
  await vi.waitFor(() => expect(controller.log.map((one) => one.number)).toEqual([1, 2, 4, 5, 6]), { timeout: 15_000 });
});

test("a new attempt begins a log of its own", async () => {
  const { controller } = await opened(runView(), { "run.log": () => ({ lines: [], total: 0 }) });
  const [first, second] = [1, 2].map((attempt) => ({ ...step({ id: "deploy_api", title: "Deploy API", log_lines: 1 }), attempt }));
  if (!first || !second) throw new Error("two attempts");
  controller.hear({ type: "run", view: runView({ seq: 50 }, second) });
  await controller.readLog(first);
  expect(controller.log).toEqual([]);
});

test("a report goes where the person says", async () => {
  const { host, controller } = await opened(runView({ status: "succeeded" }), { "report.export": ({ path }) => ({ path, bytes: 10, sha256: "ab" }) });
  expect(await controller.pickReportPlace("html")).toBeNull();
  host.picked = "/reports/run.html";
  expect(await controller.pickReportPlace("html")).toBe("/reports/run.html");
  expect((await controller.exportReport("html", "/reports/run.html"))?.path).toBe("/reports/run.html");
});
