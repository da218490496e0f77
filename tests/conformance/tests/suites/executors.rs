//! Every executor of the registry: run twice, failed at each point, undone twice. A kind without a case fails here.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, answered, began, scripted, succeeded, walk, walk_settling};
use holdpoint_engine::{Began, Clock, Observation, Task};
use holdpoint_run::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A step of each kind, ready to be walked, with its pins.
async fn case(room: &Room, kind: &str) -> Task {
    let service = json!({"cluster": "main", "service": "api"});
    let task = match kind {
        "ecs.register" => room.task("register", kind, register_input("2")),
        "ecs.create" => {
            let mut with =
                json!({"cluster": "main", "service": "worker", "task_definition": "api", "desired_count": 1});
            with["network"] = json!({"subnets": ["subnet-1"]});
            room.task("create", kind, with)
        }
        "ecs.deploy" => deploy(room, "2").await,
        "ecs.scale" => {
            room.task("scale", kind, json!({"cluster": "main", "service": "api", "desired_count": 3}))
        }
        "ecs.rollback" => {
            let pinned = room
                .pin(&room.task("back", kind, json!({"cluster": "main", "service": "api", "to": "pinned"})))
                .await;
            let deploy = deploy(room, "2").await;
            succeeded(walk(room.executor("ecs.deploy").as_ref(), &deploy).await);
            return pinned;
        }
        "ecs.wait" => {
            let since = room.clock.now();
            let deploy = deploy(room, "2").await;
            act_all(room.executor("ecs.deploy").as_ref(), &deploy).await;
            began(
                &room.task("wait", kind, json!({"cluster": "main", "service": "api", "since": "deploy"})),
                "deploy",
                since,
            )
        }
        "ecs.check" => expecting(
            room.task("check", kind, service),
            json!({"running": 2, "desired": 2, "rollout": "completed"}),
        ),
        "ecs.run_task" => {
            let mut with = json!({"cluster": "main", "task_definition": "api", "command": ["migrate"]});
            with["network"] = json!({"subnets": ["subnet-1"]});
            let ends = json!({"match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {
                "logs": [{"after": 0.2, "line": "3 migrations applied"}], "exit": {"after": 2, "code": 0}}});
            room.simulator.behave(&json!({"behaviours": [ends]})).await.unwrap();
            let expect = json!({"logs_contain": ["migrations applied"], "logs_lack": ["Traceback"]});
            expecting(room.task("migrate", kind, with), expect)
        }
        "ecs.lint" => {
            let with = json!({"cluster": "main", "service": "api", "path": "/health"});
            expecting(room.task("lint", kind, with), json!({"findings": 9}))
        }
        "express.deploy" => {
            furnish_express(room).await;
            room.task("express", kind, express_input("2"))
        }
        "express.check" => {
            furnish_express(room).await;
            let with = json!({"name": "site", "cluster": "main"});
            let expect = json!({"port": 8080, "health_check_path": "/health", "running_at_least": 1});
            expecting(room.task("check", kind, with), expect)
        }
        "express.rollback" => {
            furnish_express(room).await;
            let with = json!({"name": "site", "cluster": "main", "to": "pinned"});
            let pinned = room.pin(&room.task("back", kind, with)).await;
            let deploy = room.task("express", "express.deploy", express_input("2"));
            succeeded(walk(room.executor("express.deploy").as_ref(), &deploy).await);
            return pinned;
        }
        "apprunner.create" => {
            let mut with =
                json!({"name": "orders-web", "image": format!("{ECR}/orders-web:1"), "port": 8080});
            with["access_role"] = json!("arn:aws:iam::111122223333:role/pull");
            with["auto_scaling"] = json!({"name": "orders-web", "max": 4});
            with["vpc_connector"] = json!({"name": "orders-web", "subnets": ["subnet-1", "subnet-2"]});
            room.task("create", kind, with)
        }
        "apprunner.update" => room.task("update", kind, app_update()),
        "apprunner.deploy" | "apprunner.pause" | "apprunner.delete" => {
            room.task("change", kind, json!({"service": "shop"}))
        }
        "apprunner.resume" => room.task("resume", kind, json!({"service": "rests"})),
        "apprunner.rollback" => {
            let pinned = room.pin(&room.task("back", kind, json!({"service": "shop", "to": "pinned"}))).await;
            let update = room.task("update", "apprunner.update", app_update());
            succeeded(walk(room.executor("apprunner.update").as_ref(), &update).await);
            return pinned;
        }
        "apprunner.wait" => {
            let since = room.clock.now();
            let update = room.task("update", "apprunner.update", app_update());
            act_all(room.executor("apprunner.update").as_ref(), &update).await;
            began(&room.task("wait", kind, json!({"service": "shop", "since": "update"})), "update", since)
        }
        "apprunner.check" => expecting(
            room.task("check", kind, json!({"service": "shop"})),
            json!({"status": "RUNNING", "auto_deploy": false, "port": 8080, "public": true, "subnets": []}),
        ),
        "logs.expect" => {
            let with = json!({"group": "/ecs/api", "cluster": "main", "service": "api", "since": "300d", "within": "20s"});
            expecting(
                room.task("logs", kind, with),
                json!({"contains": ["listening on"], "in_order": ["starting", "listening on"], "lacks": ["Traceback"]}),
            )
        }
        "http.check" => {
            let task = room.task("health", kind, json!({"url": "https://api.example/health"}));
            expecting(task, json!({"status": 200, "json": {"status": "ok"}}))
        }
        "http.request" => {
            let with = json!({"url": "https://api.example/jobs", "method": "POST", "json": {"a": 1}, "confirm": "send it"});
            expecting(room.task("post", kind, with), json!({"status": 201}))
        }
        "soak" => {
            let check = json!({"uses": "ecs.check", "with": {"cluster": "main", "service": "api"}, "expect": {"running": 2}});
            room.task("soak", kind, json!({"for": "1m", "every": "20s", "checks": [check]}))
        }
        "image.inspect" => {
            let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-web:7";
            expecting(
                room.task("image", kind, json!({"image": image})),
                json!({"platform": "linux/amd64", "command": true}),
            )
        }
        "image.mirror" => {
            let to = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api-copy:live";
            let with = json!({
                "from": "ghcr.example/shop/api:1.4", "to": to, "tags": ["1.4"], "create_repository": true,
            });
            expecting(room.task("mirror", kind, with), json!({"platform": "linux/amd64"}))
        }
        "image.build" => scripted(
            &room.task("build", kind, json!({"context": ".", "tags": ["registry.example/shop/api:1"]})),
            "echo built",
        ),
        "shell" => expecting(
            scripted(
                &room.task("script", kind, json!({"env": {"GREETING": "hello $(id)"}})),
                "printf '%s\\n' \"$GREETING\"",
            ),
            json!({"stdout_contains": ["hello $(id)"]}),
        ),
        "terraform.plan" => {
            recorded(room);
            expecting(
                room.task("plan", kind, json!({"dir": "recorded"})),
                json!({"update": ["aws_ecs_service.api"], "forbid": ["delete", "replace"]}),
            )
        }
        "terraform.apply" => {
            recorded(room);
            let plan = room.task("plan", "terraform.plan", json!({"dir": "recorded"}));
            let outputs = succeeded(walk(room.executor("terraform.plan").as_ref(), &plan).await);
            room.task("apply", kind, json!({"plan": outputs["file"]}))
        }
        "terraform.output" => {
            recorded(room);
            expecting(
                room.task("output", kind, json!({"dir": "recorded"})),
                json!({"values": {"url": "https://api.example"}}),
            )
        }
        "terraform.vars" => {
            std::fs::write(room.folder().join("dev.tfvars"), "# kept\nurl = \"\"\n").unwrap();
            let set = json!({"url": "https://api.example", "sizes": [1, 2]});
            room.task("vars", kind, json!({"file": "dev.tfvars", "set": set}))
        }
        "manual" => {
            let with = json!({"fields": {"ticket": {"prompt": "Ticket", "pattern": "[A-Z]+-[0-9]+"}}});
            let fields = BTreeMap::from([("ticket".to_owned(), json!("OPS-12"))]);
            answered(&room.task("manual", kind, with), Answer { fields, ..Answer::default() })
        }
        "checklist" => answered(&room.task("list", kind, json!({})), Answer::default()),
        "decision" => {
            let with = json!({"question": "Which?", "options": {"a": {"title": "A"}, "b": {"title": "B"}}});
            let answer =
                Answer { option: Some("b".into()), reason: Some("cheaper".into()), ..Answer::default() };
            answered(&room.task("choice", kind, with), answer)
        }
        _ => holdpoint_conformance::cases::check(room, kind)
            .unwrap_or_else(|| panic!("the kind {kind} has no case: a new executor must pass this suite")),
    };
    room.pin(&task).await
}

/// Registry of the practice account.
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn app_update() -> Value {
    json!({"service": "shop", "environment": {"MODE": "new"}, "health": {"path": "/"}})
}

/// A configuration whose provider nobody has, with its recorded plan and apply.
fn recorded(room: &Room) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/terraform/recorded");
    let to = room.folder().join("recorded");
    std::fs::create_dir_all(to.join("practice")).unwrap();
    for file in ["main.tf", "practice/plan.json", "practice/apply.json"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn express_input(tag: &str) -> Value {
    json!({
        "name": "site", "cluster": "main", "image": format!("registry.example/site:{tag}"), "port": 8080,
        "health_check_path": "/health", "environment": {"MODE": "live"},
        "execution_role": "arn:aws:iam::111122223333:role/execution",
        "infrastructure_role": "arn:aws:iam::111122223333:role/infrastructure",
    })
}

/// A service of Express Mode that runs its first image.
async fn furnish_express(room: &Room) {
    let create = room.task("first", "express.deploy", express_input("1"));
    succeeded(walk(room.executor("express.deploy").as_ref(), &create).await);
}

fn expecting(task: Task, expect: Value) -> Task {
    Task { expect, ..task }
}

fn register_input(tag: &str) -> Value {
    json!({"from": "api", "set": {"app": {"image": format!("registry.example/api:{tag}")}}})
}

/// A deployment of what a step before it registered: as in a run, the step knows its receipt, however late reads show it.
async fn deploy(room: &Room, tag: &str) -> Task {
    let register = room.task("register", "ecs.register", register_input(tag));
    let executor = room.executor("ecs.register");
    let (intent, receipts) = act_all(executor.as_ref(), &register).await;
    let outputs = succeeded(executor.follow(&register, &intent, &receipts).await);
    let with = json!({"cluster": "main", "service": "api", "task_definition": outputs["task_definition"]});
    let registered = Began { at: room.clock.now(), receipts, world: intent.world };
    let began = Arc::new([("register".to_owned(), registered)].into());
    Task { began, ..room.task("deploy", "ecs.deploy", with) }
}

/// All kinds, from the registry itself.
async fn kinds() -> Vec<&'static str> {
    let room = Room::open("healthy").await;
    let kinds: Vec<_> = room.workshop.registry.kinds().collect();
    let known: Vec<_> = holdpoint_plan::kinds().iter().map(|kind| kind.name).collect();
    let mut sorted = known.clone();
    sorted.sort_unstable();
    assert_eq!(kinds, sorted, "every kind of the plan format has an executor");
    room.close().await;
    kinds
}

/// One practice account a kind, all at once.
async fn check_all<F>(check: fn(&'static str) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let checks: Vec<_> = kinds().await.into_iter().map(|kind| tokio::spawn(check(kind))).collect();
    for check in checks {
        check.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_twice() {
    check_all(run_twice_by).await;
}

async fn run_twice_by(kind: &'static str) {
    let room = Room::open("healthy").await;
    let task = case(&room, kind).await;
    let executor = room.executor(kind);
    succeeded(walk(executor.as_ref(), &task).await);
    let once = room.effects().await;
    // What may be sent once says itself that it cannot tell: the engine never walks it twice.
    if matches!(kind, "http.request" | "shell" | "apprunner.deploy" | "terraform.apply") {
        return;
    }
    succeeded(walk(executor.as_ref(), &task).await);
    assert_eq!(room.effects().await, once, "{kind}: a second run changes nothing");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_before_sending() {
    check_all(failed_before_sending_by).await;
}

async fn failed_before_sending_by(kind: &'static str) {
    let room = Room::open("healthy").await;
    let task = case(&room, kind).await;
    let executor = room.executor(kind);
    let intent = executor.prepare(&task).await.unwrap();
    let before = room.effects().await;
    for action in 0..intent.actions.len().min(1) {
        match executor.observe(&task, &intent, action, &[]).await.unwrap() {
            Observation::TookNoEffect { .. } => {}
            Observation::Unsettled(_) if kind == "http.request" => {}
            other @ (Observation::TookEffect(_) | Observation::Unsettled(_)) => panic!("{kind}: {other:?}"),
        }
    }
    assert_eq!(room.effects().await, before, "{kind}: looking changes nothing");
    succeeded(walk(executor.as_ref(), &task).await);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_before_the_receipt() {
    check_all(|kind| failed_before_the_receipt_in("healthy", kind)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_before_the_receipt_where_reads_lag() {
    check_all(|kind| failed_before_the_receipt_in("lagging", kind)).await;
}

async fn failed_before_the_receipt_in(scenario: &str, kind: &'static str) {
    let room = Room::open(scenario).await;
    let task = case(&room, kind).await;
    let executor = room.executor(kind);
    let intent = executor.prepare(&task).await.unwrap();
    let mut receipts = Vec::new();
    for action in 0..intent.actions.len() {
        let receipt = executor.act(&task, &intent, action, &receipts).await.unwrap();
        let effects = room.effects().await;
        match executor.observe(&task, &intent, action, &receipts).await.unwrap() {
            Observation::TookEffect(observed) => {
                assert_eq!(observed.external, receipt.external, "{kind}: the same thing is found again");
                receipts.push(observed);
            }
            Observation::Unsettled(_) if matches!(kind, "http.request" | "shell") => receipts.push(receipt),
            // A rollout that read as in flight had ended when it was to be stopped.
            Observation::TookNoEffect { .. } if receipt.body["stopped"] == false => receipts.push(receipt),
            other @ (Observation::TookNoEffect { .. } | Observation::Unsettled(_)) => {
                panic!("{kind}, action {action}: {other:?}")
            }
        }
        assert_eq!(room.effects().await, effects, "{kind}: looking changes nothing");
    }
    succeeded(executor.follow(&task, &intent, &receipts).await);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undone_twice() {
    check_all(undone_twice_by).await;
}

async fn undone_twice_by(kind: &'static str) {
    let room = Room::open("healthy").await;
    let task = case(&room, kind).await;
    let Some(undo) = room.undo(&task) else { return };
    let before = standing(&room, &task).await;
    succeeded(walk(room.executor(kind).as_ref(), &task).await);
    succeeded(walk(room.executor(&undo.uses).as_ref(), &undo).await);
    let once = room.effects().await;
    assert_eq!(standing(&room, &task).await, before, "{kind}: what was is again");
    succeeded(walk(room.executor(&undo.uses).as_ref(), &undo).await);
    assert_eq!(room.effects().await, once, "{kind}: undone twice is undone once");
    room.close().await;
}

/// What a service is, by content: images by digest, how many run, and how it is configured.
async fn standing(room: &Room, task: &Task) -> Value {
    let now = room.pin(task).await;
    let content = now.pins.values().next().and_then(|pin| pin.content.clone());
    content.map_or(Value::Null, |content| {
        json!([
            content["images"],
            content["desired_count"],
            content["running_count"],
            content["status"],
            content["configuration"],
        ])
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_ecs_are_settled_and_never_sent_again() {
    lost_answers(&[
        ("ecs.register", "RegisterTaskDefinition"),
        ("ecs.create", "CreateService"),
        ("ecs.deploy", "UpdateService"),
        ("ecs.scale", "UpdateService"),
        ("ecs.run_task", "RunTask"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_rollbacks_are_settled_and_never_sent_again() {
    lost_answers(&[
        ("ecs.rollback", "RegisterTaskDefinition"),
        ("ecs.rollback", "UpdateService"),
        ("express.rollback", "UpdateExpressGatewayService"),
        ("apprunner.rollback", "UpdateService"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_app_runner_are_settled_and_never_sent_again() {
    lost_answers(&[
        ("apprunner.create", "CreateAutoScalingConfiguration"),
        ("apprunner.create", "CreateVpcConnector"),
        ("apprunner.create", "CreateService"),
        ("apprunner.update", "UpdateService"),
        ("apprunner.deploy", "StartDeployment"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_pauses_and_deletions_are_settled_and_never_sent_again() {
    lost_answers(&[
        ("apprunner.pause", "PauseService"),
        ("apprunner.resume", "ResumeService"),
        ("apprunner.delete", "DeleteService"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_the_others_are_settled_and_never_sent_again() {
    lost_answers(&[
        ("express.deploy", "UpdateExpressGatewayService"),
        ("image.mirror", "CreateRepository"),
        ("terraform.apply", "UpdateService"),
    ])
    .await;
}

/// Every way in which the answer of a call can be lost, for each call by itself.
async fn lost_answers(calls: &[(&'static str, &'static str)]) {
    let faults = [
        json!({"kind": "reset", "applied": true}),
        json!({"kind": "reset", "applied": false}),
        json!({"kind": "status", "status": 500, "applied": true}),
        json!({"kind": "status", "status": 503, "applied": false}),
        json!({"kind": "truncate"}),
        json!({"kind": "silence", "applied": true}),
        json!({"kind": "drip", "bytes": 256, "every_ms": 1}),
    ];
    let checks = calls.iter().copied().map(|(kind, operation)| {
        let faults = faults.clone();
        tokio::spawn(async move {
            for fault in faults {
                lost_answer(kind, operation, fault).await;
            }
        })
    });
    for check in checks.collect::<Vec<_>>() {
        check.await.unwrap();
    }
}

async fn lost_answer(kind: &str, operation: &str, fault: Value) {
    let plain = Room::open("healthy").await;
    let task = case(&plain, kind).await;
    succeeded(walk(plain.executor(kind).as_ref(), &task).await);
    let expected = plain.effects().await;
    plain.close().await;
    let room = Room::open("healthy").await;
    let task = case(&room, kind).await;
    let service = match kind.split('.').next().unwrap_or_default() {
        "image" => "ecr",
        // A recorded apply calls ECS, and so does Express Mode.
        "express" | "terraform" => "ecs",
        family => family,
    };
    room.fault(service, operation, fault.clone()).await;
    let (ending, lost) = walk_settling(room.executor(kind).as_ref(), &task).await;
    succeeded(ending);
    assert_eq!(lost, u32::from(fault["kind"] != "drip"), "{kind}: {fault}: one answer is lost");
    assert!(expected.iter().any(|call| call == operation), "{kind} does not call {operation}");
    assert_eq!(room.effects().await, expected, "{kind}: {fault}");
    room.close().await;
}
