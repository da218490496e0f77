//! `ecs.deploy`: one UpdateService, followed by its deployment's id.

use super::calls::Ecs;
use super::definition::short;
use super::follow::{Arrival, Following, created_at};
use super::rollout::Target;
use super::service::{World, existing};
use super::update::{UPDATE, is_so};
use super::{configuration, lint, lint_step};
use crate::failure::{arguments, strange};
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Service};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::{DeployExpect, DeploymentRules, EcsDeploy};
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Judgement, OutputValue};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The kind `ecs.deploy`.
pub(crate) struct Deploy {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Deploy {
    type Of = Ecs;

    fn kind(&self) -> &'static str {
        "ecs.deploy"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsDeploy = arguments(&task.with)?;
        let (mut world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        let service = existing(found, &with.cluster, &with.service)?;
        let wanted = match (&with.task_definition, &world.primary) {
            (Some(wanted), _) => wanted.clone(),
            (None, Some(primary)) => primary.task_definition.clone(),
            (None, None) => service.task_definition.clone(),
        };
        let described = world.aim(&self.cloud, task, &wanted).await?;
        let input = update(&with, &world.target)?;
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
        let about = About {
            lint: with.lint,
            schema_compatible: with.schema_compatible,
            deployment: with.deployment.as_ref(),
            service: Some(&service),
        };
        world.more = json!({"notes": notes(task, &about, &described, &world)});
        let summary = format!(
            "Deploy {name} to {} (now {}, {} of {} tasks)",
            with.service,
            world.primary.as_ref().map_or("nothing", |primary| short(&primary.task_definition)),
            world.running,
            world.desired
        );
        let actions = vec![ActionPlan { call: UPDATE.into(), input }];
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let note = noted(&done);
        Ok(follow_update(&self.cloud, &done, note).await)
    }
}

/// What a plan says of a deployment beside what is deployed.
pub(super) struct About<'a> {
    pub(super) lint: bool,
    pub(super) schema_compatible: Option<bool>,
    pub(super) deployment: Option<&'a DeploymentRules>,
    /// The service that is updated; none where it is created.
    pub(super) service: Option<&'a Service>,
}

/// What is worth knowing before it is deployed; told now, and kept with the outcome.
pub(super) fn notes(task: &Task, about: &About<'_>, described: &Value, world: &World) -> Vec<String> {
    let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
    let doubts = if about.lint { lint::lint(&body, None) } else { Vec::new() };
    lint_step::tell(task, &doubts);
    let mut notes: Vec<String> = lint_step::note(&doubts).into_iter().collect();
    let now = about.service.map(|service| &service.deployment_configuration).unwrap_or(&Value::Null);
    let standing = || about.service.map_or((false, false), Service::breaker);
    let breaker = about
        .deployment
        .and_then(|rules| rules.circuit_breaker.as_ref())
        .map_or_else(standing, |breaker| (breaker.enable, breaker.rollback));
    let alarms = about.deployment.and_then(|rules| rules.alarms.as_ref()).map_or_else(
        || now["alarms"]["enable"] == true && now["alarms"]["rollback"] == true,
        |alarms| alarms.enable && alarms.rollback,
    );
    let rolls_back = breaker == (true, true) || alarms;
    if rolls_back
        && about.service.is_some()
        && world.primary.as_ref().is_none_or(|primary| !primary.is_complete())
    {
        notes.push(
            "no deployment of this service is complete: if this one fails, AWS has nothing to go back to"
                .into(),
        );
    }
    if rolls_back
        && about.schema_compatible != Some(true)
        && let Some(start) = lint::migrates(&body)
    {
        let when = if about.service.is_some() { "" } else { " at a later deployment" };
        notes.push(format!(
            "AWS may bring the old revision back by itself{when}, and {start}: say `schema_compatible: true` if the old one can \
             run on the new data, else switch the rollback off for this deployment"
        ));
    }
    for note in notes.iter().skip(usize::from(!doubts.is_empty())) {
        task.progress.line("holdpoint", None, note.clone());
    }
    notes
}

/// What was worth knowing, in one.
pub(super) fn noted(done: &Done<'_, World>) -> Option<String> {
    let notes = done.world.more["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let notes: Vec<&str> = done.already.as_deref().into_iter().chain(notes).collect();
    (!notes.is_empty()).then(|| notes.join(" · "))
}

/// Follows what an update started and judges the step's `expect`.
pub(super) async fn follow_update(cloud: &Cloud, done: &Done<'_, World>, note: Option<String>) -> Ending {
    let Done { task, world, receipts, .. } = done;
    // Answers to hooks have receipts, too: the deployment's is the last one that names it.
    let receipt = receipts.iter().rev().find(|receipt| receipt.body["deployment"].is_string());
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
    let note = arrival.strangers.noted(note);
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
        ("boot", json!(arrival.boot.map(|boot| format!("{}s", boot.as_secs())))),
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

/// The input of UpdateService.
fn update(with: &EcsDeploy, target: &str) -> Result<Value, Diagnosis> {
    let mut input = json!({"cluster": with.cluster, "service": with.service, "taskDefinition": target});
    if let Some(count) = with.desired_count {
        input["desiredCount"] = json!(count);
    }
    if with.force {
        input["forceNewDeployment"] = json!(true);
    }
    if let Some(rules) = &with.deployment {
        input["deploymentConfiguration"] = configuration::deployment(rules)?;
    }
    if let Some(version) = &with.platform_version {
        input["platformVersion"] = json!(version);
    }
    if let Some(network) = &with.network {
        input["networkConfiguration"] = configuration::network(network);
    }
    if let Some(balancers) = &with.load_balancers {
        input["loadBalancers"] = configuration::load_balancers(balancers);
    }
    if let Some(grace) = with.health_check_grace {
        input["healthCheckGracePeriodSeconds"] = json!(grace.get().as_secs());
    }
    Ok(input)
}
