//! `apprunner.rollback`: back to what was pinned, as content; each undo is idempotent.
//!
//! A service that was absent is deleted. Otherwise the pinned configuration is put back. A tag may have been pushed again
//! since, so that the image goes back by digest wherever deployments have succeeded since and the digest is known.

use super::follow::follow;
use super::image::{brings, by_digest, digest_in, tagged};
use super::operation::{AppRunner, PAUSE, RESUME, UPDATE, changed_meanwhile, is_as_planned, send_in_turn};
use super::service::{World, configuration, existing, find};
use super::{delete, input, pin, update};
use crate::failure::arguments;
use crate::service_step::{Change, Doing, Done, Family as _};
use async_trait::async_trait;
use holdpoint_cloud::{AppOperation, AppService, Cloud, OperationState};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::AppRollback;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::{Value, json};

/// The kind `apprunner.rollback`.
pub(crate) struct Rollback {
    pub(crate) cloud: Cloud,
}

/// What a service goes back to.
struct Back {
    configuration: Value,
    paused: bool,
    notes: Vec<String>,
}

#[async_trait]
impl Change for Rollback {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        "apprunner.rollback"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Going back is not undone.
    fn undo(&self, _: &Action) -> Option<Action> {
        None
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppRollback = arguments(&task.with)?;
        if with.to == "pinned" && pinned(task, &with)?.is_none() {
            return delete::prepare(&self.cloud, &with.service, "it was absent when the run began").await;
        }
        let (mut world, found, operations) = World::now(&self.cloud, task, &with.service).await?;
        let Some(service) = found else { return Err(lost(&with.service)) };
        if let Some(was) = never_whole(task, &with)? {
            return Ok(Intent {
                summary: format!("{} is left as it is", world.service),
                already: Some(was),
                world: world.value(),
                ..Intent::default()
            });
        }
        let back = self.back(task, &with, &service, &operations).await?;
        world.notes.clone_from(&back.notes);
        // What of the pin's image was decided is kept: `act` puts the same together again.
        world.more = json!({"image": back.configuration["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"],
            "auto_deploy": back.configuration["SourceConfiguration"]["AutoDeploymentsEnabled"]});
        let input = input::to(&service, &back.configuration);
        let paused = service.status == "PAUSED";
        let mut calls = Vec::new();
        if paused && !back.paused {
            calls.push((RESUME.0, json!({"ServiceArn": service.service_arn})));
        }
        let words = input::told(&service, &input);
        if !input::is_empty(&input) {
            calls.push((UPDATE.0, input));
        }
        if back.paused && !paused {
            calls.push((PAUSE.0, json!({"ServiceArn": service.service_arn})));
        }
        if calls.is_empty() {
            let name = &world.service;
            return Ok(Intent {
                summary: format!("{name} is back already"),
                already: Some(format!("{name} is {} with the pinned configuration", service.status)),
                world: world.value(),
                ..Intent::default()
            });
        }
        let actions: Vec<_> =
            calls.into_iter().map(|(call, input)| ActionPlan { call: call.into(), input }).collect();
        let then = if back.paused { ", paused" } else { "" };
        let summary = format!("Bring {} back{then}: {words}", world.service);
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, planned, receipts } = *doing;
        if planned.call != UPDATE.0 {
            return AppRunner::send(&self.cloud, doing).await;
        }
        let with: AppRollback = arguments(&task.with).map_err(ActError::Refused)?;
        let arn = world.arn().map_err(ActError::Refused)?;
        let seen = super::queue::free(&self.cloud, task, arn).await.map_err(ActError::Refused)?;
        let service = existing(seen.service, &with.service).map_err(ActError::Refused)?;
        let made =
            input::to(&service, &self.decided(task, &with, &service, world).map_err(ActError::Refused)?);
        if !is_as_planned(&planned.input, &made) {
            return Err(changed_meanwhile(&with.service));
        }
        send_in_turn(&self.cloud, task, UPDATE.0, &made, receipts).await
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        if planned.call != UPDATE.0 {
            return AppRunner::settle(&self.cloud, doing).await;
        }
        let with: AppRollback = arguments(&task.with)?;
        let service = existing(find(&self.cloud, world.arn()?).await?, &with.service)?;
        let wanted = self.decided(task, &with, &service, world)?;
        update::observe(&self.cloud, task, world, &wanted).await
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        Ok(match done.world.more["absent"] == true {
            true => delete::follow(&self.cloud, &done).await,
            false => follow(&self.cloud, &done).await,
        })
    }
}

impl Rollback {
    /// What the service goes back to, the image decided.
    async fn back(
        &self,
        task: &Task,
        with: &AppRollback,
        service: &AppService,
        operations: &[AppOperation],
    ) -> Result<Back, Diagnosis> {
        if with.to != "pinned" {
            let mut wanted = configuration(service);
            set_image(&mut wanted, &with.to);
            return Ok(Back { configuration: wanted, paused: service.status == "PAUSED", notes: Vec::new() });
        }
        let content = pinned(task, with)?.unwrap_or_default();
        let mut wanted = content["configuration"].clone();
        let mut notes = Vec::new();
        if content["service_arn"] != service.service_arn.as_str() {
            notes.push(format!(
                "{} was created anew since: its address was {} and is {}.",
                service.service_name,
                content["url"].as_str().unwrap_or("another"),
                service.service_url
            ));
        }
        let paused = content["status"] == "PAUSED";
        let before =
            wanted["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"].as_str().map(str::to_owned);
        if let Some(before) = before.filter(|image| digest_in(image).is_none()) {
            let digest = content["digest"].as_str();
            let deployed = deployed_since(operations, content["operation"].as_str());
            match (deployed, digest) {
                // Nothing was deployed since: what ran still runs, whatever the tag names now.
                (false, _) => {}
                (true, Some(digest)) => {
                    let pinned = by_digest(&before, digest);
                    let moved = tagged(&self.cloud, &before).await?.is_none_or(|now| now.digest != digest);
                    let runs_it = service.image() == Some(pinned.as_str());
                    if moved || runs_it || service.image() == Some(before.as_str()) {
                        set_image(&mut wanted, &pinned);
                        if wanted["SourceConfiguration"]["AutoDeploymentsEnabled"] == true {
                            wanted["SourceConfiguration"]["AutoDeploymentsEnabled"] = json!(false);
                            notes.push(format!(
                                "It runs {before} by digest, with automatic deployment off: push a good image under the tag, then set `image` and `auto_deploy` again."
                            ));
                        }
                    }
                }
                (true, None) if service.image() == Some(before.as_str()) => {
                    return Err(unknown_image(service, &before));
                }
                (true, None) => notes.push(format!(
                    "{before} goes back by its tag: which image it named when the run began is not known."
                )),
            }
        }
        Ok(Back { configuration: wanted, paused, notes })
    }

    /// The same again from an intent: which image was decided is kept there, the rest is in the pin.
    fn decided(
        &self,
        task: &Task,
        with: &AppRollback,
        service: &AppService,
        world: &World,
    ) -> Result<Value, Diagnosis> {
        let mut wanted = match pinned(task, with) {
            Ok(Some(content)) if with.to == "pinned" => content["configuration"].clone(),
            Err(diagnosis) if with.to == "pinned" => return Err(diagnosis),
            Ok(_) | Err(_) => configuration(service),
        };
        if let Some(image) = world.more["image"].as_str() {
            set_image(&mut wanted, image);
        }
        if world.more["auto_deploy"].is_boolean() {
            wanted["SourceConfiguration"]["AutoDeploymentsEnabled"] = world.more["auto_deploy"].clone();
        }
        Ok(wanted)
    }
}

fn pinned(task: &Task, with: &AppRollback) -> Result<Option<Value>, Diagnosis> {
    let key = pin::key(&with.service);
    let pin = task.pins.get(&key).ok_or_else(|| {
        Diagnosis::of(format!("Nothing was pinned for {key}, so that there is nothing known to go back to"))
            .hint("Name an image in `to`, or roll back by hand.")
    })?;
    Ok(pin.content.clone())
}

/// A service that was never whole when the run began has nothing to go back to.
fn never_whole(task: &Task, with: &AppRollback) -> Result<Option<String>, Diagnosis> {
    if with.to != "pinned" {
        return Ok(None);
    }
    let content = pinned(task, with)?.unwrap_or_default();
    let status = content["status"].as_str().unwrap_or_default();
    Ok(matches!(status, "CREATE_FAILED" | "DELETE_FAILED").then(|| {
        format!("it was {status} when the run began, so that there is nothing to go back to; delete it if it is not wanted (`apprunner.delete`)")
    }))
}

/// Whether a deployment has succeeded since the pin: operations are listed newest first.
fn deployed_since(operations: &[AppOperation], pinned: Option<&str>) -> bool {
    operations
        .iter()
        .take_while(|found| Some(found.id.as_str()) != pinned)
        .any(|found| brings(found) && found.state() == OperationState::Succeeded)
}

fn set_image(configuration: &mut Value, image: &str) {
    let repository = &mut configuration["SourceConfiguration"]["ImageRepository"];
    repository["ImageIdentifier"] = json!(image);
    let of = super::rules::image_type_word(super::rules::image_type(image));
    repository["ImageRepositoryType"] = json!(of);
}

fn lost(service: &str) -> Diagnosis {
    Diagnosis::of(format!("{service} was deleted since the run began, and App Runner does not bring it back"))
        .hint("Create it again with `apprunner.create`: it gets another address, so that DNS and whoever calls it must be told.")
}

fn unknown_image(service: &AppService, image: &str) -> Diagnosis {
    Diagnosis::of(format!(
        "Which image {image} named when the run began is not known, so that {} cannot be brought back to it",
        service.service_name
    ))
    .says(
        "Why",
        "App Runner does not tell digests, and the tag could not be looked up in ECR when the run began",
    )
    .hint(format!("Push the image that ran before under {image} again, then deploy (`apprunner.deploy`)."))
    .hint("Configure images by digest: then every rollback knows them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_deployments_that_succeeded_after_the_pin_count() {
        let operation = |id: &str, kind: &str, status: &str| AppOperation {
            id: id.into(),
            kind: kind.into(),
            status: status.into(),
            ..AppOperation::default()
        };
        let old = operation("0", "START_DEPLOYMENT", "SUCCEEDED");
        let table = [
            (operation("1", "START_DEPLOYMENT", "SUCCEEDED"), true),
            (operation("1", "UPDATE_SERVICE", "SUCCEEDED"), true),
            (operation("1", "UPDATE_SERVICE", "ROLLBACK_SUCCEEDED"), false),
            (operation("1", "PAUSE_SERVICE", "SUCCEEDED"), false),
            (operation("1", "START_DEPLOYMENT", "FAILED"), false),
        ];
        for (new, expected) in table {
            assert_eq!(deployed_since(&[new.clone(), old.clone()], Some("0")), expected, "{new:?}");
        }
        assert!(!deployed_since(&[old], Some("0")));
    }
}
