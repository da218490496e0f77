//! Redaction before storage: whatever an executor says passes here on its way to the journal or the screen.

use crate::Note;
use crate::problem::bounded;
use holdpoint_redact::Redactor;
use holdpoint_run::{Choice, Command, Diagnosis};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value without what must never be seen.
pub(crate) fn veil<T: Serialize + DeserializeOwned>(
    redactor: &Redactor,
    value: T,
) -> Result<T, Box<Diagnosis>> {
    let veiled = serde_json::to_value(value).map(|value| redactor.redact_value(value));
    veiled.and_then(serde_json::from_value).map_err(|error| {
        Box::new(Diagnosis::of(format!(
            "what came back cannot be kept without its secrets, so it was dropped: {error}"
        )))
    })
}

/// A diagnosis without what must never be seen; one that cannot be cleaned says only that.
pub(crate) fn veil_diagnosis(redactor: &Redactor, diagnosis: Diagnosis) -> Diagnosis {
    bounded(veil(redactor, diagnosis).unwrap_or_else(|dropped| *dropped))
}

/// A note without what must never be seen.
pub(crate) fn veil_note(redactor: &Redactor, note: Note) -> Note {
    let clean = |text: String| redactor.redact_str(&text).into_owned();
    match note {
        Note::Says { text } => Note::Says { text: clean(text) },
        Note::Rollout { view } => Note::Rollout { view: redactor.redact_value(view) },
        Note::Shows { view } => Note::Shows { view: redactor.redact_value(view) },
        Note::Line { source, at, text } => Note::Line { source, at, text: clean(text) },
    }
}

/// A command with what people said in it cleaned: a reason or a note may repeat a secret that the run knows.
pub(crate) fn veil_said(redactor: &Redactor, command: Command) -> Result<Command, Box<Diagnosis>> {
    let clean = |text: String| redactor.redact_str(&text).into_owned();
    Ok(match command {
        Command::Answer { work, answer, by } => Command::Answer { work, answer: veil(redactor, answer)?, by },
        Command::Sign { hold, mut signature } => {
            signature.reason = signature.reason.map(clean);
            Command::Sign { hold, signature }
        }
        Command::Reply { work, key, option, mut signature } => {
            signature.reason = signature.reason.map(clean);
            Command::Reply { work, key, option, signature }
        }
        Command::Tick { step, item, on, by, reason, evidence } => {
            Command::Tick { step, item, on, by, reason: reason.map(clean), evidence: evidence.map(clean) }
        }
        Command::Choose { work, choice, by } => {
            let choice = match choice {
                Choice::Retry { mended } => Choice::Retry { mended: mended.map(clean) },
                Choice::Again { from, reason } => Choice::Again { from, reason: reason.map(clean) },
                Choice::Skip { reason } => Choice::Skip { reason: clean(reason) },
                Choice::TookEffect { action, receipt } => {
                    Choice::TookEffect { action, receipt: veil(redactor, receipt)? }
                }
                Choice::TookNoEffect { action, reason } => {
                    Choice::TookNoEffect { action, reason: clean(reason) }
                }
            };
            Command::Choose { work, choice, by }
        }
        Command::Stop { work, hard, by, reason } => {
            Command::Stop { work, hard, by, reason: reason.map(clean) }
        }
        Command::BreakGlass { hold, mut signature } => {
            signature.reason = signature.reason.map(clean);
            Command::BreakGlass { hold, signature }
        }
        Command::RollBack { by, reason, only, accepts } => {
            let accepts = accepts.into_iter().map(|(caution, why)| (caution, clean(why))).collect();
            Command::RollBack { by, reason: clean(reason), only, accepts }
        }
        Command::Adopt(mut adopted) => {
            adopted.reason = clean(adopted.reason);
            Command::Adopt(adopted)
        }
        Command::MoveObligation { id, due, owner, by, reason } => {
            Command::MoveObligation { id, due, owner: owner.map(clean), by, reason: clean(reason) }
        }
        Command::CloseObligation { id, by, reason, evidence } => {
            Command::CloseObligation { id, by, reason: clean(reason), evidence: evidence.map(clean) }
        }
        Command::Abort { by, reason } => Command::Abort { by, reason: clean(reason) },
        // What the engine itself says was cleaned where it came from.
        other @ (Command::Start(_)
        | Command::TakeOver { .. }
        | Command::Pin { .. }
        | Command::OpenHold { .. }
        | Command::SkipByCondition { .. }
        | Command::Intend { .. }
        | Command::Ask { .. }
        | Command::Withdraw { .. }
        | Command::Send { .. }
        | Command::NotSent { .. }
        | Command::Receive { .. }
        | Command::Verify { .. }
        | Command::Conclude { .. }
        | Command::BecomeUnknown { .. }
        | Command::Keep { .. }
        | Command::Close { .. }) => other,
    })
}
