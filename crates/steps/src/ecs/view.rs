//! A rollout as the operator sees it. Its JSON, newest replaces older:
//!
//! `{service, cluster, deployment, ours, status, rollout_state, reason, started_at, revisions: [{task_definition, role:
//! "new"|"old", desired, running, pending, failed, healthy, tasks: [{id, state: "up"|"start"|"bad"|"gone"}], images:
//! [{container, image, digest}]}], breaker: {enabled, rollback, failures, threshold, status, configured}, last_event:
//! {at, text}, asked_at, strategy, stage: {name, words, since, ends_at}, traffic: {production, test}, hook: {id,
//! expires_at, if_unanswered}, alarms: {status, names, triggered}}`. Times are RFC 3339; `threshold` is null where AWS
//! does not tell it, and so are `stage`, `traffic`, `hook` and `alarms` where there is nothing to tell. `ends_at` is when
//! a bake ends, counted from when AWS last changed the deployment: about.

use super::definition::short;
use super::rollout::Target;
use crate::strangers::Strangers;
use holdpoint_cloud::{AttachedTask, Deployment, Millis, Service, ServiceDeployment, TaskState};
use holdpoint_engine::Task;
use holdpoint_run::At;
use serde_json::{Value, json};
use std::time::Duration;

/// Where a deployment that shifts traffic stands, and since when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    name: Option<String>,
    since: Option<At>,
}

impl Stage {
    /// Takes a look. A stage that was there at the first look began when AWS last changed the deployment.
    pub(crate) fn see(&mut self, ours: Option<&ServiceDeployment>, now: At) {
        let name = ours.and_then(|ours| ours.lifecycle_stage.clone());
        if name != self.name {
            let changed = ours.and_then(|ours| ours.updated_at).map(|at| At(at.0));
            self.since = name.is_some().then(|| changed.filter(|at| *at <= now).unwrap_or(now));
            self.name = name;
        }
    }

    /// When the bake that goes on ends, about.
    fn ends_at(&self, ours: &ServiceDeployment) -> Option<At> {
        let minutes = match self.name.as_deref()? {
            "BAKE_TIME" => ours.deployment_configuration["bakeTimeInMinutes"].as_i64()?,
            _ => return None,
        };
        Some(At(self.since?.0 + minutes * 60_000))
    }
}

/// How long AWS itself waits in a deployment: baking, and the steps of its traffic.
pub(crate) fn told_to_wait(ours: Option<&ServiceDeployment>) -> Duration {
    let Some(ours) = ours else { return Duration::ZERO };
    let rules = &ours.deployment_configuration;
    let minutes = |value: &Value| value.as_u64().unwrap_or_default();
    let steps = match rules["strategy"].as_str() {
        Some("LINEAR") => {
            let linear = &rules["linearConfiguration"];
            // AWS's defaults are 10 % and 6 minutes.
            let percent = linear["stepPercent"].as_f64().unwrap_or(10.0).max(0.1);
            let bake = linear["stepBakeTimeInMinutes"].as_f64().unwrap_or(6.0);
            Duration::from_secs_f64((100.0 / percent).ceil() * bake * 60.0)
        }
        Some("CANARY") => {
            let bake = rules["canaryConfiguration"]["canaryBakeTimeInMinutes"].as_u64();
            Duration::from_secs(bake.unwrap_or(10) * 60)
        }
        Some(_) | None => Duration::ZERO,
    };
    steps + Duration::from_secs(minutes(&rules["bakeTimeInMinutes"]) * 60)
}

/// A moment as people read it.
pub(crate) fn moment(at: Millis) -> String {
    At(at.0).to_string()
}

/// Meets what AWS says of a deployment and its service.
pub(crate) fn strangers(
    task: &Task,
    met: &mut Strangers,
    target: &Target,
    service: &Service,
    ours: Option<&ServiceDeployment>,
) {
    met.meet(task, "service status", Some(&service.status), &["ACTIVE", "DRAINING", "INACTIVE"]);
    let own = service.deployment(&target.deployment);
    let state = own.and_then(|own| own.rollout_state.as_deref());
    met.meet(task, "rollout state", state, &["COMPLETED", "FAILED", "IN_PROGRESS"]);
    let Some(ours) = ours else { return };
    met.meet(task, "service deployment status", Some(&ours.status), &STATUSES);
    let stage = ours.lifecycle_stage.as_deref().filter(|stage| stage_in_words(stage) == *stage);
    met.meet(task, "lifecycle stage", stage, &[]);
}

/// Every `ServiceDeploymentStatus` of ECS's API model.
const STATUSES: [&str; 9] = [
    "PENDING",
    "SUCCESSFUL",
    "STOPPED",
    "STOP_REQUESTED",
    "IN_PROGRESS",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
];

/// A lifecycle stage in words; one of a later API as it is.
pub(crate) fn stage_in_words(stage: &str) -> &str {
    match stage {
        "RECONCILE_SERVICE" => "putting the service in order",
        "PRE_SCALE_UP" => "before the new tasks",
        "SCALE_UP" => "starting the new tasks",
        "POST_SCALE_UP" => "after the new tasks have started",
        "TEST_TRAFFIC_SHIFT" => "shifting test traffic",
        "POST_TEST_TRAFFIC_SHIFT" => "after the test traffic has shifted",
        "PRE_PRODUCTION_TRAFFIC_SHIFT" => "before production traffic shifts",
        "PRODUCTION_TRAFFIC_SHIFT" => "shifting production traffic",
        "POST_PRODUCTION_TRAFFIC_SHIFT" => "after production traffic has shifted",
        "BAKE_TIME" => "baking",
        "CLEAN_UP" => "clearing the old tasks away",
        other => other,
    }
}

/// The view.
pub(crate) fn rollout(
    target: &Target,
    service: &Service,
    ours: Option<&ServiceDeployment>,
    tasks: &[AttachedTask],
    stage: &Stage,
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
            "configured": service.deployment_configuration["deploymentCircuitBreaker"]["thresholdConfiguration"],
        },
        "last_event": service.events.first().map(|event| json!({"at": moment(event.created_at), "text": event.message})),
        "asked_at": asked_at.to_string(),
        "strategy": strategy(service, ours),
        "stage": ours.and_then(|ours| {
            let name = ours.lifecycle_stage.as_deref()?;
            Some(json!({
                "name": name, "words": stage_in_words(name),
                "since": stage.since.map(|at| at.to_string()),
                "ends_at": stage.ends_at(ours).map(|at| at.to_string()),
            }))
        }),
        "traffic": ours.and_then(|ours| ours.target_service_revision.as_ref()).and_then(|target| {
            let (production, test) =
                (target.requested_production_traffic_weight, target.requested_test_traffic_weight);
            (production.is_some() || test.is_some()).then(|| json!({"production": production, "test": test}))
        }),
        "hook": ours.and_then(ServiceDeployment::waiting_hook).map(|hook| json!({
            "id": hook.hook_id, "expires_at": hook.expires_at.map(moment), "if_unanswered": hook.timeout_action,
        })),
        "alarms": ours.and_then(|ours| ours.alarms.as_ref()).filter(|alarms| !alarms.alarm_names.is_empty()).map(
            |alarms| json!({
                "status": alarms.status, "names": alarms.alarm_names, "triggered": alarms.triggered_alarm_names,
            })
        ),
    })
}

/// The same in one sentence.
pub(crate) fn sentence(
    target: &Target,
    service: &Service,
    ours: Option<&ServiceDeployment>,
    stage: &Stage,
    now: At,
) -> String {
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
    let Some(ours) = ours else { return text };
    if let Some(alarms) = ours.alarms.as_ref().filter(|alarms| !alarms.triggered_alarm_names.is_empty()) {
        text.push_str(&format!(", alarm {}", alarms.triggered_alarm_names.join(", ")));
    }
    if strategy(service, Some(ours)) == "ROLLING" {
        return text;
    }
    if let Some(name) = ours.lifecycle_stage.as_deref() {
        text.push_str(&format!(" · {}", stage_in_words(name)));
    }
    let target = ours.target_service_revision.as_ref();
    if let Some(weight) = target.and_then(|target| target.requested_production_traffic_weight) {
        text.push_str(&format!(", {weight} % of production traffic"));
    }
    if let Some(hook) = ours.waiting_hook() {
        let left = hook.expires_at.map(|at| left(At(at.0), now));
        text.push_str(&format!(
            ", waits for an answer{}",
            left.map(|left| format!(", {left}")).unwrap_or_default()
        ));
    } else if let Some(ends) = stage.ends_at(ours) {
        text.push_str(&format!(", about {}", left(ends, now)));
    }
    text
}

/// How long until then.
fn left(then: At, now: At) -> String {
    let seconds = (then.0 - now.0).max(0) / 1000;
    match seconds {
        0 => "no time left".into(),
        seconds if seconds < 120 => format!("{seconds} s left"),
        seconds if seconds < 7200 => format!("{} min left", seconds / 60),
        seconds => format!("{} h left", seconds / 3600),
    }
}

fn strategy(service: &Service, ours: Option<&ServiceDeployment>) -> String {
    let of = |rules: &Value| rules["strategy"].as_str().map(str::to_owned);
    ours.and_then(|ours| of(&ours.deployment_configuration))
        .or_else(|| of(&service.deployment_configuration))
        .unwrap_or_else(|| "ROLLING".into())
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
