// The views that the core publishes and the page draws. Times are ISO 8601 with zone, durations are seconds.

export type Mode = "live" | "practice";
export type Severity = "error" | "warning" | "note";
export type Effect = "read" | "idempotent" | "once" | "destructive";
export type Role = "before" | "deploy" | "verify" | "after" | "rollback" | "reference";

export type StepStatus =
  | "pending" | "blocked" | "ready" | "held" | "running" | "asking" | "sent" | "waiting" | "verifying"
  | "succeeded" | "failed" | "unknown" | "rolled_back_by_aws" | "superseded"
  | "skipped" | "compensated" | "not_practised";

export type RunStatus =
  | "running" | "held" | "waiting_for_person" | "needs_decision" | "rolling_back" | "interrupted"
  | "succeeded" | "failed" | "rolled_back" | "aborted";

export type Problem = { code: string | null; message: string; hints: string[]; causes: string[] };

export type Estimate = { from: number; to: number };

/** Who acts: a person proved by AWS, or somebody nobody can vouch for. */
export type Person = { name: string; verified: boolean };

export type Identity = {
  profile: string | null;
  account: string;
  alias: string | null;
  role: string | null;
  region: string;
  arn: string | null;
  /** How careful to be: decides the colour of the account. */
  weight: "production" | "staging" | "sandbox" | "unknown" | "practice";
  checked_at: string | null;
  clocks: Clock[];
};

export type Clock = { what: "sso" | "role" | "registry"; ends_at: string; renews: boolean };

export type Profile = {
  name: string;
  kind: string;
  account: string | null;
  role: string | null;
  region: string | null;
  problems: string[];
};

export type Profiles = { profiles: Profile[]; explanation: string | null; default: string | null };

export type RecentPlan = { path: string; title: string; opened_at: string; missing: boolean };

export type RunSummary = {
  run: string;
  title: string;
  plan_path: string;
  mode: Mode;
  status: RunStatus;
  account: string;
  alias: string | null;
  weight: Identity["weight"];
  started_at: string;
  started_by: string;
  ended_at: string | null;
  steps_done: number;
  steps_total: number;
  /** One line: what it waits for, or how it ended. */
  said: string;
};

export type Waiting = {
  run: string;
  kind: "hold" | "failure" | "person" | "interrupted";
  title: string;
  plan: string;
  where: string;
  since: string;
  by: string | null;
};

export type Home = {
  waiting: Waiting[];
  open: RunSummary[];
  past: RunSummary[];
  recent: RecentPlan[];
  examples: RecentPlan[];
  identity: Identity | null;
};

export type Finding = {
  code: string;
  severity: Severity;
  message: string;
  line: number;
  column: number;
  excerpt: string;
  hint: string | null;
};

export type Block = {
  html: string;
  start_line: number;
  end_line: number;
  kind: "heading" | "paragraph" | "list" | "code" | "table" | "quote" | "stage_fence" | "step_fence" | "checklist" | "rule" | "html" | "front_matter";
  step: string | null;
};

export type PlanStep = {
  id: string;
  title: string;
  kind: string;
  effect: Effect;
  estimate: Estimate | null;
  hold: HoldRule | null;
  /** What undoes it, in words; null when nothing does. */
  undo: string | null;
  practice: "sim" | "local" | "stand_in" | "not_practised";
  line: number;
};

export type PlanStage = {
  id: string;
  title: string;
  role: Role;
  estimate: Estimate | null;
  hold: HoldRule | null;
  steps: PlanStep[];
};

export type HoldRule = { signatures: number; by_someone_else: boolean; by: string[] };

export type Target = { account: string; region: string; role: string | null };

export type PlanVar = { name: string; default: string | null; secret: boolean; description: string | null };

export type Scenario = { id: string; title: string; about: string };

export type PlanView = {
  path: string;
  digest: string;
  title: string;
  level: "guide" | "checked";
  trusted: boolean;
  target: Target | null;
  estimate: Estimate | null;
  vars: PlanVar[];
  stages: PlanStage[];
  blocks: Block[];
  findings: Finding[];
  /** What happened to the file's letters, when they had to be repaired for viewing. */
  damage: { said: string; places: number; guessed: number } | null;
  scenarios: Scenario[];
};

export type Judgement = { what: string; expected: string; found: string; holds: boolean; assumed: boolean };

export type StepEvent = { at: string; text: string; bad: boolean };

export type LogLine = { number: number; at: string | null; text: string; mark: "must" | "must_not" | "error" | null };

export type KnownProblem = { id: string; title: string; meaning: string; repairs: string[] };

export type Diagnosis = { headline: string; says: { who: string; what: string }[]; last_log: string[]; known: KnownProblem[]; hints: string[] };

export type Choice = {
  choice: "retry" | "skip" | "settle_succeeded" | "settle_failed" | "rollback" | "abort";
  title: string;
  about: string;
  needs_reason: boolean;
};

export type ChecklistItem = {
  id: string;
  text: string;
  on: boolean;
  claimed: boolean;
  optional: boolean;
  /** The step that ticks it; a person needs a reason then. */
  from: string | null;
  evidence: string | null;
  said: string | null;
};

export type Output = { step: string; name: string; value: string; secret: boolean; at: string; from: string; used_by: string[]; stale: boolean };

export type Signature = { person: Person; at: string; decision: "go" | "no_go"; reason: string | null; auto: boolean };

export type Hold = {
  id: string;
  title: string;
  stands_before: string;
  open: boolean;
  rule: HoldRule;
  covers: { label: string; value: string }[];
  signatures: Signature[];
  /** Why it cannot be signed yet, or null. */
  not_yet: string | null;
};

export type Ask = {
  instructions_html: string;
  link: string | null;
  copy: { label: string; text: string }[];
  fields: { name: string; prompt: string; secret: boolean; pattern: string | null; optional: boolean }[];
  options: { id: string; title: string; risk: string | null; details: string | null; recommended: boolean }[];
  phrase: string | null;
  evidence: string | null;
  /** It is answered by ticking the step's items. */
  items: boolean;
};

export type Answer = { fields: Record<string, string>; option: string | null; reason: string | null; phrase: string | null; evidence: string | null };

export type StepView = {
  id: string;
  title: string;
  kind: string;
  effect: Effect;
  status: StepStatus;
  /** Why it is blocked, skipped or unknown; what it waits for. */
  said: string | null;
  subject: string | null;
  prose_html: string | null;
  script: { language: string; text: string; runs: boolean } | null;
  started_at: string | null;
  ended_at: string | null;
  estimate: Estimate | null;
  attempt: number;
  stale: boolean;
  /** The family's own form of live progress. */
  progress: unknown;
  judgements: Judgement[];
  events: StepEvent[];
  items: ChecklistItem[];
  diagnosis: Diagnosis | null;
  choices: Choice[];
  ask: Ask | null;
  log_lines: number;
  log_source: string | null;
};

export type StageView = { id: string; title: string; role: Role; status: StepStatus; estimate: Estimate | null; spent: number | null; hold: Hold | null; steps: StepView[] };

export type UndoStep = { step: string; title: string; text: string; warning: string | null; status: StepStatus };

export type RollbackSet = { pinned_at: string | null; steps: UndoStep[]; warnings: string[]; possible: boolean };

export type RunView = {
  run: string;
  seq: number;
  title: string;
  plan_path: string;
  plan_digest: string;
  mode: Mode;
  speed: number;
  scenario: string | null;
  status: RunStatus;
  said: string;
  started_at: string;
  started_by: Person;
  ended_at: string | null;
  estimate: Estimate | null;
  identity: Identity;
  /** Null when this process drives it; else who does. */
  driven_by: { pid: number; since: string; what: string } | null;
  resumable: boolean;
  stages: StageView[];
  /** The step that the run is at. */
  current: string | null;
  hold: Hold | null;
  outputs: Output[];
  rollback: RollbackSet;
  people: Person[];
};

export type LogPage = { lines: LogLine[]; total: number };

export type ReportFormat = "markdown" | "html" | "json";

export type Update =
  | { type: "run"; view: RunView }
  | { type: "log"; run: string; step: string; lines: LogLine[] }
  | { type: "home" };
