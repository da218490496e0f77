//! Redaction before storage: whatever an executor says passes here on its way to the journal or the screen.

use crate::Note;
use holdpoint_redact::Redactor;
use holdpoint_run::Diagnosis;
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
    veil(redactor, diagnosis).unwrap_or_else(|dropped| *dropped)
}

/// A note without what must never be seen.
pub(crate) fn veil_note(redactor: &Redactor, note: Note) -> Note {
    let clean = |text: String| redactor.redact_str(&text).into_owned();
    match note {
        Note::Says { text } => Note::Says { text: clean(text) },
        Note::Rollout { view } => Note::Rollout { view: redactor.redact_value(view) },
        Note::Line { source, at, text } => Note::Line { source, at, text: clean(text) },
    }
}
