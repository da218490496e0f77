//! Obligations: what leaves them, what closes them, and what may be done about them after the run has ended.

use super::said_why;
use crate::obligation::after;
use crate::{Actor, At, Fact, Leaves, Obligation, ObligationState, Refusal, State, Work};
use holdpoint_plan::StepId;

/// What a step that has succeeded leaves for later, and what it closes.
pub(super) fn of_a_success(state: &State, work: &Work, now: At) -> Vec<Fact> {
    let leaves =
        state.work(work).and_then(|known| known.intent.as_ref()).and_then(|intent| intent.leaves.as_ref());
    let opened = leaves.map(|leaves| opened(&work.step, leaves, now));
    let closed = standing(state).filter(|(_, known)| known.obligation.until.as_ref() == Some(&work.step));
    let closed = closed.map(|(id, _)| Fact::ObligationClosed {
        id: id.clone(),
        by: Actor { name: work.step.to_string(), through: "step".into() },
        reason: format!("{} succeeded", work.step),
        evidence: None,
    });
    closed.chain(opened).collect()
}

/// Items that a signed checklist leaves for later.
pub(super) fn of_a_checklist(state: &State, step: &StepId, now: At) -> Vec<Fact> {
    let items = state.plan.step(step).map(|step| step.items.as_slice()).unwrap_or_default();
    let ticks = state.steps.get(step).map(|known| &known.items);
    let open =
        items.iter().filter(|item| !ticks.and_then(|ticks| ticks.get(&item.id)).is_some_and(|tick| tick.on));
    open.filter_map(|item| {
        let later = item.later.as_ref()?;
        let obligation = Box::new(Obligation {
            id: format!("{step}.{}", item.id),
            what: item.text.clone(),
            owner: later.owner.clone(),
            due: Some(after(now, later.within)),
            until: item.from.clone(),
            step: step.clone(),
            item: Some(item.id.clone()),
        });
        Some(Fact::ObligationOpened { obligation })
    })
    .collect()
}

/// A step that is walked again leaves anew what it leaves.
pub(super) fn of_a_step_walked_again(state: &State, step: &StepId, by: &Actor) -> Vec<Fact> {
    let its = standing(state).filter(|(_, known)| &known.obligation.step == step);
    its.map(|(id, _)| Fact::ObligationClosed {
        id: id.clone(),
        by: by.clone(),
        reason: format!("{step} is walked again"),
        evidence: None,
    })
    .collect()
}

/// Somebody says that it is done, or need not be.
pub(super) fn close(
    state: &State,
    id: String,
    by: Actor,
    reason: String,
    evidence: Option<String>,
) -> Result<Vec<Fact>, Refusal> {
    stands(state, &id)?;
    said_why(&reason, "closing an obligation")?;
    Ok(vec![Fact::ObligationClosed { id, by, reason, evidence }])
}

/// Somebody puts it off, or hands it on.
pub(super) fn shift(
    state: &State,
    id: String,
    due: Option<At>,
    owner: Option<String>,
    by: Actor,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    let known = stands(state, &id)?;
    said_why(&reason, "moving an obligation")?;
    if known.obligation.due == due && known.obligation.owner == owner {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::ObligationMoved { id, due, owner, by, reason }])
}

fn opened(step: &StepId, leaves: &Leaves, now: At) -> Fact {
    let obligation = Box::new(Obligation {
        id: step.to_string(),
        what: leaves.what.clone(),
        owner: leaves.owner.clone(),
        due: leaves.due.or_else(|| leaves.within.map(|within| after(now, within))),
        until: leaves.until.clone(),
        step: step.clone(),
        item: None,
    });
    Fact::ObligationOpened { obligation }
}

fn standing(state: &State) -> impl Iterator<Item = (&String, &ObligationState)> {
    state.obligations.iter().filter(|(_, known)| known.closed.is_none())
}

fn stands<'a>(state: &'a State, id: &str) -> Result<&'a ObligationState, Refusal> {
    let known = state.obligations.get(id).ok_or_else(|| Refusal::Absent(format!("obligation {id}")))?;
    match &known.closed {
        None => Ok(known),
        Some(end) => Err(Refusal::NotNow(format!("{id} was closed by {}: {}", end.by.name, end.reason))),
    }
}
