//! `ecs.lint`: the doubts about a task definition as a step of its own.

use super::lint::{Finding, lint, slow_starts};
use super::lint_image;
use super::register::{describe, read};
use super::service::{described, existing};
use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::Registries;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{EcsLint, EcsLintExpect};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The kind `ecs.lint`.
pub(crate) struct Lint {
    pub(crate) cloud: Cloud,
    pub(crate) registries: Registries,
}

#[async_trait]
impl Executor for Lint {
    fn kind(&self) -> &'static str {
        "ecs.lint"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        arguments::<EcsLint>(&task.with)?;
        Ok(Intent {
            summary: "Look for what is doubtful about a task definition".into(),
            ..Intent::default()
        })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`ecs.lint` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`ecs.lint` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.look(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Lint {
    async fn look(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: EcsLint = arguments(&task.with)?;
        let expect: EcsLintExpect = arguments(&task.expect)?;
        let definition = self.definition(task, &with).await?;
        let mut found = lint(&definition, with.path.as_deref());
        if with.look_inside && !with.ignore.iter().any(|rule| rule == "tool") {
            lint_image::look(&self.registries, task, &definition, &mut found).await;
        }
        if let Some(boot) = &with.boot {
            found.extend(slow_starts(&definition, boot.get()));
        }
        found.retain(|finding| !with.ignore.iter().any(|rule| rule == finding.rule));
        tell(task, &found);
        let judgements = expect.findings.map(|most| Judgement {
            what: "findings".into(),
            expected: if most == 0 { "none".into() } else { format!("at most {most}") },
            holds: found.len() <= most as usize,
            found: match found.is_empty() {
                true => "none".into(),
                false => found.iter().map(Finding::line).collect::<Vec<_>>().join(" · "),
            },
            assumed: false,
        });
        let values: Value = found.iter().map(Finding::value).collect();
        Ok(Ending::Succeeded {
            outputs: BTreeMap::from([("findings".to_owned(), OutputValue::plain(values))]),
            secret_outputs: BTreeMap::new(),
            judgements: judgements.into_iter().collect(),
            note: note(&found),
        })
    }

    async fn definition(&self, task: &Task, with: &EcsLint) -> Result<Map<String, Value>, Diagnosis> {
        let body = |described: Value| described["taskDefinition"].as_object().cloned().unwrap_or_default();
        let service = with.service.as_ref().zip(with.cluster.as_ref());
        match (&with.task_definition, &with.definition, &with.file, service) {
            (Some(name), None, None, None) => Ok(body(described(&self.cloud, task, name).await?)),
            (None, Some(definition), None, None) => Ok(definition.clone()),
            (None, None, Some(file), None) => read(&task.folder, file).await,
            (None, None, None, Some((service, cluster))) => {
                let found = super::service::read(&self.cloud, cluster, service).await?;
                let service = existing(found, cluster, service)?;
                let name = service.primary().map_or(&service.task_definition, |primary| &primary.task_definition);
                Ok(body(describe(&self.cloud, name).await?))
            }
            _ => Err(Diagnosis::of(
                "`ecs.lint` wants exactly one of `task_definition`, `definition`, `file`, and `service` with `cluster`",
            )
            .hint("Correct the step in the plan.")),
        }
    }
}

/// Tells the doubts as they are found.
pub(super) fn tell(task: &Task, found: &[Finding]) {
    for finding in found {
        task.progress.line("lint", None, format!("{} ({})", finding.line(), finding.rule));
    }
}

/// The doubts as a note of a step that goes on all the same.
pub(super) fn note(found: &[Finding]) -> Option<String> {
    let lines: Vec<String> = found.iter().map(Finding::line).collect();
    (!lines.is_empty()).then(|| format!("doubtful: {}", lines.join("; ")))
}
