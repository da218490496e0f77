//! What a report says. `event` is always the number of the event that says so; times are milliseconds since 1970 (UTC).

mod journal;
mod outlook;
mod plan_said;

pub use journal::*;
pub use outlook::*;
pub use plan_said::*;

use holdpoint_plan::{Role, StageId, StepId};
use holdpoint_run::{
    At, Decision, Diagnosis, HoldKey, How, ItemState, Judgement, Lane, Mode, Moment, RunEnd, RunId, Status,
    Work, WorkingCopy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the report's JSON form.
pub const FORMAT: u32 = 2;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub format: u32,
    /// Version of Holdpoint that wrote it.
    pub writer: String,
    /// What became of the deployment.
    pub outcome: Ending,
    /// What, where, who and when.
    pub header: Header,
    /// In short, for those who wait and for who goes on.
    pub summary: Summary,
    /// Services before the run and now.
    pub services: Vec<ServiceReport>,
    /// How far each area is.
    pub readiness: Vec<AreaReport>,
    /// Stages as planned and as walked.
    pub stages: Vec<StageReport>,
    /// Holds and who signed them.
    pub holds: Vec<HoldReport>,
    /// Checklists, item by item.
    pub checklists: Vec<ChecklistReport>,
    /// What was chosen where the plan gives a choice.
    pub choices: Vec<ChoiceReport>,
    /// Where the run left its plan, and what was not proven.
    pub deviations: Vec<Deviation>,
    /// Everything that did not go as asked, attempt by attempt.
    pub diagnoses: Vec<DiagnosisReport>,
    /// The rollback, if there was one.
    pub rollback: Option<RollbackReport>,
    /// What was before the run changed it.
    pub before: Vec<PinReport>,
    /// What the run changed, call by call.
    pub changes: Vec<Change>,
    /// Outputs with where they came from and who used them.
    pub outputs: Vec<OutputReport>,
    /// What is left for later.
    pub obligations: Vec<ObligationReport>,
    /// What it costs; `None` where the plan says nothing of costs.
    pub costs: Option<CostReport>,
    /// What the plan says remains to be done.
    pub next_steps: Vec<NextStep>,
    /// The plans that were walked.
    pub revisions: Vec<RevisionReport>,
    /// What does the same by hand.
    pub commands: Vec<CommandReport>,
    /// Files kept.
    pub evidence: Vec<EvidenceReport>,
    /// Request ids, to be found in CloudTrail.
    pub requests: Vec<Request>,
    /// The journal's proof.
    pub chain: Chain,
    /// Every event in one line.
    pub events: Vec<EventRow>,
    /// What `holdpoint verify` checks all of this by.
    pub carried: Carried,
}

/// What became of the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How the run ended; `None` while it is open.
    pub end: Option<RunEnd>,
    /// In one sentence.
    pub sentence: String,
    /// The event that ended it, or the newest one.
    pub event: u64,
}

/// What, where, who and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The plan's title.
    pub title: String,
    /// The run.
    pub run: RunId,
    /// Live or practice.
    pub mode: Mode,
    /// Scenario of the simulator, in practice.
    pub scenario: Option<String>,
    /// Twelve digits.
    pub account: String,
    /// AWS region.
    pub region: String,
    /// Role, where the plan names one.
    pub role: Option<String>,
    /// Profile that the run worked with.
    pub profile: String,
    /// Who started it: name.
    pub starter: String,
    /// Who started it: ARN.
    pub starter_arn: String,
    /// Whether AWS vouches for the starter's name.
    pub starter_verified: bool,
    /// When it began.
    pub started: At,
    /// When it ended.
    pub ended: Option<At>,
    /// Milliseconds from the first event to the last, as clocks showed it.
    pub wall: i64,
    /// Milliseconds as the plan counts them: wall time multiplied by the speed.
    pub planned_time: i64,
    /// Factor that divides durations in practice.
    pub speed: f64,
    /// The plan's estimate, seconds from and to.
    pub estimate: Option<(f64, f64)>,
    /// Where the plan was opened.
    pub plan_path: String,
    /// SHA-256 of the plan's bytes, hex.
    pub plan_digest: String,
    /// Lines of the plan's text, where it was given.
    pub plan_lines: Option<usize>,
    /// Commit of the plan's folder.
    pub git_sha: Option<String>,
    /// The working copy that the plan lay in when the run began.
    pub working_copy: Option<WorkingCopy>,
    /// Version of Holdpoint that began the run.
    pub version: String,
    /// Variables that are not secret.
    pub vars: Vec<(String, Value)>,
    /// The event of the start.
    pub event: u64,
}

/// A stage as planned and as walked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Its name.
    pub id: StageId,
    /// Its heading.
    pub title: String,
    /// What it is for.
    pub role: Role,
    /// The author's estimate, seconds from and to.
    pub estimate: Option<(f64, f64)>,
    /// Milliseconds from its first step's beginning to its last one's end, by the clock.
    pub wall: Option<i64>,
    /// Its steps.
    pub steps: Vec<StepReport>,
}

/// A step as planned and as walked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its name.
    pub id: StepId,
    /// Its title.
    pub title: String,
    /// Its kind, e.g. `ecs.deploy`.
    pub kind: String,
    /// Where it stands.
    pub status: Status,
    /// The author's estimate, seconds from and to.
    pub estimate: Option<(f64, f64)>,
    /// Names of used values that have changed since.
    pub stale: Vec<String>,
    /// Every attempt, in order; a step left out before any has none.
    pub attempts: Vec<Attempt>,
    /// The newest event about it.
    pub event: Option<u64>,
}

/// One attempt at a piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts up from 1; 0 for one that failed before its intent.
    pub number: u32,
    /// What was intended, one sentence.
    pub intent: String,
    /// Set when nothing was left to do: why.
    pub already: Option<String>,
    /// When it was intended.
    pub began: At,
    /// When it ended.
    pub ended: Option<At>,
    /// How it ended; `None` while it goes on.
    pub status: Option<Status>,
    /// What there is to say of its end.
    pub note: Option<String>,
    /// What was expected and what was found.
    pub judgements: Vec<Judgement>,
    /// What a person answered, in words, and who.
    pub answer: Option<(String, String)>,
    /// The event of its intent.
    pub event: u64,
    /// The event of its end.
    pub ended_event: Option<u64>,
}

/// A hold and who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldReport {
    /// Which.
    pub hold: HoldKey,
    /// What it wants, in words.
    pub wants: String,
    /// Whether every signature is there.
    pub satisfied: bool,
    /// What is covered: name and value for people.
    pub covers: Vec<(String, String)>,
    /// The event that opened it; `None` while the run has not arrived.
    pub event: Option<u64>,
    /// Every signature ever given.
    pub signatures: Vec<SignatureReport>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureReport {
    /// Go or no-go.
    pub decision: Decision,
    /// Name.
    pub name: String,
    /// ARN, as STS said.
    pub arn: String,
    /// Whether AWS vouches for the name.
    pub verified: bool,
    /// Signed without a person at the console.
    pub auto: bool,
    /// It passed the hold alone, in an emergency.
    pub glass: bool,
    /// When STS was asked.
    pub at: At,
    /// Digest over what it covers.
    pub covers: String,
    /// STS request id, to be found in CloudTrail.
    pub request_id: String,
    /// Public key of the device, hex.
    pub device_key: String,
    /// What the signer said.
    pub reason: Option<String>,
    /// Why it does not count any more.
    pub void: Option<String>,
    /// Its event.
    pub event: u64,
}

/// A checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistReport {
    /// Its step.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// Its items.
    pub items: Vec<ItemReport>,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemReport {
    /// Its text.
    pub text: String,
    /// May be left open.
    pub optional: bool,
    /// The author's claim in the file; never counted.
    pub claimed: bool,
    /// Its newest tick; `None` when nobody touched it.
    pub tick: Option<Tick>,
}

/// A tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Ticked, or taken back.
    pub on: bool,
    /// By whom.
    pub by: String,
    /// `console`, `cli`, or `step`.
    pub through: String,
    /// When.
    pub at: At,
    /// Why by hand, or why taken back.
    pub reason: Option<String>,
    /// A note, or a digest.
    pub evidence: Option<String>,
    /// Its event.
    pub event: u64,
}

impl Tick {
    pub(crate) fn of(item: &ItemState, event: u64) -> Self {
        Self {
            on: item.on,
            by: item.by.name.clone(),
            through: item.by.through.clone(),
            at: item.at,
            reason: item.reason.clone(),
            evidence: item.evidence.clone(),
            event,
        }
    }
}

/// Where the run left its plan, or proved less than it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// What kind.
    pub kind: DeviationKind,
    /// About what.
    pub about: String,
    /// What was decided or not proven, and why.
    pub why: String,
    /// Who decided it, where somebody did.
    pub by: Option<String>,
    /// When.
    pub at: At,
    /// Its event.
    pub event: u64,
}

/// Kinds of deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// Left out by a person.
    Skipped,
    /// Left out by its condition.
    SkippedByCondition,
    /// Walked again.
    Retried,
    /// A result was kept although what it used has changed.
    Kept,
    /// Practice could not do it.
    NotPractised,
    /// Judged against the plan's own expectation, in practice.
    Assumed,
    /// An answer that was lost, and how it was settled.
    Settled,
    /// Ticked by hand where a step should have done it.
    TickedByHand,
    /// A hold had to be signed again.
    HoldVoided,
    /// One person passed a hold in an emergency.
    GlassBroken,
    /// An edited plan took the place of the one that was walked.
    PlanReplaced,
    /// Another process took over.
    DriverChanged,
    /// The operator gave up.
    Aborted,
}

/// Something that did not go as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosisReport {
    /// Of what.
    pub work: Work,
    /// Which attempt.
    pub attempt: u32,
    /// In which way.
    pub status: Status,
    /// What was found out.
    pub diagnosis: Diagnosis,
    /// What was done about it; `None` when nothing was.
    pub then: Option<Statement>,
    /// When.
    pub at: At,
    /// Its event.
    pub event: u64,
}

/// A rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollbackReport {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: At,
    /// Its event.
    pub event: u64,
    /// Its undos, in order.
    pub items: Vec<UndoReport>,
    /// Steps that changed something and have nothing that undoes them.
    pub without_undo: Vec<StepId>,
}

/// One undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoReport {
    /// The step that is undone.
    pub step: StepId,
    /// The undo's kind.
    pub kind: String,
    /// What it does.
    pub summary: String,
    /// Where it stands.
    pub status: Status,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
}

/// What was before the run changed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PinReport {
    /// E.g. `ecs/<cluster>/<service>`.
    pub key: String,
    /// At which moment it was read.
    pub moment: Moment,
    /// Its content; `None` when it did not exist.
    pub content: Option<Value>,
    /// Digest of the sealed original.
    pub sealed: Option<String>,
    /// Its event.
    pub event: u64,
}

/// A call that changed something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Of what.
    pub work: Work,
    /// E.g. `ecs:UpdateService`.
    pub call: String,
    /// What exists or goes on since: kind and id.
    pub external: Vec<(String, String)>,
    /// How its receipt was come by; `None` when it has none.
    pub how: Option<How>,
    /// Whether a rollback has undone it since.
    pub undone: bool,
    /// When it was sent.
    pub at: At,
    /// The event of its receipt, else of its sending.
    pub event: u64,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// The step that gave it.
    pub step: StepId,
    /// Its name.
    pub name: String,
    /// Its value; `None` for a secret.
    pub value: Option<Value>,
    /// SHA-256 of the value's JSON, hex; empty for a secret.
    pub digest: String,
    /// Steps that used it.
    pub used_by: Vec<StepId>,
    /// The event that gave it.
    pub event: u64,
}

/// A file kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// Of what.
    pub work: Work,
    /// What it is called.
    pub name: String,
    /// SHA-256, hex.
    pub digest: String,
    /// Media type.
    pub media: String,
    /// Length.
    pub bytes: u64,
    /// Its event.
    pub event: u64,
}

/// A request, to be found in CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// AWS's request id.
    pub id: String,
    /// The call.
    pub call: String,
    /// What it was for.
    pub purpose: String,
    /// When.
    pub at: At,
    /// Its event.
    pub event: u64,
}

/// The journal's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// How many events.
    pub events: u64,
    /// Hash of the newest, hex.
    pub head: String,
    /// Heads that the device signed.
    pub anchors: Vec<AnchorFact>,
    /// What `verify` says.
    pub verdict: String,
}

/// A head that the device signed, kept outside the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorFact {
    /// How many events it vouches for.
    pub count: u64,
    /// Hash of the last of them, hex.
    pub head: String,
    /// The device's public key, hex.
    pub key: String,
    /// Ed25519 signature, hex.
    pub signature: String,
    /// When.
    pub at: At,
}

/// One event in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: At,
    /// Its kind, as stored.
    pub kind: String,
    /// Who caused it.
    pub actor: String,
    /// In words.
    pub says: String,
    /// Its hash, hex.
    pub hash: String,
}

/// Whether a work's lane is the way back.
pub(crate) fn is_undo(work: &Work) -> bool {
    match work.lane {
        Lane::Forward => false,
        Lane::Undo => true,
    }
}
