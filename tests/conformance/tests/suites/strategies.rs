//! Deployments that shift traffic, wait for somebody, or have nothing to go back to.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, succeeded, walk};
use holdpoint_engine::{Ending, Executor, Task};
use holdpoint_run::{Diagnosis, Intent, Receipt};
use serde_json::{Value, json};
use std::sync::Arc;

async fn deploy(room: &Room) -> Task {
    let set = json!({"app": {"image": "registry.example/api:2"}});
    let register = room.task("register", "ecs.register", json!({"from": "api", "set": set}));
    let registered = succeeded(walk(room.executor("ecs.register").as_ref(), &register).await);
    let with = json!({"cluster": "main", "service": "api", "task_definition": registered["task_definition"].clone()});
    room.task("deploy", "ecs.deploy", with)
}

/// Follows beside the test, as the engine does while somebody is asked.
fn follow_beside(
    executor: &Arc<dyn Executor>,
    task: &Task,
    intent: &Intent,
    receipts: &[Receipt],
) -> tokio::task::JoinHandle<Ending> {
    let (executor, task) = (Arc::clone(executor), task.clone());
    let (intent, receipts) = (intent.clone(), receipts.to_vec());
    tokio::spawn(async move { executor.follow(&task, &intent, &receipts).await })
}

fn said<'a>(diagnosis: &'a Diagnosis, who: &str) -> &'a str {
    diagnosis.says.iter().find(|said| said.who == who).map_or("", |said| said.what.as_str())
}

/// Deploys up to the hook, answers it, and follows to the end; the answer's call is lost in the way that `fault` says.
async fn answered(option: &str, fault: Option<Value>) -> (Ending, Vec<String>) {
    let room = Room::open("hook_waits").await;
    let task = deploy(&room).await;
    let executor = room.executor("ecs.deploy");
    let (mut intent, mut receipts) = act_all(executor.as_ref(), &task).await;
    let following = follow_beside(&executor, &task, &intent, &receipts);
    let question = room.asked.first().await;
    assert!(question.expires_at.is_some(), "AWS's countdown is told: {question:?}");
    assert_eq!(question.if_unanswered.as_deref(), Some("AWS rolls the deployment back"));
    assert_eq!(question.ask.options.len(), 2);
    // The engine sends the follower home, stores the answer, and sends its action once.
    following.abort();
    intent.actions.push(question.actions[option].clone());
    if let Some(fault) = fault {
        room.fault("ecs", "ContinueServiceDeployment", fault).await;
        executor.act(&task, &intent, 1, &receipts).await.unwrap_err();
        match executor.observe(&task, &intent, 1, &receipts).await.unwrap() {
            holdpoint_engine::Observation::TookEffect(receipt) => receipts.push(receipt),
            other @ (holdpoint_engine::Observation::TookNoEffect { .. }
            | holdpoint_engine::Observation::Unsettled(_)) => panic!("{other:?}"),
        }
    } else {
        receipts.push(executor.act(&task, &intent, 1, &receipts).await.unwrap());
    }
    let ending = executor.follow(&task, &intent, &receipts).await;
    let effects = room.effects().await;
    room.close().await;
    (ending, effects)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_a_question_and_its_answer_goes_on() {
    let (ending, effects) = answered("continue", None).await;
    assert_eq!(succeeded(ending)["running_count"], 2);
    assert_eq!(effects.iter().filter(|call| *call == "ContinueServiceDeployment").count(), 1, "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_settled_by_the_hook() {
    let fault = json!({"kind": "reset", "applied": true});
    let (ending, effects) = answered("continue", Some(fault)).await;
    succeeded(ending);
    assert_eq!(effects.iter().filter(|call| *call == "ContinueServiceDeployment").count(), 1, "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_answered_with_back_is_a_rollback() {
    let (ending, _) = answered("roll_back", None).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("api:1"), "{}", diagnosis.headline);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_answers_is_taken_back() {
    let room = Room::open("hook_waits").await;
    let task = deploy(&room).await;
    let executor = room.executor("ecs.deploy");
    let (intent, receipts) = act_all(executor.as_ref(), &task).await;
    let following = follow_beside(&executor, &task, &intent, &receipts);
    let question = room.asked.first().await;
    // Somebody at AWS's own console.
    let mut theirs = intent.clone();
    theirs.actions.push(question.actions["continue"].clone());
    executor.act(&task, &theirs, 1, &receipts).await.unwrap();
    succeeded(following.await.unwrap());
    let withdrawn = room.asked.withdrawn();
    assert_eq!(withdrawn.len(), 1, "{withdrawn:?}");
    assert_eq!(withdrawn[0].0, question.key);
    // Ours comes too late, and that is no failure.
    let late = executor.act(&task, &theirs, 1, &receipts).await.unwrap();
    assert!(late.body["late"].is_string(), "{late:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_in_the_bake_is_named() {
    let room = Room::open("blue_green_fails_in_bake").await;
    let ending = walk(room.executor("ecs.deploy").as_ref(), &deploy(&room).await).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(said(&diagnosis, "What AWS says").contains("orders-5xx"), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deployment_that_fails_says_that_nothing_was_before() {
    let room = Room::open("first_deployment_fails").await;
    let with = json!({
        "cluster": "main", "service": "worker", "task_definition": "api", "desired_count": 1,
        "network": {"subnets": ["subnet-1"]},
        "deployment": {"circuit_breaker": {"enable": true, "rollback": true}},
    });
    let task = room.task("create", "ecs.create", with);
    let executor = room.executor("ecs.create");
    let intent = executor.prepare(&task).await.unwrap();
    assert!(intent.summary.contains("no earlier deployment"), "{}", intent.summary);
    let ending = walk(executor.as_ref(), &task).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(!said(&diagnosis, "The tasks").is_empty(), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_or_finds_no_room_says_why() {
    let room = Room::open("healthy").await;
    let ends = json!({"match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {
        "logs": [{"after": 0.2, "line": "relation \"users\" does not exist"}], "exit": {"after": 1, "code": 3}}});
    room.simulator.behave(&json!({"behaviours": [ends]})).await.unwrap();
    let with = json!({"cluster": "main", "task_definition": "api", "network": {"subnets": ["subnet-1"]}});
    let executor = room.executor("ecs.run_task");
    let task = room.task("migrate", "ecs.run_task", with);
    let Ending::Failed(diagnosis) = walk(executor.as_ref(), &task).await else { panic!("it exits with 3") };
    assert!(diagnosis.headline.contains("exit code 3"), "{}", diagnosis.headline);
    assert!(diagnosis.last_log.iter().any(|line| line.contains("does not exist")), "{diagnosis:?}");
    // The plan may expect it.
    let expected = Task { expect: json!({"exit": 3}), attempt: 2, ..task.clone() };
    assert_eq!(succeeded(walk(executor.as_ref(), &expected).await)["exit"], 3);
    room.close().await;
    let room = Room::open("no_capacity").await;
    let task = room.task("migrate", "ecs.run_task", task.with);
    let executor = room.executor("ecs.run_task");
    let intent = executor.prepare(&task).await.unwrap();
    let Err(holdpoint_engine::ActError::Refused(diagnosis)) = executor.act(&task, &intent, 0, &[]).await
    else {
        panic!("nothing can be placed")
    };
    assert!(diagnosis.headline.contains("nothing was started"), "{}", diagnosis.headline);
    assert!(!said(&diagnosis, "What AWS says").is_empty() && !diagnosis.hints.is_empty(), "{diagnosis:?}");
    room.close().await;
}
