//! Gathers a report from the fold of a run and its events.

mod carry;
mod commands;
mod index;
mod outlook;
mod plan_said;
mod services;

pub(crate) use carry::for_html;

use crate::model::*;
use crate::words;
use holdpoint_plan::{Estimate, Role, Stage, Step, StepId};
use holdpoint_redact::Redactor;
use holdpoint_run::chain::{Event, Stored, hex};
use holdpoint_run::{HoldKey, Interruption, RunEnd, State, Status, Work, interruption};
use index::Index;
use std::collections::BTreeMap;

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The fold of all events.
    pub state: &'a State,
    /// All events, in order.
    pub events: &'a [Event],
    /// The same events as they are stored: for their hashes.
    pub stored: &'a [Stored],
    /// Heads that the device signed.
    pub anchors: &'a [AnchorFact],
    /// What `verify` says of this journal.
    pub verdict: &'a str,
    /// The text of the plan that is walked, where it is at hand.
    pub plan_text: Option<&'a str>,
    /// The plans that were walked, by digest: what a report carries to be checked by; or why it carries nothing.
    pub plans: Result<&'a [(String, Vec<u8>)], &'a str>,
    /// Version of Holdpoint that writes the report.
    pub writer: &'a str,
    /// Knows what must never be seen.
    pub redactor: &'a Redactor,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nothing has happened.
    #[error("run {0} has not begun: there is nothing to report")]
    NotBegun(String),
    /// Events and stored bytes are not of one journal.
    #[error("event {0} has no stored bytes: read the whole journal and report then")]
    Unstored(u64),
    /// A report that cannot be told without a secret, or cannot be written.
    #[error("the report cannot be written: {0}")]
    Form(#[from] serde_json::Error),
}

/// Gathers the report. Everything in it has passed the redactor.
pub fn report(sources: &Sources<'_>) -> Result<Report, ReportError> {
    let Sources { state, events, .. } = *sources;
    let mut index = Index::default();
    for event in events {
        index.take(state, event);
    }
    if index.closed == 0 {
        index.closed = state.seq;
    }
    let told = sources.plan_text.map(plan_said::Told::of);
    let told = told.as_ref();
    let outcome = ending(state, &index);
    let services = services::services(state, &index);
    let obligations = outlook::obligations(state, &index);
    let said = index.plan_event(&state.plan.digest);
    let seen = outlook::Seen {
        state,
        index: &index,
        outcome: &outcome,
        services: &services,
        obligations: &obligations,
        told,
    };
    let summary = outlook::summary(&seen);
    let unredacted = Report {
        format: FORMAT,
        writer: sources.writer.into(),
        summary,
        readiness: plan_said::readiness(state, &index, told),
        costs: told.and_then(|told| plan_said::costs(told, said)),
        next_steps: told.map(|told| plan_said::next_steps(told, said)).unwrap_or_default(),
        commands: commands::commands(state, &index),
        services,
        obligations,
        outcome,
        header: header(sources)?,
        stages: stages(state, &index),
        holds: holds(state, &index),
        checklists: checklists(state, &index),
        rollback: rollback(state, &index),
        outputs: outputs(state, &index),
        events: rows(sources)?,
        chain: Chain {
            events: state.seq,
            head: state.head.clone(),
            anchors: sources.anchors.to_vec(),
            verdict: sources.verdict.into(),
        },
        changes: index.changes_of(state),
        carried: Carried::Not(String::new()),
        choices: index.choices,
        revisions: index.revisions,
        deviations: index.deviations,
        diagnoses: index.diagnoses,
        before: index.pins,
        evidence: index.evidence,
        requests: index.requests,
    };
    let redacted = sources.redactor.redact_value(serde_json::to_value(unredacted)?);
    let report: Report = serde_json::from_value(redacted)?;
    // Byte for byte or not at all: what is carried is looked through, and never changed.
    Ok(Report { carried: carry::carried(sources), ..report })
}

fn header(sources: &Sources<'_>) -> Result<Header, ReportError> {
    let state = sources.state;
    let not_begun = || ReportError::NotBegun(state.run.to_string());
    let started = state.started.as_ref().ok_or_else(not_begun)?;
    let began = state.started_at.ok_or_else(not_begun)?;
    let ended = state.end.map(|(_, at)| at);
    let wall = ended.or(state.updated_at).map_or(0, |at| (at.0 - began.0).max(0));
    Ok(Header {
        title: started.title.clone(),
        run: state.run.clone(),
        mode: started.mode,
        scenario: started.scenario.clone(),
        account: started.target.account.clone(),
        region: started.target.region.clone(),
        role: started.target.role.clone(),
        profile: started.profile.clone(),
        starter: started.starter.person.name.clone(),
        starter_arn: started.starter.arn.clone(),
        starter_verified: started.starter.person.verified,
        started: began,
        ended,
        wall,
        // Durations are milliseconds; a speed of up to thousands keeps them far within a double's whole numbers.
        planned_time: (wall as f64 * started.speed).round() as i64,
        speed: started.speed,
        estimate: seconds(state.plan.estimate),
        plan_path: started.plan_path.clone(),
        plan_digest: started.plan_digest.clone(),
        plan_lines: sources.plan_text.map(|text| text.lines().count()),
        git_sha: started.git_sha.clone(),
        working_copy: started.working_copy.clone(),
        version: started.version.clone(),
        vars: started.vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        event: sources.events.first().map_or(0, |event| event.seq),
    })
}

fn ending(state: &State, index: &Index) -> Ending {
    let walked = || state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps);
    let count = |wanted: Status| walked().filter(|step| state.status(&step.id) == wanted).count();
    let all = walked().count();
    let mut asides = Vec::new();
    for (count, words) in [
        (count(Status::Skipped), "left out"),
        (count(Status::NotPractised), "not practised"),
        (index.assumed, "judged against an assumed answer"),
    ] {
        asides.extend((count > 0).then(|| format!("{count} {words}")));
    }
    let asides = if asides.is_empty() { String::new() } else { format!(" ({})", asides.join(", ")) };
    let sentence = match state.end.map(|(end, _)| end) {
        Some(RunEnd::Done) => format!("The plan was walked to its end: all {all} steps are done{asides}."),
        Some(RunEnd::RolledBack) => {
            let bare = match without_undo(state).count() {
                0 => String::new(),
                1 => "; 1 step that changed something has no undo, and its change stands".to_owned(),
                more => {
                    format!("; {more} steps that changed something have no undo, and their changes stand")
                }
            };
            let why = why(state);
            format!("The deployment was rolled back: every undo of the rollback set succeeded{why}{bare}.")
        }
        Some(RunEnd::PartlyRolledBack) => {
            format!("The deployment was rolled back in part: not every undo was done{}.", why(state))
        }
        Some(RunEnd::Aborted) => {
            let touched = state.steps.values().filter(|step| step.touched).count();
            let left = match touched {
                0 => "nothing had been changed".to_owned(),
                1 => "what 1 step had changed was left as it is".to_owned(),
                more => format!("what {more} steps had changed was left as it is"),
            };
            let by = state.aborted.as_ref().map_or_else(String::new, |(by, why)| {
                format!(" by {}: {}", by.name, why.trim_end_matches('.'))
            });
            format!("The run was given up{by}; {left}.")
        }
        None => format!("The run is open: {}.", open(state)),
    };
    let practice = match state.mode() {
        holdpoint_run::Mode::Live => "",
        holdpoint_run::Mode::Practice => "Practice. ",
    };
    Ending {
        end: state.end.map(|(end, _)| end),
        sentence: format!("{practice}{sentence}"),
        event: index.closed,
    }
}

fn why(state: &State) -> String {
    let reason = state.rollback.as_ref().map(|known| known.reason.trim_end_matches('.'));
    reason.map_or_else(String::new, |reason| format!(", because {reason}"))
}

fn open(state: &State) -> String {
    match interruption(state) {
        None => "it is being driven, or waits to be resumed".into(),
        Some(Interruption::Hold(hold)) => format!("signatures are wanted before {hold}"),
        Some(Interruption::NoGo(hold)) => format!("somebody said no-go before {hold}"),
        Some(Interruption::Asking(work)) => format!("{work} asks a person"),
        Some(Interruption::Failure(work)) => format!("{work} failed, and waits for a decision"),
        Some(Interruption::Unknown(work)) => format!("nobody knows whether {work} took effect"),
        Some(Interruption::Stale(step)) => format!("{step} used a value that has changed since"),
    }
}

fn stages(state: &State, index: &Index) -> Vec<StageReport> {
    let walked = state.plan.stages.iter().filter(|stage| is_walked(stage));
    walked
        .map(|stage| {
            let steps: Vec<_> = stage.steps.iter().map(|step| step_report(state, index, step)).collect();
            let attempts = || steps.iter().flat_map(|step| &step.attempts);
            let began = attempts().map(|attempt| attempt.began).min();
            let ended = attempts().filter_map(|attempt| attempt.ended).max();
            StageReport {
                id: stage.id.clone(),
                title: stage.title.clone(),
                role: stage.role,
                estimate: seconds(stage.estimate),
                wall: began.zip(ended).map(|(began, ended)| (ended.0 - began.0).max(0)),
                steps,
            }
        })
        .collect()
}

fn step_report(state: &State, index: &Index, step: &Step) -> StepReport {
    let work = Work::forward(step.id.clone());
    StepReport {
        id: step.id.clone(),
        title: step.title.clone(),
        kind: step.action.uses.clone(),
        status: state.status(&step.id),
        estimate: seconds(step.estimate),
        stale: state.steps.get(&step.id).map(|known| known.stale.clone()).unwrap_or_default(),
        event: index.newest.get(&work).copied(),
        attempts: index.attempts.get(&work).cloned().unwrap_or_default(),
    }
}

fn holds(state: &State, index: &Index) -> Vec<HoldReport> {
    let mut holds = Vec::new();
    for stage in state.plan.stages.iter().filter(|stage| is_walked(stage)) {
        let of_stage = stage.hold.as_ref().map(|rule| (HoldKey::Stage(stage.id.clone()), rule));
        let of_steps = stage
            .steps
            .iter()
            .filter_map(|step| step.hold.as_ref().map(|rule| (HoldKey::Step(step.id.clone()), rule)));
        holds.extend(of_stage.into_iter().chain(of_steps).map(|(hold, rule)| {
            let known = state.holds.get(&hold);
            HoldReport {
                wants: words::rule(rule),
                satisfied: known.is_some_and(|known| known.satisfied_at.is_some()),
                covers: known.map_or_else(Vec::new, |known| {
                    known.covers.iter().map(|one| (one.name.clone(), one.shown.clone())).collect()
                }),
                event: index.holds.get(&hold).copied(),
                signatures: index.signatures.get(&hold).cloned().unwrap_or_default(),
                hold,
            }
        }));
    }
    holds
}

fn checklists(state: &State, index: &Index) -> Vec<ChecklistReport> {
    let walked = state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps);
    walked
        .filter(|step| !step.items.is_empty())
        .map(|step| ChecklistReport {
            step: step.id.clone(),
            title: step.title.clone(),
            items: step
                .items
                .iter()
                .map(|item| ItemReport {
                    text: item.text.clone(),
                    optional: item.optional,
                    claimed: item.claimed,
                    tick: state
                        .steps
                        .get(&step.id)
                        .and_then(|known| known.items.get(&item.id))
                        .zip(index.ticks.get(&(step.id.clone(), item.id.clone())))
                        .map(|(tick, event)| Tick::of(tick, *event)),
                })
                .collect(),
        })
        .collect()
}

fn rollback(state: &State, index: &Index) -> Option<RollbackReport> {
    let known = state.rollback.as_ref()?;
    Some(RollbackReport {
        by: known.by.name.clone(),
        reason: known.reason.clone(),
        at: known.at,
        event: index.rollback.unwrap_or_default(),
        items: known
            .set
            .iter()
            .map(|item| {
                let work = Work::undo(item.step.clone());
                UndoReport {
                    step: item.step.clone(),
                    kind: item.action.uses.clone(),
                    summary: item.summary.clone(),
                    status: state.work(&work).map_or(Status::Pending, |known| known.status),
                    attempts: index.attempts.get(&work).cloned().unwrap_or_default(),
                }
            })
            .collect(),
        without_undo: without_undo(state).cloned().collect(),
    })
}

/// Steps that changed something, and that the rollback did not take in.
fn without_undo(state: &State) -> impl Iterator<Item = &StepId> {
    let in_set = |step: &StepId| {
        state.rollback.as_ref().is_some_and(|known| known.set.iter().any(|item| &item.step == step))
    };
    state.steps.iter().filter(move |(id, step)| step.touched && !in_set(id)).map(|(id, _)| id)
}

fn outputs(state: &State, index: &Index) -> Vec<OutputReport> {
    let mut outputs = Vec::new();
    for step in state.plan.steps() {
        let Some(known) = state.steps.get(&step.id) else { continue };
        let event = index.succeeded.get(&step.id).copied().unwrap_or_default();
        outputs.extend(known.forward.outputs.iter().map(|(name, output)| {
            let full = format!("steps.{}.outputs.{name}", step.id);
            let uses = |id: &StepId| {
                state
                    .steps
                    .get(id)
                    .is_some_and(|other| other.forward.used.iter().any(|used| used.name == full))
            };
            OutputReport {
                step: step.id.clone(),
                name: name.clone(),
                value: output.seen(),
                digest: output.digest.clone(),
                used_by: state.plan.steps().map(|step| &step.id).filter(|id| uses(id)).cloned().collect(),
                event,
            }
        }));
    }
    outputs
}

fn rows(sources: &Sources<'_>) -> Result<Vec<EventRow>, ReportError> {
    let hashes: BTreeMap<u64, &[u8; 32]> =
        sources.stored.iter().map(|stored| (stored.seq, &stored.hash)).collect();
    let row = |event: &Event| {
        let hash = hashes.get(&event.seq).ok_or(ReportError::Unstored(event.seq))?;
        Ok(EventRow {
            seq: event.seq,
            at: event.at,
            kind: crate::say::kind(&event.event).into(),
            actor: event.actor.clone(),
            says: crate::say::fact(&event.event),
            hash: hex(*hash),
        })
    };
    sources.events.iter().map(row).collect()
}

fn is_walked(stage: &Stage) -> bool {
    match stage.role {
        Role::Before | Role::Deploy | Role::Verify | Role::After => true,
        Role::Rollback | Role::Reference => false,
    }
}

fn seconds(estimate: Option<Estimate>) -> Option<(f64, f64)> {
    estimate.map(|estimate| (estimate.from.as_secs_f64(), estimate.to.as_secs_f64()))
}
