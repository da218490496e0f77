//! Two practice accounts of the same seed: the command in one, by the program that it names, the step in the other. What both
//! asked is compared call by call.

use super::case::{BEFORE, Case, Same};
use holdpoint_conformance::{Call, Room, began, scripted, succeeded, walk};
use holdpoint_engine::{Clock as _, Progress, Task};
use holdpoint_plan::lift::Lifted;
use holdpoint_run::Work;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Arguments that only say which call it is, or who made it.
const ITS_OWN: [&str; 3] = ["clientToken", "startedBy", "referenceId"];

/// Services whose calls do not belong to what is asked: who somebody is.
const WHO: [&str; 1] = ["sts"];

/// Runs a case, and panics where the two differ.
pub(crate) async fn same(case: &Case, path: &str) {
    let (by_hand, by_step) = (Room::tapped("healthy", path).await, Room::tapped("healthy", path).await);
    for room in [&by_hand, &by_step] {
        std::fs::write(room.folder().join("task.json"), TASK_DEFINITION).unwrap();
        room.simulator.behave(&json!({"behaviours": [{
            "match": {"family": "api", "deployed_by": ["run_task"]}, "behaviour": {"exit": {"after": 2, "code": 0}},
        }]})).await.unwrap();
    }
    let case = named(&by_hand, case).await;
    let name = &case.name;
    let scene = case.scene();
    let began_at = by_step.clock.now();
    if let Some(before) = &scene.before {
        tokio::join!(shell(&by_hand, BEFORE, before), shell(&by_step, BEFORE, before));
    }
    let known = (changing(&by_hand).await, changing(&by_step).await);
    for room in [&by_hand, &by_step] {
        room.calls();
    }
    // What a variable of the shell holds at the end.
    let said = scene.lifted.sets.as_ref().map(|(variable, _)| format!("\nprintf '%s' \"${variable}\"\n"));
    let printed = shell(&by_hand, "command", &(scene.command.clone() + &said.unwrap_or_default())).await;
    // A step follows what it started; the command's own deployment may still be on its way.
    let task = began(&step(&by_step, &scene.lifted), BEFORE, began_at);
    let task = by_step.pin(&task).await;
    let outputs = succeeded(walk(by_step.executor(&scene.lifted.uses).as_ref(), &task).await);
    if let Some((_, output)) = &scene.lifted.sets {
        let found = &outputs[output];
        assert_eq!(printed, found.as_str().map_or_else(|| found.to_string(), str::to_owned), "{name}");
    }
    let (hand, step) = (Asked::of(&by_hand, known.0).await, Asked::of(&by_step, known.1).await);
    assert!(!hand.changes.is_empty() || !hand.reads.is_empty(), "{name}: the command asked nothing");
    same_changes(name, &case.same, &hand.changes, &step.changes);
    same_reads(name, &case.same, &hand, &step);
    for (at, look) in case.looks.iter().enumerate() {
        let id = format!("look_{at}");
        let (one, other) = tokio::join!(shell(&by_hand, &id, look), shell(&by_step, &id, look));
        assert_eq!(one, other, "{name}: {look}");
        assert!(!one.is_empty() && one != "null" && one != "None", "{name}: {look} shows nothing");
    }
    by_hand.close().await;
    by_step.close().await;
}

/// A step in hand, as it was lifted.
pub(crate) fn step(room: &Room, lifted: &Lifted) -> Task {
    let task = room.task("step", &lifted.uses, Value::Object(lifted.with.clone()));
    let work = Work::forward(task.step.id.clone());
    Task {
        progress: Progress::silent(work),
        expect: lifted.expect.clone().unwrap_or_else(|| json!({})),
        ..task
    }
}

/// What one side asked.
#[derive(Debug)]
struct Asked {
    /// In order.
    changes: Vec<Call>,
    /// Each once.
    reads: Vec<Call>,
}

impl Asked {
    /// What was asked in a room since it was looked at last; `before` are the changes that it knew then.
    async fn of(room: &Room, before: usize) -> Self {
        let calls = room.calls();
        let record = room.simulator.record().await.unwrap();
        let changing: BTreeSet<String> = record["calls"]
            .as_array()
            .unwrap()
            .iter()
            .skip(before)
            .map(|call| {
                format!("{}:{}", call["service"].as_str().unwrap(), call["operation"].as_str().unwrap())
            })
            .collect();
        let mut asked = Self { changes: Vec::new(), reads: Vec::new() };
        for call in calls.into_iter().filter(|call| !WHO.contains(&call.service.as_str())) {
            let reads = ["GET ", "HEAD ", "OPTIONS "].iter().any(|verb| call.operation.starts_with(verb));
            let changes = changing.contains(&id(&call)) || (call.operation.contains(' ') && !reads);
            if changes {
                asked.changes.push(call);
            } else if !asked
                .reads
                .iter()
                .any(|known| id(known) == id(&call) && known.arguments == call.arguments)
            {
                asked.reads.push(call);
            }
        }
        asked
    }
}

/// `ecs:ListTasks`; of what is no call of AWS, `api.example:GET/health`.
fn id(call: &Call) -> String {
    format!("{}:{}", call.service, call.operation.replace(' ', ""))
}

async fn changing(room: &Room) -> usize {
    room.simulator.record().await.unwrap()["calls"].as_array().map_or(0, Vec::len)
}

/// The same changes, in the same order, with the same arguments. What the step says besides is what the case says.
fn same_changes(name: &str, same: &Same, hand: &[Call], step: &[Call]) {
    let ids = |calls: &[Call]| -> Vec<String> { calls.iter().map(id).collect() };
    assert_eq!(ids(hand), ids(step), "{name}: what is changed");
    let mut said = BTreeSet::new();
    for (one, other) in hand.iter().zip(step) {
        let (one, other) = (leaves(one), leaves(other));
        for (place, value) in &one {
            assert_eq!(Some(value), other.get(place), "{name}: `{place}`");
        }
        for (place, value) in other.iter().filter(|(place, _)| !one.contains_key(*place)) {
            let rule = same.says.iter().position(|(at, wanted)| {
                let inside = place
                    .strip_prefix(at.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
                inside && wanted.as_ref().is_none_or(|wanted| wanted == value)
            });
            said.insert(rule.unwrap_or_else(|| panic!("{name}: the step also says `{place}` is {value}")));
            let is_name = ["tags.", "Tags."].iter().any(|tags| place.starts_with(tags))
                && place.to_lowercase().ends_with(".key");
            assert!(
                !is_name || value.starts_with("holdpoint:"),
                "{name}: a tag that is not its own: {value}"
            );
        }
    }
    assert_eq!(said.len(), same.says.len(), "{name}: the case says more than the step does");
}

/// Every value of a change with its place: `networkConfiguration.awsvpcConfiguration.subnets.0`.
fn leaves(call: &Call) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left: Vec<(String, &Value)> = vec![(String::new(), &call.arguments)];
    while let Some((place, value)) = left.pop() {
        let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        match value {
            Value::Object(map) => left.extend(map.iter().map(|(name, value)| (below(name), value))),
            Value::Array(list) => {
                left.extend(list.iter().enumerate().map(|(at, value)| (below(&at.to_string()), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                // `api:1` and its ARN are the same.
                if place == "taskDefinition" {
                    text = text.rsplit('/').next().unwrap_or_default().to_owned();
                }
                if !ITS_OWN.contains(&place.as_str()) {
                    found.insert(place, text);
                }
            }
        }
    }
    found
}

/// Every read of the command is one of the step, with the same arguments. What the step asks besides is what the case says.
fn same_reads(name: &str, same: &Same, hand: &Asked, step: &Asked) {
    let without = |call: &Call, names: &[&BTreeSet<String>]| {
        let mut arguments = call.arguments.clone();
        if let Some(map) = arguments.as_object_mut() {
            map.retain(|argument, _| !names.iter().any(|names| names.contains(argument)));
        }
        arguments
    };
    let mut matched = BTreeSet::new();
    for read in &hand.reads {
        let Some(others) = same.instead.get(&id(read)) else {
            let wanted = without(read, &[&same.own]);
            let found = step.reads.iter().position(|asked| {
                id(asked) == id(read) && without(asked, &[&same.own, &same.with]) == wanted
            });
            matched.insert(
                found.unwrap_or_else(|| {
                    panic!("{name}: the command asks {read:?}, the step {:#?}", step.reads)
                }),
            );
            continue;
        };
        for other in others {
            let found: Vec<usize> = (0..step.reads.len()).filter(|at| is(&step.reads[*at], other)).collect();
            let said: String = found.iter().map(|at| format!("{:?}", step.reads[*at])).collect();
            assert!(!said.is_empty(), "{name}: the step does not ask {other}: {:#?}", step.reads);
            for value in leaves(read).values() {
                assert!(said.contains(value.as_str()), "{name}: {other} says nothing of {value}");
            }
            matched.extend(found);
        }
    }
    let (mut used, mut unsaid) = (BTreeSet::new(), BTreeSet::new());
    for (_, read) in step.reads.iter().enumerate().filter(|(at, _)| !matched.contains(at)) {
        match same.also.iter().chain(&same.may).find(|rule| is(read, rule)) {
            Some(rule) => drop(used.insert(rule)),
            None => drop(unsaid.insert(id(read))),
        }
    }
    assert!(unsaid.is_empty(), "{name}: the step also asks {unsaid:?}, which the case does not say");
    let unused: Vec<&String> = same.also.iter().filter(|rule| !used.contains(rule)).collect();
    assert!(unused.is_empty(), "{name}: the step does not ask {unused:?}, as the case says");
    for one in same.instead.keys() {
        assert!(hand.reads.iter().any(|read| id(read) == *one), "{name}: the command does not ask {one}");
    }
}

/// Whether a call is one of those that a case names; `*` at the end stands for anything.
fn is(call: &Call, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(begin) => id(call).starts_with(begin),
        None => id(call) == name,
    }
}

/// Runs a script with the practice identity, and gives what it printed.
async fn shell(room: &Room, name: &str, script: &str) -> String {
    // Programs that know no endpoint of AWS reach the hosts of the practice account as by a proxy.
    let env = json!({
        "AWS_PAGER": "", "http_proxy": room.simulator.endpoint(), "no_proxy": "127.0.0.1,localhost",
    });
    let task = scripted(&room.task(name, "shell", json!({ "env": env })), script);
    let outputs = succeeded(walk(room.executor("shell").as_ref(), &task).await);
    outputs.get("stdout").and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// A case with the ARNs of the services that it calls SHOP and RESTS, and of the secret DBSECRET. Both accounts give the same.
async fn named(room: &Room, case: &Case) -> Case {
    let mut case = case.clone();
    let of_service = |name: &str| {
        let query = format!("ServiceSummaryList[?ServiceName=='{name}']|[0].ServiceArn");
        format!("aws apprunner list-services --query \"{query}\" --output text")
    };
    let secret =
        "aws secretsmanager describe-secret --secret-id orders/db --query ARN --output text".to_owned();
    for (word, command) in
        [("SHOP", of_service("shop")), ("RESTS", of_service("rests")), ("DBSECRET", secret)]
    {
        if case.script.contains(word) {
            let arn = shell(room, &format!("arn_of_{}", word.to_lowercase()), &command).await;
            case.script = case.script.replace(word, &arn);
            case.looks = case.looks.iter().map(|look| look.replace(word, &arn)).collect();
        }
    }
    case
}

/// What `file://task.json` of a case is.
const TASK_DEFINITION: &str = r#"{
  "family": "api", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
  "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
  "containerDefinitions": [{"name": "app", "image": "registry.example/api:2", "essential": true, "portMappings": [{"containerPort": 8080}]}]
}
"#;
