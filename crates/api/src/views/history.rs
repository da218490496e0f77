//! Runs that are looked for.

use super::RunSummary;
use serde::Serialize;
use ts_rs::TS;

/// A run in the history.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PastRun {
    /// As in every list.
    pub summary: RunSummary,
    /// The services that it is about.
    pub services: Vec<String>,
}

/// Runs that were looked for, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct HistoryView {
    /// Those of this page.
    pub rows: Vec<PastRun>,
    /// How many were found.
    pub found: u32,
    /// How many runs there are.
    pub total: u32,
}
