//! `logs`: what services say, several groups as one, followed without gaps.

use crate::args::Logs;
use crate::commands::sessions;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_engine::{Clock as _, MachineClock};
use holdpoint_identity::Env;
use holdpoint_plan::kinds::Dur;
use holdpoint_run::{At, Diagnosis};
use holdpoint_steps::{LogEntry, LogPlace, LogReader};
use regex::Regex;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Time between two looks: FilterLogEvents may be called five times a second in an account, by everybody together.
const POLL: Duration = Duration::from_secs(2);

/// Prints what stands in the logs, and with `--follow` what comes.
pub(crate) async fn logs(args: &Logs, env: &Env) -> Result<Exit, Problem> {
    let usage = |text: String| Problem::new(text).code("usage");
    let places = places(args).map_err(usage)?;
    let since: Dur = args.since.parse().map_err(|error| usage(format!("--since {}: {error}", args.since)))?;
    let pattern = args.grep.as_deref().map(Regex::new).transpose();
    let pattern = pattern.map_err(|error| usage(format!("--grep: {error}")))?;
    let session = sessions::open(env, args.profile.as_deref(), args.region.as_deref()).await?;
    let back = i64::try_from(since.get().as_millis()).unwrap_or(i64::MAX);
    let from = MachineClock::new(1.0).now().0.saturating_sub(back);
    let mut reader = LogReader::open(&session, &places, Some(from)).await.map_err(told)?;
    let many = reader.groups().iter().collect::<BTreeSet<_>>().len() > 1;
    let mut told_missing = BTreeSet::new();
    loop {
        let entries = reader.next().await.map_err(told)?;
        for entry in entries.iter().filter(|entry| wanted(pattern.as_ref(), entry)) {
            print(entry, many, args.json);
        }
        for group in reader.missing() {
            if told_missing.insert(group.clone()) {
                output::note(format!("there is no log group {group} yet"));
            }
        }
        if !args.follow {
            let none_there = told_missing.len() == reader.groups().iter().collect::<BTreeSet<_>>().len();
            return Ok(if none_there { Exit::Failed } else { Exit::Done });
        }
        tokio::time::sleep(POLL).await;
    }
}

fn places(args: &Logs) -> Result<Vec<LogPlace>, String> {
    let mut places: Vec<LogPlace> = args.group.iter().cloned().map(LogPlace::Group).collect();
    for named in &args.service {
        let (cluster, service) = named
            .split_once('/')
            .filter(|(cluster, service)| !cluster.is_empty() && !service.is_empty())
            .ok_or_else(|| format!("--service {named}: name it as CLUSTER/SERVICE"))?;
        places.push(LogPlace::Service { cluster: cluster.into(), service: service.into() });
    }
    places.extend(args.apprunner.iter().cloned().map(LogPlace::AppRunner));
    match places.is_empty() {
        true => Err("name what to read: --group, --service CLUSTER/SERVICE or --apprunner NAME".into()),
        false => Ok(places),
    }
}

fn wanted(pattern: Option<&Regex>, entry: &LogEntry) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(&entry.text))
}

fn print(entry: &LogEntry, with_group: bool, as_json: bool) {
    if as_json {
        let (group, stream, text) = (&entry.group, &entry.stream, &entry.text);
        let at = At(entry.at).to_string();
        output::raw(&format!("{}\n", json!({"at": at, "group": group, "stream": stream, "text": text})));
        return;
    }
    // Only a line of ours begins at the margin.
    let text = entry.text.trim_end().replace('\n', "\n    ");
    let (at, group) = (At(entry.at), &entry.group);
    match with_group {
        true => output::line(format!("{at}  {group}  {text}")),
        false => output::line(format!("{at}  {text}")),
    }
}

fn told(diagnosis: Diagnosis) -> Problem {
    let problem = Problem::new(diagnosis.headline.clone());
    diagnosis.hints.iter().fold(problem, |problem, hint| problem.hint(hint.clone()))
}
