//! Whole runs, from what goes wrong and what is answered to how they end.

use crate::stage::{Replies, Reply, Stage, kim, let_go, named};
use crate::world::{Fault, Things, shop};
use holdpoint_plan::StepId;
use holdpoint_run::{Choice, Command, HoldKey, Outcome, RunEnd, State, Work, interruption};

/// How a run stands and what it did to the world.
#[derive(Debug, PartialEq)]
struct Stands {
    end: Option<RunEnd>,
    waits: Option<String>,
    api: i64,
    web: i64,
    took_effect: Vec<String>,
}

struct Case {
    faults: &'static [(&'static str, Fault)],
    replies: Replies,
    end: Option<RunEnd>,
    waits: Option<&'static str>,
    /// Sizes of api and web; they begin with 2 and 1, and the plan wants 4 and 3.
    sizes: (i64, i64),
    /// Actions that took effect, in order.
    took_effect: &'static [&'static str],
}

const SIGN: (&str, Reply) = ("hold stage release", Reply::Go("lee"));
const ALL: &[&str] = &["scale_api/1#0", "deploy_web/1#0", "deploy_web/1#1"];

async fn check(case: Case) {
    let (stage, tape) = Stage::new("two-services.md", Things { faults: case.faults.to_vec(), ..shop() });
    let run = stage.whole(case.replies).await;
    let expected = Stands {
        end: case.end,
        waits: case.waits.map(str::to_owned),
        api: case.sizes.0,
        web: case.sizes.1,
        took_effect: case.took_effect.iter().map(|one| (*one).to_owned()).collect(),
    };
    assert_eq!(stands(&stage, &run.state()), expected, "{:?} {:?}", case.faults, case.replies);
    // What is stored is what is shown: a fold over the journal is the same run.
    let stored: Vec<_> = tape.cuts().into_iter().flat_map(|cut| cut.events).collect();
    let anchors = stage.anchors().of(&stage.run).unwrap();
    let (folded, verdict) =
        holdpoint_engine::fold(&stage.run, stage.plan.clone(), &stored, &anchors).unwrap();
    assert!(verdict.is_intact(), "{verdict}");
    assert_eq!(folded.steps, run.state().steps);
    assert_eq!(folded.end, run.state().end);
    let_go(run).await;
}

fn stands(stage: &Stage, state: &State) -> Stands {
    let things = stage.world.things();
    let size = |key: &str| things.sizes[key].as_i64().unwrap();
    Stands {
        end: state.end.map(|(end, _)| end),
        waits: interruption(state).as_ref().map(named),
        api: size("ecs/shop/api"),
        web: size("ecs/shop/web"),
        took_effect: things.took_effect.iter().map(|one| one.replacen("RUN00001/", "", 1)).collect(),
    }
}

#[tokio::test]
async fn done() {
    let replies: Replies = &[SIGN];
    check(Case {
        faults: &[],
        replies,
        end: Some(RunEnd::Done),
        waits: None,
        sizes: (4, 3),
        took_effect: ALL,
    })
    .await;
}

#[tokio::test]
async fn a_hold_is_not_passed_without_a_signature() {
    let waits = Some("hold stage release");
    check(Case { faults: &[], replies: &[], end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
}

#[tokio::test]
async fn a_no_go_stands_until_somebody_decides() {
    let replies: Replies = &[("hold stage release", Reply::NoGo("lee"))];
    let waits = Some("no-go stage release");
    check(Case { faults: &[], replies, end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
    let replies: Replies =
        &[("hold stage release", Reply::NoGo("lee")), ("no-go stage release", Reply::Abort)];
    let end = Some(RunEnd::Aborted);
    check(Case { faults: &[], replies, end, waits: None, sizes: (2, 1), took_effect: &[] }).await;
}

#[tokio::test]
async fn a_read_is_tried_again_without_asking_as_often_as_the_plan_says() {
    let once: &[_] = &[("look", Fault::PrepareFails)];
    let end = Some(RunEnd::Done);
    check(Case { faults: once, replies: &[SIGN], end, waits: None, sizes: (4, 3), took_effect: ALL }).await;
    let followed: &[_] = &[("look", Fault::Fails("connection refused"))];
    check(Case { faults: followed, replies: &[SIGN], end, waits: None, sizes: (4, 3), took_effect: ALL })
        .await;
    let twice: &[_] = &[("look", Fault::PrepareFails), ("look", Fault::Fails("no"))];
    let waits = Some("failure look");
    check(Case { faults: twice, replies: &[SIGN], end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
}

#[tokio::test]
async fn a_failure_waits_and_is_retried_as_a_new_attempt() {
    let faults: &[_] = &[("scale_api", Fault::Fails("exec format error"))];
    let waits = Some("failure scale_api");
    let took_effect: &[_] = &["scale_api/1#0"];
    check(Case { faults, replies: &[SIGN], end: None, waits, sizes: (4, 1), took_effect }).await;
    let replies: Replies = &[SIGN, ("failure scale_api", Reply::Retry)];
    let took_effect: &[_] = &["scale_api/1#0", "scale_api/2#0", "deploy_web/1#0", "deploy_web/1#1"];
    check(Case { faults, replies, end: Some(RunEnd::Done), waits: None, sizes: (4, 3), took_effect }).await;
}

#[tokio::test]
async fn a_refused_action_took_no_effect() {
    let faults: &[_] = &[("scale_api", Fault::Refused)];
    let waits = Some("failure scale_api");
    check(Case { faults, replies: &[SIGN], end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
    let replies: Replies = &[SIGN, ("failure scale_api", Reply::Skip)];
    let took_effect: &[_] = &["deploy_web/1#0", "deploy_web/1#1"];
    check(Case { faults, replies, end: Some(RunEnd::Done), waits: None, sizes: (2, 3), took_effect }).await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_looking() {
    let end = Some(RunEnd::Done);
    for faults in [
        &[("scale_api", Fault::LostAfter)] as &[_],
        &[("scale_api", Fault::LostBefore)],
        &[("scale_api", Fault::LostBefore), ("scale_api", Fault::LostAfter)],
        &[("deploy_web", Fault::LostAfter), ("deploy_web", Fault::LostBefore)],
    ] {
        check(Case { faults, replies: &[SIGN], end, waits: None, sizes: (4, 3), took_effect: ALL }).await;
    }
}

#[tokio::test]
async fn an_action_that_never_arrives_is_not_sent_for_ever() {
    let faults: &[_] = &[("scale_api", Fault::LostBefore); 3];
    let waits = Some("failure scale_api");
    check(Case { faults, replies: &[SIGN], end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
}

#[tokio::test]
async fn what_looking_does_not_settle_is_decided_by_the_operator() {
    let after: &[_] = &[("scale_api", Fault::LostAfter), ("scale_api", Fault::Blind)];
    let before: &[_] = &[("scale_api", Fault::LostBefore), ("scale_api", Fault::Blind)];
    let waits = Some("unknown scale_api");
    let took_effect: &[_] = &["scale_api/1#0"];
    // It is never sent again by itself.
    check(Case { faults: after, replies: &[SIGN], end: None, waits, sizes: (4, 1), took_effect }).await;
    check(Case { faults: before, replies: &[SIGN], end: None, waits, sizes: (2, 1), took_effect: &[] }).await;
    let end = Some(RunEnd::Done);
    let replies: Replies = &[SIGN, ("unknown scale_api", Reply::Look)];
    check(Case { faults: after, replies, end, waits: None, sizes: (4, 3), took_effect: ALL }).await;
    let replies: Replies = &[SIGN, ("unknown scale_api", Reply::Look)];
    check(Case { faults: before, replies, end, waits: None, sizes: (4, 3), took_effect: ALL }).await;
}

#[tokio::test]
async fn a_check_after_a_step_is_asked_until_its_timeout() {
    let end = Some(RunEnd::Done);
    let faults: &[_] = &[("check of deploy_web", Fault::Fails("not yet")); 20];
    check(Case { faults, replies: &[SIGN], end, waits: None, sizes: (4, 3), took_effect: ALL }).await;
    let faults: &[_] = &[("check of deploy_web", Fault::Fails("never")); 100];
    let waits = Some("failure deploy_web");
    check(Case { faults, replies: &[SIGN], end: None, waits, sizes: (4, 3), took_effect: ALL }).await;
}

#[tokio::test]
async fn a_signature_is_void_when_what_it_covers_changes() {
    let faults = vec![("scale_api", Fault::PrepareFails)];
    let (stage, _tape) = Stage::new("covers.md", Things { faults, ..shop() });
    let sign: Replies = &[("hold step scale_api", Reply::Go("lee"))];
    let run = stage.whole(sign).await;
    let hold = HoldKey::Step(StepId::new("scale_api").unwrap());
    let covered = run.state().holds[&hold].covers.clone();
    let again = Choice::Retry { mended: None };
    run.choose(Work::forward(StepId::new("deploy_web").unwrap()), again, kim()).await.unwrap();
    stage.walk(&run, &[("failure scale_api", Reply::Retry)]).await;
    assert_eq!(interruption(&run.state()).as_ref().map(named).as_deref(), Some("hold step scale_api"));
    let state = run.state();
    let open = &state.holds[&hold];
    assert_eq!((open.signatures.len(), open.voided.len()), (0, 1));
    assert_ne!(open.covers, covered);
    stage.walk(&run, sign).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done));
}

#[tokio::test]
async fn rolling_back_undoes_the_set_last_first() {
    let faults: &[_] = &[("deploy_web", Fault::Fails("relation \"orders\" does not exist"))];
    let replies: Replies = &[SIGN, ("failure deploy_web", Reply::RollBack)];
    let took_effect: &[_] =
        &["scale_api/1#0", "deploy_web/1#0", "deploy_web/1#1", "deploy_web/undo/1#0", "scale_api/undo/1#0"];
    let end = Some(RunEnd::RolledBack);
    check(Case { faults, replies, end, waits: None, sizes: (2, 1), took_effect }).await;
}

#[tokio::test]
async fn what_aws_put_back_is_a_failure_and_is_rolled_back_whole() {
    let faults: &[_] = &[("deploy_web", Fault::PutBack)];
    let replies: Replies = &[SIGN, ("failure deploy_web", Reply::RollBack)];
    let took_effect: &[_] =
        &["scale_api/1#0", "deploy_web/1#0", "deploy_web/1#1", "deploy_web/undo/1#0", "scale_api/undo/1#0"];
    let end = Some(RunEnd::RolledBack);
    check(Case { faults, replies, end, waits: None, sizes: (2, 1), took_effect }).await;
}

#[tokio::test]
async fn an_undo_that_fails_waits_and_may_be_left_out() {
    let faults: &[_] = &[("deploy_web", Fault::Fails("no")), ("undo of deploy_web", Fault::Refused)];
    let replies: Replies =
        &[SIGN, ("failure deploy_web", Reply::RollBack), ("failure undo of deploy_web", Reply::Skip)];
    let took_effect: &[_] = &["scale_api/1#0", "deploy_web/1#0", "deploy_web/1#1", "scale_api/undo/1#0"];
    let end = Some(RunEnd::PartlyRolledBack);
    check(Case { faults, replies, end, waits: None, sizes: (2, 3), took_effect }).await;
    let replies: Replies =
        &[SIGN, ("failure deploy_web", Reply::RollBack), ("failure undo of deploy_web", Reply::Retry)];
    let took_effect: &[_] =
        &["scale_api/1#0", "deploy_web/1#0", "deploy_web/1#1", "deploy_web/undo/2#0", "scale_api/undo/1#0"];
    let end = Some(RunEnd::RolledBack);
    check(Case { faults, replies, end, waits: None, sizes: (2, 1), took_effect }).await;
}

#[tokio::test]
async fn rolling_back_does_not_wait_for_what_never_ends() {
    let things = Things { faults: vec![("deploy_web", Fault::Hangs)], ..shop() };
    let (stage, _tape) = Stage::new("two-services.md", things);
    let run = stage.begin().await.unwrap();
    let (operator, mut changes) = (stage.walk(&run, &[SIGN]), run.changes());
    tokio::pin!(operator);
    // The operator walks until the deployment is followed, which then never ends.
    loop {
        let followed = stage.world.things().faults.is_empty();
        if followed {
            break;
        }
        tokio::select! {
            () = &mut operator => panic!("the deployment cannot have ended"),
            _ = changes.changed() => {}
            () = tokio::task::yield_now() => {}
        }
    }
    run.command(
        Command::RollBack {
            by: kim(),
            reason: "it takes too long".into(),
            only: None,
            accepts: std::collections::BTreeMap::new(),
        },
        "kim",
    )
    .await
    .unwrap();
    operator.await;
    assert_eq!(stands(&stage, &run.state()).end, Some(RunEnd::RolledBack));
    assert_eq!((stands(&stage, &run.state()).api, stands(&stage, &run.state()).web), (2, 1));
    // What the deployment had said until then is kept.
    assert!(log_of(&run, "deploy_web").contains("sending RUN00001/deploy_web/1#1"));
}

#[tokio::test]
async fn a_log_outlives_its_driver() {
    let faults = vec![("scale_api", Fault::LostAfter), ("scale_api", Fault::Blind)];
    let (stage, _tape) = Stage::new("two-services.md", Things { faults, ..shop() });
    let run = stage.whole(&[SIGN]).await;
    let_go(run).await;
    let run = stage.resume().await.unwrap();
    stage.walk(&run, &[SIGN, ("unknown scale_api", Reply::Look)]).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done));
    assert!(log_of(&run, "scale_api").contains("sending RUN00001/scale_api/1#0"));
}

/// All that was kept of what a step said.
fn log_of(run: &holdpoint_engine::RunHandle, step: &str) -> String {
    let state = run.state();
    let kept = state.evidence.iter().filter(|(work, _)| work.to_string() == step);
    let bytes = kept.flat_map(|(_, evidence)| run.folder().kept(&evidence.digest).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_diagnosis_names_the_known_problems() {
    let things =
        Things { faults: vec![("scale_api", Fault::Fails("exec /app/run: exec format error"))], ..shop() };
    let (stage, _tape) = Stage::new("two-services.md", things);
    let run = stage.whole(&[SIGN]).await;
    let state = run.state();
    let failed = state.steps.iter().find_map(|(_, step)| match &step.forward.outcome {
        Some(Outcome::Failed(diagnosis)) => Some(diagnosis.clone()),
        _ => None,
    });
    let known: Vec<_> = failed.unwrap().known.into_iter().map(|problem| problem.id).collect();
    assert_eq!(known, ["exec-format-error"]);
}
