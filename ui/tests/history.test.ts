// The history of all runs, two of them compared, and a failure kept as a check, as a person does it.
import { configure, fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, expect, test } from "vitest";
import { Refused, type ComparisonView, type LessonView, type PastRun } from "../src/host/host.ts";
import App from "../src/screens/App.svelte";
import { Console } from "../src/screens/console.svelte.ts";
import { lock } from "./accounts-views.ts";
import { ScriptedHost, type Script } from "./scripted.ts";
import { compared, failedRun, home, log, runView } from "./views.ts";

// Typing rests before it is looked for: on a busy machine that takes longer than the library waits by itself.
configure({ asyncUtilTimeout: 10_000 });

const FOUND = 120;
const past = (number: number): PastRun => {
  const [run] = home.past;
  if (run === undefined) throw new Error("a past run");
  return { summary: { ...run, run: `past${number}`, title: number % 2 === 0 ? "ECS API and worker" : "Agents in three stages" }, services: ["broker/broker-api"] };
};
const runs = Array.from({ length: FOUND }, (_, number) => past(number));

beforeEach(async () => {
  if (location.hash === "") return;
  const told = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
  location.hash = "";
  await told;
});

async function open(hash: string, script: Script = {}) {
  const told = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
  location.hash = hash;
  await told;
  const host = new ScriptedHost({
    "home.view": () => home, "profiles.list": () => ({ profiles: [], explanation: null, default: null }), "lock.view": () => lock, "lock.touch": () => lock,
    "runs.history": ({ words, after, most }) => {
      const fits = runs.filter(({ summary }) => summary.title.toLowerCase().includes(words.toLowerCase()));
      return { rows: fits.slice(after, after + most), found: fits.length, total: runs.length };
    },
    "runs.compare": (): ComparisonView => compared,
    "run.view": () => failedRun(), "run.log": ({ after_line }) => ({ lines: log.slice(after_line, 1), total: 1 }), "run.rollback_preview": () => runView().rollback, ...script,
  });
  render(App, { props: { app: new Console(host) } });
  return host;
}

test("home leads to the history of all runs, which is read page by page and looked through by words", async () => {
  const host = await open("#/");
  await fireEvent.click(await screen.findByTestId("all-runs"));
  await screen.findByText("120 runs");
  expect(screen.getAllByTestId(/^past-/)).toHaveLength(100);
  await fireEvent.click(screen.getByTestId("history-more"));
  await waitFor(() => expect(screen.getAllByTestId(/^past-/)).toHaveLength(120));
  await fireEvent.input(screen.getByLabelText("Look for"), { target: { value: "agents" } });
  await screen.findByText("60 of 120 runs");
  await fireEvent.change(screen.getByLabelText("Mode"), { target: { value: "live" } });
  await waitFor(() => expect(host.asked.filter(({ name }) => name === "runs.history").at(-1)?.args).toEqual({ words: "agents", mode: "live", after: 0, most: 100 }));
  await fireEvent.input(screen.getByLabelText("Look for"), { target: { value: "nobody" } });
  await screen.findByText("No such run");
});

test("two runs that were ticked are compared, what went alike on demand", async () => {
  await open("#/history", { "runs.history": () => ({ rows: runs.slice(0, 3), found: 3, total: 3 }) });
  const compare = await screen.findByRole<HTMLButtonElement>("button", { name: "Compare the two" });
  expect(compare.disabled).toBe(true);
  for (const number of [0, 1, 2]) await fireEvent.click(await screen.findByLabelText(`Compare ${past(number).summary.title}, run past${number}`));
  await waitFor(() => expect(compare.disabled).toBe(false));
  await fireEvent.click(compare);
  await screen.findByRole("heading", { name: "Two runs compared" });
  expect(location.hash).toBe("#/compare/past1/past2");
  const row = await screen.findByTestId("compared-deploy_api");
  expect(within(row).getByText("rolled back by AWS")).toBeTruthy();
  expect(within(row).getByText("succeeded, and rolled back by aws")).toBeTruthy();
  expect(screen.queryByTestId("compared-health")).toBeNull();
  await fireEvent.click(screen.getByTestId("compare-all"));
  await screen.findByTestId("compared-health");
});

test("a comparison that cannot be made says why", async () => {
  await open("#/compare/a/b", { "runs.compare": () => Promise.reject(new Refused({ code: "not_found", message: "there is no run a", hints: [], causes: [] })) });
  await screen.findByText("there is no run a");
});

test("a failure becomes a check of the plan, shown before it is written", async () => {
  const lesson = (as: string | null): LessonView => ({
    path: "/plans/a.plan.md", digest: "ab", id: "lesson", kind: as ?? "check",
    diff: `@@ -1 +1,2 @@\n # A\n+kept as ${as ?? "check"}\n`,
    offers: [{ id: "check", title: "A look at the image" }, { id: "item", title: "An item for a person to tick" }],
  });
  let refuse = true;
  const host = await open("#/run/7k2m", {
    "lesson.preview": ({ as }) => lesson(as),
    "lesson.save": ({ as }) => (refuse ? Promise.reject(new Refused({ code: "refused", message: "the plan has changed since it was shown", hints: [], causes: [] })) : lesson(as)),
  });
  await fireEvent.click(await screen.findByRole("button", { name: "Save as check…" }));
  const dialog = await screen.findByRole("dialog", { name: "Save as check" });
  await within(dialog).findByText("kept as check");
  await fireEvent.click(within(dialog).getByLabelText("An item for a person to tick"));
  await within(dialog).findByText("kept as item");
  expect(host.asked.some(({ name }) => name === "lesson.save")).toBe(false);
  await fireEvent.click(within(dialog).getByRole("button", { name: "Write it to the plan" }));
  await within(dialog).findByText("the plan has changed since it was shown");
  refuse = false;
  await fireEvent.click(within(dialog).getByRole("button", { name: "Write it to the plan" }));
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "Save as check" })).toBeNull());
  expect(host.asked.filter(({ name }) => name === "lesson.save").at(-1)?.args).toEqual({ run: "7k2m", step: expect.any(String), as: "item", digest: "ab" });
});
