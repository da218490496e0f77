//! `ecs.run_task`: a task outside of any service, started once whatever happens to the answer.

use super::configuration;
use super::definition::{self, MARK, short};
use super::run_task_follow::{Run, follow};
use super::service::{confirmed, described};
use crate::failure::{act_failed, arguments, failed, strange};
use async_trait::async_trait;
use holdpoint_cloud::{Answer, AttachedTask, Cloud, Listing};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{EcsRunTask, LaunchType};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Receipt};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const CALL: &str = "ecs:RunTask";
/// Most characters of RunTask's `startedBy`.
const STARTED_BY: usize = 128;
/// Most tasks of one RunTask.
const MOST: u32 = 10;

/// The kind `ecs.run_task`.
pub(crate) struct RunTask {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for RunTask {
    fn kind(&self) -> &'static str {
        "ecs.run_task"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsRunTask = arguments(&task.with)?;
        let count = with.count.unwrap_or(1);
        if !(1..=MOST).contains(&count) {
            return Err(Diagnosis::of(format!(
                "`count: {count}` is not from 1 to {MOST}, which is AWS's limit"
            ))
            .hint("Correct the step in the plan; more tasks than that are a service's business."));
        }
        let described = described(&self.cloud, task, &with.task_definition).await?;
        let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
        let arn = body.get("taskDefinitionArn").and_then(Value::as_str).unwrap_or(&with.task_definition);
        if body.get("status").is_some_and(|status| status == "INACTIVE") {
            return Err(Diagnosis::of(format!("{} is deregistered and cannot be run", short(arn)))
                .hint("Register it again (`ecs.register` with `from`), then run the new revision."));
        }
        let container = container(&body, with.container.as_deref())?;
        let place = definition::log_place(&body, &container);
        let run = Run {
            cluster: with.cluster.clone(),
            task_definition: arn.to_owned(),
            container,
            log_group: place.as_ref().map(|(group, _)| group.clone()),
            log_prefix: place.map(|(_, prefix)| prefix),
            count,
        };
        let input = input(task, &with, &run);
        let what = with.command.as_ref().map(|command| format!(" `{}`", command.join(" ")));
        let times = if count == 1 { String::new() } else { format!(", {count} times") };
        let summary =
            format!("Run {}{} in {}{times}", short(arn), what.unwrap_or_default(), short(&with.cluster));
        let mut world = json!(run);
        world["content"] = json!(content(&input));
        Ok(Intent {
            summary,
            actions: vec![ActionPlan { call: CALL.into(), input }],
            world,
            ..Intent::default()
        })
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        // The stored intent is redacted: what is sent is made once more, and must be what the intent says.
        let with: EcsRunTask = arguments(&task.with).map_err(ActError::Refused)?;
        let run = Run::from_intent(intent).map_err(ActError::Refused)?;
        let input = input(task, &with, &run);
        if intent.world["content"] != content(&input).as_str() {
            return Err(ActError::Refused(
                Diagnosis::of("What would be run is no longer what the intent says")
                    .hint("Retry the step: it will be prepared anew."),
            ));
        }
        let answer = self.cloud.change(CALL, &input).await;
        received(answer.map_err(|error| act_failed("The task was not started", &error))?)
            .map_err(|failed| *failed)
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let run = Run::from_intent(intent)?;
        let family = short(&run.task_definition).split(':').next().unwrap_or_default().to_owned();
        let found = confirmed(task, || async {
            let found = self.marked(&run.cluster, &family, &task.mark()).await?;
            Ok((!found.is_empty()).then_some(found))
        })
        .await?;
        Ok(match found {
            Some(tasks) => Observation::TookEffect(receipt(&tasks, &[], None)),
            None => Observation::TookNoEffect {
                why: format!(
                    "no task of {family} in {} carries the mark {}; it is sent with the same client token, with which \
                     AWS starts once",
                    run.cluster,
                    task.mark()
                ),
            },
        })
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        let run = match Run::from_intent(intent) {
            Ok(run) => run,
            Err(diagnosis) => return Ending::Failed(diagnosis),
        };
        match receipts.first() {
            Some(receipt) => follow(&self.cloud, task, &run, &receipt.body).await,
            None => Ending::Failed(strange("it has no receipt to follow")),
        }
    }
}

impl RunTask {
    /// Tasks of a family, running or stopped, that this attempt started.
    async fn marked(&self, cluster: &str, family: &str, mark: &str) -> Result<Vec<String>, Diagnosis> {
        let mut found = Vec::new();
        for listing in [Listing::Running, Listing::Stopped] {
            let tasks = self.cloud.tasks_of_family(cluster, family, listing).await;
            let tasks =
                tasks.map_err(|error| failed(&format!("The tasks of {family} cannot be listed"), &error))?;
            found.extend(tasks.into_iter().filter(|task| is_ours(task, mark)).map(|task| task.task_arn));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}

fn is_ours(task: &AttachedTask, mark: &str) -> bool {
    task.tags.iter().any(|tag| tag.key == MARK && tag.value == mark)
        || task.started_by.as_deref() == Some(started_by(mark).as_str())
}

/// The container that the step is about.
fn container(definition: &Map<String, Value>, named: Option<&str>) -> Result<String, Diagnosis> {
    let names: Vec<&str> =
        definition::containers(definition).filter_map(|found| found["name"].as_str()).collect();
    match named {
        Some(name) if names.contains(&name) => Ok(name.to_owned()),
        Some(name) => Err(Diagnosis::of(format!("The task definition has no container `{name}`"))
            .hint(format!("Its containers are: {}. Correct `container` in the plan.", names.join(", ")))),
        None => definition::containers(definition)
            .find(|found| found["essential"] != false)
            .or_else(|| definition::containers(definition).next())
            .and_then(|found| found["name"].as_str())
            .map(str::to_owned)
            .ok_or_else(|| Diagnosis::of("The task definition has no container")),
    }
}

fn input(task: &Task, with: &EcsRunTask, run: &Run) -> Value {
    let mark = task.mark();
    let mut input = json!({
        "cluster": with.cluster,
        "taskDefinition": run.task_definition,
        "count": run.count,
        "launchType": with.launch_type.unwrap_or(LaunchType::Fargate).as_aws(),
        "clientToken": token(&mark),
        "startedBy": with.started_by.clone().unwrap_or_else(|| started_by(&mark)),
    });
    if with.started_by.is_some() {
        // What AWS shows as who started it is the plan's: the mark is a tag then.
        input["tags"] = json!([{"key": MARK, "value": mark}]);
    }
    if let Some(version) = &with.platform_version {
        input["platformVersion"] = json!(version);
    }
    if let Some(network) = &with.network {
        input["networkConfiguration"] = configuration::network(network);
    }
    if with.enable_execute_command {
        input["enableExecuteCommand"] = json!(true);
    }
    let mut container = json!({"name": run.container});
    if let Some(command) = &with.command {
        container["command"] = json!(command);
    }
    if !with.environment.is_empty() {
        let environment = with.environment.iter().map(|(name, value)| json!({"name": name, "value": value}));
        container["environment"] = environment.collect();
    }
    let mut overrides = Map::new();
    if container.as_object().is_some_and(|members| members.len() > 1) {
        overrides.insert("containerOverrides".into(), json!([container]));
    }
    if let Some(cpu) = &with.cpu {
        overrides.insert("cpu".into(), json!(cpu));
    }
    if let Some(memory) = &with.memory {
        overrides.insert("memory".into(), json!(memory));
    }
    if !overrides.is_empty() {
        input["overrides"] = Value::Object(overrides);
    }
    input
}

/// RunTask answers 200 also when nothing could be placed: its `failures` say why.
fn received(answer: Answer) -> Result<Receipt, Box<ActError>> {
    let list = |member: &str| answer.body[member].as_array().cloned().unwrap_or_default();
    let tasks: Vec<String> =
        list("tasks").iter().filter_map(|task| task["taskArn"].as_str().map(str::to_owned)).collect();
    let failures = list("failures");
    if !tasks.is_empty() {
        return Ok(receipt(&tasks, &failures, answer.request_id));
    }
    if failures.is_empty() {
        let told = Diagnosis::of("AWS's answer names neither a task nor a failure");
        return Err(Box::new(ActError::Ambiguous(told)));
    }
    let diagnosis = Diagnosis::of("No task could be placed: nothing was started")
        .says("What AWS says", failures.iter().map(failure).collect::<Vec<_>>().join(" · "));
    Err(Box::new(ActError::Refused(placement_hints(diagnosis, &failures))))
}

/// One failure of RunTask in words.
pub(super) fn failure(failure: &Value) -> String {
    let text = |member: &str| failure[member].as_str().unwrap_or_default();
    [text("reason"), text("detail"), text("arn")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What mends a placement that failed, by AWS's reasons.
pub(super) fn placement_hints(diagnosis: Diagnosis, failures: &[Value]) -> Diagnosis {
    let reasons = || failures.iter().filter_map(|failure| failure["reason"].as_str());
    let mut diagnosis = diagnosis;
    if reasons().any(|reason| reason.starts_with("Capacity is unavailable")) {
        diagnosis = diagnosis
            .hint("Fargate has no room for it now in these zones: retry in some minutes, or name subnets of more zones.");
    }
    if reasons().any(|reason| reason.starts_with("RESOURCE:")) {
        diagnosis = diagnosis.hint(
            "The cluster's instances have not enough of it left: add instances, or ask for less `cpu` and `memory`.",
        );
    }
    if reasons().any(|reason| reason == "AGENT" || reason == "ATTRIBUTE") {
        diagnosis = diagnosis
            .hint("No instance fits: look at agents (AGENT) and at required attributes (ATTRIBUTE).");
    }
    diagnosis
}

fn receipt(tasks: &[String], failures: &[Value], request_id: Option<String>) -> Receipt {
    Receipt {
        external: tasks.iter().map(|arn| External { kind: "task".into(), id: arn.clone() }).collect(),
        request_id,
        body: json!({"tasks": tasks, "failures": failures}),
    }
}

/// RunTask takes a client token of at most 64 characters: with the same one it starts once, for 24 hours.
fn token(mark: &str) -> String {
    hex(&Sha256::digest(mark))
}

/// The mark as far as `startedBy` may hold it: letters, digits, `-`, `_` and `/`.
fn started_by(mark: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_/".contains(letter);
    let text: String = mark.chars().map(|letter| if fits(letter) { letter } else { '-' }).collect();
    match text.len() > STARTED_BY {
        true => format!("holdpoint/{}", token(mark)),
        false => text,
    }
}

fn content(input: &Value) -> String {
    hex(&Sha256::digest(input.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
