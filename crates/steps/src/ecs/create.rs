//! `ecs.create`: a new service, made once whatever happens to the answer.

use super::calls::{CREATE, Ecs, mark_of};
use super::configuration;
use super::definition::{MARK, short};
use super::deploy::{About, follow_update, noted, notes};
use super::service::{World, is_marked, stem};
use super::update::{UPDATE, is_so};
use crate::failure::arguments;
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Service};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::{EcsCreate, LaunchType};
use holdpoint_run::{ActionPlan, Diagnosis, Intent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The kind `ecs.create`.
pub(crate) struct Create {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Create {
    type Of = Ecs;

    fn kind(&self) -> &'static str {
        "ecs.create"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsCreate = arguments(&task.with)?;
        let (mut world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        let described = world.aim(&self.cloud, task, &with.task_definition).await?;
        let about = About {
            lint: with.lint,
            schema_compatible: with.schema_compatible,
            deployment: with.deployment.as_ref(),
            service: found.as_ref(),
        };
        world.more = json!({"notes": notes(task, &about, &described, &world)});
        match found {
            None => {
                // Said beforehand: AWS rolls a first deployment back to nothing.
                let summary = format!(
                    "Create {} with {} tasks of {}; if it fails there is no earlier deployment to go back to",
                    with.service,
                    with.desired_count,
                    short(&world.target)
                );
                let input = create(task, &with, &world.target)?;
                let actions = vec![ActionPlan { call: CREATE.into(), input }];
                Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
            }
            Some(service) => again(task, &with, &service, world),
        }
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let note = noted(&done);
        Ok(follow_update(&self.cloud, &done, note).await)
    }
}

/// The service is there. If this step made it, the step goes on with it; somebody else's is left alone.
fn again(task: &Task, with: &EcsCreate, service: &Service, world: World) -> Result<Intent, Diagnosis> {
    let ours = mark_of(service).is_some_and(|mark| is_marked(mark, &stem(task)));
    if !ours {
        return Err(Diagnosis::of(format!(
            "There is a service {} already, and this step did not create it",
            with.service
        ))
        .says(
            "It runs",
            format!(
                "{} of {} tasks of {}",
                service.running_count,
                service.desired_count,
                short(&service.task_definition)
            ),
        )
        .hint("Use `ecs.deploy` to change a service that exists, or give the new one another name."));
    }
    let input = json!({
        "cluster": with.cluster, "service": with.service,
        "taskDefinition": world.target, "desiredCount": with.desired_count,
    });
    let failed = service.primary().is_none_or(|primary| primary.rollout_state.as_deref() == Some("FAILED"));
    if is_so(service, &input) && !failed {
        return Ok(Intent {
            summary: format!("{} was created by this step before", with.service),
            already: Some(format!(
                "{} carries this step's mark and runs {}",
                with.service,
                short(&world.target)
            )),
            world: world.value(),
            ..Intent::default()
        });
    }
    let mut input = input;
    input["forceNewDeployment"] = json!(true);
    Ok(Intent {
        summary: format!(
            "Deploy {} to {}, which this step created before",
            short(&world.target),
            with.service
        ),
        actions: vec![ActionPlan { call: UPDATE.into(), input }],
        world: world.value(),
        ..Intent::default()
    })
}

fn create(task: &Task, with: &EcsCreate, target: &str) -> Result<Value, Diagnosis> {
    let mut input = json!({
        "cluster": with.cluster,
        "serviceName": with.service,
        "taskDefinition": target,
        "desiredCount": with.desired_count,
        "launchType": with.launch_type.unwrap_or(LaunchType::Fargate).as_aws(),
        "clientToken": token(&task.mark()),
    });
    if let Some(version) = &with.platform_version {
        input["platformVersion"] = json!(version);
    }
    if let Some(network) = &with.network {
        input["networkConfiguration"] = configuration::network(network);
    }
    if !with.load_balancers.is_empty() {
        input["loadBalancers"] = configuration::load_balancers(&with.load_balancers);
    }
    if let Some(rules) = &with.deployment {
        input["deploymentConfiguration"] = configuration::deployment(rules)?;
    }
    if let Some(grace) = with.health_check_grace {
        input["healthCheckGracePeriodSeconds"] = json!(grace.get().as_secs());
    }
    let mut tags: Vec<Value> = with
        .tags
        .iter()
        .filter(|(key, _)| *key != MARK)
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    tags.push(json!({"key": MARK, "value": task.mark()}));
    input["tags"] = json!(tags);
    Ok(input)
}

/// CreateService takes a client token of at most 36 characters: with the same one it creates once.
fn token(mark: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(mark).iter().take(18) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
