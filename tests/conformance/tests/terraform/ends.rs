//! Ends that nobody wants: interrupted, killed, left alone by the console.

use crate::scene::{Scene, failed, is_absent, outputs, signal, terraform_of, until};
use holdpoint_engine::{ActError, Observation, Task};
use serde_json::json;
use std::path::PathBuf;

/// Two quick things, one that waits at a gate, one after it.
fn gated(scene_gate: &std::path::Path) -> String {
    format!(
        "resource \"terraform_data\" \"quick\" {{ input = 1 }}\n\
         resource \"terraform_data\" \"slow\" {{\n  depends_on = [terraform_data.quick]\n  provisioner \"local-exec\" {{\n    \
         command = \"touch {0}.there; until test -e {0}.go; do sleep 0.05; done\"\n  }}\n}}\n\
         resource \"terraform_data\" \"late\" {{ input = terraform_data.slow.id }}\n",
        scene_gate.display()
    )
}

/// A scene whose apply waits at its gate.
async fn at_the_gate() -> (Scene, Task, PathBuf, PathBuf) {
    let scene = Scene::with("").await;
    let gate = scene.room.folder().join("gate");
    scene.write("main.tf", &gated(&gate));
    let apply = scene.planned(json!({})).await;
    (
        scene,
        apply,
        PathBuf::from(format!("{}.there", gate.display())),
        PathBuf::from(format!("{}.go", gate.display())),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_dies_leaves_terraform_at_work_and_is_told_the_end() {
    if is_absent() {
        return;
    }
    let (scene, apply, there, go) = at_the_gate().await;
    let executor = scene.room.executor("terraform.apply");
    let intent = executor.prepare(&apply).await.unwrap();
    let console = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.act(&apply, &intent, 0, &[]).await }
    });
    until(|| there.exists()).await;
    console.abort();
    assert!(console.await.unwrap_err().is_cancelled());
    // Another process: it reads, and waits for the end of what goes on.
    let looking = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.observe(&apply, &intent, 0, &[]).await }
    });
    std::fs::write(go, "").unwrap();
    let Observation::TookEffect(receipt) = looking.await.unwrap().unwrap() else { panic!("it took effect") };
    assert_eq!(receipt.body["outcome"], "applied");
    assert_eq!(receipt.external[0].kind, "terraform_plan");
    let ending = executor.follow(&apply, &intent, &[receipt]).await;
    assert_eq!(outputs(ending)["applied"]["create"], 3);
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_work_it_says_what_is_done_and_what_is_not() {
    if is_absent() {
        return;
    }
    let (scene, apply, there, go) = at_the_gate().await;
    let executor = scene.room.executor("terraform.apply");
    let intent = executor.prepare(&apply).await.unwrap();
    let console = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.act(&apply, &intent, 0, &[]).await }
    });
    until(|| there.exists()).await;
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
    std::fs::write(go, "").unwrap();
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_it_puts_its_state_away_and_says_so() {
    if is_absent() {
        return;
    }
    let (scene, apply, there, go) = at_the_gate().await;
    let executor = scene.room.executor("terraform.apply");
    let intent = executor.prepare(&apply).await.unwrap();
    let console = tokio::spawn({
        let (executor, apply, intent) = (executor.clone(), apply.clone(), intent.clone());
        async move { executor.act(&apply, &intent, 0, &[]).await }
    });
    until(|| there.exists()).await;
    signal(terraform_of(&apply).unwrap(), "-INT");
    let receipt = console.await.unwrap().unwrap();
    assert_eq!(receipt.body["outcome"], "interrupted", "{receipt:?}");
    let told = failed(executor.follow(&apply, &intent, &[receipt]).await);
    assert!(told.headline.starts_with("Terraform was interrupted"), "{told:?}");
    let state = scene.by_hand(&["show", "-no-color"]);
    assert!(String::from_utf8_lossy(&state.stdout).contains("tainted"), "what was being made is tainted");
    std::fs::write(go, "").unwrap();
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_resource_is_named_with_what_was_made_before_it() {
    if is_absent() {
        return;
    }
    let scene = Scene::with(
        "resource \"terraform_data\" \"good\" { input = 1 }\n\
         resource \"terraform_data\" \"bad\" {\n  depends_on = [terraform_data.good]\n  provisioner \"local-exec\" { command = \"echo no such image >&2; exit 7\" }\n}\n\
         resource \"terraform_data\" \"after\" { input = terraform_data.bad.id }\n",
    )
    .await;
    let apply = scene.planned(json!({})).await;
    let told =
        failed(holdpoint_conformance::walk(scene.room.executor("terraform.apply").as_ref(), &apply).await);
    assert!(told.headline.starts_with("The plan is applied in part"), "{told:?}");
    let said = |who: &str| told.says.iter().find(|said| said.who == who).map(|said| said.what.clone());
    assert_eq!(said("Done").as_deref(), Some("create terraform_data.good"));
    assert_eq!(said("Not done").as_deref(), Some("create terraform_data.after"));
    assert!(said("terraform_data.bad").is_some_and(|what| what.contains("exit status 7")), "{told:?}");
    scene.room.close().await;
}
