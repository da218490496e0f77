// The Accounts screen as a person meets it: found by role and name, driven by key and pointer.
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused } from "../src/host/host.ts";
import { offered } from "../src/features/accounts/Switcher.svelte";
import App from "../src/screens/App.svelte";
import { Console } from "../src/screens/console.svelte.ts";
import * as desk from "./accounts-views.ts";
import { ScriptedHost, type Script } from "./scripted.ts";
import { failedRun, home, identity, NOW, runView } from "./views.ts";
import { clock } from "../src/kit/clock.svelte.ts";

beforeEach(() => {
  location.hash = "";
  // Only what time it is is made up: the views are of that day.
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  clock.now = NOW;
});
afterEach(() => {
  vi.useRealTimers();
});

function show(script: Script = {}, hash = "#/accounts") {
  location.hash = hash;
  const host = new ScriptedHost({
    "home.view": () => home, "accounts.view": () => desk.accounts, "doctor.run": () => desk.doctor, "profiles.list": () => ({ profiles: [...desk.profiles, ...desk.accounts.profiles], explanation: null, default: null }),
    "lock.view": () => desk.lock, "lock.touch": () => desk.lock, "prefs.set": () => ({ favourites: [], recent: [], accounts: {}, idle_minutes: 15, registries: {} }), "run.log": () => ({ lines: [], total: 0 }), ...script,
  });
  render(App, { props: { app: new Console(host) } });
  return host;
}
const asked = (host: ScriptedHost, name: string) => host.asked.filter((one) => one.name === name);
const tree = () => screen.findByRole("treegrid", { name: "Accounts of corp" });
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

test("sessions, accounts, profiles, secrets and findings show", async () => {
  show();
  const accounts = await tree();
  expect(within(accounts).getByText("broker-production")).toBeTruthy();
  expect(screen.getByText("signed in, 6 h 12 m left, renews itself")).toBeTruthy();
  expect(screen.getByTestId("total").textContent).toBe("2 SSO sessions · 45 accounts · 7 profiles");
  const others = screen.getByRole("table", { name: "Profiles without a sign-in" });
  expect(within(others).getAllByRole("row")).toHaveLength(3);
  await screen.findByText("Docker's keychain entry blocks registry logins");
  expect(screen.getByText("Role credentials, 3")).toBeTruthy();
});

test("the tree is walked by key and searched by id, role and profile", async () => {
  show();
  const accounts = await tree();
  const [first] = within(accounts).getAllByRole("row");
  first?.focus();
  await press("ArrowRight");
  await within(accounts).findByText("ReadOnly", { selector: "[aria-level='2'] *" });
  expect(first?.getAttribute("aria-expanded")).toBe("true");
  await press("ArrowDown");
  await waitFor(() => expect(document.activeElement?.textContent).toContain("Deployer"));
  await press("ArrowLeft");
  await waitFor(() => expect(document.activeElement?.textContent).toContain("broker-production"));
  await fireEvent.keyDown(document.body, { key: "/", code: "Slash" });
  const search = screen.getByRole("searchbox", { name: /Search accounts/ });
  expect(document.activeElement).toBe(search);
  await fireEvent.input(search, { target: { value: "2222-3333" } });
  await waitFor(() => expect(within(accounts).queryByText("unit-1")).toBeNull());
  expect(within(accounts).getByText("broker-staging")).toBeTruthy();
  await fireEvent.input(search, { target: { value: "unit-eight" } });
  await within(accounts).findByText("unit-eight", { selector: "[aria-level='2'] code" });
  await fireEvent.input(search, { target: { value: "nowhere" } });
  expect((await screen.findAllByText(/Nothing here fits/)).length).toBeGreaterThan(1);
});

test("only the rows in view are in the page", async () => {
  show();
  expect(within(await tree()).getAllByRole("row").length).toBeLessThan(30);
});

test("an account is named, coloured and marked where it stands", async () => {
  const host = show();
  const accounts = await tree();
  const rows = within(accounts).getAllByRole("row");
  rows[1]?.focus();
  await press("e");
  const group = await within(accounts).findByRole("group", { name: "Name and colour of broker-staging" });
  await fireEvent.input(within(group).getByLabelText("Alias"), { target: { value: "stage" } });
  await fireEvent.change(within(group).getByLabelText("Colour"), { target: { value: "teal" } });
  await fireEvent.change(within(group).getByLabelText("Production"), { target: { value: "false" } });
  await fireEvent.click(within(group).getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked(host, "prefs.set")).toEqual([{ name: "prefs.set", args: { set: "account", account: "222233334444", mark: { alias: "stage", colour: "teal", production: false, favourite: false } } }]));
});

test("a switch shows at once, and what STS says when it has said it", async () => {
  const host = show({ "identity.use": ({ profile }) => ({ ...identity, profile, alias: null, account: "222233334444", weight: "staging", standing: "checking", checked_at: null }) });
  await screen.findByRole("heading", { name: "Accounts" });
  await fireEvent.keyDown(document.body, { key: "@", code: "Digit2", shiftKey: true });
  const field = await screen.findByRole("combobox", { name: "Switch identity" });
  await fireEvent.input(field, { target: { value: "stg" } });
  await waitFor(() => expect(within(screen.getByRole("listbox")).getAllByRole("option")[0]?.textContent).toContain("broker-stg"));
  await fireEvent.keyDown(field, { key: "Enter" });
  const bar = screen.getByTestId("identity");
  await waitFor(() => expect(bar.textContent).toContain("2222-3333-4444"));
  expect(screen.getByText("asking STS…")).toBeTruthy();
  host.publish({ type: "identity", view: { ...identity, profile: "broker-stg", account: "222233334444", weight: "staging", standing: "refused", problem: { code: "expired", message: "the sign-in of corp has expired", hints: ["Sign in."], causes: [] } } });
  await screen.findByText("the sign-in of corp has expired");
  expect(screen.getByTestId("identity-sign-in")).toBeTruthy();
});

test("favourites are offered first, then what was used last, then the order of the files", () => {
  const names = offered([
    desk.profile("a"), desk.profile("b", { last_used: "2026-11-19T00:00:00Z" }), desk.profile("c", { favourite: true }), desk.profile("d", { last_used: "2026-11-20T00:00:00Z" }),
    desk.profile("e", { favourite: true, last_used: "2026-11-01T00:00:00Z" }), desk.profile("f"),
  ]).map(({ name }) => name);
  expect(names).toEqual(["e", "c", "d", "b", "a", "f"]);
});

test("a sign-in shows who asked, its code and how to end it; hiding it does not end it", async () => {
  const host = show({ "sso.sign_in": () => desk.signIn(), "sso.cancel": () => ({}) });
  await tree();
  await fireEvent.click(screen.getByTestId("sign-in"));
  const dialog = await screen.findByRole("dialog", { name: "Sign in to partner" });
  expect(asked(host, "sso.sign_in")[0]?.args).toEqual({ session: "partner", device: false });
  expect(within(dialog).getByTestId("user-code").textContent).toBe("WXYZ-BCDF");
  expect(within(dialog).getByText(/Asked for by the Accounts screen/)).toBeTruthy();
  await fireEvent.click(within(dialog).getByRole("button", { name: "Hide" }));
  await screen.findByTestId("sign-in-strip");
  expect(asked(host, "sso.cancel")).toHaveLength(0);
  await fireEvent.click(within(screen.getByTestId("sign-in-strip")).getByRole("button", { name: "Show…" }));
  await fireEvent.click(await screen.findByTestId("sign-in-cancel"));
  await waitFor(() => expect(asked(host, "sso.cancel")).toHaveLength(1));
  host.publish({ type: "sign_in", view: desk.signIn({ state: "failed", user_code: null, said: "Not signed in", problem: { code: "denied", message: "It was denied in the browser", hints: ["Ask who administers Identity Center."], causes: [] } }) });
  await screen.findByText("It was denied in the browser");
  expect(screen.getByTestId("sign-in-again")).toBeTruthy();
});

test("a repair shows what it would change before it changes it", async () => {
  const host = show({ "doctor.preview": () => desk.draft(), "doctor.repair": () => desk.draft({ applied: true, can_undo: true, backup: "/home/ana/.holdpoint/backups/config" }) });
  await fireEvent.click(await screen.findByRole("button", { name: /^Repair… Docker/ }));
  const dialog = await screen.findByRole("dialog", { name: /Docker's keychain entry/ });
  await within(dialog).findByText("[profile broker-production-readonly]");
  expect(asked(host, "doctor.repair")).toHaveLength(0);
  await fireEvent.click(within(dialog).getByTestId("repair"));
  await within(dialog).findByText("Done");
  expect(within(dialog).getByTestId("undo")).toBeTruthy();
});

test("profiles are generated for what a row names, shown as a diff, and only then written", async () => {
  const host = show({ "profiles.generate": () => desk.draft(), "draft.apply": () => desk.draft({ applied: true, can_undo: true }) });
  const accounts = await tree();
  const [first] = within(accounts).getAllByRole("row");
  first?.focus();
  await press("ArrowRight");
  await fireEvent.click(await within(accounts).findByRole("button", { name: "Make a profile…" }));
  const dialog = await screen.findByRole("dialog", { name: "Profiles for corp" });
  await within(dialog).findByText("[profile broker-production-readonly]");
  expect(asked(host, "profiles.generate")[0]?.args).toMatchObject({ session: "corp", pick: [{ account: "111122223333", role: "ReadOnly" }] });
  await fireEvent.click(within(dialog).getByTestId("apply"));
  await within(dialog).findByText("Done", { selector: "b" });
  expect(asked(host, "draft.apply")).toHaveLength(1);
});

test("which identity each tool would use stands side by side, with where they differ", async () => {
  show({ "profiles.answers": () => desk.answers });
  await fireEvent.click(await screen.findByRole("button", { name: "Tools… Which identity would each use with ci?" }));
  const dialog = await screen.findByRole("dialog", { name: /Which identity/ });
  await within(dialog).findByText("Not every tool would use the same identity");
  expect(within(dialog).getAllByText("differs")).toHaveLength(2);
  expect(within(dialog).getAllByText("AWS_PROFILE").length).toBeGreaterThan(0);
});

test("a machine without a session says how to begin", async () => {
  show({ "accounts.view": () => desk.noAccounts, "doctor.run": () => ({ ...desk.doctor, findings: [] }) });
  await screen.findByText("No SSO session is set up on this machine");
  expect(screen.getByText("aws configure sso-session")).toBeTruthy();
  expect(screen.getByText("Everything is as it should be")).toBeTruthy();
});

test("what cannot be read is said, with a way to try again", async () => {
  let readable = false;
  show({ "accounts.view": () => { if (!readable) throw new Refused({ code: null, message: "`config` cannot be read", hints: ["chmod u+r"], causes: [] }); return desk.accounts; } });
  await screen.findByText(/cannot be read/);
  readable = true;
  await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await tree();
  expect(screen.queryByText(/cannot be read/)).toBeNull();
});

test("a lock covers the window, shows the runs, and any key opens it", async () => {
  const host = show({ "lock.open": () => desk.lock });
  await tree();
  host.publish({ type: "lock", view: { ...desk.lock, locked: true, since: "2026-11-20T13:00:00Z" } });
  const cover = await screen.findByTestId("lock-cover");
  expect(within(cover).getByText("ECS API and worker")).toBeTruthy();
  expect(within(cover).getAllByRole("button")).toHaveLength(1);
  await fireEvent.keyDown(cover, { key: "Shift" });
  expect(asked(host, "lock.open")).toHaveLength(0);
  await fireEvent.keyDown(cover, { key: "a" });
  await waitFor(() => expect(screen.queryByTestId("lock-cover")).toBeNull());
  expect(asked(host, "lock.open")[0]?.args).toEqual({ passphrase: null });
});

test("a lock with a passphrase opens by that alone, and keeps nothing of it on the page", async () => {
  const host = show({ "lock.view": () => ({ ...desk.lock, locked: true, passphrase: true }), "lock.open": () => desk.lock });
  const cover = await screen.findByTestId("lock-cover");
  await fireEvent.keyDown(cover, { key: "a" });
  expect(asked(host, "lock.open")).toHaveLength(0);
  await fireEvent.input(within(cover).getByLabelText("Passphrase of the vault"), { target: { value: "correct horse" } });
  await fireEvent.click(within(cover).getByTestId("unlock"));
  await waitFor(() => expect(asked(host, "lock.open")[0]?.args).toEqual({ passphrase: "correct horse" }));
  expect(document.body.innerHTML).not.toContain("correct horse");
});

test("a notice before the end of a sign-in leads to the next one", async () => {
  const host = show({ "sso.sign_in": ({ session }) => desk.signIn({ session, name: "corp" }) });
  await tree();
  host.publish({ type: "notice", view: { kind: "ending", title: "The sign-in of corp ends in 15 m", said: "Sign in now, before a stage needs it.", session: "corp", ends_at: null } });
  const notice = (await screen.findByText(/ends in 15 m/)).parentElement;
  if (!notice) throw new Error("a notice has a box");
  await fireEvent.click(within(notice).getByRole("button", { name: "Sign in…" }));
  await screen.findByRole("dialog", { name: "Sign in to corp" });
});

test("a run whose sign-in is over says so and signs in for it", async () => {
  const host = show({ "run.view": () => ({ ...runView(), lapsed: { session: "corp", said: "the sign-in of corp has expired" } }), "sso.sign_in": ({ session }) => desk.signIn({ session, name: "corp" }) }, "#/run/7k2m");
  await fireEvent.click(await screen.findByTestId("run-sign-in"));
  await screen.findByRole("dialog", { name: "Sign in to corp" });
  expect(asked(host, "sso.sign_in")[0]?.args).toEqual({ session: "corp", device: false });
});

test("somebody else signs in for one signature, and cannot be mistaken for a sign-in of the console", async () => {
  const held = { ...failedRun(), status: "held" as const, hold: runView().hold && { ...runView().hold, open: true, not_yet: null } };
  const guest = desk.signIn({ session: "guest:7k2m", name: "corp, for one signature", state: "code" });
  const host = show({ "run.view": () => held as ReturnType<typeof runView>, "run.sign_as_guest": () => guest, "sso.cancel": () => ({}) }, "#/run/7k2m");
  await fireEvent.click(await screen.findByTestId("go"));
  await fireEvent.click(await screen.findByTestId("sign-as-guest"));
  const dialog = await screen.findByRole("dialog", { name: "Sign in to corp, for one signature" });
  expect(asked(host, "run.sign_as_guest")[0]?.args).toMatchObject({ run: "7k2m", decision: "go", reason: null });
  host.publish({ type: "sign_in", view: { ...guest, state: "failed", user_code: null, said: "Not signed in" } });
  await within(dialog).findByText("Not signed in");
  expect(within(dialog).queryByTestId("sign-in-again")).toBeNull();
});

test("switching does not alter an open run's identity", async () => {
  const host = show({ "run.view": () => failedRun() }, "#/run/7k2m");
  await screen.findByTestId("diagnosis");
  host.publish({ type: "identity", view: { ...identity, alias: "somewhere-else", account: "999988887777" } });
  await screen.findByTestId("diagnosis");
  expect(screen.getByTestId("identity").textContent).toContain("1111-2222-3333");
});
