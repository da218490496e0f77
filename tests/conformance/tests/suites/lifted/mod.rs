//! A command and the step that it is lifted into do the same: the command by AWS's own CLI in one practice account, the step
//! in another of the same seed. The calls that took effect must be the same with the same arguments, and afterwards both
//! accounts must say the same. A case is a file of `cases/`: the command, `---`, what is looked at afterwards.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

mod programs;

use holdpoint_conformance::{Room, scripted, succeeded, walk};
use holdpoint_engine::{Progress, Task};
use holdpoint_plan::lift::{Context, Facts, Lifted, Verdict, lift};
use holdpoint_plan::shell::parse;
use holdpoint_run::Work;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// Arguments that only say which call it is, or who made it: each side has its own.
const ITS_OWN: [&str; 3] = ["clientToken", "startedBy", "referenceId"];

/// What AWS takes where nothing is said.
const AWS_OWN: [(&str, &str); 1] = [("count", "1")];

/// Cases at once: each is two simulators and a few starts of Python.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_does_what_its_command_does() {
    let Some(path) = path_with_aws() else {
        println!("skipped: there is no `aws` on this machine");
        return;
    };
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suites/lifted/cases"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
    names.sort();
    assert!(names.len() >= 10, "only {} cases", names.len());
    let mut going = JoinSet::new();
    let mut broken = 0;
    for name in names {
        if going.len() >= AT_ONCE {
            broken += usize::from(going.join_next().await.unwrap().is_err());
        }
        let path = path.clone();
        going.spawn(async move { same(&name, &path).await });
    }
    while let Some(ended) = going.join_next().await {
        broken += usize::from(ended.is_err());
    }
    assert_eq!(broken, 0, "cases whose step does something else; each is told above");
}

async fn same(name: &std::path::Path, path: &str) {
    let case = name.file_stem().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(name).unwrap();
    let (by_hand, by_step) = (Room::open_with("healthy", path).await, Room::open_with("healthy", path).await);
    for room in [&by_hand, &by_step] {
        std::fs::write(room.folder().join("task.json"), TASK_DEFINITION).unwrap();
        room.simulator.behave(&json!({"behaviours": [{
            "match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {"exit": {"after": 2, "code": 0}},
        }]})).await.unwrap();
    }
    let text = named(&by_hand, &text).await;
    let (command, looks) = text.split_once("---\n").unwrap();
    let before = calls(&by_hand).await.len();
    shell(&by_hand, "command", command).await;
    let lifted = lifted(&case, command);
    // A step follows what it started; the command's own deployment may still be on its way.
    let task = step(&by_step, &lifted);
    let task = by_step.pin(&task).await;
    succeeded(walk(by_step.executor(&lifted.uses).as_ref(), &task).await);
    let (hand, step) = (calls(&by_hand).await.split_off(before), calls(&by_step).await.split_off(before));
    assert!(!hand.is_empty(), "{case}: the command changed nothing");
    let operations =
        |calls: &[Call]| -> Vec<String> { calls.iter().map(|call| call.operation.clone()).collect() };
    assert_eq!(operations(&hand), operations(&step), "{case}");
    for (one, other) in hand.iter().zip(&step) {
        for (argument, value) in &one.arguments {
            assert_eq!(
                Some(value),
                other.arguments.get(argument),
                "{case}: `{argument}` of {}",
                one.operation
            );
        }
        // What the step says besides must be what the account had already: it is looked at below.
        let mut more = other.arguments.iter().filter(|(name, _)| !one.arguments.contains_key(*name));
        let strange = more.find(|(name, value)| {
            *name != "taskDefinition" && !AWS_OWN.contains(&(name.as_str(), value.as_str()))
        });
        assert_eq!(strange, None, "{case}: the step also says that");
    }
    for (at, look) in looks.lines().filter(|line| !line.is_empty()).enumerate() {
        let name = format!("look_{at}");
        let (one, other) = tokio::join!(shell(&by_hand, &name, look), shell(&by_step, &name, look));
        assert_eq!(one, other, "{case}: {look}");
        assert!(!one.is_empty() && one != "null" && one != "None", "{case}: {look} shows nothing");
    }
    by_hand.close().await;
    by_step.close().await;
}

/// A call that took effect.
#[derive(Debug)]
struct Call {
    operation: String,
    arguments: BTreeMap<String, String>,
}

async fn calls(room: &Room) -> Vec<Call> {
    let record = room.simulator.record().await.unwrap();
    let all = record["calls"].as_array().cloned().unwrap_or_default();
    all.iter()
        .filter(|call| {
            call["outcome"] == "took_effect"
                && ["ecs", "apprunner"].iter().any(|name| call["service"] == *name)
        })
        .map(|call| {
            let arguments = call["summary"].as_str().unwrap_or_default().split(' ').filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                // `api:1` and its ARN are the same.
                let value =
                    if name == "taskDefinition" { value.rsplit('/').next().unwrap_or(value) } else { value };
                (!ITS_OWN.contains(&name)).then(|| (name.to_owned(), value.to_owned()))
            });
            Call {
                operation: call["operation"].as_str().unwrap_or_default().to_owned(),
                arguments: arguments.collect(),
            }
        })
        .collect()
}

/// Runs a script with the practice identity, and gives what it printed.
async fn shell(room: &Room, name: &str, script: &str) -> String {
    let task = scripted(&room.task(name, "shell", json!({ "env": { "AWS_PAGER": "" } })), script);
    let outputs = succeeded(walk(room.executor("shell").as_ref(), &task).await);
    outputs.get("stdout").and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// A case with the ARNs of the services that it calls SHOP and RESTS. Both accounts give the same.
async fn named(room: &Room, text: &str) -> String {
    let mut text = text.to_owned();
    for (word, name) in [("SHOP", "shop"), ("RESTS", "rests")] {
        if text.contains(word) {
            let query = format!("ServiceSummaryList[?ServiceName=='{name}']|[0].ServiceArn");
            let command = format!("aws apprunner list-services --query \"{query}\" --output text");
            text = text.replace(word, &shell(room, &format!("arn_of_{name}"), &command).await);
        }
    }
    text
}

fn lifted(case: &str, command: &str) -> Lifted {
    let facts =
        Facts { account: Some("111122223333".into()), region: Some("eu-west-1".into()), profile: None };
    let script = parse(command);
    match lift(&script, 0, command, &Context::new(facts)) {
        Verdict::Lifted(lifted) => {
            assert_eq!(lifted.take, script.statements.len(), "{case}");
            assert!(lifted.vars.is_empty(), "{case}: {:?}", lifted.vars);
            *lifted
        }
        other @ (Verdict::Kept(_) | Verdict::Absorbed { .. }) => panic!("{case}: {other:?}"),
    }
}

fn step(room: &Room, lifted: &Lifted) -> Task {
    let task = room.task("step", &lifted.uses, Value::Object(lifted.with.clone()));
    let work = Work::forward(task.step.id.clone());
    Task {
        progress: Progress::silent(work),
        expect: lifted.expect.clone().unwrap_or_else(|| json!({})),
        ..task
    }
}

#[expect(clippy::disallowed_methods, reason = "a suite finds the CLI where its caller does")]
fn path_with_aws() -> Option<String> {
    let path = std::env::var("PATH").ok()?;
    std::env::split_paths(&path).any(|folder| folder.join("aws").is_file()).then_some(path)
}

/// What `file://task.json` of a case is.
const TASK_DEFINITION: &str = r#"{
  "family": "api", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
  "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
  "containerDefinitions": [{"name": "app", "image": "registry.example/api:2", "essential": true, "portMappings": [{"containerPort": 8080}]}]
}
"#;
