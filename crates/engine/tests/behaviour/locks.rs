//! One driver a run.

use crate::stage::{Reply, Stage, let_go};
use crate::world::shop;
use holdpoint_engine::{EngineError, Point, Points, Tools, take_over};
use holdpoint_run::{Fact, RunEnd};
use std::path::PathBuf;
use std::sync::Arc;

#[tokio::test]
async fn a_second_driver_is_told_who_drives() {
    let (stage, _tape) = Stage::new("two-services.md", shop());
    let run = stage.whole(&[]).await;
    let Err(EngineError::Driven(who)) = stage.resume().await else { panic!("a second driver drives") };
    assert_eq!(who, "pid 41 on desk");
    assert_eq!(stage.tools().folder.driver().unwrap().as_deref(), Some("pid 41 on desk"));
    let_go(run).await;
    assert_eq!(stage.tools().folder.driver().unwrap(), None);
    let run = stage.resume().await.unwrap();
    stage.walk(&run, &[("hold stage release", Reply::Go("lee"))]).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done));
    assert_eq!(run.state().epoch, 2);
}

#[tokio::test]
async fn an_altered_plan_is_not_gone_on_with() {
    let (stage, _tape) = Stage::new("two-services.md", shop());
    let run = stage.whole(&[]).await;
    let_go(run).await;
    let tools = stage.tools();
    tools.folder.keep_plan(b"# Something else\n").unwrap();
    let resumed = holdpoint_engine::resume(tools, &stage.run, stage.plan.clone(), "resumed").await;
    assert!(matches!(resumed, Err(EngineError::PlanAltered { .. })));
}

/// Another process on the same run.
fn other(stage: &Stage) -> Tools {
    Tools { driver: "pid 42 on desk".into(), ..stage.tools() }
}

#[tokio::test]
async fn a_driver_that_is_asked_lets_go_and_the_other_goes_on() {
    let (stage, tape) = Stage::new("two-services.md", shop());
    let run = stage.whole(&[]).await;
    let taken = take_over(other(&stage), &stage.run, Arc::clone(&stage.plan), false).await.unwrap();
    run.finished().await;
    let why = run.board(|board| board.halted.clone());
    assert_eq!(why.as_deref(), Some("pid 42 on desk took this run over"));
    assert!(run.give_secret("vars.x".into(), holdpoint_redact::Secret::new("x")).await.is_err());
    assert_eq!(stage.tools().folder.driver().unwrap().as_deref(), Some("pid 42 on desk"));
    assert_eq!(taken.state().epoch, 2);
    stage.walk(&taken, &[("hold stage release", Reply::Go("lee"))]).await;
    assert_eq!(taken.state().end.map(|(end, _)| end), Some(RunEnd::Done));
    let events: Vec<_> = tape.cuts().into_iter().flat_map(|cut| cut.events).collect();
    let told = crate::halting::facts(&stage, &events)
        .into_iter()
        .find_map(|fact| if let Fact::DriverChanged { reason, .. } = fact { Some(reason) } else { None });
    assert_eq!(told.as_deref(), Some("taken over from pid 41 on desk, which let go"));
    assert!(!stage.tools().folder.path().join("take-over.heard").exists());
}

/// Gives the run another lock just before an effect, as who shuts out a driver that is stopped there.
struct ShutsOut(PathBuf);

impl Points for ShutsOut {
    fn reached(&self, point: &Point) {
        if *point == Point::BeforeAct {
            let lock = self.0.join("driver.lock");
            std::fs::rename(&lock, self.0.join("driver.lock.gone")).unwrap();
            std::fs::write(lock, "pid 42 on desk").unwrap();
        }
    }
}

#[tokio::test]
async fn a_driver_that_was_shut_out_sends_nothing_any_more() {
    let (stage, _tape) = Stage::new("two-services.md", shop());
    let_go(stage.whole(&[]).await).await;
    let before = stage.world.things().took_effect.clone();
    let points = Arc::new(ShutsOut(stage.tools().folder.path().to_owned()));
    let run = stage.resume_with(Tools { points, ..stage.tools() }).await.unwrap();
    stage.walk(&run, &[("hold stage release", Reply::Go("lee"))]).await;
    let why = run.board(|board| board.halted.clone());
    assert!(why.is_some_and(|why| why.contains("took this run over")));
    assert_eq!(stage.world.things().took_effect, before, "its next effect is refused");
}
