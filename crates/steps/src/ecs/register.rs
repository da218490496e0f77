//! `ecs.register`: a new revision of a task definition, marked so that it is found again.

use super::definition::{self, CONTENT, MARK};
use super::service::{confirmed, described, is_marked, stem};
use super::{lint, lint_step};
use crate::failure::{act_failed, arguments, failed, strange};
use async_trait::async_trait;
use holdpoint_cloud::{Answer, Cloud};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{EcsRegister, RegisterExpect};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Revisions that are looked through for our mark: nobody registers more of one family while one call is in doubt.
const LOOKED_AT: u32 = 20;

/// The kind `ecs.register`.
pub(crate) struct Register {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Register {
    fn kind(&self) -> &'static str {
        "ecs.register"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let (input, source) = self.input(task, None).await?;
        let family = family(&input)?;
        let content = definition::tag(&Value::Object(input.clone()), CONTENT).unwrap_or_default().to_owned();
        let latest = self.newest(&family).await?.into_iter().next();
        let with: EcsRegister = arguments(&task.with)?;
        let doubts = if with.lint { lint::lint(&input, None) } else { Vec::new() };
        lint_step::tell(task, &doubts);
        let note = lint_step::note(&doubts);
        let world =
            json!({"note": note, "family": family, "latest": latest, "source": source, "content": content});
        if let Some(found) = self.marked(&family, &stem(task), Some(&content)).await? {
            return Ok(Intent {
                summary: format!("{} was registered by this step before", definition::short(&found.id)),
                already: Some(format!(
                    "{} carries this step's mark and this content",
                    definition::short(&found.id)
                )),
                world: json!({"family": family, "found": found.id, "content": content}),
                ..Intent::default()
            });
        }
        Ok(Intent {
            summary: format!("Register a new revision of {family}"),
            actions: vec![ActionPlan {
                call: "ecs:RegisterTaskDefinition".into(),
                input: Value::Object(input),
            }],
            world,
            ..Intent::default()
        })
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        // The stored intent is redacted: what is sent is made once more, and must be what the intent says.
        let source = intent.world["source"].as_str();
        let (input, _) = self.input(task, source).await.map_err(ActError::Refused)?;
        let input = Value::Object(input);
        if definition::tag(&input, CONTENT) != intent.world["content"].as_str() {
            return Err(ActError::Refused(
                Diagnosis::of("What would be registered is no longer what the intent says")
                    .hint("Retry the step: it will be prepared anew."),
            ));
        }
        send_registration(&self.cloud, &input).await
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let family = intent.world["family"].as_str().ok_or_else(|| strange("it names no family"))?;
        let mark = task.mark();
        confirmed(task, || async {
            Ok(self.marked(family, &mark, None).await?.map(|found| receipt_of(&found.id, None, &found.body)))
        })
        .await
        .map(|found| match found {
            Some(receipt) => Observation::TookEffect(receipt),
            None => Observation::TookNoEffect {
                why: format!("none of the newest {LOOKED_AT} revisions of {family} carries the mark {mark}"),
            },
        })
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        match self.ending(task, intent, receipts).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Register {
    async fn ending(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Result<Ending, Diagnosis> {
        let arn = receipts
            .first()
            .and_then(|receipt| receipt.body["task_definition"].as_str())
            .or_else(|| intent.world["found"].as_str())
            .ok_or_else(|| strange("it has neither a receipt nor a revision that was found"))?;
        let described = match confirmed(task, || find_definition(&self.cloud, arn)).await? {
            Some(described) => described,
            None => describe(&self.cloud, arn).await?,
        };
        let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
        let images = definition::images(&body);
        let expect: RegisterExpect = arguments(&task.expect)?;
        let judgements = expect
            .images
            .iter()
            .map(|(container, expected)| {
                let found = images.get(container).cloned().unwrap_or_else(|| "no such container".into());
                Judgement {
                    what: format!("image of {container}"),
                    holds: &found == expected,
                    expected: expected.clone(),
                    found,
                    assumed: false,
                }
            })
            .collect();
        let outputs = [
            ("task_definition", json!(arn)),
            ("family", body.get("family").cloned().unwrap_or_default()),
            ("revision", body.get("revision").cloned().unwrap_or_default()),
            ("images", json!(images)),
        ];
        Ok(Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note: intent.already.clone().or_else(|| intent.world["note"].as_str().map(str::to_owned)),
        })
    }

    /// What is to be registered, with our tags, and the ARN that it was copied from. `source` fixes that ARN.
    async fn input(
        &self,
        task: &Task,
        source: Option<&str>,
    ) -> Result<(Map<String, Value>, Option<String>), Diagnosis> {
        let with: EcsRegister = arguments(&task.with)?;
        let (mut input, source) = match (&with.definition, &with.file, &with.from) {
            (Some(definition), None, None) => (definition.clone(), None),
            (None, Some(file), None) => (read(&task.folder, file).await?, None),
            (None, None, Some(from)) => {
                let described = described(&self.cloud, task, source.unwrap_or(from)).await?;
                let arn = described["taskDefinition"]["taskDefinitionArn"].as_str().map(str::to_owned);
                (definition::registrable(&described), arn)
            }
            _ => {
                return Err(Diagnosis::of(
                    "`ecs.register` wants exactly one of `definition`, `file` and `from`",
                )
                .hint("Correct the step in the plan."));
            }
        };
        definition::change(&mut input, &with)?;
        let content = definition::content_digest(&input);
        definition::set_tag(&mut input, MARK, &task.mark());
        definition::set_tag(&mut input, CONTENT, &content);
        Ok((input, source))
    }

    async fn newest(&self, family: &str) -> Result<Vec<String>, Diagnosis> {
        let newest = self.cloud.newest_revisions(family, LOOKED_AT).await;
        newest.map_err(|error| failed(&format!("The revisions of {family} cannot be listed"), &error))
    }

    /// The newest revision whose mark begins with `mark`, and whose content is `content` where one is given.
    async fn marked(
        &self,
        family: &str,
        mark: &str,
        content: Option<&str>,
    ) -> Result<Option<Found>, Diagnosis> {
        for arn in self.newest(family).await? {
            // One replica lists it, another does not show it yet: it is found at a later look.
            let Some(described) = find_definition(&self.cloud, &arn).await? else { continue };
            let ours = definition::tag(&described, MARK).is_some_and(|found| is_marked(found, mark));
            if ours && content.is_none_or(|content| definition::tag(&described, CONTENT) == Some(content)) {
                return Ok(Some(Found { id: arn, body: described["taskDefinition"].clone() }));
            }
        }
        Ok(None)
    }
}

struct Found {
    id: String,
    body: Value,
}

/// Sends RegisterTaskDefinition and makes its receipt.
pub(super) async fn send_registration(cloud: &Cloud, input: &Value) -> Result<Receipt, ActError> {
    let call = "ecs:RegisterTaskDefinition";
    let Answer { body, request_id } = cloud
        .change(call, input)
        .await
        .map_err(|error| act_failed("The task definition was not registered", &error))?;
    match body["taskDefinition"]["taskDefinitionArn"].as_str() {
        Some(arn) => Ok(receipt_of(arn, request_id, &body["taskDefinition"])),
        None => Err(ActError::Ambiguous(Diagnosis::of("AWS's answer names no task definition"))),
    }
}

/// A described task definition; `None` where AWS shows none.
pub(super) async fn find_definition(cloud: &Cloud, name: &str) -> Result<Option<Value>, Diagnosis> {
    let found = cloud.task_definition(name).await;
    found.map_err(|error| failed(&format!("The task definition {name} cannot be read"), &error))
}

/// A described task definition that must be there.
pub(super) async fn describe(cloud: &Cloud, name: &str) -> Result<Value, Diagnosis> {
    match find_definition(cloud, name).await? {
        Some(described) => Ok(described),
        None => Err(Diagnosis::of(format!("There is no task definition {name}"))
            .hint("Its family may have another name than its service; `aws ecs list-task-definition-families` lists them.")),
    }
}

fn receipt_of(arn: &str, request_id: Option<String>, body: &Value) -> Receipt {
    Receipt {
        external: vec![External { kind: "task_definition".into(), id: arn.to_owned() }],
        request_id,
        body: json!({"task_definition": arn, "revision": body["revision"]}),
    }
}

fn family(input: &Map<String, Value>) -> Result<String, Diagnosis> {
    input.get("family").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
        Diagnosis::of("The task definition names no family")
            .hint("Give `family` in the definition or in the step.")
    })
}

pub(super) async fn read(folder: &Path, file: &str) -> Result<Map<String, Value>, Diagnosis> {
    let relative = Path::new(file);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(Diagnosis::of(format!("`{file}` leads out of the plan's folder"))
            .hint("Put the task definition beside the plan."));
    }
    let path = folder.join(relative);
    let bad = |why: String| Diagnosis::of(format!("The task definition `{file}` cannot be read: {why}"));
    let bytes = tokio::fs::read(&path).await.map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))
}
