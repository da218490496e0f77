//! What a rollback does → as shown.

use super::step_of::work_status;
use super::{CautionView, RollbackSet, StepStatus, UndoStep};
use holdpoint_plan::{Step, StepId};
use holdpoint_run::{Caution, Moment, Refusal, State, UndoItem, Work};
use std::collections::BTreeSet;

/// What a rollback of these steps would do, or of all; one that was begun, as it is.
pub(crate) fn rollback_view(state: &State, only: Option<&BTreeSet<StepId>>) -> Result<RollbackSet, Refusal> {
    let set = match &state.rollback {
        Some(_) => whole_set(state),
        None => state.rollback_of(only)?,
    };
    Ok(rollback_set(state, set))
}

pub(super) fn whole_set(state: &State) -> Vec<UndoItem> {
    state.rollback.as_ref().map_or_else(|| state.rollback_set(), |rollback| rollback.set.clone())
}

pub(super) fn rollback_set(state: &State, set: Vec<UndoItem>) -> RollbackSet {
    let title = |step: &Step| step.title.clone();
    let steps = set.iter().map(|item| UndoStep {
        step: item.step.to_string(),
        title: state.plan.step(&item.step).map(title).unwrap_or_default(),
        text: undo_text(state, item),
        status: state
            .work(&Work::undo(item.step.clone()))
            .map_or(StepStatus::Pending, |known| work_status(known.status)),
    });
    let pinned_at =
        state.pinned_at.get(&Moment::BeforeFirstChange).or_else(|| state.pinned_at.get(&Moment::Start));
    RollbackSet {
        pinned_at: pinned_at.map(ToString::to_string),
        steps: steps.collect(),
        cautions: state.cautions(&set).into_iter().map(caution_view).collect(),
        possible: state.end.is_none() && state.rollback.is_none() && !set.is_empty(),
    }
}

fn caution_view(caution: Caution) -> CautionView {
    CautionView { id: caution.id, says: caution.says, must_accept: caution.must_accept }
}

/// In words: "service api in main → api:41", from the pinned content.
fn undo_text(state: &State, item: &UndoItem) -> String {
    let with =
        |name: &str| item.action.with.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let service = with("service");
    let uses = item.action.uses.as_str();
    let key = match uses {
        "ecs.rollback" => format!("ecs/{}/{service}", with("cluster")),
        "apprunner.rollback" => format!("apprunner/{service}"),
        _ => return format!("{uses} ({})", item.summary),
    };
    match (uses, state.pins.get(&key).map(|pin| &pin.content)) {
        (_, None) => format!("{uses} ({})", item.summary),
        ("ecs.rollback", Some(None)) => format!("{service} → 0 tasks, then deleted: it did not exist before"),
        (_, Some(None)) => format!("{service} → deleted: it did not exist before"),
        (_, Some(Some(content))) => {
            let text = |name: &str| content.get(name).and_then(serde_json::Value::as_str);
            let to = text("task_definition").or(text("image")).unwrap_or_default();
            let to = to.rsplit('/').next().unwrap_or_default();
            let paused = if text("status") == Some("PAUSED") { ", paused" } else { "" };
            format!("{service} → {to}{paused}")
        }
    }
}
