//! Why a deployment failed: its stopped tasks, their exit codes and last words, snapped while AWS still shows them.

use super::definition::{containers, log_place, platform, short};
use super::rollout::{Sight, Target};
use crate::built_for::built_for;
use crate::words::{READ, Words};
use holdpoint_cloud::{AttachedTask, CallError, Cloud, Container, LogLine};
use holdpoint_engine::Task;
use holdpoint_run::Diagnosis;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the cause of a failure is waited for in the log, in plan time: CloudWatch shows lines after seconds, as a rule.
const LATE: Duration = Duration::from_secs(30);
/// Time between two looks at it.
const POLL: Duration = Duration::from_secs(3);

/// Stopped tasks that are kept: a crash loop without a breaker makes them without end.
const KEPT: usize = 200;

/// Stopped tasks of the deployment in hand. AWS shows them for about an hour.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    stopped: BTreeMap<String, AttachedTask>,
}

impl Evidence {
    /// Keeps those that were started by the deployment and did not stop because fewer tasks were wanted.
    pub(crate) fn keep(&mut self, tasks: &[AttachedTask], deployment: &str) {
        for task in tasks {
            let own = task.started_by.as_deref() == Some(deployment);
            let stopped = task.stop_code.is_some() || task.last_status == "STOPPED";
            if own && stopped && !task.was_scaled_in() && self.stopped.len() < KEPT {
                self.stopped.insert(task.task_arn.clone(), task.clone());
            }
        }
    }

    /// The diagnosis: what AWS says, the tasks, last words, the image.
    pub(crate) async fn diagnosis(
        &self,
        cloud: &Cloud,
        task: &Task,
        headline: String,
        target: &Target,
        sight: &Sight,
    ) -> Diagnosis {
        let mut diagnosis = Diagnosis::of(headline).says("What AWS says", aws_says(target, sight));
        let [cause, newest] = telling_events(sight, target);
        if let Some(event) = cause.as_ref().filter(|event| Some(*event) != newest.as_ref()) {
            diagnosis = diagnosis.says("Event with a cause", event);
        }
        if let Some(event) = newest {
            diagnosis = diagnosis.says("Newest telling event", event);
        }
        self.of_tasks(cloud, task, diagnosis, &target.task_definition).await
    }

    /// Keeps tasks that belong to no deployment.
    pub(crate) fn keep_all(&mut self, tasks: &[AttachedTask]) {
        self.stopped.extend(tasks.iter().map(|task| (task.task_arn.clone(), task.clone())));
    }

    /// What the stopped tasks tell: stop code and reason, exit code, last words, the image.
    pub(crate) async fn of_tasks(
        &self,
        cloud: &Cloud,
        task: &Task,
        mut diagnosis: Diagnosis,
        task_definition: &str,
    ) -> Diagnosis {
        let definition = match cloud.task_definition(task_definition).await {
            Ok(Some(described)) => described["taskDefinition"].as_object().cloned().unwrap_or_default(),
            Ok(None) | Err(_) => Map::new(),
        };
        let Some(last) = self.stopped.values().max_by_key(|task| (task.stopped_at, task.created_at)) else {
            return diagnosis.says(
                "The tasks",
                "AWS shows no stopped task of this deployment (it shows them for about an hour)",
            );
        };
        diagnosis = diagnosis.says("The tasks", self.tasks_say(last, &definition));
        if let Some(reason) = reasons(last) {
            diagnosis = diagnosis.says("Stopped reason", reason);
        }
        let failing = failing_container(last, &definition);
        if let Some(container) = failing {
            diagnosis = last_words(cloud, task, diagnosis, last, container, &definition).await;
            diagnosis = diagnosis.says("The image", image_says(cloud, container, &definition).await);
        }
        diagnosis
    }

    fn tasks_say(&self, last: &AttachedTask, definition: &Map<String, Value>) -> String {
        let code = last.stop_code.as_deref().unwrap_or("without a stop code");
        let mut text = format!("{} stopped: {code}", self.stopped.len());
        if let Some(exit) = failing_container(last, definition).and_then(|container| container.exit_code) {
            text.push_str(&format!(", exit code {exit}"));
        }
        let ended = last.execution_stopped_at.or(last.stopped_at);
        match (last.started_at, ended) {
            (Some(started), Some(ended)) => {
                let millis = ended.0.saturating_sub(started.0).max(0);
                text.push_str(&format!(", {} s after start", (millis + 500) / 1000));
            }
            (None, _) => text.push_str(", before it ran"),
            (Some(_), None) => {}
        }
        text
    }
}

fn aws_says(target: &Target, sight: &Sight) -> String {
    let mut text = format!("deployment {}", target.deployment);
    let own = sight.service.as_ref().and_then(|service| service.deployment(&target.deployment));
    match (&sight.ours, own) {
        (Some(ours), _) => {
            text.push_str(&format!(" {}", ours.status));
            if let Some(breaker) = &ours.deployment_circuit_breaker
                && breaker.threshold > 0
            {
                let (count, threshold) = (breaker.failure_count, breaker.threshold);
                text.push_str(&format!(
                    " · circuit breaker {}, {count} of {threshold} failures",
                    breaker.status
                ));
            }
            if let Some(alarms) = ours.alarms.as_ref().filter(|found| !found.triggered_alarm_names.is_empty())
            {
                text.push_str(&format!(" · alarm {} went off", alarms.triggered_alarm_names.join(", ")));
            }
            if let Some(stage) = ours.lifecycle_stage.as_deref().filter(|stage| *stage != "CLEAN_UP") {
                text.push_str(&format!(" · at {stage}"));
            }
            if let Some(reason) = ours.status_reason.as_deref().filter(|reason| !reason.is_empty()) {
                text.push_str(&format!(" · {reason}"));
            }
            let of_rollback = ours.rollback.as_ref().and_then(|rollback| rollback.reason.as_deref());
            if let Some(reason) = of_rollback.filter(|reason| Some(*reason) != ours.status_reason.as_deref())
            {
                text.push_str(&format!(" · {reason}"));
            }
        }
        (None, Some(own)) => {
            text.push_str(&format!(" {}", own.rollout_state.as_deref().unwrap_or("without a rollout state")));
            text.push_str(&format!(" · {} failed tasks", own.failed_tasks));
            if let Some(reason) = &own.rollout_state_reason {
                text.push_str(&format!(" · {reason}"));
            }
        }
        (None, None) => text.push_str(" is not shown any more"),
    }
    text
}

/// The newest event of the deployment that names a cause, and the newest with one of the words that Copilot looks for: at the
/// end of a rollback those are about the way back, and the cause is further down.
fn telling_events(sight: &Sight, target: &Target) -> [Option<String>; 2] {
    const CAUSES: [&str; 7] =
        ["unable to place", "was unable to", "unhealthy", "health check", "throttle", "missing", "error"];
    const WORDS: [&str; 8] =
        ["fail", "unhealthy", "error", "throttle", "unable", "missing", "alarm detected", "rolling back"];
    let Some(service) = sight.service.as_ref() else { return [None, None] };
    let own = service.deployment(&target.deployment).and_then(|own| own.created_at);
    let since = sight.ours.as_ref().and_then(|ours| ours.created_at).or(own);
    let newest = |words: &[&str]| {
        let mut events =
            service.events.iter().filter(|event| since.is_none_or(|since| event.created_at >= since));
        let tells = |text: &str| {
            let text = text.to_ascii_lowercase();
            words.iter().any(|word| text.contains(word))
        };
        events.find(|event| tells(&event.message)).map(|event| event.message.clone())
    };
    [newest(&CAUSES), newest(&WORDS)]
}

fn reasons(task: &AttachedTask) -> Option<String> {
    let mut parts = Vec::new();
    match task.stopped_reason.as_deref() {
        Some(reason) if !reason.is_empty() => parts.push(reason.to_owned()),
        // AWS may leave it empty (amazon-ecs-agent#1654): that is said, and not guessed.
        Some(_) | None => parts.push("AWS gives no reason".to_owned()),
    }
    parts.extend(task.containers.iter().filter_map(|container| {
        container
            .reason
            .as_ref()
            .filter(|reason| !reason.is_empty())
            .map(|reason| format!("{}: {reason}", container.name))
    }));
    Some(parts.join(" · "))
}

/// The container whose end ended the task: with an exit code that is not 0, else an essential one that ended, else one
/// that did not come up.
fn failing_container<'a>(task: &'a AttachedTask, definition: &Map<String, Value>) -> Option<&'a Container> {
    let essential = |name: &str| {
        containers(definition)
            .find(|container| container["name"] == name)
            .is_none_or(|found| found["essential"] != false)
    };
    let all = &task.containers;
    all.iter()
        .find(|container| container.exit_code.is_some_and(|code| code != 0) && essential(&container.name))
        .or_else(|| all.iter().find(|container| container.exit_code.is_some() && essential(&container.name)))
        .or_else(|| all.iter().find(|container| container.reason.is_some()))
        .or_else(|| all.first())
}

/// The end of a container's log. CloudWatch shows lines late: one that failed and has said nothing of it is waited for.
async fn words(
    cloud: &Cloud,
    task: &Task,
    container: &Container,
    group: &str,
    stream: &str,
) -> Result<Vec<LogLine>, CallError> {
    let deadline = task.clock.elapsed() + LATE;
    let failed = container.exit_code.is_some_and(|code| code != 0);
    loop {
        let lines = cloud.last_log_lines(group, stream, READ).await?;
        let tells = Words::of(lines.iter().map(|line| line.message.as_str())).error.is_some();
        if tells || !failed || task.clock.elapsed() >= deadline {
            return Ok(lines);
        }
        task.progress
            .says(format!("It failed. Waiting for late lines in {group}, which say nothing of it yet"));
        task.clock.sleep(POLL).await;
    }
}

async fn last_words(
    cloud: &Cloud,
    task: &Task,
    mut diagnosis: Diagnosis,
    stopped: &AttachedTask,
    container: &Container,
    definition: &Map<String, Value>,
) -> Diagnosis {
    let Some((group, prefix)) = log_place(definition, &container.name) else {
        return diagnosis.says(
            "Last words",
            format!("container {} does not log to CloudWatch Logs with a stream prefix", container.name),
        );
    };
    let stream = format!("{prefix}/{}/{}", container.name, stopped.id());
    match words(cloud, task, container, &group, &stream).await {
        Ok(lines) if lines.is_empty() => diagnosis
            .says("Last words", format!("none: the stream {stream} in {group} is empty or was never made")),
        Ok(lines) => {
            let words = Words::of(lines.iter().map(|line| line.message.as_str()));
            let count = lines.len();
            let place =
                |line: usize| format!("{group}, task {}, line {line} of {count}", short_id(stopped.id()));
            if let Some((line, error)) = words.error.filter(|(line, _)| *line < count) {
                diagnosis = diagnosis.says("First error", format!("{error} — {}", place(line)));
            }
            let last = words.shown.last().cloned().unwrap_or_default();
            diagnosis.last_log = words.shown;
            diagnosis.says("Last words", format!("{last} — {}", place(count)))
        }
        Err(error) => diagnosis.says("Last words", format!("they cannot be read: {error}")),
    }
}

/// The image by what it is, and not only by what was wanted: its platform is its registry's word.
async fn image_says(cloud: &Cloud, container: &Container, definition: &Map<String, Value>) -> String {
    let wanted = platform(definition);
    let Some(image) = container.image.as_deref() else {
        return format!("AWS does not name it; the task definition asks for {wanted}");
    };
    let built = built_for(cloud, image, container.image_digest.as_deref()).await;
    let digest = container.image_digest.as_deref().unwrap_or("not pulled, so its digest is not known");
    format!("{image} ({digest}), {built}; the task definition asks for {wanted}")
}

fn short_id(id: &str) -> &str {
    short(id).get(..8).unwrap_or(id)
}
