//! `logs.expect`: lines that CloudWatch Logs must, and must not, show.
//!
//! `contains` and `in_order` are waited for; in `lacks` the whole window must pass, since a line that is not there yet is not absent.

mod order;
mod reader;

pub use reader::{LogEntry, LogPlace, LogReader};

use crate::ecs::{log_places, log_streams, read_service};
use crate::failure::{arguments, failed};
use crate::near;
use crate::words::{Weight, weight};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, LogLine, LogQuery, MergedTail};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{Dur, LogsExpect, LogsExpectation};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use order::Order;
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
        let places = match groups(&with)? {
            named if named.is_empty() => {
                format!("the log of {}", with.service.as_deref().unwrap_or_default())
            }
            named => named.join(" and "),
        };
        Ok(Intent {
            summary: format!("Look for lines in {places}"),
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
        let groups = self.groups(&with).await?;
        let query = |group: &String| LogQuery {
            group: group.clone(),
            streams: with.streams.clone(),
            prefix: with.stream_prefix.clone(),
            from: intent.world["from"].as_i64(),
        };
        // Event ids tell lines apart, also when other streams are looked at because tasks were replaced.
        let mut tail = MergedTail::new(groups.iter().map(query));
        let mut found = Found::new(&expect);
        loop {
            // The last look reads the whole window once more: a line that came late must not be missed.
            let last = task.clock.elapsed() >= deadline;
            self.look(&with, task, &mut tail, &mut found, last).await?;
            let enough = found.all_contained() && found.order.holds() && !expect.watches();
            if enough || found.something_forbidden() || last {
                break;
            }
            task.progress.says(found.sentence(&groups.join(" and "), tail.missing()));
            task.clock.sleep(POLL).await;
        }
        if !tail.missing().is_empty() {
            let hint = self.near_names(tail.missing()).await;
            let headline =
                format!("There is no log group `{}` in this account and region", tail.missing().join("`, `"));
            let told = Diagnosis::of(headline)
                .hint("A log group, a service and a family may have different names: compare them.")
                .hint("Does a container of this service log at all, and with that group?");
            return Ok(Ending::Failed(match hint {
                Some(hint) => told.hint(hint),
                None => told,
            }));
        }
        let outputs = [
            ("lines", json!(found.lines)),
            ("errors", json!(found.errors.count)),
            ("warnings", json!(found.warnings.count)),
            ("first_match", json!(found.first)),
        ];
        Ok(Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            note: (found.lines == 0)
                .then(|| format!("{} exists and has no line in this window", groups.join(" and "))),
            judgements: found.judgements(within, self.assumed),
        })
    }

    /// Reads what is new; with `whole`, what came late, too.
    async fn look(
        &self,
        with: &LogsExpect,
        task: &Task,
        tail: &mut MergedTail,
        found: &mut Found,
        whole: bool,
    ) -> Result<(), Diagnosis> {
        if let (Some(cluster), Some(service)) = (&with.cluster, &with.service)
            && !self.narrow(cluster, service, tail).await?
        {
            let looked = tail.look_for(&self.cloud).await;
            return looked.map_err(|error| failed("The log groups cannot be looked for", &error));
        }
        let lines = match whole {
            true => tail.whole(&self.cloud).await,
            false => tail.next(&self.cloud).await,
        };
        let lines = lines.map_err(|error| failed("The log cannot be read", &error))?;
        for (group, line) in lines {
            let source = format!("{group} {}", line.log_stream_name);
            task.progress.line(source, Some(line.timestamp), line.message.clone());
            found.take(&group, &line);
        }
        Ok(())
    }

    /// Narrows the groups to streams of the service's running deployment. False while there is none to read.
    async fn narrow(&self, cluster: &str, service: &str, tail: &mut MergedTail) -> Result<bool, Diagnosis> {
        let Some(running) = read_service(&self.cloud, cluster, service).await? else {
            return Err(near::no_service(&self.cloud, cluster, service).await);
        };
        let mut streams = BTreeMap::new();
        for group in tail.groups() {
            let of = log_streams(&self.cloud, cluster, &running, &group).await?;
            streams.insert(group, of);
        }
        tail.narrow(|query| {
            query.streams = streams.get(&query.group).cloned().unwrap_or_default();
            query.prefix = None;
        });
        Ok(streams.values().any(|streams| !streams.is_empty()))
    }

    /// Groups that there are and whose names are near, as a hint.
    async fn near_names(&self, missing: &[String]) -> Option<String> {
        let first = missing.first()?;
        let all = self.cloud.log_groups().await.ok()?;
        let mut likely: Vec<String> = near::meant(first, &all).into_iter().collect();
        let last = first.rsplit('/').find(|part| !part.is_empty())?;
        let stem: String = last.chars().take_while(|one| *one != '-' && *one != '_').collect();
        let alike = all.iter().filter(|group| !stem.is_empty() && group.contains(&stem));
        likely.extend(
            alike.filter(|group| Some(*group) != likely.first()).take(4).cloned().collect::<Vec<_>>(),
        );
        (!likely.is_empty()).then(|| format!("Did you mean `{}`?", likely.join("`, `")))
    }

    /// The groups that are named, else those that the service's containers log to.
    async fn groups(&self, with: &LogsExpect) -> Result<Vec<String>, Diagnosis> {
        let named = groups(with)?;
        let (true, Some(cluster), Some(name)) = (named.is_empty(), &with.cluster, &with.service) else {
            return Ok(named);
        };
        let Some(service) = read_service(&self.cloud, cluster, name).await? else {
            return Err(near::no_service(&self.cloud, cluster, name).await);
        };
        let mut all: Vec<String> =
            log_places(&self.cloud, &service).await?.into_iter().map(|(group, _)| group).collect();
        all.sort();
        all.dedup();
        match all.is_empty() {
            false => Ok(all),
            true => Err(Diagnosis::of(format!("No container of {name} logs to CloudWatch"))
                .hint("Give its containers a `logConfiguration` with `awslogs`, or name a `group`.")),
        }
    }
}

/// The groups that a step names; none where it names a service.
fn groups(with: &LogsExpect) -> Result<Vec<String>, Diagnosis> {
    let groups: Vec<String> = with.group.iter().chain(&with.groups).cloned().collect();
    match groups.is_empty() && with.service.is_none() {
        false => Ok(groups),
        true => Err(Diagnosis::of("`logs.expect` wants a `group`, several `groups`, or a `service`")
            .hint("Correct the step in the plan.")),
    }
}

/// What was found so far.
struct Found {
    lines: usize,
    first: Option<String>,
    contains: Vec<(String, Option<String>)>,
    order: Order,
    lacks: Vec<(String, Option<String>)>,
    errors: Counted,
    warnings: Counted,
}

/// Lines of one weight.
#[derive(Debug, Default)]
struct Counted {
    count: u32,
    first: Option<String>,
    most: Option<u32>,
}

impl Counted {
    fn up_to(most: Option<u32>) -> Self {
        Self { most, ..Self::default() }
    }

    fn take(&mut self, shown: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| shown.to_owned());
    }

    fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.count > most)
    }

    fn judgement(&self, what: &str, assumed: bool) -> Option<Judgement> {
        let most = self.most?;
        let first = self.first.as_ref().map(|line| format!(", the first: {line}")).unwrap_or_default();
        Some(Judgement {
            what: format!("lines with {what}"),
            expected: format!("at most {most}"),
            found: format!("{}{first}", self.count),
            holds: !self.is_over(),
            assumed,
        })
    }
}

impl Found {
    fn new(expect: &LogsExpectation) -> Self {
        let none = |texts: &[String]| texts.iter().map(|text| (text.clone(), None)).collect();
        Self {
            lines: 0,
            first: None,
            contains: none(&expect.contains),
            order: Order::of(&expect.in_order),
            lacks: none(&expect.lacks),
            errors: Counted::up_to(expect.errors_at_most),
            warnings: Counted::up_to(expect.warnings_at_most),
        }
    }

    fn take(&mut self, group: &str, line: &LogLine) {
        self.lines += 1;
        self.order.take(group, line);
        let shown: String = line.message.trim_end().chars().take(SHOWN).collect();
        match weight(&line.message) {
            Weight::Error => self.errors.take(&shown),
            Weight::Warning => self.warnings.take(&shown),
            Weight::Plain => {}
        }
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
            || self.errors.is_over()
            || self.warnings.is_over()
    }

    fn sentence(&self, group: &str, missing: &[String]) -> String {
        if !missing.is_empty() {
            return format!("{} does not exist yet", missing.join(" and "));
        }
        let wanting = self.contains.iter().find(|(_, place)| place.is_none()).map(|(text, _)| text.as_str());
        match wanting.or_else(|| self.order.wanting()) {
            Some(text) => format!("{group}: {} lines, waiting for one with “{text}”", self.lines),
            None => format!("{group}: {} lines, watching that nothing forbidden comes", self.lines),
        }
    }

    fn judgements(self, within: Duration, assumed: bool) -> Vec<Judgement> {
        let lines = self.lines;
        let counts = [self.errors.judgement("errors", assumed), self.warnings.judgement("warnings", assumed)];
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
        let order = self.order.judgement(within, assumed);
        contains.chain(order).chain(lacks).chain(counts.into_iter().flatten()).collect()
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
