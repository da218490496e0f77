//! Following tasks that were run: their log while they run, their exit codes, what AWS says of their end.

use super::definition::short;
use super::evidence::Evidence;
use super::run_task::{failure, placement_hints};
use super::service::LAGS;
use crate::failure::{arguments, failed, strange};
use holdpoint_cloud::{AttachedTask, CallError, Cloud, Container, LogLine, LogQuery, Tail};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::{Dur, EcsRunTask, RunTaskExpect};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_millis(1500);
/// Deadline where the plan says nothing: migrations take their time.
const DEADLINE: Duration = Duration::from_secs(60 * 60);
/// How long lines that must come are waited for after the end, where the step says nothing.
const LATE: Duration = Duration::from_secs(30);
/// How long the log is read after the end in any case: CloudWatch shows the last lines late.
const AFTER: Duration = Duration::from_secs(5);
/// Lines that are kept as an output.
const LAST: usize = 20;
/// Longest part of a line that a judgement shows.
const SHOWN: usize = 300;

/// What is run, as the intent keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) cluster: String,
    pub(super) task_definition: String,
    pub(super) container: String,
    pub(super) log_group: Option<String>,
    pub(super) log_prefix: Option<String>,
    pub(super) count: u32,
}

impl Run {
    pub(super) fn from_intent(intent: &Intent) -> Result<Self, Diagnosis> {
        Self::deserialize(&intent.world).map_err(|error| strange(&error.to_string()))
    }

    /// The log stream of a task's container.
    fn stream(&self, arn: &str) -> Option<String> {
        Some(format!("{}/{}/{}", self.log_prefix.as_ref()?, self.container, short(arn)))
    }

    fn own<'a>(&self, task: &'a AttachedTask) -> Option<&'a Container> {
        task.containers.iter().find(|container| container.name == self.container)
    }

    /// Whether nothing more will be known of it: it is gone, or its container has an exit code and it is on its way out.
    fn is_over(&self, task: &AttachedTask) -> bool {
        let leaving = matches!(task.last_status.as_str(), "DEACTIVATING" | "STOPPING" | "DEPROVISIONING");
        task.last_status == "STOPPED"
            || (leaving && self.own(task).is_some_and(|container| container.exit_code.is_some()))
    }
}

/// Follows tasks to their end and judges it.
pub(super) async fn follow(cloud: &Cloud, task: &Task, run: &Run, receipt: &Value) -> Ending {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let arns: Vec<String> = receipt["tasks"].as_array().into_iter().flatten().filter_map(text).collect();
    let failures = receipt["failures"].as_array().cloned().unwrap_or_default();
    let (with, expect) =
        match arguments::<EcsRunTask>(&task.with).and_then(|with| Ok((with, arguments(&task.expect)?))) {
            Ok(both) => both,
            Err(diagnosis) => return Ending::Failed(diagnosis),
        };
    let log = Log::new(run, &arns, &expect);
    let following = Following { cloud, task, run, arns, failures, expect, log };
    match following.until_ended(with.logs_within.map_or(LATE, Dur::get)).await {
        Ok(ending) => ending,
        Err(diagnosis) => Ending::Failed(diagnosis),
    }
}

struct Following<'a> {
    cloud: &'a Cloud,
    task: &'a Task,
    run: &'a Run,
    arns: Vec<String>,
    failures: Vec<Value>,
    expect: RunTaskExpect,
    log: Log,
}

impl Following<'_> {
    async fn until_ended(mut self, late: Duration) -> Result<Ending, Diagnosis> {
        let clock = &self.task.clock;
        let limit = self.task.timeout.unwrap_or(DEADLINE);
        let deadline = clock.elapsed() + limit;
        let mut last: Vec<AttachedTask> = Vec::new();
        let mut missing: Option<Duration> = None;
        loop {
            match self.cloud.tasks_by_arn(&self.run.cluster, &self.arns).await {
                Ok(tasks) if tasks.is_empty() => {
                    missing.get_or_insert(clock.elapsed());
                }
                Ok(tasks) => {
                    missing = None;
                    last = tasks;
                }
                Err(error @ (CallError::Refused { .. } | CallError::Denied { .. })) => {
                    return Err(failed("The task runs, and cannot be followed", &error));
                }
                Err(error) => {
                    self.task.progress.says(format!("AWS cannot be asked now, asking again: {error}"));
                }
            }
            self.log.read(self.cloud, self.task).await;
            if missing.is_some_and(|since| clock.elapsed().saturating_sub(since) >= LAGS) {
                return Ok(Ending::Failed(self.forgotten(last.is_empty())));
            }
            if last.len() == self.arns.len() && last.iter().all(|task| self.run.is_over(task)) {
                break;
            }
            self.task.progress.says(self.sentence(&last));
            if clock.elapsed() >= deadline {
                return Ok(Ending::Failed(self.too_long(limit, &last)));
            }
            clock.sleep(POLL).await;
        }
        self.read_late_lines(late).await;
        Ok(self.ended(&last).await)
    }

    /// CloudWatch shows the last lines some seconds after the end, at times much later.
    async fn read_late_lines(&mut self, late: Duration) {
        let clock = &self.task.clock;
        let ended = clock.elapsed();
        while self.log.group.is_some() {
            let spent = clock.elapsed().saturating_sub(ended);
            let wanted = self.log.contains.iter().any(|(_, found)| found.is_none());
            if spent >= if wanted { late.max(AFTER) } else { AFTER } {
                break;
            }
            clock.sleep(POLL).await;
            self.log.read(self.cloud, self.task).await;
        }
        // What came later than a look goes back belongs to the evidence all the same.
        self.log.read_whole(self.cloud, self.task).await;
    }

    async fn ended(self, tasks: &[AttachedTask]) -> Ending {
        let wanted = self.expect.exit.unwrap_or(0);
        let exits: Vec<Option<i32>> =
            tasks.iter().map(|task| self.run.own(task).and_then(|container| container.exit_code)).collect();
        let bad = exits.iter().position(|exit| *exit != Some(wanted));
        if let Some(at) = bad {
            let exit = exits.get(at).copied().flatten();
            let of = if tasks.len() == 1 {
                String::new()
            } else {
                format!(" of task {} of {}", at + 1, tasks.len())
            };
            let headline = match exit {
                Some(code) => format!(
                    "The container {} ended with exit code {code}{of}, not {wanted}",
                    self.run.container
                ),
                None => format!(
                    "The container {} never ended by itself{of}: it has no exit code",
                    self.run.container
                ),
            };
            let mut evidence = Evidence::default();
            evidence.keep_all(tasks.get(at).map(std::slice::from_ref).unwrap_or_default());
            let diagnosis = evidence
                .of_tasks(self.cloud, self.task, Diagnosis::of(headline), &self.run.task_definition)
                .await;
            return Ending::Failed(self.unplaced(diagnosis));
        }
        if !self.failures.is_empty() || tasks.len() < self.run.count as usize {
            let headline = format!(
                "{} of {} tasks could be placed; what ran ended with exit code {wanted}",
                tasks.len(),
                self.run.count
            );
            return Ending::Failed(self.unplaced(Diagnosis::of(headline)));
        }
        let first = tasks.first();
        let exit = exits.first().copied().flatten();
        let mut judgements = vec![Judgement {
            what: format!("exit code of {}", self.run.container),
            expected: wanted.to_string(),
            found: exit.map_or_else(|| "none".into(), |exit| exit.to_string()),
            holds: true,
            assumed: false,
        }];
        judgements.extend(self.log.judgements());
        let outputs = [
            ("task", json!(self.arns.first())),
            ("tasks", json!(self.arns)),
            ("exit", json!(exit)),
            ("stopped_reason", json!(first.and_then(|task| task.stopped_reason.clone()))),
            ("log_group", json!(self.log.group)),
            ("log_stream", json!(self.log.streams.first())),
            ("last_lines", json!(self.log.last_lines())),
        ];
        Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note: self.log.note,
        }
    }

    fn unplaced(&self, diagnosis: Diagnosis) -> Diagnosis {
        if self.failures.is_empty() {
            return diagnosis;
        }
        let said = self.failures.iter().map(failure).collect::<Vec<_>>().join(" · ");
        placement_hints(diagnosis.says("Not placed", said), &self.failures)
    }

    fn sentence(&self, tasks: &[AttachedTask]) -> String {
        let mut states: BTreeMap<&str, u32> = BTreeMap::new();
        for task in tasks {
            *states.entry(task.last_status.as_str()).or_default() += 1;
        }
        let states: Vec<String> = match tasks {
            [one] => vec![one.last_status.clone()],
            _ => states.into_iter().map(|(state, count)| format!("{count} {state}")).collect(),
        };
        let lines = if self.log.lines == 0 { String::new() } else { format!(", {} lines", self.log.lines) };
        format!("{}: {}{lines}", short(&self.run.task_definition), states.join(", "))
    }

    fn forgotten(&self, never_seen: bool) -> Diagnosis {
        let headline = match never_seen {
            true => {
                "AWS does not show the task: it ended more than about an hour ago, or its cluster is gone"
            }
            false => "AWS does not show the task any more, and its end was not seen",
        };
        let mut diagnosis = Diagnosis::of(headline)
            .says("The tasks", self.arns.join(", "))
            .hint("Read its log to find out how it ended, then retry or skip the step.");
        diagnosis.last_log = self.log.last_lines();
        diagnosis
    }

    fn too_long(&self, limit: Duration, tasks: &[AttachedTask]) -> Diagnosis {
        let stop = format!("aws ecs stop-task --cluster {} --task", short(&self.run.cluster));
        let mut diagnosis = Diagnosis::of(format!(
            "The task has not ended within {} s; nothing was stopped, it goes on",
            limit.as_secs()
        ))
        .says("The tasks", self.sentence(tasks))
        .hint("Give the step a longer `timeout` if it is only slow.");
        for arn in &self.arns {
            diagnosis = diagnosis.hint(format!("`{stop} {}` stops it.", short(arn)));
        }
        diagnosis.last_log = self.log.last_lines();
        diagnosis
    }
}

/// The log of the container, as far as it was read.
struct Log {
    group: Option<String>,
    streams: Vec<String>,
    tail: Tail,
    lines: usize,
    /// With the moment of each.
    last: VecDeque<(i64, String)>,
    contains: Vec<(String, Option<String>)>,
    lacks: Vec<(String, Option<String>)>,
    note: Option<String>,
}

impl Log {
    fn new(run: &Run, arns: &[String], expect: &RunTaskExpect) -> Self {
        let none = |texts: &[String]| texts.iter().map(|text| (text.clone(), None)).collect();
        Self {
            group: run.log_group.clone(),
            streams: arns.iter().filter_map(|arn| run.stream(arn)).collect(),
            tail: Tail::default(),
            lines: 0,
            last: VecDeque::new(),
            contains: none(&expect.logs_contain),
            lacks: none(&expect.logs_lack),
            note: None,
        }
    }

    /// Reads what is new. A log that cannot be read is no reason to lose sight of the task.
    async fn read(&mut self, cloud: &Cloud, task: &Task) {
        let Some(query) = self.query() else { return };
        let lines = self.tail.next(cloud, &query).await;
        self.show(task, query.group, lines);
    }

    /// Reads it from its beginning, for lines that came late.
    async fn read_whole(&mut self, cloud: &Cloud, task: &Task) {
        let Some(query) = self.query() else { return };
        let lines = self.tail.whole(cloud, &query).await;
        self.show(task, query.group, lines);
    }

    fn query(&self) -> Option<LogQuery> {
        let group = self.group.clone()?;
        Some(LogQuery { group, streams: self.streams.clone(), ..LogQuery::default() })
    }

    fn show(&mut self, task: &Task, group: String, lines: Result<Option<Vec<LogLine>>, CallError>) {
        match lines {
            Ok(Some(lines)) => {
                self.note = None;
                for line in lines {
                    let source = format!("{group} {}", line.log_stream_name);
                    task.progress.line(source, Some(line.timestamp), line.message.clone());
                    self.take(&line);
                }
            }
            Ok(None) => self.note = Some(format!("the log group {group} does not exist")),
            Err(error) => self.note = Some(format!("its log could not be read: {error}")),
        }
    }

    fn take(&mut self, line: &LogLine) {
        self.lines += 1;
        // By when it was written: a line that comes late stands where it belongs.
        let place = self.last.partition_point(|(at, _)| *at <= line.timestamp);
        self.last.insert(place, (line.timestamp, line.message.trim_end().to_owned()));
        if self.last.len() > LAST {
            self.last.pop_front();
        }
        let shown: String = line.message.trim_end().chars().take(SHOWN).collect();
        let texts = self.contains.iter_mut().chain(&mut self.lacks);
        for (text, place) in texts.filter(|(_, place)| place.is_none()) {
            if line.message.contains(text.as_str()) {
                *place = Some(shown.clone());
            }
        }
    }

    fn last_lines(&self) -> Vec<String> {
        self.last.iter().map(|(_, line)| line.clone()).collect()
    }

    fn judgements(&self) -> Vec<Judgement> {
        let none = || match &self.note {
            Some(note) => note.clone(),
            None if self.group.is_none() => "its container does not log to CloudWatch Logs".into(),
            None => format!("none of {} lines", self.lines),
        };
        let judge = |what: &str, (text, place): &(String, Option<String>), wanted: bool| Judgement {
            what: what.to_owned(),
            expected: text.clone(),
            holds: place.is_some() == wanted && (wanted || (self.group.is_some() && self.note.is_none())),
            found: place.clone().unwrap_or_else(none),
            assumed: false,
        };
        let contains = self.contains.iter().map(|pair| judge("a line contains", pair, true));
        contains.chain(self.lacks.iter().map(|pair| judge("no line contains", pair, false))).collect()
    }
}
