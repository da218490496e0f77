//! A step as shown.

use super::{CardView, ChecklistItem, EstimateView};
use holdpoint_plan::Effect;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not yet its turn.
    Pending,
    /// It waits for others.
    Blocked,
    /// It is next.
    Ready,
    /// It waits for signatures.
    Held,
    /// It goes on here, or a person is asked.
    Running,
    /// What it started goes on outside.
    Waiting,
    /// Its result is judged.
    Verifying,
    /// What was asked for is what is.
    Succeeded,
    /// It is not.
    Failed,
    /// Nobody knows.
    Unknown,
    /// AWS put back what ran before.
    RolledBackByAws,
    /// Somebody else's took its place.
    Superseded,
    /// Left out.
    Skipped,
    /// Done, and undone.
    Compensated,
    /// Practice cannot do it.
    NotPractised,
}

/// A revision in a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Revision {
    /// Family and revision.
    pub name: String,
    /// `new`, `old` or `other`.
    pub role: String,
    /// In words: "1 of 2 healthy".
    pub said: String,
    /// Image by digest.
    pub image: Option<String>,
    /// Wanted tasks.
    pub desired: u32,
    /// Running tasks.
    pub running: u32,
    /// Tasks.
    pub tasks: Vec<RolloutTask>,
}

/// A task in a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RolloutTask {
    /// Id.
    pub id: String,
    /// `starting`, `healthy`, `running`, `unhealthy`, `stopping` or `stopped`.
    pub state: String,
    /// In words.
    pub said: String,
}

/// Failures that the circuit breaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Failures")]
pub struct RolloutFailures {
    /// So far.
    pub seen: u32,
    /// When it trips.
    pub limit: u32,
}

/// The stage of a deployment that shifts traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RolloutStage {
    /// AWS's name, `BAKE_TIME`.
    pub name: String,
    /// In words: "baking".
    pub said: String,
    /// Since when.
    pub since: Option<String>,
    /// When it ends, about, where it ends by itself.
    pub ends_at: Option<String>,
}

/// How much traffic the new revision has been given, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct RolloutTraffic {
    /// Of production.
    pub production: Option<f64>,
    /// Of test traffic.
    pub test: Option<f64>,
}

/// A hook of the deployment that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RolloutHook {
    /// When its time is up.
    pub expires_at: Option<String>,
    /// What AWS does then, in words.
    pub otherwise: String,
}

/// The alarms that a deployment watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RolloutAlarms {
    /// In words: "watched", "went off", "watched to the end", "not watched".
    pub said: String,
    /// Their names.
    pub names: Vec<String>,
    /// Those of them that went off.
    pub triggered: Vec<String>,
}

/// A rollout, live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "Rollout")]
pub struct RolloutView {
    /// The deployment's id.
    pub deployment: String,
    /// In words.
    pub said: String,
    /// `rolling`, `blue/green`, `linear`, `canary`; empty where it is not known.
    pub strategy: String,
    /// Where a deployment that shifts traffic stands.
    pub stage: Option<RolloutStage>,
    /// Traffic of the new revision, where there is traffic to shift.
    pub traffic: Option<RolloutTraffic>,
    /// A hook that waits for an answer.
    pub hook: Option<RolloutHook>,
    /// Alarms, where any are configured.
    pub alarms: Option<RolloutAlarms>,
    /// Revisions.
    pub revisions: Vec<Revision>,
    /// Failures, where a breaker counts them.
    pub failures: Option<RolloutFailures>,
    /// The breaker, in words.
    pub breaker: String,
    /// The newest event.
    pub last_event: Option<RolloutEvent>,
    /// When AWS was asked.
    pub asked_at: String,
}

/// An event of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "LastEvent")]
pub struct RolloutEvent {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

/// A sample of a soak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sample {
    /// When.
    pub at: String,
    /// All well.
    pub ok: bool,
    /// What was seen.
    pub said: String,
}

/// Whether an expectation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Not yet judged.
    Pending,
    /// It holds.
    Passed,
    /// It does not.
    Failed,
}

/// An expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CheckResult {
    /// What.
    pub title: String,
    /// Whether it holds.
    pub status: CheckStatus,
    /// What the plan says.
    pub expected: Option<String>,
    /// What is.
    pub found: Option<String>,
    /// The answer came from the plan's own expectation.
    pub assumed: bool,
}

/// Something that happened outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepEvent {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
    /// Not good.
    pub bad: bool,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// Number, stable.
    pub number: u64,
    /// When it was written.
    pub at: Option<String>,
    /// Where from.
    pub source: String,
    /// The text.
    pub text: String,
    /// `must`, `must_not`, `error`, where the line means something.
    pub mark: Option<String>,
}

/// Lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// How many there were in all.
    pub total: u64,
}

/// A known problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Known")]
pub struct KnownView {
    /// Its id.
    pub id: String,
    /// Name.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// Where it comes from, of one's own.
    pub cause: Option<String>,
    /// What mends it.
    pub repairs: Vec<String>,
    /// Set for one's own; else it is Holdpoint's.
    pub own: Option<OwnView>,
}

/// Whose a known problem of one's own is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "OwnProblem")]
pub struct OwnView {
    /// `user` or `plan`: the user's folder, or the one beside the plan.
    #[ts(type = "\"user\" | \"plan\"")]
    pub owner: String,
    /// Its file.
    pub file: String,
}

/// A fact of a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Fact")]
pub struct FactView {
    /// Who says it.
    pub label: String,
    /// What.
    pub text: String,
    /// `plain`, `danger` or `code`.
    pub tone: String,
}

/// Why it did not go as asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "Diagnosis")]
pub struct DiagnosisView {
    /// What is true now.
    pub title: String,
    /// Seconds that it took.
    pub took: Option<f64>,
    /// Facts with their source.
    pub facts: Vec<FactView>,
    /// The last lines of the log.
    pub last_lines: Vec<LogLine>,
    /// Known problems that match, one's own first.
    pub known: Vec<KnownView>,
    /// Files of known problems of one's own that cannot be used, each with its place.
    pub own_faults: Vec<String>,
    /// What to do now.
    pub hints: Vec<String>,
}

/// A way on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Choice")]
pub struct ChoiceView {
    /// `retry`, `skip`, `settle_succeeded`, `settle_failed`, `rollback` or `abort`.
    pub choice: String,
    /// Its name.
    pub title: String,
    /// What it does.
    pub about: String,
    /// A reason is wanted.
    pub needs_reason: bool,
}

/// A text to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "CopyText")]
pub struct CopyView {
    /// What it is.
    pub label: Option<String>,
    /// The text.
    pub text: String,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "AskField")]
pub struct FieldView {
    /// Name.
    pub name: String,
    /// What to enter.
    pub prompt: String,
    /// In memory only.
    pub secret: bool,
    /// May be left empty.
    pub optional: bool,
    /// Regular expression.
    pub pattern: Option<String>,
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "AskOption")]
pub struct OptionView {
    /// Id.
    pub id: String,
    /// One line.
    pub title: String,
    /// What may go wrong.
    pub risk: Option<String>,
    /// More.
    pub details: Option<String>,
    /// The author's advice.
    pub recommended: bool,
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(rename = "Ask")]
pub enum AskView {
    /// Something to do, with values to bring back.
    Fields {
        /// What to do.
        instructions_html: String,
        /// Where to go.
        link: Option<String>,
        /// Texts to copy.
        copy: Vec<CopyView>,
        /// Values to bring back.
        fields: Vec<FieldView>,
        /// Evidence to bring.
        evidence: Option<String>,
        /// Phrase to type.
        confirm: Option<String>,
    },
    /// Something to decide.
    Decision {
        /// What.
        question: String,
        /// The options.
        options: Vec<OptionView>,
        /// When it is settled without an answer, of what is asked while a step is followed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        expires_at: Option<String>,
        /// What happens then.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        if_unanswered: Option<String>,
    },
    /// A phrase to type before something is sent.
    Phrase {
        /// What will be done.
        about: String,
        /// The phrase.
        phrase: String,
    },
    /// Items to tick.
    Checklist,
}

/// A script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Script")]
pub struct ScriptView {
    /// Language.
    pub language: String,
    /// Text.
    pub text: String,
    /// It is run; otherwise the step replaces it.
    pub runs: bool,
}

/// A step, all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StepView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Kind.
    pub kind: String,
    /// What repeating it would do.
    #[ts(type = "Effect")]
    pub effect: Effect,
    /// Where it stands.
    pub status: StepStatus,
    /// Why it is blocked or skipped; what it waits for.
    pub said: Option<String>,
    /// What it works on: "service api in main".
    pub subject: Option<String>,
    /// The prose before it.
    pub prose_html: Option<String>,
    /// Its script.
    pub script: Option<ScriptView>,
    /// When it began.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// Counts up from 1.
    pub attempt: u32,
    /// It used a value that has changed since.
    pub stale: bool,
    /// The rollout, live.
    pub rollout: Option<RolloutView>,
    /// What it shows besides: a table of changes, a copy, an operation.
    pub card: Option<CardView>,
    /// Samples of a soak.
    pub samples: Vec<Sample>,
    /// Expectations.
    pub checks: Vec<CheckResult>,
    /// What happened outside, the newest first.
    pub events: Vec<StepEvent>,
    /// Items.
    pub items: Vec<ChecklistItem>,
    /// Why it did not go as asked.
    pub diagnosis: Option<DiagnosisView>,
    /// Ways on.
    pub choices: Vec<ChoiceView>,
    /// What a person is asked.
    pub ask: Option<AskView>,
    /// How many lines its log has.
    pub log_lines: u64,
    /// Where they come from.
    pub log_source: Option<String>,
}
