//! Every guard of a run: command → facts, or a refusal. Nothing is stored here.

mod adoption;
mod answer;
mod checklist;
mod choice;
mod holds;
mod obligations;
mod reply;

use crate::{
    At, Checked, Command, Effect, Fact, HoldKey, Intent, Lane, Mode, Outcome, Refusal, Started, State,
    Status, Work, frontier, holds_before, next,
};
use holdpoint_plan::StepId;

/// Decides one command. The facts are to be stored together, in this order.
pub fn decide(state: &State, command: Command, now: At) -> Result<Vec<Fact>, Refusal> {
    let facts = match (state.started.is_some(), command) {
        (false, Command::Start(started)) => may_start(state, &started).map(|()| vec![Fact::Started(started)]),
        (false, _) => Err(Refusal::NotBegun),
        (true, command) => match state.end {
            Some((end, _)) if !command.outlives_the_run() => Err(Refusal::Over(end)),
            Some(_) | None => begun(state, command, now),
        },
    }?;
    follows(state, facts, now)
}

fn begun(state: &State, command: Command, now: At) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Start(_) => Err(Refusal::Begun),
        Command::TakeOver { driver, reason } => {
            Ok(vec![Fact::DriverChanged { epoch: state.epoch + 1, driver, reason }])
        }
        Command::Pin { moment, pins } => match next(state) {
            Some(Effect::Pin(due)) if due == moment => Ok(vec![Fact::Pinned { moment, pins }]),
            Some(_) | None if state.pinned_at.contains_key(&moment) => {
                Err(Refusal::NotNow(format!("{moment:?} is pinned already")))
            }
            Some(_) | None => Err(Refusal::NotNow(format!("{moment:?} is not to be pinned now"))),
        },
        Command::OpenHold { hold, covers } => holds::open(state, hold, covers),
        Command::Sign { hold, signature } => holds::sign(state, hold, *signature, now),
        Command::BreakGlass { hold, signature } => holds::break_glass(state, hold, signature, now),
        Command::SkipByCondition { step } => skip_by_condition(state, step),
        Command::Intend { work, intent, identity, used, covers } => {
            may_begin(state, &work)?;
            if let Some(voided) = void_cover(state, &work, &covers, now)? {
                return Ok(voided);
            }
            let attempt = state.work(&work).map_or(0, |known| known.attempt) + 1;
            changes_need_identity(state, &work, &intent, identity.as_ref())?;
            let ticks = checklist::ticks_on_arrival(state, &work);
            let intended =
                Fact::Intended { work: work.clone(), attempt, epoch: state.epoch, intent, identity, used };
            Ok(std::iter::once(intended).chain(ticks).collect())
        }
        Command::Answer { work, answer, by } => {
            in_hand(state, &work)?;
            answer::answered(state, work, answer, by)
        }
        Command::Ask { work, question } => {
            in_hand(state, &work)?;
            reply::ask(state, work, question)
        }
        Command::Withdraw { work, key, why } => reply::withdraw(state, work, key, why),
        Command::Reply { work, key, option, signature } => {
            in_hand(state, &work)?;
            reply::reply(state, work, key, option, signature)
        }
        Command::Send { work, action } => {
            at_action(state, &work, action).map(|()| vec![Fact::Sending { work, action }])
        }
        Command::NotSent { work, action, why } => {
            at_action(state, &work, action).map(|()| vec![Fact::NotSent { work, action, why }])
        }
        Command::Receive { work, action, receipt, how } => {
            at_action(state, &work, action).map(|()| vec![Fact::Received { work, action, receipt, how }])
        }
        Command::Verify { work } => in_hand(state, &work).map(|()| vec![Fact::Verifying { work }]),
        Command::Conclude { work, outcome } => {
            in_hand(state, &work)?;
            Ok(concluded(state, work, outcome, now))
        }
        Command::BecomeUnknown { work, diagnosis } => {
            in_hand(state, &work).map(|()| vec![Fact::BecameUnknown { work, diagnosis }])
        }
        Command::Choose { work, choice, by } => choice::choose(state, work, choice, by),
        Command::Tick { step, item, on, by, reason, evidence } => {
            checklist::tick(state, &step, &item, on, by, reason, evidence)
        }
        Command::Keep { work, evidence } => match state.work(&work) {
            Some(_) => Ok(vec![Fact::EvidenceKept { work, evidence }]),
            None => Err(Refusal::Absent(format!("step {}", work.step))),
        },
        Command::Stop { work, hard, by, reason } => {
            in_hand(state, &work)?;
            choice::stop(state, work, hard, by, reason)
        }
        Command::RollBack { by, reason, only, accepts } => {
            choice::roll_back(state, by, reason, only.as_ref(), &accepts)
        }
        Command::Adopt(adopted) => adoption::adopt(state, adopted),
        Command::CloseObligation { id, by, reason, evidence } => {
            obligations::close(state, id, by, reason, evidence)
        }
        Command::MoveObligation { id, due, owner, by, reason } => {
            obligations::shift(state, id, due, owner, by, reason)
        }
        Command::Abort { by, reason } => choice::abort(state, by, reason),
        Command::Close { end } => match next(state) {
            Some(Effect::Close(due)) if due == end => Ok(vec![Fact::Closed { end }]),
            Some(_) | None => Err(Refusal::NotNow(format!("the run cannot end as {end:?} now"))),
        },
    }
}

/// The facts must be such as can follow. Items that speak of a step follow it, and a checklist whose last item is
/// ticked by them is answered with them.
fn follows(state: &State, mut facts: Vec<Fact>, now: At) -> Result<Vec<Fact>, Refusal> {
    let mut ahead = state.clone();
    for fact in &facts {
        apply(&mut ahead, now, fact)?;
    }
    for tick in checklist::ticks_gone_stale(&ahead) {
        apply(&mut ahead, now, &tick)?;
        facts.push(tick);
    }
    if let Some((work, by)) = checklist::complete(&ahead) {
        let left = obligations::of_a_checklist(&ahead, &work.step, now);
        let answer = Fact::Answered { work, answer: crate::Answer::default(), by };
        for fact in std::iter::once(answer).chain(left) {
            apply(&mut ahead, now, &fact)?;
            facts.push(fact);
        }
    }
    Ok(facts)
}

fn apply(ahead: &mut State, now: At, fact: &Fact) -> Result<(), Refusal> {
    ahead.apply(ahead.seq + 1, now, fact).map_err(|misfit| match misfit {
        crate::Misfit::NoStep { step, .. } => Refusal::Absent(format!("step {step}")),
        crate::Misfit::Illegal { why, .. } => Refusal::Illegal(why),
        crate::Misfit::NoPlan { digest, .. } => Refusal::Absent(format!("revision {digest}")),
    })
}

/// What a run is pinned to is what its plan says, and who starts it stands there.
fn may_start(state: &State, started: &Started) -> Result<(), Refusal> {
    if started.plan_digest != state.plan.digest {
        return Err(Refusal::NotNow(
            "the plan has changed since it was read: open it again and start then".into(),
        ));
    }
    if let Some(target) = &state.plan.target
        && target.account != started.target.account
    {
        return Err(Refusal::NotNow(format!(
            "the plan is for account {}, and the run would be pinned to {}",
            target.account, started.target.account
        )));
    }
    if started.starter.account != started.target.account {
        return Err(Refusal::NotNow(format!(
            "these are credentials of account {}, and the run is pinned to {}: choose a profile of that account",
            started.starter.account, started.target.account
        )));
    }
    let sound = started.speed.is_finite() && started.speed > 0.0;
    if !sound || (started.mode == Mode::Live && started.speed > 1.0) {
        return Err(Refusal::NotNow(format!(
            "a {} run cannot go at speed {}: only practice divides durations",
            started.mode, started.speed
        )));
    }
    match started.undo.iter().find(|item| state.plan.step(&item.step).is_none()) {
        Some(item) => Err(Refusal::Absent(format!("step {}, which the rollback set names", item.step))),
        None => Ok(()),
    }
}

fn may_begin(state: &State, work: &Work) -> Result<(), Refusal> {
    match next(state) {
        Some(Effect::Begin(due)) if &due == work => Ok(()),
        Some(_) | None => Err(Refusal::NotNow(format!("it is not the turn of {work}"))),
    }
}

/// A run walks one thing at a time: the first step that is not done or, in a rollback, the first undo that is not.
fn in_hand(state: &State, work: &Work) -> Result<(), Refusal> {
    if state.work(work).is_none() {
        return Err(Refusal::Absent(format!("step {}", work.step)));
    }
    let walked = match (&state.aborted, &state.rollback) {
        (Some(_), _) => None,
        (None, Some(rollback)) => {
            rollback.set.iter().map(|item| Work::undo(item.step.clone())).find(|undo| {
                // An undo that is absent from the plan was refused at the start.
                state.work(undo).is_some_and(|known| !known.status.is_done())
            })
        }
        (None, None) => frontier(state).map(|(_, step)| Work::forward(step.id.clone())),
    };
    match walked {
        Some(walked) if &walked == work => Ok(()),
        Some(walked) => Err(Refusal::NotNow(format!("{work} is not what is walked now, {walked} is"))),
        None => Err(Refusal::NotNow(format!("{work} is not what is walked now: nothing is"))),
    }
}

/// Each hold before the step is compared with what it would cover now; the first that differs, or whose signatures are
/// too old, is void, and stands anew.
fn void_cover(
    state: &State,
    work: &Work,
    covers: &[(HoldKey, Vec<crate::Covered>)],
    now: At,
) -> Result<Option<Vec<Fact>>, Refusal> {
    if let (false, Some(stage), Some(step)) =
        (work.is_undo(), state.plan.stage_of(&work.step), state.plan.step(&work.step))
    {
        let compared = |key: &HoldKey| covers.iter().any(|(given, _)| given == key);
        if let Some(missing) = holds_before(stage, step).into_iter().find(|key| !compared(key)) {
            return Err(Refusal::NotNow(format!(
                "what the hold before {missing} covers was not compared with what was signed"
            )));
        }
    }
    Ok(holds::void(state, covers, now))
}

/// A change is never intended without the identity that was asserted for it, and never in another place.
fn changes_need_identity(
    state: &State,
    work: &Work,
    intent: &Intent,
    asserted: Option<&Checked>,
) -> Result<(), Refusal> {
    let local =
        state.plan.step(&work.step).is_some_and(|step| !step.effect.changes() && work.lane == Lane::Forward);
    let Some(asserted) = asserted else {
        return match intent.actions.is_empty() || local {
            true => Ok(()),
            false => {
                Err(Refusal::NotNow(format!("{work} changes something, and no identity was asserted for it")))
            }
        };
    };
    let target = &state.started.as_ref().ok_or(Refusal::NotBegun)?.target;
    match asserted.account == target.account && asserted.region == target.region {
        true => Ok(()),
        false => Err(Refusal::NotNow(format!(
            "{work} would go to account {} in {}, and the run is pinned to {} in {}: sign in there again",
            asserted.account, asserted.region, target.account, target.region
        ))),
    }
}

fn skip_by_condition(state: &State, step: StepId) -> Result<Vec<Fact>, Refusal> {
    may_begin(state, &Work::forward(step.clone()))?;
    let condition = state.plan.step(&step).and_then(|step| step.when.clone());
    let condition = condition.ok_or_else(|| Refusal::Absent(format!("condition on step {step}")))?;
    Ok(vec![Fact::SkippedByCondition { step, condition }])
}

/// An action is spoken of while it is the first one without a receipt.
fn at_action(state: &State, work: &Work, action: usize) -> Result<(), Refusal> {
    in_hand(state, work)?;
    match action_in_hand(state, work) {
        Some(due) if due == action => Ok(()),
        Some(_) | None => Err(Refusal::NotNow(format!("action {action} of {work} is not the one in hand"))),
    }
}

fn action_in_hand(state: &State, work: &Work) -> Option<usize> {
    let known = state.work(work)?;
    let actions = known.intent.as_ref().map_or(0, |intent| intent.actions.len());
    (known.receipts.len() < actions).then_some(known.receipts.len())
}

fn concluded(state: &State, work: Work, outcome: Box<Outcome>, now: At) -> Vec<Fact> {
    let succeeded = matches!(*outcome, Outcome::Succeeded { .. }) && work.lane == Lane::Forward;
    let mut facts = vec![Fact::Concluded { work: work.clone(), outcome }];
    if succeeded {
        facts.extend(checklist::ticks_of(state, &work.step));
        facts.extend(obligations::of_a_success(state, &work, now));
    }
    facts
}

/// Work that has begun and not ended, in the lane that is walked.
fn active_work(state: &State) -> Option<(Work, Status)> {
    state.steps.iter().find_map(|(id, step)| {
        let (known, work) = match state.rollback.is_some() {
            true => (&step.undo, Work::undo(id.clone())),
            false => (&step.forward, Work::forward(id.clone())),
        };
        known.status.is_active().then_some((work, known.status))
    })
}

fn said_why(reason: &str, what: &str) -> Result<(), Refusal> {
    match reason.trim().is_empty() {
        true => Err(Refusal::Reason(what.into())),
        false => Ok(()),
    }
}
