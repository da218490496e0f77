//! One pass over the events: what the fold forgets, with the number of the event that says it.

use super::commands::command;
use crate::model::*;
use crate::{say, words};
use holdpoint_plan::{ItemId, StepId};
use holdpoint_run::chain::Event;
use holdpoint_run::{
    ActionPlan, Actor, Answer, AskOption, At, Checked, Diagnosis, Fact, HoldKey, How, Intent, Moment,
    Outcome, Person, Pin, Receipt, Signature, State, Status, Work,
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
    pub(super) revisions: Vec<RevisionReport>,
    pub(super) choices: Vec<ChoiceReport>,
    /// Calls that were sent, and may have taken effect.
    pub(super) sent: Vec<(Work, Sent)>,
    /// The event of the end, or the newest one.
    pub(super) closed: u64,
    pub(super) assumed: usize,
    changes: Vec<Change>,
    people: BTreeMap<u64, Person>,
    calls: BTreeMap<Work, Vec<ActionPlan>>,
    /// What the newest intent of each work offers to choose from.
    options: BTreeMap<Work, Vec<AskOption>>,
    /// Calls that the newest question of each work offers, by option.
    offered: BTreeMap<Work, BTreeMap<String, ActionPlan>>,
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
            Fact::Started(started) => {
                self.asked_sts(&started.starter, "who starts the run", place);
                self.revisions.push(RevisionReport {
                    digest: started.plan_digest.clone(),
                    path: started.plan_path.clone(),
                    by: started.starter.person.name.clone(),
                    reason: None,
                    changes: Vec::new(),
                    at: place.at,
                    event: place.seq,
                });
            }
            Fact::DriverChanged { driver, reason, .. } => {
                self.deviates(DeviationKind::DriverChanged, driver, reason, None, place);
            }
            Fact::Pinned { moment, pins } => self.pinned(*moment, pins, place),
            Fact::HoldOpened { hold, .. } => drop(self.holds.insert(hold.clone(), place.seq)),
            Fact::Signed { hold, signature } => self.signed(hold, signature, false, place),
            Fact::GlassBroken { hold, signature } => {
                self.signed(hold, signature, true, place);
                let why = signature.reason.as_deref().unwrap_or_default();
                let who = &signature.signer.person.name;
                self.deviates(DeviationKind::GlassBroken, hold, why, Some(who), place);
            }
            Fact::PlanAdopted(adopted) => {
                // What a revision touches and nothing had pinned is pinned with it, before it is changed.
                self.pinned(Moment::BeforeFirstChange, &adopted.pins, place);
                self.revisions.push(RevisionReport {
                    digest: adopted.digest.clone(),
                    path: adopted.path.clone(),
                    by: adopted.by.name.clone(),
                    reason: Some(adopted.reason.clone()),
                    changes: adopted.changes.iter().map(words::change).collect(),
                    at: place.at,
                    event: place.seq,
                });
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
                self.calls.insert(work.clone(), intent.actions.clone());
                let options = intent.ask.as_ref().map(|ask| ask.options.clone()).unwrap_or_default();
                self.options.insert(work.clone(), options);
                let attempt = begun(*attempt, Some(intent), place);
                self.attempts.entry(work.clone()).or_default().push(attempt);
            }
            Fact::Answered { work, answer, by } => {
                self.saw(work, place);
                self.chose(work, answer, by, place);
                let said = (words::answer(answer), by.name.clone());
                if let Some(attempt) = self.open_attempt(work) {
                    attempt.answer = Some(said);
                }
            }
            Fact::Asked { work, question } => {
                self.saw(work, place);
                self.offered.insert(work.clone(), question.actions.clone());
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
                self.sends(state, work, *action, place);
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
                    self.then(Some(work), format!("settled: {how}"), place);
                    self.deviates(DeviationKind::Settled, work, &how, None, place);
                }
                // What certainly took no effect changed nothing.
                if let Some(index) = self.open_change(work) {
                    self.changes.remove(index);
                    if let Some(sent) = self.sent.iter().rposition(|(of, _)| of == work) {
                        self.sent.remove(sent);
                    }
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
                self.then(Some(work), format!("walked once more by {}: {why}", by.name), place);
                self.deviates(DeviationKind::Retried, work, why, Some(&by.name), place);
            }
            Fact::Skipped { work, by, reason } => {
                self.saw(work, place);
                if let Some(attempt) = self.open_attempt(work) {
                    close(attempt, Status::Skipped, Some(reason.clone()), place);
                }
                self.then(Some(work), format!("left out by {}: {reason}", by.name), place);
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
            Fact::RollbackStarted { by, reason, .. } => {
                self.rollback = Some(place.seq);
                self.then(None, format!("everything rolled back by {}: {reason}", by.name), place);
            }
            Fact::Aborted { by, reason } => {
                self.then(None, format!("given up by {}: {reason}", by.name), place);
                self.deviates(DeviationKind::Aborted, &state.run, reason, Some(&by.name), place);
            }
            Fact::Closed { .. } => self.closed = place.seq,
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

    /// The event that pinned a plan.
    pub(super) fn plan_event(&self, digest: &str) -> u64 {
        let of = self.revisions.iter().rev().find(|revision| revision.digest == digest);
        of.or(self.revisions.first()).map_or(0, |revision| revision.event)
    }

    /// The newest event about a step, either way.
    pub(super) fn newest_of(&self, step: &StepId) -> Option<u64> {
        let ways = [Work::forward(step.clone()), Work::undo(step.clone())];
        ways.iter().filter_map(|work| self.newest.get(work)).max().copied()
    }

    fn pinned(&mut self, moment: Moment, pins: &[Pin], place: Place) {
        self.pins.extend(pins.iter().map(|pin| PinReport {
            key: pin.key.clone(),
            moment,
            content: pin.content.clone(),
            sealed: pin.sealed.clone(),
            event: place.seq,
        }));
    }

    fn chose(&mut self, work: &Work, answer: &Answer, by: &Actor, place: Place) {
        let (Some(id), Some(options)) = (&answer.option, self.options.get(work)) else { return };
        let title = |option: &AskOption| match option.title.is_empty() {
            true => option.id.clone(),
            false => option.title.clone(),
        };
        let Some(taken) = options.iter().find(|option| &option.id == id) else { return };
        let others = options.iter().filter(|option| &option.id != id);
        self.choices.push(ChoiceReport {
            step: work.step.clone(),
            chosen: title(taken),
            recommended: taken.recommended,
            turned_down: others.map(|option| (title(option), option.risk.clone())).collect(),
            by: by.name.clone(),
            reason: answer.reason.clone(),
            at: place.at,
            event: place.seq,
        });
    }

    fn sends(&mut self, state: &State, work: &Work, action: usize, place: Place) {
        let Some(planned) = self.calls.get(work).and_then(|calls| calls.get(action)) else { return };
        let region = state.started.as_ref().map_or("", |started| started.target.region.as_str());
        let sent = Sent {
            call: planned.call.clone(),
            command: command(planned, region),
            undo: is_undo(work),
            event: place.seq,
        };
        // Sent once more because it took no effect, or because nobody knew: one line.
        let twice = |(of, earlier): &(Work, Sent)| {
            of == work && earlier.call == sent.call && earlier.command == sent.command
        };
        if !self.sent.iter().any(twice) {
            self.sent.push((work.clone(), sent));
        }
    }

    /// What was done about what went wrong: of one piece of work, or of all that nobody has seen to.
    fn then(&mut self, work: Option<&Work>, text: String, place: Place) {
        let fits =
            |one: &&mut DiagnosisReport| work.is_none_or(|work| &one.work == work) && one.then.is_none();
        for one in self.diagnoses.iter_mut().filter(fits) {
            one.then = Some(Statement { text: text.clone(), event: place.seq });
        }
    }

    fn signed(&mut self, hold: &HoldKey, signature: &Signature, glass: bool, place: Place) {
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
            glass,
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
            self.then(Some(work), format!("settled: {how}"), place);
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
            then: None,
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
        call.map_or_else(|| format!("action {}", action + 1), |call| call.call.clone())
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
