//! `soak`: the same checks again and again for a while.
//!
//! Its chart is told as a rollout note: `{kind: "soak", for_seconds, every_seconds, elapsed_seconds, samples, failures,
//! series: [{check, points: [{at, ok, values: {name: number}}]}]}`.

use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Registry, Task};
use holdpoint_plan::Effect;
use holdpoint_plan::kinds::{self, Soak, SoakCheck};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Points of a chart that are kept of each check.
const POINTS: usize = 500;
/// Found later than this after its intent, a soak was interrupted and begins anew.
const RESTARTED: i64 = 30_000;

/// The kind `soak`.
pub(crate) struct Soaking {
    /// The kinds whose effect is `read`.
    pub(crate) reads: Registry,
}

#[async_trait]
impl Executor for Soaking {
    fn kind(&self) -> &'static str {
        "soak"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: Soak = arguments(&task.with)?;
        if with.every.get().is_zero() {
            return Err(Diagnosis::of("`every` of a soak must be longer than nothing")
                .hint("Correct it in the plan."));
        }
        for check in &with.checks {
            self.executor(check)?.prepare(&part(task, check, &with)).await?;
        }
        Ok(Intent {
            summary: format!("{} checks every {} for {}", with.checks.len(), with.every, with.length),
            world: json!({"prepared_at": task.clock.now().0}),
            ..Intent::default()
        })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`soak` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`soak` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, intent: &Intent, _: &[Receipt]) -> Ending {
        match self.watch(task, intent).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Soaking {
    async fn watch(&self, task: &Task, intent: &Intent) -> Result<Ending, Diagnosis> {
        let with: Soak = arguments(&task.with)?;
        let (length, every) = (with.length.get(), with.every.get());
        let began = task.clock.elapsed();
        let late = intent.world["prepared_at"].as_i64().is_some_and(|at| task.clock.now().0 - at > RESTARTED);
        let note = late.then(|| "it was interrupted: the whole window was watched anew".to_owned());
        let mut record = Record::new(&with);
        let mut round: u32 = 0;
        loop {
            for (index, check) in with.checks.iter().enumerate() {
                let result = self.sample(task, check, &with).await?;
                let failure = record.take(index, task, result);
                record.tell(task, &with, task.clock.elapsed().saturating_sub(began).as_secs_f64());
                if let Some(diagnosis) = failure
                    && record.failures > with.allow_failures
                {
                    return Ok(Ending::Failed(over(diagnosis, &record, &with)));
                }
            }
            round += 1;
            let spent = task.clock.elapsed().saturating_sub(began);
            if spent >= length {
                break;
            }
            let next = every * round;
            task.clock.sleep(next.saturating_sub(spent).min(length - spent)).await;
        }
        let outputs = [("samples", json!(record.samples)), ("failures", json!(record.failures))];
        let judgements = vec![Judgement {
            what: "failed checks".into(),
            expected: format!("at most {}", with.allow_failures),
            found: format!("{} of {}", record.failures, record.samples),
            holds: record.failures <= with.allow_failures,
            assumed: false,
        }];
        Ok(Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note,
        })
    }

    async fn sample(&self, task: &Task, check: &SoakCheck, with: &Soak) -> Result<Sample, Diagnosis> {
        let executor = self.executor(check)?;
        let part = part(task, check, with);
        let intent = match executor.prepare(&part).await {
            Ok(intent) => intent,
            Err(diagnosis) => return Ok(Sample::failed(diagnosis)),
        };
        Ok(match executor.follow(&part, &intent, &[]).await {
            Ending::Succeeded { outputs, judgements, .. } => {
                let told = executor.explains(&outputs);
                let values = outputs.into_iter().filter_map(|(name, output)| {
                    let value = output.value?;
                    value.is_number().then_some((name, value))
                });
                let failure = broken(&name(check), &judgements);
                let failure = failure.map(|failure| failure.with(told));
                Sample { values: values.collect(), failure, skipped: None }
            }
            Ending::Failed(diagnosis)
            | Ending::RolledBackByAws(diagnosis)
            | Ending::Superseded(diagnosis) => Sample::failed(diagnosis),
            Ending::NotPractised(why) => Sample { skipped: Some(why), ..Sample::default() },
        })
    }

    fn executor(&self, check: &SoakCheck) -> Result<&dyn Executor, Diagnosis> {
        let reads = kinds::kind(&check.uses).is_some_and(|kind| kind.effect == Effect::Read);
        let executor = self.reads.get(&check.uses).filter(|_| reads);
        executor.map(|executor| executor.as_ref()).ok_or_else(|| {
            Diagnosis::of(format!("`{}` cannot be part of a soak: only kinds that read can", check.uses))
                .hint("Correct the step in the plan.")
        })
    }
}

#[derive(Default)]
struct Sample {
    values: BTreeMap<String, Value>,
    failure: Option<Diagnosis>,
    skipped: Option<String>,
}

impl Sample {
    fn failed(diagnosis: Diagnosis) -> Self {
        Self { failure: Some(diagnosis), ..Self::default() }
    }
}

/// What was sampled so far.
struct Record {
    samples: u32,
    failures: u32,
    names: Vec<String>,
    points: Vec<VecDeque<Value>>,
}

impl Record {
    fn new(with: &Soak) -> Self {
        let names: Vec<String> = with.checks.iter().map(name).collect();
        Self { samples: 0, failures: 0, points: vec![VecDeque::new(); names.len()], names }
    }

    fn take(&mut self, index: usize, task: &Task, sample: Sample) -> Option<Diagnosis> {
        self.samples += 1;
        let ok = sample.failure.is_none();
        let (at, name) = (task.clock.now(), self.names[index].clone());
        let text = match (&sample.failure, &sample.skipped) {
            (Some(diagnosis), _) => format!("✕ {name}: {}", diagnosis.headline),
            (None, Some(why)) => format!("– {name}: not practised: {why}"),
            (None, None) => {
                let values: Vec<String> =
                    sample.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
                format!("✓ {name} {}", values.join(", ")).trim_end().to_owned()
            }
        };
        task.progress.line("soak", Some(at.0), text);
        if let Some(points) = self.points.get_mut(index) {
            if points.len() == POINTS {
                points.pop_front();
            }
            points.push_back(json!({"at": at.0, "ok": ok, "values": sample.values}));
        }
        self.failures += u32::from(!ok);
        sample.failure
    }

    fn tell(&self, task: &Task, with: &Soak, elapsed: f64) {
        let series = self
            .names
            .iter()
            .zip(&self.points)
            .map(|(name, points)| json!({"check": name, "points": points}));
        task.progress.rollout(json!({
            "kind": "soak",
            "for_seconds": with.length.get().as_secs_f64(),
            "every_seconds": with.every.get().as_secs_f64(),
            "elapsed_seconds": elapsed,
            "samples": self.samples,
            "failures": self.failures,
            "series": series.collect::<Vec<_>>(),
        }));
        task.progress.says(format!("{} checks made, {} failed", self.samples, self.failures));
    }
}

fn part(task: &Task, check: &SoakCheck, with: &Soak) -> Task {
    let mut part = task.clone();
    part.uses.clone_from(&check.uses);
    part.with = Value::Object(check.with.clone());
    part.expect = Value::Object(check.expect.clone());
    part.script = None;
    part.timeout = Some(with.every.get());
    // A sample's own progress would replace the soak's.
    part.progress = holdpoint_engine::Progress::silent(task.work.clone());
    part
}

fn name(check: &SoakCheck) -> String {
    check.name.clone().unwrap_or_else(|| check.uses.clone())
}

fn broken(name: &str, judgements: &[Judgement]) -> Option<Diagnosis> {
    let broken = judgements.iter().find(|judgement| !judgement.holds)?;
    Some(
        Diagnosis::of(format!("{name}: {} is {}, expected {}", broken.what, broken.found, broken.expected))
            .says(name, format!("{}: expected {}, found {}", broken.what, broken.expected, broken.found)),
    )
}

fn over(diagnosis: Diagnosis, record: &Record, with: &Soak) -> Diagnosis {
    let headline = format!(
        "A check failed at sample {} ({} failed, {} allowed): {}",
        record.samples, record.failures, with.allow_failures, diagnosis.headline
    );
    Diagnosis { headline, ..diagnosis }
}
