//! Random commands, legal or not: whatever is accepted folds, replays to the same state, and keeps what may never break.

use crate::driver::{Run, done_by, outcome, receipt};
use crate::people::signature;
use crate::plans::{ACCOUNT, id, plan};
use holdpoint_plan::{ItemId, StageId};
use holdpoint_run::{
    Adopted, Adoption, At, Choice, Command, Diagnosis, Effect, Fact, HoldKey, How, Lane, Mode, RunEnd,
    Status, Work, differences, next,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const PLAN: [&str; 9] = [
    "stage before",
    "read ping",
    "stage deploy hold=1,else needs=before",
    "change api undo uses=ping",
    "twice worker undo hold=2",
    "change extra when=steps.ping.outputs.value:second undo",
    "stage verify",
    "read check uses=api needs=worker",
    "list signoff item=a,from:check item=b",
];

const STEPS: [&str; 6] = ["ping", "api", "worker", "extra", "check", "signoff"];
const ENDS: [&str; 6] =
    ["succeeded", "failed", "rolled_back_by_aws", "superseded", "unknown", "not_practised"];

/// One thing that somebody does: what the driver is told to, or anything else on any step.
fn act(run: &mut Run, choice: (u8, u8, u8)) {
    let (what, which, how) = choice;
    let step = STEPS[usize::from(which) % STEPS.len()];
    let undo = how % 5 == 0;
    let work = if undo { Work::undo(id(step)) } else { Work::forward(id(step)) };
    let action = usize::from(how % 2);
    let by = done_by("alice");
    let command = match what % 26 {
        // The driver goes on, mostly.
        0..=8 => match next(&run.state) {
            Some(effect) => return step_on(run, effect, how),
            None => return,
        },
        9 | 10 => {
            let hold = if how % 2 == 0 {
                HoldKey::Stage(StageId::new("deploy").unwrap())
            } else {
                HoldKey::Step(id("worker"))
            };
            let who = ["alice", "bob", "carol", "build?", "bob/admin"][usize::from(which) % 5];
            let words: Vec<String> =
                if how % 7 == 0 { vec!["nogo".into(), "reason=no".into()] } else { Vec::new() };
            let signature = signature(&run.state, &hold, who, &words, run.now);
            Command::Sign { hold, signature: Box::new(signature) }
        }
        11 => Command::Choose { work, choice: Choice::Retry { mended: None }, by },
        12 => Command::Choose { work, choice: Choice::Skip { reason: "no".into() }, by },
        13 => Command::Choose { work, choice: Choice::TookEffect { action, receipt: receipt() }, by },
        14 => Command::Choose { work, choice: Choice::TookNoEffect { action, reason: "seen".into() }, by },
        15 => Command::Tick {
            step: id("signoff"),
            item: ItemId::new(if how % 2 == 0 { "a" } else { "b" }).unwrap(),
            on: how % 3 > 0,
            by,
            reason: (how % 4 > 0).then(|| "seen".into()),
            evidence: None,
        },
        16 => Command::Conclude { work, outcome: Box::new(outcome(ENDS[usize::from(how) % ENDS.len()])) },
        17 => Command::Send { work, action },
        18 => Command::Receive { work, action, receipt: receipt(), how: How::Observed },
        19 => Command::BecomeUnknown { work, diagnosis: Box::new(Diagnosis::of("lost")) },
        20 if how.is_multiple_of(8) => {
            let only = (which % 3 == 0).then(|| [id(step)].into());
            Command::RollBack { by, reason: "enough".into(), only, accepts: BTreeMap::new() }
        }
        20 if how % 8 == 1 => Command::Abort { by, reason: "enough".into() },
        20 => Command::TakeOver { driver: "2".into(), reason: "resumed".into() },
        21 if how.is_multiple_of(2) => {
            run.values.insert(id("ping"), serde_json::json!(["first", "second"][usize::from(which % 2)]));
            return;
        }
        22 => {
            let hold = HoldKey::Stage(StageId::new("deploy").unwrap());
            let words: Vec<String> = if how % 3 == 0 { vec!["reason=fire".into()] } else { Vec::new() };
            let signature = signature(&run.state, &hold, "dave", &words, run.now);
            Command::BreakGlass { hold, signature: Box::new(signature) }
        }
        23 => {
            run.now = At(run.now.0 + i64::from(how) * 3_600_000);
            return;
        }
        24 => match adopted(run, how) {
            Some(adopted) => Command::Adopt(Box::new(adopted)),
            None => return,
        },
        _ => Command::Close { end: RunEnd::Done },
    };
    // A refusal stores nothing, which is all that is asked of it.
    let before = format!("{:?}", run.state);
    if run.command(command).is_err() {
        assert_eq!(before, format!("{:?}", run.state));
    }
}

/// The plan, edited: another condition here, a step more or less there.
fn adopted(run: &mut Run, how: u8) -> Option<Adopted> {
    let edited = match how % 3 {
        0 => PLAN.map(|line| line.replace("change extra", "change other")),
        1 => PLAN.map(|line| line.replace("read check", "read check needs=api")),
        _ => PLAN.map(str::to_owned),
    };
    let plan = Arc::new(plan(&edited.iter().map(String::as_str).collect::<Vec<_>>()));
    run.state.know(Arc::clone(&plan));
    let changes = differences(&run.state, &plan).ok()?;
    let fate = if how.is_multiple_of(2) { Adoption::Keep } else { Adoption::Again };
    Some(Adopted {
        digest: plan.digest.clone(),
        path: "a.plan.md".into(),
        by: done_by("alice"),
        reason: "it was wrong".into(),
        fates: changes.iter().filter(|one| one.decide).map(|one| (one.step.clone(), fate)).collect(),
        changes,
        vars: BTreeMap::new(),
        pins: Vec::new(),
        undo: run.undo_of(&plan),
    })
}

/// The driver's next effect, sometimes ending badly or with the answer lost.
#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]
fn step_on(run: &mut Run, effect: Effect, how: u8) {
    match effect {
        Effect::Act(work, action) if how.is_multiple_of(3) => {
            run.command(Command::Send { work: work.clone(), action }).unwrap();
            let lost = Box::new(Diagnosis::of("the answer was lost"));
            run.command(Command::BecomeUnknown { work, diagnosis: lost }).unwrap();
        }
        Effect::Follow(work) if how.is_multiple_of(4) => {
            let outcome = Box::new(outcome(ENDS[usize::from(how / 4) % ENDS.len()]));
            run.command(Command::Conclude { work, outcome }).unwrap();
        }
        other => run.effect(other),
    }
}

/// What holds of every run at every moment.
fn sound(run: &Run) {
    let state = &run.state;
    let active = state.steps.values().flat_map(|step| match state.rollback.is_some() {
        true => [Some(step.undo.status), None],
        false => [Some(step.forward.status), None],
    });
    assert!(active.flatten().filter(|status| status.is_active()).count() <= 1, "one thing at a time");
    let sent = |step: &str| {
        let known = state.steps.get(&id(step)).map(|step| &step.forward);
        known.is_some_and(|known| known.attempt > 0 && known.intent.is_some())
    };
    let signed = |hold: &HoldKey| {
        state.holds.get(hold).is_some_and(|hold| hold.satisfied_at.is_some() || !hold.voided.is_empty())
    };
    if ["api", "worker", "extra"].into_iter().any(sent) {
        assert!(signed(&HoldKey::Stage(StageId::new("deploy").unwrap())), "nothing passes an unsigned hold");
    }
    if sent("worker") {
        assert!(signed(&HoldKey::Step(id("worker"))), "nothing passes an unsigned hold");
    }
}

/// No action is sent twice without having been answered for: refused, or walked again by decision.
#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]
fn never_blindly(facts: &[Fact]) {
    let mut open: Option<(Work, usize)> = None;
    for fact in facts {
        match fact {
            Fact::Sending { work, action } => {
                assert_eq!(open, None, "{work} is sent while an answer is open");
                open = Some((work.clone(), *action));
            }
            Fact::NotSent { .. } | Fact::Received { .. } => open = None,
            // The operator may leave it open: by leaving the step out, or by undoing everything.
            Fact::Skipped { work, .. } if open.as_ref().is_some_and(|(other, _)| other == work) => {
                open = None
            }
            Fact::RollbackStarted { .. } => open = None,
            Fact::Retried { work, .. } => {
                assert!(open.as_ref().is_none_or(|(other, _)| other != work), "{work} was unknown");
                // Another step is walked while this one stays unknown.
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_accepted_folds(acts in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..150)) {
        let mut run = Run::new(plan(&PLAN));
        run.start(Mode::Practice, "alice", ACCOUNT).unwrap();
        for one in acts {
            act(&mut run, one);
            sound(&run);
        }
        run.replay();
        let seqs: Vec<_> = run.journal.iter().map(|stored| stored.seq).collect();
        prop_assert_eq!(seqs, (1..=run.state.seq).collect::<Vec<_>>());
        if let Some((RunEnd::RolledBack, _)) = run.state.end {
            let undone = |step: &holdpoint_run::StepState| step.undo.status == Status::Succeeded;
            let set = run.state.rollback.as_ref().map(|known| known.set.clone()).unwrap_or_default();
            prop_assert!(set.iter().all(|item| undone(&run.state.steps[&item.step])), "wholly");
        }
    }

    #[test]
    fn nothing_is_sent_blindly(acts in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..150)) {
        let mut run = Run::new(plan(&PLAN));
        run.start(Mode::Practice, "alice", ACCOUNT).unwrap();
        for one in acts {
            act(&mut run, one);
        }
        // Per lane and step: what another step does meanwhile is another matter.
        let facts: Vec<Fact> = run.journal.iter().map(|stored| {
            let value: serde_json::Value = serde_json::from_slice(&stored.bytes).unwrap();
            serde_json::from_value(value["event"].clone()).unwrap()
        }).collect();
        for step in STEPS {
            for lane in [Lane::Forward, Lane::Undo] {
                let work = Work { step: id(step), lane };
                let of: Vec<_> = facts.iter().filter(|fact| speaks_of(fact, &work)).cloned().collect();
                never_blindly(&of);
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]
fn speaks_of(fact: &Fact, one: &Work) -> bool {
    match fact {
        Fact::Sending { work, .. }
        | Fact::NotSent { work, .. }
        | Fact::Received { work, .. }
        | Fact::Skipped { work, .. }
        | Fact::Retried { work, .. } => work == one,
        Fact::RollbackStarted { .. } => true,
        _ => false,
    }
}
