//! Two runs beside each other.

use super::StepStatus;
use serde::Serialize;
use ts_rs::TS;

/// Two runs, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ComparisonView {
    /// The one.
    pub one: ComparedRun,
    /// The other.
    pub other: ComparedRun,
    /// What differs between the runs as wholes, in words.
    pub differs: Vec<String>,
    /// Every step that either has, in the order of the other's plan; what only the one has stands last.
    pub steps: Vec<ComparedStep>,
    /// Services that either changed.
    pub services: Vec<ComparedValue>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ComparedRun {
    /// Its id.
    pub run: String,
    /// The plan's title.
    pub title: String,
    /// Live or practice.
    #[ts(type = "Mode")]
    pub mode: holdpoint_run::Mode,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// The account.
    pub account: String,
    /// What became of it, in a sentence.
    pub outcome: String,
    /// When it began.
    pub started_at: String,
    /// How long it took, in the plan's time: practice hurries.
    pub took: f64,
    /// SHA-256 of its plan.
    pub plan_digest: String,
}

/// A step in both runs.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ComparedStep {
    /// Its id.
    pub step: String,
    /// Its title.
    pub title: String,
    /// In the one; null where its plan has no such step.
    pub one: Option<ComparedSide>,
    /// In the other.
    pub other: Option<ComparedSide>,
    /// What differs in how it went, in words; what took longer is no difference.
    pub differs: Vec<String>,
    /// Outputs that differ.
    pub outputs: Vec<ComparedValue>,
}

/// A step in one run.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ComparedSide {
    /// Where it stands.
    pub status: StepStatus,
    /// How long its attempts took together, in the plan's time.
    pub took: Option<f64>,
    /// How many attempts there were.
    pub attempts: u32,
    /// What there is to say of its end.
    pub said: Option<String>,
    /// Its newest event.
    pub event: Option<u32>,
}

/// A value in both runs; null where a run has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ComparedValue {
    /// What it is called.
    pub name: String,
    /// In the one.
    pub one: Option<String>,
    /// In the other.
    pub other: Option<String>,
}
