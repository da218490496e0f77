// The whole console on the scripted host, to be looked at: #/run/running, #/run/failed, #/run/held, #/plan/….
import { mount } from "svelte";
import { Refused } from "../../src/host/host.ts";
import "../../src/kit/base.css";
import { clock } from "../../src/kit/clock.svelte.ts";
import App from "../../src/screens/App.svelte";
import { Console } from "../../src/screens/console.svelte.ts";
import { ScriptedHost } from "../scripted.ts";
import { failedRun, heldRun, home, identity, log, NOW, plan, runView, step } from "../views.ts";

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
const runs = { deciding: () => runView({ status: "waiting_for_person", said: "How to move the jobs", wants: ["api_token"] }, deciding), asking: () => runView({ status: "waiting_for_person", said: "Point the name at the new service" }, asking), running: runView, failed: failedRun, held: heldRun, elsewhere: () => runView({ driven_by: { what: "process 4711 on this machine" } }), interrupted: () => runView({ resumable: true, status: "interrupted", said: "The console was closed during Deploy API." }), done: () => runView({ status: "succeeded", said: "38 m planned, 31 m spent", current: null, hold: null, ended_at: new Date(NOW).toISOString() }) };

const host = new ScriptedHost({
  "home.view": () => (location.search.includes("empty") ? { ...home, waiting: [], open: [], past: [], recent: [], identity: null } : home),
  "plan.open": ({ path }) => {
    if (path.includes("missing")) throw new Refused({ code: "not_found", message: `There is no file ${path}`, hints: ["Open it from where it is now."], causes: ["No such file or directory (os error 2)"] });
    return path.includes("damaged") ? { ...plan, damage: { said: "UTF-8 read as MacRoman", places: 41, guessed: 3 } } : path.includes("trusted") ? { ...plan, trusted: true } : plan;
  },
  "plan.trust": () => ({ ...plan, trusted: true }),
  "profiles.list": () => ({ explanation: null, default: null, profiles: [{ name: "broker-prod", kind: "sso session", account: "111122223333", role: "Deployer", region: "eu-central-1", problems: [] }, { name: "agents-stg", kind: "assume role", account: "123456789012", role: "Admin", region: "us-west-2", problems: [] }] }),
  "identity.check": ({ profile }) => ({ ...identity, profile }),
  "run.view": ({ run }) => ({ ...(runs[run as keyof typeof runs] ?? runView)(), run }),
  "run.log": ({ step, after_line }) => ({ lines: (step === "deploy_api" ? log : []).slice(after_line), total: log.length }),
  "run.verify": () => ({ intact: true, said: "intact up to anchor 3, an unanchored tail of 2 events" }),
  "report.export": ({ path }) => ({ path, bytes: 48213, sha256: "9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee0000c7" }),
  "run.rollback_preview": () => runView().rollback,
});
mount(App, { target: document.body, props: { app: new Console(host) } });
