//! What a person does or decides: `manual`, `checklist`, `decision`.

mod checklist;
mod decision;
mod manual;

use holdpoint_engine::{ActError, Executor, Observation};
use holdpoint_run::Diagnosis;
use std::sync::Arc;

/// The kinds of this family.
pub(crate) fn executors() -> Vec<Arc<dyn Executor>> {
    vec![Arc::new(manual::ManualWork), Arc::new(checklist::Ticks), Arc::new(decision::Choosing)]
}

/// A person acts, not we.
fn never_acts(kind: &str) -> ActError {
    ActError::Refused(Diagnosis::of(format!("`{kind}` sends nothing: a person does it")))
}

fn nothing_sent(kind: &str) -> Observation {
    Observation::TookNoEffect { why: format!("`{kind}` sends nothing: a person does it") }
}

fn unanswered(kind: &str) -> Diagnosis {
    Diagnosis::of(format!("`{kind}` has no answer yet")).hint("Retry the step: it asks again.")
}
