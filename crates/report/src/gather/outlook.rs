//! The report in short: for those who wait, and for whoever goes on.

use super::index::Index;
use super::plan_said::Told;
use super::{is_walked, open, seconds, without_undo};
use crate::model::*;
use crate::words;
use holdpoint_plan::Step;
use holdpoint_run::{At, Interruption, Mode, RunEnd, State, Status, Work, interruption};

/// What the summaries are made of.
pub(super) struct Seen<'a> {
    pub(super) state: &'a State,
    pub(super) index: &'a Index,
    pub(super) outcome: &'a Ending,
    pub(super) services: &'a [ServiceReport],
    pub(super) obligations: &'a [ObligationReport],
    pub(super) told: Option<&'a Told>,
}

/// Both summaries.
pub(super) fn summary(seen: &Seen<'_>) -> Summary {
    Summary {
        stakeholders: Stakeholders {
            status: say(seen.outcome.sentence.clone(), seen.outcome.event),
            arrival: arrival(seen),
            blocker: blocker(seen),
            risks: risks(seen),
        },
        operator: operator(seen),
    }
}

/// What is left for later, what stands first.
pub(super) fn obligations(state: &State, index: &Index) -> Vec<ObligationReport> {
    let mut all: Vec<ObligationReport> = state
        .obligations
        .values()
        .map(|known| ObligationReport {
            id: known.obligation.id.clone(),
            what: known.obligation.what.clone(),
            owner: known.obligation.owner.clone(),
            due: known.obligation.due,
            step: known.obligation.step.clone(),
            opened: known.opened_at,
            closed: known.closed.as_ref().map(|end| {
                let noted = end.evidence.as_ref().map(|noted| format!(" ({noted})")).unwrap_or_default();
                (end.by.name.clone(), format!("{}{noted}", end.reason), end.at)
            }),
            event: index.obligations.get(&known.obligation.id).copied().unwrap_or_default(),
        })
        .collect();
    all.sort_by_key(|one| (one.closed.is_some(), one.due.map_or(i64::MAX, |due| due.0)));
    all
}

fn say(text: impl Into<String>, event: u64) -> Statement {
    Statement { text: text.into(), event }
}

fn walked(state: &State) -> impl Iterator<Item = &Step> {
    state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps)
}

fn arrival(seen: &Seen<'_>) -> Statement {
    let state = seen.state;
    if let Some((_, at)) = state.end {
        let took = state.started_at.map_or(0, |began| at.0 - began.0);
        return say(format!("It ended at {at}, after {}.", words::duration(took)), seen.index.closed);
    }
    if state.rollback.is_some() {
        return say("It does not arrive: what was changed is being put back.", state.seq);
    }
    let is_open = |step: &&Step| {
        !matches!(
            state.status(&step.id),
            Status::Succeeded | Status::Skipped | Status::NotPractised | Status::Compensated
        )
    };
    let left: Vec<&Step> = walked(state).filter(is_open).collect();
    let known: Vec<(f64, f64)> = left.iter().filter_map(|step| seconds(step.estimate)).collect();
    let unknown = left.len() - known.len();
    let (from, to) = known.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let more = match unknown {
        0 => String::new(),
        1 => ", and 1 step that nobody has estimated".to_owned(),
        more => format!(", and {more} steps that nobody has estimated"),
    };
    let text = match (known.is_empty(), state.updated_at) {
        (false, Some(newest)) => {
            let speed = state.started.as_ref().map_or(1.0, |started| started.speed.max(f64::MIN_POSITIVE));
            // Estimates are minutes to hours: whole milliseconds are exact enough.
            let at = |seconds: f64| At(newest.0.saturating_add((seconds * 1000.0 / speed) as i64));
            let when = if from == to { at(to).to_string() } else { format!("{} to {}", at(from), at(to)) };
            format!(
                "{} steps are left, of which the plan estimates {}{more}: not before {when}, counted from the newest event, and without what people take.",
                left.len(),
                words::estimate(Some((from, to)))
            )
        }
        _ => format!("{} steps are left{more}: when it arrives is not known.", left.len()),
    };
    say(text, state.seq)
}

fn blocker(seen: &Seen<'_>) -> Option<Statement> {
    let state = seen.state;
    if state.end.is_some() {
        return None;
    }
    let waits = interruption(state)?;
    let (headline, event) = match &waits {
        Interruption::Failure(work) | Interruption::Unknown(work) => {
            (newest_diagnosis(seen, work), newest(seen, work))
        }
        Interruption::Asking(work) => (None, newest(seen, work)),
        Interruption::Hold(hold) | Interruption::NoGo(hold) => {
            (None, seen.index.holds.get(hold).copied().unwrap_or(state.seq))
        }
        Interruption::Stale(step) => (None, newest(seen, &Work::forward(step.clone()))),
    };
    let because = headline.map_or_else(String::new, |headline| format!(": {headline}"));
    Some(say(format!("{}{because}.", capital(&open(state))), event))
}

fn newest(seen: &Seen<'_>, work: &Work) -> u64 {
    seen.index.newest.get(work).copied().unwrap_or(seen.state.seq)
}

fn newest_diagnosis(seen: &Seen<'_>, work: &Work) -> Option<String> {
    let all = seen.index.diagnoses.iter().rev();
    let mut of = all.filter(|one| &one.work == work);
    of.next().map(|one| one.diagnosis.headline.trim_end_matches('.').to_owned())
}

fn risks(seen: &Seen<'_>) -> Vec<Statement> {
    let (state, index) = (seen.state, seen.index);
    let mut risks = Vec::new();
    if let Some(risk) = seen.told.and_then(Told::risk) {
        let text = format!("The plan calls its risk: {}.", risk.trim_end_matches('.'));
        risks.push(say(text, index.plan_event(&state.plan.digest)));
    }
    for deviation in &index.deviations {
        let text = match deviation.kind {
            DeviationKind::GlassBroken => {
                format!("Glass was broken: one person passed the hold before {} alone.", deviation.about)
            }
            DeviationKind::NotPractised => format!("{} was not practised.", deviation.about),
            DeviationKind::Assumed => format!("{} was judged against an assumed answer.", deviation.about),
            DeviationKind::Skipped => {
                format!("{} was left out: {}.", deviation.about, deviation.why.trim_end_matches('.'))
            }
            DeviationKind::Kept => format!("{} was kept although what it used has changed.", deviation.about),
            DeviationKind::SkippedByCondition
            | DeviationKind::Retried
            | DeviationKind::Settled
            | DeviationKind::TickedByHand
            | DeviationKind::HoldVoided
            | DeviationKind::PlanReplaced
            | DeviationKind::DriverChanged
            | DeviationKind::Aborted => continue,
        };
        risks.push(say(text, deviation.event));
    }
    for service in seen.services {
        if let Some(note) = service.note.as_ref().filter(|note| note.starts_with("not certain")) {
            risks.push(say(format!("What {} runs is {note}.", service.key), service.now.event));
        }
    }
    if state.rollback.is_some() {
        for step in without_undo(state) {
            let event = newest(seen, &Work::forward(step.clone()));
            risks.push(say(format!("What {step} changed was not put back."), event));
        }
    }
    for owed in seen.obligations.iter().filter(|one| one.closed.is_none()) {
        risks.push(say(format!("Left for later: {}.", owed.what.trim_end_matches('.')), owed.event));
    }
    // Several judgements of one step make one risk.
    let mut once: Vec<Statement> = Vec::new();
    risks.retain(|risk| {
        let is_new = !once.contains(risk);
        once.push(risk.clone());
        is_new
    });
    risks
}

/// Where to go on, what stands, what must not be forgotten: each with the command that shows or does it.
fn operator(seen: &Seen<'_>) -> Vec<Statement> {
    let (state, index) = (seen.state, seen.index);
    let run = &state.run;
    let mut says = Vec::new();
    match state.end {
        None => {
            let text = format!(
                "The run is open: `holdpoint resume {run}` goes on with it, `holdpoint show {run}` shows it."
            );
            says.push(say(text, state.seq));
        }
        Some((RunEnd::Done, _)) => says.push(say("Nothing is left to walk.", index.closed)),
        Some((RunEnd::RolledBack, _)) => {
            says.push(say("What the run changed was put back; what had no undo stands.", index.closed));
        }
        Some((RunEnd::PartlyRolledBack | RunEnd::Aborted, _)) => {
            let text = "The run ended with changes in place: the table of changes says which stand.";
            says.push(say(text, index.closed));
        }
    }
    if let Some(Interruption::Failure(work) | Interruption::Unknown(work)) = interruption(state) {
        let of = index.diagnoses.iter().rev().find(|one| one.work == work);
        let repairs = of.into_iter().flat_map(|one| {
            let known = one.diagnosis.known.iter().flat_map(|known| known.repairs.iter());
            known
                .chain(&one.diagnosis.hints)
                .map(|repair| say(format!("To mend {work}: {repair}"), one.event))
        });
        says.extend(repairs);
    }
    let can_go_back = state.end.is_none() && state.rollback.is_none() && state.mode() == Mode::Live;
    if can_go_back && state.steps.values().any(|step| step.touched) {
        let text = format!("`holdpoint rollback {run} --preview` says what going back would do.");
        says.push(say(text, state.seq));
    }
    for service in seen.services {
        let (before, now) = (words::side(&service.before), words::side(&service.now));
        let text = match before == now {
            true => format!("{} is as it was: {now}.", service.key),
            false => format!("{} was {before}, and is {now}.", service.key),
        };
        says.push(say(text, service.now.event));
    }
    for step in walked(state) {
        let Some(known) = state.steps.get(&step.id).filter(|known| !known.stale.is_empty()) else { continue };
        let text = format!("{} used what has changed since: {}.", step.id, known.stale.join(", "));
        says.push(say(text, newest(seen, &Work::forward(step.id.clone()))));
    }
    for owed in seen.obligations.iter().filter(|one| one.closed.is_none()) {
        let due = owed.due.map_or_else(String::new, |due| format!(", due {due}"));
        let owner = owed.owner.as_ref().map_or_else(String::new, |owner| format!(", for {owner}"));
        let text = format!(
            "Still to be done{due}{owner}: {}. `holdpoint obligations close {run} {} --reason …` closes it.",
            owed.what.trim_end_matches('.'),
            owed.id
        );
        says.push(say(text, owed.event));
    }
    says
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
