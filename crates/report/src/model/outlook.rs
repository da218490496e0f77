//! What the journal means to those who read on from here: stakeholders, the next operator, what runs, what is owed.

use holdpoint_plan::StepId;
use holdpoint_run::At;
use serde::{Deserialize, Serialize};

/// A sentence, and the event that it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The sentence.
    pub text: String,
    /// The event that says so.
    pub event: u64,
}

/// The report in short, once for each who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// For those who wait for the deployment.
    pub stakeholders: Stakeholders,
    /// For whoever sits down at the console next.
    pub operator: Vec<Statement>,
}

/// What those who wait for a deployment ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stakeholders {
    /// How it stands.
    pub status: Statement,
    /// When it is there, or when it was.
    pub arrival: Statement,
    /// What it waits for; `None` when nothing stands in the way.
    pub blocker: Option<Statement>,
    /// What could still go wrong, or is less certain than it looks.
    pub risks: Vec<Statement>,
}

/// A service before the run and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceReport {
    /// E.g. `ecs/<cluster>/<service>`.
    pub key: String,
    /// As it was pinned before the first change.
    pub before: Side,
    /// As the run left it, as far as its own steps have seen.
    pub now: Side,
    /// The step that says what is now; `None` when no step of the run got as far as touching it.
    pub by: Option<StepId>,
    /// What there is to be said of it.
    pub note: Option<String>,
}

/// A service at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Whether it existed.
    pub exists: bool,
    /// Its revision, e.g. `api:41`.
    pub revision: Option<String>,
    /// Its images: container and digest, or the reference where no digest is known.
    pub images: Vec<(String, String)>,
    /// How many of its tasks were wanted, or ran.
    pub count: Option<i64>,
    /// The event that says so.
    pub event: u64,
}

/// A choice that a person made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceReport {
    /// At which step.
    pub step: StepId,
    /// What was chosen.
    pub chosen: String,
    /// Whether the plan recommends it.
    pub recommended: bool,
    /// What was turned down, with the risk that the plan names.
    pub turned_down: Vec<(String, Option<String>)>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: At,
    /// Its event.
    pub event: u64,
}

/// Something left for later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObligationReport {
    /// Its id in the run.
    pub id: String,
    /// What is to be done.
    pub what: String,
    /// Who sees to it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<At>,
    /// The step that left it.
    pub step: StepId,
    /// Since when it stands.
    pub opened: At,
    /// Who closed it, what was done and when; `None` while it stands.
    pub closed: Option<(String, String, At)>,
    /// The newest event about it.
    pub event: u64,
}
