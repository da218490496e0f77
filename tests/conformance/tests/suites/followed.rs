//! What another's tool started, followed to its end: an apply of Terraform, as it was recorded, that changed a service of
//! App Runner, which the provider does not wait for in every case.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, began, succeeded, walk};
use holdpoint_engine::{Clock as _, Ending};
use serde_json::{Value, json};
use std::path::Path;

/// A configuration with its recorded plan, and an apply that is one call.
fn recorded(room: &Room, call: &Value) {
    let change = json!({"actions": ["update"], "before": {"service_name": "shop", "mode": "old"}, "after": {"service_name": "shop", "mode": "new"},
        "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}});
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "configuration": {}, "output_changes": {},
        "applyable": true, "complete": true, "errored": false, "resource_changes": [{"address": "aws_apprunner_service.shop", "mode": "managed", "type": "aws_apprunner_service",
            "name": "shop", "provider_name": "registry.terraform.io/hashicorp/aws", "change": change}]});
    let folder = room.folder().join("recorded/practice");
    std::fs::create_dir_all(&folder).unwrap();
    let provider = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/terraform/recorded/main.tf");
    std::fs::copy(provider, room.folder().join("recorded/main.tf")).unwrap();
    std::fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
    std::fs::write(folder.join("apply.json"), json!({"calls": [call], "outputs": {}}).to_string()).unwrap();
}

/// Applies what was recorded, and follows the service by `apprunner.wait` since that step.
async fn applied_and_followed(room: &Room, variables: Value) -> Ending {
    let shop = room.task("shop", "apprunner.check", json!({"service": "shop"}));
    let shop = succeeded(walk(room.executor("apprunner.check").as_ref(), &shop).await);
    let input = json!({"ServiceArn": shop["service_arn"], "SourceConfiguration": {
        "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::111122223333:role/pull"},
        "AutoDeploymentsEnabled": false,
        "ImageRepository": {"ImageIdentifier": shop["image"], "ImageRepositoryType": "ECR",
            "ImageConfiguration": {"Port": "8080", "RuntimeEnvironmentVariables": variables}},
    }});
    recorded(room, &json!({"call": "apprunner:UpdateService", "input": input}));
    let plan = room.task("plan", "terraform.plan", json!({"dir": "recorded"}));
    let planned = succeeded(walk(room.executor("terraform.plan").as_ref(), &plan).await);
    let since = room.clock.now();
    let apply = room.task("apply", "terraform.apply", json!({"plan": planned["file"]}));
    succeeded(walk(room.executor("terraform.apply").as_ref(), &apply).await);
    assert_eq!(room.effects().await, ["UpdateService"], "the apply was its recorded call");
    let wait = room.task("wait", "apprunner.wait", json!({"service": "shop", "since": "apply"}));
    walk(room.executor("apprunner.wait").as_ref(), &began(&wait, "apply", since)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apply_started_is_followed_until_it_runs() {
    let room = Room::open("healthy").await;
    let outputs = succeeded(applied_and_followed(&room, json!({"MODE": "applied"})).await);
    assert_eq!(outputs["status"], "RUNNING");
    assert!(!outputs["operation"].as_str().unwrap().is_empty());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apply_started_and_aws_rolled_back_is_a_failure() {
    let room = Room::open("healthy").await;
    let behaviour =
        json!({"exit": {"after": 2, "code": 1}, "logs": [{"after": 0.5, "line": "fatal: MODE is odd"}]});
    let rule = json!({"match": {"service": "shop", "revisions": "new"}, "behaviour": behaviour});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
    let ending = applied_and_followed(&room, json!({"MODE": "odd"})).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.last_log.iter().any(|line| line.contains("MODE is odd")), "{diagnosis:?}");
    room.close().await;
}
