// Invented views for tests and for looking at the screens. Every name, account and digest is made up.
import type { ComparisonView, Home, Identity, ImportRow, ImportView, KnownOffer, LogLine, PlanView, ProposalView, RunView, StageView, StepView, Edited, StandingNote } from "../src/host/host.ts";

export const NOW = Date.parse("2026-11-20T14:20:12+01:00");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

export const identity: Identity = {
  profile: "broker-prod", account: "111122223333", alias: "broker-production", role: "Deployer", region: "eu-central-1",
  arn: "arn:aws:sts::111122223333:assumed-role/Deployer/ana", weight: "production", weight_guessed: false, colour: null, standing: "checked", problem: null, session: "corp", checked_at: ago(4),
  clocks: [
    { what: "sso", ends_at: new Date(NOW + 22_320_000).toISOString(), renews: true, source: "SSO session corp" },
    { what: "role", ends_at: new Date(NOW + 2_460_000).toISOString(), renews: true, source: "role Deployer, by SSO session corp" },
    { what: "registry", ends_at: new Date(NOW + 39_600_000).toISOString(), renews: true, source: "111122223333.dkr.ecr.eu-central-1.amazonaws.com" },
  ],
};

export const practiceIdentity: Identity = { ...identity, profile: null, alias: null, weight: "practice", session: null, clocks: [], arn: "arn:aws:sts::111122223333:assumed-role/Deployer/ana" };

export function step(over: Partial<StepView> & { id: string; title: string }): StepView {
  return {
    kind: "ecs.check", effect: "read", status: "pending", said: null, subject: null, prose_html: null, script: null, started_at: null, ended_at: null,
    estimate: { from: 60, to: 60 }, attempt: 1, stale: false, rollout: null, card: null, samples: [], checks: [], events: [], items: [], diagnosis: null, choices: [], ask: null,
    log_lines: 0, log_source: null, ...over,
  };
}

function stage(id: string, title: string, steps: StepView[], over: Partial<StageView> = {}): StageView {
  return { id, title, role: "deploy", status: "pending", estimate: { from: 180, to: 300 }, spent: null, hold: null, steps, ...over };
}

export const log: LogLine[] = [
  "starting broker API 0.1.0", "background jobs are handled by the worker service", "connected to table allocations (2 indexes)", "listening on 0.0.0.0:8080",
  "GET /healthz 200 3ms", "GET /healthz 200 1ms", "GET /healthz 200 1ms",
].map((text, index) => ({ number: index + 1, at: `2026-11-20T13:19:58.${100 + index * 37}Z`, source: "/ecs/broker-api", text, mark: index === 1 ? "must" : null }));

const done = (id: string, title: string, seconds: number, over: Partial<StepView> = {}) =>
  step({ id, title, status: "succeeded", started_at: ago(900), ended_at: ago(900 - seconds), ...over });

export const checklist = step({
  id: "ready", title: "Before the change", kind: "checklist", status: "succeeded", started_at: ago(1000), ended_at: ago(950), ask: null,
  items: [
    { id: "announced", text: "The change is announced", on: true, claimed: false, optional: false, from: null, evidence: null, said: `ticked by ana, ${ago(1000)}` },
    { id: "api_up", text: "The API answers", on: true, claimed: false, optional: false, from: "API is healthy", evidence: null, said: `ticked by its step, ${ago(960)}` },
    { id: "backup", text: "A backup younger than a day exists", on: false, claimed: true, optional: true, from: null, evidence: "note", said: null },
  ],
});

const deploying = step({
  id: "deploy_api", title: "Deploy API", kind: "ecs.deploy", effect: "idempotent", status: "running", started_at: ago(67), estimate: { from: 180, to: 300 },
  subject: "service broker-api in broker",
  prose_html: "<p>The task definition was changed in the stage before. The API takes it up now; background jobs must <strong>not</strong> start here any more, the worker has them.</p>",
  rollout: {
    deployment: "ecs-svc/4417001122334455667", said: "IN_PROGRESS", strategy: "rolling", stage: null, traffic: null, hook: null, alarms: null, failures: { seen: 0, limit: 3 }, breaker: "on, rolls back",
    last_event: { at: ago(9), text: "(service broker-api) registered 1 targets in (target-group broker-api-tg)" }, asked_at: ago(2),
    revisions: [
      { name: "broker-api:42", role: "new", said: "1 of 2 healthy", image: "sha256:9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee0000c7", desired: 2, running: 1, tasks: [{ id: "8c1f", state: "healthy", said: "up" }, { id: "77b0", state: "starting", said: "starting" }] },
      { name: "broker-api:41", role: "old", said: "1 running", image: "sha256:51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00000a", desired: 1, running: 1, tasks: [{ id: "11aa", state: "healthy", said: "up" }, { id: "11ab", state: "stopped", said: "gone" }] },
    ],
  },
  log_lines: log.length, log_source: "/ecs/broker-api · task 8c1f",
  events: [{ at: ago(9), text: "registered 1 target in broker-api-tg", bad: false }, { at: ago(40), text: "has started 2 tasks: (task 8c1f) (task 77b0)", bad: false }],
});

/** A blue/green deployment that bakes, with alarms on it. */
export const baking = step({
  ...deploying, id: "bake_api", title: "Deploy API, blue/green", status: "waiting", log_lines: 0, events: [],
  rollout: deploying.rollout && {
    ...deploying.rollout, strategy: "canary", stage: { name: "BAKE_TIME", said: "baking", since: ago(60), ends_at: new Date(NOW + 240_000).toISOString() },
    traffic: { production: 12.5, test: 100 }, alarms: { said: "watched", names: ["broker-api-5xx", "broker-api-latency"], triggered: [] },
  },
});

/** The same at a hook, after an alarm went off. */
export const pausing = step({
  ...baking,
  rollout: baking.rollout && {
    ...baking.rollout, stage: { name: "POST_TEST_TRAFFIC_SHIFT", said: "after the test traffic has shifted", since: ago(60), ends_at: null }, traffic: { production: 0, test: 100 },
    hook: { expires_at: new Date(NOW + 1_460_000).toISOString(), otherwise: "AWS rolls the deployment back" }, alarms: { said: "went off", names: ["broker-api-5xx"], triggered: ["broker-api-5xx"] },
  },
});

export const planned = step({
  id: "plan_worker", title: "Plan", kind: "terraform.plan", status: "succeeded", started_at: ago(300), ended_at: ago(280),
  card: {
    type: "changes", summary: "2 to create, 1 to update, 1 to replace",
    changes: [
      { address: "aws_ecs_service.worker", action: "create", reason: null, values: [{ path: "desired_count", before: null, after: "1", sensitive: false, unknown: false, forces: false }, { path: "id", before: null, after: null, sensitive: false, unknown: true, forces: false }] },
      { address: "aws_cloudwatch_log_group.worker", action: "create", reason: null, values: [{ path: "retention_in_days", before: null, after: "30", sensitive: false, unknown: false, forces: false }] },
      { address: "aws_apprunner_service.backend", action: "update", reason: null, values: [{ path: "source_configuration[0].image_repository[0].image_configuration[0].runtime_environment_variables.AGENTS_CORS_ORIGINS", before: "*", after: "https://app.example", sensitive: false, unknown: false, forces: false }, { path: "password", before: null, after: null, sensitive: true, unknown: false, forces: false }] },
      { address: "aws_ecs_task_definition.api", action: "replace", reason: "cannot be updated in place", values: [{ path: "container_definitions", before: '[{"name":"api","image":"registry.example/api:2.3.0"}]', after: '[{"name":"api","image":"registry.example/api:2.4.0"}]', sensitive: false, unknown: false, forces: true }] },
    ],
    drift: [{ address: "aws_security_group.api", action: "update", reason: null, values: [{ path: "description", before: "api", after: "api, by hand", sensitive: false, unknown: false, forces: false }] }],
  },
});

export const applying = step({
  id: "apply_worker", title: "Apply that plan", kind: "terraform.apply", status: "running", started_at: ago(40),
  card: {
    type: "apply", said: "applying",
    resources: [
      { address: "aws_cloudwatch_log_group.worker", action: "create", state: "done", seconds: 1.2 }, { address: "aws_ecs_task_definition.api", action: "replace", state: "done", seconds: 0.4 },
      { address: "aws_ecs_service.worker", action: "create", state: "going", seconds: 31 }, { address: "aws_cloudwatch_metric_alarm.worker_cpu_high", action: "create", state: "failed", seconds: 2 }, { address: "aws_cloudwatch_metric_alarm.worker_memory_high", action: "create", state: "waiting", seconds: null },
    ],
  },
});

export const mirroring = step({
  id: "mirror", title: "Copy it into our registry, by digest", kind: "image.mirror", effect: "idempotent", status: "running", started_at: ago(20),
  card: {
    type: "mirror", from: "ghcr.example/toolbox/connector@sha256:9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee00d1ce9be1c0ffee0000c7", to: "111122223333.dkr.ecr.us-west-2.amazonaws.com/connector:0.11.9", bytes: 61_000_000, total: 104_000_000,
    layers: [
      { digest: "sha256:51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00000a", size: 31_000_000, done: 31_000_000, state: "present" }, { digest: "sha256:61d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00000b", size: 30_000_000, done: 30_000_000, state: "done" },
      { digest: "sha256:71d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00000c", size: 42_000_000, done: 12_000_000, state: "copying" }, { digest: "sha256:81d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00d1ce51d0c0ffee00000d", size: 900, done: 0, state: "waiting" },
    ],
  },
});

export const operating = step({
  id: "wire", title: "Tell the backend of the connector", kind: "apprunner.update", effect: "idempotent", status: "waiting", started_at: ago(130),
  card: { type: "operation", service: "agents-dev-backend", operation: "17fe9f55b5f94fd3b4b1b9bfc9a4a5a1", kind: "UPDATE_SERVICE", status: "IN_PROGRESS", since: ago(128), facts: [{ label: "Service", text: "OPERATION_IN_PROGRESS" }, { label: "Image", text: "agents-dev-backend:1.8.0" }] },
});

const failed: StepView = {
  ...deploying, status: "rolled_back_by_aws", ended_at: ago(3), started_at: ago(225), rollout: null, log_lines: 1,
  diagnosis: {
    title: "Not deployed. AWS rolled the service back; it is healthy on `broker-api:41`.", took: 222, hints: [],
    facts: [
      { label: "What AWS says", text: "deployment `ecs-svc/4417` ROLLBACK_SUCCESSFUL · circuit breaker, 3 of 3 failures", tone: "danger" },
      { label: "The tasks", text: "3 stopped: `EssentialContainerExited`, exit code 255, 2 s after start", tone: "plain" },
    ],
    last_lines: [{ number: 1, at: null, source: "", text: "exec /app/entrypoint.sh: exec format error", mark: null }],
    own_faults: [],
    known: [{ id: "exec-format-error", own: null, cause: null, title: "Image built for another processor", meaning: "Mostly a build on an Apple Silicon machine without `--platform linux/amd64`.", repairs: ["Rebuild or mirror the image for linux/amd64, then retry this step."] }],
  },
  choices: [
    { choice: "retry", title: "Retry…", about: "Starts the step again as it is.", needs_reason: false },
    { choice: "skip", title: "Skip with reason…", about: "Goes on without this step. What it should have done is not done.", needs_reason: true },
    { choice: "rollback", title: "Roll back the set…", about: "Undoes what this run changed.", needs_reason: true },
    { choice: "abort", title: "Abort…", about: "Ends the run here.", needs_reason: true },
  ],
  events: [
    { at: ago(5), text: "deployment rolled back to broker-api:41, steady state", bad: false }, { at: ago(40), text: "circuit breaker: 3 tasks failed to start", bad: true },
    { at: ago(90), text: "task 8c1f stopped: essential container exited", bad: false }, { at: ago(150), text: "task 77b0 stopped: essential container exited", bad: false },
  ],
};

const verifyHold = {
  id: "stage:verify", title: "go or no-go for verification", stands_before: "Verify", open: false, rule: { signatures: 1, by_someone_else: true, by: [], valid_minutes: 1440, break_glass: true },
  covers: [{ label: "plan", value: "3f9c12aa00bb" }, { label: "image", value: "sha256:9be1c0ffee00d1ce9be1c0ffee0000c7" }, { label: "account", value: "1111-2222-3333" }],
  signatures: [], not_yet: "when Services is done",
};

export function runView(over: Partial<RunView> = {}, api: StepView = deploying): RunView {
  return {
    run: "7k2m", seq: 41, title: "ECS API and worker", plan_path: "/plans/ecs-api-and-worker.plan.md", plan_digest: "3f9c12aa00bb44cc", mode: "live", speed: 1, scenario: null,
    status: "running", said: "Deploy API is under way", started_at: ago(1080), started_by: { name: "ana", verified: true }, ended_at: null, estimate: { from: 2280, to: 2280 },
    identity, driven_by: null, resumable: false, standing: [], updated_at: ago(12), current: "deploy_api", hold: verifyHold,
    stages: [
      stage("before", "Before", [checklist, done("check_api", "API is healthy", 12)], { role: "before", status: "succeeded", spent: 60 }),
      stage("worker", "Worker", [
        done("register_worker", "Register the worker", 4, { kind: "ecs.register", effect: "once" }), done("create_worker", "Worker: running, logs right", 161, { kind: "ecs.create", effect: "once" }),
      ], { status: "succeeded", spent: 360, hold: { ...verifyHold, id: "stage:worker", title: "go for the worker", signatures: [{ person: { name: "bo", verified: true }, at: ago(950), decision: "go", reason: null, auto: false, void: null }] } }),
      stage("services", "Services", [api, step({ id: "check_log", title: "API: health and log" })], { status: api.status === "running" ? "running" : "failed" }),
      stage("verify", "Verify", [step({ id: "header", title: "The rate limit header is there", kind: "http.check" }), step({ id: "cors", title: "CORS answers the page", kind: "http.check" })], { role: "verify", hold: verifyHold }),
      stage("soak", "Soak", [step({ id: "soak", title: "Soak", kind: "soak", estimate: { from: 3600, to: 3600 } })]),
      stage("after", "After", [step({ id: "after", title: "After the change", kind: "checklist" })], { role: "after" }),
    ],
    outputs: [
      { step: "register_worker", name: "task_definition", value: "arn:aws:ecs:eu-central-1:111122223333:task-definition/broker-worker:1", secret: false, at: ago(800), from: "Register the worker", used_by: ["Worker: running, logs right"], stale: false },
    ],
    rollback: {
      pinned_at: ago(1080), possible: true, cautions: [],
      steps: [
        { step: "deploy_api", title: "Deploy API", text: "broker-api → broker-api:41", status: "pending" },
        { step: "create_worker", title: "Create the worker", text: "broker-worker → 0 tasks, then deleted", status: "pending" },
      ],
    },
    wants: [], lapsed: null, stop: null, broken: [], halted: null, head: "77aa00bb",
    people: [{ name: "ana", verified: true }, { name: "bo", verified: true }],
    ...over,
  };
}

export const failedRun = () => runView({ status: "needs_decision", said: "Deploy API was rolled back by AWS", seq: 60 }, failed);

export const heldRun = () => {
  const view = runView({ status: "held", mode: "practice", speed: 10, scenario: "healthy", identity: practiceIdentity, current: "header", seq: 70, hold: { ...verifyHold, open: true, not_yet: null } }, { ...deploying, status: "succeeded", ended_at: ago(3) });
  return view;
};

export const plan: PlanView = {
  path: "/plans/ecs-api-and-worker.plan.md", digest: "3f9c12aa00bb44cc3f9c12aa00bb44cc3f9c12aa00bb44cc3f9c12aa00bb44cc", title: "ECS API and worker", level: "checked", trusted: false,
  target: { account: "111122223333", region: "eu-central-1", role: "Deployer" }, estimate: { from: 1200, to: 2400 },
  vars: [{ name: "tag", default: "0.2.0", secret: false, description: "Image tag" }],
  stages: [
    { id: "before", title: "Before", role: "before", estimate: { from: 60, to: 120 }, hold: null, claim: { mark: "done", line: 20 }, steps: [{ id: "ready", title: "Before the change", kind: "checklist", effect: "read", estimate: null, hold: null, undo: null, practice: "local", line: 24 }] },
    { id: "services", title: "Services", role: "deploy", estimate: { from: 300, to: 480 }, hold: { signatures: 1, by_someone_else: false, by: [], valid_minutes: 1440, break_glass: true }, claim: null, steps: [
      { id: "deploy_api", title: "Deploy API", kind: "ecs.deploy", effect: "idempotent", estimate: { from: 180, to: 300 }, hold: { signatures: 1, by_someone_else: true, by: [], valid_minutes: 1440, break_glass: true }, undo: "back to the pinned revision", practice: "sim", line: 40 },
      { id: "tell", title: "Tell the partner", kind: "shell", effect: "once", estimate: null, hold: null, undo: null, practice: "not_practised", line: 52 },
    ] },
  ],
  blocks: [
    { html: "<pre><code>holdpoint:\n  version: 1\n  title: ECS API and worker\n  target: { account: \"111122223333\", region: eu-central-1, role: Deployer }</code></pre>", start_line: 1, end_line: 8, kind: "front_matter", step: null },
    { html: "<h1>ECS API and worker</h1>", start_line: 10, end_line: 10, kind: "heading", step: null },
    { html: "<p>The background jobs move out of the API into a <strong>worker</strong> of their own. See <a data-href=\"https://example.com/why\">why</a>.</p>", start_line: 12, end_line: 13, kind: "paragraph", step: null },
    { html: "<h2>Before</h2>", start_line: 20, end_line: 20, kind: "heading", step: null },
    { html: "<ul><li><input type=\"checkbox\" disabled checked> The change is announced</li><li><input type=\"checkbox\" disabled> A backup younger than a day exists</li></ul>", start_line: 24, end_line: 26, kind: "checklist", step: "ready" },
    { html: "<h2>Services</h2>", start_line: 36, end_line: 36, kind: "heading", step: null },
    { html: "<pre><code>id: deploy_api\nuses: ecs.deploy\nwith: { cluster: broker, service: broker-api, task_defintion: \"{{ steps.register.outputs.task_definition }}\" }</code></pre>", start_line: 40, end_line: 46, kind: "step_fence", step: "deploy_api" },
    { html: "<p>| Emoji and tables stay as they are.</p>", start_line: 50, end_line: 50, kind: "paragraph", step: null },
  ],
  findings: [
    { code: "unguarded-change", severity: "warning", message: "`tell` changes something once and nothing undoes it", line: 52, column: 1, excerpt: "id: tell", hint: "Give it an `undo`, or a hold before it." },
  ],
  fixes: [{ finding: 0, id: "a1b2c3", title: "Ask for a hold before it" }],
  overview: {
    facts: [{ key: "risk", value: "low", line: 12 }, { key: "rollback_time", value: "about 5 minutes", line: 12 }],
    services: [
      { name: "broker-api", url: "https://api.broker.example", exposure: "public", mark: "done", line: 12 },
      { name: "broker-worker", url: null, exposure: "private", mark: null, line: 13 },
    ],
    readiness: [{ text: "Infrastructure: 80% complete", mark: "in_progress", line: 36 }],
    costs: [{ item: "Worker", low: 15, high: 20, currency: "$", new: true, total: false, line: 50 }, { item: "Total", low: 65, high: 80, currency: "$", new: false, total: true, line: 50 }],
    next_steps: [{ text: "Delete the old queue", mark: "pending", line: 50 }],
    more: 0,
  },
  damage: null,
  scenarios: [
    { id: "healthy", title: "Healthy", about: "Everything goes as the plan expects." },
    { id: "crash_loop", title: "Crash loop", about: "The new API exits right after its start until the circuit breaker rolls it back." },
  ],
};

/** What stands of a run whose console went while it sent something. */
const leftStanding: StandingNote[] = [
  { sort: "unknown", says: "Create the queue: it was being sent, and the answer is not in the journal; what can be looked at is looked at first, and nothing is sent twice blindly" },
  { sort: "asked", says: "the secret api_token was in memory alone: it is asked for when a step needs it" },
];

export const interruptedRun = () => runView({ resumable: true, status: "interrupted", said: "interrupted; Deploy API", updated_at: ago(7200), standing: leftStanding });

/** A plan that was edited while its run is open: one step new, one with a result, one that is gone. */
export const edited: Edited = {
  path: "/plans/ecs-api-and-worker.plan.md", digest: "77c1e2aa00bb44cc77c1e2aa00bb44cc77c1e2aa00bb44cc77c1e2aa00bb44cc", walked: "3f9c12aa00bb44cc3f9c12aa00bb44cc3f9c12aa00bb44cc3f9c12aa00bb44cc", trusted: true,
  diff: "--- original\n+++ modified\n@@ -40,5 +40,5 @@\n ```yaml step\n id: create_worker\n uses: ecs.create\n-with: { cluster: broker, service: broker-worker, desired_count: 1 }\n+with: { cluster: broker, service: broker-worker, desired_count: 2 }\n ```\n",
  changes: [
    { step: "create_worker", title: "Worker: running, logs right", how: "changed", decide: true, status: "succeeded" },
    { step: "warm", title: "Warm the cache", how: "added", decide: false, status: "pending" },
    { step: "cors", title: "CORS answers the page", how: "removed", decide: false, status: "pending" },
  ],
  shown: "5d", refused: null,
};

export const home: Home = {
  identity,
  obligations: [{ run: "7b3a", id: "after.cors", what: "Narrow the wildcard of CORS", owner: "platform", due: "2026-11-19T09:00:00Z", overdue: true, opened_at: ago(90_000), plan: "Board on ECS, migrations", account: "123456789012", alias: "sandbox", weight: "sandbox", practice: false }],
  waiting: [
    { run: "7k2m", kind: "hold", title: "Go or no-go", plan: "ECS API and worker", where: "broker-production", since: ago(360), by: "ana" },
    { run: "7h0c", kind: "failure", title: "Deploy backend failed", plan: "Agents in three stages", where: "agents-staging", since: ago(1300), by: null },
  ],
  open: [
    { run: "7k2m", title: "ECS API and worker", plan_path: plan.path, mode: "live", status: "running", account: "111122223333", alias: "broker-production", weight: "production", weight_guessed: false, started_at: ago(1080), started_by: "ana", ended_at: null, steps_done: 5, steps_total: 11, glass_broken: false, said: "Deploy API is under way", updated_at: ago(400), driven_by: null, standing: [] },
    { run: "7h0c", title: "Agents in three stages", plan_path: "/plans/agents.md", mode: "live", status: "needs_decision", account: "123456789012", alias: "agents-staging", weight: "staging", weight_guessed: false, started_at: ago(2500), started_by: "bo", ended_at: null, steps_done: 7, steps_total: 12, glass_broken: false, said: "Deploy backend failed", updated_at: ago(1300), driven_by: { what: "pid 4711 on desk since 2026-11-20T13:12:00Z" }, standing: [] },
    { run: "7f1d", title: "Queue for the shop", plan_path: "/plans/queue.md", mode: "live", status: "interrupted", account: "123456789012", alias: "sandbox", weight: "sandbox", weight_guessed: false, started_at: ago(9000), started_by: "ana", ended_at: null, steps_done: 3, steps_total: 9, glass_broken: false, said: "interrupted; Create the queue", updated_at: ago(7200), driven_by: null, standing: leftStanding },
  ],
  past_count: 14,
  past: [
    { run: "7b3a", title: "Board on ECS, migrations", plan_path: "/plans/board.md", mode: "live", status: "succeeded", account: "123456789012", alias: "sandbox", weight: "sandbox", weight_guessed: false, started_at: ago(90_000), started_by: "ana", ended_at: ago(89_000), steps_done: 9, steps_total: 9, glass_broken: false, said: "done · 7 m planned, 6 m 40 s", updated_at: ago(400), driven_by: null, standing: [] },
    { run: "7a00", title: "ECS API and worker", plan_path: plan.path, mode: "practice", status: "rolled_back", account: "111122223333", alias: null, weight: "practice", weight_guessed: false, started_at: ago(190_000), started_by: "ana", ended_at: ago(189_000), steps_done: 4, steps_total: 11, glass_broken: false, said: "rehearsed, crash loop → rolled back", updated_at: ago(400), driven_by: null, standing: [] },
  ],
  recent: [
    { path: plan.path, title: plan.title, opened_at: ago(3000), missing: false },
    { path: "/plans/agents.md", title: "Agents in three stages", opened_at: ago(200_000), missing: true },
  ],
  open_at_start: null,
  examples: [{ path: "/plans/first.plan.md", title: "Your first deployment", opened_at: "", missing: false }],
};

const notes = ["# Broker 2.4", "", "## Step 1: look", "", "```bash", "aws sts get-caller-identity", "aws ecs describe-services --cluster broker --services broker-api", "# Expected: \"runningCount\": 2", "```", "", "## Step 2: deploy", "", "```bash", "./scripts/notify.sh start", "```"];
const step1 = ["```yaml step", "id: check_broker_api", "uses: ecs.check", "with: { cluster: broker, service: broker-api }", "expect: { running: 2 }", "```", ""];
const proposal = (line: number, command: string, more: Partial<ProposalView>): ProposalView => ({ id: `p${line}`, line, command, outcome: "kept", kind: null, step: null, yaml: null, effect: null, why: null, guessed: [], ...more });

/** A guide that would become a checked plan. */
export const importing: ImportView = {
  path: "/plans/DEPLOYMENT.md", digest: "ab".repeat(32), title: "Broker 2.4", state: "imported", said: "3 commands became a checked plan: 1 lifted, 1 kept as scripts, 1 in need of no step, 0 left alone.",
  proposals: [
    proposal(6, "aws sts get-caller-identity", { outcome: "absorbed", why: "Holdpoint asserts the account and role of the target before each step that changes something." }),
    proposal(7, notes[6] ?? "", { outcome: "lifted", kind: "ecs.check", step: "check_broker_api", yaml: step1.slice(1, -2).join("\n"), guessed: ["The region `eu-central-1` is that of the plan's target."] }),
    proposal(14, "./scripts/notify.sh start", { kind: "shell", step: "notify_sh_start", effect: "once", why: "`notify.sh` has no typed step." }),
  ],
  left: [{ line: 20, what: "a code fence", why: "the fence is not closed, so everything after it is code; close it and import again" }],
  rows: notes.flatMap((text, at): ImportRow[] => {
    const added = at === 4 ? step1 : [];
    const shift = at >= 4 ? step1.length : 0;
    return [...added.map((after, number): ImportRow => ({ from: null, to: at + 1 + number, before: null, after })), { from: at + 1, to: at + 1 + shift, before: text, after: null }];
  }),
  findings: [
    { finding: { code: "no-undo", severity: "warning", message: "`notify_sh_start` changes something and says not how to undo it", line: 20, column: 1, excerpt: "id: notify_sh_start", hint: "Write `undo: { uses: …, with: … }`." }, fix: "f1", fix_title: "Add a manual undo" },
  ],
  damage: null, damage_diff: null, repaired: false, suggested: "/plans/DEPLOYMENT.plan.md",
};
/** The same, of a damaged text. */
export const damagedImport: ImportView = { ...importing, damage: { said: "UTF-8 read as MacRoman, 2 places", places: 2, guessed: 0 }, damage_diff: "@@ -1,2 +1,2 @@\n-## Step 1: look ‚úÖ\n+## Step 1: look ✅\n" };

/** What the failed step offers to be recognised by. */
export const knownOffer: KnownOffer = {
  messages: [
    { place: "log", text: "exec /app/entrypoint.sh: exec format error", regex: "exec /app/entrypoint\\.sh: exec format error" },
    { place: "exit_code", text: "255", regex: null },
  ],
  folders: [{ to: "user", folder: "/home/ana/.local/share/holdpoint/known-problems" }, { to: "plan", folder: "/home/ana/deploy/known-problems" }],
};

/** Two runs beside each other. */
export const compared: ComparisonView = {
  one: { run: "7a00", title: "ECS API and worker", mode: "practice", scenario: "healthy", account: "111122223333", outcome: "Practice. The plan was walked to its end: all 3 steps are done.", started_at: ago(190_000), took: 1320, plan_digest: "ab".repeat(32) },
  other: { run: "7k2m", title: "ECS API and worker", mode: "live", scenario: null, account: "111122223333", outcome: "The run is open: deploy_api failed, and waits for a decision.", started_at: ago(1080), took: 1080, plan_digest: "ab".repeat(32) },
  differs: ["mode: practice, and live", "scenario: healthy, and none"],
  steps: [
    {
      step: "deploy_api", title: "Deploy API", differs: ["succeeded, and rolled back by aws"], outputs: [{ name: "deployment", one: "ecs-svc/1111111111111111111", other: null }],
      one: { status: "succeeded", took: 240, attempts: 1, said: null, event: 29 }, other: { status: "rolled_back_by_aws", took: 610, attempts: 2, said: "AWS rolled the deployment back: 3 of 3 tasks stopped", event: 31 },
    },
    { step: "health", title: "Health from outside", differs: [], outputs: [], one: { status: "pending", took: null, attempts: 0, said: null, event: null }, other: { status: "pending", took: null, attempts: 0, said: null, event: null } },
    { step: "notify", title: "Tell the others", differs: ["only the second plan has it"], outputs: [], one: null, other: { status: "pending", took: null, attempts: 0, said: null, event: null } },
  ],
  services: [{ name: "ecs/broker/broker-api", one: "broker-api:2, 2 tasks", other: "broker-api:1, 2 tasks" }],
};
