//! One pass over the events: what the fold forgets, with the number of the event that says it.

use crate::model::*;
use crate::{say, words};
use holdpoint_plan::{ItemId, StepId};
use holdpoint_run::chain::Event;
use holdpoint_run::{
    At, Checked, Diagnosis, Fact, HoldKey, How, Intent, Outcome, Person, Receipt, Signature, State, Status,
    Work,
};
use std::collections::BTreeMap;

/// What was gathered so far.
#[derive(Default)]
pub(super) struct Index {
    pub(super) attempts: BTreeMap<Work, Vec<Attempt>>,
    pub(super) newest: BTreeMap<Work, u64>,
    pub(super) holds: BTreeMap<HoldKey, u64>,
    pub(super) signatures: BTreeMap<HoldKey, Vec<SignatureReport>>,
    pub(super) ticks: BTreeMap<(StepId, ItemId), u64>,
    pub(super) deviations: Vec<Deviation>,
    pub(super) diagnoses: Vec<DiagnosisReport>,
    pub(super) pins: Vec<PinReport>,
    pub(super) evidence: Vec<EvidenceReport>,
    pub(super) requests: Vec<Request>,
    pub(super) succeeded: BTreeMap<StepId, u64>,
    pub(super) rollback: Option<u64>,
    /// The newest event about each obligation.
    pub(super) obligations: BTreeMap<String, u64>,
    pub(super) assumed: usize,
    changes: Vec<Change>,
    people: BTreeMap<u64, Person>,
    calls: BTreeMap<Work, Vec<String>>,
    /// Calls that the newest question of each work offers, by option.
    offered: BTreeMap<Work, BTreeMap<String, String>>,
}

/// Where and when a statement was made.
#[derive(Clone, Copy)]
struct Place {
    at: At,
    seq: u64,
}

impl Index {
    /// Takes in one event.
    pub(super) fn take(&mut self, state: &State, event: &Event) {
        let place = Place { at: event.at, seq: event.seq };
        match &event.event {
            Fact::Started(started) => self.asked_sts(&started.starter, "who starts the run", place),
            Fact::DriverChanged { driver, reason, .. } => {
                self.deviates(DeviationKind::DriverChanged, driver, reason, None, place);
            }
            Fact::Pinned { moment, pins } => self.pins.extend(pins.iter().map(|pin| PinReport {
                key: pin.key.clone(),
                moment: *moment,
                content: pin.content.clone(),
                sealed: pin.sealed.clone(),
                event: place.seq,
            })),
            Fact::HoldOpened { hold, .. } => drop(self.holds.insert(hold.clone(), place.seq)),
            Fact::Signed { hold, signature } => self.signed(hold, signature, place),
            Fact::GlassBroken { hold, signature } => {
                self.signed(hold, signature, place);
                let why = signature.reason.as_deref().unwrap_or_default();
                let who = &signature.signer.person.name;
                self.deviates(DeviationKind::GlassBroken, hold, why, Some(who), place);
            }
            Fact::PlanAdopted(adopted) => {
                let about = format!("revision {}", adopted.digest);
                self.deviates(
                    DeviationKind::PlanReplaced,
                    &about,
                    &adopted.reason,
                    Some(&adopted.by.name),
                    place,
                );
            }
            Fact::ObligationOpened { obligation } => {
                self.obligations.insert(obligation.id.clone(), place.seq);
            }
            Fact::ObligationMoved { id, .. } | Fact::ObligationClosed { id, .. } => {
                self.obligations.insert(id.clone(), place.seq);
            }
            Fact::HoldVoided { hold, why } => {
                for signature in self.signatures.entry(hold.clone()).or_default() {
                    signature.void.get_or_insert_with(|| why.clone());
                }
                self.deviates(DeviationKind::HoldVoided, hold, why, None, place);
            }
            Fact::SkippedByCondition { step, condition } => {
                self.saw(&Work::forward(step.clone()), place);
                self.deviates(DeviationKind::SkippedByCondition, step, condition, None, place);
            }
            Fact::Intended { work, attempt, intent, identity, .. } => {
                self.saw(work, place);
                if let Some(identity) = identity {
                    self.asked_sts(identity, &format!("the identity that {work} is done with"), place);
                }
                self.calls.insert(work.clone(), intent.actions.iter().map(|one| one.call.clone()).collect());
                let attempt = begun(*attempt, Some(intent), place);
                self.attempts.entry(work.clone()).or_default().push(attempt);
            }
            Fact::Answered { work, answer, by } => {
                self.saw(work, place);
                let said = (words::answer(answer), by.name.clone());
                if let Some(attempt) = self.open_attempt(work) {
                    attempt.answer = Some(said);
                }
            }
            Fact::Asked { work, question } => {
                self.saw(work, place);
                let calls =
                    question.actions.iter().map(|(option, action)| (option.clone(), action.call.clone()));
                self.offered.insert(work.clone(), calls.collect());
            }
            Fact::Withdrawn { work, .. } => self.saw(work, place),
            Fact::Replied { work, option, signature, .. } => {
                self.saw(work, place);
                let name = signature.signer.person.name.clone();
                self.asked_sts(&signature.signer, &format!("who answers what {work} asks"), place);
                let offered = self.offered.remove(work).unwrap_or_default();
                if let (Some(calls), Some(call)) = (self.calls.get_mut(work), offered.get(option)) {
                    calls.push(call.clone());
                }
                if let Some(attempt) = self.open_attempt(work) {
                    attempt.answer = Some((option.clone(), name));
                }
            }
            Fact::Sending { work, action } => {
                self.saw(work, place);
                let call = self.call(work, *action);
                self.changes.push(Change {
                    work: work.clone(),
                    call,
                    external: Vec::new(),
                    how: None,
                    undone: false,
                    at: place.at,
                    event: place.seq,
                });
            }
            Fact::NotSent { work, why, .. } => {
                self.saw(work, place);
                if self.was_unknown(work) {
                    let how = format!("it took no effect: {why}");
                    self.deviates(DeviationKind::Settled, work, &how, None, place);
                }
                // What certainly took no effect changed nothing.
                if let Some(index) = self.open_change(work) {
                    self.changes.remove(index);
                }
            }
            Fact::Received { work, action, receipt, how } => {
                self.received(work, *action, receipt, *how, place)
            }
            Fact::Verifying { work } => self.saw(work, place),
            Fact::Concluded { work, outcome } => self.concluded(work, outcome, place),
            Fact::BecameUnknown { work, diagnosis } => {
                self.saw(work, place);
                if let Some(attempt) = self.open_attempt(work) {
                    attempt.status = Some(Status::Unknown);
                    attempt.note = Some(diagnosis.headline.clone());
                }
                self.diagnosed(work, Status::Unknown, diagnosis, place);
            }
            Fact::Retried { work, by, reason } => {
                self.saw(work, place);
                let why = reason.as_deref().unwrap_or("once more");
                self.deviates(DeviationKind::Retried, work, why, Some(&by.name), place);
            }
            Fact::Skipped { work, by, reason } => {
                self.saw(work, place);
                if let Some(attempt) = self.open_attempt(work) {
                    close(attempt, Status::Skipped, Some(reason.clone()), place);
                }
                self.deviates(DeviationKind::Skipped, work, reason, Some(&by.name), place);
            }
            Fact::Kept { step, by, reason } => {
                self.saw(&Work::forward(step.clone()), place);
                self.deviates(DeviationKind::Kept, step, reason, Some(&by.name), place);
            }
            Fact::Ticked { step, item, on, by, reason, .. } => {
                self.ticks.insert((step.clone(), item.clone()), place.seq);
                let of_plan =
                    state.plan.step(step).and_then(|step| step.items.iter().find(|one| &one.id == item));
                if let (Some(known), Some(reason), true) = (of_plan, reason, *on && by.through != "step") {
                    let about = known.text.clone();
                    self.deviates(DeviationKind::TickedByHand, &about, reason, Some(&by.name), place);
                }
            }
            Fact::Stopping { work, .. } => self.saw(work, place),
            Fact::EvidenceKept { work, evidence } => self.evidence.push(EvidenceReport {
                work: work.clone(),
                name: evidence.name.clone(),
                digest: evidence.digest.clone(),
                media: evidence.media.clone(),
                bytes: evidence.bytes,
                event: place.seq,
            }),
            Fact::RollbackStarted { .. } => self.rollback = Some(place.seq),
            Fact::Aborted { by, reason } => {
                self.deviates(DeviationKind::Aborted, &state.run, reason, Some(&by.name), place);
            }
            Fact::Closed { .. } => {}
        }
    }

    /// What was changed, and whether it has been undone since.
    pub(super) fn changes_of(&self, state: &State) -> Vec<Change> {
        let undone = |work: &Work| {
            let undo = state.work(&Work::undo(work.step.clone()));
            !is_undo(work) && undo.is_some_and(|undo| undo.status == Status::Succeeded)
        };
        self.changes.iter().cloned().map(|change| Change { undone: undone(&change.work), ..change }).collect()
    }

    fn signed(&mut self, hold: &HoldKey, signature: &Signature, place: Place) {
        let person = signature.signer.person.clone();
        let all = self.signatures.entry(hold.clone()).or_default();
        for earlier in all.iter_mut().filter(|earlier| self.people.get(&earlier.event) == Some(&person)) {
            earlier.void.get_or_insert_with(|| format!("signed anew by {}", person.name));
        }
        all.push(SignatureReport {
            decision: signature.decision,
            name: person.name.clone(),
            arn: signature.signer.arn.clone(),
            verified: person.verified,
            auto: signature.auto,
            at: signature.signer.at,
            covers: signature.covers.clone(),
            request_id: signature.signer.request_id.clone(),
            device_key: signature.device_key.clone(),
            reason: signature.reason.clone(),
            void: None,
            event: place.seq,
        });
        self.people.insert(place.seq, person);
        self.asked_sts(&signature.signer, &format!("who signs before {hold}"), place);
    }

    fn received(&mut self, work: &Work, action: usize, receipt: &Receipt, how: How, place: Place) {
        self.saw(work, place);
        self.was_unknown(work);
        let lost = match how {
            How::Answered => None,
            How::Observed => Some("its answer was lost; the world shows that it took effect"),
            How::Operator => Some("the operator decided that it took effect"),
        };
        if let Some(how) = lost {
            self.deviates(DeviationKind::Settled, work, how, None, place);
        }
        let call = self.call(work, action);
        if let Some(id) = &receipt.request_id {
            self.requests.push(Request {
                id: id.clone(),
                call,
                purpose: work.to_string(),
                at: place.at,
                event: place.seq,
            });
        }
        if let Some(change) = self.open_change(work).and_then(|index| self.changes.get_mut(index)) {
            change.external = receipt.external.iter().map(|one| (one.kind.clone(), one.id.clone())).collect();
            change.how = Some(how);
            change.event = place.seq;
        }
    }

    fn concluded(&mut self, work: &Work, outcome: &Outcome, place: Place) {
        self.saw(work, place);
        let (status, note) = (say::status(outcome), say::note(outcome));
        if self.open_attempt(work).is_none() {
            // It failed before its intent: there is an attempt all the same.
            self.attempts.entry(work.clone()).or_default().push(begun(0, None, place));
        }
        if let Some(attempt) = self.open_attempt(work) {
            if let Outcome::Succeeded { judgements, .. } = outcome {
                attempt.judgements.clone_from(judgements);
            }
            close(attempt, status, note, place);
        }
        match outcome {
            Outcome::Succeeded { judgements, .. } => {
                if !is_undo(work) {
                    self.succeeded.insert(work.step.clone(), place.seq);
                }
                for judgement in judgements.iter().filter(|judgement| judgement.assumed) {
                    self.assumed += 1;
                    let why = format!("{} was taken from the plan's own expectation", judgement.what);
                    self.deviates(DeviationKind::Assumed, work, &why, None, place);
                }
            }
            Outcome::Failed(diagnosis)
            | Outcome::RolledBackByAws(diagnosis)
            | Outcome::Superseded(diagnosis)
            | Outcome::Unknown(diagnosis) => self.diagnosed(work, status, diagnosis, place),
            Outcome::NotPractised { why } => {
                self.deviates(DeviationKind::NotPractised, work, why, None, place);
            }
        }
    }

    fn diagnosed(&mut self, work: &Work, status: Status, diagnosis: &Diagnosis, place: Place) {
        let attempt = self.attempts.get(work).and_then(|all| all.last()).map_or(0, |attempt| attempt.number);
        self.diagnoses.push(DiagnosisReport {
            work: work.clone(),
            attempt,
            status,
            diagnosis: diagnosis.clone(),
            at: place.at,
            event: place.seq,
        });
    }

    /// Whether this work was unknown until now.
    fn was_unknown(&mut self, work: &Work) -> bool {
        match self.open_attempt(work) {
            Some(attempt) if attempt.status == Some(Status::Unknown) => {
                attempt.status = None;
                attempt.note = None;
                true
            }
            Some(_) | None => false,
        }
    }

    fn asked_sts(&mut self, checked: &Checked, purpose: &str, place: Place) {
        self.requests.push(Request {
            id: checked.request_id.clone(),
            call: "sts:GetCallerIdentity".into(),
            purpose: purpose.into(),
            at: checked.at,
            event: place.seq,
        });
    }

    fn deviates(
        &mut self,
        kind: DeviationKind,
        about: &impl ToString,
        why: &str,
        by: Option<&str>,
        place: Place,
    ) {
        self.deviations.push(Deviation {
            kind,
            about: about.to_string(),
            why: why.into(),
            by: by.map(Into::into),
            at: place.at,
            event: place.seq,
        });
    }

    fn saw(&mut self, work: &Work, place: Place) {
        self.newest.insert(work.clone(), place.seq);
    }

    fn open_attempt(&mut self, work: &Work) -> Option<&mut Attempt> {
        self.attempts.get_mut(work)?.last_mut().filter(|attempt| attempt.ended.is_none())
    }

    /// The newest call of this work that has no receipt.
    fn open_change(&self, work: &Work) -> Option<usize> {
        self.changes
            .iter()
            .rposition(|change| &change.work == work)
            .filter(|index| self.changes.get(*index).is_some_and(|change| change.how.is_none()))
    }

    fn call(&self, work: &Work, action: usize) -> String {
        let call = self.calls.get(work).and_then(|calls| calls.get(action));
        call.cloned().unwrap_or_else(|| format!("action {}", action + 1))
    }
}

fn begun(number: u32, intent: Option<&Intent>, place: Place) -> Attempt {
    Attempt {
        number,
        intent: intent.map_or_else(|| "it ended before its intent".into(), |intent| intent.summary.clone()),
        already: intent.and_then(|intent| intent.already.clone()),
        began: place.at,
        ended: None,
        status: None,
        note: None,
        judgements: Vec::new(),
        answer: None,
        event: place.seq,
        ended_event: None,
    }
}

fn close(attempt: &mut Attempt, status: Status, note: Option<String>, place: Place) {
    attempt.status = Some(status);
    attempt.note = note;
    attempt.ended = Some(place.at);
    attempt.ended_event = Some(place.seq);
}
