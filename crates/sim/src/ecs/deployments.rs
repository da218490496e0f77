//! Service deployments and revisions on the wire.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND};
use crate::ecs::model::{Cluster, DeploymentStatus, Ecs, RolloutState, Service};
use crate::ecs::{breaker, cluster, incidents, last, page, scheduler, strings, wire};
use crate::schedule::What;
use crate::world::{Env, Estate};

/// ListServiceDeployments, newest first.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let reference = input["service"].as_str().unwrap_or_default();
    let mut of = input.clone();
    if of["cluster"].is_null() && reference.starts_with("arn:") {
        of["cluster"] = json!(reference.rsplit('/').nth(1).unwrap_or_default());
    }
    let cluster = cluster(ecs, &of)?;
    let service = cluster
        .services
        .get(last(reference))
        .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    let wanted = strings(input, "status");
    let bound = |member: &str| input["createdAt"][member].as_f64().map(|s| (s * SECOND as f64) as Micros);
    let (after, before) = (bound("after"), bound("before"));
    let items = service
        .service_deployments
        .iter()
        .rev()
        .filter(|d| wanted.is_empty() || wanted.contains(&d.status.name()))
        .filter(|d| after.is_none_or(|a| d.created_at > a) && before.is_none_or(|b| d.created_at < b))
        .map(|d| wire::service_deployment_brief(cluster, service, d))
        .collect();
    page(items, input, "serviceDeployments")
}

/// DescribeServiceDeployments, at most 20 at once.
pub(crate) fn describe(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked(input, "serviceDeploymentArns")? {
        let deployment = find(ecs, arn)
            .and_then(|(cluster, service)| {
                Some((cluster, service, service.service_deployments.iter().find(|d| d.arn == arn)?))
            })
            .map(|(cluster, service, d)| wire::service_deployment(cluster, service, d));
        match deployment {
            Some(body) => found.push(body),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

/// DescribeServiceRevisions, at most 20 at once.
pub(crate) fn describe_revisions(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked(input, "serviceRevisionArns")? {
        let revision = find(ecs, arn)
            .and_then(|(cluster, service)| {
                Some((cluster, service, service.revisions.iter().find(|r| r.arn == arn)?))
            })
            .map(|(cluster, service, r)| wire::revision(cluster, service, r));
        match revision {
            Some(body) => found.push(body),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

/// StopServiceDeployment: ROLLBACK (the default) or ABORT of one that is in flight.
pub(crate) fn stop(ecs: &mut Ecs, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let arn = input["serviceDeploymentArn"].as_str().unwrap_or_default().to_owned();
    let not_found =
        || AwsError::new("ServiceDeploymentNotFoundException", "The service deployment does not exist.");
    let (cluster_name, service_name) = place(&arn).ok_or_else(not_found)?;
    let service = ecs
        .clusters
        .get_mut(&cluster_name)
        .and_then(|c| c.services.get_mut(&service_name))
        .ok_or_else(not_found)?;
    let can_roll_back = service.completed.is_some();
    let now = env.now();
    let deployment = service.service_deployment_mut(&arn).ok_or_else(not_found)?;
    match deployment.status {
        DeploymentStatus::Pending | DeploymentStatus::InProgress => {}
        DeploymentStatus::StopRequested
        | DeploymentStatus::RollbackRequested
        | DeploymentStatus::RollbackInProgress
        | DeploymentStatus::Successful
        | DeploymentStatus::Stopped
        | DeploymentStatus::RollbackSuccessful
        | DeploymentStatus::RollbackFailed => {
            // The code is of the API's model; the wording is to be confirmed.
            return Err(AwsError::new(
                "ConflictException",
                format!(
                    "The service deployment cannot be stopped: its status is {}.",
                    deployment.status.name()
                ),
            ));
        }
    }
    match input["stopType"].as_str().unwrap_or("ROLLBACK") {
        "ROLLBACK" if can_roll_back => {
            deployment.status = DeploymentStatus::RollbackRequested;
            deployment.reason = "The service deployment was stopped by a user.".to_owned();
            deployment.because = "Service deployment rolled back because of a user request.".to_owned();
        }
        "ROLLBACK" => {
            return Err(AwsError::invalid_parameter(
                "The service deployment cannot be rolled back: there is no earlier completed deployment.",
            ));
        }
        "ABORT" => {
            deployment.status = DeploymentStatus::StopRequested;
            deployment.reason = "The service deployment was aborted by a user.".to_owned();
        }
        other => return Err(AwsError::invalid_parameter(format!("Invalid stopType: {other}"))),
    }
    deployment.updated_at = now;
    let what = What::StopDeployment { cluster: cluster_name, service: service_name, deployment: arn.clone() };
    env.after(2.0, what);
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// A stop or rollback that was asked for, by a person or the breaker, begins.
pub(crate) fn stop_now(
    estate: &mut Estate,
    env: &mut Env,
    cluster_name: &str,
    service_name: &str,
    arn: &str,
) {
    let Some(Cluster { services, tasks, .. }) = estate.ecs.clusters.get_mut(cluster_name) else { return };
    let Some(service) = services.get_mut(service_name) else { return };
    let now = env.now();
    let Some(deployment) = service.service_deployment_mut(arn) else { return };
    let fails = incidents::rollback_fails(env, deployment);
    match deployment.status {
        DeploymentStatus::RollbackRequested => {
            let reason = deployment.because.clone();
            breaker::end_watch(env, deployment);
            let gone_back = fails.is_none() && breaker::roll_back(env, service, tasks, &reason);
            if !gone_back && let Some(deployment) = service.service_deployment_mut(arn) {
                deployment.status = DeploymentStatus::RollbackFailed;
                deployment.reason = fails.unwrap_or(reason);
                deployment.finished_at = Some(now);
                deployment.updated_at = now;
                for d in service.deployments.iter_mut().filter(|d| d.service_deployment == arn) {
                    d.halted = true;
                    d.rollout_state = RolloutState::Failed;
                }
            }
        }
        DeploymentStatus::StopRequested => {
            breaker::end_watch(env, deployment);
            deployment.status = DeploymentStatus::Stopped;
            deployment.stopped_at = Some(now);
            deployment.finished_at = Some(now);
            deployment.updated_at = now;
            for d in service.deployments.iter_mut().filter(|d| d.service_deployment == arn) {
                d.halted = true;
                d.reason = format!("ECS deployment {} stopped.", d.id);
            }
        }
        DeploymentStatus::Pending
        | DeploymentStatus::InProgress
        | DeploymentStatus::Successful
        | DeploymentStatus::Stopped
        | DeploymentStatus::RollbackInProgress
        | DeploymentStatus::RollbackSuccessful
        | DeploymentStatus::RollbackFailed => {}
    }
    scheduler::reconcile(estate, env, cluster_name, service_name);
}

fn asked<'a>(input: &'a Value, member: &str) -> Result<Vec<&'a str>, AwsError> {
    let arns = strings(input, member);
    if arns.is_empty() || arns.len() > 20 {
        return Err(AwsError::invalid_parameter(format!("{member} must have 1 to 20 members.")));
    }
    Ok(arns)
}

fn find<'a>(ecs: &'a Ecs, arn: &str) -> Option<(&'a Cluster, &'a Service)> {
    let (cluster, service) = place(arn)?;
    let cluster = ecs.clusters.get(&cluster)?;
    Some((cluster, cluster.services.get(&service)?))
}

/// Cluster and service out of `arn:…/<cluster>/<service>/<id>`.
pub(crate) fn place(arn: &str) -> Option<(String, String)> {
    let mut parts = arn.split('/').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}
