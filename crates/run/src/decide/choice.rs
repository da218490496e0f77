//! What an operator decides: retry, leave out, settle, roll back, give up.

use super::{action_in_hand, active_work, at_action, checklist, said_why};
use crate::{Actor, Choice, Fact, How, Refusal, State, Status, Work};

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
            let unticked = if work.is_undo() { Vec::new() } else { checklist::untick(state, &work, &by) };
            Ok(std::iter::once(Fact::Retried { work, by, reason: mended }).chain(unticked).collect())
        }
        Choice::Skip { reason } => {
            said_why(&reason, "leaving a step out")?;
            let stale = state.steps.get(&work.step).is_some_and(|step| !step.stale.is_empty());
            Ok(vec![match stale && known.status.is_done() && !work.is_undo() {
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

/// Begins to undo everything that was changed, as a set.
pub(super) fn roll_back(state: &State, by: Actor, reason: String) -> Result<Vec<Fact>, Refusal> {
    not_given_up(state)?;
    if state.rollback.is_some() {
        return Err(Refusal::NotNow("this run is being rolled back already".into()));
    }
    nothing_being_sent(state)?;
    said_why(&reason, "rolling back")?;
    let set = state.rollback_set();
    match set.is_empty() {
        true => {
            Err(Refusal::NotNow("nothing was changed that could be put back; abort the run to end it".into()))
        }
        false => Ok(vec![Fact::RollbackStarted { by, reason, set }]),
    }
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
