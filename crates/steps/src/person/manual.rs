//! `manual`: something that only a person can do, with its evidence and the values that it brings back.

use super::{never_acts, nothing_sent, unanswered};
use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{Evidence, Field, Manual};
use holdpoint_redact::Secret;
use holdpoint_run::{Ask, AskField, CopyText, Diagnosis, Intent, OutputValue, Receipt};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// The kind `manual`.
pub(crate) struct ManualWork;

#[async_trait]
impl Executor for ManualWork {
    fn kind(&self) -> &'static str {
        "manual"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: Manual = arguments(&task.with)?;
        for (name, field) in &with.fields {
            pattern(name, field)?;
        }
        let copy = with
            .copy
            .into_iter()
            .map(|copy| CopyText { label: copy.label.unwrap_or_default(), text: copy.text });
        let fields = with.fields.into_iter().map(|(name, field)| AskField {
            name,
            prompt: field.prompt,
            secret: field.secret,
            pattern: field.pattern,
            optional: field.optional,
        });
        let evidence = with.evidence.map(|evidence| match evidence {
            Evidence::Note => "note".to_owned(),
            Evidence::Screenshot => "screenshot".to_owned(),
            Evidence::File => "file".to_owned(),
        });
        let ask = Ask {
            instructions: with.instructions.unwrap_or_default(),
            link: with.link,
            copy: copy.collect(),
            fields: fields.collect(),
            phrase: with.confirm,
            evidence,
            ..Ask::default()
        };
        Ok(Intent {
            summary: format!("A person does: {}", task.step.title),
            ask: Some(ask),
            ..Intent::default()
        })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(never_acts(self.kind()))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(nothing_sent(self.kind()))
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match outputs(task) {
            Ok((outputs, secret_outputs)) => {
                Ending::Succeeded { outputs, secret_outputs, judgements: Vec::new(), note: None }
            }
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

type Outputs = (BTreeMap<String, OutputValue>, BTreeMap<String, Secret>);

fn outputs(task: &Task) -> Result<Outputs, Diagnosis> {
    let with: Manual = arguments(&task.with)?;
    let answer = task.answer.as_ref().ok_or_else(|| unanswered("manual"))?;
    let (mut plain, mut secret) = (BTreeMap::new(), BTreeMap::new());
    for (name, field) in &with.fields {
        if field.secret {
            // In memory only: after a restart it is asked for again.
            match task.secrets.get(&format!("answers.{}.{name}", task.work.step)) {
                Some(value) => {
                    check(name, field, value.expose())?;
                    plain.insert(name.clone(), OutputValue::secret());
                    secret.insert(name.clone(), value.clone());
                }
                None if field.optional => {
                    plain.insert(name.clone(), OutputValue::plain(Value::Null));
                }
                None => {
                    return Err(Diagnosis::of(format!("The secret `{name}` is not in memory any more"))
                        .hint("Retry the step and enter it again."));
                }
            }
            continue;
        }
        let value = answer.fields.get(name).cloned().unwrap_or_default();
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        if text.is_empty() {
            if !field.optional {
                return Err(
                    Diagnosis::of(format!("`{name}` is empty: {}", field.prompt)).hint("Retry the step.")
                );
            }
            plain.insert(name.clone(), OutputValue::plain(Value::Null));
            continue;
        }
        check(name, field, &text)?;
        plain.insert(name.clone(), OutputValue::plain(value));
    }
    Ok((plain, secret))
}

fn check(name: &str, field: &Field, text: &str) -> Result<(), Diagnosis> {
    match pattern(name, field)? {
        // What was entered is not repeated: it may be a secret in the wrong field.
        Some(pattern) if !pattern.is_match(text) => Err(Diagnosis::of(format!(
            "What was entered for `{name}` does not match {}",
            field.pattern.as_deref().unwrap_or_default()
        ))
        .hint("Retry the step and enter it again.")),
        Some(_) | None => Ok(()),
    }
}

fn pattern(name: &str, field: &Field) -> Result<Option<Regex>, Diagnosis> {
    let Some(pattern) = &field.pattern else { return Ok(None) };
    Regex::new(&format!("^(?:{pattern})$")).map(Some).map_err(|error| {
        Diagnosis::of(format!("The pattern of `{name}` is no regular expression: {error}"))
            .hint("Correct it in the plan.")
    })
}
