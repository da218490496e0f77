//! Going back: what a rollback would do, of all or of a part, and its beginning.

use crate::views::{RollbackSet, rollback_view};
use crate::{Console, Problem};
use holdpoint_plan::StepId;
use holdpoint_run::{Command, RunId};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be put back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoBack {
    /// Why; kept in the journal.
    pub reason: String,
    /// Only these steps; all that changed something when absent.
    pub only: Option<BTreeSet<StepId>>,
    /// Cautions that are accepted, by id, each with its reason.
    pub accepts: BTreeMap<String, String>,
}

impl Console {
    /// What a rollback of these steps would do, or of all; what was begun already, as it is.
    ///
    /// # Errors
    /// A part that would tear apart what belongs together, with the steps that it lacks.
    pub async fn rollback_preview(
        &self,
        run: &RunId,
        only: Option<&BTreeSet<StepId>>,
    ) -> Result<RollbackSet, Problem> {
        Ok(rollback_view(&*self.state(run).await?, only)?)
    }

    /// Begins to put back.
    ///
    /// # Errors
    /// As the preview; a caution that has to be accepted and is not, with its id.
    pub async fn roll_back(&self, run: &RunId, back: GoBack) -> Result<(), Problem> {
        let GoBack { reason, only, accepts } = back;
        let by = self.actor();
        let name = by.name.clone();
        let command = Command::RollBack { by, reason, only, accepts };
        Ok(self.driving(run)?.command(command, &name).await?)
    }
}
