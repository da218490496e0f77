//! Why a step did not go as asked → as shown, with the known problems that it shows.

use super::step_of::seconds_between;
use super::{DiagnosisView, FactView, KnownView, LogLine, OwnView};
use holdpoint_engine::evidence;
use holdpoint_known::{OwnMatch, Shelf};
use holdpoint_plan::StepId;
use holdpoint_run::{Diagnosis, Outcome, State, Status, Work, WorkState};

/// Lines that a diagnosis shows.
const LAST_LINES: usize = 32;

/// The work of a step that is shown: what undoes it, once that has begun.
pub(crate) fn shown_work(state: &State, step: &StepId) -> Work {
    let undo = Work::undo(step.clone());
    let has_begun = state.work(&undo).is_some_and(|known| known.status != Status::Pending);
    if state.rollback.is_some() && has_begun { undo } else { Work::forward(step.clone()) }
}

/// Why this work did not go as asked, where it did not.
pub(crate) fn told(known: &WorkState) -> Option<&Diagnosis> {
    let told = match known.outcome.as_ref()? {
        Outcome::Failed(told)
        | Outcome::RolledBackByAws(told)
        | Outcome::Superseded(told)
        | Outcome::Unknown(told) => told,
        Outcome::Succeeded { .. } | Outcome::NotPractised { .. } => return None,
    };
    (known.status != Status::Pending).then_some(told)
}

/// Whether any step of a run shows why it did not go as asked.
pub(crate) fn has_failed(state: &State) -> bool {
    let work =
        |step: &holdpoint_plan::Step| state.work(&shown_work(state, &step.id)).and_then(told).is_some();
    state.plan.steps().any(work)
}

pub(super) fn diagnosis(known: &WorkState, own: Option<&Shelf>) -> Option<DiagnosisView> {
    let told = told(known)?;
    let took = known.began_at.zip(known.ended_at).map(|(began, ended)| seconds_between(began.0, ended.0));
    let tone = |who: &str| match who {
        "Last words" => "code",
        "What AWS says" => "danger",
        _ => "plain",
    };
    let fact = |said: &holdpoint_run::Said| FactView {
        label: said.who.clone(),
        text: said.what.clone(),
        tone: tone(&said.who).to_owned(),
    };
    let first = told.last_log.len().saturating_sub(LAST_LINES);
    let line = |(text, number): (&String, u64)| LogLine {
        number,
        at: None,
        source: String::new(),
        text: text.clone(),
        mark: None,
    };
    Some(DiagnosisView {
        title: told.headline.clone(),
        took,
        facts: told.says.iter().map(fact).collect(),
        last_lines: told.last_log.iter().skip(first).zip(first as u64 + 1..).map(line).collect(),
        known: known_views(told, own),
        own_faults: own.map(own_faults).unwrap_or_default(),
        hints: told.hints.clone(),
    })
}

/// The known problems that a diagnosis shows: one's own as their files are now, then those that were found when it
/// was made.
pub(crate) fn known_views(told: &Diagnosis, own: Option<&Shelf>) -> Vec<KnownView> {
    let of_own = |found: OwnMatch<'_>| {
        let problem = &found.own.problem;
        KnownView {
            id: problem.id.clone(),
            title: problem.title.trim().to_owned(),
            meaning: problem.meaning.trim().to_owned(),
            cause: Some(problem.cause.trim().to_owned()).filter(|cause| !cause.is_empty()),
            repairs: problem.repairs.clone(),
            own: Some(OwnView { owner: found.own.owner.word().to_owned(), file: found.own.path.clone() }),
        }
    };
    let of_ours = |one: &holdpoint_run::KnownProblem| KnownView {
        id: one.id.clone(),
        title: one.title.clone(),
        meaning: one.meaning.clone(),
        cause: None,
        repairs: one.repairs.clone(),
        own: None,
    };
    let found = own.map(|own| own.find(&evidence(told))).unwrap_or_default();
    found.into_iter().map(of_own).chain(told.known.iter().map(of_ours)).collect()
}

/// What is wrong with files of one's own, each with its place.
pub(crate) fn own_faults(own: &Shelf) -> Vec<String> {
    own.faults().iter().map(|(path, fault)| format!("{path}:{fault}")).collect()
}
