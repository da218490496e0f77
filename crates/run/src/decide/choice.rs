//! What an operator decides: retry, leave out, settle, roll back, give up.

use super::{action_in_hand, active_work, at_action, checklist, obligations, said_why};
use crate::{
    Accepted, Actor, Choice, Fact, HoldKey, How, Refusal, State, Status, Work, holds_before, sources,
};
use holdpoint_plan::StepId;
use std::collections::{BTreeMap, BTreeSet};

/// Decides an interruption.
pub(super) fn choose(state: &State, work: Work, choice: Choice, by: Actor) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    open_to_choice(state, &work)?;
    match choice {
        Choice::Retry { mended } => {
            if known.status == Status::Unknown && action_in_hand(state, &work).is_some() {
                let why = format!("nobody knows whether {work} took effect: say first whether it did");
                return Err(Refusal::NotNow(why));
            }
            if let Some((other, _)) = active_work(state) {
                return Err(Refusal::NotNow(format!("{other} is in progress")));
            }
            let taken_back = match work.is_undo() {
                true => Vec::new(),
                false => {
                    let mut facts = checklist::untick(state, &work, &by);
                    facts.extend(obligations::of_a_step_walked_again(state, &work.step, &by));
                    facts
                }
            };
            Ok(std::iter::once(Fact::Retried { work, by, reason: mended }).chain(taken_back).collect())
        }
        Choice::Again { from, reason } => again(state, &work, from, reason, &by),
        Choice::Skip { reason } => {
            said_why(&reason, "leaving a step out")?;
            if work.is_undo() {
                return leave_as_it_is(state, work, by, reason);
            }
            let stale = state.steps.get(&work.step).is_some_and(|step| !step.stale.is_empty());
            Ok(vec![match stale && known.status.is_done() {
                true => Fact::Kept { step: work.step, by, reason },
                false => Fact::Skipped { work, by, reason },
            }])
        }
        Choice::TookEffect { action, receipt } => settle(state, &work, action)
            .map(|()| vec![Fact::Received { work, action, receipt, how: How::Operator }]),
        Choice::TookNoEffect { action, reason } => {
            said_why(&reason, "that it took no effect")?;
            settle(state, &work, action).map(|()| {
                let why = format!("{}: {reason}", by.name);
                vec![Fact::NotSent { work, action, why }]
            })
        }
    }
}

/// Walks a source of this work again, and this work after it. The holds before this work are void: what was signed is
/// gone, whether or not a hold names it.
fn again(
    state: &State,
    work: &Work,
    from: StepId,
    reason: Option<String>,
    by: &Actor,
) -> Result<Vec<Fact>, Refusal> {
    if state.work(work).is_some_and(|known| known.status == Status::Unknown) {
        return Err(Refusal::NotNow(format!(
            "nobody knows whether {work} took effect: say first whether it did"
        )));
    }
    if !sources(state, work).contains(&from) {
        return Err(Refusal::NotNow(format!(
            "{work} cannot be walked again from {from}: it has not failed, or has no result of {from}, or {from} changes something"
        )));
    }
    if let Some((other, _)) = active_work(state) {
        return Err(Refusal::NotNow(format!("{other} is in progress")));
    }
    let source = Work::forward(from.clone());
    let mut facts = Vec::new();
    for one in [&source, work] {
        facts.push(Fact::Retried { work: one.clone(), by: by.clone(), reason: reason.clone() });
        facts.extend(checklist::untick(state, one, by));
        facts.extend(obligations::of_a_step_walked_again(state, &one.step, by));
    }
    let holds = state.plan.stage_of(&work.step).zip(state.plan.step(&work.step));
    let holds = holds.map(|(stage, step)| holds_before(stage, step)).unwrap_or_default();
    // The hold of a stage that `from` is in stands before it, and covers nothing of what it gives.
    let stands_between = |hold: &HoldKey| match hold {
        HoldKey::Stage(stage) => state.plan.stage_of(&from).is_none_or(|of| &of.id != stage),
        HoldKey::Step(_) => true,
    };
    let signed = |hold: &HoldKey| state.holds.get(hold).is_some_and(|known| !known.signatures.is_empty());
    facts.extend(
        holds
            .into_iter()
            .filter(|hold| stands_between(hold) && signed(hold))
            .map(|hold| Fact::HoldVoided { hold, why: format!("walked again from {from}") }),
    );
    Ok(facts)
}

/// Has what goes on outside stopped: once gently, and only then hard.
pub(super) fn stop(
    state: &State,
    work: Work,
    hard: bool,
    by: Actor,
    reason: Option<String>,
) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    match (known.status, known.stopping, hard) {
        (Status::Sent | Status::Waiting, None, false)
        | (Status::Sent | Status::Waiting, Some(false), true) => {
            Ok(vec![Fact::Stopping { work, hard, by, reason }])
        }
        (Status::Sent | Status::Waiting, None, true) => {
            Err(Refusal::NotNow(format!("{work} was not asked to stop yet: interrupt it first")))
        }
        (Status::Sent | Status::Waiting, Some(_), _) => {
            Err(Refusal::NotNow(format!("{work} is being stopped already")))
        }
        (_, _, _) => Err(Refusal::NotNow(format!("{work} does not go on: there is nothing to stop"))),
    }
}

/// Leaves an undo out. What belongs together stays together: with one of a group all of it, or none.
fn leave_as_it_is(state: &State, work: Work, by: Actor, reason: String) -> Result<Vec<Fact>, Refusal> {
    let group = state.group_of(&work.step);
    let undo_of = |step: &StepId| state.steps.get(step).map(|known| known.undo.status);
    let in_set = |step: &&StepId| {
        state.rollback.as_ref().is_some_and(|back| back.set.iter().any(|item| &&item.step == step))
    };
    let others: Vec<&StepId> = group
        .into_iter()
        .flat_map(|group| &group.steps)
        .filter(|step| **step != work.step)
        .filter(in_set)
        .collect();
    if let Some((other, group)) =
        others.iter().find(|step| undo_of(step) == Some(Status::Succeeded)).zip(group)
    {
        return Err(Refusal::NotNow(format!(
            "{other} was put back already, so {} has to be as well: {}",
            work.step, group.why
        )));
    }
    let waiting = others.into_iter().filter(|step| undo_of(step) == Some(Status::Pending)).cloned();
    let all = std::iter::once(work).chain(waiting.map(Work::undo));
    Ok(all.map(|work| Fact::Skipped { work, by: by.clone(), reason: reason.clone() }).collect())
}

/// Begins to undo what was changed: all of it, as a set, or a part that stands alone.
pub(super) fn roll_back(
    state: &State,
    by: Actor,
    reason: String,
    only: Option<&BTreeSet<StepId>>,
    accepts: &BTreeMap<String, String>,
) -> Result<Vec<Fact>, Refusal> {
    not_given_up(state)?;
    if state.rollback.is_some() {
        return Err(Refusal::NotNow("this run is being rolled back already".into()));
    }
    nothing_being_sent(state)?;
    said_why(&reason, "rolling back")?;
    let set = state.rollback_of(only)?;
    if set.is_empty() {
        return Err(Refusal::NotNow(
            "nothing was changed that could be put back; abort the run to end it".into(),
        ));
    }
    let accepted = accepted(state, &set, accepts)?;
    let left = state.rollback_set().into_iter().map(|item| item.step);
    let left = left.filter(|step| !set.iter().any(|item| &item.step == step)).collect();
    Ok(vec![Fact::RollbackStarted { by, reason, set, left, accepted }])
}

/// Every caution that must be accepted is, each with its reason.
fn accepted(
    state: &State,
    set: &[crate::UndoItem],
    accepts: &BTreeMap<String, String>,
) -> Result<Vec<Accepted>, Refusal> {
    let mut accepted = Vec::new();
    for caution in state.cautions(set).into_iter().filter(|caution| caution.must_accept) {
        let reason = accepts.get(&caution.id).map(|reason| reason.trim()).unwrap_or_default();
        if reason.is_empty() {
            return Err(Refusal::Caution { id: caution.id, says: caution.says });
        }
        accepted.push(Accepted { caution: caution.id, says: caution.says, reason: reason.to_owned() });
    }
    Ok(accepted)
}

/// Gives up. What goes on outside goes on.
pub(super) fn abort(state: &State, by: Actor, reason: String) -> Result<Vec<Fact>, Refusal> {
    not_given_up(state)?;
    nothing_being_sent(state)?;
    said_why(&reason, "giving up")?;
    Ok(vec![Fact::Aborted { by, reason }])
}

fn open_to_choice(state: &State, work: &Work) -> Result<(), Refusal> {
    not_given_up(state)?;
    let walked = match &state.rollback {
        Some(rollback) => work.is_undo() && rollback.set.iter().any(|item| item.step == work.step),
        None => !work.is_undo(),
    };
    match walked {
        true => Ok(()),
        false => Err(Refusal::NotNow(format!("{work} is not what is walked now"))),
    }
}

fn settle(state: &State, work: &Work, action: usize) -> Result<(), Refusal> {
    at_action(state, work, action)?;
    match state.work(work).map(|known| known.status) {
        Some(Status::Unknown) => Ok(()),
        Some(_) | None => Err(Refusal::NotNow(format!("{work} is not unknown"))),
    }
}

fn not_given_up(state: &State) -> Result<(), Refusal> {
    match state.aborted {
        Some(_) => Err(Refusal::NotNow("this run was given up, and only ends".into())),
        None => Ok(()),
    }
}

/// While an action is on its way nobody can say what would have to be put back.
fn nothing_being_sent(state: &State) -> Result<(), Refusal> {
    match active_work(state) {
        Some((work, Status::Sent)) => {
            Err(Refusal::NotNow(format!("{work} is being sent: wait for its answer, it takes seconds")))
        }
        Some(_) | None => Ok(()),
    }
}
