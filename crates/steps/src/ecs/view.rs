//! A rollout as the operator sees it. Its JSON, newest replaces older:
//!
//! `{service, cluster, deployment, ours, status, rollout_state, reason, started_at, revisions: [{task_definition, role:
//! "new"|"old", desired, running, pending, failed, healthy, tasks: [{id, state: "up"|"start"|"bad"|"gone"}], images:
//! [{container, image, digest}]}], breaker: {enabled, rollback, failures, threshold, status}, last_event: {at, text},
//! asked_at}`. Times are RFC 3339; `threshold` is null where AWS does not tell it.

use super::definition::short;
use super::follow::moment;
use super::rollout::Target;
use holdpoint_cloud::{AttachedTask, Deployment, Service, ServiceDeployment, TaskState};
use holdpoint_run::At;
use serde_json::{Value, json};

/// The view.
pub(crate) fn rollout(
    target: &Target,
    service: &Service,
    ours: Option<&ServiceDeployment>,
    tasks: &[AttachedTask],
    asked_at: At,
) -> Value {
    let own = service.deployment(&target.deployment);
    let (enabled, rolls_back) = service.breaker();
    let breaker = ours.and_then(|ours| ours.deployment_circuit_breaker.as_ref());
    let failures = breaker.map(|breaker| breaker.failure_count).or(own.map(|own| own.failed_tasks));
    json!({
        "service": service.service_name,
        "cluster": short(&service.cluster_arn),
        "deployment": target.deployment,
        "ours": true,
        "status": ours.map(|ours| ours.status.clone()),
        "rollout_state": own.and_then(|own| own.rollout_state.clone()),
        "reason": ours.and_then(|ours| ours.status_reason.clone())
            .or_else(|| own.and_then(|own| own.rollout_state_reason.clone())),
        "started_at": ours.and_then(|ours| ours.started_at).or(own.and_then(|own| own.created_at)).map(moment),
        "revisions": service.deployments.iter().map(|found| revision(target, found, tasks)).collect::<Vec<_>>(),
        "breaker": {
            "enabled": enabled,
            "rollback": rolls_back,
            "failures": failures,
            "threshold": breaker.map(|breaker| breaker.threshold),
            "status": breaker.map(|breaker| breaker.status.clone()),
        },
        "last_event": service.events.first().map(|event| json!({"at": moment(event.created_at), "text": event.message})),
        "asked_at": asked_at.to_string(),
    })
}

/// The same in one sentence.
pub(crate) fn sentence(target: &Target, service: &Service, ours: Option<&ServiceDeployment>) -> String {
    let name = &service.service_name;
    let Some(own) = service.deployment(&target.deployment) else {
        let status = ours.map_or("is not shown any more", |ours| ours.status.as_str());
        return format!("{name}: deployment {} {status}", target.deployment);
    };
    let mut text = format!(
        "{name}: {} of {} tasks of {} run",
        own.running_count,
        own.desired_count,
        short(&own.task_definition)
    );
    if own.pending_count > 0 {
        text.push_str(&format!(", {} start", own.pending_count));
    }
    match ours.and_then(|ours| ours.deployment_circuit_breaker.as_ref()) {
        Some(breaker) if breaker.failure_count > 0 && breaker.threshold > 0 => {
            text.push_str(&format!(", {} of {} failures", breaker.failure_count, breaker.threshold));
        }
        Some(_) | None if own.failed_tasks > 0 => text.push_str(&format!(", {} failed", own.failed_tasks)),
        Some(_) | None => {}
    }
    text
}

fn revision(target: &Target, deployment: &Deployment, tasks: &[AttachedTask]) -> Value {
    let own: Vec<&AttachedTask> =
        tasks.iter().filter(|task| task.started_by.as_deref() == Some(deployment.id.as_str())).collect();
    let up = own.iter().filter(|task| task.state() == TaskState::Up).count();
    let containers = own.iter().max_by_key(|task| task.created_at).map(|task| task.containers.as_slice());
    json!({
        "task_definition": short(&deployment.task_definition),
        "deployment": deployment.id,
        "role": if deployment.id == target.deployment { "new" } else { "old" },
        "desired": deployment.desired_count,
        "running": deployment.running_count,
        "pending": deployment.pending_count,
        "failed": deployment.failed_tasks,
        "healthy": up,
        "tasks": own.iter().map(|task| json!({"id": task.id(), "state": state(task)})).collect::<Vec<_>>(),
        "images": containers.unwrap_or_default().iter().map(|container| json!({
            "container": container.name, "image": container.image, "digest": container.image_digest,
        })).collect::<Vec<_>>(),
    })
}

fn state(task: &AttachedTask) -> &'static str {
    match task.state() {
        TaskState::Starting => "start",
        TaskState::Up => "up",
        TaskState::Unhealthy => "bad",
        TaskState::Gone
            if task.stop_code.as_deref() == Some("ServiceSchedulerInitiated") && task.was_scaled_in() =>
        {
            "gone"
        }
        TaskState::Gone if task.stop_code.is_some() => "bad",
        TaskState::Gone => "gone",
    }
}
