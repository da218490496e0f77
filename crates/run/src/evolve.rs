//! State is a fold: what a fact does to it.

use crate::chain::Event;
use crate::{
    Adopted, Adoption, At, Fact, HoldKey, HoldState, Illegal, ItemState, Lane, ObligationEnd,
    ObligationState, Outcome, OutputValue, Rollback, State, Status, StepFact, Work, WorkState, advance,
};
use holdpoint_plan::{Item, ItemId, Need, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// A journal that is not one of this plan, or not one that this code could have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A fact about a step that the plan does not have.
    #[error("event {seq} speaks of step {step}, which the plan does not have")]
    NoStep {
        /// The event.
        seq: u64,
        /// The step.
        step: StepId,
    },
    /// A revision of the plan that nobody has at hand.
    #[error("event {seq} goes on with revision {digest} of the plan, which is not at hand")]
    NoPlan {
        /// The event.
        seq: u64,
        /// SHA-256 of its bytes, hex.
        digest: String,
    },
    /// A fact that cannot follow.
    #[error("event {seq}: {why}")]
    Illegal {
        /// The event.
        seq: u64,
        /// The rule.
        why: Illegal,
    },
}

impl State {
    /// Applies one stored event.
    pub fn evolve(&mut self, event: &Event, hash: &[u8; 32]) -> Result<(), Misfit> {
        self.apply(event.seq, event.at, &event.event)?;
        self.seq = event.seq;
        self.head = crate::chain::hex(hash);
        self.updated_at = Some(event.at);
        Ok(())
    }

    /// Applies a fact without counting it: how `decide` looks ahead.
    pub(crate) fn apply(&mut self, seq: u64, at: At, fact: &Fact) -> Result<(), Misfit> {
        match fact {
            Fact::Started(started) => {
                self.epoch = 1;
                self.driver.clone_from(&started.driver);
                self.started_at = Some(at);
                self.undo.clone_from(&started.undo);
                self.vars.clone_from(&started.vars);
                self.started = Some(std::sync::Arc::new((**started).clone()));
            }
            Fact::DriverChanged { epoch, driver, .. } => {
                self.epoch = *epoch;
                self.driver.clone_from(driver);
            }
            Fact::Pinned { moment, pins } => {
                self.pinned_at.insert(*moment, at);
                self.pins.extend(pins.iter().map(|pin| (pin.key.clone(), pin.clone())));
            }
            Fact::HoldOpened { hold, covers } => {
                let fresh = HoldState {
                    covers: covers.clone(),
                    signatures: Vec::new(),
                    voided: Vec::new(),
                    lapsed: false,
                    opened_at: at,
                    satisfied_at: None,
                };
                let voided = self.holds.remove(hold).map(|old| old.voided).unwrap_or_default();
                self.holds.insert(hold.clone(), HoldState { voided, ..fresh });
            }
            Fact::Signed { hold, signature } => {
                let satisfied = self.rule_of(hold).cloned();
                let starter = self.started.as_ref().map(|started| started.starter.person.clone());
                if let Some(state) = self.holds.get_mut(hold) {
                    // A later signature of the same person replaces the earlier one: a no-go may be reconsidered.
                    let same = |one: &crate::Signature| one.signer.person == signature.signer.person;
                    state.signatures.retain(|one| !same(one));
                    state.signatures.push(signature.clone());
                    let done = satisfied
                        .is_some_and(|rule| crate::satisfied(&rule, starter.as_ref(), &state.signatures));
                    state.satisfied_at = done.then_some(at);
                }
            }
            Fact::GlassBroken { hold, signature } => {
                self.broken.push((hold.clone(), (**signature).clone()));
                if let Some(state) = self.holds.get_mut(hold) {
                    state.signatures.push((**signature).clone());
                    state.satisfied_at = Some(at);
                }
            }
            Fact::HoldVoided { hold, why } => {
                if let Some(state) = self.holds.get_mut(hold) {
                    let void = std::mem::take(&mut state.signatures);
                    state.voided.extend(void.into_iter().map(|one| (one, why.clone())));
                    state.satisfied_at = None;
                    state.lapsed = true;
                }
            }
            Fact::SkippedByCondition { step, condition } => {
                let work = self.advance(seq, &Work::forward(step.clone()), StepFact::Skipped)?;
                work.skipped = Some((None, condition.clone()));
                work.ended_at = Some(at);
                if let Some(step) = self.steps.get_mut(step) {
                    step.stale.clear();
                }
            }
            Fact::Intended { work, attempt, epoch, intent, identity, used } => {
                let asks = intent.ask.is_some();
                let acts = !intent.actions.is_empty();
                let state = self.advance(seq, work, StepFact::Intended { asks, acts })?;
                state.attempt = *attempt;
                state.epoch = *epoch;
                state.intent = Some((**intent).clone());
                state.identity.clone_from(identity);
                state.used.clone_from(used);
                state.receipts.clear();
                state.answer = None;
                state.stopping = None;
                state.unasked();
                state.outcome = None;
                state.skipped = None;
                state.began_at = Some(at);
                state.ended_at = None;
                if let (Lane::Forward, Some(step)) = (work.lane, self.steps.get_mut(&work.step)) {
                    step.stale.clear();
                }
            }
            Fact::Answered { work, answer, by } => {
                let acts = self
                    .work(work)
                    .and_then(|state| state.intent.as_ref())
                    .is_some_and(|intent| !intent.actions.is_empty());
                let state = self.advance(seq, work, StepFact::Answered { acts })?;
                state.answer = Some((answer.clone(), by.clone()));
            }
            Fact::Asked { work, question } => self.of(seq, work)?.question = Some((**question).clone()),
            Fact::Withdrawn { work, .. } => self.of(seq, work)?.question = None,
            Fact::Replied { work, key, option, .. } => self.reply(seq, work, key, option)?,
            Fact::Sending { work, .. } => {
                self.advance(seq, work, StepFact::Sending)?;
                if let (Lane::Forward, Some(step)) = (work.lane, self.steps.get_mut(&work.step)) {
                    step.touched = true;
                }
            }
            Fact::NotSent { work, .. } => {
                self.advance(seq, work, StepFact::NotSent)?.settled();
            }
            Fact::Received { work, action, receipt, .. } => {
                let actions = self
                    .work(work)
                    .and_then(|state| state.intent.as_ref())
                    .map_or(0, |intent| intent.actions.len());
                let last = action + 1 >= actions;
                let state = self.advance(seq, work, StepFact::Received { last })?;
                state.settled();
                state.receipts.truncate(*action);
                state.receipts.push(receipt.clone());
            }
            Fact::Verifying { work } => {
                self.advance(seq, work, StepFact::Verifying)?;
            }
            Fact::Concluded { work, outcome } => self.conclude(seq, at, work, outcome)?,
            Fact::BecameUnknown { work, diagnosis } => {
                let state = self.advance(seq, work, StepFact::BecameUnknown)?;
                state.outcome = Some(Outcome::Unknown((**diagnosis).clone()));
            }
            Fact::Retried { work, .. } => {
                let state = self.advance(seq, work, StepFact::Retried)?;
                state.unasked();
                state.skipped = None;
                state.ended_at = None;
                // What was signed for a finished attempt is not signed for the next one of a hold that covers values
                // which may change: covers are compared again when it is intended.
            }
            Fact::Skipped { work, by, reason } => {
                let state = self.advance(seq, work, StepFact::Skipped)?;
                state.skipped = Some((Some(by.clone()), reason.clone()));
                state.ended_at = Some(at);
                if let (Lane::Forward, Some(step)) = (work.lane, self.steps.get_mut(&work.step)) {
                    step.stale.clear();
                }
            }
            Fact::Kept { step, .. } => {
                if let Some(step) = self.steps.get_mut(step) {
                    step.stale.clear();
                }
            }
            Fact::Ticked { step, item, on, by, reason, evidence, .. } => {
                let state =
                    self.steps.get_mut(step).ok_or_else(|| Misfit::NoStep { seq, step: step.clone() })?;
                let tick = ItemState {
                    on: *on,
                    by: by.clone(),
                    reason: reason.clone(),
                    evidence: evidence.clone(),
                    at,
                };
                state.items.insert(item.clone(), tick);
            }
            Fact::Stopping { work, hard, .. } => self.of(seq, work)?.stopping = Some(*hard),
            Fact::EvidenceKept { work, evidence } => self.evidence.push((work.clone(), evidence.clone())),
            Fact::RollbackStarted { by, reason, set, left, accepted } => {
                self.rollback = Some(Rollback {
                    by: by.clone(),
                    reason: reason.clone(),
                    set: set.clone(),
                    left: left.clone(),
                    accepted: accepted.clone(),
                    at,
                });
            }
            Fact::PlanAdopted(adopted) => self.adopt(seq, adopted)?,
            Fact::ObligationOpened { obligation } => {
                let state =
                    ObligationState { obligation: (**obligation).clone(), opened_at: at, closed: None };
                self.obligations.insert(obligation.id.clone(), state);
            }
            Fact::ObligationMoved { id, due, owner, .. } => {
                if let Some(known) = self.obligations.get_mut(id) {
                    known.obligation.due = *due;
                    known.obligation.owner.clone_from(owner);
                }
            }
            Fact::ObligationClosed { id, by, reason, evidence } => {
                if let Some(known) = self.obligations.get_mut(id) {
                    let (by, reason, evidence) = (by.clone(), reason.clone(), evidence.clone());
                    known.closed = Some(ObligationEnd { by, reason, evidence, at });
                }
            }
            Fact::Aborted { by, reason } => self.aborted = Some((by.clone(), reason.clone())),
            Fact::Closed { end } => self.end = Some((*end, at)),
        }
        Ok(())
    }

    fn of(&mut self, seq: u64, work: &Work) -> Result<&mut WorkState, Misfit> {
        let step =
            self.steps.get_mut(&work.step).ok_or_else(|| Misfit::NoStep { seq, step: work.step.clone() })?;
        Ok(match work.lane {
            Lane::Forward => &mut step.forward,
            Lane::Undo => &mut step.undo,
        })
    }

    /// Another revision of the plan is walked from now on: what is done stays done, save what is to be walked again.
    fn adopt(&mut self, seq: u64, adopted: &Adopted) -> Result<(), Misfit> {
        let plan = self.revisions.get(&adopted.digest).cloned();
        let plan = plan.ok_or_else(|| Misfit::NoPlan { seq, digest: adopted.digest.clone() })?;
        self.steps.retain(|id, _| plan.step(id).is_some());
        for step in plan.steps() {
            let old = self.plan.step(&step.id).map(|old| old.items.clone()).unwrap_or_default();
            let known = self.steps.entry(step.id.clone()).or_default();
            // A tick covers the item's text.
            let stands = |id: &ItemId| {
                let text =
                    |items: &[Item]| items.iter().find(|item| &item.id == id).map(|item| item.text.clone());
                text(&old) == text(&step.items)
            };
            known.items.retain(|id, _| stands(id));
            // What is asked is asked anew: another step may come before it now.
            if known.forward.status == Status::Asking {
                known.forward.status =
                    advance(Status::Asking, StepFact::Retried).map_err(|why| Misfit::Illegal { seq, why })?;
            }
        }
        self.plan = plan;
        self.holds.retain(|hold, _| match hold {
            HoldKey::Stage(id) => self.plan.stage(id).is_some_and(|stage| stage.hold.is_some()),
            HoldKey::Step(id) => self.plan.step(id).is_some_and(|step| step.hold.is_some()),
        });
        for (step, fate) in &adopted.fates {
            match fate {
                Adoption::Keep => {}
                Adoption::Again => {
                    let state = self.advance(seq, &Work::forward(step.clone()), StepFact::Retried)?;
                    state.unasked();
                    state.skipped = None;
                    state.ended_at = None;
                }
            }
        }
        self.vars.extend(adopted.vars.clone());
        self.undo.clone_from(&adopted.undo);
        for pin in &adopted.pins {
            self.pins.entry(pin.key.clone()).or_insert_with(|| pin.clone());
        }
        Ok(())
    }

    /// What was asked is answered: its action is the next one of the intent.
    fn reply(&mut self, seq: u64, work: &Work, key: &str, option: &str) -> Result<(), Misfit> {
        let question = self.of(seq, work)?.question.take();
        let action = question.and_then(|question| question.actions.get(option).cloned());
        let state = self.advance(seq, work, StepFact::Replied { acts: action.is_some() })?;
        state.replies.push((key.to_owned(), option.to_owned()));
        if let (Some(action), Some(intent)) = (action, state.intent.as_mut()) {
            intent.actions.push(action);
            state.added += 1;
        }
        Ok(())
    }

    fn advance(&mut self, seq: u64, work: &Work, fact: StepFact) -> Result<&mut WorkState, Misfit> {
        let state = self.of(seq, work)?;
        state.status = advance(state.status, fact).map_err(|why| Misfit::Illegal { seq, why })?;
        Ok(state)
    }

    fn conclude(&mut self, seq: u64, at: At, work: &Work, outcome: &Outcome) -> Result<(), Misfit> {
        let status = match outcome {
            Outcome::Succeeded { .. } => Status::Succeeded,
            Outcome::Failed(_) => Status::Failed,
            Outcome::RolledBackByAws(_) => Status::RolledBackByAws,
            Outcome::Superseded(_) => Status::Superseded,
            Outcome::Unknown(_) => Status::Unknown,
            Outcome::NotPractised { .. } => Status::NotPractised,
        };
        let state = self.advance(seq, work, StepFact::Concluded(status))?;
        state.outcome = Some(outcome.clone());
        state.question = None;
        state.ended_at = Some(at);
        if let Outcome::Succeeded { outputs, .. } = outcome {
            let before = std::mem::replace(&mut state.outputs, outputs.clone());
            match work.lane {
                Lane::Forward => self.mark_stale(&work.step, &before),
                Lane::Undo => {
                    let forward = Work::forward(work.step.clone());
                    self.advance(seq, &forward, StepFact::Undone)?;
                }
            }
        }
        Ok(())
    }

    /// Steps that used an output of `source` which is another now are stale; so are, when its outputs are others than
    /// `before`, those that need it and those that were left out by a condition on it.
    fn mark_stale(&mut self, source: &StepId, before: &BTreeMap<String, OutputValue>) {
        let prefix = format!("steps.{source}.outputs.");
        let Some(now) = self.steps.get(source).map(|step| step.forward.outputs.clone()) else { return };
        let changed = !before.is_empty() && before != &now;
        let stage = self.plan.stage_of(source).map(|stage| stage.id.clone());
        let needs = |need: &Need| match need {
            Need::Step(id) => id == source,
            Need::Stage(id) => stage.as_ref() == Some(id),
        };
        let plan = std::sync::Arc::clone(&self.plan);
        for step in plan.steps().filter(|step| &step.id != source) {
            let Some(known) = self.steps.get_mut(&step.id) else { continue };
            let mut stale: BTreeSet<String> =
                known.stale.drain(..).filter(|name| !name.starts_with(&prefix)).collect();
            let another = |used: &&crate::Used| match used.name.strip_prefix(&prefix) {
                Some(name) => now.get(name).is_none_or(|value| value.digest != used.digest),
                None => false,
            };
            let needed = changed && step.needs.iter().any(needs);
            let asked = changed && step.when.as_ref().is_some_and(|when| when.contains(&prefix));
            match known.forward.status {
                Status::Succeeded => {
                    stale.extend(known.forward.used.iter().filter(another).map(|used| used.name.clone()));
                    stale.extend(needed.then(|| format!("steps.{source}")));
                }
                // Left out by a person, or not practised, it used nothing.
                Status::Skipped | Status::NotPractised => {
                    let by_condition = matches!(known.forward.skipped, Some((None, _)));
                    stale.extend((asked && by_condition).then(|| format!("steps.{source}")));
                }
                Status::Pending
                | Status::Running
                | Status::Asking
                | Status::Sent
                | Status::Waiting
                | Status::Verifying
                | Status::Failed
                | Status::Unknown
                | Status::RolledBackByAws
                | Status::Superseded
                | Status::Compensated => {}
            }
            known.stale = stale.into_iter().collect();
        }
    }

    /// The rule of a hold, as the plan says.
    pub fn rule_of(&self, hold: &crate::HoldKey) -> Option<&holdpoint_plan::Hold> {
        match hold {
            crate::HoldKey::Stage(id) => self.plan.stage(id)?.hold.as_ref(),
            crate::HoldKey::Step(id) => self.plan.step(id)?.hold.as_ref(),
        }
    }
}

impl WorkState {
    /// What was unknown is known: its diagnosis is history.
    fn settled(&mut self) {
        if matches!(self.outcome, Some(Outcome::Unknown(_))) {
            self.outcome = None;
        }
    }
}
