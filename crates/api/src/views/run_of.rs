//! A run's state → as shown.

use super::back_of::{rollback_set, whole_set};
use super::plan_of::{estimate, hold_rule};
use super::step_of::{seconds_between, status, step_view};
use super::{
    CoveredView, DriverView, GlassView, HoldView, Identity, IdentityStanding, LapseView, OutputView,
    PersonView, RunStatus, RunSummary, RunView, SignatureView, StageView, StandingNote, StepStatus,
    StopAsked, StopView, Waiting, WaitingKind, Weight, standing_notes,
};
use crate::marks::{alias_of, colour_of, weight_of};
use holdpoint_engine::{Board, Lapse};
use holdpoint_identity::Prefs;
use holdpoint_known::Shelf;
use holdpoint_plan::{Role, Stage, Step};
use holdpoint_run::{
    At, HoldKey, HoldState, Interruption, Mode, Person, RunEnd, Signature, Started, State, Status, Work,
    interruption,
};

/// What a view is made of.
pub(crate) struct RunFacts<'a> {
    pub(crate) state: &'a State,
    pub(crate) board: &'a Board,
    /// The plan's text, for the prose before each step.
    pub(crate) text: &'a str,
    /// What the operator chose.
    pub(crate) prefs: &'a Prefs,
    /// Names that may sign here; empty where this process does not drive.
    pub(crate) signers: Vec<String>,
    /// Who drives, where that is not this process.
    pub(crate) driven_by: Option<String>,
    /// This process drives.
    pub(crate) driven_here: bool,
    /// The work that can be stopped here, and whether that was asked for already; true when hard.
    pub(crate) stoppable: Option<(Work, Option<bool>)>,
    pub(crate) interruption: Option<Interruption>,
    /// Known problems of one's own, where something has failed.
    pub(crate) own: Option<&'a Shelf>,
    pub(crate) now: At,
}

impl<'a> RunFacts<'a> {
    pub(crate) fn new(state: &'a State, board: &'a Board, text: &'a str, prefs: &'a Prefs, now: At) -> Self {
        let interruption = interruption(state);
        Self {
            state,
            board,
            text,
            prefs,
            signers: Vec::new(),
            driven_by: None,
            driven_here: false,
            stoppable: None,
            interruption,
            own: None,
            now,
        }
    }

    /// The prose before a step, as HTML that is safe to show.
    pub(super) fn prose(&self, step: &Step) -> Option<String> {
        let span = step.prose?;
        let markdown = self.text.get(span.start..span.end)?.trim();
        (!markdown.is_empty()).then(|| super::step_of::html_of(markdown))
    }
}

/// The whole view; `None` for a run that has not begun.
pub(crate) fn run_view(facts: &RunFacts<'_>) -> Option<RunView> {
    let state = facts.state;
    let started = state.started.as_ref()?;
    Some(RunView {
        run: state.run.to_string(),
        seq: state.seq,
        title: started.title.clone(),
        plan_path: started.plan_path.clone(),
        plan_digest: state.plan.digest.clone(),
        mode: started.mode,
        speed: started.speed,
        scenario: started.scenario.clone(),
        status: run_status(facts),
        said: run_said(facts),
        started_at: iso(state.started_at),
        started_by: person(&started.starter.person),
        ended_at: state.end.map(|(_, at)| at.to_string()),
        estimate: state.plan.estimate.map(estimate),
        identity: identity(facts, started),
        driven_by: facts.driven_by.clone().map(|what| DriverView { what }),
        resumable: is_left(facts),
        standing: standing(facts),
        updated_at: iso(state.updated_at),
        stages: state.plan.stages.iter().map(|stage| stage_view(facts, stage)).collect(),
        current: current(facts).map(|step| step.id.to_string()),
        hold: hold_in_view(facts),
        outputs: outputs(state),
        rollback: rollback_set(state, whole_set(state)),
        people: people(facts, started),
        wants: facts.board.wants.clone(),
        lapsed: lapse(facts)
            .map(|lapse| LapseView { session: lapse.session.clone(), said: lapse.said.clone() }),
        stop: facts.stoppable.as_ref().map(|(work, asked)| StopView {
            step: work.step.to_string(),
            asked: match asked {
                None => StopAsked::No,
                Some(false) => StopAsked::Gently,
                Some(true) => StopAsked::Hard,
            },
        }),
        broken: state.broken.iter().map(|(hold, by)| glass(state, hold, by)).collect(),
        halted: facts.board.halted.clone(),
        head: state.head.clone(),
    })
}

/// A run in a list; `None` for one that has not begun.
pub(crate) fn run_summary(facts: &RunFacts<'_>) -> Option<RunSummary> {
    let state = facts.state;
    let started = state.started.as_ref()?;
    let walked = || state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps);
    let done = walked().filter(|step| state.status(&step.id).is_done()).count();
    Some(RunSummary {
        run: state.run.to_string(),
        title: started.title.clone(),
        plan_path: started.plan_path.clone(),
        mode: started.mode,
        status: run_status(facts),
        account: started.target.account.clone(),
        alias: alias_of(facts.prefs, &started.target.account),
        weight: weight(facts, started).0,
        weight_guessed: weight(facts, started).1,
        started_at: iso(state.started_at),
        started_by: started.starter.person.name.clone(),
        ended_at: state.end.map(|(_, at)| at.to_string()),
        steps_done: u32::try_from(done).unwrap_or(u32::MAX),
        steps_total: u32::try_from(walked().count()).unwrap_or(u32::MAX),
        glass_broken: !state.broken.is_empty(),
        said: run_said(facts),
        updated_at: iso(state.updated_at),
        driven_by: facts.driven_by.clone().map(|what| DriverView { what }),
        standing: standing(facts),
    })
}

/// Whether it is open, and nobody drives it.
fn is_left(facts: &RunFacts<'_>) -> bool {
    facts.state.end.is_none() && !facts.driven_here && facts.driven_by.is_none()
}

fn standing(facts: &RunFacts<'_>) -> Vec<StandingNote> {
    if is_left(facts) { standing_notes(facts.state, facts.now) } else { Vec::new() }
}

/// What of a run waits for a person.
pub(crate) fn waiting(facts: &RunFacts<'_>) -> Option<Waiting> {
    let state = facts.state;
    let started = state.started.as_ref()?;
    if state.end.is_some() {
        return None;
    }
    let kind = match run_status(facts) {
        RunStatus::Interrupted => WaitingKind::Interrupted,
        RunStatus::Held => WaitingKind::Hold,
        RunStatus::NeedsDecision | RunStatus::Failed => WaitingKind::Failure,
        RunStatus::WaitingForPerson => WaitingKind::Person,
        RunStatus::Running
        | RunStatus::RollingBack
        | RunStatus::Succeeded
        | RunStatus::RolledBack
        | RunStatus::Aborted => return None,
    };
    Some(Waiting {
        run: state.run.to_string(),
        kind,
        title: run_said(facts),
        plan: started.title.clone(),
        place: match started.mode {
            Mode::Live => format!("{} {}", started.target.account, started.target.region),
            Mode::Practice => "practice".to_owned(),
        },
        since: iso(state.updated_at),
        by: Some(started.starter.person.name.clone()),
    })
}

fn run_status(facts: &RunFacts<'_>) -> RunStatus {
    match facts.state.end.map(|(end, _)| end) {
        Some(RunEnd::Done) => return RunStatus::Succeeded,
        Some(RunEnd::RolledBack | RunEnd::PartlyRolledBack) => return RunStatus::RolledBack,
        Some(RunEnd::Aborted) => return RunStatus::Aborted,
        None => {}
    }
    if facts.board.halted.is_some() {
        return RunStatus::Failed;
    }
    if !facts.driven_here && facts.driven_by.is_none() {
        return RunStatus::Interrupted;
    }
    match &facts.interruption {
        Some(Interruption::Hold(_)) => RunStatus::Held,
        Some(Interruption::Asking(_)) => RunStatus::WaitingForPerson,
        Some(
            Interruption::NoGo(_)
            | Interruption::Failure(_)
            | Interruption::Unknown(_)
            | Interruption::Stale(_),
        ) => RunStatus::NeedsDecision,
        None if lapse(facts).is_some() => RunStatus::WaitingForPerson,
        None if facts.state.rollback.is_some() => RunStatus::RollingBack,
        None if !facts.board.wants.is_empty() => RunStatus::WaitingForPerson,
        None => RunStatus::Running,
    }
}

/// The sign-in that somebody has to renew.
fn lapse<'a>(facts: &'a RunFacts<'_>) -> Option<&'a Lapse> {
    facts.board.lapsed.as_ref().filter(|lapse| !lapse.mended)
}

fn run_said(facts: &RunFacts<'_>) -> String {
    let state = facts.state;
    let title =
        |work: &Work| state.plan.step(&work.step).map_or_else(|| work.to_string(), |step| step.title.clone());
    match state.end.map(|(end, _)| end) {
        Some(RunEnd::Done) => return "done: every step".into(),
        Some(RunEnd::RolledBack) => return "rolled back: everything that it changed was put back".into(),
        Some(RunEnd::PartlyRolledBack) => return "rolled back in part: see what was left out".into(),
        Some(RunEnd::Aborted) => {
            let why =
                state.aborted.as_ref().map(|(by, why)| format!(" by {}: {why}", by.name)).unwrap_or_default();
            return format!("aborted{why}");
        }
        None => {}
    }
    if let Some(why) = &facts.board.halted {
        return format!("stopped: {why}");
    }
    let what = match &facts.interruption {
        Some(Interruption::Hold(hold)) => format!("waits for signatures before {}", hold_title(state, hold)),
        Some(Interruption::NoGo(hold)) => format!("no-go before {}", hold_title(state, hold)),
        Some(Interruption::Asking(work)) => format!("waits for a person: {}", title(work)),
        Some(Interruption::Failure(work)) => format!("{} failed: what now?", title(work)),
        Some(Interruption::Unknown(work)) => format!("{}: nobody knows whether it took effect", title(work)),
        Some(Interruption::Stale(step)) => format!("{} is stale", title(&Work::forward(step.clone()))),
        None => match (lapse(facts), current(facts)) {
            (Some(_), Some(step)) => format!("waits for a sign-in: {}", step.title),
            (Some(lapse), None) => lapse.said.clone(),
            (None, Some(step)) => step.title.clone(),
            (None, None) => "beginning".into(),
        },
    };
    match (facts.driven_here, &facts.driven_by) {
        (false, None) => format!("interrupted; {what}"),
        (false, Some(_)) | (true, _) => what,
    }
}

fn stage_view(facts: &RunFacts<'_>, stage: &Stage) -> StageView {
    let state = facts.state;
    let times = |pick: fn(&holdpoint_run::WorkState) -> Option<At>| {
        stage
            .steps
            .iter()
            .filter_map(move |step| state.steps.get(&step.id).and_then(|known| pick(&known.forward)))
    };
    let from = times(|known| known.began_at).min();
    let to = times(|known| known.ended_at).max();
    StageView {
        id: stage.id.to_string(),
        title: stage.title.clone(),
        role: stage.role,
        status: stage_status(state, stage),
        estimate: stage.estimate.map(estimate),
        spent: from.zip(to).map(|(from, to)| seconds_between(from.0, to.0)),
        hold: stage.hold.as_ref().and_then(|_| hold_view(facts, &HoldKey::Stage(stage.id.clone()))),
        steps: stage.steps.iter().map(|step| step_view(facts, step)).collect(),
    }
}

/// The worst of its steps; else the first that goes on; else done or not begun.
fn stage_status(state: &State, stage: &Stage) -> StepStatus {
    let all: Vec<StepStatus> = stage.steps.iter().map(|step| status(state, step)).collect();
    let order = [
        StepStatus::Failed,
        StepStatus::Unknown,
        StepStatus::RolledBackByAws,
        StepStatus::Superseded,
        StepStatus::Verifying,
        StepStatus::Waiting,
        StepStatus::Running,
        StepStatus::Held,
        StepStatus::Ready,
        StepStatus::Blocked,
    ];
    let worst = order.into_iter().find(|status| all.contains(status));
    let begun = all.iter().any(|status| *status != StepStatus::Pending);
    let done = stage.steps.iter().all(|step| state.status(&step.id).is_done());
    let undone = stage.steps.iter().any(|step| state.status(&step.id) == Status::Compensated);
    match worst {
        Some(status) => status,
        None if undone => StepStatus::Compensated,
        None if done && !all.is_empty() => StepStatus::Succeeded,
        None if begun && state.end.is_none() && state.rollback.is_none() => StepStatus::Running,
        None => StepStatus::Pending,
    }
}

/// The step that waits, goes on, or comes next.
fn current<'a>(facts: &'a RunFacts<'_>) -> Option<&'a Step> {
    let state = facts.state;
    let of = |work: &Work| state.plan.step(&work.step);
    match &facts.interruption {
        Some(Interruption::Asking(work) | Interruption::Failure(work) | Interruption::Unknown(work)) => {
            of(work)
        }
        Some(Interruption::Stale(step)) => state.plan.step(step),
        Some(Interruption::Hold(_) | Interruption::NoGo(_)) | None => match &state.rollback {
            Some(rollback) => rollback
                .set
                .iter()
                .find(|item| {
                    !state.work(&Work::undo(item.step.clone())).is_some_and(|known| known.status.is_done())
                })
                .and_then(|item| state.plan.step(&item.step)),
            None => walked(state).find(|step| !state.status(&step.id).is_done()),
        },
    }
}

/// The hold that the run stands at, or the next one ahead.
fn hold_in_view(facts: &RunFacts<'_>) -> Option<HoldView> {
    let state = facts.state;
    if state.end.is_some() || state.rollback.is_some() {
        return None;
    }
    if let Some(Interruption::Hold(hold) | Interruption::NoGo(hold)) = &facts.interruption {
        return hold_view(facts, hold);
    }
    let ahead = state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| {
        let of_stage = stage.hold.as_ref().map(|_| HoldKey::Stage(stage.id.clone()));
        let of_steps =
            stage.steps.iter().filter(|step| step.hold.is_some()).map(|step| HoldKey::Step(step.id.clone()));
        of_stage.into_iter().chain(of_steps)
    });
    let open = |hold: &HoldKey| state.holds.get(hold).is_none_or(|known| known.satisfied_at.is_none());
    let next = ahead.filter(open).find(|hold| !is_passed(state, hold))?;
    hold_view(facts, &next)
}

fn is_passed(state: &State, hold: &HoldKey) -> bool {
    match hold {
        HoldKey::Step(step) => state.status(step).is_done(),
        HoldKey::Stage(stage) => {
            let first = state.plan.stage(stage).and_then(|stage| stage.steps.first());
            first.is_some_and(|step| state.status(&step.id).is_done())
        }
    }
}

fn hold_view(facts: &RunFacts<'_>, hold: &HoldKey) -> Option<HoldView> {
    let state = facts.state;
    let rule = state.rule_of(hold)?;
    let known = state.holds.get(hold);
    let waits = match &facts.interruption {
        Some(Interruption::Hold(now) | Interruption::NoGo(now)) => now == hold,
        Some(_) | None => false,
    };
    let title = hold_title(state, hold);
    Some(HoldView {
        id: match hold {
            HoldKey::Stage(id) => format!("stage:{id}"),
            HoldKey::Step(id) => format!("step:{id}"),
        },
        title: format!("Go or no-go for {title}"),
        stands_before: title.clone(),
        open: waits,
        rule: hold_rule(rule),
        covers: known.map(|known| known.covers.iter().map(covered).collect()).unwrap_or_default(),
        signatures: known.map(signatures).unwrap_or_default(),
        not_yet: (!waits).then(|| format!("when the run arrives at {title}")),
    })
}

fn glass(state: &State, hold: &HoldKey, by: &Signature) -> GlassView {
    GlassView {
        before: hold_title(state, hold),
        person: person(&by.signer.person),
        at: by.signer.at.to_string(),
        reason: by.reason.clone().unwrap_or_default(),
    }
}

fn covered(one: &holdpoint_run::Covered) -> CoveredView {
    CoveredView { label: one.name.clone(), value: one.shown.clone() }
}

fn signatures(known: &HoldState) -> Vec<SignatureView> {
    let standing = known.signatures.iter().map(|one| signature(one, None));
    let voided = known.voided.iter().map(|(one, why)| signature(one, Some(why.clone())));
    voided.chain(standing).collect()
}

fn signature(one: &Signature, void: Option<String>) -> SignatureView {
    SignatureView {
        person: person(&one.signer.person),
        at: one.signer.at.to_string(),
        decision: one.decision,
        reason: one.reason.clone(),
        auto: one.auto,
        void,
    }
}

fn hold_title(state: &State, hold: &HoldKey) -> String {
    match hold {
        HoldKey::Stage(id) => {
            state.plan.stage(id).map_or_else(|| id.to_string(), |stage| stage.title.clone())
        }
        HoldKey::Step(id) => state.plan.step(id).map_or_else(|| id.to_string(), |step| step.title.clone()),
    }
}

fn outputs(state: &State) -> Vec<OutputView> {
    let mut shown = Vec::new();
    for step in state.plan.steps() {
        let Some(known) = state.steps.get(&step.id) else { continue };
        for (name, output) in &known.forward.outputs {
            let full = format!("steps.{}.outputs.{name}", step.id);
            let users = state.plan.steps().filter(|user| {
                state
                    .steps
                    .get(&user.id)
                    .is_some_and(|known| known.forward.used.iter().any(|used| used.name == full))
            });
            let stale = state.steps.values().any(|known| known.stale.contains(&full));
            shown.push(OutputView {
                step: step.id.to_string(),
                name: name.clone(),
                value: output.value.as_ref().map(text_of).unwrap_or_default(),
                secret: output.is_secret(),
                at: iso(known.forward.ended_at),
                from: step.title.clone(),
                used_by: users.map(|user| user.title.clone()).collect(),
                stale,
            });
        }
    }
    shown
}

fn text_of(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn people(facts: &RunFacts<'_>, started: &Started) -> Vec<PersonView> {
    let verified = |name: &String| match started.mode {
        Mode::Practice => true,
        Mode::Live => name == &started.profile && started.starter.person.verified,
    };
    facts.signers.iter().map(|name| PersonView { name: name.clone(), verified: verified(name) }).collect()
}

fn identity(facts: &RunFacts<'_>, started: &Started) -> Identity {
    let newest = facts
        .state
        .steps
        .values()
        .filter_map(|step| step.forward.identity.as_ref())
        .max_by_key(|checked| checked.at);
    let checked = newest.unwrap_or(&started.starter);
    Identity {
        profile: Some(started.profile.clone()),
        account: started.target.account.clone(),
        alias: alias_of(facts.prefs, &started.target.account),
        role: started.target.role.clone(),
        region: started.target.region.clone(),
        arn: Some(checked.arn.clone()),
        weight: weight(facts, started).0,
        weight_guessed: weight(facts, started).1,
        colour: colour_of(facts.prefs, &started.target.account),
        standing: IdentityStanding::Checked,
        problem: None,
        session: None,
        checked_at: Some(checked.at.to_string()),
        clocks: Vec::new(),
    }
}

/// How careful to be, and whether that is a guess.
fn weight(facts: &RunFacts<'_>, started: &Started) -> (Weight, bool) {
    match started.mode {
        Mode::Practice => (Weight::Practice, false),
        Mode::Live => weight_of(facts.prefs, Some(&started.target.account), &[&started.profile]),
    }
}

fn person(person: &Person) -> PersonView {
    PersonView { name: person.name.clone(), verified: person.verified }
}

fn walked(state: &State) -> impl Iterator<Item = &Step> {
    state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps)
}

fn is_walked(stage: &Stage) -> bool {
    match stage.role {
        Role::Before | Role::Deploy | Role::Verify | Role::After => true,
        Role::Rollback | Role::Reference => false,
    }
}

fn iso(at: Option<At>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}
