//! A plan as shown.

use super::{ClaimView, Overview};
use holdpoint_plan::{Effect, Role, Severity};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// From–to in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "Estimate")]
pub struct EstimateView {
    /// Shortest.
    pub from: f64,
    /// Longest.
    pub to: f64,
}

/// What a run is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Target")]
pub struct TargetView {
    /// Twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// Role or permission set.
    pub role: Option<String>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlanVar {
    /// Name.
    pub name: String,
    /// Default, as text.
    pub default: Option<String>,
    /// Asked for when needed.
    pub secret: bool,
    /// What is asked.
    pub description: Option<String>,
}

/// Who must sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HoldRule {
    /// How many people.
    pub signatures: u32,
    /// None of them may have started the run.
    pub by_someone_else: bool,
    /// Of these people; empty is anybody.
    pub by: Vec<String>,
    /// How long a signature counts, in minutes.
    pub valid_minutes: u32,
    /// One person may pass it in an emergency.
    pub break_glass: bool,
}

/// What a kind does in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Practice")]
pub enum PracticeKind {
    /// AWS calls go to the simulator.
    Sim,
    /// Reads of the plan's own folder.
    Local,
    /// Something stands in, and is marked.
    StandIn,
    /// Not practised, and shown as that.
    NotPractised,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlanStep {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Kind.
    pub kind: String,
    /// What repeating it would do.
    #[ts(type = "Effect")]
    pub effect: Effect,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// The hold before it.
    pub hold: Option<HoldRule>,
    /// What undoes it, in words.
    pub undo: Option<String>,
    /// What it does in practice.
    pub practice: PracticeKind,
    /// Line of its fence, from 1.
    pub line: u32,
}

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlanStage {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it is for.
    #[ts(type = "Role")]
    pub role: Role,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// The hold before it.
    pub hold: Option<HoldRule>,
    /// How far its author says it is; no run says so.
    pub claim: Option<ClaimView>,
    /// Its steps.
    pub steps: Vec<PlanStep>,
}

/// A part of the text, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Block {
    /// HTML made by the core; raw HTML of the plan is escaped in it.
    pub html: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// What it is: `heading`, `paragraph`, `list`, `code`, `table`, `quote`, `stage_fence`, `step_fence`, `checklist`,
    /// `rule`, `html`, `front_matter`.
    pub kind: String,
    /// The step that it belongs to.
    pub step: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// How much it matters.
    #[ts(type = "Severity")]
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The line of source.
    pub excerpt: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The repair that a finding offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingFix {
    /// Number of the finding in the view's list, from 0.
    pub finding: u32,
    /// The repair's id.
    pub id: String,
    /// What it does.
    pub title: String,
}

/// What a repair would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FixPreview {
    /// What it does.
    pub title: String,
    /// As a unified diff.
    pub diff: String,
}

/// Letters that were repaired for viewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Damage {
    /// What happened to the file.
    pub said: String,
    /// Places repaired.
    pub places: u32,
    /// Of which guessed.
    pub guessed: u32,
}

/// What the simulator can play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Scenario {
    /// Its name on the command line.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What happens.
    pub about: String,
}

/// A plan, opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlanView {
    /// Where it is.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Title.
    pub title: String,
    /// `guide` or `checked`.
    #[ts(type = "\"guide\" | \"checked\"")]
    pub level: holdpoint_plan::Level,
    /// Whether this content at this path was trusted.
    pub trusted: bool,
    /// What it is for.
    pub target: Option<TargetView>,
    /// The author's estimate.
    pub estimate: Option<EstimateView>,
    /// Variables.
    pub vars: Vec<PlanVar>,
    /// Stages.
    pub stages: Vec<PlanStage>,
    /// What the author says besides.
    pub overview: Overview,
    /// The text.
    pub blocks: Vec<Block>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// Repairs that they offer.
    pub fixes: Vec<FindingFix>,
    /// Letters that were repaired for viewing.
    pub damage: Option<Damage>,
    /// What can be practised.
    pub scenarios: Vec<Scenario>,
}
