//! Two reports → beside each other.

use super::step_of::work_status;
use super::{ComparedRun, ComparedSide, ComparedStep, ComparedValue, ComparisonView};
use holdpoint_report::{Attempt, OutputReport, Report, ServiceReport, StepReport};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest value that is shown, in characters.
const LONGEST: usize = 200;

/// Puts two reports beside each other.
pub(crate) fn comparison(one: &Report, other: &Report) -> ComparisonView {
    let steps = |report: &Report| -> Vec<(String, StepReport)> {
        let all = report.stages.iter().flat_map(|stage| &stage.steps);
        all.map(|step| (step.id.to_string(), step.clone())).collect()
    };
    let (mine, theirs) = (steps(one), steps(other));
    let find = |all: &[(String, StepReport)], id: &str| {
        all.iter().find(|(of, _)| of == id).map(|(_, step)| step.clone())
    };
    let only_mine = mine.iter().filter(|(id, _)| find(&theirs, id).is_none());
    let names = theirs.iter().chain(only_mine).map(|(id, _)| id.clone());
    let steps = names.map(|id| step(one, other, &id, find(&mine, &id), find(&theirs, &id))).collect();
    ComparisonView {
        one: run(one),
        other: run(other),
        differs: wholes(one, other),
        steps,
        services: services(one, other),
    }
}

fn run(report: &Report) -> ComparedRun {
    let header = &report.header;
    ComparedRun {
        run: header.run.to_string(),
        title: header.title.clone(),
        mode: header.mode,
        scenario: header.scenario.clone(),
        account: header.account.clone(),
        outcome: report.outcome.sentence.clone(),
        started_at: header.started.to_string(),
        took: seconds(header.planned_time, 1.0),
        plan_digest: header.plan_digest.clone(),
    }
}

/// Milliseconds by the clock as seconds of the plan's time.
fn seconds(milliseconds: i64, speed: f64) -> f64 {
    // A run's length is far within a double's whole numbers.
    milliseconds as f64 * speed / 1000.0
}

fn wholes(one: &Report, other: &Report) -> Vec<String> {
    let (mine, theirs) = (&one.header, &other.header);
    let mut differs = Vec::new();
    let mut unlike = |what: &str, mine: String, theirs: String| {
        if mine != theirs {
            differs.push(format!("{what}: {mine}, and {theirs}"));
        }
    };
    unlike("mode", mine.mode.to_string(), theirs.mode.to_string());
    let scenario = |of: &Option<String>| of.clone().unwrap_or_else(|| "none".into());
    unlike("scenario", scenario(&mine.scenario), scenario(&theirs.scenario));
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    unlike("plan", short(&mine.plan_digest), short(&theirs.plan_digest));
    unlike("account", mine.account.clone(), theirs.account.clone());
    unlike("region", mine.region.clone(), theirs.region.clone());
    let commit = |of: &Option<String>| of.clone().unwrap_or_else(|| "none".into());
    unlike("commit", commit(&mine.git_sha), commit(&theirs.git_sha));
    unlike("Holdpoint", mine.version.clone(), theirs.version.clone());
    let end = |report: &Report| report.outcome.end.map_or("open", |end| end.in_words()).to_owned();
    unlike("end", end(one), end(other));
    let vars: BTreeSet<&String> = mine.vars.iter().chain(&theirs.vars).map(|(name, _)| name).collect();
    for name in vars {
        let of = |vars: &[(String, Value)]| {
            let value = vars.iter().find(|(of, _)| of == name).map(|(_, value)| shown(value));
            value.unwrap_or_else(|| "not there".into())
        };
        unlike(&format!("variable {name}"), of(&mine.vars), of(&theirs.vars));
    }
    differs
}

fn step(
    one: &Report,
    other: &Report,
    id: &str,
    mine: Option<StepReport>,
    theirs: Option<StepReport>,
) -> ComparedStep {
    let title = theirs.as_ref().or(mine.as_ref()).map(|step| step.title.clone()).unwrap_or_default();
    let differs = match (&mine, &theirs) {
        (Some(mine), Some(theirs)) => unlike(mine, theirs),
        (Some(_), None) => vec!["only the first plan has it".into()],
        (None, Some(_)) => vec!["only the second plan has it".into()],
        (None, None) => Vec::new(),
    };
    ComparedStep {
        step: id.to_owned(),
        title,
        differs,
        outputs: outputs(one, other, id),
        one: mine.map(|step| side(&step, one.header.speed)),
        other: theirs.map(|step| side(&step, other.header.speed)),
    }
}

fn side(step: &StepReport, speed: f64) -> ComparedSide {
    let ended = |attempt: &Attempt| Some((attempt.ended?.0 - attempt.began.0).max(0));
    let took: Vec<i64> = step.attempts.iter().filter_map(ended).collect();
    ComparedSide {
        status: work_status(step.status),
        took: (!took.is_empty()).then(|| seconds(took.iter().sum(), speed)),
        attempts: u32::try_from(step.attempts.len()).unwrap_or(u32::MAX),
        said: step.attempts.last().and_then(|attempt| attempt.note.clone()),
        event: step.event.map(|event| u32::try_from(event).unwrap_or(u32::MAX)),
    }
}

/// What differs in how a step went.
fn unlike(mine: &StepReport, theirs: &StepReport) -> Vec<String> {
    let mut differs = Vec::new();
    if mine.status != theirs.status {
        let word = |step: &StepReport| {
            let value = serde_json::to_value(work_status(step.status)).unwrap_or_default();
            value.as_str().unwrap_or_default().replace('_', " ")
        };
        differs.push(format!("{}, and {}", word(mine), word(theirs)));
    }
    if mine.kind != theirs.kind {
        differs.push(format!("{}, and {}", mine.kind, theirs.kind));
    }
    if mine.attempts.len() != theirs.attempts.len() {
        let times = |step: &StepReport| match step.attempts.len() {
            1 => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        differs.push(format!("{}, and {}", times(mine), times(theirs)));
    }
    let judged =
        |step: &StepReport| step.attempts.last().map(|last| last.judgements.clone()).unwrap_or_default();
    let (mine, theirs) = (judged(mine), judged(theirs));
    for judgement in &mine {
        let other =
            theirs.iter().find(|other| other.what == judgement.what && other.expected == judgement.expected);
        if let Some(other) =
            other.filter(|other| other.holds != judgement.holds || other.assumed != judgement.assumed)
        {
            let word = |holds: bool, assumed: bool| match (holds, assumed) {
                (true, true) => "assumed",
                (true, false) => "held",
                (false, _) => "did not hold",
            };
            differs.push(format!(
                "{}: {}, and {}",
                judgement.what,
                word(judgement.holds, judgement.assumed),
                word(other.holds, other.assumed)
            ));
        }
    }
    differs
}

fn outputs(one: &Report, other: &Report, id: &str) -> Vec<ComparedValue> {
    let of = |report: &Report| -> Vec<OutputReport> {
        report.outputs.iter().filter(|output| output.step.as_str() == id).cloned().collect()
    };
    let (mine, theirs) = (of(one), of(other));
    let names: BTreeSet<&String> = mine.iter().chain(&theirs).map(|output| &output.name).collect();
    let find = |all: &[OutputReport], name: &str| all.iter().find(|output| output.name == name).cloned();
    let pairs = names.into_iter().map(|name| (name, find(&mine, name), find(&theirs, name)));
    let differ = pairs.filter(|(_, mine, theirs)| {
        mine.as_ref().map(|output| &output.digest) != theirs.as_ref().map(|output| &output.digest)
    });
    let value = |output: Option<OutputReport>| {
        output.map(|output| match &output.value {
            Some(value) => shown(value),
            None if output.digest.is_empty() => "secret".into(),
            None => "null".into(),
        })
    };
    differ
        .map(|(name, mine, theirs)| ComparedValue {
            name: name.clone(),
            one: value(mine),
            other: value(theirs),
        })
        .collect()
}

/// What each service runs in the end.
fn services(one: &Report, other: &Report) -> Vec<ComparedValue> {
    let keys: BTreeSet<&String> =
        one.services.iter().chain(&other.services).map(|service| &service.key).collect();
    let runs =
        |report: &Report, key: &str| report.services.iter().find(|service| service.key == key).map(now);
    keys.into_iter()
        .map(|key| ComparedValue { name: key.clone(), one: runs(one, key), other: runs(other, key) })
        .collect()
}

fn now(service: &ServiceReport) -> String {
    let now = &service.now;
    if !now.exists {
        return "absent".into();
    }
    let mut parts: Vec<String> = now.revision.iter().cloned().collect();
    parts.extend(now.count.map(|count| if count == 1 { "1 task".into() } else { format!("{count} tasks") }));
    parts.extend(now.images.iter().map(|(_, image)| image.clone()));
    if parts.is_empty() { "there".into() } else { parts.join(", ") }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
