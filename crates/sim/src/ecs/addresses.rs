//! Where tasks are in the network: their interfaces, as EC2 describes them, and their health as targets of a load balancer.

use std::collections::BTreeSet;

use crate::behaviour::Check;
use crate::clock::Micros;
use crate::ecs::model::{Awaits, Ecs, Task, TaskStatus};
use crate::ecs::placement::first_port;

/// A task's elastic network interface.
#[derive(Debug, Clone)]
pub(crate) struct Interface<'a> {
    pub(crate) id: &'a str,
    pub(crate) mac: &'a str,
    pub(crate) private_ip: &'a str,
    pub(crate) public_ip: Option<&'a str>,
    pub(crate) subnet: &'a str,
    pub(crate) security_groups: &'a [String],
    pub(crate) zone: &'a str,
    pub(crate) task: &'a str,
    /// The attachment of the task, a UUID.
    pub(crate) attachment: &'a str,
    pub(crate) attached_at: Option<Micros>,
}

/// The interfaces that exist now: from the attachment until the task is deprovisioned.
pub(crate) fn interfaces(ecs: &Ecs) -> impl Iterator<Item = Interface<'_>> {
    let tasks = ecs.clusters.values().flat_map(|cluster| &cluster.tasks);
    tasks.filter(|t| t.connected_at.is_some() && t.status < TaskStatus::Deprovisioning).map(|t| Interface {
        id: &t.eni,
        mac: &t.mac,
        private_ip: &t.ip,
        public_ip: t.public_ip.as_deref(),
        subnet: &t.subnet,
        security_groups: &t.security_groups,
        zone: &t.zone,
        task: &t.arn,
        attachment: &t.attachment,
        attached_at: t.connected_at,
    })
}

/// A target's health, as DescribeTargetHealth names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetHealth {
    pub(crate) ip: String,
    pub(crate) port: u64,
    pub(crate) zone: String,
    /// `initial`, `healthy`, `unhealthy` or `draining`.
    pub(crate) state: &'static str,
    /// None when it is healthy.
    pub(crate) reason: Option<&'static str>,
    pub(crate) description: Option<&'static str>,
}

/// The target groups that have targets.
pub(crate) fn target_groups(ecs: &Ecs) -> BTreeSet<String> {
    let tasks = ecs.clusters.values().flat_map(|cluster| &cluster.tasks);
    tasks.filter(|t| health(t).is_some()).filter_map(|t| t.target_group.clone()).collect()
}

/// The targets that ECS registered with a target group and has not taken away yet.
pub(crate) fn targets(ecs: &Ecs, target_group: &str) -> Vec<TargetHealth> {
    ecs.clusters
        .values()
        .flat_map(|cluster| &cluster.tasks)
        .filter(|t| t.target_group.as_deref() == Some(target_group))
        .filter_map(|t| {
            let (state, reason, description) = health(t)?;
            Some(TargetHealth {
                ip: t.ip.clone(),
                port: first_port(&t.task_definition),
                zone: t.zone.clone(),
                state,
                reason,
                description,
            })
        })
        .collect()
}

type Health = (&'static str, Option<&'static str>, Option<&'static str>);

/// In the words of DescribeTargetHealth (API reference, TargetHealth).
fn health(task: &Task) -> Option<Health> {
    if task.status == TaskStatus::Deactivating {
        let said = "Target deregistration is in progress";
        return Some(("draining", Some("Target.DeregistrationInProgress"), Some(said)));
    }
    if task.status != TaskStatus::Running || !task.wanted {
        return None;
    }
    let failing = task.containers.iter().any(|c| c.behaviour.target == Some(Check::Failing));
    Some(if !task.registered {
        ("initial", Some("Elb.RegistrationInProgress"), Some("Target registration is in progress"))
    } else if failing {
        ("unhealthy", Some("Target.FailedHealthChecks"), Some("Health checks failed"))
    } else if task.awaits.contains(&Awaits::Target) {
        ("initial", Some("Elb.InitialHealthChecking"), Some("Initial health checks in progress"))
    } else {
        ("healthy", None, None)
    })
}
