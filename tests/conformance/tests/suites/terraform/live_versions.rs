//! A plan that would put an older engine onto a database: what AWS says runs there counts, whatever the state knows.

use super::scene::{broken, outputs};
use holdpoint_conformance::{Room, walk};
use holdpoint_engine::Ending;
use serde_json::{Value, json};

/// The database `orders` and the cluster `shop` run a newer version than a configuration that knows nothing of them.
fn world() -> Value {
    json!({
        "account": "111122223333", "region": "eu-west-1", "role": "Deployer",
        "databases": [
            { "id": "orders", "engine": "postgres", "version": "16.4" },
            { "id": "shop-1", "engine": "aurora-postgresql", "version": "15.8", "cluster": "shop" },
        ],
    })
}

/// Plans, from a recording, to make this of a resource that is in no state.
async fn plan(room: &Room, kind: &str, after: Value) -> Ending {
    let shown = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "applyable": true, "complete": true, "errored": false,
        "resource_changes": [{
            "address": format!("{kind}.made"), "mode": "managed", "type": kind, "name": "made",
            "change": { "actions": ["create"], "before": null, "after": after, "after_unknown": {} },
        }],
    });
    let folder = room.folder().join("infra");
    std::fs::create_dir_all(folder.join("practice")).unwrap();
    std::fs::write(
        folder.join("main.tf"),
        "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n",
    )
    .unwrap();
    std::fs::write(folder.join("practice/plan.json"), shown.to_string()).unwrap();
    let task = room.task("plan", "terraform.plan", json!({ "dir": "infra" }));
    walk(room.executor("terraform.plan").as_ref(), &task).await
}

async fn refused(room: &Room, kind: &str, after: Value, parts: &[&str]) {
    let found = broken(plan(room, kind, after).await);
    assert_eq!(found.len(), 1, "{found:?}");
    for part in ["guard engine_downgrade", "as AWS says"].iter().chain(parts) {
        assert!(found[0].contains(part), "no {part:?} in {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_newer_than_what_is_planned() {
    let room = Room::furnished("healthy", &world()).await;
    let instance =
        |version: &str| json!({ "identifier": "orders", "engine": "postgres", "engine_version": version });
    refused(&room, "aws_db_instance", instance("15.8"), &["aws_db_instance.made", "16.4", "15.8"]).await;
    refused(&room, "aws_db_instance", instance("16.3"), &["16.4", "16.3"]).await;
    let cluster =
        json!({ "cluster_identifier": "shop", "engine": "aurora-postgresql", "engine_version": "14.9" });
    refused(&room, "aws_rds_cluster", cluster, &["aws_rds_cluster.made", "15.8", "14.9"]).await;
    // The same, a newer one, and one that is not there: nothing to say.
    for version in ["16.4", "17.2", "16"] {
        outputs(plan(&room, "aws_db_instance", instance(version)).await);
    }
    let other = json!({ "identifier": "nowhere", "engine": "postgres", "engine_version": "9.6" });
    outputs(plan(&room, "aws_db_instance", other).await);
    room.close().await;
}
