//! Every event in one sentence.

use crate::words;
use holdpoint_run::{Fact, Outcome, Status};

/// The event's kind, as it is stored.
pub(crate) fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Started(_) => "started",
        Fact::DriverChanged { .. } => "driver_changed",
        Fact::Pinned { .. } => "pinned",
        Fact::HoldOpened { .. } => "hold_opened",
        Fact::Signed { .. } => "signed",
        Fact::GlassBroken { .. } => "glass_broken",
        Fact::HoldVoided { .. } => "hold_voided",
        Fact::PlanAdopted(_) => "plan_adopted",
        Fact::ObligationOpened { .. } => "obligation_opened",
        Fact::ObligationMoved { .. } => "obligation_moved",
        Fact::ObligationClosed { .. } => "obligation_closed",
        Fact::SkippedByCondition { .. } => "skipped_by_condition",
        Fact::Intended { .. } => "intended",
        Fact::Answered { .. } => "answered",
        Fact::Asked { .. } => "asked",
        Fact::Withdrawn { .. } => "withdrawn",
        Fact::Replied { .. } => "replied",
        Fact::Sending { .. } => "sending",
        Fact::NotSent { .. } => "not_sent",
        Fact::Received { .. } => "received",
        Fact::Verifying { .. } => "verifying",
        Fact::Concluded { .. } => "concluded",
        Fact::BecameUnknown { .. } => "became_unknown",
        Fact::Retried { .. } => "retried",
        Fact::Skipped { .. } => "skipped",
        Fact::Kept { .. } => "kept",
        Fact::Ticked { .. } => "ticked",
        Fact::Stopping { .. } => "stopping",
        Fact::EvidenceKept { .. } => "evidence_kept",
        Fact::RollbackStarted { .. } => "rollback_started",
        Fact::Aborted { .. } => "aborted",
        Fact::Closed { .. } => "closed",
    }
}

/// What happened, for people.
pub(crate) fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Started(started) => format!(
            "{} run begun by {} in account {}, {}",
            started.mode, started.starter.person.name, started.target.account, started.target.region
        ),
        Fact::DriverChanged { epoch, driver, reason } => {
            format!("driven by {driver} from now on (driver {epoch}): {reason}")
        }
        Fact::Pinned { moment, pins } => match pins.len() {
            1 => format!("1 thing pinned {}", words::moment(*moment)),
            count => format!("{count} things pinned {}", words::moment(*moment)),
        },
        Fact::HoldOpened { hold, covers } => {
            let names: Vec<_> = covers.iter().map(|one| one.name.as_str()).collect();
            format!("hold before {hold}, which covers {}", list(&names))
        }
        Fact::Signed { hold, signature } => {
            let (_, word) = words::decision(signature.decision);
            let auto = if signature.auto { ", auto-signed" } else { "" };
            format!("{word} for {hold} by {}{auto}", signature.signer.person.name)
        }
        Fact::GlassBroken { hold, signature } => format!(
            "glass broken: {} passed the hold before {hold} alone{}",
            signature.signer.person.name,
            because(&signature.reason)
        ),
        Fact::PlanAdopted(adopted) => format!(
            "{} goes on with revision {} of the plan, {} changed: {}",
            adopted.by.name,
            adopted.digest.chars().take(12).collect::<String>(),
            match adopted.changes.len() {
                1 => "1 step".to_owned(),
                count => format!("{count} steps"),
            },
            adopted.reason
        ),
        Fact::ObligationOpened { obligation } => {
            let due = obligation.due.map_or_else(String::new, |due| format!(", due {due}"));
            let owner = obligation.owner.as_ref().map_or_else(String::new, |owner| format!(", for {owner}"));
            format!("left for later: {}{due}{owner}", obligation.what)
        }
        Fact::ObligationMoved { id, due, owner, by, reason } => {
            let due = due.map_or_else(String::new, |due| format!(", due {due}"));
            let owner = owner.as_ref().map_or_else(String::new, |owner| format!(", for {owner}"));
            format!("{id} moved by {}{due}{owner}: {reason}", by.name)
        }
        Fact::ObligationClosed { id, by, reason, .. } => format!("{id} closed by {}: {reason}", by.name),
        Fact::HoldVoided { hold, why } => format!("signatures before {hold} are void: {why}"),
        Fact::SkippedByCondition { step, condition } => format!("{step} left out: not {condition}"),
        Fact::Intended { work, attempt, intent, .. } => {
            format!("{work}, attempt {attempt}: {}", intent.already.as_ref().unwrap_or(&intent.summary))
        }
        Fact::Answered { work, answer, by } => format!("{work}: {} {}", by.name, words::answer(answer)),
        Fact::Asked { work, question } => format!("{work} asks: {}", question.ask.instructions),
        Fact::Withdrawn { work, key, why } => format!("{work}: {key} is settled without this run: {why}"),
        Fact::Replied { work, key, option, signature } => {
            format!("{work}: {} answers {option} to {key}", signature.signer.person.name)
        }
        Fact::Sending { work, action } => format!("{work}: action {} is sent", action + 1),
        Fact::NotSent { work, action, why } => {
            format!("{work}: action {} took no effect: {why}", action + 1)
        }
        Fact::Received { work, action, receipt, how } => {
            let ids: Vec<_> = receipt.external.iter().map(|one| one.id.as_str()).collect();
            let (_, how) = words::how(Some(*how));
            let what = if ids.is_empty() { String::new() } else { format!(": {}", ids.join(", ")) };
            format!("{work}: action {} {how}{what}", action + 1)
        }
        Fact::Verifying { work } => format!("{work}: its result is judged"),
        Fact::Concluded { work, outcome } => format!("{work} {}", ended(outcome)),
        Fact::BecameUnknown { work, diagnosis } => format!("{work} is unknown: {}", diagnosis.headline),
        Fact::Retried { work, by, reason } => format!("{work} once more, by {}{}", by.name, because(reason)),
        Fact::Skipped { work, by, reason } => format!("{work} left out by {}: {reason}", by.name),
        Fact::Kept { step, by, reason } => format!("{step} kept as it is by {}: {reason}", by.name),
        Fact::Ticked { step, item, on, by, reason, .. } => {
            let did = if *on { "ticked" } else { "unticked" };
            format!("{item} in {step} {did} by {}{}", by.name, because(reason))
        }
        Fact::Stopping { work, hard, by, reason } => {
            let how = if *hard { "killed" } else { "interrupted" };
            format!("{work} {how} by {}{}", by.name, because(reason))
        }
        Fact::EvidenceKept { work, evidence } => format!("{work}: {} kept", evidence.name),
        Fact::RollbackStarted { by, reason, set, left, accepted } => {
            let steps: Vec<_> = set.iter().map(|item| item.step.as_str()).collect();
            let left: Vec<_> = left.iter().map(|step| step.as_str()).collect();
            let stays = if left.is_empty() { String::new() } else { format!("; {} stays", list(&left)) };
            let known: Vec<_> =
                accepted.iter().map(|one| format!("; {}: {}", one.caution, one.reason)).collect();
            format!("rollback of {} begun by {}: {reason}{stays}{}", list(&steps), by.name, known.concat())
        }
        Fact::Aborted { by, reason } => format!("given up by {}: {reason}", by.name),
        Fact::Closed { end } => format!("the run is over: {}", words::end(Some(*end)).1),
    }
}

/// How an outcome is stored as a status.
pub(crate) fn status(outcome: &Outcome) -> Status {
    match outcome {
        Outcome::Succeeded { .. } => Status::Succeeded,
        Outcome::Failed(_) => Status::Failed,
        Outcome::RolledBackByAws(_) => Status::RolledBackByAws,
        Outcome::Superseded(_) => Status::Superseded,
        Outcome::Unknown(_) => Status::Unknown,
        Outcome::NotPractised { .. } => Status::NotPractised,
    }
}

/// What there is to say of an end.
pub(crate) fn note(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Succeeded { note, .. } => note.clone(),
        Outcome::Failed(diagnosis)
        | Outcome::RolledBackByAws(diagnosis)
        | Outcome::Superseded(diagnosis)
        | Outcome::Unknown(diagnosis) => Some(diagnosis.headline.clone()),
        Outcome::NotPractised { why } => Some(why.clone()),
    }
}

fn ended(outcome: &Outcome) -> String {
    let (_, word) = words::status(status(outcome));
    note(outcome).map_or_else(|| word.to_owned(), |note| format!("{word}: {note}"))
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}
