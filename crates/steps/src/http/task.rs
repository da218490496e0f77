//! The address of a running task. It changes with every restart, so it is looked up at each try and kept nowhere.

use crate::ecs::read_service;
use crate::failure::failed;
use holdpoint_cloud::{AttachedTask, CallError, Cloud, Listing, TaskState};
use holdpoint_plan::kinds::{TaskAddress, TaskHost};
use holdpoint_run::Diagnosis;
use std::net::IpAddr;
use url::Url;

/// The host that stands for the task's address.
const HOST: &str = "task";

/// Refuses an address that would not lead to the task.
pub(super) fn check(url: &str) -> Result<(), Diagnosis> {
    match Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).as_deref() {
        Some(HOST) => Ok(()),
        other => Err(Diagnosis::of(format!(
            "With `task` the address's host must be `task`, and it is `{}`",
            other.unwrap_or_default()
        ))
        .hint("Write `url: http://task:8080/health`.")),
    }
}

/// The URL with the address of a running task of the service's primary deployment.
pub(super) async fn resolved(cloud: &Cloud, host: &TaskHost, url: &str) -> Result<String, Diagnosis> {
    check(url)?;
    let (cluster, service) = (&host.cluster, &host.service);
    let Some(found) = read_service(cloud, cluster, service).await? else {
        return Err(Diagnosis::of(format!("There is no service `{service}` in the cluster `{cluster}`"))
            .hint("Correct the names in the plan."));
    };
    let newest = found.primary().cloned().unwrap_or_default();
    let tasks = cloud.tasks(cluster, service, Listing::Running).await;
    let tasks = tasks.map_err(|error| failed(&format!("The tasks of {service} cannot be read"), &error))?;
    let is_newest = |task: &&AttachedTask| {
        task.task_definition_arn == newest.task_definition
            && matches!(task.state(), TaskState::Up | TaskState::Unhealthy)
    };
    let Some(task) = tasks.iter().find(is_newest) else {
        return Err(Diagnosis::of(format!("{service} has no running task of its primary deployment"))
            .hint("Wait for the deployment (`ecs.wait`), then check again."));
    };
    let address = match host.address.unwrap_or(TaskAddress::Public) {
        TaskAddress::Private => task.network("privateIPv4Address").map(str::to_owned),
        TaskAddress::Public => public(cloud, task).await?,
    };
    let address = address.as_deref().and_then(|address| address.parse::<IpAddr>().ok()).ok_or_else(|| {
        Diagnosis::of(format!("The task {} has no such address", task.id()))
            .hint("A task has a public address only with `assign_public_ip` in a public subnet.")
    })?;
    let mut url = Url::parse(url).map_err(|error| Diagnosis::of(error.to_string()))?;
    // An address is always a host.
    url.set_ip_host(address).map_err(|()| Diagnosis::of(format!("{url} cannot be given an address")))?;
    Ok(url.to_string())
}

async fn public(cloud: &Cloud, task: &AttachedTask) -> Result<Option<String>, Diagnosis> {
    let Some(interface) = task.network("networkInterfaceId") else { return Ok(None) };
    match cloud.network_interfaces(&[interface.to_owned()]).await {
        Ok(found) => Ok(found.into_iter().next().and_then(|found| found.public_ip)),
        Err(error @ CallError::Denied { .. }) => {
            Err(failed("The task's network interface cannot be read", &error)
                .hint("Or ask its private address from inside the VPC: `address: private`."))
        }
        Err(error) => Err(failed("The task's network interface cannot be read", &error)),
    }
}
