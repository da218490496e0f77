//! `logs.expect`: lines that CloudWatch Logs must, and must not, show.
//!
//! `contains` is waited for; in `lacks` the whole window must pass, since a line that is not there yet is not absent.

use crate::ecs::{log_streams, read_service};
use crate::failure::{arguments, failed};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, LogLine, LogQuery, Tail};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{Dur, LogsExpect, LogsExpectation};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two looks, in plan time. CloudWatch shows lines after a few seconds.
const POLL: Duration = Duration::from_secs(3);
/// How long is waited where neither the step nor the plan says.
const WITHIN: Duration = Duration::from_secs(120);
/// AWS's clock and this machine's may differ by so much.
const SKEW: i64 = 2_000;
/// Longest part of a line that a judgement shows.
const SHOWN: usize = 300;

/// The kind `logs.expect`.
pub(crate) struct Logs {
    pub(crate) cloud: Cloud,
    /// The practice world logs what the plan expects: that is marked.
    pub(crate) assumed: bool,
}

#[async_trait]
impl Executor for Logs {
    fn kind(&self) -> &'static str {
        "logs.expect"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: LogsExpect = arguments(&task.with)?;
        let from = from(task, &with)?;
        if with.service.is_some() != with.cluster.is_some() {
            return Err(Diagnosis::of("`logs.expect` wants `service` and `cluster` together")
                .hint("Correct the step in the plan."));
        }
        Ok(Intent {
            summary: format!("Look for lines in {}", with.group),
            world: json!({"from": from}),
            ..Intent::default()
        })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`logs.expect` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`logs.expect` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, intent: &Intent, _: &[Receipt]) -> Ending {
        match self.watch(task, intent).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Logs {
    async fn watch(&self, task: &Task, intent: &Intent) -> Result<Ending, Diagnosis> {
        let with: LogsExpect = arguments(&task.with)?;
        let expect: LogsExpectation = arguments(&task.expect)?;
        let within = with.within.map(Dur::get).or(task.timeout).unwrap_or(WITHIN);
        let deadline = task.clock.elapsed() + within;
        // Event ids tell lines apart, also when other streams are looked at because tasks were replaced.
        let mut tail = Tail::default();
        let mut found = Found::new(&expect);
        let mut group_exists;
        loop {
            group_exists = self.look(&with, intent, task, &mut tail, &mut found).await?;
            let enough = found.all_contained() && expect.lacks.is_empty();
            if enough || found.something_forbidden() || task.clock.elapsed() >= deadline {
                break;
            }
            task.progress.says(found.sentence(&with.group, group_exists));
            task.clock.sleep(POLL).await;
        }
        if !group_exists {
            return Ok(Ending::Failed(
                Diagnosis::of(format!("There is no log group `{}` in this account and region", with.group))
                    .hint("A log group, a service and a family may have different names: compare them.")
                    .hint("Does a container of this service log at all, and with that group?"),
            ));
        }
        let outputs = [("lines", json!(found.lines)), ("first_match", json!(found.first))];
        Ok(Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            note: (found.lines == 0)
                .then(|| format!("the log group {} exists and has no line in this window", with.group)),
            judgements: found.judgements(within, self.assumed),
        })
    }

    /// Reads what is new. False when the group does not exist.
    async fn look(
        &self,
        with: &LogsExpect,
        intent: &Intent,
        task: &Task,
        tail: &mut Tail,
        found: &mut Found,
    ) -> Result<bool, Diagnosis> {
        let mut query = LogQuery {
            group: with.group.clone(),
            streams: with.streams.clone(),
            prefix: with.stream_prefix.clone(),
            from: intent.world["from"].as_i64(),
        };
        if let (Some(cluster), Some(service)) = (&with.cluster, &with.service) {
            let Some(running) = read_service(&self.cloud, cluster, service).await? else {
                return Err(Diagnosis::of(format!(
                    "There is no service `{service}` in the cluster `{cluster}`"
                )));
            };
            let streams = log_streams(&self.cloud, cluster, &running, &with.group).await?;
            if streams.is_empty() {
                return self.cloud.log_group_exists(&with.group).await.map_err(|error| {
                    failed(&format!("The log group {} cannot be looked for", with.group), &error)
                });
            }
            query.streams = streams;
            query.prefix = None;
        }
        let lines = tail.next(&self.cloud, &query).await;
        let Some(lines) =
            lines.map_err(|error| failed(&format!("The log {} cannot be read", with.group), &error))?
        else {
            return Ok(false);
        };
        for line in lines {
            task.progress.line(
                format!("{} {}", with.group, line.log_stream_name),
                Some(line.timestamp),
                line.message.clone(),
            );
            found.take(&line);
        }
        Ok(true)
    }
}

/// What was found so far.
struct Found {
    lines: usize,
    first: Option<String>,
    contains: Vec<(String, Option<String>)>,
    lacks: Vec<(String, Option<String>)>,
}

impl Found {
    fn new(expect: &LogsExpectation) -> Self {
        let none = |texts: &[String]| texts.iter().map(|text| (text.clone(), None)).collect();
        Self { lines: 0, first: None, contains: none(&expect.contains), lacks: none(&expect.lacks) }
    }

    fn take(&mut self, line: &LogLine) {
        self.lines += 1;
        let shown: String = line.message.trim_end().chars().take(SHOWN).collect();
        for (text, place) in self.contains.iter_mut().filter(|(_, place)| place.is_none()) {
            if line.message.contains(text.as_str()) {
                *place = Some(shown.clone());
                self.first.get_or_insert_with(|| shown.clone());
            }
        }
        for (text, place) in self.lacks.iter_mut().filter(|(_, place)| place.is_none()) {
            if line.message.contains(text.as_str()) {
                *place = Some(shown.clone());
            }
        }
    }

    fn all_contained(&self) -> bool {
        self.contains.iter().all(|(_, place)| place.is_some())
    }

    fn something_forbidden(&self) -> bool {
        self.lacks.iter().any(|(_, place)| place.is_some())
    }

    fn sentence(&self, group: &str, exists: bool) -> String {
        if !exists {
            return format!("The log group {group} does not exist yet");
        }
        match self.contains.iter().find(|(_, place)| place.is_none()) {
            Some((text, _)) => format!("{group}: {} lines, waiting for one with “{text}”", self.lines),
            None => format!("{group}: {} lines, watching that nothing forbidden comes", self.lines),
        }
    }

    fn judgements(self, within: Duration, assumed: bool) -> Vec<Judgement> {
        let lines = self.lines;
        let contains = self.contains.into_iter().map(|(text, place)| Judgement {
            what: "a line contains".into(),
            expected: text,
            holds: place.is_some(),
            found: place.unwrap_or_else(|| format!("none of {lines} lines, waited {} s", within.as_secs())),
            assumed,
        });
        let lacks = self.lacks.into_iter().map(|(text, place)| Judgement {
            what: "no line contains".into(),
            expected: text,
            holds: place.is_none(),
            found: place.unwrap_or_else(|| format!("none of {lines} lines, watched {} s", within.as_secs())),
            assumed,
        });
        contains.chain(lacks).collect()
    }
}

/// Where the window begins: a step's intent, or a length of time back from now; the oldest intent of the run otherwise.
fn from(task: &Task, with: &LogsExpect) -> Result<Value, Diagnosis> {
    let Some(since) = &with.since else {
        let oldest = task.began.values().map(|began| began.at.0).min();
        return Ok(json!(oldest.map(|at| at - SKEW)));
    };
    if let Some(began) = task.began.get(since) {
        return Ok(json!(began.at.0 - SKEW));
    }
    match since.parse::<Dur>() {
        Ok(length) => {
            let millis = i64::try_from(length.get().as_millis()).unwrap_or(i64::MAX);
            Ok(json!(task.clock.now().0.saturating_sub(millis)))
        }
        Err(_) => Err(Diagnosis::of(format!(
            "`since: {since}` is neither a step that has begun nor a length of time"
        ))
        .hint("Name a step before this one, or write `10m`.")),
    }
}
