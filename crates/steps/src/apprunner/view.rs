//! An operation as the operator sees it. Its JSON, newest replaces older:
//!
//! `{card: "operation", service, operation, type, status, since, service_status, steps: [{name, state: "waiting" | "going" |
//! "done" | "failed"}], last_event: {at, text}, asked_at}`. Times are RFC 3339.

use crate::ecs::moment;
use crate::strangers::Strangers;
use holdpoint_cloud::{AppOperation, AppService, LogLine, OperationState};
use holdpoint_engine::Task;
use holdpoint_run::At;
use serde_json::{Value, json};

/// The card.
pub(crate) fn operation(
    name: &str,
    service: Option<&AppService>,
    operation: &AppOperation,
    last: Option<&LogLine>,
    asked_at: At,
) -> Value {
    json!({
        "card": "operation",
        "service": name,
        "operation": operation.id,
        "type": operation.kind,
        "status": operation.status,
        "since": operation.started_at.map(moment),
        "service_status": service.map(|service| service.status.clone()),
        "steps": steps(operation),
        "last_event": last.map(|line| json!({"at": At(line.timestamp).to_string(), "text": line.message})),
        "asked_at": asked_at.to_string(),
    })
}

/// Meets what AWS says of an operation and its service.
pub(crate) fn strangers(
    task: &Task,
    met: &mut Strangers,
    service: Option<&AppService>,
    operation: &AppOperation,
) {
    const SERVICE: [&str; 6] =
        ["CREATE_FAILED", "RUNNING", "DELETED", "DELETE_FAILED", "PAUSED", "OPERATION_IN_PROGRESS"];
    const OPERATION: [&str; 7] = [
        "PENDING",
        "IN_PROGRESS",
        "FAILED",
        "SUCCEEDED",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_FAILED",
        "ROLLBACK_SUCCEEDED",
    ];
    met.meet(task, "service status", service.map(|service| service.status.as_str()), &SERVICE);
    met.meet(task, "operation status", Some(&operation.status), &OPERATION);
}

/// One sentence.
pub(crate) fn sentence(name: &str, operation: &AppOperation, last: Option<&LogLine>) -> String {
    let mut text = format!("{name}: {} {} is {}", operation.kind, operation.id, operation.status);
    if let Some(last) = last {
        text.push_str(&format!(" · {}", last.message.trim_end()));
    }
    text
}

/// What App Runner tells of the way: asked for, under way, put back, ended.
fn steps(operation: &AppOperation) -> Vec<Value> {
    let step = |name: &str, state: &str| json!({"name": name, "state": state});
    let state = operation.state();
    let waits = operation.status == "PENDING";
    let under_way = match state {
        OperationState::Going if waits => "waiting",
        OperationState::Going => "going",
        OperationState::Succeeded => "done",
        OperationState::Failed
        | OperationState::RollingBack
        | OperationState::RolledBack
        | OperationState::RollbackFailed => "failed",
    };
    let mut steps =
        vec![step("accepted", if waits { "going" } else { "done" }), step("under way", under_way)];
    match state {
        OperationState::RollingBack => steps.push(step("rolled back by AWS", "going")),
        OperationState::RolledBack => steps.push(step("rolled back by AWS", "done")),
        OperationState::RollbackFailed => steps.push(step("rolled back by AWS", "failed")),
        OperationState::Succeeded => steps.push(step("ended", "done")),
        OperationState::Failed => steps.push(step("ended", "failed")),
        OperationState::Going => steps.push(step("ended", "waiting")),
    }
    steps
}
