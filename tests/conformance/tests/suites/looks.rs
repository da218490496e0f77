//! What checks say of a log's errors, of names that are nearly right, and of this machine.

use holdpoint_conformance::{Room, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Outputs and, by name, what was found and whether it holds.
type Seen = (BTreeMap<String, Value>, BTreeMap<String, (String, bool)>);

async fn look(room: &Room, kind: &str, with: Value, expect: Value) -> Result<Seen, Diagnosis> {
    let task = Task { expect, ..room.task("look", kind, with) };
    match walk(room.executor(kind).as_ref(), &task).await {
        Ending::Succeeded { outputs, judgements, .. } => {
            let outputs = outputs.into_iter().map(|(name, of)| (name, of.value.unwrap_or_default()));
            let judged = judgements.into_iter().map(|one| (one.what, (one.found, one.holds)));
            Ok((outputs.collect(), judged.collect()))
        }
        Ending::Failed(diagnosis) => Err(diagnosis),
        other @ (Ending::RolledBackByAws(_) | Ending::Superseded(_) | Ending::NotPractised(_)) => {
            panic!("{other:?}")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_warnings_of_a_log_are_counted_against_a_limit() {
    let room = Room::open("healthy").await;
    let logs: Vec<Value> =
        ["ERROR orders: no stock", "WARN slow query: 2 s", "WARN slow query: 3 s", "INFO 0 errors"]
            .into_iter()
            .map(|line| json!({"after": 0.1, "line": line}))
            .collect();
    let rule = json!({"match": {"service": "api"}, "behaviour": {"logs": logs}});
    room.simulator.behave(&json!({"behaviours": [rule]})).await.unwrap();
    let force = json!({"cluster": "main", "service": "api", "force": true});
    look(&room, "ecs.deploy", force, json!({})).await.unwrap();
    // No group is named: it is the one that the service's containers log to. Two tasks say it each.
    let with = json!({"cluster": "main", "service": "api", "since": "1h", "within": "1s"});
    let (outputs, judged) =
        look(&room, "logs.expect", with.clone(), json!({"errors_at_most": 2, "warnings_at_most": 3}))
            .await
            .unwrap();
    assert_eq!((&outputs["errors"], &outputs["warnings"]), (&json!(2), &json!(4)));
    assert!(judged["lines with errors"].1);
    let (found, holds) = &judged["lines with warnings"];
    assert!(!holds && found.starts_with("4, the first: WARN slow query"), "{found}");
    let soak = json!({"for": "2s", "every": "1s", "checks": [
        {"name": "log", "uses": "logs.expect", "with": with, "expect": {"errors_at_most": 1}}]});
    let over = look(&room, "soak", soak, json!({})).await.unwrap_err();
    assert!(
        over.headline.contains("log: lines with errors is 2, the first: ERROR orders"),
        "{}",
        over.headline
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_told_with_what_was_meant() {
    let room = Room::open("healthy").await;
    let with = json!({"cluster": "main", "service": "apl"});
    let (_, judged) = look(&room, "ecs.check", with.clone(), json!({"running": 2})).await.unwrap();
    assert_eq!(judged["exists"], ("does not exist; did you mean `api`?".to_owned(), false));
    let (_, judged) = look(&room, "ecs.check", with.clone(), json!({"exists": false})).await.unwrap();
    assert_eq!(judged["exists"], ("false".to_owned(), true));
    let (_, judged) = look(&room, "apprunner.check", json!({"service": "shopp"}), json!({})).await.unwrap();
    assert!(judged["exists"].0.contains("did you mean `shop`?"), "{judged:?}");
    let expect = json!({"contains": ["x"]});
    let told = look(&room, "logs.expect", json!({"group": "/ecs/apl", "within": "1s"}), expect.clone()).await;
    assert!(told.unwrap_err().hints.iter().any(|hint| hint.starts_with("Did you mean `/ecs/api`")));
    let told = look(&room, "logs.expect", with, expect).await.unwrap_err();
    assert!(told.hints.iter().any(|hint| hint == "Did you mean `api`?"), "{told:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_looked_at_without_a_value_being_read_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let tools = tempfile::tempdir().unwrap();
    for (name, script) in
        [("shipper", "echo shipper v1.4.2 && env > \"$(dirname \"$0\")/seen\""), ("mute", "exit 3")]
    {
        let path = tools.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let room = Room::open_with("healthy", &format!("{}:/usr/bin:/bin", tools.path().display())).await;
    let file = tools.path().join("shipper");
    let with = json!({
        "programs": [
            {"name": "shipper", "at_least": "1.4", "below": "2"}, {"name": "mute", "at_least": "1"},
            {"name": "no-such-tool"},
        ],
        "files": [file, "/no/such/file"], "environment": ["PATH", "NO_SUCH_VARIABLE"],
    });
    let (outputs, judged) = look(&room, "local.check", with, json!({})).await.unwrap();
    assert_eq!(judged["program shipper"], ("1.4.2".to_owned(), true));
    assert_eq!(judged["program mute"], ("it does not say its version".to_owned(), false));
    assert!(!judged["program no-such-tool"].1);
    assert_eq!(judged["variable PATH"], ("is set".to_owned(), true));
    assert!(!judged["variable NO_SUCH_VARIABLE"].1);
    assert!(!judged["file /no/such/file"].1);
    let missing: Vec<_> = outputs["missing"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(missing, ["no-such-tool", "/no/such/file", "NO_SUCH_VARIABLE"]);
    let seen = std::fs::read_to_string(tools.path().join("seen")).unwrap();
    assert!(!seen.contains("AWS_"), "a program that says its version gets no credentials: {seen}");
    for with in [
        json!({"programs": [{"name": "../x"}]}),
        json!({"programs": [{"name": "git", "at_least": "new"}]}),
        json!({"files": ["relative"]}),
        json!({}),
    ] {
        let task = room.task("look", "local.check", with.clone());
        assert!(room.executor("local.check").prepare(&task).await.is_err(), "{with}");
    }
}
