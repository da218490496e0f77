// Going on with an open run: what stands of it, who drives it, and a plan that was edited meanwhile.
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, expect, test } from "vitest";
import { Refused, type Edited } from "../src/host/host.ts";
import App from "../src/screens/App.svelte";
import { Console } from "../src/screens/console.svelte.ts";
import { lock } from "./accounts-views.ts";
import { ScriptedHost, type Script } from "./scripted.ts";
import { edited, failedRun, home, interruptedRun, plan, runView } from "./views.ts";

beforeEach(() => {
  location.hash = "";
});

function show(hash: string, script: Script = {}) {
  location.hash = hash;
  const host = new ScriptedHost({
    "home.view": () => home, "profiles.list": () => ({ profiles: [], explanation: null, default: null }), "lock.view": () => lock, "lock.touch": () => lock,
    "run.log": () => ({ lines: [], total: 0 }), "run.edited": () => null, ...script,
  });
  render(App, { props: { app: new Console(host) } });
  return host;
}

const asked = (host: ScriptedHost, name: string) => host.asked.filter((one) => one.name === name).map(({ args }) => args);

test("home says of each open run who drives it, and what is unknown of one that nobody drives", async () => {
  show("");
  const left = await screen.findByTestId("standing-7f1d");
  expect(within(left).getByText(/Nobody drives it/)).toBeTruthy();
  expect(within(left).getByText(/It was being sent|it was being sent/)).toBeTruthy();
  expect(within(left).getByText(/api_token was in memory alone/)).toBeTruthy();
  expect(within(screen.getByTestId("standing-7h0c")).getByText(/Driven by pid 4711/)).toBeTruthy();
  expect(screen.queryByTestId("standing-7k2m")).toBeNull();
});

test("an interrupted run tells what stands before it is resumed", async () => {
  const host = show("#/run/7k2m", { "run.view": () => interruptedRun(), "run.resume": () => runView({ seq: 90 }) });
  await screen.findByText(/nothing is sent twice blindly/);
  await fireEvent.click(screen.getByTestId("resume"));
  await waitFor(() => expect(screen.queryByTestId("resume")).toBeNull());
  expect(asked(host, "run.resume")).toEqual([{ run: "7k2m" }]);
});

test("a run is taken over from who lets go, and from who does not answer only when that is said", async () => {
  const silent = new Refused({ code: "silent", message: "pid 4711 drives this run and does not answer", hints: [], causes: [] });
  const host = show("#/run/7k2m", {
    "run.view": () => runView({ driven_by: { what: "pid 4711 on desk" } }),
    "run.take_over": ({ force }) => {
      if (!force) throw silent;
      return runView({ seq: 91 });
    },
  });
  await fireEvent.click(await screen.findByTestId("take-over"));
  await screen.findByText(/does not answer/);
  await fireEvent.click(screen.getByTestId("take-over-force"));
  await waitFor(() => expect(screen.queryByText(/Read only/)).toBeNull());
  expect(asked(host, "run.take_over")).toEqual([{ run: "7k2m", force: false }, { run: "7k2m", force: true }]);
});

test("an edited plan is seen when somebody comes back, decided step by step, and adopted with a reason", async () => {
  let now: Edited | null = null;
  const host = show("#/run/7k2m", { "run.view": () => failedRun(), "run.edited": () => now, "run.adopt": () => ((now = null), runView({ seq: 120 })) });
  await screen.findByRole("heading", { name: "Deploy API" });
  expect(screen.queryByTestId("edited")).toBeNull();
  now = edited;
  await fireEvent.focus(window);
  await fireEvent.click(await screen.findByTestId("edited"));
  const dialog = await screen.findByRole("dialog", { name: "The plan was edited" });
  expect(within(dialog).getByText("with: { cluster: broker, service: broker-worker, desired_count: 2 }")).toBeTruthy();
  expect(within(within(dialog).getByRole("list", { name: "Steps that are others now" })).getAllByRole("listitem")).toHaveLength(3);
  const act = within(dialog).getByTestId<HTMLButtonElement>("adopt");
  await fireEvent.input(within(dialog).getByTestId("adopt-reason"), { target: { value: "two workers are wanted" } });
  expect(act.disabled).toBe(true);
  await fireEvent.click(within(dialog).getByTestId("again-create_worker"));
  await waitFor(() => expect(act.disabled).toBe(false));
  await fireEvent.click(act);
  await waitFor(() => expect(screen.queryByTestId("edited")).toBeNull());
  expect(asked(host, "run.adopt")).toEqual([{ run: "7k2m", digest: edited.digest, shown: edited.shown, fates: { create_worker: "again" }, reason: "two workers are wanted" }]);
});

test("content that is not trusted is trusted first; a run that cannot go on with it says why", async () => {
  let now: Edited = { ...edited, trusted: false, changes: [] };
  const host = show("#/run/7k2m", { "run.view": () => interruptedRun(), "run.edited": () => now, "plan.trust": () => ((now = { ...now, trusted: true }), { ...plan, trusted: true }) });
  await fireEvent.click(await screen.findByTestId("edited"));
  const dialog = await screen.findByRole("dialog", { name: "The plan was edited" });
  const act = within(dialog).getByTestId<HTMLButtonElement>("adopt");
  await fireEvent.input(within(dialog).getByTestId("adopt-reason"), { target: { value: "a word more" } });
  expect(act.disabled).toBe(true);
  await fireEvent.click(within(dialog).getByTestId("trust-edited"));
  await waitFor(() => expect(act.disabled).toBe(false));
  expect(asked(host, "plan.trust")).toEqual([{ path: edited.path, digest: edited.digest }]);
  now = { ...now, refused: { code: "refused", message: "the revision has no step create_worker, which changed something", hints: [], causes: [] } };
  await fireEvent.focus(window);
  await within(dialog).findByText(/has no step create_worker/);
  expect(act.disabled).toBe(true);
  expect(within(dialog).queryByTestId("adopt-reason")).toBeNull();
});

test("what is left for later is put off and handed on with a reason", async () => {
  const host = show("", { "obligation.move": () => home.obligations });
  await fireEvent.click(await screen.findByTestId("move-after.cors"));
  const dialog = await screen.findByRole("dialog", { name: /^Move: / });
  const act = within(dialog).getByTestId<HTMLButtonElement>("move");
  await fireEvent.input(within(dialog).getByTestId("move-reason"), { target: { value: "the frontend moves first" } });
  expect(act.disabled).toBe(true);
  await fireEvent.input(within(dialog).getByTestId("move-within"), { target: { value: "7d" } });
  await waitFor(() => expect(act.disabled).toBe(false));
  await fireEvent.click(act);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked(host, "obligation.move")).toEqual([{ run: "7b3a", id: "after.cors", within: "7d", owner: null, reason: "the frontend moves first" }]);
});
