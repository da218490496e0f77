// What the controllers of accounts do when words come late, twice or in another order than one would like.
import { expect, test, vi } from "vitest";
import * as desk from "../../../tests/accounts-views.ts";
import { ScriptedHost, type Script } from "../../../tests/scripted.ts";
import { identity } from "../../../tests/views.ts";
import { Refused, type Identity } from "../../host/host.ts";
import { toasts } from "../../kit/toasts.svelte.ts";
import { AccountsController } from "./accounts.svelte.ts";
import { DeskController } from "./desk.svelte.ts";
import { DoctorController } from "./doctor.svelte.ts";
import { GenerateController } from "./generate.svelte.ts";
import { LockController } from "./lock.svelte.ts";
import { SignInController } from "./signin.svelte.ts";

const no = (message: string) => new Refused({ code: null, message, hints: ["Do this."], causes: [] });
const asked = (host: ScriptedHost, name: string) => host.asked.filter((one) => one.name === name);

/** A promise that is kept by hand. */
function later<T>() {
  let keep!: (value: T) => void;
  const promise = new Promise<T>((kept) => (keep = kept));
  return { promise, keep };
}

test("of two switches the last one asked for wins, whichever answers first", async () => {
  const slow = later<Identity>();
  const host = new ScriptedHost({ "identity.use": ({ profile }) => (profile === "slow" ? slow.promise : { ...identity, profile }) });
  const accounts = new AccountsController(host);
  const first = accounts.use("slow");
  await accounts.use("quick");
  slow.keep({ ...identity, profile: "slow" });
  await first;
  expect(accounts.identity?.profile).toBe("quick");
});

test("what STS said is not undone by the reply of the files that comes after it", async () => {
  const slow = later<Identity>();
  const host = new ScriptedHost({ "identity.use": () => slow.promise });
  const accounts = new AccountsController(host);
  const using = accounts.use("broker-prod");
  accounts.hear({ type: "identity", view: { ...identity, standing: "checked" } });
  slow.keep({ ...identity, standing: "checking", checked_at: null });
  await using;
  expect(accounts.identity?.standing).toBe("checked");
});

test("clocks follow what is renewed and forgotten, not an identity that was switched away from", async () => {
  const slow = later<Identity["clocks"]>();
  let asks = 0;
  const accounts = new AccountsController(new ScriptedHost({ "identity.clocks": () => (++asks === 1 ? [] : slow.promise) }));
  await accounts.readClocks();
  expect(asks).toBe(0);
  accounts.hear({ type: "identity", view: identity });
  accounts.hear({ type: "accounts" });
  await vi.waitFor(() => expect(accounts.identity?.clocks).toEqual([]));
  const reading = accounts.readClocks();
  accounts.hear({ type: "identity", view: { ...identity, profile: "other" } });
  slow.keep([]);
  await reading;
  expect(accounts.identity).toMatchObject({ profile: "other", clocks: identity.clocks });
});

test("a sign-in that was asked for here shows; one that somebody else asked for waits in the strip", async () => {
  const signIns = new SignInController(new ScriptedHost({ "sso.sign_in": ({ session }) => desk.signIn({ session }) }));
  signIns.hear({ type: "sign_in", view: desk.signIn({ session: "corp", name: "corp" }) });
  expect(signIns.view).toBeNull();
  expect(signIns.behind?.session).toBe("corp");
  await signIns.begin("partner");
  expect(signIns.view?.session).toBe("partner");
  expect(signIns.behind?.session).toBe("corp");
  signIns.hide();
  signIns.hear({ type: "sign_in", view: desk.signIn({ session: "corp", state: "signed_in" }) });
  expect(signIns.behind?.session).toBe("partner");
});

test("a late word of an attempt that is over, or was replaced, is not heard", () => {
  const signIns = new SignInController(new ScriptedHost({}));
  signIns.hear({ type: "sign_in", view: desk.signIn({ attempt: 2, state: "signed_in" }) });
  signIns.hear({ type: "sign_in", view: desk.signIn({ attempt: 2, state: "code" }) });
  signIns.hear({ type: "sign_in", view: desk.signIn({ attempt: 1, state: "cancelled" }) });
  expect(signIns.views.get("partner")?.state).toBe("signed_in");
  signIns.hear({ type: "sign_in", view: desk.signIn({ attempt: 3, state: "starting" }) });
  expect(signIns.views.get("partner")?.state).toBe("starting");
});

test("a reply that comes after what was pushed behind it takes nothing back", async () => {
  const slow = later<ReturnType<typeof desk.signIn>>();
  const signIns = new SignInController(new ScriptedHost({ "sso.sign_in": () => slow.promise }));
  const begun = signIns.begin("partner");
  signIns.hear({ type: "sign_in", view: desk.signIn({ state: "browser", url: "https://oidc.us-east-1.amazonaws.com/authorize" }) });
  slow.keep(desk.signIn({ state: "starting", url: null }));
  await begun;
  expect(signIns.view?.state).toBe("browser");
});

test("asking for a code instead ends what is under way first", async () => {
  const host = new ScriptedHost({ "sso.sign_in": ({ session, device }) => desk.signIn({ session, attempt: device ? 2 : 1, state: device ? "code" : "browser" }), "sso.cancel": () => ({}) });
  const signIns = new SignInController(host);
  await signIns.begin("partner");
  await signIns.again("partner", true);
  expect(host.asked.map(({ name }) => name)).toEqual(["sso.sign_in", "sso.cancel", "sso.sign_in"]);
  expect(signIns.view).toMatchObject({ attempt: 2, state: "code" });
});

test("a sign-in that cannot begin says why", async () => {
  const signIns = new SignInController(new ScriptedHost({ "sso.sign_in": () => { throw no("the session is gone"); } }));
  await signIns.begin("gone");
  expect(signIns.shown).toBeNull();
  expect(toasts.list.at(-1)?.text).toContain("the session is gone. Do this.");
});

test("views that change while one is read are read once more, not once for each change", async () => {
  const first = later<typeof desk.accounts>();
  let reads = 0;
  const host = new ScriptedHost({ "accounts.view": () => (++reads === 1 ? first.promise : { ...desk.accounts, explanation: `read ${reads}` }) });
  const controller = new DeskController(host);
  const stop = controller.watch();
  for (let change = 0; change < 5; change += 1) controller.hear({ type: "accounts" });
  first.keep(desk.accounts);
  await vi.waitFor(() => expect(controller.view?.explanation).toBe("read 2"));
  stop();
  controller.hear({ type: "accounts" });
  expect(reads).toBe(2);
});

test("a mark shows at once, and what the core says of it after", async () => {
  const kept = later<never>();
  const host = new ScriptedHost({ "accounts.view": () => desk.accounts, "prefs.set": () => kept.promise });
  const controller = new DeskController(host);
  await controller.read();
  void controller.mark("222233334444", { alias: "stage", colour: "teal", production: false, favourite: true });
  expect(controller.view?.sessions[0]?.accounts[1]).toMatchObject({ alias: "stage", colour: "teal", favourite: true });
  expect(asked(host, "prefs.set")[0]?.args).toEqual({ set: "account", account: "222233334444", mark: { alias: "stage", colour: "teal", production: false, favourite: true } });
});

test("what was refused is told, and the truth is read again", async () => {
  const host = new ScriptedHost({ "accounts.view": () => desk.accounts, "sso.sign_out": () => { throw no("the cache file is not writable"); } });
  const controller = new DeskController(host);
  await controller.signOut("corp");
  expect(toasts.list.at(-1)).toMatchObject({ tone: "danger", text: "the cache file is not writable. Do this." });
  expect(asked(host, "accounts.view")).toHaveLength(1);
});

test("answers for a profile that is no longer asked about do not show", async () => {
  const slow = later<typeof desk.answers>();
  const controller = new DeskController(new ScriptedHost({ "profiles.answers": ({ profile }) => (profile === "ci" ? slow.promise : []) }));
  const first = controller.ask("ci");
  await controller.ask("broker-prod");
  slow.keep(desk.answers);
  await first;
  expect(controller.answers).toEqual([]);
});

test("a repair is shown, done once, and the doctor looks again", async () => {
  const host = new ScriptedHost({ "doctor.run": () => desk.doctor, "doctor.preview": () => desk.draft(), "doctor.repair": () => desk.draft({ applied: true, can_undo: true }), "draft.undo": () => desk.draft() });
  const doctor = new DoctorController(host);
  await doctor.run();
  expect(doctor.weighty).toBe(2);
  const [finding] = desk.doctor.findings;
  if (!finding) throw new Error("the sample has a finding");
  await doctor.look(finding);
  expect(asked(host, "doctor.repair")).toHaveLength(0);
  await doctor.repair();
  await doctor.repair();
  expect(asked(host, "doctor.repair")).toEqual([{ name: "doctor.repair", args: { id: "d1" } }]);
  expect(asked(host, "doctor.run")).toHaveLength(2);
  await doctor.undo();
  expect(doctor.draft?.applied).toBe(false);
});

test("a finding without a repair asks for none", async () => {
  const host = new ScriptedHost({});
  const finding = desk.doctor.findings[1];
  if (!finding) throw new Error("the sample has two findings");
  await new DoctorController(host).look(finding);
  expect(host.asked).toEqual([]);
});

test("nothing can be written but what was last shown", async () => {
  vi.useFakeTimers();
  try {
    const script: Script = { "profiles.generate": () => desk.draft(), "draft.apply": () => desk.draft({ applied: true, can_undo: true }), "draft.undo": () => desk.draft() };
    const host = new ScriptedHost(script);
    const generate = new GenerateController(host, { key: "corp", name: "corp", region: "eu-central-1" }, [{ account: "111122223333", role: "ReadOnly", title: "broker-production, ReadOnly" }]);
    await generate.preview();
    generate.name = "{account_id}";
    generate.changed();
    generate.changed();
    expect(generate.draft).toBeNull();
    await generate.apply();
    expect(asked(host, "draft.apply")).toEqual([]);
    await vi.runAllTimersAsync();
    expect(asked(host, "profiles.generate")).toHaveLength(2);
    expect(asked(host, "profiles.generate")[1]?.args).toMatchObject({ session: "corp", template: { name: "{account_id}", region: "eu-central-1" }, pick: [{ account: "111122223333", role: "ReadOnly" }] });
    await generate.apply();
    await generate.undo();
    expect(host.asked.slice(-2).map(({ name }) => name)).toEqual(["draft.apply", "draft.undo"]);
    generate.close();
  } finally {
    vi.useRealTimers();
  }
});

test("the core hears now and then that somebody is there, and not at all while it is locked", async () => {
  let now = 1_000_000;
  const host = new ScriptedHost({ "lock.view": () => desk.lock, "lock.touch": () => desk.lock, "lock.now": () => ({ ...desk.lock, locked: true }) });
  const lock = new LockController(host, () => now);
  lock.touch();
  expect(asked(host, "lock.touch")).toHaveLength(0);
  await lock.read();
  lock.touch();
  lock.touch();
  expect(asked(host, "lock.touch")).toHaveLength(1);
  now += 31_000;
  lock.touch();
  expect(asked(host, "lock.touch")).toHaveLength(2);
  await lock.lock();
  now += 31_000;
  lock.touch();
  expect(lock.locked).toBe(true);
  expect(asked(host, "lock.touch")).toHaveLength(2);
});

test("a wrong passphrase leaves it locked and says so", async () => {
  const lock = new LockController(new ScriptedHost({ "lock.view": () => ({ ...desk.lock, locked: true, passphrase: true }), "lock.open": () => { throw no("the passphrase does not open the vault"); } }));
  await lock.read();
  await lock.open("guess");
  expect(lock.locked).toBe(true);
  expect(lock.refusal?.message).toContain("does not open");
});
