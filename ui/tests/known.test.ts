// A failure saved as a known problem, as a person does it.
import { configure, fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, expect, test } from "vitest";
import { Refused, type KnownDraft, type KnownForm, type RunView } from "../src/host/host.ts";
import App from "../src/screens/App.svelte";
import { Console } from "../src/screens/console.svelte.ts";
import { lock } from "./accounts-views.ts";
import { ScriptedHost, type Script } from "./scripted.ts";
import { failedRun, home, knownOffer, log, runView } from "./views.ts";

// Typing rests before it is asked about: on a busy machine that takes longer than the library waits by itself.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(async () => {
  // The change of the address is told later: a screen that is open by then would be left and entered anew.
  if (location.hash === "#/run/7k2m") return;
  const told = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
  location.hash = "#/run/7k2m";
  await told;
});

/** As the core answers: the expression is tried on the message, and what is missing is named. */
function drafted(form: KnownForm): KnownDraft {
  const text = knownOffer.messages[form.message]?.text ?? "";
  const matches = form.regex !== "" && new RegExp(form.regex, "i").test(text);
  const faults: [string, string][] = [];
  if (form.title === "") faults.push(["title", "say in a few words what it is"]);
  if (!matches) faults.push(["regex", "it does not match the message"]);
  return { file: `/home/ana/${form.to}/x.yaml`, matches, faults, yaml: faults.length === 0 ? `title: '${form.title}'\n` : null };
}

/** The run once it is saved. */
function explained(): RunView {
  const run = failedRun();
  const stages = run.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => (step.diagnosis ? { ...step, diagnosis: { ...step.diagnosis, known: [{ id: "x", title: "Wrong processor", meaning: "", cause: "Built on a laptop", repairs: [], own: { owner: "user" as const, file: "/home/ana/user/x.yaml" } }] } } : step)),
  }));
  return { ...run, stages };
}

async function open(script: Script = {}) {
  const host = new ScriptedHost({
    "home.view": () => home, "profiles.list": () => ({ profiles: [], explanation: null, default: null }), "run.view": () => failedRun(), "lock.view": () => lock, "lock.touch": () => lock, "run.log": ({ after_line }) => ({ lines: log.slice(after_line, 1), total: 1 }),
    "run.rollback_preview": () => runView().rollback, "known.offer": () => knownOffer, "known.draft": drafted, "known.save": explained, ...script,
  });
  render(App, { props: { app: new Console(host) } });
  await fireEvent.click(await screen.findByRole("button", { name: "Save as known problem…" }));
  return { host, dialog: await screen.findByRole("dialog", { name: "Save as known problem" }) };
}

test("what is typed is shown as the file it becomes, and the card shows it as one's own", async () => {
  const { host, dialog } = await open();
  const regex = await within(dialog).findByLabelText<HTMLTextAreaElement>("Recognised by");
  expect(regex.value).toBe("exec /app/entrypoint\\.sh: exec format error");
  await within(dialog).findByText("matches the message");
  await fireEvent.input(within(dialog).getByLabelText("Title"), { target: { value: "Wrong processor" } });
  await fireEvent.input(within(dialog).getByLabelText("Repair"), { target: { value: "Build anew\n\n Deploy again " } });
  await waitFor(() => expect(screen.getByTestId("known-yaml").textContent).toBe("title: 'Wrong processor'\n"));
  expect(host.asked.some(({ name }) => name === "known.save")).toBe(false);
  await fireEvent.click(within(dialog).getByLabelText(/Beside the plan/));
  await fireEvent.submit(within(dialog).getByTestId("known-save").closest("form") as HTMLFormElement);
  await screen.findByText("Your problem");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(screen.getByTestId("own-problem").textContent).toContain("your folder");
  expect(host.asked.find(({ name }) => name === "known.save")?.args).toMatchObject({ step: "deploy_api", message: 0, to: "plan", repairs: ["Build anew", "Deploy again"] });
});

test("an expression that misses is said at once, and saving says what is missing", async () => {
  const { host, dialog } = await open();
  const regex = await within(dialog).findByLabelText("Recognised by");
  await within(dialog).findByText("matches the message");
  await fireEvent.input(regex, { target: { value: "another thing" } });
  await within(dialog).findByText("does not match the message");
  await fireEvent.submit(regex.closest("form") as HTMLFormElement);
  await within(dialog).findByText("say in a few words what it is");
  expect(within(dialog).getByText("it does not match the message").getAttribute("role")).toBe("alert");
  expect(host.asked.some(({ name }) => name === "known.save")).toBe(false);
});

test("another line of the failure brings its own expression", async () => {
  const { dialog } = await open();
  await fireEvent.change(await within(dialog).findByLabelText("Message"), { target: { value: "1" } });
  expect(within(dialog).getByLabelText<HTMLTextAreaElement>("Recognised by").value).toBe("");
});

test("what is refused stays in the dialog, and Escape leaves it", async () => {
  const { dialog } = await open({ "known.save": () => { throw new Refused({ code: "exists", message: "x.yaml is there already", hints: [], causes: [] }); } });
  await fireEvent.input(await within(dialog).findByLabelText("Title"), { target: { value: "Wrong processor" } });
  await fireEvent.submit(within(dialog).getByTestId("known-save").closest("form") as HTMLFormElement);
  await within(dialog).findByText("x.yaml is there already");
  dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("files that cannot be used are named beside the failure", async () => {
  const run = explained();
  const fault = "/home/ana/known-problems/x.yaml:3:12: unclosed group";
  const stages = run.stages.map((stage) => ({ ...stage, steps: stage.steps.map((step) => (step.diagnosis ? { ...step, diagnosis: { ...step.diagnosis, own_faults: [fault] } } : step)) }));
  await open({ "run.view": () => ({ ...run, stages }) });
  expect(screen.getByText(fault)).toBeTruthy();
});
