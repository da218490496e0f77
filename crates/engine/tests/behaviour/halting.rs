//! A disk that is full: nothing is sent without its intent, the run stops, and another process goes on with it.

use crate::stage::{Replies, Reply, Stage, let_go};
use crate::tape::Tape;
use crate::world::{Fault, Things, World, shop};
use holdpoint_engine::EngineError;
use holdpoint_ledger::Ledger;
use holdpoint_run::{Fact, RunEnd, chain};
use std::collections::BTreeSet;
use std::sync::Arc;

const SIGN: Replies = &[("hold stage release", Reply::Go("lee"))];

/// How many appends a whole run has.
async fn appends() -> usize {
    let (stage, tape) = Stage::new("two-services.md", shop());
    let run = stage.whole(SIGN).await;
    let_go(run).await;
    tape.cuts().len()
}

#[tokio::test]
async fn stops_the_run_wherever_it_happens() {
    for fails_at in 1..=appends().await {
        let world = Arc::new(World::new(shop()));
        let tape = Arc::new(Tape::failing(&world, Some(fails_at)));
        let stage = Stage::on("two-services.md", Arc::clone(&world), Arc::clone(&tape) as Arc<dyn Ledger>);
        match stage.begin().await {
            Err(EngineError::Journal(error)) => {
                assert!(error.to_string().contains("no space left"), "{error}")
            }
            Err(other) => panic!("append {fails_at}: {other}"),
            Ok(run) => {
                stage.walk(&run, SIGN).await;
                let halted = run.board(|board| board.halted.clone());
                assert!(halted.is_some_and(|why| why.contains("no space left")), "append {fails_at} halts");
                let refused = run
                    .command(
                        holdpoint_run::Command::Abort { by: crate::stage::kim(), reason: "x".into() },
                        "kim",
                    )
                    .await;
                assert!(refused.is_err(), "append {fails_at}: a halted run takes no command");
                let_go(run).await;
            }
        }
        let events: Vec<_> = tape.cuts().into_iter().flat_map(|cut| cut.events).collect();
        let sending =
            facts(&stage, &events).iter().filter(|fact| matches!(fact, Fact::Sending { .. })).count();
        let took_effect = world.things().took_effect.len();
        assert!(took_effect <= sending, "append {fails_at}: {took_effect} effects, {sending} announced");
        if !events.is_empty() {
            goes_on(&stage, events, fails_at).await;
        }
    }
}

/// When there is space again, the run goes on where it was.
async fn goes_on(before: &Stage, events: Vec<chain::Stored>, fails_at: usize) {
    let tape = Arc::new(Tape::new(&before.world));
    tape.append(&before.run, 0, events).await.unwrap();
    let stage = before.again(Arc::clone(&before.world), tape);
    for anchor in before.anchors().of(&before.run).unwrap() {
        stage.anchors().keep(&anchor).unwrap();
    }
    let run = stage.resume().await.unwrap();
    stage.walk(&run, SIGN).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done), "append {fails_at}");
    let things = stage.world.things().clone();
    let once: BTreeSet<_> = things.took_effect.iter().collect();
    assert_eq!((once.len(), things.took_effect.len()), (3, 3), "append {fails_at}: {:?}", things.took_effect);
    let_go(run).await;
}

pub(crate) fn facts(stage: &Stage, events: &[chain::Stored]) -> Vec<Fact> {
    let mut head = chain::genesis(&stage.run);
    let open = |stored: &chain::Stored| {
        let event = chain::open(&stage.run, stored.seq, &head, stored).unwrap();
        head = stored.hash;
        event.event
    };
    events.iter().map(open).collect()
}

#[tokio::test]
async fn is_the_end_of_a_run_whose_log_cannot_be_kept() {
    let (stage, tape) = Stage::new("two-services.md", shop());
    let logs = stage.tools().folder.path().join("logs");
    std::fs::write(&logs, "in the way").unwrap();
    let run = stage.whole(SIGN).await;
    let halted = run.board(|board| board.halted.clone());
    assert!(halted.is_some_and(|why| why.contains("logs")));
    assert_eq!(run.state().end, None);
    let_go(run).await;
    std::fs::remove_file(&logs).unwrap();
    let events: Vec<_> = tape.cuts().into_iter().flat_map(|cut| cut.events).collect();
    goes_on(&stage, events, tape.cuts().len()).await;
}

#[tokio::test]
async fn a_defect_stops_the_run_and_the_next_process_goes_on() {
    let things = Things { faults: vec![("deploy_web", Fault::Breaks)], ..shop() };
    let (stage, _) = Stage::new("two-services.md", things);
    let run = stage.whole(SIGN).await;
    let halted = run.board(|board| board.halted.clone());
    assert!(halted.as_ref().is_some_and(|why| why.contains("a defect of Holdpoint's")), "{halted:?}");
    let_go(run).await;
    let run = stage.resume().await.unwrap();
    stage.walk(&run, SIGN).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done));
    let effects = stage.world.things().took_effect.clone();
    assert_eq!(effects.len(), 3, "nothing is done twice: {effects:?}");
    let_go(run).await;
}
