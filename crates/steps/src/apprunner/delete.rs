//! `apprunner.delete`: for good. Nothing undoes it: a new service of that name has another address.

use super::follow::{Following, with_notes};
use super::operation::{AppRunner, DELETE, begun, receipt, unsettled};
use super::service::{World, name_of};
use crate::failure::{arguments, failed};
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{Ending, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::AppNamed;
use holdpoint_run::{ActionPlan, Diagnosis, Intent};
use serde_json::{Value, json};

/// The kind `apprunner.delete`.
pub(crate) struct Delete {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Delete {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        "apprunner.delete"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn undo(&self, _: &Action) -> Option<Action> {
        None
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppNamed = arguments(&task.with)?;
        prepare(&self.cloud, &with.service, "nothing brings its address back").await
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        Ok(follow(&self.cloud, &done).await)
    }
}

/// Deletes a service, or says that there is none.
pub(super) async fn prepare(cloud: &Cloud, service: &str, why: &str) -> Result<Intent, Diagnosis> {
    let (mut world, found, operations) = World::of(cloud, service).await?;
    world.more = json!({"absent": true});
    let name = world.service.clone();
    let Some(service) = found else {
        return Ok(Intent {
            summary: format!("There is no service {name}"),
            already: Some(format!("there is no App Runner service {name}")),
            world: world.value(),
            ..Intent::default()
        });
    };
    if let Some(going) = operations.first().filter(|newest| newest.is_going() && newest.kind == DELETE.1) {
        world.follows = Some(going.id.clone());
        return Ok(Intent {
            summary: format!("{name} is being deleted already"),
            already: Some(format!("{} {} is under way", DELETE.1, going.id)),
            world: world.value(),
            ..Intent::default()
        });
    }
    let ways_in = match cloud.vpc_ingresses(&service.service_arn).await {
        Ok(ways_in) => ways_in,
        // A role that may not list them learns it from AWS's refusal.
        Err(error) if error.is_unavailable() => Vec::new(),
        Err(error) => return Err(failed("The VPC ingress connections cannot be listed", &error)),
    };
    if !ways_in.is_empty() {
        return Err(Diagnosis::of(format!(
            "{name} cannot be deleted while VPC ingress connections lead to it"
        ))
        .says("VPC ingress connections", ways_in.join(", "))
        .hint("Delete them first, where they were made (Terraform, console), then retry."));
    }
    let input = json!({"ServiceArn": service.service_arn});
    Ok(Intent {
        summary: format!("Delete {name} ({}, {}): {why}", service.status, service.service_url),
        actions: vec![ActionPlan { call: DELETE.0.into(), input }],
        world: world.value(),
        ..Intent::default()
    })
}

/// Whether a DeleteService whose answer was lost took effect.
pub(super) async fn observe(cloud: &Cloud, task: &Task, world: &World) -> Result<Observation, Diagnosis> {
    let arn = world.arn()?;
    let new = begun(cloud, task, world, arn, DELETE.1).await?;
    match new.as_slice() {
        [one] => return Ok(Observation::TookEffect(receipt(arn, &one.id, None))),
        [] => {}
        many => return Ok(unsettled(world, arn, DELETE.1, many, "more than one has begun")),
    }
    let found = cloud.app_service(arn).await.map_err(|error| failed("The service cannot be read", &error))?;
    Ok(match found {
        // App Runner forgets the operations of a service that is gone.
        None => Observation::TookEffect(receipt(arn, "", None)),
        Some(service) => {
            Observation::TookNoEffect { why: format!("{} is {}", world.service, service.status) }
        }
    })
}

/// Follows a deletion until the service is gone.
pub(super) async fn follow(cloud: &Cloud, done: &Done<'_, World>) -> Ending {
    let Done { task, world, already, receipts } = done;
    let note = with_notes(already.clone(), &world.notes);
    let sent = receipts.last().and_then(|receipt| receipt.body["operation"].as_str());
    let Some(arn) = world.arn.as_deref() else { return gone(&world.service, None, note) };
    let operation = sent.or(world.follows.as_deref()).unwrap_or_default();
    let following = Following { cloud, task, arn, operation, deletes: true };
    match following.until_ended().await {
        Ok(arrival) => match arrival.service {
            None => gone(name_of(arn), Some(arrival.operation), note),
            Some(service) => {
                Ending::Failed(Diagnosis::of(format!("{} is still {}", service.service_name, service.status)))
            }
        },
        Err(ending) => ending,
    }
}

fn gone(name: &str, operation: Option<String>, note: Option<String>) -> Ending {
    let outputs = [("operation", json!(operation)), ("status", json!("DELETED")), ("image", Value::Null)];
    let mut ending = Ending::outputs(outputs);
    if let Ending::Succeeded { note: place, .. } = &mut ending {
        *place = with_notes(note, &[format!("{name} is gone.")]);
    }
    ending
}
