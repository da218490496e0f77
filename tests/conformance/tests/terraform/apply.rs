//! Applies: once, exactly the reviewed plan, and only while all that it was made from is so.

use crate::scene::{Scene, broken, is_absent, outputs, until};
use holdpoint_conformance::{act_all, walk};
use holdpoint_engine::{ActError, Task};
use holdpoint_run::Diagnosis;
use serde_json::json;

const ONE: &str = "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.n }\noutput \"n\" { value = terraform_data.a.output }\n";

async fn refused(scene: &Scene, task: &Task) -> Diagnosis {
    let executor = scene.room.executor("terraform.apply");
    let intent = match executor.prepare(task).await {
        Ok(intent) => intent,
        Err(diagnosis) => return diagnosis,
    };
    match executor.act(task, &intent, 0, &[]).await {
        Err(ActError::Refused(diagnosis)) => diagnosis,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_applied_once() {
    if is_absent() {
        return;
    }
    let scene = Scene::with(ONE).await;
    let apply = scene.planned(json!({})).await;
    assert_eq!(outputs(walk(scene.room.executor("terraform.apply").as_ref(), &apply).await)["n"], 1);
    let again = Task { attempt: 2, ..apply.clone() };
    assert_eq!(
        refused(&scene, &again).await.headline,
        "This plan was applied before, and a plan is applied once"
    );
    let other = scene.task("another", "terraform.apply", apply.with.clone());
    assert!(refused(&scene, &other).await.headline.contains("applied once"));
    let nothing = scene.planned(json!({})).await;
    let (intent, receipts) = act_all(scene.room.executor("terraform.apply").as_ref(), &nothing).await;
    assert_eq!((intent.already.as_deref(), receipts.len()), (Some("the plan changes nothing"), 0));
    let read = scene.task("read", "terraform.output", json!({"dir": "infra"}));
    let read = |expect| Task { expect, ..read.clone() };
    let executor = scene.room.executor("terraform.output");
    assert_eq!(outputs(walk(executor.as_ref(), &read(json!({"values": {"n": 1}}))).await)["n"], 1);
    assert_eq!(broken(walk(executor.as_ref(), &read(json!({"values": {"n": 2, "m": 1}}))).await).len(), 2);
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_plan_is_not_applied() {
    if is_absent() {
        return;
    }
    let scene = Scene::with(ONE).await;
    let apply = scene.planned(json!({})).await;
    assert!(scene.by_hand(&["apply", "-auto-approve", "-var", "n=2"]).status.success());
    let told = refused(&scene, &apply).await;
    assert!(told.headline.starts_with("The saved plan is stale"), "{told:?}");
    let state = std::fs::read_to_string(scene.folder().join("terraform.tfstate")).unwrap();
    assert!(state.contains("\"value\": \"2\""), "what the other one applied is there: {state}");
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_was_made_from_must_still_be_so() {
    if is_absent() {
        return;
    }
    let scene = Scene::with(ONE).await;
    scene.write("dev.tfvars", "n = 3\n");
    let apply = scene.planned(json!({"var_file": "dev.tfvars"})).await;
    scene.write("dev.tfvars", "n = 4\n");
    assert!(refused(&scene, &apply).await.headline.contains("dev.tfvars was changed"));
    scene.write("dev.tfvars", "n = 3\n");
    let elsewhere = Task { account: "444455556666".into(), ..apply.clone() };
    assert!(refused(&scene, &elsewhere).await.headline.contains("pinned to 444455556666"));
    let git = scene.folder().join(".git");
    std::fs::create_dir_all(git.join("refs/heads")).unwrap();
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::write(git.join("refs/heads/main"), "0123456789abcdef0123456789abcdef01234567\n").unwrap();
    assert!(refused(&scene, &apply).await.headline.contains("at 0123456789ab now"));
    std::fs::remove_dir_all(git).unwrap();
    assert!(scene.by_hand(&["workspace", "new", "other"]).status.success());
    assert!(refused(&scene, &apply).await.headline.contains("`other` is selected now"));
    assert!(scene.by_hand(&["workspace", "select", "default"]).status.success());
    outputs(walk(scene.room.executor("terraform.apply").as_ref(), &apply).await);
    scene.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_names_who_holds_it_and_the_plan_stays_good() {
    if is_absent() {
        return;
    }
    let scene = Scene::with(ONE).await;
    let apply = scene.planned(json!({})).await;
    // Somebody else's Terraform, which holds the lock until it is told to go on.
    let gate = scene.room.folder().join("gate");
    let text = format!(
        "resource \"terraform_data\" \"slow\" {{\n  provisioner \"local-exec\" {{ command = \"until test -e {0}.go; do sleep 0.05; done\" }}\n}}\n",
        gate.display()
    );
    scene.write("slow.tf", &text);
    let mut other = scene
        .other(&["apply", "-auto-approve", "-no-color"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let info = scene.folder().join(".terraform.tfstate.lock.info");
    until(|| std::fs::read_to_string(&info).is_ok_and(|text| text.contains("OperationTypeApply"))).await;
    let told = refused(&scene, &apply).await;
    assert!(told.headline.contains("the state is locked by"), "{told:?}");
    assert!(told.says.iter().any(|said| said.who == "For" && said.what == "OperationTypeApply"), "{told:?}");
    assert!(told.hints.iter().any(|hint| hint.contains("terraform force-unlock ")), "{told:?}");
    std::fs::write(format!("{}.go", gate.display()), "").unwrap();
    assert!(other.wait().unwrap().success());
    // The same plan may be tried again: it was not used. It is stale now, and that is another reason.
    let again = Task { attempt: 2, ..apply };
    assert!(refused(&scene, &again).await.headline.contains("stale"));
    scene.room.close().await;
}
