//! What a plan's author says of it, as shown: claims, each with its place; nothing of it is a run's.

use holdpoint_plan::{Exposure, FactKey, Mark};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far the author says something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Claim")]
pub struct ClaimView {
    /// The author's status.
    #[ts(
        type = "\"done\" | \"in_progress\" | \"pending\" | \"failed\" | \"blocked\" | \"skipped\" | \"manual\" | \"ready\""
    )]
    pub mark: Mark,
    /// Where it stands, from 1.
    pub line: u32,
}

/// A fact about the plan as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "SaidFact")]
pub struct SaidFactView {
    /// What it is about.
    #[ts(type = "string")]
    pub key: FactKey,
    /// In the author's words.
    pub value: String,
    /// Where it stands, from 1.
    pub line: u32,
}

/// A service that the plan names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "SaidService")]
pub struct SaidServiceView {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: Option<String>,
    /// Who can reach it, where that is said.
    #[ts(type = "\"public\" | \"private\" | null")]
    pub exposure: Option<Exposure>,
    /// Its state, where that is said.
    #[ts(type = "Claim[\"mark\"] | null")]
    pub mark: Option<Mark>,
    /// Where it stands, from 1.
    pub line: u32,
}

/// A line of what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(rename = "SaidCost")]
pub struct SaidCostView {
    /// What costs.
    pub item: String,
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
    /// As written: `$`, `€`, `USD`.
    pub currency: String,
    /// This change brings it.
    pub new: bool,
    /// It is the sum of the others.
    pub total: bool,
    /// Where it stands, from 1.
    pub line: u32,
}

/// Something that the author says is to be done, or how far something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "SaidItem")]
pub struct SaidItemView {
    /// The words.
    pub text: String,
    /// Its status, where that is said.
    #[ts(type = "Claim[\"mark\"] | null")]
    pub mark: Option<Mark>,
    /// Where it stands, from 1.
    pub line: u32,
}

/// What the author says, beside what would happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// Facts of the header that the rest of the view does not have.
    pub facts: Vec<SaidFactView>,
    /// Services with address and exposure.
    pub services: Vec<SaidServiceView>,
    /// How ready the author says each area is.
    pub readiness: Vec<SaidItemView>,
    /// What it costs.
    pub costs: Vec<SaidCostView>,
    /// What remains to be done afterwards.
    pub next_steps: Vec<SaidItemView>,
    /// Entries of the lists above that are too many to be shown.
    pub more: u32,
}
