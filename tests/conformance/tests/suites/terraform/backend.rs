//! State and lock in a bucket: moto's S3, with Terraform's own lock file.

use super::bucket::Bucket;
use super::scene::{Scene, failed, gated, outputs, until};
use super::stage::{Case, cases, installed};
use holdpoint_conformance::walk;
use holdpoint_engine::{ActError, Task};
use holdpoint_run::{Intent, Question};
use serde_json::json;
use std::process::{Child, Stdio};

const ONE: &str = "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.n }\noutput \"n\" { value = terraform_data.a.output }\n";

cases! {
    a_state_in_a_bucket_is_planned_applied_and_goes_stale,
    a_lock_in_a_bucket_is_told_while_its_holder_works,
    a_lock_that_was_left_behind_is_asked_about_and_taken_away_to_plan,
    a_lock_that_was_left_behind_is_taken_away_to_apply,
}

/// A scene whose state is in a bucket; nothing where Terraform or moto are not here.
async fn in_a_bucket(case: Case) -> Option<(Scene, Option<Bucket>)> {
    let scene = Scene::open(case, ONE).await?;
    if !scene.stage.is_real() {
        return Some((scene, None));
    }
    let Some(server) = installed("moto_server") else {
        println!("skipped: moto_server is not installed (cargo xtask test installs it)");
        scene.room.close().await;
        return None;
    };
    let bucket = Bucket::open(&server);
    scene.write("backend.tf", &bucket.backend());
    Some((scene, Some(bucket)))
}

/// Somebody else's apply, which holds the lock at the gate; nobody where a recording plays.
async fn somebody_applies(scene: &Scene) -> Option<Child> {
    scene.write("slow.tf", &gated(&scene.stage.gate(), ""));
    let mut other = scene.other(&["apply", "-auto-approve", "-no-color"])?;
    let other = other.stdout(Stdio::null()).spawn().unwrap();
    until(|| scene.is_at_the_gate()).await;
    Some(other)
}

/// They are ended hard: the lock stays.
fn ended_hard(other: Option<Child>) {
    if let Some(mut other) = other {
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

/// The question that a step asks while it is followed.
async fn asked(scene: &Scene, task: &Task, intent: &Intent, receipts: &[holdpoint_run::Receipt]) -> Question {
    let executor = scene.room.executor(&task.uses);
    let follows = executor.follow(task, intent, receipts);
    tokio::select! {
        ending = follows => panic!("it asks: {ending:?}"),
        question = scene.room.asked.first() => question,
    }
}

async fn a_state_in_a_bucket_is_planned_applied_and_goes_stale(case: Case) {
    let Some((scene, _bucket)) = in_a_bucket(case).await else { return };
    let executor = scene.room.executor("terraform.apply");
    let apply = scene.planned(json!({})).await;
    assert_eq!(outputs(walk(executor.as_ref(), &apply).await)["n"], 1);
    assert_eq!(outputs(scene.plan(json!({}), json!({"no_changes": true})).await)["has_changes"], false);
    let apply = scene.planned(json!({"vars": {"n": 3}})).await;
    scene.by_hand(&["apply", "-auto-approve", "-var", "n=2"]);
    let intent = executor.prepare(&apply).await.unwrap();
    let Err(ActError::Refused(told)) = executor.act(&apply, &intent, 0, &[]).await else {
        panic!("it is stale")
    };
    assert!(told.headline.starts_with("The saved plan is stale"), "{told:?}");
    let read = scene.task("read", "terraform.output", json!({"dir": "infra"}));
    let read = walk(scene.room.executor("terraform.output").as_ref(), &read).await;
    assert_eq!(outputs(read)["n"], "2", "what the other one applied stays");
    scene.close().await;
}

async fn a_lock_in_a_bucket_is_told_while_its_holder_works(case: Case) {
    let Some((scene, _bucket)) = in_a_bucket(case).await else { return };
    let apply = scene.planned(json!({})).await;
    let other = somebody_applies(&scene).await;
    let works = other.is_some();
    let executor = scene.room.executor("terraform.apply");
    let intent = executor.prepare(&apply).await.unwrap();
    let done = executor.act(&apply, &intent, 0, &[]).await;
    if works {
        let Err(ActError::Refused(told)) = done else { panic!("it is locked: {done:?}") };
        assert!(told.headline.contains("the state is locked by"), "{told:?}");
        for (who, part) in [("For", "OperationTypeApply"), ("State", "states/infra.tfstate")] {
            assert!(told.says.iter().any(|said| said.who == who && said.what.contains(part)), "{told:?}");
        }
        // Who works is not asked about: there is nothing to take away.
        let told = failed(scene.plan(json!({}), json!({})).await);
        assert!(told.headline.contains("the state is locked by"), "{told:?}");
    } else {
        // The recording's holder is of another machine, so a person is asked.
        assert_eq!(done.unwrap().body["outcome"], "locked");
    }
    scene.open_the_gate();
    assert!(other.is_none_or(|mut other| other.wait().unwrap().success()));
    scene.close().await;
}

async fn a_lock_that_was_left_behind_is_asked_about_and_taken_away_to_plan(case: Case) {
    let Some((scene, _bucket)) = in_a_bucket(case).await else { return };
    outputs(scene.plan(json!({}), json!({})).await);
    ended_hard(somebody_applies(&scene).await);
    let task = scene.task("plan", "terraform.plan", json!({"dir": "infra"}));
    let executor = scene.room.executor("terraform.plan");
    let mut intent = executor.prepare(&task).await.unwrap();
    let question = asked(&scene, &task, &intent, &[]).await;
    assert!(question.ask.instructions.contains("OperationTypeApply"), "{question:?}");
    if let Some(since) = scene.stage.recorded("Created:") {
        assert!(question.ask.instructions.contains(&format!("since {since}, for")), "{question:?}");
    }
    assert_eq!(question.reasons, ["unlock"], "who takes it away says how they know");
    let advised: Vec<_> = question.ask.options.iter().filter(|one| one.recommended).collect();
    assert_eq!(advised[0].id, "leave", "nobody is advised to take a lock away");
    intent.actions.push(question.actions["unlock"].clone());
    // Another lock than the one that was shown is not taken away.
    let mut another = intent.clone();
    another.actions[0].input["lock"]["id"] = json!("0f0f0f0f-0000-0000-0000-000000000000");
    let Err(ActError::Refused(told)) = executor.act(&task, &another, 0, &[]).await else {
        panic!("it is another one")
    };
    assert!(told.headline.contains("another one is held now"), "{told:?}");
    let receipt = executor.act(&task, &intent, 0, &[]).await.unwrap();
    assert_eq!(receipt.body["lock"], "taken away");
    // Sent again after a crash, it finds nothing to take away, and that is well.
    assert_eq!(executor.act(&task, &intent, 0, &[]).await.unwrap().body["lock"], "given back already");
    assert_eq!(outputs(executor.follow(&task, &intent, &[receipt]).await)["create"], 2);
    scene.close().await;
}

async fn a_lock_that_was_left_behind_is_taken_away_to_apply(case: Case) {
    let Some((scene, _bucket)) = in_a_bucket(case).await else { return };
    let apply = scene.planned(json!({})).await;
    ended_hard(somebody_applies(&scene).await);
    let executor = scene.room.executor("terraform.apply");
    let mut intent = executor.prepare(&apply).await.unwrap();
    let locked = executor.act(&apply, &intent, 0, &[]).await.unwrap();
    assert_eq!(locked.body["outcome"], "locked");
    let question = asked(&scene, &apply, &intent, std::slice::from_ref(&locked)).await;
    let offered: Vec<&str> = question.ask.options.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(offered, ["leave", "again", "unlock"]);
    intent.actions.push(question.actions["unlock"].clone());
    let receipts = [locked];
    let applied = executor.act(&apply, &intent, 1, &receipts).await.unwrap();
    assert_eq!(applied.body["outcome"], "applied", "the plan was not used: {applied:?}");
    let [locked] = receipts;
    let ending = executor.follow(&apply, &intent, &[locked, applied]).await;
    assert_eq!(outputs(ending)["n"], 1);
    scene.close().await;
}
