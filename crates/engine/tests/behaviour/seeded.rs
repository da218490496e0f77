//! Stories from seeds: what goes wrong outside, when the process dies, when the sign-in ends, how the clock jumps and what
//! the operator decides are drawn, and whatever is drawn, the run is told truly and ends.
//!
//! A seed is a story: told twice, it leaves the same journal to the byte. One is told alone by
//! `HOLDPOINT_CRASH_SEED=… cargo test -p holdpoint-engine --test behaviour seeded::`.

use crate::mortal::{Death, Mortal};
use crate::people::HandClock;
use crate::stage::{Reply, Stage};
use crate::world::{Fault, Things, World, shop};
use holdpoint_crash::{Numbers, each, seeds, whole};
use holdpoint_engine::RunHandle;
use holdpoint_ledger::{Ledger, Verdict, verify};
use holdpoint_run::chain::{Event, Stored};
use holdpoint_run::{Fact, Interruption, Lane, RunEnd, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Stories of an ordinary day.
const OF_A_DAY: usize = 60;
/// For each random case that is asked for of a whole sweep, so many stories are told: they are quick.
const FOR_EACH: usize = 10;

/// What may go wrong with what: faults of what changes something, and of what looks.
const CHANGES: [&str; 4] = ["scale_api", "deploy_web", "undo of scale_api", "undo of deploy_web"];
const LOOKS: [&str; 3] = ["look", "tell", "check of deploy_web"];

/// What is drawn before the run begins.
struct Story {
    things: Things,
    deaths: BTreeMap<usize, Death>,
    /// The call at which the sign-in ends.
    sign_in_ends: Option<usize>,
    /// Reading of the clock at which it jumps, and how far.
    jumps: BTreeMap<u64, i64>,
    operator: Numbers,
}

/// What is left when it is over.
struct Told {
    journal: Vec<Stored>,
    verdict: Verdict,
    events: Vec<Event>,
    end: Option<RunEnd>,
    things: Things,
    halted: bool,
}

fn drawn(seed: u64) -> Story {
    let mut numbers = Numbers::of(seed);
    let mut faults = Vec::new();
    for _ in 0..numbers.below(7) {
        faults.push(match numbers.below(4) {
            0 => (LOOKS[numbers.below(3)], [Fault::PrepareFails, Fault::Fails("no")][numbers.below(2)]),
            _ => (CHANGES[numbers.below(4)], change_fault(&mut numbers)),
        });
    }
    if numbers.below(6) == 0 {
        faults.push((CHANGES[numbers.below(2)], Fault::Asks));
    }
    let death = |numbers: &mut Numbers| match numbers.below(2) {
        0 => Death::BeforeAppend,
        _ => Death::AfterAppend,
    };
    let deaths = (0..numbers.below(5)).map(|_| (1 + numbers.below(45), death(&mut numbers))).collect();
    let sign_in_ends = (numbers.below(3) == 0).then(|| 1 + numbers.below(30));
    // Up to two days, back or forth.
    let jump = |numbers: &mut Numbers| (numbers.below(4 * 86_400) as i64 - 2 * 86_400) * 1000;
    let jumps = (0..numbers.below(3)).map(|_| (numbers.below(60) as u64, jump(&mut numbers))).collect();
    Story { things: Things { faults, ..shop() }, deaths, sign_in_ends, jumps, operator: numbers }
}

fn change_fault(numbers: &mut Numbers) -> Fault {
    let all = [
        Fault::PrepareFails,
        Fault::Refused,
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::Blind,
        Fault::Fails("it crashed"),
        Fault::PutBack,
    ];
    all[numbers.below(all.len())]
}

/// What the operator does: always something that fits, and what is said of the world is true.
fn decided(numbers: &mut Numbers, waits: &Interruption) -> Reply {
    let person = ["lee", "kim"][numbers.below(2)];
    let chance = numbers.below(20);
    match (waits, chance) {
        (Interruption::Hold(_), 0) => Reply::NoGo(person),
        (Interruption::Hold(_), 1) => Reply::Glass(person),
        (Interruption::Hold(_), _) => Reply::Go(person),
        (Interruption::NoGo(_), 0..=9) => Reply::Go(person),
        (Interruption::Asking(_), 0..=15) => Reply::Option("continue"),
        (Interruption::Unknown(_), 0..=15) => Reply::Look,
        (Interruption::Failure(work), 0..=11) if work.lane == Lane::Forward => Reply::Retry,
        (Interruption::Failure(work), 12) if work.lane == Lane::Forward => Reply::Skip,
        (Interruption::Failure(work), 0..=17) if work.lane == Lane::Undo => Reply::Retry,
        (Interruption::Failure(work), _) if work.lane == Lane::Undo => Reply::Skip,
        (_, 19) => Reply::Abort,
        (Interruption::Unknown(work), _) if work.lane == Lane::Undo => Reply::Look,
        _ => Reply::RollBack,
    }
}

/// Tells a story to its end: a process after the other.
fn told(seed: u64) -> Told {
    let story = drawn(seed);
    let world = Arc::new(World::new(story.things));
    if let Some(call) = story.sign_in_ends {
        world.end_sign_in_at(call);
    }
    let ledger = Arc::new(Mortal::new(story.deaths));
    let mut stage = Stage::on("two-services.md", Arc::clone(&world), Arc::clone(&ledger) as Arc<dyn Ledger>);
    stage.clock = Arc::new(HandClock::jumping(story.jumps));
    let mut numbers = story.operator;
    let mut left = None;
    // Each process but the last one dies, and no more of them than there are deaths.
    for _ in 0..20 {
        // Everything that a process does ends with it.
        let process = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        left = process.block_on(async {
            tokio::select! {
                // The walk is asked first, so that what it has done at its death is the same each time.
                biased;
                run = lived(&stage, &mut numbers) => Some(run),
                () = ledger.died() => None,
            }
        });
        if left.is_some() {
            break;
        }
    }
    let run = left.unwrap();
    let reads = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let journal = reads.block_on(ledger.read(&stage.run, 0)).unwrap();
    let (verdict, events) = verify(&stage.run, &journal, &stage.anchors().of(&stage.run).unwrap());
    let end = run.state().end.map(|(end, _)| end);
    let (things, halted) = (world.things().clone(), run.board(|board| board.halted.is_some()));
    Told { journal, verdict, events, end, things, halted }
}

/// One process: begins the run or goes on with it, and walks it.
async fn lived(stage: &Stage, numbers: &mut Numbers) -> RunHandle {
    let run = loop {
        let begun = !stage.ledger.read(&stage.run, 0).await.unwrap().is_empty();
        let run = if begun { stage.resume().await } else { stage.begin().await };
        match run {
            Ok(run) => break run,
            Err(_) if stage.world.is_signed_out() => stage.world.sign_in(),
            Err(why) => panic!("{why}"),
        }
    };
    stage.walk_as(&run, &mut |waits| Some(decided(numbers, waits))).await;
    run
}

/// What must hold of every story.
fn check(seed: u64) {
    let told = told(seed);
    assert!(!told.halted && told.end.is_some(), "it ends");
    let anchored = told.events.len() as u64;
    assert!(
        matches!(told.verdict, Verdict::Intact { anchored: count, .. } if count == anchored),
        "{}",
        told.verdict
    );
    let effects: BTreeSet<&String> = told.things.took_effect.iter().collect();
    assert_eq!(
        effects.len(),
        told.things.took_effect.len(),
        "nothing is done twice: {:?}",
        told.things.took_effect
    );
    let known = known(&told.events);
    for effect in &effects {
        let says = known.get(*effect);
        assert!(
            matches!(says, Some(Says::TookEffect | Says::Unknown)),
            "{effect} took effect, and the journal says {says:?}"
        );
    }
    for (effect, says) in &known {
        assert!(*says != Says::TookEffect || effects.contains(effect), "{effect} did not take effect");
    }
    let skipped =
        told.events.iter().any(|event| matches!(event.event, Fact::Skipped { .. } | Fact::Kept { .. }));
    match told.end {
        Some(RunEnd::RolledBack) => assert_eq!(told.things.sizes, shop().sizes, "what was is again"),
        Some(RunEnd::Done) if !skipped => {
            let sizes: Vec<_> = told.things.sizes.values().collect();
            assert_eq!(sizes, [4, 3], "what the plan wants");
        }
        _ => {}
    }
    let again = self::told(seed);
    assert!(again.journal == told.journal, "told twice, it is the same to the byte");
}

/// The journal's last word on an action.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    Sending,
    TookEffect,
    TookNoEffect,
    Unknown,
}

/// What the journal says of each action, by the mark that the action bears.
#[expect(clippy::wildcard_enum_match_arm, reason = "few facts are about actions")]
fn known(events: &[Event]) -> BTreeMap<String, Says> {
    let mut attempts: BTreeMap<Work, u32> = BTreeMap::new();
    let mut last: BTreeMap<Work, String> = BTreeMap::new();
    let mut known = BTreeMap::new();
    for event in events {
        let mark = |work: &Work, action: usize| {
            let lane = if work.lane == Lane::Undo { "undo/" } else { "" };
            let attempt = attempts.get(work).copied().unwrap_or_default();
            format!("{}/{}/{lane}{attempt}#{action}", event.run, work.step)
        };
        match &event.event {
            Fact::Intended { work, attempt, .. } => {
                attempts.insert(work.clone(), *attempt);
            }
            Fact::Sending { work, action } => {
                last.insert(work.clone(), mark(work, *action));
                known.insert(mark(work, *action), Says::Sending);
            }
            Fact::Received { work, action, .. } => {
                known.insert(mark(work, *action), Says::TookEffect);
            }
            Fact::NotSent { work, action, .. } => {
                known.insert(mark(work, *action), Says::TookNoEffect);
            }
            Fact::BecameUnknown { work, .. } => {
                let mark = &last[work];
                known.insert(mark.clone(), Says::Unknown);
            }
            _ => {}
        }
    }
    known
}

#[test]
#[expect(clippy::disallowed_methods, reason = "one story alone is asked for by the environment")]
fn every_story_is_told_truly_and_ends() {
    let alone = std::env::var("HOLDPOINT_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let count = seeds(OF_A_DAY) * if whole() { FOR_EACH } else { 1 };
    let all: Vec<u64> = alone.map_or_else(|| (1..=count as u64).collect(), |seed| vec![seed]);
    each("R11", "seeded stories of the engine", &all, |seed| {
        check(*seed);
        None
    });
}
