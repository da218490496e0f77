//! How an apply ended: applied, in part, not at all, killed; and what is left to do after one that was killed.

use super::bench::{Bench, Teller, over};
use super::envelope::Envelope;
use super::faults::{self, Fault};
use super::job::{End, Place};
use super::stream::{Stand, Stream};
use super::table::Action;
use holdpoint_engine::{Stops, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

/// Addresses that a receipt names; the others are counted.
const NAMED: usize = 200;

/// An apply that ended.
pub(crate) struct Applying<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) envelope: &'a Envelope,
    pub(crate) stream: &'a Stream,
    pub(crate) complaints: &'a str,
    pub(crate) end: End,
    /// It was interrupted, since its time was over.
    pub(crate) late: bool,
}

/// How.
pub(crate) enum Outcome {
    /// It is over, as the body of a receipt says.
    Over(Value),
    /// Nothing was applied.
    Nothing(Diagnosis),
    /// It was killed at work.
    Killed(Diagnosis),
}

/// Tells them apart.
pub(crate) fn conclude(applying: &Applying<'_>) -> Outcome {
    let Applying { bench, envelope, stream, complaints, end, late } = applying;
    let name = bench.name();
    match end {
        End::Exit(0) => Outcome::Over(json!({
            "outcome": "applied",
            "summary": stream.summary,
            "changes": envelope.facts.changes.len(),
        })),
        End::Exit(_) => {
            let fault = faults::fault(stream);
            let did = match (late, stream.began()) {
                (true, _) => format!("{name} was interrupted: it worked longer than the step's timeout"),
                (false, true) => format!("{name} applied the plan in part"),
                (false, false) => format!("{name} could not apply"),
            };
            let told = faults::told(&did, bench.program.name, stream, complaints);
            if !stream.began() {
                return Outcome::Nothing(told);
            }
            let outcome = if fault == Fault::Interrupted || *late { "interrupted" } else { "partial" };
            Outcome::Over(json!({
                "outcome": outcome,
                "done": named(stream.that_are(Stand::Done)),
                "failed": named(stream.that_are(Stand::Failed)),
                "begun": named(stream.that_are(Stand::Going)),
                "left": named(stream.that_are(Stand::Waiting)),
                "diagnosis": told,
            }))
        }
        End::Killed if !stream.began() => Outcome::Nothing(
            Diagnosis::of(format!("{name} was killed before it began to apply; nothing was changed"))
                .says("Standard error", last(complaints))
                .hint("Retry. If the state is locked then, its last holder is the one that was killed."),
        ),
        End::Killed => Outcome::Killed(
            Diagnosis::of(format!("{name} was killed while it applied the plan"))
                .says("Done", list(&stream.that_are(Stand::Done)))
                .says("Begun", list(&stream.that_are(Stand::Going)))
                .says("Not begun", list(&stream.that_are(Stand::Waiting))),
        ),
    }
}

/// A failure that a receipt holds; `None` for what was applied.
pub(crate) fn failed(body: &Value) -> Option<Diagnosis> {
    let outcome = body["outcome"].as_str().unwrap_or("applied");
    if outcome == "applied" {
        return None;
    }
    let told: Diagnosis = serde_json::from_value(body["diagnosis"].clone()).unwrap_or_default();
    let part = |name: &str| {
        let all: Vec<String> = body[name]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect();
        list(&all)
    };
    let headline = match outcome {
        "interrupted" => "Terraform was interrupted: the plan is applied in part",
        "killed" => "Terraform was killed: the plan is applied in part",
        _ => "The plan is applied in part",
    };
    // What Terraform complained of comes first in its own words; the sums are ours.
    let mut diagnosis = Diagnosis { headline: format!("{headline}: {}", told.headline), ..told };
    if outcome == "killed" {
        diagnosis.headline = headline.to_owned();
    }
    diagnosis = diagnosis.says("Done", part("done"));
    for (name, title) in [("failed", "Failed"), ("begun", "Begun, not ended"), ("left", "Not done")] {
        if body[name].as_array().is_some_and(|all| !all.is_empty()) {
            diagnosis = diagnosis.says(title, part(name));
        }
    }
    if let Some(serial) = body["state"]["serial"].as_u64() {
        diagnosis = diagnosis.says("State", format!("serial {serial}"));
    }
    Some(diagnosis.hint(
        "This plan is spent. Plan again: the new plan shows what is left to do. Have it signed, and apply that one.",
    ))
}

/// What a fresh plan with the same arguments still wants to do: it reads, without the lock that a killed Terraform left.
pub(crate) async fn left_to_do(
    task: &Task,
    bench: &Bench,
    envelope: &Envelope,
) -> Result<Vec<(String, String)>, Diagnosis> {
    let with = &envelope.facts.with;
    let file = task.scratch.join("look.tfplan");
    let mut arguments = bench.plan_arguments(task, with)?;
    arguments.push("-lock=false".into());
    arguments.push(format!("-out={}", file.display()));
    task.progress.says("Terraform was killed: looking at what is left to do");
    let place = Place::of(&task.scratch, "look");
    let job = place.start(&bench.program.path, &arguments, &bench.folder, &bench.around).await?;
    let mut guard = job.guard();
    let mut teller = Teller::new(task, Stream::new("look"));
    let (end, _) = job.watch(|line| teller.take(line), over(task, task.timeout), &Stops::never()).await;
    guard.0 = None;
    let stream = teller.end();
    let complaints = place.complaints().await;
    place.forget().await;
    if !matches!(end, End::Exit(0 | 2)) {
        return Err(faults::told(
            "What is left to do cannot be planned",
            bench.program.name,
            &stream,
            &complaints,
        ));
    }
    let shown = bench.show(&file, ()).await;
    // It was for looking only.
    let _ = std::fs::remove_file(&file);
    let (shown, ()) = shown?;
    Ok(shown
        .changes
        .rows
        .iter()
        .filter(|row| row.action != Action::Read)
        .map(|row| (row.address.clone(), row.action.as_str().to_owned()))
        .collect())
}

/// The body of a receipt after a kill: what is not left to do any more is done.
pub(crate) fn killed_body(
    bench: &Bench,
    envelope: &Envelope,
    stream: &Stream,
    left: &[(String, String)],
) -> Value {
    let is_left = |address: &str| left.iter().any(|(other, _)| other == address);
    let facts = &envelope.facts;
    let (open, done): (Vec<_>, Vec<_>) = facts.changes.iter().partition(|(address, _)| is_left(address));
    if left.is_empty() {
        return json!({"outcome": "applied", "changes": facts.changes.len(), "killed": true});
    }
    let words = |all: Vec<&(String, String)>| {
        named(all.into_iter().map(|(address, action)| format!("{action} {address}")).collect())
    };
    let held = Diagnosis::of("It was killed").says("It had begun", list(&stream.that_are(Stand::Going))).hint(format!(
        "What was begun may exist and be unknown to the state: look for it in AWS before you plan again, and take it over with `import`. \
         If the state is locked: `{} force-unlock <ID>`, with the ID that the next plan names.",
        bench.program.name
    ));
    json!({
        "outcome": "killed",
        "done": words(done),
        "left": words(open),
        "diagnosis": held,
    })
}

fn named(all: Vec<String>) -> Value {
    let more = all.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = all.into_iter().take(NAMED).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    json!(shown)
}

fn list(all: &[String]) -> String {
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

fn last(text: &str) -> String {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing").to_owned()
}
