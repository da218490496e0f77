//! `express.check`: what a service of Express Mode is now.

use super::settings::{CLUSTER, look};
use crate::ecs::digests;
use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{ExpressCheck, ExpressCheckExpect, Rollout};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The kind `express.check`.
pub(crate) struct Check {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Check {
    fn kind(&self) -> &'static str {
        "express.check"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ExpressCheck = arguments(&task.with)?;
        Ok(Intent { summary: format!("Look at {} in Express Mode", with.name), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`express.check` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`express.check` changes nothing".into() })
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
        let with: ExpressCheck = arguments(&task.with)?;
        let expect: ExpressCheckExpect = arguments(&task.expect)?;
        let cluster = with.cluster.as_deref().unwrap_or(CLUSTER);
        let (world, standing) = look(&self.cloud, cluster, &with.name).await?;
        let exists = judgement("exists", expect.exists.unwrap_or(true), standing.is_some());
        let Some(standing) = standing else { return Ok(ending(Vec::new(), vec![exists])) };
        let newest = standing.newest();
        let container = &newest["primaryContainer"];
        let primary = world.primary.unwrap_or_default();
        let images = digests(&self.cloud, cluster, &with.name, None, &primary.task_definition).await?;
        let text = |value: &Value| value.as_str().unwrap_or("not told").to_owned();
        let mut judgements = if expect.exists.is_some() { vec![exists] } else { Vec::new() };
        if let Some(expected) = &expect.image {
            judgements.push(judgement("image", expected, text(&container["image"])));
        }
        if let Some(expected) = expect.port {
            judgements.push(judgement("port", expected, &container["containerPort"]));
        }
        if let Some(expected) = &expect.health_check_path {
            judgements.push(judgement("health check path", expected, text(&newest["healthCheckPath"])));
        }
        if let Some(expected) = expect.running_at_least {
            let found = standing.service.running_count;
            let holds = found >= expected;
            judgements.push(Judgement {
                holds,
                ..judgement("running tasks", format!("at least {expected}"), found)
            });
        }
        if let Some(expected) = expect.rollout {
            let expected = match expected {
                Rollout::Completed => "COMPLETED",
                Rollout::InProgress => "IN_PROGRESS",
                Rollout::Failed => "FAILED",
            };
            let found = primary.rollout_state.as_deref().unwrap_or("not told");
            judgements.push(judgement("rollout", expected, found));
        }
        if let Some(expected) = &expect.subnets {
            let list = newest["networkConfiguration"]["subnets"].as_array().into_iter().flatten();
            let found: BTreeSet<&str> = list.filter_map(Value::as_str).collect();
            let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
            let words = |set: &BTreeSet<&str>| set.iter().copied().collect::<Vec<_>>().join(", ");
            judgements.push(judgement("subnets", words(&expected), words(&found)));
        }
        let outputs = vec![
            ("service_arn", json!(standing.service.service_arn)),
            ("url", json!(standing.express.url())),
            ("status", json!(standing.express.status.status_code)),
            ("image", container["image"].clone()),
            ("images", json!(images)),
            ("running_count", json!(standing.service.running_count)),
            ("desired_count", json!(standing.service.desired_count)),
            ("deployment", json!(primary.id)),
        ];
        Ok(ending(outputs, judgements))
    }
}

fn judgement(what: &str, expected: impl ToString, found: impl ToString) -> Judgement {
    let (expected, found) = (expected.to_string(), found.to_string());
    Judgement { what: what.to_owned(), holds: expected == found, expected, found, assumed: false }
}

fn ending(outputs: Vec<(&'static str, Value)>, judgements: Vec<Judgement>) -> Ending {
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements,
        note: None,
    }
}
