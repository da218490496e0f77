//! What is to be done now, and what waits for a person.

use crate::{HoldKey, Lane, Moment, RunEnd, State, Status, Work};
use holdpoint_plan::{Need, Role, Stage, Step, StepId};

/// What the driver does now. At most one thing at a time: a run goes strictly in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Keep what is.
    Pin(Moment),
    /// Compute what a hold covers, and open it.
    OpenHold(HoldKey),
    /// Evaluate the step's condition, then prepare and intend it.
    Begin(Work),
    /// Send the action of that index: its intent is stored, and none of it was sent.
    Act(Work, usize),
    /// Find out whether the action of that index took effect: it was being sent when the driver went.
    Settle(Work, usize),
    /// Follow what was started, to its true end.
    Follow(Work),
    /// End the run.
    Close(RunEnd),
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interruption {
    /// Signatures are wanted.
    Hold(HoldKey),
    /// Somebody said no-go.
    NoGo(HoldKey),
    /// A person is asked.
    Asking(Work),
    /// It failed, in one of the ways of failing.
    Failure(Work),
    /// Nobody knows whether it took effect.
    Unknown(Work),
    /// It used a value that has changed since.
    Stale(StepId),
}

/// Where a step stands, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// What the lifecycle says.
    Is(Status),
    /// It waits for others.
    Blocked(String),
    /// It is next.
    Ready,
    /// It waits for signatures.
    Held,
}

/// What the driver does now; `None` while a person or the outside is waited for, and when the run is over.
pub fn next(state: &State) -> Option<Effect> {
    if state.started.is_none() || state.end.is_some() {
        return None;
    }
    if state.aborted.is_some() {
        return Some(Effect::Close(RunEnd::Aborted));
    }
    if !state.pinned_at.contains_key(&Moment::Start) {
        return Some(Effect::Pin(Moment::Start));
    }
    if let Some(rollback) = &state.rollback {
        return match rollback
            .set
            .iter()
            .find(|item| !state.steps.get(&item.step).is_some_and(|s| s.undo.status.is_done()))
        {
            Some(item) => proceed(state, &Work::undo(item.step.clone())),
            None => Some(Effect::Close(rolled_back(state))),
        };
    }
    match frontier(state) {
        Some((stage, step)) => forward(state, stage, step),
        None => Some(Effect::Close(RunEnd::Done)),
    }
}

/// What waits for a person now, if anything does.
pub fn interruption(state: &State) -> Option<Interruption> {
    if state.started.is_none() || state.end.is_some() || state.aborted.is_some() {
        return None;
    }
    let waits = |work: Work| {
        let known = state.work(&work)?;
        match known.status {
            // It is followed all the same: what is asked may be settled elsewhere.
            Status::Waiting if known.question.is_some() => Some(Interruption::Asking(work)),
            Status::Asking => Some(Interruption::Asking(work)),
            Status::Unknown => Some(Interruption::Unknown(work)),
            Status::Failed | Status::RolledBackByAws | Status::Superseded => {
                Some(Interruption::Failure(work))
            }
            Status::Pending
            | Status::Running
            | Status::Sent
            | Status::Waiting
            | Status::Verifying
            | Status::Succeeded
            | Status::Skipped
            | Status::Compensated
            | Status::NotPractised => None,
        }
    };
    if let Some(rollback) = &state.rollback {
        return rollback.set.iter().find_map(|item| waits(Work::undo(item.step.clone())));
    }
    let (stage, step) = frontier(state)?;
    if let Some(step) = stale(state, step) {
        return Some(Interruption::Stale(step));
    }
    if let Some(waiting) = waits(Work::forward(step.id.clone())) {
        return Some(waiting);
    }
    let hold = unsatisfied_hold(state, stage, step)?;
    let open = state.holds.get(&hold).filter(|open| !open.lapsed)?;
    Some(if open.no_go().is_some() { Interruption::NoGo(hold) } else { Interruption::Hold(hold) })
}

/// Earlier steps that failed work may be walked again from: it uses their results, and they only read.
pub fn sources(state: &State, work: &Work) -> Vec<StepId> {
    let failed = state.work(work).is_some_and(|known| known.status.needs_decision());
    let Some(step) = state.plan.step(&work.step).filter(|_| failed && !work.is_undo()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for name in holdpoint_plan::names_used(step) {
        let holdpoint_plan::NameUsed::Output { step: source, .. } = name else { continue };
        let reads =
            state.plan.step(&source).is_some_and(|known| known.effect == holdpoint_plan::Effect::Read);
        if reads
            && source != work.step
            && state.status(&source) == Status::Succeeded
            && !found.contains(&source)
        {
            found.push(source);
        }
    }
    found
}

/// Where a step stands, as shown.
pub fn standing(state: &State, id: &StepId) -> Standing {
    let status = state.status(id);
    if status != Status::Pending || state.started.is_none() {
        return Standing::Is(status);
    }
    let Some((stage, step)) = frontier(state) else { return Standing::Is(status) };
    if &step.id != id || state.rollback.is_some() || state.end.is_some() {
        return match state.plan.step(id).and_then(|step| unmet(state, step)) {
            Some(need) => Standing::Blocked(need),
            None => Standing::Is(status),
        };
    }
    match (unmet(state, step), unsatisfied_hold(state, stage, step)) {
        (Some(need), _) => Standing::Blocked(need),
        (None, Some(_)) => Standing::Held,
        (None, None) => Standing::Ready,
    }
}

/// The first hold before a step that has not every signature.
pub(crate) fn unsatisfied_hold(state: &State, stage: &Stage, step: &Step) -> Option<HoldKey> {
    holds_before(stage, step)
        .into_iter()
        .find(|key| state.holds.get(key).is_none_or(|hold| hold.satisfied_at.is_none()))
}

/// Holds that stand before a step: its stage's and its own. The stage's stands before each of its steps: leaving out
/// the first passes no hold, and what was signed must still be so at the last.
pub(crate) fn holds_before(stage: &Stage, step: &Step) -> Vec<HoldKey> {
    let of_stage = stage.hold.is_some().then(|| HoldKey::Stage(stage.id.clone()));
    let of_step = step.hold.is_some().then(|| HoldKey::Step(step.id.clone()));
    of_stage.into_iter().chain(of_step).collect()
}

/// The first step that is not done, or that is stale.
pub(crate) fn frontier(state: &State) -> Option<(&Stage, &Step)> {
    let walked = |stage: &&Stage| match stage.role {
        Role::Before | Role::Deploy | Role::Verify | Role::After => true,
        Role::Rollback | Role::Reference => false,
    };
    state
        .plan
        .stages
        .iter()
        .filter(walked)
        .flat_map(|stage| stage.steps.iter().map(move |step| (stage, step)))
        .find(|(_, step)| {
            state
                .steps
                .get(&step.id)
                .is_none_or(|known| !known.forward.status.is_done() || !known.stale.is_empty())
        })
}

fn forward<'a>(state: &'a State, stage: &'a Stage, step: &'a Step) -> Option<Effect> {
    let work = Work::forward(step.id.clone());
    if stale(state, step).is_some() || unmet(state, step).is_some() {
        return None;
    }
    if state.status(&step.id) != Status::Pending {
        return proceed(state, &work);
    }
    if let Some(hold) = unsatisfied_hold(state, stage, step) {
        let arrives = state.holds.get(&hold).is_none_or(|known| known.lapsed);
        return arrives.then_some(Effect::OpenHold(hold));
    }
    if step.effect.changes() && !state.pinned_at.contains_key(&Moment::BeforeFirstChange) {
        return Some(Effect::Pin(Moment::BeforeFirstChange));
    }
    Some(Effect::Begin(work))
}

fn proceed(state: &State, work: &Work) -> Option<Effect> {
    let known = state.work(work)?;
    match known.status {
        Status::Pending => Some(Effect::Begin(work.clone())),
        Status::Running => Some(Effect::Act(work.clone(), known.receipts.len())),
        Status::Sent => Some(Effect::Settle(work.clone(), known.receipts.len())),
        Status::Waiting | Status::Verifying => Some(Effect::Follow(work.clone())),
        Status::Asking
        | Status::Succeeded
        | Status::Failed
        | Status::Unknown
        | Status::RolledBackByAws
        | Status::Superseded
        | Status::Skipped
        | Status::Compensated
        | Status::NotPractised => None,
    }
}

fn stale(state: &State, step: &Step) -> Option<StepId> {
    let known = state.steps.get(&step.id)?;
    (known.forward.status.is_done() && !known.stale.is_empty()).then(|| step.id.clone())
}

fn unmet(state: &State, step: &Step) -> Option<String> {
    let step_open = |id: &StepId| !state.status(id).is_done();
    let stage_of_step = state.plan.stage_of(&step.id);
    let stage_needs =
        stage_of_step.map(|stage| stage.needs.iter().map(|id| Need::Stage(id.clone()))).into_iter().flatten();
    step.needs.iter().cloned().chain(stage_needs).find_map(|need| match need {
        Need::Step(id) => step_open(&id).then(|| format!("step {id}")),
        Need::Stage(id) => {
            let stage = state.plan.stage(&id)?;
            stage.steps.iter().any(|step| step_open(&step.id)).then(|| format!("stage {id}"))
        }
    })
}

fn rolled_back(state: &State) -> RunEnd {
    let kept = |status| matches!(status, Status::Skipped | Status::NotPractised);
    let left_out = state.steps.values().any(|step| kept(step.undo.status));
    let in_part = state.rollback.as_ref().is_some_and(|back| !back.left.is_empty());
    if left_out || in_part { RunEnd::PartlyRolledBack } else { RunEnd::RolledBack }
}

impl Work {
    /// Whether it is an undo.
    pub fn is_undo(&self) -> bool {
        match self.lane {
            Lane::Forward => false,
            Lane::Undo => true,
        }
    }
}
