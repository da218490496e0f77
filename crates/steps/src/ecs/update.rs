//! UpdateService: sent once, and settled by what is new in the world, since it takes no client token.

use super::definition::short;
use super::service::{World, already_says, confirmed, existing};
use crate::failure::{act_failed, failed};
use holdpoint_cloud::{Answer, Cloud, Deployment, Service, ServiceDeployment};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_run::{Diagnosis, External, Receipt};
use serde::Deserialize;
use serde_json::{Value, json};

/// The call.
pub(super) const UPDATE: &str = "ecs:UpdateService";

/// Sends UpdateService and makes its receipt.
pub(super) async fn send_update(cloud: &Cloud, input: &Value) -> Result<Receipt, ActError> {
    let answer = cloud.change(UPDATE, input).await;
    let answer = answer.map_err(|error| act_failed("The service was not updated", &error))?;
    service_receipt(answer).map_err(|error| *error)
}

/// The receipt of an answer that holds a service. One that cannot be read leaves open what took effect.
pub(super) fn service_receipt(answer: Answer) -> Result<Receipt, Box<ActError>> {
    let unreadable = |why: String| {
        Box::new(ActError::Ambiguous(Diagnosis::of(format!("AWS's answer cannot be read: {why}"))))
    };
    let service =
        Service::deserialize(&answer.body["service"]).map_err(|error| unreadable(error.to_string()))?;
    match service.primary() {
        Some(primary) => Ok(receipt_of(&service, primary, answer.request_id)),
        None => Err(unreadable("it names no primary deployment".into())),
    }
}

/// The receipt of a deployment.
pub(super) fn receipt_of(service: &Service, primary: &Deployment, request_id: Option<String>) -> Receipt {
    Receipt {
        external: vec![
            External { kind: "service".into(), id: service.service_arn.clone() },
            External { kind: "deployment".into(), id: primary.id.clone() },
        ],
        request_id,
        body: json!({
            "deployment": primary.id,
            "task_definition": primary.task_definition,
            "created_at": primary.created_at,
            "desired_count": service.desired_count,
        }),
    }
}

/// Whether an UpdateService whose answer was lost took effect. UpdateService takes no client token, so that only what
/// is new in the world can tell.
pub(super) async fn observe_update(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    input: &Value,
) -> Result<Observation, Diagnosis> {
    let target = input["taskDefinition"].as_str().unwrap_or(&world.target).to_owned();
    let force = input["forceNewDeployment"] == true;
    let before = world.primary.as_ref().map(|primary| primary.task_definition.as_str());
    let starts = force || before != Some(target.as_str()) || changes_tasks(input);
    if !starts {
        return observe_setting(cloud, task, world, input).await;
    }
    let found = match confirmed(task, || new_deployment(cloud, world, &target, Shown::Agreeing)).await? {
        None => new_deployment(cloud, world, &target, Shown::Anywhere).await?,
        found => found,
    };
    let Some((service, new)) = found else {
        return Ok(Observation::TookNoEffect {
            why: format!(
                "no deployment of {} that brings {} has come into being since",
                world.service,
                short(&target)
            ),
        });
    };
    if world.registered_here {
        return Ok(Observation::TookEffect(receipt_of(&service, &new, None)));
    }
    let made = new.created_at.map_or_else(|| "an unknown time".into(), super::view::moment);
    Ok(Observation::Unsettled(
        Diagnosis::of(format!(
            "A deployment of {} to {} has come into being, and it may be ours or somebody else's",
            short(&target),
            world.service
        ))
        .says("The deployment", format!("{} of {made}, {}", new.id, new.rollout_state.unwrap_or_default()))
        .says(
            "Why it is not certain",
            "this run did not register that task definition: others may deploy it too",
        )
        .hint("Look for UpdateService in CloudTrail at that time: if it is this role's, it took effect."),
    ))
}

/// Whether a service already is what an UpdateService asks for.
pub(super) fn is_so(service: &Service, input: &Value) -> bool {
    let now = json!({
        "taskDefinition": service.primary().map(|primary| primary.task_definition.clone()),
        "desiredCount": service.desired_count,
        "deploymentConfiguration": service.deployment_configuration,
        "networkConfiguration": service.network_configuration,
        "platformVersion": service.platform_version,
        "loadBalancers": service.load_balancers,
        "healthCheckGracePeriodSeconds": service.health_check_grace_period_seconds,
    });
    let mut wanted = input.clone();
    if let Some(members) = wanted.as_object_mut() {
        members.retain(|name, _| now.get(name).is_some());
    }
    already_says(&now, &wanted)
}

/// Whether members are there that make a new deployment when they differ.
fn changes_tasks(input: &Value) -> bool {
    ["networkConfiguration", "platformVersion", "loadBalancers"]
        .iter()
        .any(|member| !input[*member].is_null())
}

/// Which looks count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// A service deployment that is under way counts once the service shows its deployment, which alone tells its id:
    /// until then the service was read from a replica that lags.
    Agreeing,
    /// Any.
    Anywhere,
}

/// A new deployment with exactly the wanted task definition: among those shown, else among the newest service
/// deployments (one that AWS has rolled back since is no longer shown as a deployment).
async fn new_deployment(
    cloud: &Cloud,
    world: &World,
    target: &str,
    shown: Shown,
) -> Result<Option<(Service, Deployment)>, Diagnosis> {
    let found = super::service::read(cloud, &world.cluster, &world.service).await?;
    let service = existing(found, &world.cluster, &world.service)?;
    let new = service.deployments.iter().find(|found| world.is_new(found) && found.task_definition == target);
    if let Some(new) = new.cloned() {
        return Ok(Some((service, new)));
    }
    let listed = match cloud.service_deployments(&world.cluster, &world.service, 20).await {
        Ok(list) => list,
        Err(error) if error.is_unavailable() => return Ok(None),
        Err(error) => return Err(failed("The service's deployments cannot be listed", &error)),
    };
    let counts = |found: &&ServiceDeployment| {
        let known = world.service_deployments.contains(&found.service_deployment_arn);
        let under_way = matches!(found.status.as_str(), "PENDING" | "IN_PROGRESS");
        let agrees = shown == Shown::Anywhere || !under_way;
        !known && agrees
    };
    for found in listed.iter().filter(counts) {
        let Some(revision) = found.target() else { continue };
        let revisions = cloud
            .service_revisions(&[revision.to_owned()])
            .await
            .map_err(|error| failed("The service's revisions cannot be read", &error))?;
        if revisions.iter().any(|revision| revision.task_definition == target) {
            // Its id is not told any more; the service deployment's ARN names it as well.
            let gone = Deployment {
                id: found.service_deployment_arn.clone(),
                task_definition: target.to_owned(),
                created_at: found.created_at,
                ..Deployment::default()
            };
            return Ok(Some((service, gone)));
        }
    }
    Ok(None)
}

/// An update that starts no deployment is settled by what the service says now: twice is as once.
async fn observe_setting(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    input: &Value,
) -> Result<Observation, Diagnosis> {
    let found = confirmed(task, || async {
        let found = super::service::read(cloud, &world.cluster, &world.service).await?;
        let service = existing(found, &world.cluster, &world.service)?;
        Ok(is_so(&service, input).then_some(service))
    })
    .await?;
    Ok(match found.as_ref().and_then(|service| Some((service, service.primary()?))) {
        Some((service, primary)) => Observation::TookEffect(receipt_of(service, primary, None)),
        None => {
            Observation::TookNoEffect { why: format!("{} does not say what was asked for", world.service) }
        }
    })
}
