//! Images in the practice account: gates, copies that are cut, registries that lie, names that may not move.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, succeeded, walk, walk_settling};
use holdpoint_engine::{ActError, Ending, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};
use std::time::Duration;

const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn inspect(room: &Room, image: &str, expect: Value) -> Task {
    Task { expect, ..room.task("image", "image.inspect", json!({"image": image})) }
}

fn mirror(room: &Room, more: Value) -> Task {
    let mut with = json!({
        "from": "ghcr.example/shop/api:1.4", "to": format!("{ECR}/shop/copy:live"), "create_repository": true,
    });
    with.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    room.task("mirror", "image.mirror", with)
}

/// Names of what was judged, with whether it holds.
async fn judged(room: &Room, task: &Task) -> Vec<(String, bool)> {
    match walk(room.executor(&task.uses).as_ref(), task).await {
        Ending::Succeeded { judgements, .. } => {
            judgements.into_iter().map(|one| (one.what, one.holds)).collect()
        }
        other @ (Ending::Failed(_)
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => {
            panic!("{other:?}")
        }
    }
}

async fn fails(room: &Room, task: &Task) -> Diagnosis {
    match walk(room.executor(&task.uses).as_ref(), task).await {
        Ending::Failed(diagnosis) => diagnosis,
        other @ (Ending::Succeeded { .. }
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_says_what_holds() {
    let room = Room::open("healthy").await;
    let expect = json!({
        "exists": true, "platform": "linux/arm64", "command": true, "ports": [8080, 9],
        "files": ["/usr/bin/curl", "/usr/bin/wget"], "files_lack": ["/usr/bin/nc"],
    });
    let found = judged(&room, &inspect(&room, "ghcr.example/shop/api:1.4", expect)).await;
    let expected = [
        ("exists", true),
        ("platform", true),
        ("command", true),
        ("exposed port", true),
        ("exposed port", false),
        ("the file /usr/bin/curl", true),
        ("the file /usr/bin/wget", false),
        ("the file /usr/bin/nc", true),
    ];
    assert_eq!(found, expected.map(|(what, holds)| (what.to_owned(), holds)));
    let missing = inspect(&room, "ghcr.example/shop/api:9", json!({"exists": false}));
    assert_eq!(judged(&room, &missing).await, [("exists".to_owned(), true)]);
    let other = inspect(&room, &format!("{ECR}/shop-web:7"), json!({"platform": "linux/arm64"}));
    let diagnosis = fails(&room, &other).await;
    assert!(diagnosis.headline.ends_with("is not for linux/arm64: it is for linux/amd64"), "{diagnosis:?}");
    let absent = inspect(&room, "ghcr.example/shop/api:9", json!({}));
    assert!(fails(&room, &absent).await.headline.contains("is not there"));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_a_scan_are_judged_and_no_scan_proves_nothing() {
    let room = Room::open("healthy").await;
    let unscanned =
        json!({"repositories": [{"name": "unscanned", "tags": {"1": {"platforms": ["linux/amd64"]}}}]});
    room.simulator.behave(&unscanned).await.unwrap();
    for (image, limits, expected) in [
        (
            "shop-web:7",
            json!({"critical": 0, "high": 2}),
            vec![("critical findings", true), ("high findings", true)],
        ),
        (
            "shop-web:7",
            json!({"high": 1, "medium": 0}),
            vec![("high findings", false), ("medium findings", true)],
        ),
        ("unscanned:1", json!({"critical": 9}), vec![("critical findings", false)]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(what, holds)| (what.to_owned(), holds)).collect();
        let task = inspect(&room, &format!("{ECR}/{image}"), json!({"scan": limits}));
        assert_eq!(judged(&room, &task).await, expected, "{image} {limits}");
    }
    let shown = inspect(&room, &format!("{ECR}/shop-web:7"), json!({}));
    let outputs = succeeded(walk(room.executor("image.inspect").as_ref(), &shown).await);
    assert_eq!(outputs["findings"], json!({"CRITICAL": 0, "HIGH": 2}));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_leaves_both_digests_and_all_platforms_where_they_are_wanted() {
    let room = Room::open("healthy").await;
    let one = succeeded(walk(room.executor("image.mirror").as_ref(), &mirror(&room, json!({}))).await);
    assert_ne!(one["source_digest"], one["digest"], "one platform of an index");
    assert_eq!((one["platform"].as_str(), one["skipped_layers"].as_u64()), (Some("linux/amd64"), Some(0)));
    let all = mirror(&room, json!({"platform": "all", "to": format!("{ECR}/shop/copy:all")}));
    let all = succeeded(walk(room.executor("image.mirror").as_ref(), &all).await);
    assert_eq!(all["source_digest"], all["digest"]);
    assert_eq!(all["platform"], "linux/amd64, linux/arm64");
    assert!(all["skipped_layers"].as_u64().unwrap() > 0, "the layers of the first copy are there: {all:?}");
    let image = inspect(&room, all["image"].as_str().unwrap(), json!({"digest": all["digest"]}));
    assert_eq!(judged(&room, &image).await, [("digest".to_owned(), true)]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_repository_is_created_only_when_that_is_asked_for() {
    let room = Room::open("healthy").await;
    let task = mirror(&room, json!({"create_repository": false}));
    let diagnosis = room.executor("image.mirror").prepare(&task).await.unwrap_err();
    assert!(diagnosis.headline.starts_with("There is no repository `shop/copy`"), "{diagnosis:?}");
    assert!(room.effects().await.is_empty());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_of_registries_are_settled() {
    for operation in ["StartUpload", "PatchUpload", "CompleteUpload", "PutManifest"] {
        for fault in [
            json!({"kind": "reset", "applied": true}),
            json!({"kind": "reset", "applied": false}),
            json!({"kind": "status", "status": 500, "applied": true}),
            json!({"kind": "status", "status": 503, "applied": false}),
            json!({"kind": "status", "status": 429, "applied": false}),
        ] {
            let room = Room::open("healthy").await;
            room.fault("registry", operation, fault.clone()).await;
            let task = mirror(&room, json!({}));
            let (ending, lost) = walk_settling(room.executor("image.mirror").as_ref(), &task).await;
            let outputs = succeeded(ending);
            assert!(lost <= 1, "{operation} {fault}: {lost} lost");
            let image =
                inspect(&room, outputs["image"].as_str().unwrap(), json!({"platform": "linux/amd64"}));
            assert_eq!(judged(&room, &image).await, [("platform".to_owned(), true)], "{operation} {fault}");
            room.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_may_not_move_is_said_and_stays() {
    let room = Room::open("healthy").await;
    let fixed =
        json!({"repositories": [{"name": "fixed", "immutable": true, "tags": {"1.4": {"layers": [100]}}}]});
    room.simulator.behave(&fixed).await.unwrap();
    let to = format!("{ECR}/fixed:1.4");
    let task = mirror(&room, json!({"to": to}));
    let executor = room.executor("image.mirror");
    let intent = executor.prepare(&task).await.unwrap();
    let mut receipts = Vec::new();
    let last = intent.actions.len() - 1;
    for action in 0..last {
        receipts.push(executor.act(&task, &intent, action, &receipts).await.unwrap());
    }
    let refused = executor.act(&task, &intent, last, &receipts).await.unwrap_err();
    let ActError::Refused(diagnosis) = refused else { panic!("{refused:?}") };
    assert!(diagnosis.says.iter().any(|said| said.what.contains("immutable")), "{diagnosis:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_says_nothing_is_not_waited_for_longer_than_the_step_may_take() {
    let room = Room::open("healthy").await;
    let silent = json!({"match": {"repository": "*"}, "effect": {"kind": "silence"}});
    room.simulator.behave(&json!({"faults": [silent]})).await.unwrap();
    let soon = |task| Task { timeout: Some(Duration::from_secs(1)), ..task };
    let looked = fails(&room, &soon(inspect(&room, "ghcr.example/shop/api:1.4", json!({})))).await;
    let copy = soon(mirror(&room, json!({})));
    let copied = room.executor("image.mirror").prepare(&copy).await.unwrap_err();
    for told in [looked, copied] {
        assert!(told.headline.ends_with("was stopped: it took longer than 1 s"), "{told:?}");
    }
    room.close().await;
}
