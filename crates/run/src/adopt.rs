//! A plan that was edited while a run of it is open: what the new revision changes, and what becomes of each step.

use crate::{State, Status};
use holdpoint_plan::{Plan, Step, StepId};
use serde::{Deserialize, Serialize};

/// What a new revision of the plan does to one step of an open run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepChange {
    /// Which.
    pub step: StepId,
    /// In which way.
    pub how: ChangeKind,
    /// Whether it has a result, or the beginning of one, so that somebody must say what becomes of it.
    pub decide: bool,
}

/// In which way a step of a new revision differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It does, expects, asks or undoes something else.
    Changed,
}

/// What becomes of a changed step that has a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adoption {
    /// Its result counts.
    Keep,
    /// It is walked again, as the new revision says.
    Again,
}

/// Why a revision cannot be adopted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

/// What `new` changes for a run that stands like this, in order of the new file; removed steps come last.
///
/// # Errors
/// [`Unfit`] where the run cannot go on with it: another target, a step gone that changed something, work in progress.
pub fn differences(state: &State, new: &Plan) -> Result<Vec<StepChange>, Unfit> {
    if state.plan.target != new.target {
        return Err(Unfit("the revision is for another account, region or role: begin a new run".into()));
    }
    if state.rollback.is_some() || state.aborted.is_some() || state.end.is_some() {
        return Err(Unfit("the run does not go forward any more".into()));
    }
    if let Some(open) = state.steps.iter().find(|(_, known)| goes_on(known.forward.status)) {
        return Err(Unfit(format!("{} goes on or is unknown: let it end, or settle it, before", open.0)));
    }
    let gone: Vec<&StepId> =
        state.plan.steps().map(|step| &step.id).filter(|id| new.step(id).is_none()).collect();
    if let Some(lost) = gone.iter().find(|id| state.is_touched(id)) {
        return Err(Unfit(format!(
            "the revision has no step {lost}, which changed something: only its undo can put that back"
        )));
    }
    let kept = new.steps().filter_map(|step| match state.plan.step(&step.id) {
        None => Some(StepChange { step: step.id.clone(), how: ChangeKind::Added, decide: false }),
        Some(old) if same(old, step) => None,
        Some(_) => Some(StepChange {
            step: step.id.clone(),
            how: ChangeKind::Changed,
            decide: state.status(&step.id).is_done(),
        }),
    });
    let removed =
        gone.iter().map(|id| StepChange { step: (*id).clone(), how: ChangeKind::Removed, decide: false });
    Ok(kept.chain(removed).collect())
}

fn goes_on(status: Status) -> bool {
    match status {
        Status::Running | Status::Sent | Status::Waiting | Status::Verifying | Status::Unknown => true,
        Status::Pending
        | Status::Asking
        | Status::Succeeded
        | Status::Failed
        | Status::RolledBackByAws
        | Status::Superseded
        | Status::Skipped
        | Status::Compensated
        | Status::NotPractised => false,
    }
}

/// Whether two steps say the same; where they stand in the file, and the prose about them, does not count.
fn same(old: &Step, new: &Step) -> bool {
    let bare = |step: &Step| {
        let mut bare = serde_json::to_value(step).unwrap_or_default();
        forget(&mut bare, &["span", "prose", "title", "estimate"]);
        bare
    };
    bare(old) == bare(new)
}

fn forget(value: &mut serde_json::Value, names: &[&str]) {
    match value {
        serde_json::Value::Object(fields) => {
            names.iter().for_each(|name| {
                fields.remove(*name);
            });
            // Arguments are the author's: a `span` among them is one of theirs.
            let ours = fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "with" | "expect"));
            ours.for_each(|(_, field)| forget(field, &["span"]));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| forget(item, &["span"])),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}
