//! The machine's clock is put forward and back under a run: waits are as long as ever, and the order of facts is theirs.

use crate::people::HandClock;
use crate::stage::{Reply, Stage, let_go};
use crate::world::{Fault, Things, shop};
use holdpoint_ledger::verify;
use holdpoint_run::RunEnd;
use std::sync::Arc;

const DAY: i64 = 86_400_000;

/// Walks with the clock put by this much at each of many readings; the check after the deployment holds only when it is asked
/// for the last time but a few within its minute.
async fn check(jump: i64) {
    let faults = vec![("check of deploy_web", Fault::Fails("not yet")); 20];
    let (mut stage, tape) = Stage::new("two-services.md", Things { faults, ..shop() });
    stage.clock = Arc::new(HandClock::jumping((10..60).map(|reading| (reading, jump)).collect()));
    // Whoever signed a day ago signs again.
    let run = stage.whole(&[("hold stage release", Reply::Go("lee"))]).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done), "{:?}", run.state().steps);
    let_go(run).await;
    let stored: Vec<_> = tape.cuts().into_iter().flat_map(|cut| cut.events).collect();
    let (verdict, events) = verify(&stage.run, &stored, &stage.anchors().of(&stage.run).unwrap());
    assert!(verdict.is_intact(), "{verdict}");
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "numbers decide the order");
    assert!(events.windows(2).all(|two| two[0].monotonic <= two[1].monotonic), "time that passed goes on");
    assert!(events.windows(2).any(|two| (two[1].at.0 - two[0].at.0).abs() >= DAY), "the clock was put");
}

#[tokio::test]
async fn put_forward_again_and_again() {
    check(DAY + 1).await;
}

#[tokio::test]
async fn put_back_again_and_again() {
    check(-DAY).await;
}
