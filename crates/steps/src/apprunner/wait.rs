//! `apprunner.wait`: follows the operation that began after a step, whoever's tool started it.

use super::deploy::{APPEARS, POLL, SKEW, began};
use super::follow::{Following, arrived};
use super::service::{World, existing, find, list};
use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_cloud::{AppOperation, Cloud};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::AppWait;
use holdpoint_run::{Diagnosis, Intent, Receipt};

/// The kind `apprunner.wait`.
pub(crate) struct Wait {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Wait {
    fn kind(&self) -> &'static str {
        "apprunner.wait"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppWait = arguments(&task.with)?;
        began(task, &with.since)?;
        let (world, found, _) = World::now(&self.cloud, task, &with.service).await?;
        existing(found, &with.service)?;
        let summary = format!("Follow the operation on {} that began after {}", world.service, with.since);
        Ok(Intent { summary, world: world.value(), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`apprunner.wait` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`apprunner.wait` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.wait(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Wait {
    async fn wait(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: AppWait = arguments(&task.with)?;
        let since = began(task, &with.since)?;
        let service = existing(find(&self.cloud, &with.service).await?, &with.service)?;
        let arn = service.service_arn;
        let Some(mut next) = self.first(task, &with, &arn, since).await? else {
            let looked = with.within.map_or(APPEARS, |within| within.get()).as_secs();
            return Ok(Ending::Failed(
                Diagnosis::of(format!("No operation on {} began after {}", with.service, with.since))
                    .says("Looked for", format!("{looked} s"))
                    .hint("Does that step change this service at all? With automatic deployment off, a push starts nothing: use `apprunner.deploy`."),
            ));
        };
        // A push may start a deployment right behind an update: the last one that began is the one that counts.
        loop {
            let following =
                Following { cloud: &self.cloud, task, arn: &arn, operation: &next.id, deletes: false };
            let arrival = match following.until_ended().await {
                Ok(arrival) => arrival,
                Err(ending) => return Ok(ending),
            };
            let operations = list(&self.cloud, &arn).await?;
            match operations.into_iter().rev().find(|found| found.started_at > next.started_at) {
                Some(newer) => next = newer,
                None => return Ok(arrived(&self.cloud, task, arrival, None).await),
            }
        }
    }

    /// The oldest operation that began after `since`; it is waited for.
    async fn first(
        &self,
        task: &Task,
        with: &AppWait,
        arn: &str,
        since: i64,
    ) -> Result<Option<AppOperation>, Diagnosis> {
        let deadline = task.clock.elapsed() + with.within.map_or(APPEARS, |within| within.get());
        loop {
            let operations = list(&self.cloud, arn).await?;
            let after = |found: &AppOperation| found.started_at.is_some_and(|at| at.0 >= since - SKEW);
            if let Some(found) = operations.into_iter().rev().find(after) {
                return Ok(Some(found));
            }
            if task.clock.elapsed() >= deadline {
                return Ok(None);
            }
            task.progress.says(format!("Waiting for an operation on {} to begin", with.service));
            task.clock.sleep(POLL).await;
        }
    }
}
