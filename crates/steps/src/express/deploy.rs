//! `express.deploy`: creates or updates, once, and follows the deployment behind it.

use super::follow::{Express, follow, mark_of, receipt, send, settled, updated};
use super::settings::{CLUSTER, CREATE, Standing, UPDATE, content, create, look, says, update};
use crate::ecs::{World, confirmed, is_marked, short};
use crate::failure::arguments;
use crate::service_step::{Change, Doing, Done};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::kinds::{ExpressDeploy, ExpressDeployExpect};
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::{Value, json};

/// The kind `express.deploy`.
pub(crate) struct Deploy {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Deploy {
    type Of = Express;

    fn kind(&self) -> &'static str {
        "express.deploy"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ExpressDeploy = arguments(&task.with)?;
        let cluster = with.cluster.as_deref().unwrap_or(CLUSTER);
        let (mut world, standing) = look(&self.cloud, cluster, &with.name).await?;
        let (call, input) = self.input(task, &with, standing.as_ref())?;
        if let Some(standing) = &standing
            && says(&standing.newest(), &input)
            && world.primary.as_ref().is_none_or(|primary| primary.rollout_state.as_deref() != Some("FAILED"))
        {
            return Ok(Intent {
                summary: format!("{} is configured so already", with.name),
                already: Some(format!(
                    "{} is configured so already; an update would start nothing",
                    with.name
                )),
                world: world.value(),
                ..Intent::default()
            });
        }
        world.more = json!({"content": content(&input)});
        let summary = match &world.primary {
            Some(primary) => format!(
                "Update {} to {} (now {}, {} of {} tasks)",
                with.name,
                with.image,
                short(&primary.task_definition),
                world.running,
                world.desired
            ),
            None => format!(
                "Create {} from {}; nothing is there that could be gone back to",
                with.name, with.image
            ),
        };
        let actions = vec![ActionPlan { call: call.into(), input }];
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let (call, input) = self.again(doing).await.map_err(ActError::Refused)?;
        if doing.world.more["content"] != content(&input).as_str() {
            return Err(ActError::Refused(
                Diagnosis::of("What would be sent is no longer what the intent says")
                    .hint("Retry the step: it will be prepared anew."),
            ));
        }
        send(&self.cloud, call, &input).await
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        if planned.call == CREATE {
            let mark = task.mark();
            let found = confirmed(task, || mark_of(&self.cloud, world)).await?;
            return Ok(match found {
                Some(found) if is_marked(&found, &mark) => {
                    let (now, _) = look(&self.cloud, &world.cluster, &world.service).await?;
                    Observation::TookEffect(receipt(&now.service_arn.unwrap_or_default(), None))
                }
                Some(found) => Observation::TookNoEffect {
                    why: format!("the service was made by somebody else ({found})"),
                },
                None => Observation::TookNoEffect {
                    why: format!("there is no service {} of ours", world.service),
                },
            });
        }
        let with: ExpressDeploy = arguments(&task.with)?;
        settled(task, || async {
            let (_, standing) = look(&self.cloud, &world.cluster, &world.service).await?;
            let input = standing.as_ref().map(|standing| update(&with, standing));
            Ok(updated(standing.as_ref(), input.as_ref().unwrap_or(&planned.input)))
        })
        .await
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let expect: ExpressDeployExpect = arguments(&done.task.expect)?;
        Ok(follow(&self.cloud, done.task, &done.world, done.already, expect.digest.as_deref()).await)
    }
}

impl Deploy {
    fn input(
        &self,
        task: &Task,
        with: &ExpressDeploy,
        standing: Option<&Standing>,
    ) -> Result<(&'static str, Value), Diagnosis> {
        Ok(match standing {
            Some(standing) => (UPDATE, update(with, standing)),
            None => (CREATE, create(task, with)?),
        })
    }

    /// The stored intent is redacted: what is sent is made once more, from the same call.
    async fn again(&self, doing: &Doing<'_, World>) -> Result<(&'static str, Value), Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        let with: ExpressDeploy = arguments(&task.with)?;
        if planned.call == CREATE {
            return Ok((CREATE, create(task, &with)?));
        }
        let (_, standing) = look(&self.cloud, &world.cluster, &world.service).await?;
        let standing =
            standing.ok_or_else(|| Diagnosis::of(format!("There is no service {} any more", with.name)))?;
        self.input(task, &with, Some(&standing))
    }
}
