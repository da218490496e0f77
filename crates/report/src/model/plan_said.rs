//! What the plan says besides what is walked: costs, readiness, commands, revisions.

use holdpoint_plan::StepId;
use holdpoint_run::At;
use serde::{Deserialize, Serialize};

/// What the plan says that it costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CostReport {
    /// Line by line.
    pub items: Vec<CostItem>,
    /// What this change adds, by currency: the sum of the lines that are new.
    pub change: Vec<Money>,
    /// What is there already, by currency: the sum of the other lines.
    pub standing: Vec<Money>,
    /// Whether the plan's own total is the sum of its lines; `None` where it names none, or several.
    pub adds_up: Option<bool>,
    /// The event that pinned the plan which says so.
    pub event: u64,
}

/// An amount, from and to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// As the plan writes it, e.g. `$`.
    pub currency: String,
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// A line of a table of costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostItem {
    /// In the author's words.
    pub item: String,
    /// How much.
    pub amount: Money,
    /// It comes with this change.
    pub new: bool,
    /// It is a sum of others.
    pub total: bool,
    /// The line of the plan's text, from 1.
    pub line: usize,
}

/// How far an area is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaReport {
    /// A stage, a checklist, or a section that the plan gives a status.
    pub area: String,
    /// What is counted.
    pub of: AreaKind,
    /// How many are done; steps that were not practised or were left out are not.
    pub done: usize,
    /// How many there are.
    pub all: usize,
    /// The status that the author claims, in the author's own plan; never counted.
    pub claimed: Option<String>,
    /// The event that says so.
    pub event: u64,
}

/// What an area counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaKind {
    /// Steps of a stage.
    Steps,
    /// Items of a checklist that must be ticked.
    Items,
    /// Nothing: a section of the plan's text with a status.
    Claim,
}

/// Something that the plan says remains to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStep {
    /// In the author's words.
    pub text: String,
    /// The line of the plan's text, from 1.
    pub line: usize,
    /// The event that pinned the plan which says so.
    pub event: u64,
}

/// The commands that do what a step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReport {
    /// The step.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// The author's own commands, which the step runs or stands for.
    pub written: Option<Written>,
    /// What was sent, as commands of the AWS CLI where it is a call of AWS.
    pub sent: Vec<Sent>,
}

/// A script as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// E.g. `bash`.
    pub language: String,
    /// The commands, exactly.
    pub text: String,
    /// Whether the step ran them; else a typed step did the same instead.
    pub ran: bool,
    /// The event that pinned the plan which says so.
    pub event: u64,
}

/// A call that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// E.g. `ecs:UpdateService`.
    pub call: String,
    /// A command that sends the same.
    pub command: Option<String>,
    /// It belongs to the way back.
    pub undo: bool,
    /// The event of its sending.
    pub event: u64,
}

/// A plan that the run walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionReport {
    /// SHA-256 of its bytes, hex.
    pub digest: String,
    /// Where it was opened.
    pub path: String,
    /// By whom it was brought in.
    pub by: String,
    /// Why; `None` for the one that the run began with.
    pub reason: Option<String>,
    /// What it changed: steps and how.
    pub changes: Vec<String>,
    /// Since when.
    pub at: At,
    /// Its event.
    pub event: u64,
}
