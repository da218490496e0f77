//! A plan that was edited while a run of it is open, as shown.

use super::StepStatus;
use super::step_of::work_status;
use crate::Problem;
use holdpoint_plan::{Plan, StepId};
use holdpoint_run::{ChangeKind, State, StepChange};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the plan's file says now, beside what an open run is walked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Edited")]
pub struct EditedView {
    /// The plan's file.
    pub path: String,
    /// SHA-256 of what it says now.
    pub digest: String,
    /// SHA-256 of what the run is walked by.
    pub walked: String,
    /// This content is trusted at its path.
    pub trusted: bool,
    /// Its text against the text of what is walked, as a unified diff.
    pub diff: String,
    /// Steps that are other steps now.
    pub changes: Vec<StepChangeView>,
    /// Names this list when it is decided on: a run that has gone on since has another.
    pub shown: String,
    /// Why the run cannot go on with it.
    pub refused: Option<Problem>,
}

/// What the edit does to one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "StepChange")]
pub struct StepChangeView {
    /// Which.
    pub step: String,
    /// Its title, as the file has it now.
    pub title: String,
    /// In which way.
    #[ts(type = "\"added\" | \"removed\" | \"changed\"")]
    pub how: ChangeKind,
    /// It has a result: somebody must say whether that counts, or it is walked again.
    pub decide: bool,
    /// Where it stands in the run.
    pub status: StepStatus,
}

/// The changes of a revision for a run that stands like this.
pub(crate) fn change_views(state: &State, revision: &Plan, changes: &[StepChange]) -> Vec<StepChangeView> {
    let title = |id: &StepId| {
        let step = revision.step(id).or_else(|| state.plan.step(id));
        step.map_or_else(|| id.to_string(), |step| step.title.clone())
    };
    let view = |change: &StepChange| StepChangeView {
        step: change.step.to_string(),
        title: title(&change.step),
        how: change.how,
        decide: change.decide,
        status: work_status(state.status(&change.step)),
    };
    changes.iter().map(view).collect()
}
