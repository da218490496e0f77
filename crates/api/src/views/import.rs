//! A guide and the checked plan that it would become, side by side.

use super::{Damage, Finding};
use holdpoint_plan::Effect;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a guide would become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportView {
    /// The guide's file.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Title of the result.
    pub title: String,
    /// What became of the file as a whole.
    pub state: ImportStateView,
    /// The same in a sentence.
    pub said: String,
    /// What each command became, in order of the file.
    pub proposals: Vec<ProposalView>,
    /// What was left alone.
    pub left: Vec<LeftAloneView>,
    /// Both texts, line by line.
    pub rows: Vec<ImportRow>,
    /// What is to be said about the result.
    pub findings: Vec<ImportFinding>,
    /// Damage of the guide's text, whether repaired or not.
    pub damage: Option<Damage>,
    /// The repair of that damage as a unified diff.
    pub damage_diff: Option<String>,
    /// Whether it was repaired.
    pub repaired: bool,
    /// A file name for the result, beside the guide.
    pub suggested: String,
}

/// What became of a file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ImportState")]
pub enum ImportStateView {
    /// It would be a checked plan.
    Imported,
    /// It is one already.
    CheckedAlready,
    /// It has nothing that a run could walk.
    NothingToWalk,
    /// It cannot be changed safely.
    Unchanged,
}

/// What a command becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProposalView {
    /// Stays the same as long as the command does.
    pub id: String,
    /// Its first line in the guide, from 1.
    pub line: u32,
    /// As it is written.
    pub command: String,
    /// What becomes of it.
    pub outcome: OutcomeView,
    /// The kind of its step: `shell` where it is kept, null where it needs none.
    pub kind: Option<String>,
    /// Id of its step.
    pub step: Option<String>,
    /// Its step in YAML, where it was lifted.
    pub yaml: Option<String>,
    /// What repeating it would do, where it is kept or offered.
    #[ts(type = "Effect | null")]
    pub effect: Option<Effect>,
    /// Why it was kept, needs no step, or is only offered.
    pub why: Option<String>,
    /// What was assumed.
    pub guessed: Vec<String>,
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ImportOutcome")]
pub enum OutcomeView {
    /// A typed step.
    Lifted,
    /// It could be one, and was refused.
    Refused,
    /// It stays as it is.
    Kept,
    /// It needs no step.
    Absorbed,
    /// It stands in a sentence, and becomes a step only when that is accepted.
    Offered,
}

/// Something that was left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "LeftAlone")]
pub struct LeftAloneView {
    /// Its first line in the guide.
    pub line: u32,
    /// What it is.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A line of both texts, or of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportRow {
    /// Number of the guide's line, from 1.
    pub from: Option<u32>,
    /// Number of the result's line.
    pub to: Option<u32>,
    /// The guide's line.
    pub before: Option<String>,
    /// The result's line, where it differs; null with `to` set is the same text.
    pub after: Option<String>,
}

/// A finding of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportFinding {
    /// What is wrong.
    pub finding: Finding,
    /// Id of the repair that it offers.
    pub fix: Option<String>,
    /// What that repair does.
    pub fix_title: Option<String>,
}

/// A result that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportSaved {
    /// Where.
    pub path: String,
    /// How many bytes.
    pub bytes: u64,
}
