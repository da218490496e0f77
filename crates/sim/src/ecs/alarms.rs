//! Deployments that give way when a CloudWatch alarm goes off (ECS developer guide, "How CloudWatch alarms detect Amazon ECS
//! deployment failures").

use serde_json::{Value, json};

use crate::ecs::breaker::{self, Failure};
use crate::ecs::incidents::AlarmState;
use crate::ecs::model::{BreakerStatus, DeploymentStatus, ServiceDeployment};
use crate::world::{Env, Estate};

/// The alarms that a deployment watches.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) status: BreakerStatus,
    pub(crate) names: Vec<String>,
    pub(crate) rollback: bool,
    pub(crate) triggered: Vec<String>,
    /// An incident made them go off: they recover when the deployment has ended.
    pub(crate) by_incident: bool,
}

/// What a deployment that begins now watches. An alarm that is in ALARM already is no measure of it, so none is watched.
pub(crate) fn watch(env: &Env, configuration: &Value) -> Watched {
    let alarms = &configuration["alarms"];
    let names: Vec<String> = alarms["alarmNames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let raised = names.iter().any(|name| env.alarm(name) == Some(AlarmState::Alarm));
    let watching = alarms["enable"].as_bool().unwrap_or(false) && !names.is_empty() && !raised;
    Watched {
        status: if watching { BreakerStatus::Monitoring } else { BreakerStatus::Disabled },
        names,
        rollback: alarms["rollback"].as_bool().unwrap_or(false),
        triggered: Vec::new(),
        by_incident: false,
    }
}

/// Alarms changed: deployments in flight that watch one in ALARM fail.
pub(crate) fn look(estate: &mut Estate, env: &mut Env) {
    for cluster in estate.ecs.clusters.values_mut() {
        for service in cluster.services.values_mut() {
            let raised = |d: &ServiceDeployment| -> Vec<String> {
                let is_up = |name: &&String| env.alarm(name) == Some(AlarmState::Alarm);
                d.alarms.names.iter().filter(is_up).cloned().collect()
            };
            let hit = service.service_deployments.iter_mut().find(|d| {
                d.status == DeploymentStatus::InProgress
                    && d.alarms.status == BreakerStatus::Monitoring
                    && !raised(d).is_empty()
            });
            let Some(of) = hit else { continue };
            of.alarms.triggered = raised(of);
            of.alarms.status = BreakerStatus::Triggered;
            let (arn, rollback, named) = (of.arn.clone(), of.alarms.rollback, of.alarms.triggered.join(", "));
            // The event is as operators show it; the two reasons of the service deployment, and `rolloutStateReason`, nobody shows:
            // they are to be confirmed.
            breaker::fail(
                env,
                service,
                &arn,
                &Failure {
                    rollout: "ECS deployment failed: alarm detected.",
                    event: Some("alarm detected"),
                    stopped: &format!("Service deployment stopped because an alarm was detected: {named}."),
                    rolled_back: &format!(
                        "Service deployment rolled back because an alarm was detected: {named}."
                    ),
                    roll_back: rollback,
                },
            );
        }
    }
}

/// A deployment has ended: it watches no more, and what an incident raised recovers.
pub(crate) fn end(env: &mut Env, of: &mut ServiceDeployment) {
    if of.alarms.status == BreakerStatus::Monitoring {
        of.alarms.status = BreakerStatus::MonitoringComplete;
    }
    if of.alarms.by_incident {
        for name in &of.alarms.triggered {
            env.set_alarm(name, AlarmState::Ok);
        }
    }
}

/// ServiceDeploymentAlarms on the wire.
pub(crate) fn render(of: &Watched) -> Value {
    let mut body = json!({"status": of.status.name()});
    if !of.names.is_empty() {
        body["alarmNames"] = json!(of.names);
    }
    if !of.triggered.is_empty() {
        body["triggeredAlarmNames"] = json!(of.triggered);
    }
    body
}
