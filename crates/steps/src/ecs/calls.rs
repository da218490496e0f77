//! One door for the calls that more than one kind makes: sent once, and settled by looking.

use super::definition::MARK;
use super::hooks::{self, CONTINUE};
use super::pin;
use super::service::{World, confirmed, is_marked, read};
use super::update::{UPDATE, observe_update, receipt_of, send_update, service_receipt};
use crate::failure::{act_failed, strange};
use crate::service_step::{Doing, Family};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Service};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_run::{Diagnosis, Receipt};
use serde_json::Value;

/// CreateService.
pub(super) const CREATE: &str = "ecs:CreateService";

/// ECS's services, as steps change them.
pub(crate) enum Ecs {}

#[async_trait]
impl Family for Ecs {
    type World = World;

    fn keys(with: &Value) -> Vec<String> {
        pin::keys(with)
    }

    async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
        pin::content(cloud, key).await
    }

    fn rollback(action: &Action) -> Action {
        pin::rollback(action)
    }

    fn world(stored: &Value) -> Result<World, Diagnosis> {
        World::from_intent(stored)
    }

    async fn send(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        send(cloud, &doing.planned.call, &doing.planned.input).await
    }

    async fn settle(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        settle(cloud, task, world, &planned.call, &planned.input).await
    }
}

/// Sends a call with this input.
pub(super) async fn send(cloud: &Cloud, call: &str, input: &Value) -> Result<Receipt, ActError> {
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

/// Whether a call with this input took effect on that world.
pub(super) async fn settle(
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
