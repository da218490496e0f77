//! What a report carries so that somebody else can check it: the plans and the events, byte for byte.

use crate::model::AnchorFact;
use holdpoint_run::RunId;
use serde::{Deserialize, Serialize};

/// The journal behind a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Version of Holdpoint that wrote the report: another may say the same in other words.
    pub writer: String,
    /// The run.
    pub run: RunId,
    /// Heads that the device signed.
    pub anchors: Vec<AnchorFact>,
    /// The plans that were walked: the first, then the revisions that were adopted.
    pub plans: Vec<PlanCopy>,
    /// Every event as it is stored, in order.
    pub events: Vec<String>,
}

/// A plan's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanCopy {
    /// Its text, which is UTF-8.
    Text(String),
    /// Its bytes, hex, in any other encoding.
    Hex(String),
}

/// Whether a report carries its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carried {
    /// It does: `holdpoint verify FILE` needs nothing else.
    Journal(Box<Journal>),
    /// It does not, and this is why.
    Not(String),
}

impl Carried {
    /// The journal, when it is there.
    pub fn journal(&self) -> Option<&Journal> {
        match self {
            Self::Journal(journal) => Some(journal),
            Self::Not(_) => None,
        }
    }
}
