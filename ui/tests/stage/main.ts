// The whole console on the scripted host, to be looked at: #/run/running, #/run/failed, #/run/held, #/plan/…, #/accounts with ?accounts=… for its states.
import { mount } from "svelte";
import { Refused, type AccountsView, type SignInView } from "../../src/host/host.ts";
import "../../src/kit/base.css";
import { clock } from "../../src/kit/clock.svelte.ts";
import App from "../../src/screens/App.svelte";
import { Console } from "../../src/screens/console.svelte.ts";
import * as desk from "../accounts-views.ts";
import { ScriptedHost } from "../scripted.ts";
import { compared, damagedImport, edited, importing, interruptedRun, applying, failedRun, heldRun, home, identity, knownOffer, log, mirroring, NOW, operating, plan, baking, pausing, planned, runView, step } from "../views.ts";

const began = performance.now();
Date.now = () => NOW + performance.now() - began;
clock.now = NOW;

const asking = step({
  id: "deploy_api", title: "Point the name at the new service", kind: "manual", effect: "once", status: "running", started_at: new Date(NOW - 30_000).toISOString(),
  ask: { type: "fields", instructions_html: "<p>In the console of the name's owner, set the record and wait until it answers.</p>", link: "https://console.aws.amazon.com/route53/", copy: [{ label: "Record", text: "api.example.com CNAME broker-api.example.com" }], fields: [{ name: "change", prompt: "Id of the change", secret: false, pattern: "C[0-9A-Z]+", optional: false }], evidence: "note", confirm: "the name points there" },
});
const deciding = step({
  id: "deploy_api", title: "How to move the jobs", kind: "decision", status: "running", started_at: new Date(NOW - 30_000).toISOString(),
  ask: { type: "decision", question: "Which way?", options: [{ id: "now", title: "Switch now", risk: "medium", details: "All requests move at once.", recommended: true }, { id: "later", title: "Switch at night", risk: null, details: null, recommended: false }] },
});
const hooked = step({
  id: "deploy_api", title: "Deploy API", kind: "ecs.deploy", effect: "once", status: "waiting", started_at: new Date(NOW - 400_000).toISOString(), said: "broker-api waits at its hook before production traffic shifts",
  ask: { type: "decision", question: "The deployment of `broker-api` waits at a PAUSE hook, stage PRE_PRODUCTION_TRAFFIC_SHIFT. Go on?", expires_at: new Date(NOW + 1_460_000).toISOString(), if_unanswered: "AWS rolls the deployment back", options: [{ id: "continue", title: "Let it go on", risk: null, details: "Production traffic shifts to the new revision.", recommended: false }, { id: "roll_back", title: "Roll it back", risk: null, details: "The old revision keeps its traffic.", recommended: false }] },
});
/** A run that stands at this step. */
const at = (shown: typeof planned) => () => runView({ said: `${shown.title} is under way` }, { ...shown, id: "deploy_api" });
const runs = { planned: at(planned), applying: at(applying), stoppable: () => ({ ...at(applying)(), stop: { step: "deploy_api", asked: "no" as const } }), stopping: () => ({ ...at(applying)(), stop: { step: "deploy_api", asked: "gently" as const } }), mirroring: at(mirroring), operating: at(operating), hooked: at({ ...hooked, rollout: pausing.rollout }), baking: at(baking), deciding: () => runView({ status: "waiting_for_person", said: "How to move the jobs", wants: ["api_token"] }, deciding), asking: () => runView({ status: "waiting_for_person", said: "Point the name at the new service" }, asking), running: runView, failed: failedRun, held: heldRun, elsewhere: () => runView({ driven_by: { what: "process 4711 on this machine" } }), interrupted: interruptedRun, edited: failedRun, done: () => runView({ status: "succeeded", said: "38 m planned, 31 m spent", current: null, hold: null, ended_at: new Date(NOW).toISOString() }) };

const asked = new URLSearchParams(location.search);
const state = asked.get("accounts") ?? "";
/** More profiles than anybody has, when asked. */
const many = Array.from({ length: Number(asked.get("profiles") ?? 0) }, (_, at) =>
  desk.profile(`team${at % 97}-${["broker", "agents", "billing"][at % 3] ?? ""}-${["production", "staging", "sandbox"][at % 7 % 3] ?? ""}-${at}`, { account: String(100_000_000_000 + at * 7919), role: at % 2 === 0 ? "Deployer" : "ReadOnly" }),
);

/** The Accounts screen in the state that the address names. */
function accountsIn(state: string): AccountsView | Promise<AccountsView> {
  const { accounts, session } = desk;
  switch (state) {
    case "empty":
      return desk.noAccounts;
    case "loading":
      return new Promise(() => undefined);
    case "unreadable":
      throw new Refused({ code: "unreadable", message: "`~/.aws/config` cannot be read", hints: ["Make it readable for yourself: chmod u+r ~/.aws/config"], causes: ["Permission denied (os error 13)"] });
    case "first":
      return { ...accounts, sessions: [session({ loading: "Asking for the roles of 665 accounts: 112 known, about 28 s more at AWS's limit of 20 calls a second", known_since: null, accounts: session().accounts.slice(0, 6) })] };
    case "failed":
      return { ...accounts, sessions: [session({ problem: { code: "unreachable", message: "The SSO portal of eu-central-1 was not reached", hints: ["Check the network or the proxy, then ask again. What was known shows on."], causes: ["dns error"] } })] };
    case "states":
      return {
        ...accounts,
        sessions: [
          session({ standing: "expired", said: "The sign-in ended.", ends_at: NOW_ISO, session_ends_at: null, renews: false, accounts: session().accounts.slice(0, 3) }),
          session({ key: "torn", name: "torn", standing: "torn", said: "`~/.aws/sso/cache/0b6f….json` holds half a token. Another program may be writing it; sign in anew if it stays so.", accounts: [], known_since: null }),
          session({ key: "locked", name: "vaulted", standing: "locked", kept: "vault", said: "The Secret Service is locked: unlock it, or use an encrypted file.", accounts: [], known_since: null }),
          session({ key: "old", name: "https://old.example/start", start_url: "https://old.example/start", legacy: true, renews: false, session_ends_at: null, ends_at: new Date(NOW + 500_000).toISOString(), accounts: session().accounts.slice(0, 2), registration_ends_at: new Date(NOW + 172_800_000).toISOString() }),
        ],
        vault: { ...desk.vault, state: "locked", said: "The login keyring is locked: unlock it in the desktop's own dialog, or keep secrets in an encrypted file." },
      };
    default:
      return accounts;
  }
}

function signInState(state: string, device: boolean): Partial<SignInView> {
  if (state === "sign-in-failed") return { state: "failed", user_code: null, url: null, url_complete: null, said: "Not signed in", problem: { code: "browser_never", message: "Nobody came back from the browser within 10 minutes", hints: ["Try again, or use a code where the browser runs on another machine."], causes: [] } };
  if (state === "sign-in-browser" && !device) return { state: "browser", user_code: null, url: "https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=practice", url_complete: null, asked_by: ["the Accounts screen", "run 7k2m"] };
  return {};
}
const NOW_ISO = new Date(NOW - 60_000).toISOString();

const host = new ScriptedHost({
  "home.view": () => (location.search.includes("empty") ? { ...home, waiting: [], open: [], past: [], recent: [], identity: null } : home),
  "runs.history": ({ words }) => {
    const rows = [...home.open, ...home.past].map((summary) => ({ summary, services: ["broker/broker-api", "broker/broker-worker"] })).filter(({ summary }) => summary.title.toLowerCase().includes(words.toLowerCase()));
    return { rows, found: rows.length, total: 4 };
  },
  "runs.compare": () => compared,
  "lesson.preview": ({ as }) => ({
    path: plan.path, digest: "ab".repeat(32), id: "lesson", kind: as ?? "check", offers: [{ id: "check", title: "A look at the image, before anything changes" }, { id: "item", title: "An item for a person to tick" }],
    diff: "@@ -29,3 +29,14 @@\n \n+### A lesson: A look at the image, before anything changes\n+\n+Learnt on 2026-11-20 (run 7k2m, live), when `deploy_api` failed: AWS rolled the deployment back.\n+\n+```yaml step\n+id: lesson\n+uses: image.inspect\n+```\n+\n ## The images\n",
  }),
  "plan.open": ({ path }) => {
    if (path.includes("missing")) throw new Refused({ code: "not_found", message: `There is no file ${path}`, hints: ["Open it from where it is now."], causes: ["No such file or directory (os error 2)"] });
    return path.includes("damaged") ? { ...plan, damage: { said: "UTF-8 read as MacRoman", places: 41, guessed: 3 } } : path.includes("trusted") ? { ...plan, trusted: true } : plan;
  },
  "plan.fix_preview": () => ({ title: "Ask for a hold before it", diff: "@@ -50,3 +50,4 @@\n ```yaml step\n id: tell\n+hold: { signatures: 1 }\n uses: shell\n" }),
  "plan.fix": () => ({ ...plan, findings: [], fixes: [] }),
  "plan.import": ({ path, repair, refused }) => {
    if (path.includes("missing")) throw new Refused({ code: "not_found", message: `There is no file ${path}`, hints: ["Open it from where it is now."], causes: ["No such file or directory (os error 2)"] });
    if (path.includes("slow")) return new Promise(() => undefined);
    if (path.includes("bare")) return { ...importing, state: "nothing_to_walk", said: "There is no command, no checklist and no stage in it, so nothing was inserted.", proposals: [], left: [], findings: [], rows: importing.rows.filter((row) => row.from !== null) };
    const shown = path.includes("damaged") ? { ...damagedImport, repaired: repair } : importing;
    return { ...shown, proposals: shown.proposals.map((one) => (refused.includes(one.id) ? { ...one, outcome: "refused", kind: "shell", why: "The lift was refused." } : one)) };
  },
  "plan.import_save": ({ to }) => ({ path: to, bytes: 4821 }),
  "plan.trust": () => ({ ...plan, trusted: true }),
  "profiles.list": () => ({ explanation: null, default: null, profiles: [...desk.profiles, ...desk.accounts.profiles, ...many] }),
  "identity.check": ({ profile }) => ({ ...identity, profile }),
  "identity.use": ({ profile }) => ({ ...identity, profile, standing: "checking", checked_at: null }),
  "accounts.view": () => accountsIn(state),
  "doctor.run": () => (state === "loading" ? new Promise(() => undefined) : state === "empty" ? { ...desk.doctor, findings: [] } : desk.doctor),
  "doctor.preview": () => desk.draft({ path: "/home/ana/.docker/config.json", profiles: [], diff: '--- a\n+++ b\n@@ -1,3 +1,4 @@\n {\n-  "credsStore": "osxkeychain"\n+  "credsStore": "osxkeychain",\n+  "credHelpers": { "111122223333.dkr.ecr.eu-central-1.amazonaws.com": "holdpoint" }\n }\n' }),
  "profiles.generate": () => desk.draft(),
  "profiles.answers": () => desk.answers,
  "sso.sign_in": ({ session, device }) => desk.signIn({ session, ...signInState(state, device) }),
  "lock.view": () => (state === "locked-screen" ? { ...desk.lock, locked: true, since: new Date(NOW - 400_000).toISOString(), waits_for: "the step Deploy API of run 7k2m holds its credentials until it ends" } : desk.lock),
  "lock.touch": () => desk.lock,
  "run.view": ({ run }) => ({ ...(runs[run as keyof typeof runs] ?? runView)(), run }),
  "run.log": ({ step, after_line }) => ({ lines: (step === "deploy_api" ? log : []).slice(after_line), total: log.length }),
  "run.verify": () => ({ intact: true, said: "intact up to anchor 3, an unanchored tail of 2 events" }),
  "report.export": ({ path }) => ({ path, bytes: 48213, sha256: "9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee0000c7" }),
  "known.offer": () => knownOffer,
  "known.draft": (form) => ({ file: "/home/ana/.local/share/holdpoint/known-problems/image-for-another-processor.yaml", matches: form.regex !== "" && form.regex.startsWith("exec"), faults: form.title === "" ? [["title", "say in a few words what it is"]] : [], yaml: form.title === "" ? null : `title: '${form.title}'\nmatch:\n  - regex: '${form.regex}'\ncause: '${form.cause}'\nrepairs: []\nsource: 'run 7k2m, step deploy_api'\nexamples:\n  yes:\n    - {log: 'exec /app/entrypoint.sh: exec format error'}\n` }),
  "known.save": () => failedRun(),
  "run.edited": ({ run }) => (run === "edited" || run === "interrupted" ? edited : null),
  "run.adopt": () => runView({ seq: 120 }),
  "run.rollback_preview": () => runView().rollback,
});
mount(App, { target: document.body, props: { app: new Console(host) } });
