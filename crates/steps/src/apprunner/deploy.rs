//! `apprunner.deploy`: the newest image of the configured tag. With automatic deployment on, a push has started that
//! already: it is followed, and a second one is never started.

use super::follow::{follow, joined};
use super::image;
use super::operation::{AppRunner, DEPLOY, begun, receipt, send, unsettled, until_shown};
use super::queue::free;
use super::service::{World, existing, list};
use crate::failure::arguments;
use crate::service_step::{Change, Doing, Done};
use async_trait::async_trait;
use holdpoint_cloud::{AppOperation, AppService, Cloud};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::StepId;
use holdpoint_plan::kinds::AppDeploy;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::json;
use std::time::Duration;

/// AWS's clock and this machine's may differ by so much.
pub(super) const SKEW: i64 = 2_000;
/// How long a push may take to start a deployment, where the plan says nothing.
pub(super) const APPEARS: Duration = Duration::from_secs(180);
/// Time between two looks for it, in plan time.
pub(super) const POLL: Duration = Duration::from_secs(3);

/// The kind `apprunner.deploy`.
pub(crate) struct Deploy {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Deploy {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        "apprunner.deploy"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppDeploy = arguments(&task.with)?;
        let since = since(task, &with)?;
        let (_, found, _) = World::now(&self.cloud, task, &with.service).await?;
        let service = existing(found, &with.service)?;
        can_deploy(&service)?;
        if service.deploys_by_itself() {
            let pushed = self.pushed(task, &with, &service, since).await?;
            // What was looked at first may be minutes old by now.
            let (mut world, _, _) = World::now(&self.cloud, task, &with.service).await?;
            if let Some(pushed) = pushed {
                world.follows = Some(pushed.id.clone());
                return Ok(Intent {
                    summary: format!("Follow the deployment of {} that the push has started", world.service),
                    already: Some(joined(&service.service_arn, &pushed)),
                    world: world.value(),
                    ..Intent::default()
                });
            }
        }
        let (mut world, _, _) = World::now(&self.cloud, task, &with.service).await?;
        if !service.secrets().is_empty() {
            world.notes.push(
                "Its secrets are read now, by this deployment, and not again before the next one.".into(),
            );
        }
        let what = service.image().map_or_else(|| "its newest commit".to_owned(), str::to_owned);
        let summary = match (
            service.deploys_by_itself(),
            image::has_newer(&self.cloud, &service, &list(&self.cloud, &service.service_arn).await?).await?,
        ) {
            (_, Some(true)) => {
                format!("Deploy {what} to {}: a newer image was pushed since it was deployed", world.service)
            }
            (true, _) => format!("Deploy {what} to {}: no push has started a deployment", world.service),
            (false, _) => format!("Deploy {what} to {}", world.service),
        };
        let input = json!({"ServiceArn": service.service_arn});
        let actions = vec![ActionPlan { call: DEPLOY.0.into(), input }];
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        until_shown(doing.task, || self.send(doing)).await
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, .. } = *doing;
        let arn = world.arn()?;
        let new = begun(&self.cloud, task, world, arn, DEPLOY.1).await?;
        Ok(match new.as_slice() {
            [] => Observation::TookNoEffect {
                why: format!("no {} of {} has begun since", DEPLOY.1, world.service),
            },
            // Whoever started it: it began after the intent, pulls the same tag, and a second one would do nothing more.
            [one] => Observation::TookEffect(receipt(arn, &one.id, None)),
            many => unsettled(
                world,
                arn,
                DEPLOY.1,
                many,
                "more than one has begun, and App Runner does not say who started which",
            ),
        })
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        Ok(follow(&self.cloud, &done).await)
    }
}

impl Deploy {
    async fn send(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, planned, .. } = *doing;
        let arn = world.arn().map_err(ActError::Refused)?;
        let seen = free(&self.cloud, task, arn).await.map_err(ActError::Refused)?;
        let service = existing(seen.service, &world.service).map_err(ActError::Refused)?;
        can_deploy(&service).map_err(ActError::Refused)?;
        let pushed = seen.operations.iter().find(|found| found.kind == DEPLOY.1 && world.is_new(found));
        if let Some(pushed) = pushed.filter(|_| service.deploys_by_itself()) {
            task.progress.says(joined(arn, pushed));
            return Ok(receipt(arn, &pushed.id, None));
        }
        send(&self.cloud, DEPLOY.0, &planned.input).await
    }

    /// The deployment that a push has started: one that began after `since`. If a push is known to have come and none
    /// has begun yet, it is waited for.
    async fn pushed(
        &self,
        task: &Task,
        with: &AppDeploy,
        service: &AppService,
        since: Option<i64>,
    ) -> Result<Option<AppOperation>, Diagnosis> {
        let arn = &service.service_arn;
        let deadline = task.clock.elapsed() + with.within.map_or(APPEARS, |within| within.get());
        loop {
            let operations = list(&self.cloud, arn).await?;
            let after = |found: &&AppOperation| match (since, found.started_at) {
                (Some(since), Some(at)) => at.0 >= since - SKEW,
                // Nothing was begun by this run: one that is under way is the push's.
                (None, _) => found.is_going(),
                (Some(_), None) => false,
            };
            let own = operations.iter().filter(|found| found.kind == DEPLOY.1).rev().find(after);
            if let Some(own) = own {
                return Ok(Some(own.clone()));
            }
            let coming = with.since.is_some()
                || image::has_newer(&self.cloud, service, &operations).await? == Some(true);
            if !coming || task.clock.elapsed() >= deadline {
                return Ok(None);
            }
            task.progress
                .says(format!("Waiting for the push to start a deployment of {}", service.service_name));
            task.clock.sleep(POLL).await;
        }
    }
}

/// A paused service cannot be deployed, and one that was never whole has nothing to deploy onto.
fn can_deploy(service: &AppService) -> Result<(), Diagnosis> {
    let name = &service.service_name;
    match service.status.as_str() {
        "PAUSED" => Err(Diagnosis::of(format!("{name} is paused, and a paused service cannot be deployed"))
            .says("What AWS says", "App Runner: PAUSED")
            .hint("Resume it first (`apprunner.resume`), which deploys its last version, then deploy.")),
        "CREATE_FAILED" | "DELETE_FAILED" => Err(Diagnosis::of(format!(
            "App Runner service {name} is {}, and cannot be deployed",
            service.status
        ))
        .says("What AWS says", format!("App Runner: {}", service.status))
        .hint("Repair it with `apprunner.create` and `repair: update` or `recreate`, or delete it.")),
        _ => Ok(()),
    }
}

/// From when on a deployment counts as the push's: the named step's beginning, else that of the run's first step.
fn since(task: &Task, with: &AppDeploy) -> Result<Option<i64>, Diagnosis> {
    match &with.since {
        Some(step) => began(task, step).map(Some),
        None => Ok(task.began.values().map(|began| began.at.0).min()),
    }
}

/// When a step of this run began.
pub(super) fn began(task: &Task, step: &str) -> Result<i64, Diagnosis> {
    let id = StepId::new(step.to_owned()).map_err(|error| Diagnosis::of(error.to_string()))?;
    task.began.get(id.as_str()).map(|began| began.at.0).ok_or_else(|| {
        Diagnosis::of(format!(
            "The step {id} has not begun in this run, so that nothing can have begun after it"
        ))
        .hint("Let `since` name the step that pushes the image or changes the service.")
    })
}
