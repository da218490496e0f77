//! Failed calls and arguments, in the words of a diagnosis.

use holdpoint_cloud::CallError;
use holdpoint_engine::ActError;
use holdpoint_plan::kinds;
use holdpoint_run::Diagnosis;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads rendered arguments as their kind's type.
pub(crate) fn arguments<T: DeserializeOwned>(value: &Value) -> Result<T, Diagnosis> {
    kinds::typed(value).map_err(|error| {
        Diagnosis::of(format!("The step's arguments do not fit: {error}"))
            .hint("Correct them in the plan, or the values that its templates got, then retry.")
    })
}

/// A call that failed, as a diagnosis.
pub(crate) fn failed(what: &str, error: &CallError) -> Diagnosis {
    let diagnosis = Diagnosis::of(format!("{what}: {error}"));
    match error {
        CallError::Refused { request_id, code, message, .. } => {
            with_request(diagnosis.says("What AWS says", format!("{code}: {message}")), request_id.as_deref())
        }
        CallError::Denied { request_id, message, call } => {
            let diagnosis = diagnosis.says("What AWS says", message.clone());
            with_request(diagnosis, request_id.as_deref())
                .hint(format!("Allow `{call}` to the role, then retry."))
        }
        CallError::Expired { .. } => diagnosis.hint("Sign in again, then continue the same step."),
        CallError::Throttled { .. } | CallError::Unreachable { .. } => {
            diagnosis.hint("Nothing took effect: retry.")
        }
        CallError::Ambiguous { .. } | CallError::Unreadable { .. } => diagnosis,
    }
}

/// What a failed call that changes something means.
pub(crate) fn act_failed(what: &str, error: &CallError) -> ActError {
    if error.may_have_taken_effect() {
        ActError::Ambiguous(failed(what, error))
    } else {
        ActError::Refused(failed(what, error))
    }
}

/// The intent was stored by a version, or with arguments, that this one does not understand.
pub(crate) fn strange(what: &str) -> Diagnosis {
    Diagnosis::of(format!("The stored intent cannot be used: {what}"))
        .hint("Decide by hand whether the step took effect, then retry or skip it.")
}

fn with_request(diagnosis: Diagnosis, request_id: Option<&str>) -> Diagnosis {
    match request_id {
        Some(id) => diagnosis.says("Request", id),
        None => diagnosis,
    }
}
