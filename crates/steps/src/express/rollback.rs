//! `express.rollback`: back to the pinned configuration with its image by digest, or to no service at all.

use super::follow::{Express, follow, gone, send, settled, updated};
use super::settings::{CLUSTER, DELETE, UPDATE, back, content, key, look, says};
use crate::ecs::World;
use crate::failure::arguments;
use crate::service_step::{Change, Doing, Done, Family as _};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::ExpressRollback;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::{Value, json};

/// The kind `express.rollback`.
pub(crate) struct Rollback {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Rollback {
    type Of = Express;

    fn kind(&self) -> &'static str {
        "express.rollback"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Going back is not undone.
    fn undo(&self, _: &Action) -> Option<Action> {
        None
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ExpressRollback = arguments(&task.with)?;
        let cluster = with.cluster.as_deref().unwrap_or(CLUSTER);
        let (mut world, standing) = look(&self.cloud, cluster, &with.name).await?;
        let Some(input) = self.input(task, &with).await? else {
            world.more = json!({"absent": true});
            let (already, actions) = match &world.service_arn {
                None => {
                    (Some(format!("there is no service {}, as when the run began", with.name)), Vec::new())
                }
                Some(arn) => {
                    let input = json!({"serviceArn": arn});
                    (None, vec![ActionPlan { call: DELETE.into(), input }])
                }
            };
            let summary = format!("Delete {}: it was absent when the run began", with.name);
            return Ok(Intent { summary, actions, already, world: world.value(), ..Intent::default() });
        };
        let standing = standing.ok_or_else(|| {
            Diagnosis::of(format!("There is no Express Mode service {} any more", with.name))
                .hint("Create it again with `express.deploy`: its address will be another one.")
        })?;
        if says(&standing.newest(), &input)
            && world.primary.as_ref().is_some_and(holdpoint_cloud::Deployment::is_complete)
        {
            return Ok(Intent {
                summary: format!("{} is back already", with.name),
                already: Some(format!("{} is configured as it was", with.name)),
                world: world.value(),
                ..Intent::default()
            });
        }
        world.more = json!({"content": content(&input)});
        let image = input["primaryContainer"]["image"].as_str().unwrap_or("what was pinned");
        Ok(Intent {
            summary: format!("Bring {} back to {image}", with.name),
            actions: vec![ActionPlan { call: UPDATE.into(), input: input.clone() }],
            world: world.value(),
            ..Intent::default()
        })
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, planned, .. } = *doing;
        if planned.call == DELETE {
            return Express::send(&self.cloud, doing).await;
        }
        let with: ExpressRollback = arguments(&task.with).map_err(ActError::Refused)?;
        let input = self.input(task, &with).await.map_err(ActError::Refused)?.unwrap_or_default();
        if world.more["content"] != content(&input).as_str() {
            return Err(ActError::Refused(
                Diagnosis::of("What would be sent is no longer what the intent says").hint("Retry the step."),
            ));
        }
        send(&self.cloud, UPDATE, &input).await
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        if planned.call == DELETE {
            return Express::settle(&self.cloud, doing).await;
        }
        let with: ExpressRollback = arguments(&task.with)?;
        settled(task, || async {
            let (_, standing) = look(&self.cloud, &world.cluster, &world.service).await?;
            let input = self.input(task, &with).await?.unwrap_or_default();
            Ok(updated(standing.as_ref(), &input))
        })
        .await
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let Done { task, world, already, .. } = done;
        Ok(match world.more["absent"] == true {
            true => gone(&self.cloud, task, &world, already).await,
            false => follow(&self.cloud, task, &world, already, None).await,
        })
    }
}

impl Rollback {
    /// The update that brings it back; `None` to no service at all.
    async fn input(&self, task: &Task, with: &ExpressRollback) -> Result<Option<Value>, Diagnosis> {
        let cluster = with.cluster.as_deref().unwrap_or(CLUSTER);
        if with.to != "pinned" {
            let (_, standing) = look(&self.cloud, cluster, &with.name).await?;
            let standing = standing
                .ok_or_else(|| Diagnosis::of(format!("There is no Express Mode service {}", with.name)))?;
            let mut container = standing.newest()["primaryContainer"].clone();
            container["image"] = json!(with.to);
            let configuration = json!({"primaryContainer": container});
            return Ok(Some(back(&configuration, &standing.service.service_arn)));
        }
        let key = key(cluster, &with.name);
        let pin = task.pins.get(&key).ok_or_else(|| {
            Diagnosis::of(format!(
                "Nothing was pinned for {key}, so that there is nothing known to go back to"
            ))
            .hint("Name an image in `to`, or roll back by hand.")
        })?;
        let content = pin.content.as_ref();
        Ok(content.map(|content| {
            back(&content["configuration"], content["service_arn"].as_str().unwrap_or_default())
        }))
    }
}
