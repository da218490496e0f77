//! Applies: once, exactly the reviewed plan, and only while all that it was made from is so.

use super::scene::{Scene, broken, gated, outputs, until};
use super::stage::{Case, as_tofu, cases};
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

cases! {
    a_plan_is_applied_once,
    a_last_resort_destroys_what_is_named_and_nothing_else,
    a_stale_plan_is_not_applied,
    what_it_was_made_from_must_still_be_so,
    a_lock_names_who_holds_it_and_the_plan_stays_good,
}

as_tofu! {
    a_plan_is_applied_once,
    a_stale_plan_is_not_applied,
    what_it_was_made_from_must_still_be_so,
    a_lock_names_who_holds_it_and_the_plan_stays_good,
}

async fn a_plan_is_applied_once(case: Case) {
    let Some(scene) = Scene::open(case, ONE).await else { return };
    let apply = scene.planned(json!({})).await;
    let executor = scene.room.executor("terraform.apply");
    let (intent, receipts) = act_all(executor.as_ref(), &apply).await;
    let program = scene.stage.program();
    assert_eq!(intent.actions[0].call, format!("{program} apply"));
    let made_with = intent.actions[0].input["program"].as_str().unwrap();
    assert!(made_with.starts_with(&format!("{program} 1.")), "{made_with}");
    assert_eq!(outputs(executor.follow(&apply, &intent, &receipts).await)["n"], 1);
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
    scene.close().await;
}

/// A service, the revision that it runs, and another that stays.
const PAIR: &str = r#"
resource "terraform_data" "revision" { input = "worker:1" }
resource "terraform_data" "worker" { input = terraform_data.revision.output }
resource "terraform_data" "api" { input = "api" }
output "api" { value = terraform_data.api.output }
"#;

async fn a_last_resort_destroys_what_is_named_and_nothing_else(case: Case) {
    let Some(scene) = Scene::open(case, PAIR).await else { return };
    scene.by_hand(&["init"]);
    scene.by_hand(&["apply", "-auto-approve"]);
    let with = json!({"dir": "infra", "destroy": true, "targets": ["terraform_data.worker", "terraform_data.revision"]});
    let both = json!({"delete": ["terraform_data.revision", "terraform_data.worker"], "forbid": ["delete terraform_data.api"]});
    let executor = scene.room.executor("terraform.plan");
    let task = |expect| Task { expect, ..scene.task("plan", "terraform.plan", with.clone()) };
    let said = broken(walk(executor.as_ref(), &task(json!({"forbid": ["delete"]}))).await);
    assert_eq!(said.len(), 1, "{said:?}");
    let planned = outputs(walk(executor.as_ref(), &task(both)).await);
    assert_eq!((&planned["delete"], &planned["create"]), (&json!(2), &json!(0)));
    let apply = scene.task("apply", "terraform.apply", json!({"plan": planned["file"]}));
    let applied = outputs(walk(scene.room.executor("terraform.apply").as_ref(), &apply).await);
    assert_eq!(applied["applied"]["delete"], 2);
    let left = scene.by_hand(&["state", "list"]);
    assert!(left.is_none_or(|left| left.trim() == "terraform_data.api"), "the other one stands");
    scene.close().await;
}

async fn a_stale_plan_is_not_applied(case: Case) {
    let Some(scene) = Scene::open(case, ONE).await else { return };
    let apply = scene.planned(json!({})).await;
    scene.by_hand(&["apply", "-auto-approve", "-var", "n=2"]);
    let told = refused(&scene, &apply).await;
    assert!(told.headline.starts_with("The saved plan is stale"), "{told:?}");
    let state = scene.by_hand(&["show", "-no-color"]);
    assert!(state.is_none_or(|state| state.contains("n = \"2\"")), "what the other one applied is there");
    scene.close().await;
}

async fn what_it_was_made_from_must_still_be_so(case: Case) {
    let Some(scene) = Scene::open(case, ONE).await else { return };
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
    scene.by_hand(&["workspace", "new", "other"]);
    assert!(refused(&scene, &apply).await.headline.contains("`other` is selected now"));
    scene.by_hand(&["workspace", "select", "default"]);
    outputs(walk(scene.room.executor("terraform.apply").as_ref(), &apply).await);
    scene.close().await;
}

async fn a_lock_names_who_holds_it_and_the_plan_stays_good(case: Case) {
    let Some(scene) = Scene::open(case, ONE).await else { return };
    let apply = scene.planned(json!({})).await;
    // Somebody else's Terraform, which holds the lock until it is told to go on.
    scene.write("slow.tf", &gated(&scene.stage.gate(), ""));
    let other = scene.other(&["apply", "-auto-approve", "-no-color"]);
    let other = other.map(|mut other| other.stdout(std::process::Stdio::null()).spawn().unwrap());
    if other.is_some() {
        until(|| scene.is_at_the_gate()).await;
    }
    let since = scene.locked_since();
    let told = match other.is_some() {
        true => refused(&scene, &apply).await,
        // The recording's holder is of another machine, so the step goes on to ask a person.
        false => {
            let (_, receipts) = act_all(scene.room.executor("terraform.apply").as_ref(), &apply).await;
            serde_json::from_value(receipts[0].body["diagnosis"].clone()).unwrap()
        }
    };
    assert!(told.headline.contains("the state is locked by"), "{told:?}");
    assert!(told.says.iter().any(|said| said.who == "For" && said.what == "OperationTypeApply"), "{told:?}");
    let said = |who: &str| told.says.iter().find(|said| said.who == who).map(|said| said.what.clone());
    assert!(said("Since").is_some_and(|told| told.starts_with(&since)), "since {since}: {told:?}");
    let unlock = format!("{} force-unlock ", scene.stage.program());
    assert!(told.hints.iter().any(|hint| hint.contains(&unlock)), "{told:?}");
    scene.open_the_gate();
    assert!(other.is_none_or(|mut other| other.wait().unwrap().success()));
    // The same plan may be tried again: it was not used. It is stale now, and that is another reason.
    let again = Task { attempt: 2, ..apply };
    assert!(refused(&scene, &again).await.headline.contains("stale"));
    scene.close().await;
}
