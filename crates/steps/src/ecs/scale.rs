//! `ecs.scale`: how many tasks a service wants, judged by running = desired on an unchanged primary deployment.

use super::calls::Ecs;
use super::pin;
use super::service::{LAGS, World, existing, read};
use super::update::UPDATE;
use crate::failure::arguments;
use crate::service_step::{Change, Done};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::EcsScale;
use holdpoint_run::{ActionPlan, Diagnosis, Intent};
use serde_json::json;
use std::time::Duration;

/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_millis(1500);
/// Deadline where the plan says nothing.
const DEADLINE: Duration = Duration::from_secs(10 * 60);

/// The kind `ecs.scale`.
pub(crate) struct Scale {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Scale {
    type Of = Ecs;

    fn kind(&self) -> &'static str {
        "ecs.scale"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        let keys = pin::keys(&action.with);
        let Some(key) = keys.first() else {
            // A key made of templates cannot be named in another template: the whole service goes back instead.
            return Some(pin::rollback(action));
        };
        Some(Action {
            uses: "ecs.scale".into(),
            with: json!({
                "cluster": action.with["cluster"], "service": action.with["service"],
                "desired_count": format!("{{{{ pinned[\"{key}\"].desired_count }}}}"),
            }),
            expect: json!({}),
            script: None,
        })
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsScale = arguments(&task.with)?;
        let (mut world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        let service = existing(found, &with.cluster, &with.service)?;
        world.target = service.primary().map(|primary| primary.task_definition.clone()).unwrap_or_default();
        if service.desired_count == with.desired_count {
            return Ok(Intent {
                summary: format!("{} already wants {} tasks", with.service, with.desired_count),
                already: Some(format!("{} wants {} tasks already", with.service, with.desired_count)),
                world: world.value(),
                ..Intent::default()
            });
        }
        let input =
            json!({"cluster": with.cluster, "service": with.service, "desiredCount": with.desired_count});
        Ok(Intent {
            summary: format!(
                "Scale {} from {} to {} tasks",
                with.service, service.desired_count, with.desired_count
            ),
            actions: vec![ActionPlan { call: UPDATE.into(), input }],
            world: world.value(),
            ..Intent::default()
        })
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let Done { task, world, already, .. } = done;
        let with: EcsScale = arguments(&task.with)?;
        let limit = task.timeout.unwrap_or(DEADLINE);
        let deadline = task.clock.elapsed() + limit;
        let mut before_since = None;
        loop {
            let found = read(&self.cloud, &with.cluster, &with.service).await?;
            let service = existing(found, &with.cluster, &with.service)?;
            let primary = service.primary().cloned().unwrap_or_default();
            let before = world.primary.clone().unwrap_or_default();
            if primary.task_definition != before.task_definition {
                return Ok(Ending::Superseded(
                    Diagnosis::of(format!("{} was deployed anew while it was scaled", with.service))
                        .says("The deployment", format!("{} instead of {}", primary.id, before.id))
                        .hint("Find out who deployed, then retry."),
                ));
            }
            if service.desired_count == with.desired_count {
                before_since = None;
            } else if service.desired_count == world.desired
                && task.clock.elapsed().saturating_sub(*before_since.get_or_insert(task.clock.elapsed()))
                    < LAGS
            {
                // What was before the call: a read that is older than it.
                task.progress.says(format!("{}: AWS does not show the new count yet", with.service));
                task.clock.sleep(POLL).await;
                continue;
            } else {
                return Ok(Ending::Superseded(
                    Diagnosis::of(format!(
                        "{} wants {} tasks, not {}",
                        with.service, service.desired_count, with.desired_count
                    ))
                    .hint("Auto scaling, or somebody else, has changed the count: agree on one, then retry."),
                ));
            }
            let (running, pending) = (service.running_count, service.pending_count);
            task.progress.says(format!("{}: {running} of {} tasks run", with.service, with.desired_count));
            if running == with.desired_count && pending == 0 {
                let mut ending = Ending::outputs([("running_count", json!(running))]);
                if let Ending::Succeeded { note, .. } = &mut ending {
                    *note = already;
                }
                return Ok(ending);
            }
            if task.clock.elapsed() >= deadline {
                let headline =
                    format!("{running} of {} tasks run after {} s", with.desired_count, limit.as_secs());
                let event = service.events.first().map(|event| event.message.clone()).unwrap_or_default();
                return Ok(Ending::Failed(Diagnosis::of(headline).says("Newest event", event)));
            }
            task.clock.sleep(POLL).await;
        }
    }
}
