//! Ways back while a deployment is still on its way: it is stopped, and ECS itself brings back what it came from.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, succeeded, walk, walk_settling};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::Intent;
use serde_json::{Value, json};

const STOP: &str = "StopServiceDeployment";

/// A deployment that is on its way, and its way back. Without a circuit breaker a crash loop (`breaker_off`) is on its way for
/// ever, and nothing of AWS's own would bring it back.
async fn on_its_way(room: &Room, deployment: Option<Value>) -> (Task, Task) {
    let set = json!({"app": {"image": "registry.example/api:2"}});
    let register = room.task("register", "ecs.register", json!({"from": "api", "set": set}));
    let registered = succeeded(walk(room.executor("ecs.register").as_ref(), &register).await);
    let mut with =
        json!({"cluster": "main", "service": "api", "task_definition": registered["task_definition"]});
    if let Some(deployment) = deployment {
        with["deployment"] = deployment;
    }
    let deploy = room.pin(&room.task("deploy", "ecs.deploy", with)).await;
    act_all(room.executor("ecs.deploy").as_ref(), &deploy).await;
    let undo = room.undo(&deploy).unwrap();
    (deploy, undo)
}

/// How often an effect came.
async fn count(room: &Room, operation: &str) -> usize {
    room.effects().await.iter().filter(|effect| *effect == operation).count()
}

fn calls(intent: &Intent) -> Vec<&str> {
    intent.actions.iter().map(|action| action.call.as_str()).collect()
}

/// What the service runs, as a check sees it.
async fn stands(room: &Room) -> (Value, Value) {
    let with = json!({"cluster": "main", "service": "api"});
    let task = room.task("check", "ecs.check", with);
    let task = Task { expect: json!({"running": 2, "desired": 2, "only_revision": true}), ..task };
    let outputs = succeeded(walk(room.executor("ecs.check").as_ref(), &task).await);
    let revision = outputs["task_definition"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (json!(revision), outputs["images"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_flight_is_stopped_and_nothing_else_is_sent() {
    let room = Room::open("breaker_off").await;
    let before = stands(&room).await;
    let (_, undo) = on_its_way(&room, None).await;
    let executor = room.executor("ecs.rollback");
    let intent = executor.prepare(&undo).await.unwrap();
    assert_eq!(calls(&intent)[0], format!("ecs:{STOP}"), "{intent:?}");
    assert!(intent.summary.starts_with("Stop the deployment of api:2 to api"), "{}", intent.summary);
    let outputs = succeeded(walk(executor.as_ref(), &undo).await);
    assert!(outputs["task_definition"].as_str().unwrap().ends_with("api:1"), "{outputs:?}");
    assert_eq!(outputs["running_count"], 2);
    assert_eq!(room.effects().await, ["RegisterTaskDefinition", "UpdateService", STOP]);
    assert_eq!(stands(&room).await, before, "the same revision with the same digests");
    let again = executor.prepare(&undo).await.unwrap();
    assert!(again.already.is_some() && again.actions.is_empty(), "{again:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_stops_it_once() {
    for applied in [true, false] {
        let room = Room::open("breaker_off").await;
        let (_, undo) = on_its_way(&room, None).await;
        room.fault("ecs", STOP, json!({"kind": "reset", "applied": applied})).await;
        let (ending, lost) = walk_settling(room.executor("ecs.rollback").as_ref(), &undo).await;
        succeeded(ending);
        assert_eq!(lost, 1);
        assert_eq!(count(&room, STOP).await, 1, "applied: {applied}");
        assert_eq!(count(&room, "UpdateService").await, 1, "the deployment's own: {applied}");
        assert_eq!(stands(&room).await.0, "api:1");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ended_in_between_goes_back_by_an_update() {
    let room = Room::open("healthy").await;
    // The bake keeps it on its way for long enough to be looked at.
    let bakes = json!({"strategy": "BLUE_GREEN", "bake": "5m"});
    let (deploy, undo) = on_its_way(&room, Some(bakes)).await;
    let executor = room.executor("ecs.rollback");
    let intent = executor.prepare(&undo).await.unwrap();
    assert_eq!(calls(&intent)[0], format!("ecs:{STOP}"), "it is in flight: {intent:?}");
    // It comes to its end before the call does.
    let already = room.executor("ecs.deploy").prepare(&deploy).await.unwrap();
    succeeded(room.executor("ecs.deploy").follow(&deploy, &already, &[]).await);
    let mut receipts = Vec::new();
    for action in 0..intent.actions.len() {
        receipts.push(executor.act(&undo, &intent, action, &receipts).await.unwrap());
    }
    assert_eq!(receipts[0].body["stopped"], false, "{receipts:?}");
    assert_eq!(succeeded(executor.follow(&undo, &intent, &receipts).await)["running_count"], 2);
    assert_eq!((count(&room, STOP).await, count(&room, "UpdateService").await), (0, 2));
    assert!(stands(&room).await.0 != "api:2");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_stop_it_goes_back_by_an_update() {
    let room = Room::open("breaker_off").await;
    let (_, undo) = on_its_way(&room, None).await;
    let denied =
        json!({"kind": "error", "code": "AccessDeniedException", "status": 400, "message": "not authorized"});
    let fault = json!({"match": {"service": "ecs", "operation": STOP}, "effect": denied});
    room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
    assert_eq!(succeeded(walk(room.executor("ecs.rollback").as_ref(), &undo).await)["running_count"], 2);
    assert_eq!((count(&room, STOP).await, count(&room, "UpdateService").await), (0, 2));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stopped_into_what_was_pinned_is_not_stopped() {
    let room = Room::open("breaker_off").await;
    let (deploy, undo) = on_its_way(&room, None).await;
    // Fewer tasks are wanted now than when it was pinned: a stop would leave it so.
    let scale =
        room.task("scale", "ecs.scale", json!({"cluster": "main", "service": "api", "desired_count": 1}));
    act_all(room.executor("ecs.scale").as_ref(), &scale).await;
    let intent = room.executor("ecs.rollback").prepare(&undo).await.unwrap();
    assert!(!calls(&intent).contains(&"ecs:StopServiceDeployment"), "{intent:?}");
    // What somebody names, and what is in flight did not come from.
    let with = json!({"cluster": "main", "service": "api", "to": "api:2"});
    let forward = Task { with, ..undo };
    let intent = room.executor("ecs.rollback").prepare(&forward).await.unwrap();
    assert!(!calls(&intent).contains(&"ecs:StopServiceDeployment"), "{intent:?}");
    drop(deploy);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_fails_is_a_failure_and_may_be_retried() {
    let room = Room::open("breaker_off").await;
    let (_, undo) = on_its_way(&room, None).await;
    let why = "the role may not alter the listener rule";
    room.simulator.behave(&json!({"incidents": [{"rollback_fails": why}]})).await.unwrap();
    let executor = room.executor("ecs.rollback");
    let Ending::Failed(diagnosis) = walk(executor.as_ref(), &undo).await else { panic!("it cannot go back") };
    assert!(diagnosis.headline.contains(why), "{}", diagnosis.headline);
    let retried = Task { attempt: 2, ..undo };
    let intent = executor.prepare(&retried).await.unwrap();
    assert!(!calls(&intent).contains(&"ecs:StopServiceDeployment"), "nothing is in flight: {intent:?}");
    assert_eq!(succeeded(walk(executor.as_ref(), &retried).await)["running_count"], 2);
    room.close().await;
}
