//! One driver a run.

use crate::stage::{Reply, Stage, let_go};
use crate::world::shop;
use holdpoint_engine::EngineError;
use holdpoint_run::RunEnd;

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
