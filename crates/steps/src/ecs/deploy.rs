//! `ecs.deploy`: one UpdateService, followed by its deployment's id.

use super::definition::short;
use super::follow::{Arrival, Following, created_at};
use super::pin;
use super::rollout::Target;
use super::service::{
    World, already_says, confirmed, deployment_configuration, existing, network_configuration,
};
use crate::failure::{act_failed, arguments, failed, strange};
use async_trait::async_trait;
use holdpoint_cloud::{Answer, Cloud, Deployment, Service};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::{DeployExpect, EcsDeploy};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Judgement, OutputValue, Receipt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The kind `ecs.deploy`.
pub(crate) struct Deploy {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Deploy {
    fn kind(&self) -> &'static str {
        "ecs.deploy"
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        Some(pin::rollback(action))
    }

    fn pins(&self, with: &Value) -> Vec<String> {
        pin::keys(with)
    }

    async fn pin(&self, _: &Task, key: &str) -> Result<Option<Value>, Diagnosis> {
        pin::content(&self.cloud, key).await
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsDeploy = arguments(&task.with)?;
        let (mut world, found) = World::of(&self.cloud, &with.cluster, &with.service).await?;
        let service = existing(found, &with.cluster, &with.service)?;
        let wanted = match (&with.task_definition, &world.primary) {
            (Some(wanted), _) => wanted.clone(),
            (None, Some(primary)) => primary.task_definition.clone(),
            (None, None) => service.task_definition.clone(),
        };
        world.aim(&self.cloud, task, &wanted).await?;
        let input = update(&with, &world.target);
        let name = short(&world.target).to_owned();
        if let Some(primary) = world.primary.clone()
            && !with.force
            && primary.task_definition == world.target
            && is_so(&service, &input)
            && primary.rollout_state.as_deref() != Some("FAILED")
        {
            let state = if primary.is_complete() { "already runs" } else { "is already being deployed" };
            return Ok(Intent {
                summary: format!("{} {state} {name}", with.service),
                already: Some(format!("{name} {state} as {}; UpdateService would start nothing", primary.id)),
                world: world.value(),
                ..Intent::default()
            });
        }
        let summary = format!(
            "Deploy {name} to {} (now {}, {} of {} tasks)",
            with.service,
            world.primary.as_ref().map_or("nothing", |primary| short(&primary.task_definition)),
            world.running,
            world.desired
        );
        let actions = vec![ActionPlan { call: "ecs:UpdateService".into(), input }];
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn act(
        &self,
        _: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let planned =
            intent.actions.get(action).ok_or_else(|| ActError::Refused(strange("it has no such action")))?;
        send_update(&self.cloud, &planned.input).await
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let world = World::from_intent(&intent.world)?;
        let planned = intent.actions.get(action).ok_or_else(|| strange("it has no such action"))?;
        observe_update(&self.cloud, task, &world, &planned.input).await
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        let world = match World::from_intent(&intent.world) {
            Ok(world) => world,
            Err(diagnosis) => return Ending::Failed(diagnosis),
        };
        follow_update(&self.cloud, task, &world, receipts.last(), intent.already.clone()).await
    }
}

/// Sends UpdateService and makes its receipt.
pub(super) async fn send_update(cloud: &Cloud, input: &Value) -> Result<Receipt, ActError> {
    let answer = cloud.change("ecs:UpdateService", input).await;
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
    let found = confirmed(task, || async { new_deployment(cloud, world, &target).await }).await?;
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
    let made = new.created_at.map_or_else(|| "an unknown time".into(), super::follow::moment);
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

/// Follows what an update started and judges the step's `expect`.
pub(super) async fn follow_update(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    receipt: Option<&Receipt>,
    note: Option<String>,
) -> Ending {
    let (target, created) = match (receipt, &world.primary) {
        (Some(receipt), _) => {
            let text = |member: &str| receipt.body[member].as_str().unwrap_or_default().to_owned();
            let target = Target { deployment: text("deployment"), task_definition: text("task_definition") };
            (target, created_at(&receipt.body))
        }
        (None, Some(primary)) => {
            let target =
                Target { deployment: primary.id.clone(), task_definition: primary.task_definition.clone() };
            (target, primary.created_at)
        }
        (None, None) => {
            return Ending::Failed(strange("it has neither a receipt nor a deployment to follow"));
        }
    };
    let mut following = Following::after(cloud, task, world, target, created);
    if receipt
        .is_none_or(|receipt| world.deployments.iter().any(|id| receipt.body["deployment"] == id.as_str()))
    {
        // Nothing new was started: the service deployment to look at is one of those that were there.
        following.known.clear();
    }
    match following.until_ended().await {
        Ok(arrival) => arrived(task, arrival, note),
        Err(ending) => ending,
    }
}

/// A deployment that succeeded, judged.
pub(super) fn arrived(task: &Task, arrival: Arrival, note: Option<String>) -> Ending {
    let expect: DeployExpect = match arguments(&task.expect) {
        Ok(expect) => expect,
        Err(diagnosis) => return Ending::Failed(diagnosis),
    };
    let running = arrival.service.primary().map_or(0, |primary| primary.running_count);
    let mut judgements: Vec<Judgement> = expect
        .images
        .iter()
        .map(|(container, expected)| judge_image(container, expected, arrival.images.get(container)))
        .collect();
    if let Some(expected) = expect.running {
        judgements.push(Judgement {
            what: "running tasks".into(),
            expected: expected.to_string(),
            found: running.to_string(),
            holds: running == expected,
            assumed: false,
        });
    }
    let outputs = [
        ("service_arn", json!(arrival.service.service_arn)),
        ("deployment", json!(arrival.target.deployment)),
        ("service_deployment", json!(arrival.service_deployment)),
        ("task_definition", json!(arrival.target.task_definition)),
        ("images", json!(arrival.images)),
        ("running_count", json!(running)),
    ];
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements,
        note,
    }
}

/// One image against its expected digest; a reference with a digest in it will do on either side.
pub(super) fn judge_image(container: &str, expected: &str, found: Option<&String>) -> Judgement {
    let digest = |text: &str| text.rsplit('@').next().unwrap_or(text).to_owned();
    let found = found.cloned().unwrap_or_else(|| "no such container, or its digest is not known".into());
    Judgement {
        what: format!("image of {container}"),
        holds: digest(&found) == digest(expected),
        expected: expected.to_owned(),
        found,
        assumed: false,
    }
}

/// The service deployment members of UpdateService that make a new deployment when they differ.
fn changes_tasks(input: &Value) -> bool {
    ["networkConfiguration", "platformVersion"].iter().any(|member| !input[*member].is_null())
}

/// A new deployment with exactly the wanted task definition: among those shown, else among the newest service
/// deployments (one that AWS has rolled back since is no longer shown as a deployment).
async fn new_deployment(
    cloud: &Cloud,
    world: &World,
    target: &str,
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
    for found in
        listed.iter().filter(|found| !world.service_deployments.contains(&found.service_deployment_arn))
    {
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

/// The input of UpdateService.
fn update(with: &EcsDeploy, target: &str) -> Value {
    let mut input = json!({"cluster": with.cluster, "service": with.service, "taskDefinition": target});
    if let Some(count) = with.desired_count {
        input["desiredCount"] = json!(count);
    }
    if with.force {
        input["forceNewDeployment"] = json!(true);
    }
    if let Some(rules) = &with.deployment {
        input["deploymentConfiguration"] = deployment_configuration(rules);
    }
    if let Some(version) = &with.platform_version {
        input["platformVersion"] = json!(version);
    }
    if let Some(network) = &with.network {
        input["networkConfiguration"] = network_configuration(network);
    }
    if let Some(grace) = with.health_check_grace {
        input["healthCheckGracePeriodSeconds"] = json!(grace.get().as_secs());
    }
    input
}

/// Whether a service already is what an UpdateService asks for.
pub(super) fn is_so(service: &Service, input: &Value) -> bool {
    let now = json!({
        "taskDefinition": service.primary().map(|primary| primary.task_definition.clone()),
        "desiredCount": service.desired_count,
        "deploymentConfiguration": service.deployment_configuration,
        "networkConfiguration": service.network_configuration,
        "platformVersion": service.platform_version,
        "healthCheckGracePeriodSeconds": service.health_check_grace_period_seconds,
    });
    let mut wanted = input.clone();
    if let Some(members) = wanted.as_object_mut() {
        members.retain(|name, _| now.get(name).is_some());
    }
    already_says(&now, &wanted)
}
