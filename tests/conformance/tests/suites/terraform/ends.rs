//! Ends that nobody wants: interrupted, killed, left alone by the console.

use super::scene::{Scene, failed, gated, outputs, signal, terraform_of, until};
use super::stage::{Case, cases};
use holdpoint_conformance::walk;
use holdpoint_engine::{ActError, Executor, Observation, Stop, Stops, Task};
use holdpoint_run::{Intent, Receipt};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An apply that waits at its gate, and the console that watches it.
struct AtTheGate {
    scene: Scene,
    executor: Arc<dyn Executor>,
    apply: Task,
    intent: Intent,
    console: JoinHandle<Result<Receipt, ActError>>,
    stop: watch::Sender<Stop>,
}

/// Two quick things, one that waits at a gate, one after it: the first is made, the second waits.
async fn at_the_gate(case: Case) -> Option<AtTheGate> {
    let scene = Scene::open(case, "").await?;
    let text = "resource \"terraform_data\" \"quick\" { input = 1 }\n\
                resource \"terraform_data\" \"late\" { input = terraform_data.slow.id }\n";
    scene.write("main.tf", text);
    scene.write("slow.tf", &gated(&scene.stage.gate(), "depends_on = [terraform_data.quick]"));
    let (stop, stops) = watch::channel(Stop::No);
    let apply = Task { stops: Stops::new(stops), ..scene.planned(json!({})).await };
    let executor = scene.room.executor("terraform.apply");
    let intent = executor.prepare(&apply).await.unwrap();
    let console = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.act(&apply, &intent, 0, &[]).await }
    });
    until(|| scene.is_at_the_gate()).await;
    Some(AtTheGate { scene, executor, apply, intent, console, stop })
}

cases! {
    a_console_that_dies_leaves_terraform_at_work_and_is_told_the_end,
    killed_at_work_it_says_what_is_done_and_what_is_not,
    interrupted_it_puts_its_state_away_and_says_so,
    a_failing_resource_is_named_with_what_was_made_before_it,
    stopped_by_a_person_it_puts_its_state_away,
    killed_by_a_person_what_is_left_is_looked_at,
}

async fn a_console_that_dies_leaves_terraform_at_work_and_is_told_the_end(case: Case) {
    let Some(AtTheGate { scene, executor, apply, intent, console, .. }) = at_the_gate(case).await else {
        return;
    };
    console.abort();
    assert!(console.await.unwrap_err().is_cancelled());
    // Another process: it reads, and waits for the end of what goes on.
    let looking = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.observe(&apply, &intent, 0, &[]).await }
    });
    scene.open_the_gate();
    let Observation::TookEffect(receipt) = looking.await.unwrap().unwrap() else { panic!("it took effect") };
    assert_eq!(receipt.body["outcome"], "applied");
    assert_eq!(receipt.external[0].kind, "terraform_plan");
    let ending = executor.follow(&apply, &intent, &[receipt]).await;
    assert_eq!(outputs(ending)["applied"]["create"], 3);
    scene.close().await;
}

async fn killed_at_work_it_says_what_is_done_and_what_is_not(case: Case) {
    let Some(AtTheGate { scene, executor, apply, intent, console, .. }) = at_the_gate(case).await else {
        return;
    };
    signal(terraform_of(&apply).unwrap(), "-KILL");
    let Err(ActError::Ambiguous(told)) = console.await.unwrap() else { panic!("it may have taken effect") };
    assert!(told.headline.contains("killed"), "{told:?}");
    let Observation::TookEffect(receipt) = executor.observe(&apply, &intent, 0, &[]).await.unwrap() else {
        panic!("the state settles it")
    };
    assert_eq!(receipt.body["outcome"], "killed");
    assert_eq!(receipt.body["done"], json!(["create terraform_data.quick"]));
    let told = failed(executor.follow(&apply, &intent, &[receipt]).await);
    assert_eq!(told.headline, "Terraform was killed: the plan is applied in part");
    let said =
        |who: &str| told.says.iter().find(|said| said.who == who).map(|said| said.what.clone()).unwrap();
    assert!(said("It had begun").contains("terraform_data.slow"), "{told:?}");
    assert!(said("Not done").contains("terraform_data.late"), "{told:?}");
    let again = Task { attempt: 2, ..apply };
    assert!(executor.prepare(&again).await.unwrap_err().headline.contains("applied once"));
    scene.open_the_gate();
    scene.close().await;
}

async fn interrupted_it_puts_its_state_away_and_says_so(case: Case) {
    let Some(gate) = at_the_gate(case).await else { return };
    signal(terraform_of(&gate.apply).unwrap(), "-INT");
    was_interrupted(gate).await;
}

/// It ended by itself, with its state put away.
async fn was_interrupted(gate: AtTheGate) {
    let AtTheGate { scene, executor, apply, intent, console, .. } = gate;
    let receipt = console.await.unwrap().unwrap();
    assert_eq!(receipt.body["outcome"], "interrupted", "{receipt:?}");
    let told = failed(executor.follow(&apply, &intent, &[receipt]).await);
    assert!(told.headline.starts_with("Terraform was interrupted"), "{told:?}");
    let state = scene.by_hand(&["show", "-no-color"]);
    assert!(state.is_none_or(|state| state.contains("tainted")), "what was being made is tainted");
    scene.open_the_gate();
    scene.close().await;
}

async fn a_failing_resource_is_named_with_what_was_made_before_it(case: Case) {
    let Some(scene) = Scene::open(case, "resource \"terraform_data\" \"good\" { input = 1 }\n\
         resource \"terraform_data\" \"bad\" {\n  depends_on = [terraform_data.good]\n  provisioner \"local-exec\" { command = \"echo no such image >&2; exit 7\" }\n}\n\
         resource \"terraform_data\" \"after\" { input = terraform_data.bad.id }\n").await else { return };
    let apply = scene.planned(json!({})).await;
    let told = failed(walk(scene.room.executor("terraform.apply").as_ref(), &apply).await);
    assert!(told.headline.starts_with("The plan is applied in part"), "{told:?}");
    let said = |who: &str| told.says.iter().find(|said| said.who == who).map(|said| said.what.clone());
    assert_eq!(said("Done").as_deref(), Some("create terraform_data.good"));
    assert_eq!(said("Not done").as_deref(), Some("create terraform_data.after"));
    assert!(said("terraform_data.bad").is_some_and(|what| what.contains("exit status 7")), "{told:?}");
    scene.close().await;
}

async fn stopped_by_a_person_it_puts_its_state_away(case: Case) {
    let Some(gate) = at_the_gate(case).await else { return };
    gate.stop.send(Stop::Gently).unwrap();
    was_interrupted(gate).await;
}

async fn killed_by_a_person_what_is_left_is_looked_at(case: Case) {
    let Some(AtTheGate { scene, executor, apply, intent, console, stop }) = at_the_gate(case).await else {
        return;
    };
    stop.send(Stop::Hard).unwrap();
    let Err(ActError::Ambiguous(told)) = console.await.unwrap() else { panic!("it may have taken effect") };
    assert!(told.headline.contains("killed"), "{told:?}");
    // The word still stands for this attempt: what looks at the world is not ended by it.
    let Observation::TookEffect(receipt) = executor.observe(&apply, &intent, 0, &[]).await.unwrap() else {
        panic!("a fresh look settles it")
    };
    assert_eq!(receipt.body["outcome"], "killed");
    scene.open_the_gate();
    scene.close().await;
}
