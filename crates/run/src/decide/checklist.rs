//! Checklists: ticks of people, ticks of steps, and when a list is complete.

use crate::{Actor, Fact, Refusal, State, Status, Work};
use holdpoint_plan::{Item, ItemId, Step, StepId};
use sha2::{Digest, Sha256};

/// A person ticks or unticks an item.
pub(super) fn tick(
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
    if state.aborted.is_some() || state.rollback.is_some() {
        return Err(Refusal::NotNow(format!("{step} is not walked any more")));
    }
    let status = state.status(step);
    if status.is_done() || (status.is_active() && status != Status::Asking) {
        return Err(Refusal::NotNow(format!("{step} is signed already: retry it to sign it anew")));
    }
    if let Some(from) = &found.from
        && on
        && is_blank(reason.as_deref())
    {
        return Err(Refusal::Reason(format!("ticking by hand what step {from} ticks")));
    }
    if let Some(wanted) = &found.evidence
        && on
        && is_blank(evidence.as_deref())
    {
        return Err(Refusal::Answer(format!("{} wants evidence: a {wanted}", found.text)));
    }
    let text_digest = text_digest(found);
    Ok(vec![Fact::Ticked { step: step.clone(), item: item.clone(), on, by, reason, evidence, text_digest }])
}

/// The checklist in hand whose every item is ticked, and who ticked the last one.
pub(super) fn complete(state: &State) -> Option<(Work, Actor)> {
    if state.rollback.is_some() || state.aborted.is_some() {
        return None;
    }
    let asked = |step: &&Step| {
        state.steps.get(&step.id).is_some_and(|known| {
            let ask = known.forward.intent.as_ref().and_then(|intent| intent.ask.as_ref());
            known.forward.status == Status::Asking && ask.is_some_and(|ask| ask.items)
        })
    };
    let step = state.plan.steps().find(asked)?;
    let ticks = &state.steps.get(&step.id)?.items;
    let open = step
        .items
        .iter()
        .any(|item| !may_stay_open(item) && !ticks.get(&item.id).is_some_and(|tick| tick.on));
    let last = ticks.values().filter(|tick| tick.on).max_by_key(|tick| tick.at);
    let nobody = Actor { name: "the plan".into(), through: "step".into() };
    (!open).then(|| (Work::forward(step.id.clone()), last.map_or(nobody, |tick| tick.by.clone())))
}

/// Whether a list may be signed without it: it never has to be done, or later.
fn may_stay_open(item: &Item) -> bool {
    item.optional || item.later.is_some()
}

/// Steps that succeeded before the run came to this checklist tick their items now.
pub(super) fn ticks_on_arrival(state: &State, work: &Work) -> Vec<Fact> {
    let step = state.plan.step(&work.step).filter(|_| !work.is_undo());
    let items = step.into_iter().flat_map(|step| step.items.iter().map(move |item| (step, item)));
    let due = items.filter(|(step, item)| !is_on(state, &step.id, item) && vouched(state, item));
    due.filter_map(|(step, item)| item.from.as_ref().map(|from| tick_by_step(&step.id, item, from, true)))
        .collect()
}

/// Items that this step ticks by succeeding, in every checklist that is still open.
pub(super) fn ticks_of(state: &State, source: &StepId) -> Vec<Fact> {
    items_from(state, source)
        .filter(|(checklist, item)| !is_on(state, checklist, item))
        .map(|(checklist, item)| tick_by_step(checklist, item, source, true))
        .collect()
}

/// Items that were ticked by a step which does not vouch for them any more: it is stale, or walked again.
pub(super) fn ticks_gone_stale(state: &State) -> Vec<Fact> {
    let open = state.plan.steps().filter(|step| !state.status(&step.id).is_done());
    let items = open.flat_map(|step| step.items.iter().map(move |item| (&step.id, item)));
    let gone = items.filter(|(checklist, item)| {
        let tick = state.steps.get(checklist).and_then(|known| known.items.get(&item.id));
        tick.is_some_and(|tick| tick.on && tick.by.through == BY_STEP) && !vouched(state, item)
    });
    gone.filter_map(|(checklist, item)| {
        item.from.as_ref().map(|from| tick_by_step(checklist, item, from, false))
    })
    .collect()
}

/// Walking a step again takes back every tick in open lists that speaks of it, by hand or not; walking a checklist
/// again takes back its own.
pub(super) fn untick(state: &State, work: &Work, by: &Actor) -> Vec<Fact> {
    let own = state.plan.step(&work.step).into_iter();
    let own = own.flat_map(|step| step.items.iter().map(move |item| (&step.id, item)));
    items_from(state, &work.step)
        .chain(own)
        .filter(|(checklist, item)| is_on(state, checklist, item))
        .map(|(checklist, item)| Fact::Ticked {
            step: checklist.clone(),
            item: item.id.clone(),
            on: false,
            by: by.clone(),
            reason: Some(format!("{} is walked again", work.step)),
            evidence: None,
            text_digest: text_digest(item),
        })
        .collect()
}

/// How a tick that a step made says who it is by.
const BY_STEP: &str = "step";

fn items_from<'a>(state: &'a State, source: &'a StepId) -> impl Iterator<Item = (&'a StepId, &'a Item)> {
    state
        .plan
        .steps()
        .filter(|step| !state.status(&step.id).is_done())
        .flat_map(|step| step.items.iter().map(move |item| (&step.id, item)))
        .filter(move |(_, item)| item.from.as_ref() == Some(source))
}

/// Whether the step that an item speaks of has succeeded, on values that still hold.
fn vouched(state: &State, item: &Item) -> bool {
    let source = item.from.as_ref().and_then(|from| state.steps.get(from));
    source.is_some_and(|known| known.forward.status == Status::Succeeded && known.stale.is_empty())
}

fn is_on(state: &State, checklist: &StepId, item: &Item) -> bool {
    state.steps.get(checklist).and_then(|known| known.items.get(&item.id)).is_some_and(|tick| tick.on)
}

fn tick_by_step(checklist: &StepId, item: &Item, source: &StepId, on: bool) -> Fact {
    Fact::Ticked {
        step: checklist.clone(),
        item: item.id.clone(),
        on,
        by: Actor { name: source.to_string(), through: BY_STEP.into() },
        reason: (!on).then(|| format!("{source} does not vouch for it any more")),
        evidence: None,
        text_digest: text_digest(item),
    }
}

fn text_digest(item: &Item) -> String {
    crate::chain::hex(&Sha256::digest(item.text.as_bytes()))
}

fn is_blank(text: Option<&str>) -> bool {
    text.unwrap_or_default().trim().is_empty()
}
