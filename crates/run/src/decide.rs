//! Every guard of a run: command → facts, or a refusal. Nothing is stored here.

use crate::people::may_sign;
use crate::{
    Actor, Answer, At, Choice, Command, Covered, Decision, Effect, Fact, HoldKey, Intent, Lane, Mode,
    Outcome, Refusal, Signature, State, Status, Work, covers_digest, next,
};
use holdpoint_plan::{Item, ItemId, Step, StepId};
use sha2::{Digest, Sha256};

/// Decides one command. The facts are to be stored together, in this order.
pub fn decide(state: &State, command: Command, now: At) -> Result<Vec<Fact>, Refusal> {
    if let Some((end, _)) = state.end {
        return Err(Refusal::Over(end));
    }
    if state.started.is_none() {
        return match command {
            Command::Start(started) => Ok(vec![Fact::Started(started)]),
            Command::TakeOver { .. }
            | Command::Pin { .. }
            | Command::OpenHold { .. }
            | Command::Sign { .. }
            | Command::SkipByCondition { .. }
            | Command::Intend { .. }
            | Command::Answer { .. }
            | Command::Send { .. }
            | Command::NotSent { .. }
            | Command::Receive { .. }
            | Command::Verify { .. }
            | Command::Conclude { .. }
            | Command::BecomeUnknown { .. }
            | Command::Choose { .. }
            | Command::Tick { .. }
            | Command::Keep { .. }
            | Command::RollBack { .. }
            | Command::Abort { .. }
            | Command::Close { .. } => Err(Refusal::NotBegun),
        };
    }
    let facts = begun(state, command)?;
    follows(state, facts, now)
}

fn begun(state: &State, command: Command) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Start(_) => Err(Refusal::Begun),
        Command::TakeOver { driver, reason } => {
            Ok(vec![Fact::DriverChanged { epoch: state.epoch + 1, driver, reason }])
        }
        Command::Pin { moment, pins } => match state.pinned_at.contains_key(&moment) {
            true => Err(Refusal::NotNow(format!("{moment:?} is pinned already"))),
            false => Ok(vec![Fact::Pinned { moment, pins }]),
        },
        Command::OpenHold { hold, covers } => open_hold(state, hold, covers),
        Command::Sign { hold, signature } => sign(state, hold, *signature),
        Command::SkipByCondition { step } => skip_by_condition(state, step),
        Command::Intend { work, intent, identity, used, covers } => {
            if let Some((hold, why)) = changed_cover(state, &covers) {
                return Ok(reopen(hold, why, covers));
            }
            may_begin(state, &work)?;
            let attempt = state.work(&work).map_or(0, |known| known.attempt) + 1;
            changes_need_identity(state, &work, &intent, identity.is_some())?;
            let ticks = ticks_on_arrival(state, &work);
            let intended =
                Fact::Intended { work: work.clone(), attempt, epoch: state.epoch, intent, identity, used };
            Ok(std::iter::once(intended).chain(ticks).collect())
        }
        Command::Answer { work, answer, by } => answered(state, work, answer, by),
        Command::Send { work, action } => {
            at_action(state, &work, action).map(|()| vec![Fact::Sending { work, action }])
        }
        Command::NotSent { work, action, why } => {
            at_action(state, &work, action).map(|()| vec![Fact::NotSent { work, action, why }])
        }
        Command::Receive { work, action, receipt, how } => {
            at_action(state, &work, action).map(|()| vec![Fact::Received { work, action, receipt, how }])
        }
        Command::Verify { work } => Ok(vec![Fact::Verifying { work }]),
        Command::Conclude { work, outcome } => Ok(concluded(state, work, outcome)),
        Command::BecomeUnknown { work, diagnosis } => Ok(vec![Fact::BecameUnknown { work, diagnosis }]),
        Command::Choose { work, choice, by } => choose(state, work, choice, by),
        Command::Tick { step, item, on, by, reason, evidence } => {
            tick(state, &step, &item, on, by, reason, evidence)
        }
        Command::Keep { work, evidence } => Ok(vec![Fact::EvidenceKept { work, evidence }]),
        Command::RollBack { by, reason } => roll_back(state, by, reason),
        Command::Abort { by, reason } => {
            said_why(&reason, "giving up")?;
            Ok(vec![Fact::Aborted { by, reason }])
        }
        Command::Close { end } => match next(state) {
            Some(Effect::Close(due)) if due == end => Ok(vec![Fact::Closed { end }]),
            Some(_) | None => Err(Refusal::NotNow(format!("the run cannot end as {end:?} now"))),
        },
    }
}

/// The facts must be such as can follow; a checklist whose last item they tick is answered with them.
fn follows(state: &State, mut facts: Vec<Fact>, now: At) -> Result<Vec<Fact>, Refusal> {
    let mut ahead = state.clone();
    for fact in &facts {
        apply(&mut ahead, now, fact)?;
    }
    if let Some((work, by)) = complete_checklist(&ahead) {
        let answer = Fact::Answered { work, answer: Answer::default(), by };
        apply(&mut ahead, now, &answer)?;
        facts.push(answer);
    }
    Ok(facts)
}

fn apply(ahead: &mut State, now: At, fact: &Fact) -> Result<(), Refusal> {
    ahead.apply(ahead.seq + 1, now, fact).map_err(|misfit| match misfit {
        crate::evolve::Misfit::NoStep { step, .. } => Refusal::Absent(format!("step {step}")),
        crate::evolve::Misfit::Illegal { why, .. } => Refusal::Illegal(why),
    })
}

fn open_hold(state: &State, hold: HoldKey, covers: Vec<Covered>) -> Result<Vec<Fact>, Refusal> {
    if state.rule_of(&hold).is_none() {
        return Err(Refusal::Absent(format!("hold before {hold}")));
    }
    match state.holds.contains_key(&hold) {
        true => Err(Refusal::NotNow(format!("the hold before {hold} is open already"))),
        false => Ok(vec![Fact::HoldOpened { hold, covers }]),
    }
}

fn sign(state: &State, hold: HoldKey, signature: Signature) -> Result<Vec<Fact>, Refusal> {
    let rule = state.rule_of(&hold).ok_or_else(|| Refusal::Absent(format!("hold before {hold}")))?;
    let open = state
        .holds
        .get(&hold)
        .ok_or_else(|| Refusal::NotNow(format!("the run has not arrived at the hold before {hold}")))?;
    if open.satisfied_at.is_some() {
        return Err(Refusal::NotNow(format!("the hold before {hold} is signed already")));
    }
    if signature.covers != covers_digest(&open.covers) {
        return Err(Refusal::Signature(
            "what it covers is not what stands here now; read it again and sign again".into(),
        ));
    }
    if signature.auto && state.mode() == Mode::Live {
        return Err(Refusal::Signature("a live run is signed by people, not by --auto-sign".into()));
    }
    let started = state.started.as_ref().ok_or(Refusal::NotBegun)?;
    if signature.signer.account != started.target.account {
        return Err(Refusal::Signature(format!(
            "it was made in account {}, and the run is pinned to {}",
            signature.signer.account, started.target.account
        )));
    }
    match signature.decision {
        Decision::NoGo => said_why(signature.reason.as_deref().unwrap_or_default(), "a no-go")?,
        Decision::Go => {
            may_sign(rule, Some(&started.starter.person), &signature.signer.person)
                .map_err(Refusal::Signature)?;
            let people = open.signatures.iter().filter(|one| one.decision == Decision::Go);
            for other in people.map(|one| &one.signer.person) {
                if !signature.signer.person.certainly_other_than(other) {
                    return Err(Refusal::Signature(format!(
                        "{} has signed, and {} is not certainly another person",
                        other.name, signature.signer.person.name
                    )));
                }
            }
        }
    }
    Ok(vec![Fact::Signed { hold, signature }])
}

fn changed_cover(state: &State, now: &[(HoldKey, Vec<Covered>)]) -> Option<(HoldKey, String)> {
    now.iter().find_map(|(key, covers)| {
        let open = state.holds.get(key)?;
        let changed: Vec<_> =
            covers.iter().filter(|one| !open.covers.contains(one)).map(|one| one.name.as_str()).collect();
        (covers_digest(covers) != covers_digest(&open.covers))
            .then(|| (key.clone(), format!("changed since it was signed: {}", changed.join(", "))))
    })
}

fn reopen(hold: HoldKey, why: String, covers: Vec<(HoldKey, Vec<Covered>)>) -> Vec<Fact> {
    let fresh =
        covers.into_iter().find(|(key, _)| key == &hold).map(|(_, covers)| covers).unwrap_or_default();
    vec![Fact::HoldVoided { hold: hold.clone(), why }, Fact::HoldOpened { hold, covers: fresh }]
}

fn may_begin(state: &State, work: &Work) -> Result<(), Refusal> {
    match next(state) {
        Some(Effect::Begin(due)) if &due == work => Ok(()),
        Some(_) | None => Err(Refusal::NotNow(format!("it is not the turn of {work}"))),
    }
}

/// A change is never intended without the identity that was asserted for it.
fn changes_need_identity(state: &State, work: &Work, intent: &Intent, asserted: bool) -> Result<(), Refusal> {
    let local =
        state.plan.step(&work.step).is_some_and(|step| !step.effect.changes() && work.lane == Lane::Forward);
    match intent.actions.is_empty() || asserted || local {
        true => Ok(()),
        false => {
            Err(Refusal::NotNow(format!("{work} changes something, and no identity was asserted for it")))
        }
    }
}

fn skip_by_condition(state: &State, step: StepId) -> Result<Vec<Fact>, Refusal> {
    may_begin(state, &Work::forward(step.clone()))?;
    let condition = state.plan.step(&step).and_then(|step| step.when.clone());
    let condition = condition.ok_or_else(|| Refusal::Absent(format!("condition on step {step}")))?;
    Ok(vec![Fact::SkippedByCondition { step, condition }])
}

fn answered(state: &State, work: Work, answer: Answer, by: Actor) -> Result<Vec<Fact>, Refusal> {
    let ask =
        state.work(&work).and_then(|known| known.intent.as_ref()).and_then(|intent| intent.ask.as_ref());
    let ask = ask.ok_or_else(|| Refusal::NotNow(format!("nothing is asked by {work}")))?;
    if let Some(phrase) = &ask.phrase
        && answer.phrase.as_ref() != Some(phrase)
    {
        return Err(Refusal::Answer(format!("type exactly `{phrase}`")));
    }
    if !ask.options.is_empty() {
        let ids: Vec<_> = ask.options.iter().map(|option| option.id.as_str()).collect();
        match answer.option.as_deref() {
            Some(chosen) if ids.contains(&chosen) => {}
            Some(other) => return Err(Refusal::Answer(format!("`{other}` is none of {}", ids.join(", ")))),
            None => return Err(Refusal::Answer(format!("choose one of {}", ids.join(", ")))),
        }
    }
    for field in ask.fields.iter().filter(|field| !field.optional) {
        let given =
            answer.fields.get(&field.name).is_some_and(|value| field.secret || value.as_str() != Some(""));
        if !given {
            return Err(Refusal::Answer(format!("{} is wanted: {}", field.name, field.prompt)));
        }
    }
    if let Some(evidence) = &ask.evidence
        && answer.evidence.as_deref().unwrap_or_default().trim().is_empty()
    {
        return Err(Refusal::Answer(format!("evidence is wanted: a {evidence}")));
    }
    if ask.items {
        return Err(Refusal::Answer("a checklist is answered by its items".into()));
    }
    Ok(vec![Fact::Answered { work, answer, by }])
}

fn at_action(state: &State, work: &Work, action: usize) -> Result<(), Refusal> {
    let known = state.work(work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    let actions = known.intent.as_ref().map_or(0, |intent| intent.actions.len());
    match known.receipts.len() == action && action < actions {
        true => Ok(()),
        false => Err(Refusal::NotNow(format!("action {action} of {work} is not the one in hand"))),
    }
}

fn concluded(state: &State, work: Work, outcome: Box<Outcome>) -> Vec<Fact> {
    let succeeded = matches!(*outcome, Outcome::Succeeded { .. }) && work.lane == Lane::Forward;
    let step = work.step.clone();
    let mut facts = vec![Fact::Concluded { work, outcome }];
    if succeeded {
        facts.extend(items_from(state, &step).map(|(checklist, item)| tick_by_step(checklist, item, &step)));
    }
    facts
}

fn choose(state: &State, work: Work, choice: Choice, by: Actor) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    let stale = state.steps.get(&work.step).is_some_and(|step| !step.stale.is_empty());
    if state.rollback.is_some() != work.is_undo() {
        return Err(Refusal::NotNow(format!("{work} is not what is walked now")));
    }
    match choice {
        Choice::Retry { mended } => {
            if known.status == Status::Unknown {
                let why = format!("nobody knows whether {work} took effect: say first whether it did");
                return Err(Refusal::NotNow(why));
            }
            if let Some(other) = active_work(state) {
                return Err(Refusal::NotNow(format!("{other} is in progress")));
            }
            let unticked = untick(state, &work, &by);
            Ok(std::iter::once(Fact::Retried { work, by, reason: mended }).chain(unticked).collect())
        }
        Choice::Skip { reason } => {
            said_why(&reason, "leaving a step out")?;
            Ok(vec![match stale && known.status.is_done() {
                true => Fact::Kept { step: work.step, by, reason },
                false => Fact::Skipped { work, by, reason },
            }])
        }
        Choice::TookEffect { action, receipt } => settle(state, &work, action)
            .map(|()| vec![Fact::Received { work, action, receipt, how: crate::How::Operator }]),
        Choice::TookNoEffect { action, reason } => {
            said_why(&reason, "this")?;
            settle(state, &work, action).map(|()| {
                let why = format!("{}: {reason}", by.name);
                vec![Fact::NotSent { work, action, why }]
            })
        }
    }
}

fn settle(state: &State, work: &Work, action: usize) -> Result<(), Refusal> {
    at_action(state, work, action)?;
    match state.work(work).map(|known| known.status) {
        Some(Status::Unknown) => Ok(()),
        Some(_) | None => Err(Refusal::NotNow(format!("{work} is not unknown"))),
    }
}

fn tick(
    state: &State,
    step: &StepId,
    item: &ItemId,
    on: bool,
    by: Actor,
    reason: Option<String>,
    evidence: Option<String>,
) -> Result<Vec<Fact>, Refusal> {
    let found = state.plan.step(step).and_then(|step| step.items.iter().find(|one| &one.id == item));
    let found = found.ok_or_else(|| Refusal::Absent(format!("item {item} in {step}")))?;
    if state.status(step).is_done() {
        return Err(Refusal::NotNow(format!("{step} is signed already: retry it to sign it anew")));
    }
    if on && found.from.is_some() && reason.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(Refusal::Reason(format!("ticking by hand what step {} ticks", name_of(found))));
    }
    if on && found.evidence.is_some() && evidence.as_deref().unwrap_or_default().trim().is_empty() {
        let wanted = found.evidence.as_deref().unwrap_or_default();
        return Err(Refusal::Answer(format!("{} wants evidence: a {wanted}", found.text)));
    }
    let text_digest = text_digest(found);
    Ok(vec![Fact::Ticked { step: step.clone(), item: item.clone(), on, by, reason, evidence, text_digest }])
}

fn roll_back(state: &State, by: Actor, reason: String) -> Result<Vec<Fact>, Refusal> {
    if state.rollback.is_some() {
        return Err(Refusal::NotNow("this run is being rolled back already".into()));
    }
    if let Some(sent) = active_work(state).filter(|work| state.status(&work.step) == Status::Sent) {
        return Err(Refusal::NotNow(format!("{sent} is being sent: wait for its answer, it takes seconds")));
    }
    said_why(&reason, "rolling back")?;
    let set = state.rollback_set();
    match set.is_empty() {
        true => {
            Err(Refusal::NotNow("nothing was changed that could be put back; abort the run to end it".into()))
        }
        false => Ok(vec![Fact::RollbackStarted { by, reason, set }]),
    }
}

/// Work that has begun and not ended, in the lane that is walked.
pub(crate) fn active_work(state: &State) -> Option<Work> {
    state.steps.iter().find_map(|(id, step)| {
        let lane = if state.rollback.is_some() { &step.undo } else { &step.forward };
        let work = if state.rollback.is_some() { Work::undo(id.clone()) } else { Work::forward(id.clone()) };
        lane.status.is_active().then_some(work)
    })
}

fn complete_checklist(state: &State) -> Option<(Work, Actor)> {
    let asked = |step: &&Step| {
        state.steps.get(&step.id).is_some_and(|known| {
            known.forward.status == Status::Asking
                && known
                    .forward
                    .intent
                    .as_ref()
                    .and_then(|intent| intent.ask.as_ref())
                    .is_some_and(|ask| ask.items)
        })
    };
    let step = state.plan.steps().find(asked)?;
    let ticks = &state.steps.get(&step.id)?.items;
    let open =
        step.items.iter().any(|item| !item.optional && !ticks.get(&item.id).is_some_and(|tick| tick.on));
    let last = ticks.values().max_by_key(|tick| tick.at);
    let nobody = Actor { name: "the plan".into(), through: "step".into() };
    (!open).then(|| (Work::forward(step.id.clone()), last.map_or(nobody, |tick| tick.by.clone())))
}

fn ticks_on_arrival(state: &State, work: &Work) -> Vec<Fact> {
    if work.is_undo() {
        return Vec::new();
    }
    let Some(step) = state.plan.step(&work.step) else { return Vec::new() };
    let ticked = |item: &Item| {
        state.steps.get(&step.id).and_then(|known| known.items.get(&item.id)).is_some_and(|tick| tick.on)
    };
    let done = |item: &Item| item.from.as_ref().is_some_and(|from| state.status(from) == Status::Succeeded);
    let due = step.items.iter().filter(|item| done(item) && !ticked(item));
    due.filter_map(|item| item.from.as_ref().map(|from| tick_by_step(step.id.clone(), item, from))).collect()
}

fn items_from<'a>(state: &'a State, source: &'a StepId) -> impl Iterator<Item = (StepId, &'a Item)> {
    state.plan.steps().filter(|step| !state.status(&step.id).is_done()).flat_map(move |step| {
        step.items
            .iter()
            .filter(move |item| item.from.as_ref() == Some(source))
            .map(|item| (step.id.clone(), item))
    })
}

/// Retrying a step takes back what it ticked.
fn untick(state: &State, work: &Work, by: &Actor) -> Vec<Fact> {
    let ticked = |checklist: &StepId, item: &Item| {
        state.steps.get(checklist).and_then(|known| known.items.get(&item.id)).is_some_and(|tick| tick.on)
    };
    items_from(state, &work.step)
        .filter(|(checklist, item)| ticked(checklist, item))
        .map(|(checklist, item)| Fact::Ticked {
            step: checklist,
            item: item.id.clone(),
            on: false,
            by: by.clone(),
            reason: Some(format!("{} is walked again", work.step)),
            evidence: None,
            text_digest: text_digest(item),
        })
        .collect()
}

fn tick_by_step(checklist: StepId, item: &Item, source: &StepId) -> Fact {
    Fact::Ticked {
        step: checklist,
        item: item.id.clone(),
        on: true,
        by: Actor { name: source.to_string(), through: "step".into() },
        reason: None,
        evidence: None,
        text_digest: text_digest(item),
    }
}

fn text_digest(item: &Item) -> String {
    crate::chain::hex(&Sha256::digest(item.text.as_bytes()))
}

fn name_of(item: &Item) -> String {
    item.from.as_ref().map_or_else(|| item.text.clone(), ToString::to_string)
}

fn said_why(reason: &str, what: &str) -> Result<(), Refusal> {
    match reason.trim().is_empty() {
        true => Err(Refusal::Reason(what.into())),
        false => Ok(()),
    }
}
