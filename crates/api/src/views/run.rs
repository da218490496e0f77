//! A run as shown.

use super::{EstimateView, HoldRule, Identity, PersonView, RunStatus, StandingNote, StepStatus, StepView};
use holdpoint_plan::Role;
use holdpoint_run::{Decision, Mode};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChecklistItem {
    /// Id.
    pub id: String,
    /// Text.
    pub text: String,
    /// Ticked.
    pub on: bool,
    /// `[x]` in the file: the author's claim.
    pub claimed: bool,
    /// May be left open.
    pub optional: bool,
    /// The step that ticks it; a person needs a reason then.
    pub from: Option<String>,
    /// Evidence that is wanted.
    pub evidence: Option<String>,
    /// By whom and when.
    pub said: Option<String>,
}

/// An output of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Output")]
pub struct OutputView {
    /// The step.
    pub step: String,
    /// Name.
    pub name: String,
    /// Value as text; empty for a secret.
    pub value: String,
    /// It is kept in memory only.
    pub secret: bool,
    /// When it came.
    pub at: String,
    /// Title of the step.
    pub from: String,
    /// Steps that used it.
    pub used_by: Vec<String>,
    /// Somebody used another value of it.
    pub stale: bool,
}

/// A signature as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Signature")]
pub struct SignatureView {
    /// Who.
    pub person: PersonView,
    /// When.
    pub at: String,
    /// Go or no-go.
    #[ts(type = "\"go\" | \"no_go\"")]
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// Signed without a person at the console.
    pub auto: bool,
    /// Why it does not count any more.
    pub void: Option<String>,
}

/// Something covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Covered")]
pub struct CoveredView {
    /// What.
    pub label: String,
    /// Its value, shortened.
    pub value: String,
}

/// A hold as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Hold")]
pub struct HoldView {
    /// `stage:<id>` or `step:<id>`.
    pub id: String,
    /// What is approved.
    pub title: String,
    /// What it stands before, in words.
    pub stands_before: String,
    /// It waits for signatures now.
    pub open: bool,
    /// Who must sign.
    pub rule: HoldRule,
    /// What is covered.
    pub covers: Vec<CoveredView>,
    /// Signatures so far, void ones too.
    pub signatures: Vec<SignatureView>,
    /// Why it cannot be signed yet.
    pub not_yet: Option<String>,
}

/// A stage as shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StageView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is for.
    #[ts(type = "Role")]
    pub role: Role,
    /// Where it stands.
    pub status: StepStatus,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// Seconds spent so far, wall clock.
    pub spent: Option<f64>,
    /// The hold before it.
    pub hold: Option<HoldView>,
    /// Its steps.
    pub steps: Vec<StepView>,
}

/// One undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UndoStep {
    /// The step that is undone.
    pub step: String,
    /// Its title.
    pub title: String,
    /// What will be done.
    pub text: String,
    /// Where it stands.
    pub status: StepStatus,
}

/// What a rollback does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RollbackSet {
    /// When the world was kept.
    pub pinned_at: Option<String>,
    /// In this order.
    pub steps: Vec<UndoStep>,
    /// What whoever rolls back must know.
    pub cautions: Vec<CautionView>,
    /// Whether there is anything to put back.
    pub possible: bool,
}

/// Something that whoever rolls back must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CautionView {
    /// Names it when it is accepted.
    pub id: String,
    /// What is so, in a sentence.
    pub says: String,
    /// Whether nothing is rolled back before somebody has said why it may be.
    pub must_accept: bool,
}

/// A hold that one person passed in an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Glass")]
pub struct GlassView {
    /// What it stood before.
    pub before: String,
    /// Who.
    pub person: PersonView,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// Who drives a run that this process does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Driver")]
pub struct DriverView {
    /// Process and host, since when.
    pub what: String,
}

/// A run, all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunView {
    /// Its id.
    pub run: String,
    /// Number of its newest event.
    pub seq: u64,
    /// The plan's title.
    pub title: String,
    /// Where the plan was opened.
    pub plan_path: String,
    /// SHA-256 of the plan that it is walked by now.
    pub plan_digest: String,
    /// Live or practice.
    #[ts(type = "Mode")]
    pub mode: Mode,
    /// Divides durations, in practice.
    pub speed: f64,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// Where it stands.
    pub status: RunStatus,
    /// The same, in words.
    pub said: String,
    /// When it began.
    pub started_at: String,
    /// Who began it.
    pub started_by: PersonView,
    /// When it ended.
    pub ended_at: Option<String>,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// What it is pinned to.
    pub identity: Identity,
    /// Who drives it, where that is not this process.
    pub driven_by: Option<DriverView>,
    /// It is open, and nobody drives it.
    pub resumable: bool,
    /// What is known and what is not, where that is so.
    pub standing: Vec<StandingNote>,
    /// When something of it was stored last.
    pub updated_at: String,
    /// Stages.
    pub stages: Vec<StageView>,
    /// The step that it is at.
    pub current: Option<String>,
    /// The hold that it stands at, or the next one.
    pub hold: Option<HoldView>,
    /// Outputs so far.
    pub outputs: Vec<OutputView>,
    /// What a rollback does.
    pub rollback: RollbackSet,
    /// Who may sign here.
    pub people: Vec<PersonView>,
    /// Secrets that it waits for, by name.
    pub wants: Vec<String>,
    /// The sign-in that it waits for: it goes on by itself when somebody has signed in.
    pub lapsed: Option<LapseView>,
    /// The step that goes on, where somebody here can have it stopped.
    pub stop: Option<StopView>,
    /// Holds that one person passed in an emergency.
    pub broken: Vec<GlassView>,
    /// Why it stopped in this process.
    pub halted: Option<String>,
    /// Head of its chain, hex.
    pub head: String,
}

/// A step that can be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "StopOffer")]
pub struct StopView {
    /// Its id.
    pub step: String,
    /// How far it was asked to stop.
    pub asked: StopAsked,
}

/// How far a step was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StopAsked {
    /// Nobody asked.
    No,
    /// It ends what it must, and puts away what it has.
    Gently,
    /// It is ended, whatever it is doing.
    Hard,
}

/// A sign-in that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Lapse")]
pub struct LapseView {
    /// The Identity Center session to sign in to, where there is one.
    pub session: Option<String>,
    /// What is over, and what to do.
    pub said: String,
}
