//! Two runs beside each other: practice and live, or this time and last time.

use crate::Problem;
use crate::console::Console;
use crate::views::{ComparisonView, comparison};
use holdpoint_run::RunId;
use serde::Deserialize;
use ts_rs::TS;

/// Two runs.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunPair {
    /// The one's id.
    pub one: String,
    /// The other's.
    pub other: String,
}

impl Console {
    /// Puts two runs beside each other, step by step.
    ///
    /// # Errors
    /// A run that there is not, or whose journal cannot be read.
    pub async fn compare(&self, one: &RunId, other: &RunId) -> Result<ComparisonView, Problem> {
        let (one, _) = self.reported(one).await?;
        let (other, _) = self.reported(other).await?;
        Ok(comparison(&one, &other))
    }
}
