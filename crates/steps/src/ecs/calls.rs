//! One door for the calls that more than one kind makes: sent once, and settled by looking.

use super::definition::MARK;
use super::hooks::{self, CONTINUE};
use super::service::{World, confirmed, is_marked, read};
use super::update::{UPDATE, observe_update, receipt_of, send_update, service_receipt};
use crate::failure::{act_failed, strange};
use holdpoint_cloud::{Cloud, Service};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::Value;

/// CreateService.
pub(super) const CREATE: &str = "ecs:CreateService";

/// The action of that number.
pub(super) fn planned(intent: &Intent, action: usize) -> Result<&ActionPlan, Diagnosis> {
    intent.actions.get(action).ok_or_else(|| strange("it has no such action"))
}

/// Sends an action of an intent by its call.
pub(super) async fn send(cloud: &Cloud, intent: &Intent, action: usize) -> Result<Receipt, ActError> {
    let planned = planned(intent, action).map_err(ActError::Refused)?;
    send_as(cloud, &planned.call, &planned.input).await
}

/// Sends a call with this input.
pub(super) async fn send_as(cloud: &Cloud, call: &str, input: &Value) -> Result<Receipt, ActError> {
    match call {
        UPDATE => send_update(cloud, input).await,
        CREATE => {
            let answer = cloud.change(CREATE, input).await;
            let answer = answer.map_err(|error| act_failed("The service was not created", &error))?;
            service_receipt(answer).map_err(|error| *error)
        }
        CONTINUE => hooks::send(cloud, input).await,
        other => Err(ActError::Refused(strange(&format!("it calls {other}")))),
    }
}

/// Whether an action of an intent took effect.
pub(super) async fn observe(
    cloud: &Cloud,
    task: &Task,
    intent: &Intent,
    action: usize,
) -> Result<Observation, Diagnosis> {
    let planned = planned(intent, action)?;
    if planned.call == CONTINUE {
        return hooks::observe(cloud, task, &planned.input).await;
    }
    observe_as(cloud, task, &World::from_intent(&intent.world)?, &planned.call, &planned.input).await
}

/// Whether a call with this input took effect on that world.
pub(super) async fn observe_as(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    call: &str,
    input: &Value,
) -> Result<Observation, Diagnosis> {
    match call {
        UPDATE => observe_update(cloud, task, world, input).await,
        CREATE => observe_create(cloud, task, world).await,
        CONTINUE => hooks::observe(cloud, task, input).await,
        other => Err(strange(&format!("it calls {other}"))),
    }
}

/// A service that carries this attempt's mark was created by it.
async fn observe_create(cloud: &Cloud, task: &Task, world: &World) -> Result<Observation, Diagnosis> {
    let found = confirmed(task, || read(cloud, &world.cluster, &world.service)).await?;
    let Some(service) = found else {
        return Ok(Observation::TookNoEffect { why: format!("there is no service {}", world.service) });
    };
    match (mark_of(&service), service.primary()) {
        (Some(mark), Some(primary)) if is_marked(mark, &task.mark()) => {
            Ok(Observation::TookEffect(receipt_of(&service, primary, None)))
        }
        (mark, _) => Ok(Observation::TookNoEffect {
            why: format!(
                "the service {} was made by somebody else (its mark is {}, ours would be {})",
                world.service,
                mark.unwrap_or("missing"),
                task.mark()
            ),
        }),
    }
}

/// The attempt that made a service.
pub(super) fn mark_of(service: &Service) -> Option<&str> {
    service.tags.iter().find(|tag| tag.key == MARK).map(|tag| tag.value.as_str())
}
