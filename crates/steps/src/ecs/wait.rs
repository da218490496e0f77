//! `ecs.wait`: follows the deployment that came into being after a step, whoever's tool started it.

use super::calls::Ecs;
use super::deploy::arrived;
use super::follow::Following;
use super::rollout::Target;
use super::service::{World, existing, read};
use crate::failure::arguments;
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Millis};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::EcsWait;
use holdpoint_plan::{Action, StepId};
use holdpoint_run::{Diagnosis, Intent};
use serde_json::Value;
use std::time::Duration;

/// AWS's clock and this machine's may differ by so much.
const SKEW: i64 = 2_000;
/// How long a deployment may take to come into being after the step's own end.
const APPEARS: Duration = Duration::from_secs(60);
/// Time between two looks for it.
const POLL: Duration = Duration::from_secs(2);

/// The kind `ecs.wait`.
pub(crate) struct Wait {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Wait {
    type Of = Ecs;

    fn kind(&self) -> &'static str {
        "ecs.wait"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Another step started what is followed, and keeps what there was before. The only thing that is ever sent from here
    /// is the answer to a hook.
    fn undo(&self, _: &Action) -> Option<Action> {
        None
    }

    fn pins(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsWait = arguments(&task.with)?;
        since(task, &with)?;
        let (world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        existing(found, &with.cluster, &with.service)?;
        let summary = format!("Follow the deployment of {} that began after {}", with.service, with.since);
        Ok(Intent { summary, world: world.value(), ..Intent::default() })
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let Done { task, world, .. } = done;
        let with: EcsWait = arguments(&task.with)?;
        let since = since(task, &with)?;
        let Some((target, created_at)) = self.find(task, &with, since).await? else {
            return Ok(Ending::Failed(
                Diagnosis::of(format!("No deployment of {} began after {}", with.service, with.since))
                    .says("Looked for", format!("{} s", APPEARS.as_secs()))
                    .hint("Did that step change this service at all? Changing only the desired count, or nothing, starts no deployment."),
            ));
        };
        let following = Following {
            cloud: &self.cloud,
            task,
            cluster: &world.cluster,
            service: &world.service,
            target,
            created_at,
            known: Vec::new(),
            before: Vec::new(),
            created: false,
            since_event: None,
        };
        Ok(match following.until_ended().await {
            Ok(arrival) => arrived(task, arrival, None),
            Err(ending) => ending,
        })
    }
}

impl Wait {
    /// The oldest deployment that is newer than `since`: later ones are the follower's to find. One that AWS has
    /// rolled back already is found among the service deployments.
    async fn find(
        &self,
        task: &Task,
        with: &EcsWait,
        since: i64,
    ) -> Result<Option<(Target, Option<Millis>)>, Diagnosis> {
        let deadline = task.clock.elapsed() + APPEARS;
        loop {
            let found = read(&self.cloud, &with.cluster, &with.service).await?;
            let service = existing(found, &with.cluster, &with.service)?;
            let after = |at: Option<Millis>| at.is_some_and(|at| at.0 >= since - SKEW);
            let gone = self.gone(with, since).await;
            let shown = service
                .deployments
                .iter()
                .filter(|found| after(found.created_at))
                .min_by_key(|found| found.created_at);
            match (shown, gone) {
                (Some(shown), Some((target, at)))
                    if at < shown.created_at && target.task_definition != shown.task_definition =>
                {
                    return Ok(Some((target, at)));
                }
                (Some(shown), _) => {
                    let (id, definition) = (shown.id.clone(), shown.task_definition.clone());
                    return Ok(Some((
                        Target { deployment: id, task_definition: definition },
                        shown.created_at,
                    )));
                }
                (None, Some(found)) => return Ok(Some(found)),
                (None, None) if task.clock.elapsed() >= deadline => return Ok(None),
                (None, None) => {
                    task.progress.says(format!("Waiting for a deployment of {} to begin", with.service));
                    task.clock.sleep(POLL).await;
                }
            }
        }
    }

    async fn gone(&self, with: &EcsWait, since: i64) -> Option<(Target, Option<Millis>)> {
        let list = self.cloud.service_deployments(&with.cluster, &with.service, 20).await.ok()?;
        let oldest = list
            .into_iter()
            .filter(|found| found.created_at.is_some_and(|at| at.0 >= since - SKEW))
            // One that is under way is shown by the service, if not by this replica yet.
            .filter(|found| !matches!(found.status.as_str(), "PENDING" | "IN_PROGRESS"))
            .min_by_key(|found| found.created_at)?;
        let revision = oldest.target()?.to_owned();
        let revisions = self.cloud.service_revisions(&[revision]).await.ok()?;
        let task_definition = revisions.into_iter().next()?.task_definition;
        Some((Target { deployment: oldest.service_deployment_arn, task_definition }, oldest.created_at))
    }
}

fn since(task: &Task, with: &EcsWait) -> Result<i64, Diagnosis> {
    let id = StepId::new(with.since.clone()).map_err(|error| Diagnosis::of(error.to_string()))?;
    task.began.get(id.as_str()).map(|began| began.at.0).ok_or_else(|| {
        Diagnosis::of(format!(
            "The step {id} has not begun in this run, so that nothing can have begun after it"
        ))
        .hint("Let `since` name the step that starts the deployment.")
    })
}
