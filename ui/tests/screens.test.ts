// The screens as a person meets them: found by role and name, driven by key and pointer.
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import App from "../src/screens/App.svelte";
import { Console } from "../src/screens/console.svelte.ts";
import { Refused } from "../src/host/host.ts";
import { hashOf, placeOf } from "../src/screens/place.ts";
import { lock } from "./accounts-views.ts";
import { ScriptedHost, type Script } from "./scripted.ts";
import { applying, baking, damagedImport, failedRun, heldRun, home, importing, pausing, plan, runView } from "./views.ts";

beforeEach(() => {
  location.hash = "";
});

function show(hash: string, script: Script = {}) {
  location.hash = hash;
  const host = new ScriptedHost({
    "home.view": () => home, "plan.open": () => plan, "plan.trust": () => ({ ...plan, trusted: true }), "profiles.list": () => ({ profiles: [], explanation: null, default: null }),
    "lock.view": () => lock, "lock.touch": () => lock, "run.log": () => ({ lines: [], total: 0 }), "run.rollback_preview": () => runView().rollback, ...script,
  });
  render(App, { props: { app: new Console(host) } });
  return host;
}

test("home shows what waits, runs and plans, and leads to a run", async () => {
  show("", { "run.view": () => failedRun() });
  const waits = await screen.findByRole("region", { name: "Waits for you" });
  expect(within(waits).getAllByRole("listitem")).toHaveLength(2);
  await fireEvent.click(within(waits).getByRole("button", { name: "Review…" }));
  await screen.findByRole("heading", { name: "Deploy API" });
  expect(location.hash).toBe("#/run/7k2m");
});

test("an empty home says how something comes there", async () => {
  show("", { "home.view": () => ({ ...home, obligations: [], waiting: [], open: [], past: [], recent: [], examples: [], identity: null }) });
  await screen.findByText("No run is open");
  expect(screen.getByText("No plan was opened yet")).toBeTruthy();
  expect(screen.getByText("No identity chosen")).toBeTruthy();
});

test("a plan is trusted before it can be practised", async () => {
  const host = show(hashOf({ screen: "plan", path: plan.path }), { "run.start": () => heldRun(), "run.view": () => heldRun() });
  const practise = await screen.findByRole<HTMLButtonElement>("button", { name: /Practise/ });
  expect(practise.disabled).toBe(true);
  await fireEvent.click(screen.getByRole("button", { name: "Trust this plan" }));
  await waitFor(() => expect(practise.disabled).toBe(false));
  await fireEvent.keyDown(document.body, { key: "p", code: "KeyP" });
  const dialog = await screen.findByRole("dialog", { name: /Practise: / });
  await fireEvent.change(within(dialog).getByLabelText("Scenario"), { target: { value: "crash_loop" } });
  await fireEvent.click(within(dialog).getByRole("button", { name: "Start practice" }));
  await screen.findByText(/Practice: a simulated AWS/);
  expect(document.title).toBe("Holdpoint · practice · ECS API and worker");
  expect(host.asked.find(({ name }) => name === "run.start")?.args).toMatchObject({ mode: "practice", scenario: "crash_loop", profile: null, digest: plan.digest });
});

test("a finding stands in the list and beside its line", async () => {
  show(hashOf({ screen: "plan", path: plan.path }));
  await screen.findByRole("group", { name: "Findings at line 50" });
  expect(screen.getAllByText(/changes something once and nothing undoes it/)).toHaveLength(2);
});

test("what the author says stands apart from what would happen, each with its place", async () => {
  show(hashOf({ screen: "plan", path: plan.path }));
  expect((await screen.findByTestId("claim")).textContent).toBe("the plan says: done");
  const services = screen.getByRole("region", { name: "Services" });
  expect(within(services).getByText("https://api.broker.example")).toBeTruthy();
  expect(within(services).getByText("public")).toBeTruthy();
  expect(within(screen.getByRole("region", { name: "Costs" })).getByText("$65–80")).toBeTruthy();
  const scrolled = vi.fn();
  Element.prototype.scrollIntoView = scrolled;
  await fireEvent.click(within(screen.getByRole("region", { name: "Afterwards" })).getByRole("button", { name: "Delete the old queue" }));
  expect(scrolled.mock.contexts[0]).toMatchObject({ id: "line-50" });
});

test("a plan that says nothing besides says so", async () => {
  show(hashOf({ screen: "plan", path: plan.path }), { "plan.open": () => ({ ...plan, overview: { facts: [], services: [], readiness: [], costs: [], next_steps: [], more: 0 } }) });
  await screen.findByText(/Nothing about services/);
});

test("a finding is repaired in the file after its change was shown", async () => {
  const host = show(hashOf({ screen: "plan", path: plan.path }), {
    "plan.fix_preview": () => ({ title: "Ask for a hold before it", diff: "@@ -52,1 +52,2 @@\n id: tell\n+hold: 1\n" }), "plan.fix": () => ({ ...plan, digest: "another", findings: [], fixes: [] }),
  });
  await fireEvent.click(await screen.findByTestId("plan-fix"));
  const dialog = await screen.findByRole("dialog", { name: "Ask for a hold before it" });
  await within(dialog).findByText(/hold: 1/);
  expect(host.asked.some(({ name }) => name === "plan.fix")).toBe(false);
  await fireEvent.click(within(dialog).getByRole("button", { name: "Write it to the file" }));
  await waitFor(() => expect(screen.queryByTestId("plan-fix")).toBeNull());
  expect(host.asked.find(({ name }) => name === "plan.fix")?.args).toEqual({ path: plan.path, digest: plan.digest, fix: "a1b2c3" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("a repair that is refused says why, and writes nothing", async () => {
  show(hashOf({ screen: "plan", path: plan.path }), { "plan.fix_preview": () => { throw new Refused({ code: "refused", message: "deploy.plan.md has changed since it was shown", hints: [], causes: [] }); } });
  await fireEvent.click(await screen.findByTestId("plan-fix"));
  await screen.findByText("deploy.plan.md has changed since it was shown");
  expect(screen.getByTestId<HTMLButtonElement>("fix-write").disabled).toBe(true);
});

test("a hold is signed by somebody else than who started", async () => {
  const host = show("#/run/7k2m", { "run.view": () => heldRun(), "run.sign": () => ({ ...heldRun(), seq: 99, status: "running", hold: null }) });
  await screen.findByRole("region", { name: /Hold: / });
  await fireEvent.keyDown(document.body, { key: "Enter", code: "Enter", ctrlKey: true });
  const dialog = await screen.findByRole("dialog", { name: /^Go: / });
  expect(within(dialog).getByLabelText<HTMLSelectElement>("Sign as").value).toBe("bo");
  await fireEvent.click(within(dialog).getByRole("button", { name: "Sign: go" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(host.asked.find(({ name }) => name === "run.sign")?.args).toMatchObject({ decision: "go", person: "bo" });
});

test("a no-go needs a reason", async () => {
  show("#/run/7k2m", { "run.view": () => heldRun() });
  await fireEvent.click(await screen.findByTestId("no-go"));
  const sign = await screen.findByRole<HTMLButtonElement>("button", { name: "Sign: no-go" });
  expect(sign.disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("reason"), { target: { value: "the header is missing" } });
  await waitFor(() => expect(sign.disabled).toBe(false));
});

test("a failure shows its diagnosis and its choices, and rolling back shows the set first", async () => {
  const host = show("#/run/7k2m", { "run.view": () => failedRun(), "run.rollback": () => ({ ...runView(), seq: 100, status: "rolling_back" }) });
  const diagnosis = await screen.findByTestId("diagnosis");
  expect(within(diagnosis).getByText(/exec format error/)).toBeTruthy();
  expect(within(diagnosis).getByText(/Image built for another processor/)).toBeTruthy();
  await fireEvent.click(screen.getByTestId("choice-rollback"));
  const dialog = await screen.findByRole("dialog", { name: "Roll back" });
  await within(dialog).findByText(/broker-worker → 0 tasks/);
  const act = within(dialog).getByTestId<HTMLButtonElement>("confirm-rollback");
  expect(act.disabled).toBe(true);
  await fireEvent.input(within(dialog).getByLabelText("Reason"), { target: { value: "wrong image" } });
  await fireEvent.click(act);
  await waitFor(() => expect(host.asked.some(({ name }) => name === "run.rollback")).toBe(true));
});

test("what speaks against a rollback is answered before, and a part is looked at anew", async () => {
  const whole = { ...runView().rollback, cautions: [{ id: "schema:migrate", says: "the schema stays changed", must_accept: true }, { id: "no-undo:keys", says: "keys stays as it is", must_accept: false }] };
  const host = show("#/run/7k2m", {
    "run.view": () => runView(), "run.rollback": () => ({ ...runView(), seq: 100, status: "rolling_back" }),
    "run.rollback_preview": ({ only }) => {
      if (only === null) return whole;
      if (only.includes("create_worker")) throw new Refused({ code: "refused", message: "deploy_api has to go back as well", hints: [], causes: [] });
      return { ...whole, steps: whole.steps.slice(0, 1) };
    },
  });
  const open = await screen.findByTestId<HTMLButtonElement>("roll-back");
  await waitFor(() => expect(open.disabled).toBe(false));
  await fireEvent.click(open);
  const dialog = await screen.findByRole("dialog", { name: "Roll back" });
  await within(dialog).findByText("The schema stays changed.");
  const act = within(dialog).getByTestId<HTMLButtonElement>("confirm-rollback");
  await fireEvent.input(within(dialog).getByLabelText("Reason"), { target: { value: "wrong image" } });
  expect(act.disabled).toBe(true);
  await fireEvent.input(within(dialog).getByTestId("accept-schema:migrate"), { target: { value: "the old version ignores it" } });
  await waitFor(() => expect(act.disabled).toBe(false));
  const [api, worker] = [within(dialog).getByLabelText("Put back: Deploy API"), within(dialog).getByLabelText("Put back: Create the worker")];
  await fireEvent.click(api);
  await within(dialog).findByText(/has to go back as well/);
  expect(act.disabled).toBe(true);
  await fireEvent.click(api);
  await fireEvent.click(worker);
  await waitFor(() => expect(act.disabled).toBe(false));
  await fireEvent.click(act);
  await waitFor(() => expect(host.asked.find(({ name }) => name === "run.rollback")?.args).toEqual({ run: "7k2m", reason: "wrong image", only: ["deploy_api"], accepts: { "schema:migrate": "the old version ignores it" } }));
});

test("what a run left for later is closed from the home screen, with what was done", async () => {
  const host = show("", { "home.view": () => home, "obligation.close": () => [] });
  await screen.findByText("Narrow the wildcard of CORS");
  await fireEvent.click(screen.getByTestId("close-after.cors"));
  const act = await screen.findByTestId<HTMLButtonElement>("confirm");
  expect(act.disabled).toBe(true);
  await fireEvent.input(screen.getByLabelText("Reason"), { target: { value: "narrowed to the shop" } });
  await fireEvent.click(act);
  await waitFor(() => expect(host.asked.find(({ name }) => name === "obligation.close")?.args).toEqual({ run: "7b3a", id: "after.cors", reason: "narrowed to the shop", evidence: null }));
  await waitFor(() => expect(screen.queryByTestId("confirm")).toBeNull());
});

test("the glass is broken with a reason and the account's name, typed, and stays in sight", async () => {
  const held = { ...heldRun(), mode: "live" as const, identity: runView().identity };
  const glass = { before: "Verify", person: { name: "ana", verified: true }, at: "2026-11-20T14:00:00Z", reason: "production is down" };
  const host = show("#/run/7k2m", { "run.view": () => held, "run.break_glass": () => ({ ...runView(), seq: 100, broken: [glass] }) });
  await fireEvent.click(await screen.findByTestId("glass"));
  const dialog = await screen.findByRole("dialog", { name: /Break the glass/ });
  const act = within(dialog).getByTestId<HTMLButtonElement>("break-glass");
  await fireEvent.input(within(dialog).getByTestId("glass-reason"), { target: { value: "production is down" } });
  expect(act.disabled).toBe(true);
  await fireEvent.input(within(dialog).getByTestId("glass-phrase"), { target: { value: held.identity.alias ?? held.identity.account } });
  await waitFor(() => expect(act.disabled).toBe(false));
  await fireEvent.click(act);
  await screen.findByText("Glass broken: ana passed the hold before Verify alone");
  expect(host.asked.find(({ name }) => name === "run.break_glass")?.args).toMatchObject({ run: "7k2m", hold: held.hold?.id, reason: "production is down" });
});

test("a run that somebody else drives can only be read", async () => {
  show("#/run/7k2m", { "run.view": () => ({ ...heldRun(), driven_by: { what: "the command line" } }) });
  await screen.findByText(/Read only/);
  expect(screen.getByTestId<HTMLButtonElement>("go").disabled).toBe(true);
  expect(screen.getByTestId<HTMLButtonElement>("roll-back").disabled).toBe(true);
});

test("a report is exported to a path that was typed, and the journal is checked first", async () => {
  const host = show("#/run/7k2m", {
    "run.view": () => runView({ status: "succeeded", said: "done: every step", ended_at: "2026-11-20T14:00:00Z" }),
    "run.verify": () => ({ intact: true, said: "intact up to anchor 3" }), "report.export": ({ path }) => ({ path, bytes: 12, sha256: "9be1" }),
  });
  await fireEvent.click(await screen.findByTestId("export"));
  await screen.findByText("intact up to anchor 3");
  await fireEvent.click(screen.getByRole("radio", { name: /Markdown/ }));
  await fireEvent.input(screen.getByLabelText("File"), { target: { value: "/reports/run.md" } });
  await fireEvent.click(screen.getByRole("button", { name: "Export" }));
  await screen.findByTestId("written");
  expect(host.asked.find(({ name }) => name === "report.export")?.args).toEqual({ run: "7k2m", format: "markdown", path: "/reports/run.md" });
});

test("a deployment that shifts traffic shows its stage, its traffic, what is left of the bake, and its alarms", async () => {
  const soon = new Date(Date.now() + 240_000).toISOString();
  const rollout = baking.rollout && { ...baking.rollout, stage: baking.rollout.stage && { ...baking.rollout.stage, ends_at: soon } };
  const host = show("#/run/7k2m", { "run.view": () => runView({}, { ...baking, id: "deploy_api", rollout }) });
  const left = await screen.findByTestId("bake");
  expect(left.textContent).toMatch(/^about .* left$/);
  expect(screen.getByText(/12\.5 % of production traffic on the new revision, 100 % of test traffic/)).toBeTruthy();
  expect(screen.getByText("watched: broker-api-5xx, broker-api-latency")).toBeTruthy();
  expect(screen.queryByTestId("hook")).toBeNull();
  const hook = pausing.rollout?.hook ?? null;
  const atHook = pausing.rollout && { ...pausing.rollout, hook: hook && { ...hook, expires_at: soon } };
  host.publish({ type: "run", view: runView({ seq: 60 }, { ...pausing, id: "deploy_api", rollout: atHook }) });
  expect((await screen.findByTestId("hook")).textContent).toMatch(/waits for an answer.* left, then AWS rolls the deployment back/);
  expect(screen.getByText("went off: broker-api-5xx")).toBeTruthy();
});

test("a secret is given and not kept on the page", async () => {
  const host = show("#/run/7k2m", { "run.view": () => runView({ status: "waiting_for_person", wants: ["vars.api_token"] }), "run.secret": () => runView({ seq: 50 }) });
  await fireEvent.input(await screen.findByLabelText("vars.api_token"), { target: { value: "hunter2" } });
  await fireEvent.click(screen.getByRole("button", { name: "Give" }));
  await waitFor(() => expect(screen.queryByLabelText("vars.api_token")).toBeNull());
  expect(host.asked.find(({ name }) => name === "run.secret")?.args).toEqual({ run: "7k2m", name: "vars.api_token", value: "hunter2" });
  expect(document.body.innerHTML).not.toContain("hunter2");
});

test("a no-go that stands shows who said it and the ways on", async () => {
  const hold = heldRun().hold;
  if (!hold) throw new Error("a held run has a hold");
  const refusedHold = { ...hold, signatures: [{ person: { name: "bo", verified: true }, at: "2026-11-20T14:00:00Z", decision: "no_go" as const, reason: "the header is missing", auto: false, void: null }] };
  show("#/run/7k2m", { "run.view": () => ({ ...heldRun(), status: "needs_decision", hold: refusedHold }) });
  await screen.findByText("no-go by bo: the header is missing");
  await fireEvent.click(within(screen.getByTestId("hold-bar")).getByRole("button", { name: "Abort…" }));
  await screen.findByRole("dialog", { name: "Abort the run" });
});

test("news of the run is drawn as it comes, and told to readers", async () => {
  const host = show("#/run/7k2m", { "run.view": () => runView() });
  await screen.findByRole("heading", { name: "Deploy API" });
  host.publish({ type: "run", view: failedRun() });
  await screen.findByText(/needs a decision\. Deploy API was rolled back by AWS/);
});

test("a broken link to the core is said, and mended by reading anew", async () => {
  const host = show("#/run/7k2m", { "run.view": () => runView() });
  await screen.findByRole("heading", { name: "Deploy API" });
  host.link(false);
  await screen.findByText(/core not reachable/);
  const before = host.asked.filter(({ name }) => name === "run.view").length;
  host.link(true);
  await waitFor(() => expect(host.asked.filter(({ name }) => name === "run.view").length).toBe(before + 1));
});

test("the palette finds an action by its letters", async () => {
  const host = show("");
  host.picked = "/plans/other.md";
  await screen.findByRole("heading", { name: "Home" });
  await fireEvent.keyDown(document.body, { key: "k", code: "KeyK", ctrlKey: true });
  const field = await screen.findByRole("combobox");
  await fireEvent.input(field, { target: { value: "open a plan" } });
  await fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(location.hash).toBe("#/plan/%2Fplans%2Fother.md"));
});

test("every key is in the key map", async () => {
  show("#/run/7k2m", { "run.view": () => runView() });
  await screen.findByRole("heading", { name: "Deploy API" });
  await fireEvent.keyDown(document.body, { key: "?", code: "Slash", shiftKey: true });
  const map = await screen.findByRole("dialog", { name: "Keys" });
  for (const title of ["Find an action", "Hold: go…", "Roll back…", "Export the report…"]) expect(within(map).getByText(title)).toBeTruthy();
});

test.each(["#/", "#/accounts", "#/plan/%2Fplans%2Fa%20b.md", "#/run/7k2m"])("%s names its place both ways", (hash) => expect(hashOf(placeOf(hash))).toBe(hash));
test.each(["#/plan/%E0%A4%A", "#/plan/", "#/nowhere/x", ""])("%j leads home", (hash) => expect(placeOf(hash)).toEqual({ screen: "home" }));

test("a guide leads to its import, where a lift is refused by key and the result is saved as shown", async () => {
  const host = show(hashOf({ screen: "plan", path: plan.path }), {
    "plan.open": () => ({ ...plan, level: "guide" }),
    "plan.import": ({ refused }) => ({ ...importing, proposals: importing.proposals.map((one) => (refused.includes(one.id) ? { ...one, outcome: "refused" } : one)) }),
    "plan.import_save": ({ to, replace }) => {
      if (!replace) throw new Refused({ code: "exists", message: `${to} is there already`, hints: [], causes: [] });
      return { path: to, bytes: 12 };
    },
  });
  await fireEvent.click(await screen.findByRole("button", { name: /Make this a checked plan/ }));
  expect(location.hash).toBe(hashOf({ screen: "import", path: plan.path }));
  const box = await screen.findByRole<HTMLInputElement>("checkbox", { name: /Make a typed step of line 7/ });
  expect(box.checked).toBe(true);
  await fireEvent.keyDown(document.body, { key: "j", code: "KeyJ" });
  await fireEvent.keyDown(document.body, { key: "x", code: "KeyX" });
  await waitFor(() => expect(screen.getByText("refused")).toBeTruthy());
  await fireEvent.click(screen.getByRole("button", { name: "Add a manual undo" }));
  await waitFor(() => expect(host.asked.filter(({ name }) => name === "plan.import").at(-1)?.args).toEqual({ path: plan.path, repair: false, refused: ["p7"], accepted: [], fixes: ["f1"] }));
  await fireEvent.click(screen.getByRole("button", { name: /Save as/ }));
  const dialog = await screen.findByRole("dialog", { name: "Save the checked plan" });
  expect(within(dialog).getByLabelText<HTMLInputElement>("File").value).toBe(importing.suggested);
  await fireEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await fireEvent.click(await within(dialog).findByRole("button", { name: "Replace it" }));
  await screen.findByText("Saved");
  expect(host.asked.findLast(({ name }) => name === "plan.import_save")?.args).toEqual({ plan: { path: plan.path, repair: false, refused: ["p7"], accepted: [], fixes: ["f1"] }, digest: importing.digest, to: importing.suggested, replace: true });
});

test("a command outside of fences becomes a step only when it is accepted, and none again", async () => {
  const told = { id: "s9", line: 9, command: "aws ecs list-tasks --cluster shop", outcome: "offered", kind: "shell", step: null, yaml: null, effect: "read", why: "It stands in a sentence.", guessed: [] } as const;
  const host = show(hashOf({ screen: "import", path: plan.path }), {
    "plan.import": ({ accepted }) => ({ ...importing, proposals: [...importing.proposals, accepted.includes("s9") ? { ...told, outcome: "kept", step: "command", guessed: [] } : { ...told, guessed: [] }] }),
  });
  const box = await screen.findByRole<HTMLInputElement>("checkbox", { name: /command in line 9/ });
  expect(box.checked).toBe(false);
  expect(screen.getByText("offered")).toBeTruthy();
  await fireEvent.click(box);
  await waitFor(() => expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /command in line 9/ }).checked).toBe(true));
  expect(host.asked.findLast(({ name }) => name === "plan.import")?.args).toMatchObject({ accepted: ["s9"], refused: [] });
  await fireEvent.click(screen.getByRole("checkbox", { name: /command in line 9/ }));
  await waitFor(() => expect(host.asked.findLast(({ name }) => name === "plan.import")?.args).toMatchObject({ accepted: [] }));
});

test("damage is offered as a diff, and repaired only when asked", async () => {
  const host = show(hashOf({ screen: "import", path: "/x" }), { "plan.import": ({ repair }) => ({ ...damagedImport, repaired: repair }) });
  await fireEvent.click(await screen.findByRole("button", { name: "Show the repair…" }));
  const dialog = await screen.findByRole("dialog", { name: "What the repair changes" });
  expect(within(dialog).getByText("## Step 1: look ✅")).toBeTruthy();
  await fireEvent.click(screen.getByTestId("import-repair"));
  await screen.findByText("Damage is repaired in the result");
  expect(host.asked.findLast(({ name }) => name === "plan.import")?.args).toMatchObject({ repair: true });
});

test("a step that can be stopped is stopped gently, asked once, and what happens is told", async () => {
  const before = runView({ stop: { step: "deploy_api", asked: "no" } }, applying);
  before.stages.forEach((stage) => stage.steps.forEach((step) => step.id === "apply_worker" && (step.id = "deploy_api")));
  const host = show("#/run/7k2m", { "run.view": () => before, "run.stop": () => ({ ...before, seq: before.seq + 1, stop: { step: "deploy_api", asked: "gently" } }) });
  await screen.findByRole("button", { name: /Stop gently/ });
  await fireEvent.keyDown(document.body, { key: ".", code: "Period", ctrlKey: true });
  const dialog = await screen.findByRole("dialog", { name: "Stop Apply that plan gently" });
  expect(host.asked.some(({ name }) => name === "run.stop")).toBe(false);
  await fireEvent.input(within(dialog).getByLabelText(/^Reason/), { target: { value: "the wrong account" } });
  await fireEvent.click(within(dialog).getByRole("button", { name: "Stop it gently" }));
  await screen.findByText("Apply that plan is being stopped");
  expect(host.asked.filter(({ name }) => name === "run.stop")).toEqual([{ name: "run.stop", args: { run: "7k2m", reason: "the wrong account" } }]);
  expect(screen.queryByRole("button", { name: /Stop gently/ })).toBeNull();
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("a step is killed only after it was asked gently, with a reason and what it may leave behind", async () => {
  const gently = runView({ stop: { step: "deploy_api", asked: "gently" } }, applying);
  gently.stages.forEach((stage) => stage.steps.forEach((step) => step.id === "apply_worker" && (step.id = "deploy_api")));
  const host = show("#/run/7k2m", { "run.view": () => gently, "run.kill": () => ({ ...gently, seq: gently.seq + 1, stop: { step: "deploy_api", asked: "hard" } }) });
  await fireEvent.click(await screen.findByTestId("kill"));
  const dialog = await screen.findByRole("dialog", { name: "Kill Apply that plan" });
  for (const left of [/lock held/, /state that lacks/, /no state knows/]) expect(within(dialog).getByText(left)).toBeTruthy();
  expect(within(dialog).getByRole<HTMLButtonElement>("button", { name: "Kill it" }).disabled).toBe(true);
  await fireEvent.input(within(dialog).getByLabelText(/^Reason/), { target: { value: "it hangs" } });
  await fireEvent.click(within(dialog).getByRole("button", { name: "Kill it" }));
  await screen.findByText(/It is ended at once/);
  expect(host.asked.filter(({ name }) => name === "run.kill")).toEqual([{ name: "run.kill", args: { run: "7k2m", reason: "it hangs" } }]);
  expect(screen.queryByTestId("kill")).toBeNull();
});

test("a step that nobody asked to stop cannot be killed", async () => {
  const running = runView({ stop: { step: "deploy_api", asked: "no" } }, applying);
  running.stages.forEach((stage) => stage.steps.forEach((step) => step.id === "apply_worker" && (step.id = "deploy_api")));
  show("#/run/7k2m", { "run.view": () => running });
  await screen.findByRole("button", { name: /Stop gently/ });
  expect(screen.queryByTestId("kill")).toBeNull();
});

test("what cannot be stopped from here offers no stop", async () => {
  show("#/run/7k2m", { "run.view": () => runView({ stop: { step: "deploy_api", asked: "no" }, driven_by: { what: "process 4711 on this machine" } }) });
  await screen.findByText(/Read only/);
  expect(screen.queryByRole("button", { name: /Stop gently/ })).toBeNull();
  await fireEvent.keyDown(document.body, { key: ".", code: "Period", ctrlKey: true });
  expect(screen.queryByRole("dialog")).toBeNull();
});
