//! Services, deployments and tasks as the wire has them.

use serde_json::{Value, json};

use crate::clock::{Micros, epoch_seconds};
use crate::ecs::model::{
    Cluster, Deployment, Health, RolloutState, Service, ServiceDeployment, ServiceRevision, ServiceStatus,
    Task, TaskStatus, is_essential,
};
use crate::ecs::strategy::Strategy;
use crate::ecs::{alarms, hooks, stages, tags};
use crate::rollout::clean;

/// A Service.
pub(crate) fn service(cluster: &Cluster, service: &Service, with_tags: bool) -> Value {
    let own: Vec<&Task> =
        cluster.tasks.iter().filter(|t| t.service.as_deref() == Some(service.name.as_str())).collect();
    let (running, pending) = counts(own.iter().copied());
    let mut body = json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": cluster.arn,
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": match service.status {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive => "INACTIVE",
        },
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "taskDefinition": service.task_definition,
        "deployments": service.deployments.iter().enumerate()
            .map(|(index, d)| deployment(service, d, index == 0, &own)).collect::<Vec<_>>(),
        "events": service.events.iter()
            .map(|e| json!({"id": e.id, "createdAt": epoch_seconds(e.at), "message": e.message})).collect::<Vec<_>>(),
        "createdAt": epoch_seconds(service.created_at),
        "createdBy": service.created_by,
        "placementConstraints": [],
        "placementStrategy": [],
    });
    for (member, value) in &service.settings {
        // Of a service with Service Connect or volumes only its deployments tell.
        if member != "serviceConnectConfiguration" && member != "volumeConfigurations" {
            body[member.as_str()] = value.clone();
        }
    }
    if service.settings.get("launchType").is_some_and(|l| l == "FARGATE") {
        body["platformFamily"] = json!("Linux");
        body["roleArn"] = json!(role_arn(&service.arn));
    }
    // Express Mode's own; of others DescribeServices says CUSTOMER.
    body["resourceManagementType"] = json!(if service.express.is_some() { "ECS" } else { "CUSTOMER" });
    // The deployment in flight; afterwards the last one.
    if let Some(current) = service.service_deployments.last() {
        body["currentServiceDeployment"] = json!(current.arn);
    }
    body["currentServiceRevisions"] = service
        .deployments
        .iter()
        .map(|d| {
            let (running, pending) =
                counts(own.iter().copied().filter(|t| t.deployment.as_ref() == Some(&d.id)));
            json!({
                "arn": d.revision, "requestedTaskCount": service.desired,
                "runningTaskCount": running, "pendingTaskCount": pending
            })
        })
        .collect();
    if with_tags && !service.tags.is_empty() {
        body["tags"] = tags::render(&service.tags);
    }
    body
}

fn deployment(service: &Service, d: &Deployment, primary: bool, own: &[&Task]) -> Value {
    let (running, pending) = counts(own.iter().copied().filter(|t| t.deployment.as_ref() == Some(&d.id)));
    let mut body = json!({
        "id": d.id,
        "status": if primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": d.task_definition,
        "desiredCount": if primary && !d.halted { service.desired } else { 0 },
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": d.failed_tasks,
        "createdAt": epoch_seconds(d.created_at),
        "updatedAt": epoch_seconds(d.updated_at),
        "rolloutState": match d.rollout_state {
            RolloutState::InProgress => "IN_PROGRESS",
            RolloutState::Completed => "COMPLETED",
            RolloutState::Failed => "FAILED",
        },
        "rolloutStateReason": d.reason,
    });
    let settings =
        service.revisions.iter().find(|r| r.arn == d.revision).map_or(&service.settings, |r| &r.settings);
    for member in [
        "launchType",
        "capacityProviderStrategy",
        "networkConfiguration",
        "serviceConnectConfiguration",
        "volumeConfigurations",
    ] {
        if let Some(value) = settings.get(member) {
            body[member] = value.clone();
        }
    }
    if settings.get("launchType").is_some_and(|l| l == "FARGATE") {
        body["platformVersion"] = json!("1.4.0");
        body["platformFamily"] = json!("Linux");
    }
    body
}

/// A ServiceDeployment.
pub(crate) fn service_deployment(cluster: &Cluster, service: &Service, d: &ServiceDeployment) -> Value {
    let mut body = json!({
        "serviceDeploymentArn": d.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster.arn,
        "createdAt": epoch_seconds(d.created_at),
        "updatedAt": epoch_seconds(d.updated_at),
        "sourceServiceRevisions": d.sources.iter().map(|arn| revision_summary(cluster, service, arn, false)).collect::<Vec<_>>(),
        "targetServiceRevision": revision_summary(cluster, service, &d.target, true),
        "status": d.status.name(),
        "deploymentConfiguration": d.configuration,
        "deploymentCircuitBreaker": {
            "status": d.breaker.name(),
            "failureCount": d.failures,
            "threshold": d.threshold,
        },
        "alarms": alarms::render(&d.alarms),
    });
    if let Some(phase) = stages::phase(d) {
        body["lifecycleStage"] = json!(phase.stage);
        body["lifecycleHookDetails"] = hooks::render(&d.hooks);
    }
    if d.strategy != Strategy::Rolling && d.managed {
        weigh(&mut body["targetServiceRevision"], d.production, d.test);
        let rest = d.sources.len().max(1) as f64;
        for source in body["sourceServiceRevisions"].as_array_mut().into_iter().flatten() {
            weigh(source, clean((100.0 - d.production) / rest), clean((100.0 - d.test) / rest));
        }
    }
    if !d.reason.is_empty() {
        body["statusReason"] = json!(d.reason);
    }
    stamp(&mut body, "startedAt", d.started_at);
    stamp(&mut body, "finishedAt", d.finished_at);
    stamp(&mut body, "stoppedAt", d.stopped_at);
    if let Some(rollback) = &d.rollback {
        body["rollback"] = json!({
            "reason": rollback.reason, "startedAt": epoch_seconds(rollback.started_at), "serviceRevisionArn": rollback.revision
        });
    }
    body
}

/// A ServiceDeploymentBrief.
pub(crate) fn service_deployment_brief(cluster: &Cluster, service: &Service, d: &ServiceDeployment) -> Value {
    let mut body = json!({
        "serviceDeploymentArn": d.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster.arn,
        "createdAt": epoch_seconds(d.created_at),
        "targetServiceRevisionArn": d.target,
        "status": d.status.name(),
    });
    if !d.reason.is_empty() {
        body["statusReason"] = json!(d.reason);
    }
    stamp(&mut body, "startedAt", d.started_at);
    stamp(&mut body, "finishedAt", d.finished_at);
    body
}

fn weigh(summary: &mut Value, production: f64, test: f64) {
    summary["requestedProductionTrafficWeight"] = json!(production);
    summary["requestedTestTrafficWeight"] = json!(test);
}

fn revision_summary(cluster: &Cluster, service: &Service, arn: &str, target: bool) -> Value {
    let of: Vec<&str> =
        service.deployments.iter().filter(|d| d.revision == arn).map(|d| d.id.as_str()).collect();
    let (running, pending) =
        counts(cluster.tasks.iter().filter(|t| t.deployment.as_deref().is_some_and(|d| of.contains(&d))));
    json!({
        "arn": arn,
        "requestedTaskCount": if target { service.desired as usize } else { running },
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    })
}

/// A ServiceRevision.
pub(crate) fn revision(cluster: &Cluster, service: &Service, r: &ServiceRevision) -> Value {
    let mut body = json!({
        "serviceRevisionArn": r.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster.arn,
        "taskDefinition": r.task_definition,
        "containerImages": r.images.iter()
            .map(|(container, image, digest)| json!({"containerName": container, "image": image, "imageDigest": digest}))
            .collect::<Vec<_>>(),
        "guardDutyEnabled": false,
        "createdAt": epoch_seconds(r.created_at),
    });
    for member in [
        "capacityProviderStrategy",
        "launchType",
        "loadBalancers",
        "serviceRegistries",
        "networkConfiguration",
        "serviceConnectConfiguration",
        "volumeConfigurations",
    ] {
        if let Some(value) = r.settings.get(member) {
            body[member] = value.clone();
        }
    }
    if r.settings.get("launchType").is_some_and(|l| l == "FARGATE") {
        body["platformVersion"] = json!("1.4.0");
        body["platformFamily"] = json!("Linux");
    }
    body
}

/// A Task.
pub(crate) fn task(cluster: &Cluster, task: &Task, with_tags: bool) -> Value {
    let definitions = task.task_definition.containers();
    let containers: Vec<Value> = task
        .containers
        .iter()
        .zip(definitions)
        .map(|(c, definition)| {
            let checked = !definition["healthCheck"].is_null();
            let mut body = json!({
                "containerArn": task.arn.replace(":task/", ":container/") + "/" + &c.runtime_id,
                "taskArn": task.arn,
                "name": c.name,
                "image": c.image,
                "lastStatus": match c.status {
                    TaskStatus::Running => "RUNNING",
                    TaskStatus::Stopped => "STOPPED",
                    TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating | TaskStatus::Deactivating
                    | TaskStatus::Stopping | TaskStatus::Deprovisioning => "PENDING",
                },
                "networkBindings": [],
                "networkInterfaces": if task.connected_at.is_some() {
                    json!([{"attachmentId": task.attachment, "privateIpv4Address": task.ip}])
                } else {
                    json!([])
                },
                "healthStatus": if checked { c.health } else { Health::Unknown }.name(),
                "cpu": definition["cpu"].to_string(),
            });
            if task.pull_stopped_at.is_some() {
                body["imageDigest"] = json!(c.digest);
                body["runtimeId"] = json!(c.runtime_id);
            }
            for member in ["memory", "memoryReservation"] {
                if !definition[member].is_null() {
                    body[member] = json!(definition[member].to_string());
                }
            }
            if let Some(code) = c.exit_code {
                body["exitCode"] = json!(code);
            }
            if let Some(reason) = &c.reason {
                body["reason"] = json!(reason);
            }
            body
        })
        .collect();
    let definition = &task.task_definition.body;
    let architecture =
        definition.get("runtimePlatform").and_then(|r| r["cpuArchitecture"].as_str()).unwrap_or("X86_64");
    let mut body = json!({
        "attachments": [{
            "id": task.attachment,
            "type": "ElasticNetworkInterface",
            "status": if task.connected_at.is_none() { "PRECREATED" }
                else if task.status >= TaskStatus::Deprovisioning { "DELETED" } else { "ATTACHED" },
            "details": attached(task),
        }],
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture.to_lowercase()}],
        "availabilityZone": task.zone,
        "clusterArn": cluster.arn,
        "containers": containers,
        "createdAt": epoch_seconds(task.created_at),
        "desiredStatus": if task.wanted { "RUNNING" } else { "STOPPED" },
        "enableExecuteCommand": task.exec,
        "group": task.group,
        "healthStatus": health(task).name(),
        "lastStatus": task.status.name(),
        "launchType": task.launch_type,
        "overrides": task.overrides,
        "taskArn": task.arn,
        "taskDefinitionArn": task.task_definition.arn,
        "version": task.version,
        "tags": if with_tags { tags::render(&task.tags) } else { json!([]) },
    });
    for member in ["cpu", "memory", "ephemeralStorage"] {
        let over = task.overrides.get(member).filter(|value| !value.is_null());
        if let Some(value) = over.or_else(|| definition.get(member)) {
            body[member] = value.clone();
        }
    }
    if task.launch_type == "FARGATE" {
        body["platformVersion"] = json!("1.4.0");
        body["platformFamily"] = json!("Linux");
    }
    if task.connected_at.is_some() {
        body["connectivity"] = json!("CONNECTED");
    }
    if let Some(started_by) = &task.started_by {
        body["startedBy"] = json!(started_by);
    }
    if let Some(stop) = &task.stop {
        body["stopCode"] = json!(stop.code);
        body["stoppedReason"] = json!(stop.reason);
    }
    stamp(&mut body, "connectivityAt", task.connected_at);
    stamp(&mut body, "pullStartedAt", task.pull_started_at);
    stamp(&mut body, "pullStoppedAt", task.pull_stopped_at);
    stamp(&mut body, "startedAt", task.started_at);
    stamp(&mut body, "stoppingAt", task.stopping_at);
    stamp(&mut body, "executionStoppedAt", task.execution_stopped_at);
    stamp(&mut body, "stoppedAt", task.stopped_at);
    body
}

/// The details of a task's interface; before it is attached only its subnet is known.
fn attached(task: &Task) -> Value {
    let mut details = vec![json!({"name": "subnetId", "value": task.subnet})];
    if task.connected_at.is_some() {
        // The region by which the name ends is in the task's ARN; us-east-1 has the name of before there were regions.
        let region = task.arn.split(':').nth(3).unwrap_or_default();
        let domain = if region == "us-east-1" { "ec2".to_owned() } else { format!("{region}.compute") };
        let name = format!("ip-{}.{domain}.internal", task.ip.replace('.', "-"));
        for (member, value) in [
            ("networkInterfaceId", &task.eni),
            ("macAddress", &task.mac),
            ("privateDnsName", &name),
            ("privateIPv4Address", &task.ip),
        ] {
            details.push(json!({"name": member, "value": value}));
        }
    }
    json!(details)
}

/// A task is HEALTHY when all its essential containers with a check are, UNKNOWN when none has one.
fn health(task: &Task) -> Health {
    let checked: Vec<Health> = task
        .containers
        .iter()
        .zip(task.task_definition.containers())
        .filter(|(_, definition)| is_essential(definition) && !definition["healthCheck"].is_null())
        .map(|(container, _)| container.health)
        .collect();
    if checked.contains(&Health::Unhealthy) {
        Health::Unhealthy
    } else if !checked.is_empty() && checked.iter().all(|h| *h == Health::Healthy) {
        Health::Healthy
    } else {
        Health::Unknown
    }
}

/// Running and pending tasks, as ECS counts them.
fn counts<'a>(tasks: impl Iterator<Item = &'a Task>) -> (usize, usize) {
    let (mut running, mut pending) = (0, 0);
    for task in tasks {
        match task.status {
            TaskStatus::Running => running += 1,
            TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => pending += 1,
            TaskStatus::Deactivating
            | TaskStatus::Stopping
            | TaskStatus::Deprovisioning
            | TaskStatus::Stopped => {}
        }
    }
    (running, pending)
}

fn stamp(body: &mut Value, member: &str, at: Option<Micros>) {
    if let Some(at) = at {
        body[member] = json!(epoch_seconds(at));
    }
}

fn role_arn(service_arn: &str) -> String {
    let account = service_arn.split(':').nth(4).unwrap_or_default();
    format!("arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
}
