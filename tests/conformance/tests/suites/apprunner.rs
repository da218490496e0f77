//! How operations of App Runner truly end: rolled back, failed, never, somebody else's, started by a push.
#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, began, succeeded, walk};
use holdpoint_engine::{ActError, Clock, Ending, Note, Observation, Progress, Task};
use holdpoint_run::{Diagnosis, Intent};
use serde_json::{Value, json};

/// Registry of the practice account.
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::111122223333:role/pull";

fn said<'a>(diagnosis: &'a Diagnosis, who: &str) -> &'a str {
    diagnosis.says.iter().find(|said| said.who == who).map_or("", |said| said.what.as_str())
}

fn create(room: &Room, more: Value) -> Task {
    let mut with = json!({"name": "orders-web", "image": format!("{ECR}/orders-web:1"), "access_role": ROLE, "port": 8080});
    for (name, value) in more.as_object().into_iter().flatten() {
        with[name] = value.clone();
    }
    room.task("create", "apprunner.create", with)
}

fn update(room: &Room, environment: Value) -> Task {
    room.task("update", "apprunner.update", json!({"service": "shop", "environment": environment}))
}

async fn prepared(room: &Room, task: &Task) -> Result<Intent, Diagnosis> {
    room.executor(&task.uses).prepare(task).await
}

/// A program that ends with `code` and says why, as new versions of a service do from now on.
async fn breaks(room: &Room, service: &str, code: i64, says: &str) {
    let behaviour = json!({"exit": {"after": 2, "code": code}, "logs": [{"after": 0.5, "line": says}]});
    let rule = json!({"match": {"service": service, "revisions": "new"}, "behaviour": behaviour});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
}

async fn mend(room: &Room, service: &str) {
    let behaviour =
        json!({"exit": {"after": 90000, "code": 0}, "logs": [{"after": 0.5, "line": "listening"}]});
    let rule = json!({"match": {"service": service}, "behaviour": behaviour});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn running_after_a_rollback_by_aws_is_a_failed_deployment() {
    let room = Room::open("healthy").await;
    breaks(&room, "shop", 1, "fatal: no table `orders`").await;
    let mut task = update(&room, json!({"MODE": "new"}));
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    task.progress = Progress::new(task.work.clone(), to);
    let ending = walk(room.executor("apprunner.update").as_ref(), &task).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("RUNNING with what ran before"), "{}", diagnosis.headline);
    assert!(said(&diagnosis, "What AWS says").contains("UPDATE_SERVICE ROLLBACK_SUCCEEDED"), "{diagnosis:?}");
    assert!(said(&diagnosis, "Log").contains("/application"), "{diagnosis:?}");
    assert!(diagnosis.last_log.iter().any(|line| line.contains("no table `orders`")), "{diagnosis:?}");
    assert!(said(&diagnosis, "Operation").contains("arn:aws:apprunner:"), "{diagnosis:?}");
    assert!(said(&diagnosis, "Image").contains("/shop@sha256:"), "{diagnosis:?}");
    assert!(said(&diagnosis, "Health").contains("on port 8080"), "{diagnosis:?}");
    drop(task);
    let (mut cards, mut events) = (Vec::new(), 0);
    while let Some((_, note)) = notes.recv().await {
        match note {
            Note::Shows { view } => cards.push(view),
            Note::Line { source, .. } => events += u32::from(source.ends_with("/service")),
            Note::Says { .. } => {}
            Note::Rollout { view } => panic!("an operation is no rollout: {view}"),
        }
    }
    let last = cards.last().unwrap();
    assert_eq!(
        (&last["card"], &last["status"]),
        (&json!("operation"), &json!("ROLLBACK_SUCCEEDED")),
        "{last}"
    );
    assert!(cards.iter().any(|card| card["status"] == "ROLLBACK_IN_PROGRESS"), "rolling back is shown");
    assert!(events > 0, "what App Runner says is told as it comes");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_failed_is_repaired_as_the_plan_says() {
    for repair in ["update", "recreate"] {
        let room = Room::open("healthy").await;
        breaks(&room, "orders-web", 0, "nothing to do").await;
        let executor = room.executor("apprunner.create");
        let ending = walk(executor.as_ref(), &create(&room, json!({}))).await;
        let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
        assert!(diagnosis.headline.contains("CREATE_FAILED"), "{}", diagnosis.headline);
        assert_eq!(said(&diagnosis, "Exit code"), "0", "{diagnosis:?}");
        let event = said(&diagnosis, "Newest event");
        assert!(!event.is_empty() && !event.contains("status is set to"), "{diagnosis:?}");
        assert!(diagnosis.hints.iter().any(|hint| hint.contains("`start_command`")), "{diagnosis:?}");

        mend(&room, "orders-web").await;
        let refused = prepared(&room, &create(&room, json!({}))).await.unwrap_err();
        assert!(refused.hints.iter().any(|hint| hint.contains("repair: recreate")), "{refused:?}");

        let again = Task { attempt: 2, ..create(&room, json!({"repair": repair, "start_command": "serve"})) };
        let ending = walk(executor.as_ref(), &again).await;
        let Ending::Succeeded { note, .. } = &ending else { panic!("{repair}: {ending:?}") };
        let stale = note.as_deref().is_some_and(|note| note.contains("stale: url"));
        assert_eq!(stale, repair == "recreate", "{note:?}");
        assert_eq!(succeeded(ending)["status"], "RUNNING");
        let expected: &[&str] = match repair {
            "update" => &["CreateService", "UpdateService"],
            _ => &["CreateService", "DeleteService", "CreateService"],
        };
        assert_eq!(room.effects().await, expected, "{repair}");
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_needed_is_made_once_and_used_again() {
    let room = Room::open("healthy").await;
    let needs = json!({
        "auto_scaling": {"name": "orders-web", "min": 1, "max": 3, "concurrency": 50},
        "vpc_connector": {"name": "orders-web", "subnets": ["subnet-2", "subnet-1"]},
    });
    let executor = room.executor("apprunner.create");
    let (intent, receipts) = act_all(executor.as_ref(), &create(&room, needs.clone())).await;
    let calls: Vec<_> = intent.actions.iter().map(|action| action.call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "apprunner:CreateAutoScalingConfiguration",
            "apprunner:CreateVpcConnector",
            "apprunner:CreateService"
        ]
    );
    assert!(receipts[0].external[0].id.contains(":autoscalingconfiguration/orders-web/"), "{receipts:?}");
    succeeded(executor.follow(&create(&room, needs.clone()), &intent, &receipts).await);

    let check = room.task("check", "apprunner.check", json!({"service": "orders-web"}));
    let expect = json!({"subnets": ["subnet-1", "subnet-2"], "vpc_connector": "orders-web", "port": 8080});
    succeeded(walk(room.executor("apprunner.check").as_ref(), &Task { expect, ..check.clone() }).await);
    let expect = json!({"subnets": ["subnet-1"]});
    let ending = walk(room.executor("apprunner.check").as_ref(), &Task { expect, ..check }).await;
    let Ending::Succeeded { judgements, .. } = ending else { panic!("{ending:?}") };
    assert!(judgements.iter().any(|judgement| !judgement.holds), "one subnet more is not exactly these");

    let other = Task {
        with: {
            let mut with = create(&room, needs.clone()).with;
            with["name"] = json!("orders-two");
            with
        },
        ..create(&room, needs)
    };
    let intent = prepared(&room, &other).await.unwrap();
    assert_eq!(intent.actions.len(), 1, "both are there already: {intent:?}");
    let moved = json!({"vpc_connector": {"name": "orders-web", "subnets": ["subnet-1"]}});
    let other = Task {
        with: {
            let mut with = create(&room, moved.clone()).with;
            with["name"] = json!("orders-two");
            with
        },
        ..create(&room, moved)
    };
    let refused = prepared(&room, &other).await.unwrap_err();
    assert!(refused.headline.contains("somewhere else"), "{refused:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_operation_is_waited_for() {
    let room = Room::open("healthy").await;
    let ours = room.task("pause", "apprunner.pause", json!({"service": "shop"}));
    let executor = room.executor("apprunner.pause");
    let intent = executor.prepare(&ours).await.unwrap();
    // Theirs begins between the intent and its turn.
    act_all(room.executor("apprunner.update").as_ref(), &update(&room, json!({"THEIRS": "1"}))).await;
    let receipt = executor.act(&ours, &intent, 0, &[]).await.unwrap();
    assert_eq!(succeeded(executor.follow(&ours, &intent, &[receipt]).await)["status"], "PAUSED");
    assert_eq!(room.effects().await, ["UpdateService", "PauseService"]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_never_takes_back_what_came_between() {
    let room = Room::open("healthy").await;
    let ours = update(&room, json!({"MODE": "new"}));
    let executor = room.executor("apprunner.update");
    let intent = executor.prepare(&ours).await.unwrap();
    let theirs = update(&room, json!({"THEIRS": "1"}));
    act_all(executor.as_ref(), &theirs).await;
    let Err(ActError::Refused(diagnosis)) = executor.act(&ours, &intent, 0, &[]).await else {
        panic!("not refused")
    };
    assert!(diagnosis.headline.contains("no longer what it was"), "{diagnosis:?}");
    succeeded(walk(executor.as_ref(), &ours).await);
    let content = room.pin(&ours).await.pins["apprunner/shop"].content.clone().unwrap();
    let run = &content["configuration"]["SourceConfiguration"]["ImageRepository"]["ImageConfiguration"];
    assert_eq!(run["RuntimeEnvironmentVariables"], json!({"MODE": "new", "THEIRS": "1"}));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_hangs_is_named_and_nothing_more_is_sent() {
    let room = Room::open("healthy").await;
    let stuck = json!({"match": {"service": "shop"}, "behaviour": {"operation": "stuck"}});
    room.simulator.behave(&json!({"behaviours": [stuck]})).await.unwrap();
    let ours = update(&room, json!({"MODE": "new"}));
    let ending = walk(room.executor("apprunner.update").as_ref(), &ours).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("hangs"), "{diagnosis:?}");
    let operation = said(&diagnosis, "Operation").to_owned();
    assert!(operation.contains("UPDATE_SERVICE") && operation.contains(":service/shop/"), "{operation}");
    assert!(diagnosis.hints.iter().any(|hint| hint.contains("support case")), "{diagnosis:?}");
    let pause = room.task("pause", "apprunner.pause", json!({"service": "shop"}));
    let executor = room.executor("apprunner.pause");
    let intent = executor.prepare(&pause).await.unwrap();
    let Err(ActError::Refused(diagnosis)) = executor.act(&pause, &intent, 0, &[]).await else {
        panic!("sent")
    };
    assert!(diagnosis.headline.contains("hangs"), "{diagnosis:?}");
    assert_eq!(room.effects().await, ["UpdateService"]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_automatic_deployment_the_pushs_own_is_followed() {
    let room = Room::open("healthy").await;
    let executor = room.executor("apprunner.update");
    let on = room.task(
        "on",
        "apprunner.update",
        json!({"service": "shop", "auto_deploy": true, "image": format!("{ECR}/shop:live")}),
    );
    succeeded(walk(executor.as_ref(), &on).await);
    let since = room.clock.now();
    let digest = format!("sha256:{}", "5".repeat(64));
    let pushed = json!({"images": {format!("{ECR}/shop:live"): {"digest": digest}}});
    room.simulator.behave(&pushed).await.unwrap();
    let deploy = room.task("deploy", "apprunner.deploy", json!({"service": "shop", "since": "push"}));
    let deploy = began(&deploy, "push", since);
    let intent = prepared(&room, &deploy).await.unwrap();
    assert!(intent.actions.is_empty() && intent.already.is_some(), "{intent:?}");
    let outputs = succeeded(room.executor("apprunner.deploy").follow(&deploy, &intent, &[]).await);
    assert_eq!(outputs["operation"], intent.world["follows"]);
    assert_eq!(room.effects().await, ["UpdateService"], "nothing was started beside the push's");

    // No push: nothing comes within the time given, so that this step deploys.
    let quiet = room.task(
        "deploy",
        "apprunner.deploy",
        json!({"service": "shop", "since": "later", "within": "10s"}),
    );
    let later = holdpoint_run::At(room.clock.now().0 + 3_600_000);
    let intent = prepared(&room, &began(&quiet, "later", later)).await.unwrap();
    assert_eq!(intent.actions.len(), 1, "{intent:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_pushed_for_another_processor_is_named_with_its_own() {
    let room = Room::open("healthy").await;
    // Somebody pushes to the tag that the service is configured with, from a machine of another kind.
    let push = json!({"from": format!("{ECR}/shop-web:arm"), "to": format!("{ECR}/tagged:live"),
        "platform": "linux/arm64"});
    let push = room.task("push", "image.mirror", push);
    succeeded(walk(room.executor("image.mirror").as_ref(), &push).await);
    let deploy = room.task("deploy", "apprunner.deploy", json!({"service": "tagged"}));
    let ending = walk(room.executor("apprunner.deploy").as_ref(), &deploy).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.last_log.iter().any(|line| line.contains("exec format error")), "{diagnosis:?}");
    assert_eq!(
        said(&diagnosis, "Image"),
        format!("{ECR}/tagged:live, built for linux/arm64; App Runner runs linux/amd64 only")
    );
    room.close().await;
}

/// Services that answer inside of a VPC only: `inner` has a way in from one, `quiet` has none.
async fn private_services(room: &Room) {
    let create = |name: &str| {
        json!({"name": name, "create": {
            "SourceConfiguration": {
                "AutoDeploymentsEnabled": false, "AuthenticationConfiguration": {"AccessRoleArn": ROLE},
                "ImageRepository": {"ImageIdentifier": format!("{ECR}/{name}:1"), "ImageRepositoryType": "ECR"},
            },
            "NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false}},
        }})
    };
    let way_in = json!({"VpcIngressConnectionName": "inner-in", "ServiceArn": "service/inner",
        "IngressVpcConfiguration": {"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"}});
    let world = json!({"apprunner": {"services": [create("inner"), create("quiet")], "vpc_ingress_connections": [way_in]}});
    room.simulator.furnish(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_service_is_checked_by_its_status_alone() {
    let room = Room::open("healthy").await;
    let ending =
        walk(room.executor("apprunner.create").as_ref(), &create(&room, json!({"public": false}))).await;
    let Ending::Succeeded { note, .. } = &ending else { panic!("{ending:?}") };
    assert!(note.as_deref().is_some_and(|note| note.contains("check it by its status")), "{note:?}");
    let made = succeeded(ending);
    // From here it answers nothing of its own.
    let ask = room.task("ask", "http.check", json!({"url": made["url"], "timeout": "5s"}));
    let ask = Task { expect: json!({"status": 200}), ..ask };
    match walk(room.executor("http.check").as_ref(), &ask).await {
        Ending::Succeeded { judgements, .. } => assert!(judgements.iter().any(|judgement| !judgement.holds)),
        Ending::Failed(_) => {}
        other @ (Ending::RolledBackByAws(_) | Ending::Superseded(_) | Ending::NotPractised(_)) => {
            panic!("{other:?}")
        }
    }
    // Its status is told all the same, and that it is private is something to hold.
    let check = |expect: Value| Task {
        expect,
        ..room.task("check", "apprunner.check", json!({"service": "orders-web"}))
    };
    let executor = room.executor("apprunner.check");
    let seen = succeeded(
        walk(executor.as_ref(), &check(json!({"status": "RUNNING", "public": false, "exists": true}))).await,
    );
    assert_eq!((&seen["status"], &seen["public"]), (&json!("RUNNING"), &json!(false)));
    let Ending::Succeeded { judgements, .. } = walk(executor.as_ref(), &check(json!({"public": true}))).await
    else {
        panic!("it is judged")
    };
    assert!(
        judgements.iter().any(|judgement| judgement.what == "public" && !judgement.holds),
        "{judgements:?}"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_service_with_a_way_in_is_not_deleted() {
    let room = Room::open("healthy").await;
    private_services(&room).await;
    let delete = |name: &str| room.task("delete", "apprunner.delete", json!({"service": name}));
    let executor = room.executor("apprunner.delete");
    let refused = prepared(&room, &delete("inner")).await.unwrap_err();
    assert_eq!(refused.headline, "inner cannot be deleted while VPC ingress connections lead to it");
    assert!(
        said(&refused, "VPC ingress connections").contains("vpcingressconnection/inner-in/"),
        "{refused:?}"
    );
    assert!(room.effects().await.is_empty(), "nothing was sent");
    // One without a way in goes.
    let gone = succeeded(walk(executor.as_ref(), &delete("quiet")).await);
    assert_eq!(gone["status"], "DELETED");

    // A role that may not look for ways in sends it, and AWS's own end is told.
    let denied =
        json!({"kind": "error", "code": "AccessDeniedException", "status": 400, "message": "not authorized"});
    let fault = json!({"match": {"service": "apprunner", "operation": "ListVpcIngressConnections"}, "effect": denied});
    room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
    let ending = walk(executor.as_ref(), &delete("inner")).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert_eq!(diagnosis.headline, "Not deleted: App Runner service inner is DELETE_FAILED.");
    assert!(diagnosis.hints.iter().any(|hint| hint.contains("Retry the deletion")), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_said_before() {
    let room = Room::open("healthy").await;
    let long = "a-name-that-is-longer-than-app-runner-takes-it";
    let table = [
        (create(&room, json!({"name": long})), "at most 40"),
        (
            create(&room, json!({"auto_scaling": {"name": "orders-web-auto-scaling-configuration"}})),
            "at most 32",
        ),
        (create(&room, json!({"image": "ghcr.example/orders:1"})), "neither ECR nor ECR Public"),
        (create(&room, json!({"access_role": null})), "access_role"),
        (create(&room, json!({"start_command": "a\nb"})), "one line"),
        (create(&room, json!({"cpu": "1 vCPU", "memory": "12 GB"})), "memory"),
        (create(&room, json!({"name": "shop"})), "did not create it"),
        (
            room.task("d", "apprunner.deploy", json!({"service": "rests"})),
            "paused service cannot be deployed",
        ),
        (
            room.task("d", "apprunner.deploy", json!({"service": "nowhere"})),
            "no App Runner service `nowhere`",
        ),
        (room.task("w", "apprunner.wait", json!({"service": "shop", "since": "x"})), "has not begun"),
    ];
    for (task, expected) in table {
        let refused = prepared(&room, &task).await.unwrap_err();
        assert!(refused.headline.contains(expected), "{expected}: {refused:?}");
    }
    assert!(room.effects().await.is_empty());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_a_paused_service_paused() {
    let room = Room::open("healthy").await;
    let back =
        room.pin(&room.task("back", "apprunner.rollback", json!({"service": "rests", "to": "pinned"}))).await;
    let resume = room.task("resume", "apprunner.resume", json!({"service": "rests"}));
    succeeded(walk(room.executor("apprunner.resume").as_ref(), &resume).await);
    let with = json!({"service": "rests", "environment": {"MODE": "new"}});
    succeeded(
        walk(room.executor("apprunner.update").as_ref(), &room.task("update", "apprunner.update", with))
            .await,
    );
    let outputs = succeeded(walk(room.executor("apprunner.rollback").as_ref(), &back).await);
    assert_eq!(outputs["status"], "PAUSED");
    assert_eq!(room.effects().await, ["ResumeService", "UpdateService", "UpdateService", "PauseService"]);
    let before = back.pins["apprunner/rests"].content.clone().unwrap();
    let after = room.pin(&back).await.pins["apprunner/rests"].content.clone().unwrap();
    assert_eq!((&after["configuration"], &after["status"]), (&before["configuration"], &before["status"]));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_since_the_intent_are_for_a_person_to_tell_apart() {
    let room = Room::open("healthy").await;
    let executor = room.executor("apprunner.deploy");
    let ours = room.task("deploy", "apprunner.deploy", json!({"service": "shop"}));
    succeeded(walk(executor.as_ref(), &ours).await);
    let intent = executor.prepare(&ours).await.unwrap();
    let observed = executor.observe(&ours, &intent, 0, &[]).await.unwrap();
    assert!(matches!(observed, Observation::TookNoEffect { .. }), "the one before is not ours: {observed:?}");
    for _ in 0..2 {
        succeeded(walk(executor.as_ref(), &ours).await);
    }
    let observed = executor.observe(&ours, &intent, 0, &[]).await.unwrap();
    let Observation::Unsettled(diagnosis) = observed else { panic!("{observed:?}") };
    assert_eq!(diagnosis.says.iter().filter(|said| said.who == "Operation").count(), 2, "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_services_is_told_that_app_runner_is_closed() {
    let room = Room::open("healthy").await;
    for service in ["shop", "rests", "tagged"] {
        let task = room.task("delete", "apprunner.delete", json!({"service": service}));
        succeeded(walk(room.executor("apprunner.delete").as_ref(), &task).await);
    }
    let refused = json!({"kind": "denied"});
    room.fault("apprunner", "CreateService", refused).await;
    let executor = room.executor("apprunner.create");
    let task = create(&room, json!({}));
    let intent = executor.prepare(&task).await.unwrap();
    assert!(intent.summary.contains("no new customers"), "{}", intent.summary);
    let Err(ActError::Refused(diagnosis)) = executor.act(&task, &intent, 0, &[]).await else {
        panic!("not refused")
    };
    assert!(diagnosis.hints.iter().any(|hint| hint.contains("express.deploy")), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_was_pushed_again_goes_back_by_digest() {
    let room = Room::open("healthy").await;
    let back = room.task("back", "apprunner.rollback", json!({"service": "tagged", "to": "pinned"}));
    let back = room.pin(&back).await;
    let before = back.pins["apprunner/tagged"].content.clone().unwrap();
    let digest = before["digest"].as_str().expect("what runs is known by its tag").to_owned();

    let check = room.task("check", "apprunner.check", json!({"service": "tagged"}));
    let check = Task { expect: json!({"newer_image": false}), ..check };
    succeeded(walk(room.executor("apprunner.check").as_ref(), &check).await);
    let pushed = json!({"repositories": [{"name": "tagged", "tags": {"live": {"layers": [2000]}}}]});
    room.simulator.behave(&pushed).await.unwrap();
    let ending = walk(room.executor("apprunner.check").as_ref(), &check).await;
    let Ending::Succeeded { judgements, note, .. } = ending else { panic!("{ending:?}") };
    assert!(judgements.iter().any(|judgement| !judgement.holds), "{judgements:?}");
    assert!(note.as_deref().is_some_and(|note| note.contains("apprunner.deploy")), "{note:?}");

    // Nothing was deployed since: what ran still runs.
    let intent = prepared(&room, &back).await.unwrap();
    assert!(intent.actions.is_empty(), "{intent:?}");

    let deploy = room.task("deploy", "apprunner.deploy", json!({"service": "tagged"}));
    let outputs = succeeded(walk(room.executor("apprunner.deploy").as_ref(), &deploy).await);
    assert!(outputs["digest"].as_str().is_some_and(|now| now != digest), "{outputs:?}");
    let outputs = succeeded(walk(room.executor("apprunner.rollback").as_ref(), &back).await);
    assert_eq!(outputs["image"], format!("{ECR}/tagged@{digest}"));
    assert_eq!(outputs["digest"], digest);
    succeeded(walk(room.executor("apprunner.rollback").as_ref(), &back).await);
    assert_eq!(room.effects().await, ["StartDeployment", "UpdateService"]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_run_is_found_before_it_is_deployed() {
    let room = Room::open("healthy").await;
    let silent = json!({"config": {"entrypoint": [], "cmd": [], "exposed_ports": ["3000/tcp"]}});
    let stock = json!({"repositories": [{"name": "odd", "tags": {
        "arm": {"platforms": ["linux/arm64"]}, "silent": silent,
    }}]});
    room.simulator.behave(&stock).await.unwrap();
    let with = |tag: &str| json!({"image": format!("{ECR}/odd:{tag}"), "port": 8080});
    let refused = prepared(&room, &create(&room, with("arm"))).await.unwrap_err();
    assert!(refused.headline.contains("not for linux/amd64"), "{refused:?}");
    assert!(said(&refused, "Platform").contains("linux/arm64"), "{refused:?}");
    let intent = prepared(&room, &create(&room, with("silent"))).await.unwrap();
    let notes = intent.world["notes"].to_string();
    assert!(notes.contains("neither ENTRYPOINT nor CMD") && notes.contains("listens on 3000"), "{notes}");
    let commanded = json!({"image": format!("{ECR}/odd:silent"), "port": 3000, "start_command": "serve"});
    let intent = prepared(&room, &create(&room, commanded)).await.unwrap();
    assert_eq!(intent.world["notes"], json!([]));
    let mut update = update(&room, json!({}));
    update.with["image"] = json!(format!("{ECR}/odd:arm"));
    assert!(prepared(&room, &update).await.is_err(), "an update is no other way in");
    assert!(room.effects().await.is_empty());
    room.close().await;
}
