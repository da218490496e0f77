//! Task definitions that are looked at together with their images.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, succeeded, walk};
use serde_json::{Value, json};

/// What `ecs.lint` finds about the health check of an image that has `/usr/bin/curl` and no shell.
async fn found(room: &Room, command: Value, more: Value) -> Vec<String> {
    let check = json!({"command": command, "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 20});
    let definition = json!({"containerDefinitions": [{
        "name": "app", "image": "ghcr.example/shop/api:1.4", "healthCheck": check,
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-stream-prefix": "p"}},
    }]});
    let mut with = json!({"definition": definition});
    with.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let task = room.task("lint", "ecs.lint", with);
    let outputs = succeeded(walk(room.executor("ecs.lint").as_ref(), &task).await);
    let findings = outputs["findings"].as_array().cloned().unwrap();
    findings.iter().filter_map(|finding| finding["text"].as_str()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_a_health_check_is_looked_for_in_the_image() {
    let room = Room::open("healthy").await;
    let curl = json!(["CMD", "curl", "-f", "http://localhost:8080/health"]);
    assert!(found(&room, curl.clone(), json!({})).await.is_empty(), "it is there");
    let wget = found(&room, json!(["CMD", "wget", "-q", "http://localhost:8080/health"]), json!({})).await;
    assert!(
        matches!(wget.as_slice(), [text] if text.contains("`wget`, which is not in the image")),
        "{wget:?}"
    );
    let shell = json!(["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]);
    let shell = found(&room, shell, json!({})).await;
    assert!(
        matches!(shell.as_slice(), [text] if text.contains("`/bin/sh`, which is not in the image")),
        "{shell:?}"
    );
    let unknown = found(&room, curl.clone(), json!({"look_inside": false})).await;
    assert!(matches!(unknown.as_slice(), [text] if text.contains("is unknown")), "{unknown:?}");
    let slow = found(&room, curl, json!({"boot": "45s"})).await;
    assert!(
        matches!(slow.as_slice(), [text] if text.contains("take 45 s and `startPeriod` is 20 s")),
        "{slow:?}"
    );
}
