//! How updates of Express Mode truly end: AWS shifts a share, bakes, and brings back what an alarm was raised about.

use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::{Ending, Note, Progress, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

fn deploy(room: &Room, tag: &str) -> Task {
    let with = json!({
        "name": "site", "cluster": "main", "image": format!("registry.example/site:{tag}"), "port": 8080,
        "health_check_path": "/health",
        "execution_role": "arn:aws:iam::111122223333:role/execution",
        "infrastructure_role": "arn:aws:iam::111122223333:role/infrastructure",
    });
    room.task("express", "express.deploy", with)
}

fn said<'a>(diagnosis: &'a Diagnosis, who: &str) -> &'a str {
    diagnosis.says.iter().find(|said| said.who == who).map_or("", |said| said.what.as_str())
}

/// The image that the service is configured with, as a check sees it.
async fn configured(room: &Room) -> Value {
    let check = room.task("check", "express.check", json!({"name": "site", "cluster": "main"}));
    succeeded(walk(room.executor("express.check").as_ref(), &check).await)["image"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_aws_brings_back_is_told_as_that() {
    let room = Room::open("healthy").await;
    let executor = room.executor("express.deploy");
    let first = succeeded(walk(executor.as_ref(), &deploy(&room, "1")).await);
    let ran = first["task_definition"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    // The alarm that Express Mode makes goes off while both revisions bake.
    let incident = json!({"match": {"deployed_by": ["update"], "revisions": "new"}, "stage": "BAKE_TIME",
        "after": 5, "alarms": ["*"]});
    room.simulator.behave(&json!({"incidents": [incident]})).await.unwrap();
    let mut update = deploy(&room, "2");
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    update.progress = Progress::new(update.work.clone(), to);
    let ending = walk(executor.as_ref(), &update).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(
        diagnosis.headline.starts_with("Not deployed. AWS rolled the service back"),
        "{}",
        diagnosis.headline
    );
    assert!(diagnosis.headline.contains(&format!("1 of 1 tasks on {ran}")), "{}", diagnosis.headline);
    let aws = said(&diagnosis, "What AWS says");
    assert!(aws.contains("ROLLBACK_SUCCESSFUL") && aws.contains("alarm main/site/RollbackAlarm"), "{aws}");
    let mut shares = Vec::new();
    while let Ok((_, note)) = notes.try_recv() {
        if let Note::Rollout { view } = note
            && let Some(share) = view["traffic"]["production"].as_f64()
            && shares.last() != Some(&share)
        {
            shares.push(share);
        }
    }
    assert_eq!(
        (shares.first(), shares.last()),
        (Some(&0.0), Some(&0.0)),
        "it had none, and has none: {shares:?}"
    );
    assert!(shares.contains(&100.0), "it had all of it while it baked: {shares:?}");

    // What is configured is what ran before, so that the same update is not taken for done.
    assert_eq!(configured(&room).await, "registry.example/site:1");
    let again = executor.prepare(&deploy(&room, "2")).await.unwrap();
    assert!(again.already.is_none() && again.actions.len() == 1, "{again:?}");
    room.close().await;
}
