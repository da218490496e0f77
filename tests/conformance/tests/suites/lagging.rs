//! What AWS shows late, lost answers beside it, and words that this version does not know: the outcome is the true one.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, succeeded, walk, walk_settling};
use holdpoint_engine::{Began, Clock as _, Ending, Note, Progress, Task};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A deployment of what this run has just registered, which AWS shows late; or, forced, of what runs.
async fn deploy(room: &Room, force: bool) -> Task {
    if force {
        return room.task(
            "deploy",
            "ecs.deploy",
            json!({"cluster": "main", "service": "api", "force": true}),
        );
    }
    let set = json!({"app": {"image": "registry.example/api:2"}});
    let register = room.task("register", "ecs.register", json!({"from": "api", "set": set}));
    let (_, receipts) = act_all(room.executor("ecs.register").as_ref(), &register).await;
    let arn = receipts[0].body["task_definition"].clone();
    let began = Began { at: room.clock.now(), receipts, world: json!({}) };
    let with = json!({"cluster": "main", "service": "api", "task_definition": arn});
    let task = room.task("deploy", "ecs.deploy", with);
    Task { began: Arc::new(BTreeMap::from([("register".to_owned(), began)])), ..task }
}

/// The last true state of the newest deployment of ECS.
async fn truth(room: &Room) -> Value {
    let facts = room.simulator.facts().await.unwrap();
    facts["deployments"].as_array().unwrap().iter().rfind(|fact| fact["origin"] == "update").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_before_is_not_what_came_of_a_deployment() {
    for force in [false, true] {
        let room = Room::open("lagging").await;
        let task = deploy(&room, force).await;
        let outputs = succeeded(walk(room.executor("ecs.deploy").as_ref(), &task).await);
        let truth = truth(&room).await;
        assert_eq!(truth["status"], "SUCCESSFUL", "{truth}");
        assert_eq!(outputs["deployment"], truth["deployment_id"], "force: {force}");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_that_is_shown_late_ends_rolled_back() {
    let room = Room::open("lagging+crash_loop").await;
    let task = deploy(&room, false).await;
    let ending = walk(room.executor("ecs.deploy").as_ref(), &task).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert_eq!(
        diagnosis.headline,
        "Not deployed. AWS rolled the service back; it runs 2 of 2 tasks on api:1."
    );
    let tells = diagnosis.last_log.iter().any(|line| line.contains("does not exist"));
    assert!(tells, "{diagnosis:?}");
    assert_eq!(truth(&room).await["status"], "ROLLBACK_SUCCESSFUL");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_whose_effect_is_shown_late_is_not_sent_again() {
    let checks = [
        ("ecs", "UpdateService", "ecs.deploy"),
        ("ecs", "CreateService", "ecs.create"),
        ("ecs", "RunTask", "ecs.run_task"),
        ("ecs", "UpdateService", "ecs.scale"),
        ("apprunner", "StartDeployment", "apprunner.deploy"),
        ("apprunner", "UpdateService", "apprunner.update"),
        ("apprunner", "CreateService", "apprunner.create"),
        ("apprunner", "PauseService", "apprunner.pause"),
    ]
    .map(|(service, operation, kind)| tokio::spawn(lost(service, operation, kind)));
    for check in checks {
        check.await.unwrap();
    }
}

async fn lost(service: &str, operation: &str, kind: &str) {
    for applied in [true, false] {
        let room = Room::open("lagging").await;
        let task = step(&room, kind).await;
        let before = room.effects().await;
        room.fault(service, operation, json!({"kind": "reset", "applied": applied})).await;
        let (ending, lost) = walk_settling(room.executor(kind).as_ref(), &task).await;
        succeeded(ending);
        assert_eq!(lost, 1, "{kind}");
        let effects = room.effects().await;
        assert_eq!(effects[before.len()..], [operation.to_owned()], "{kind}, applied: {applied}");
        room.close().await;
    }
}

async fn step(room: &Room, kind: &str) -> Task {
    let with = match kind {
        "ecs.deploy" => return deploy(room, false).await,
        "ecs.create" => json!({
            "cluster": "main", "service": "worker", "task_definition": "api", "desired_count": 1,
            "network": {"subnets": ["subnet-1"]},
        }),
        "ecs.run_task" => {
            let ends = json!({"match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {
                "logs": [{"after": 0.2, "line": "3 migrations applied"}], "exit": {"after": 2, "code": 0}}});
            room.simulator.behave(&json!({"behaviours": [ends]})).await.unwrap();
            json!({"cluster": "main", "task_definition": "api", "command": ["migrate"], "network": {"subnets": ["subnet-1"]}})
        }
        "ecs.scale" => json!({"cluster": "main", "service": "api", "desired_count": 3}),
        "apprunner.update" => json!({"service": "shop", "environment": {"MODE": "new"}}),
        "apprunner.create" => json!({
            "name": "orders-web", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders-web:1", "port": 8080,
            "access_role": "arn:aws:iam::111122223333:role/pull",
        }),
        _ => json!({"service": "shop"}),
    };
    room.task("change", kind, with)
}

/// Alters what AWS answers: a word where `was` stands, and a member that there was not before.
fn altered(service: &str, operation: &str, at: &str, was: &str) -> Value {
    let novelty = format!("{}/novelty", at.rsplit_once('/').unwrap().0);
    let members = json!([
        {"path": at, "was": was, "value": "CONTEMPLATING"}, {"path": novelty, "value": {"of": "tomorrow"}}]);
    json!({"match": {"service": service, "operation": operation}, "effect": {"kind": "alter", "members": members}})
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_later_api_are_tolerated_and_shown() {
    let cases = [
        (
            "ecs.deploy",
            "ecs",
            "DescribeServiceDeployments",
            "/serviceDeployments/*/status",
            "IN_PROGRESS",
            "service deployment status",
        ),
        ("ecs.deploy", "ecs", "DescribeServices", "/services/*/status", "ACTIVE", "service status"),
        (
            "ecs.deploy",
            "ecs",
            "DescribeServices",
            "/services/*/deployments/0/rolloutState",
            "IN_PROGRESS",
            "rollout state",
        ),
        (
            "apprunner.update",
            "apprunner",
            "ListOperations",
            "/OperationSummaryList/*/Status",
            "IN_PROGRESS",
            "operation status",
        ),
        (
            "apprunner.update",
            "apprunner",
            "DescribeService",
            "/Service/Status",
            "OPERATION_IN_PROGRESS",
            "service status",
        ),
    ];
    for (kind, service, operation, at, was, what) in cases {
        let room = Room::open("healthy").await;
        let task = step(&room, kind).await;
        let fault = altered(service, operation, at, was);
        room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
        let ending = walk(room.executor(kind).as_ref(), &task).await;
        let Ending::Succeeded { note, .. } = &ending else { panic!("{kind}, {at}: {ending:?}") };
        let note = note.clone().unwrap_or_default();
        assert!(note.contains(&format!("{what} CONTEMPLATING")), "{kind}, {at}: {note}");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_at_the_end_that_is_not_known_ends_by_the_deadline_and_is_named() {
    let room = Room::open("healthy").await;
    for (kind, service, operation, at, was) in [
        ("ecs.deploy", "ecs", "DescribeServiceDeployments", "/serviceDeployments/*/status", "SUCCESSFUL"),
        ("apprunner.update", "apprunner", "ListOperations", "/OperationSummaryList/0/Status", "SUCCEEDED"),
    ] {
        let task = step(&room, kind).await;
        let task = Task { timeout: Some(std::time::Duration::from_secs(240)), ..task };
        let (intent, receipts) = act_all(room.executor(kind).as_ref(), &task).await;
        let fault = altered(service, operation, at, was);
        room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
        let ending = room.executor(kind).follow(&task, &intent, &receipts).await;
        let Ending::Failed(diagnosis) = ending else { panic!("{kind}: {ending:?}") };
        let named = diagnosis.says.iter().find(|said| said.who == "Not known to this version");
        assert!(
            named.is_some_and(|said| said.what.contains("status CONTEMPLATING")),
            "{kind}: {diagnosis:?}"
        );
    }
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_come_late_and_out_of_order_are_in_the_evidence() {
    let room = Room::open("healthy").await;
    let logs = json!([
        {"after": 0.2, "line": "\u{1b}[31mERROR relation \"orders\" does not exist\u{1b}[0m", "late": 18},
        {"after": 0.4, "line": "migrating"}, {"after": 0.6, "line": "giving up", "late": 4},
    ]);
    let rule = json!({"match": {"family": "api", "deployed_by": ["run_task"]},
        "behaviour": {"logs": logs, "exit": {"after": 2, "code": 1}}});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
    let with = json!({"cluster": "main", "task_definition": "api", "command": ["migrate"], "network": {"subnets": ["subnet-1"]}});
    let task = room.task("migrate", "ecs.run_task", with);
    let ending = walk(room.executor("ecs.run_task").as_ref(), &task).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    let texts: Vec<String> = diagnosis
        .last_log
        .iter()
        .map(|line| line.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""))
        .collect();
    assert_eq!(
        texts,
        ["ERROR relation \"orders\" does not exist", "migrating", "giving up"],
        "{diagnosis:?}"
    );
    assert!(
        diagnosis.says.iter().any(|said| said.who == "First error" && said.what.contains("does not exist"))
    );
    room.close().await;
}

/// The line that explains it is shown when the operation has long gone past it: later than a look goes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_comes_late_is_told_at_the_end_of_an_operation_of_app_runner() {
    let room = Room::open("healthy").await;
    let logs = json!([
        {"after": 0.2, "line": "WARN cache is cold", "late": 250}, {"after": 230, "line": "listening"},
    ]);
    // It counts as healthy 320 seconds after its start and is done 32 later; each line is there 90 seconds after it was
    // written, the first one 250 later still.
    let rule = json!({"match": {"service": "shop"}, "behaviour": {"logs": logs, "slow": 8}});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
    let mut update =
        room.task("update", "apprunner.update", json!({"service": "shop", "environment": {"A": "2"}}));
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    update.progress = Progress::new(update.work.clone(), to);
    succeeded(walk(room.executor("apprunner.update").as_ref(), &update).await);
    drop(update);
    let mut lines = Vec::new();
    while let Some((_, note)) = notes.recv().await {
        if let Note::Line { source, text, .. } = note
            && source.ends_with("/application")
        {
            lines.push(text);
        }
    }
    assert_eq!(lines.iter().filter(|line| *line == "WARN cache is cold").count(), 1, "{lines:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_groups_read_as_one_have_every_late_line_once() {
    let room = Room::open("healthy").await;
    let task = |name: &str, kind: &str, with: Value| room.task(name, kind, with);
    let container = json!({
        "name": "app", "image": "registry.example/batch:1", "essential": true,
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/empty", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "x"}},
    });
    let batch = json!({
        "family": "batch", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256",
        "memory": "512", "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
        "containerDefinitions": [container],
    });
    let register = task("register", "ecs.register", json!({"definition": batch}));
    succeeded(walk(room.executor("ecs.register").as_ref(), &register).await);
    // Shown in another order than written, some long after the last one.
    let logs: Vec<Value> = (0..12)
        .map(|n| json!({"after": f64::from(n), "line": format!("line {n}"), "late": f64::from(n * 7 % 5 * 10)}))
        .collect();
    let rule = json!({"match": {"deployed_by": ["run_task"]}, "behaviour": {"logs": logs, "exit": {"after": 20, "code": 0}}});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
    let since = room.clock.now();
    for family in ["api", "batch"] {
        let with =
            json!({"cluster": "main", "task_definition": family, "network": {"subnets": ["subnet-1"]}});
        act_all(room.executor("ecs.run_task").as_ref(), &task(family, "ecs.run_task", with)).await;
    }
    let with = json!({"groups": ["/ecs/api", "/ecs/empty"], "since": "api", "within": "150s"});
    let look = holdpoint_conformance::began(&task("logs", "logs.expect", with), "api", since);
    let look = Task { expect: json!({"contains": ["line 11"], "lacks": ["Traceback"]}), ..look };
    let outputs = succeeded(walk(room.executor("logs.expect").as_ref(), &look).await);
    assert_eq!(outputs["lines"], 24, "each line of both groups, once");
    room.close().await;
}
