//! The sign-in ends at every call of a run: it pauses there, and after the next sign-in it goes on as if nothing had been.

use crate::stage::{Replies, Reply, Stage, let_go};
use crate::world::{Fault, Things, shop};
use holdpoint_run::RunEnd;

/// Ends the sign-in at each call in turn; the undisturbed run is the oracle.
async fn check(faults: &[(&'static str, Fault)], replies: Replies, end: RunEnd) {
    let things = Things { faults: faults.to_vec(), ..shop() };
    let (calm, _) = Stage::new("two-services.md", things.clone());
    let run = calm.whole(replies).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(end));
    let (expected, calls) = (calm.world.things().clone(), calm.world.calls());
    let (begun, _) = Stage::new("two-services.md", things.clone());
    drop(begun.begin().await.unwrap());
    assert!(calls > 8, "there is something to disturb");
    for call in begun.world.calls() + 1..=calls {
        let (stage, tape) = Stage::new("two-services.md", things.clone());
        stage.world.end_sign_in_at(call);
        let run = stage.whole(replies).await;
        assert_eq!(run.state().end.map(|(end, _)| end), Some(end), "ended at call {call}");
        assert_eq!(*stage.world.things(), expected, "ended at call {call}");
        assert_eq!(run.board(|board| board.lapsed.clone()), None, "ended at call {call}");
        for event in tape.cuts().into_iter().flat_map(|cut| cut.events) {
            let fact = String::from_utf8_lossy(&event.bytes);
            // That an action was not sent may name it; no step may end with it.
            let blames = fact.contains("ExpiredToken") && !fact.contains("not_sent");
            assert!(!blames, "ended at call {call}: an expired sign-in is no failure of a step: {fact}");
        }
        let_go(run).await;
    }
}

const SIGN: (&str, Reply) = ("hold stage release", Reply::Go("lee"));

#[tokio::test]
async fn of_a_run_that_goes_well() {
    check(&[], &[SIGN], RunEnd::Done).await;
}

#[tokio::test]
async fn of_a_run_with_lost_answers() {
    let faults = [("scale_api", Fault::LostAfter), ("deploy_web", Fault::LostBefore)];
    check(&faults, &[SIGN], RunEnd::Done).await;
}

#[tokio::test]
async fn of_a_rollback() {
    let faults = [("deploy_web", Fault::Fails("no")); 2];
    check(&faults, &[SIGN, ("failure deploy_web", Reply::RollBack)], RunEnd::RolledBack).await;
}

#[tokio::test]
async fn leaves_the_choice_of_stopping() {
    let (stage, _) = Stage::new("two-services.md", shop());
    let run = stage.begin().await.unwrap();
    stage.world.end_sign_in_at(stage.world.calls() + 1);
    let mut changes = run.changes();
    while run.board(|board| board.lapsed.is_none()) {
        changes.changed().await.unwrap();
    }
    let abort = holdpoint_run::Command::Abort { by: crate::stage::kim(), reason: "enough".into() };
    run.command(abort, "kim").await.unwrap();
    run.finished().await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Aborted));
}
