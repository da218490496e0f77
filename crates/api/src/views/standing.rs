//! What is known and what is not of a run that nobody drives: told before somebody goes on with it.

use holdpoint_plan::{NameUsed, names_used};
use holdpoint_run::{At, State, Status, Work};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StandingSort {
    /// It is so.
    Known,
    /// It is found out first, or a person says.
    Unknown,
    /// It is asked for again.
    Asked,
}

/// One thing that is known, or is not, of an open run that this process does not drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "StandingNote")]
pub struct StandingNote {
    /// How sure it is.
    pub sort: StandingSort,
    /// In a sentence.
    pub says: String,
}

/// What stands of an open run: what is unknown first, then what is known, then what is asked for again.
pub(crate) fn standing_notes(state: &State, now: At) -> Vec<StandingNote> {
    let mut notes: Vec<StandingNote> = clock_behind(state, now).into_iter().collect();
    let lane = |id: &holdpoint_plan::StepId| match state.rollback.is_some() {
        true => Work::undo(id.clone()),
        false => Work::forward(id.clone()),
    };
    notes.extend(state.plan.steps().filter_map(|step| of_work(state, &lane(&step.id), &step.title)));
    notes.extend(secrets(state));
    notes.sort_by_key(|note| match note.sort {
        StandingSort::Unknown => 0,
        StandingSort::Known => 1,
        StandingSort::Asked => 2,
    });
    notes
}

fn note(sort: StandingSort, says: String) -> StandingNote {
    StandingNote { sort, says }
}

fn of_work(state: &State, work: &Work, title: &str) -> Option<StandingNote> {
    let undo = if work.is_undo() { "the undo of " } else { "" };
    let what = format!("{undo}{title}");
    let says = match state.work(work)?.status {
        Status::Running => {
            return Some(note(StandingSort::Known, format!("{what}: prepared; nothing of it was sent")));
        }
        Status::Waiting | Status::Verifying => {
            let says =
                format!("{what}: sent and accepted; it goes on without us, and is followed to its true end");
            return Some(note(StandingSort::Known, says));
        }
        Status::Sent => format!(
            "{what}: it was being sent, and the answer is not in the journal; what can be looked at is looked at first, and nothing is sent twice blindly"
        ),
        Status::Unknown => format!("{what}: nobody knows whether it took effect; you say, with what is seen"),
        Status::Pending
        | Status::Asking
        | Status::Succeeded
        | Status::Failed
        | Status::RolledBackByAws
        | Status::Superseded
        | Status::Skipped
        | Status::Compensated
        | Status::NotPractised => return None,
    };
    Some(note(StandingSort::Unknown, says))
}

/// Secrets that steps to come use: they were in a memory that is gone.
fn secrets(state: &State) -> Option<StandingNote> {
    let open = state.plan.steps().filter(|step| !state.status(&step.id).is_done());
    let used: BTreeSet<String> = open
        .flat_map(names_used)
        .filter_map(|name| if let NameUsed::Var(name) = name { Some(name) } else { None })
        .collect();
    let secret = state.plan.vars.iter().filter(|var| var.secret && used.contains(&var.name));
    let names: Vec<&str> = secret.map(|var| var.name.as_str()).collect();
    let says = match names.as_slice() {
        [] => return None,
        [one] => format!("the secret {one} was in memory alone: it is asked for when a step needs it"),
        several => {
            format!(
                "the secrets {} were in memory alone: each is asked for when a step needs it",
                several.join(", ")
            )
        }
    };
    Some(note(StandingSort::Asked, says))
}

/// A clock that was set back says nothing true of what ends when: signatures, sign-ins, due dates.
fn clock_behind(state: &State, now: At) -> Option<StandingNote> {
    const DRIFT: i64 = 60_000;
    let newest = state.updated_at.filter(|newest| newest.0.saturating_sub(now.0) > DRIFT)?;
    let minutes = (newest.0 - now.0) / 60_000;
    Some(note(
        StandingSort::Unknown,
        format!(
            "this machine's clock is {minutes} min behind the run's newest event, of {newest}: set it before signatures are judged by it"
        ),
    ))
}
