//! `apprunner.pause` and `apprunner.resume`. A pause is no rollback: a resumption deploys the last version again.
//! Undone by the pin: what was paused before the run is left paused, which the opposite call would not know.

use super::follow::follow;
use super::operation::{AppRunner, PAUSE, RESUME};
use super::service::{World, existing};
use crate::failure::arguments;
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::AppNamed;
use holdpoint_run::{ActionPlan, Diagnosis, Intent};
use serde_json::json;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To `PAUSED`.
    Pause,
    /// To `RUNNING`.
    Resume,
}

/// The kinds `apprunner.pause` and `apprunner.resume`.
pub(crate) struct Switch {
    pub(crate) cloud: Cloud,
    pub(crate) way: Way,
}

impl Way {
    fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Pause => PAUSE,
            Self::Resume => RESUME,
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Pause => "PAUSED",
            Self::Resume => "RUNNING",
        }
    }
}

#[async_trait]
impl Change for Switch {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        match self.way {
            Way::Pause => "apprunner.pause",
            Way::Resume => "apprunner.resume",
        }
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppNamed = arguments(&task.with)?;
        let (mut world, found, operations) = World::now(&self.cloud, task, &with.service).await?;
        let service = existing(found, &with.service)?;
        let (call, kind) = self.way.call();
        let name = world.service.clone();
        let under_way = operations.first().filter(|newest| newest.is_going() && newest.kind == kind);
        if let Some(going) = under_way {
            world.follows = Some(going.id.clone());
            return Ok(Intent {
                summary: format!("{name} is on its way to {} already", self.way.target()),
                already: Some(format!("{kind} {} is under way", going.id)),
                world: world.value(),
                ..Intent::default()
            });
        }
        match (self.way, service.status.as_str()) {
            (_, status) if status == self.way.target() => {
                return Ok(Intent {
                    summary: format!("{name} is {status} already"),
                    already: Some(format!("{name} is {status} already")),
                    world: world.value(),
                    ..Intent::default()
                });
            }
            (_, status @ ("CREATE_FAILED" | "DELETE_FAILED")) => {
                return Err(Diagnosis::of(format!(
                    "App Runner service {name} is {status}: it can only be repaired or deleted"
                ))
                .says("What AWS says", format!("App Runner: {status}"))
                .hint("Use `apprunner.create` with `repair`, or `apprunner.delete`."));
            }
            (Way::Pause | Way::Resume, _) => {}
        }
        let summary = match self.way {
            Way::Pause => format!("Pause {name}: it answers nothing until it is resumed"),
            Way::Resume => format!("Resume {name}, which deploys its last version again"),
        };
        let input = json!({"ServiceArn": service.service_arn});
        let actions = vec![ActionPlan { call: call.into(), input }];
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        Ok(follow(&self.cloud, &done).await)
    }
}
