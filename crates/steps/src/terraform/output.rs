//! `terraform.output`: outputs as typed values; a sensitive one is a secret.

use super::Common;
use super::bench::Bench;
use super::ground::{Ground, choose, own_folder};
use crate::failure::{arguments, strange};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{TerraformOutput, TerraformOutputExpect};
use holdpoint_redact::Secret;
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::Value;
use std::collections::BTreeMap;

/// Outputs that may be seen, and those that may not.
pub(crate) type Outputs = (BTreeMap<String, OutputValue>, BTreeMap<String, Secret>);

/// The kind `terraform.output`.
pub(crate) struct Output(pub(crate) Common);

#[async_trait]
impl Executor for Output {
    fn kind(&self) -> &'static str {
        "terraform.output"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: TerraformOutput = arguments(&task.with)?;
        let _: TerraformOutputExpect = arguments(&task.expect)?;
        own_folder(task, with.dir.as_deref())?;
        let summary = format!("outputs of {}", with.dir.as_deref().unwrap_or("."));
        Ok(Intent { summary, ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(strange("reading changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "reading changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        self.read(task).await.unwrap_or_else(Ending::Failed)
    }
}

impl Output {
    async fn read(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: TerraformOutput = arguments(&task.with)?;
        let expect: TerraformOutputExpect = arguments(&task.expect)?;
        let (found, recorded) = match choose(&self.0.child, task, with.dir.as_deref(), with.program)? {
            Ground::Not(why) => return Ok(Ending::NotPractised(why)),
            Ground::Recorded(recording) => (given(&recording.apply()?.outputs), true),
            Ground::Real(folder) => {
                let workspace = with.workspace.as_deref();
                let mut bench = Bench::open(&self.0.child, task, folder, with.program).await?;
                bench.workspace(workspace).await?;
                (read_outputs(&bench).await?, false)
            }
        };
        let judgements =
            expect.values.iter().flatten().map(|(name, wanted)| judge(name, wanted, &found, recorded));
        let judgements = judgements.collect();
        let (outputs, secret_outputs) = found;
        let note = recorded.then(|| "outputs from a recording".to_owned());
        Ok(Ending::Succeeded { outputs, secret_outputs, judgements, note })
    }
}

fn judge(name: &str, wanted: &Value, (open, secret): &Outputs, assumed: bool) -> Judgement {
    let (found, holds) = match (open.get(name).and_then(OutputValue::seen), secret.get(name)) {
        // What a secret is may be judged, and is not said.
        (_, Some(held)) => {
            let value = serde_json::from_str(held.expose())
                .unwrap_or_else(|_| Value::String(held.expose().to_owned()));
            ("a sensitive value".to_owned(), contains(&value, wanted))
        }
        (Some(value), None) => (value.to_string(), contains(&value, wanted)),
        (None, None) => ("there is no such output".to_owned(), false),
    };
    let expected = if secret.contains_key(name) { "that value".into() } else { wanted.to_string() };
    Judgement { what: format!("output {name}"), expected, found, holds, assumed }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|value| contains(value, wanted)))
        }
        (value, wanted) => value == wanted,
    }
}

/// Outputs of the state in a folder; none where nothing was applied yet.
pub(crate) async fn read_outputs(bench: &Bench) -> Result<Outputs, Diagnosis> {
    let said = bench.ask(&["output", "-json", "-no-color"]).await?;
    if said.code != Some(0) {
        return Err(bench.failed("does not give its outputs", &said));
    }
    let all: Value = serde_json::from_slice(&said.stdout).map_err(|_| {
        Diagnosis::of("The outputs are no JSON").hint("Run `terraform output -json` by hand.")
    })?;
    Ok(given(&all))
}

/// Outputs from `terraform output -json`, or from plain values by name.
pub(crate) fn given(all: &Value) -> Outputs {
    let (mut open, mut secret) = (BTreeMap::new(), BTreeMap::new());
    for (name, output) in all.as_object().into_iter().flatten() {
        let (value, sensitive) = match output.as_object().filter(|map| map.contains_key("value")) {
            Some(map) => (
                map.get("value").cloned().unwrap_or_default(),
                map.get("sensitive") == Some(&Value::Bool(true)),
            ),
            None => (output.clone(), false),
        };
        if sensitive {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            secret.insert(name.clone(), Secret::new(text));
        } else {
            open.insert(name.clone(), OutputValue::plain(value));
        }
    }
    (open, secret)
}
