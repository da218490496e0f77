//! `ecs.check`: what a service is now.

use super::addresses;
use super::configuration::word;
use super::definition::short;
use super::deploy::judge_image;
use super::service::{digests, read};
use crate::failure::{arguments, failed};
use crate::near;
use async_trait::async_trait;
use holdpoint_cloud::{AttachedTask, Cloud, Listing, Service};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{EcsCheck, EcsCheckExpect, Health, Rollout};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::json;
use std::collections::BTreeMap;

/// The kind `ecs.check`.
pub(crate) struct Check {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Check {
    fn kind(&self) -> &'static str {
        "ecs.check"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsCheck = arguments(&task.with)?;
        Ok(Intent { summary: format!("Look at {} in {}", with.service, with.cluster), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`ecs.check` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`ecs.check` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.look(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Check {
    async fn look(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: EcsCheck = arguments(&task.with)?;
        let expect: EcsCheckExpect = arguments(&task.expect)?;
        let found = read(&self.cloud, &with.cluster, &with.service).await?;
        let should_exist = expect.exists.unwrap_or(true);
        let exists = judgement("exists", should_exist, found.is_some());
        let Some(service) = found else {
            let exists = match should_exist {
                true => {
                    let known = self.cloud.service_names(&with.cluster).await.unwrap_or_default();
                    Judgement { found: near::absent(&with.service, &known), ..exists }
                }
                false => exists,
            };
            return Ok(succeeded(Vec::new(), vec![exists], None));
        };
        let tasks = self
            .cloud
            .tasks(&with.cluster, &with.service, Listing::Running)
            .await
            .map_err(|error| failed(&format!("The tasks of {} cannot be read", with.service), &error))?;
        let primary = service.primary().cloned().unwrap_or_default();
        let images =
            digests(&self.cloud, &with.cluster, &with.service, None, &primary.task_definition).await?;
        let mut judgements = if expect.exists.is_some() { vec![exists] } else { Vec::new() };
        judgements.extend(judge(&expect, &service, &tasks, &images));
        let addresses = addresses::of(&self.cloud, &tasks, &primary).await;
        if let Some(expected) = expect.public_ip {
            let (all, public) = (addresses.list.len(), addresses.with_public());
            let holds = addresses.note.is_none() && all > 0 && public == if expected { all } else { 0 };
            let found = addresses.note.clone().unwrap_or_else(|| format!("{public} of {all} tasks have one"));
            let expected = if expected { "each running task has one" } else { "no running task has one" };
            judgements.push(Judgement { holds, ..judgement("public address", expected, found) });
        }
        let outputs = vec![
            ("running_count", json!(service.running_count)),
            ("desired_count", json!(service.desired_count)),
            ("task_definition", json!(primary.task_definition)),
            ("images", json!(images)),
            ("deployment", json!(primary.id)),
            ("addresses", json!(addresses.list)),
            ("private_ip", addresses.first("private_ip")),
            ("public_ip", addresses.first("public_ip")),
        ];
        Ok(succeeded(outputs, judgements, addresses.note))
    }
}

fn judge(
    expect: &EcsCheckExpect,
    service: &Service,
    tasks: &[AttachedTask],
    images: &BTreeMap<String, String>,
) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    let primary = service.primary().cloned().unwrap_or_default();
    if let Some(expected) = expect.running {
        judgements.push(judgement("running tasks", expected, service.running_count));
    }
    if let Some(expected) = expect.desired {
        judgements.push(judgement("desired tasks", expected, service.desired_count));
    }
    if let Some(expected) = &expect.task_definition {
        let found = short(&primary.task_definition);
        let family = found.split(':').next().unwrap_or(found);
        let holds = expected == &primary.task_definition || expected == found || expected == family;
        judgements.push(Judgement { holds, ..judgement("task definition", expected, found) });
    }
    if let Some(expected) = expect.health {
        let found = health(tasks);
        judgements.push(judgement("health", health_word(expected), health_word(found)));
    }
    if let Some(expected) = expect.rollout {
        let expected = match expected {
            Rollout::Completed => "COMPLETED",
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Failed => "FAILED",
        };
        judgements.push(judgement(
            "rollout",
            expected,
            primary.rollout_state.as_deref().unwrap_or("not told"),
        ));
    }
    if let Some(expected) = expect.deployment_strategy {
        let found = service.deployment_configuration["strategy"].as_str().unwrap_or("ROLLING");
        judgements.push(judgement("deployment strategy", word(expected), found));
    }
    if let Some(expected) = expect.revision {
        let found = primary.task_definition.rsplit(':').next().unwrap_or_default();
        judgements.push(judgement("revision", expected, found));
    }
    if let Some(expected) = expect.only_revision {
        let others = tasks.iter().filter(|task| task.task_definition_arn != primary.task_definition).count();
        let holds = (others == 0) == expected;
        let found =
            format!("{others} running tasks of other revisions than {}", short(&primary.task_definition));
        let expected = if expected {
            "0 running tasks of other revisions"
        } else {
            "some running tasks of other revisions"
        };
        judgements.push(Judgement { holds, ..judgement("only one revision", expected, found) });
    }
    judgements
        .extend(expect.images.iter().map(|(name, expected)| judge_image(name, expected, images.get(name))));
    judgements
}

/// Health of all running tasks. A task whose containers have no check is UNKNOWN, which is not healthy.
fn health(tasks: &[AttachedTask]) -> Health {
    let is = |word: &'static str| move |task: &AttachedTask| task.health_status.as_deref() == Some(word);
    if tasks.iter().any(is("UNHEALTHY")) {
        Health::Unhealthy
    } else if !tasks.is_empty() && tasks.iter().all(is("HEALTHY")) {
        Health::Healthy
    } else {
        Health::Unknown
    }
}

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
        Health::Unknown => "unknown",
    }
}

fn judgement(what: &str, expected: impl ToString, found: impl ToString) -> Judgement {
    let (expected, found) = (expected.to_string(), found.to_string());
    Judgement { what: what.to_owned(), holds: expected == found, expected, found, assumed: false }
}

fn succeeded(
    outputs: Vec<(&'static str, serde_json::Value)>,
    judgements: Vec<Judgement>,
    note: Option<String>,
) -> Ending {
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements,
        note,
    }
}
