//! Cut off after every append and gone on with: the same world, and no action twice.

use crate::stage::{Replies, Reply, Stage, let_go};
use crate::tape::{Cut, Tape};
use crate::world::{Fault, Things, World, shop};
use holdpoint_engine::RunHandle;
use holdpoint_ledger::{Anchor, Ledger};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Walks undisturbed, then once for every place where the process may have died, and compares.
async fn check(plan: &'static str, faults: &[(&'static str, Fault)], replies: Replies, secrets: Secrets) {
    check_from(Things { faults: faults.to_vec(), ..shop() }, plan, replies, secrets).await;
}

/// Returns the sizes that every one of them ends with.
async fn check_from(
    things: Things,
    plan: &'static str,
    replies: Replies,
    secrets: Secrets,
) -> BTreeMap<String, Value> {
    let faults = things.faults.clone();
    let (mut stage, tape) = Stage::new(plan, things);
    stage.secrets = secrets;
    let run = stage.whole(replies).await;
    let (end, expected) = (run.state().end.map(|(end, _)| end), stage.world.things().sizes.clone());
    assert!(end.is_some(), "{plan} {faults:?}: the undisturbed run does not end");
    let_go(run).await;
    let cuts = tape.cuts();
    let anchors = stage.anchors().of(&stage.run).unwrap();
    for kept in 1..cuts.len() {
        // The process died after an append: right after it, or right before the next one.
        for (world, anchored) in [(&cuts[kept - 1].world, false), (&cuts[kept].world, true)] {
            let place = format!("{plan} {faults:?}: cut after append {kept}, later {anchored}");
            let (stage, run) = revived(&stage, &cuts[..kept], world, &anchors, anchored).await;
            stage.walk(&run, replies).await;
            assert_eq!(run.board(|board| board.halted.clone()), None, "{place}");
            assert_eq!(run.state().end.map(|(end, _)| end), end, "{place}: {:?}", run.state().steps);
            let things = stage.world.things().clone();
            assert_eq!(things.sizes, expected, "{place}");
            let once: BTreeSet<_> = things.took_effect.iter().collect();
            assert_eq!(once.len(), things.took_effect.len(), "{place}: {:?}", things.took_effect);
            let_go(run).await;
        }
    }
    expected
}

/// Names and values.
type Secrets = &'static [(&'static str, &'static str)];

/// The run as another process finds it.
async fn revived(
    before: &Stage,
    cuts: &[Cut],
    world: &Things,
    anchors: &[Anchor],
    anchored: bool,
) -> (Stage, RunHandle) {
    let world = Arc::new(World::new(world.clone()));
    let tape = Arc::new(Tape::new(&world));
    let mut seq = 0;
    for cut in cuts {
        tape.append(&before.run, seq, cut.events.clone()).await.unwrap();
        seq += cut.events.len() as u64;
    }
    let stage = before.again(world, tape);
    // An anchor is kept after its append: whoever dies in between has the one and not the other.
    for anchor in anchors.iter().filter(|anchor| anchor.count < seq || (anchored && anchor.count == seq)) {
        stage.anchors().keep(anchor).unwrap();
    }
    let run = stage.resume().await.unwrap();
    (stage, run)
}

const SIGN: (&str, Reply) = ("hold stage release", Reply::Go("lee"));

#[tokio::test]
async fn of_a_run_that_goes_well() {
    check("two-services.md", &[], &[SIGN], &[]).await;
}

#[tokio::test]
async fn of_a_run_with_lost_answers() {
    let faults = [("scale_api", Fault::LostAfter), ("deploy_web", Fault::LostBefore)];
    check("two-services.md", &faults, &[SIGN], &[]).await;
}

#[tokio::test]
async fn of_a_run_that_the_operator_settles() {
    let faults = [("scale_api", Fault::LostAfter), ("scale_api", Fault::Blind)];
    check("two-services.md", &faults, &[SIGN, ("unknown scale_api", Reply::Look)], &[]).await;
}

#[tokio::test]
async fn of_a_run_with_retries() {
    let faults =
        [("look", Fault::PrepareFails), ("scale_api", Fault::Refused), ("deploy_web", Fault::Fails("no"))];
    // A read is tried again without asking, also when the crash came before the second try.
    let replies: Replies = &[SIGN, ("failure scale_api", Reply::Retry), ("failure deploy_web", Reply::Retry)];
    check("two-services.md", &faults, replies, &[]).await;
}

#[tokio::test]
async fn of_a_rollback() {
    // A crash may come between the failure and its receipt; then the step is followed again, and this time it hangs no
    // more: so it fails for good.
    let faults = [("deploy_web", Fault::Fails("no")); 8];
    let faults: Vec<_> = faults.into_iter().chain([("undo of deploy_web", Fault::LostAfter)]).collect();
    let replies: Replies = &[SIGN, ("failure deploy_web", Reply::RollBack)];
    check("two-services.md", &faults, replies, &[]).await;
}

#[tokio::test]
async fn of_a_rollback_to_what_may_not_be_seen() {
    let mut things = shop();
    // What looks like a secret is pinned as a sealed original, and put back by whoever goes on.
    let hidden = serde_json::json!({ "count": 2, "password": "kept-in-the-dark-9" });
    things.sizes.insert("ecs/shop/api".into(), hidden);
    let before = things.sizes.clone();
    things.faults = vec![("deploy_web", Fault::Fails("no")); 8];
    let replies: Replies = &[SIGN, ("failure deploy_web", Reply::RollBack)];
    assert_eq!(check_from(things, "two-services.md", replies, &[]).await, before);
}

#[tokio::test]
async fn of_a_run_with_secrets() {
    let secrets: Secrets =
        &[("vars.api_token", "given-at-the-console-41"), ("steps.mint.outputs.token", crate::model::MINTED)];
    let replies: Replies =
        &[("asking ask", Reply::Answer(&[("key", "carried-by-hand-7"), ("note", "here")]))];
    check("secrets.md", &[], replies, secrets).await;
}

#[tokio::test]
async fn of_a_run_that_asks_while_it_follows() {
    let replies: Replies = &[
        SIGN,
        ("asking scale_api", Reply::Option("continue")),
        ("asking deploy_web", Reply::Option("continue")),
    ];
    let faults = [("scale_api", Fault::Asks), ("deploy_web", Fault::Asks)];
    check("two-services.md", &faults, replies, &[]).await;
}
