//! Scripts: exactly as written, live, with a pinned identity and nothing else of the operator's.

use holdpoint_conformance::{Room, scripted, succeeded, walk};
use holdpoint_engine::{Ending, Note, Observation, Progress, Task};
use holdpoint_plan::{Effect, Output};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn script(room: &Room, text: &str) -> Task {
    scripted(&room.task("script", "shell", json!({})), text)
}

fn altered(task: &Task, change: impl FnOnce(&mut holdpoint_plan::Step)) -> Task {
    let mut step = (*task.step).clone();
    change(&mut step);
    Task { step: Arc::new(step), ..task.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_not_practised_without_a_stand_in() {
    let room = Room::open("healthy").await;
    let task = altered(&script(&room, "touch /nowhere/at/all"), |step| step.practice = None);
    let ending = walk(room.executor("shell").as_ref(), &task).await;
    assert!(matches!(ending, Ending::NotPractised(_)), "{ending:?}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_come_live_and_a_failure_brings_its_last_words() {
    let room = Room::open("healthy").await;
    let mut task = script(&room, "echo one; echo two >&2; exit 3");
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    task.progress = Progress::new(task.work.clone(), to);
    let ending = walk(room.executor("shell").as_ref(), &task).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("exit code 3"), "{}", diagnosis.headline);
    assert_eq!(diagnosis.last_log, ["two"]);
    drop(task);
    let mut lines = Vec::new();
    while let Some((_, note)) = notes.recv().await {
        if let Note::Line { source, text, .. } = note {
            lines.push((source, text));
        }
    }
    lines.sort();
    assert_eq!(lines, [("stderr".to_owned(), "two".to_owned()), ("stdout".to_owned(), "one".to_owned())]);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gets_the_practice_identity_and_nothing_of_the_operators() {
    let room = Room::open("healthy").await;
    let outputs = succeeded(walk(room.executor("shell").as_ref(), &script(&room, "env | sort")).await);
    let env = outputs["stdout"].as_str().unwrap();
    for wanted in
        ["AWS_ENDPOINT_URL=http://127.0.0.1:", "AWS_REGION=eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI="]
    {
        assert!(env.contains(wanted), "{wanted}: {env}");
    }
    assert!(!env.contains("AWS_SECRET_ACCESS_KEY"), "{env}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_output_is_in_no_receipt_and_no_line() {
    let room = Room::open("healthy").await;
    let task = altered(&script(&room, r#"printf '{"token": "hunter2-hunter2"}'"#), |step| {
        step.outputs.insert("token".into(), Output { secret: true, pointer: Some("/token".into()) });
    });
    let executor = room.executor("shell");
    let intent = executor.prepare(&task).await.unwrap();
    let receipt = executor.act(&task, &intent, 0, &[]).await.unwrap();
    assert!(!receipt.body.to_string().contains("hunter2"), "{:?}", receipt.body);
    let Ending::Succeeded { outputs, secret_outputs, .. } = executor.follow(&task, &intent, &[receipt]).await
    else {
        panic!("not a success")
    };
    assert_eq!(outputs["token"].value, None);
    assert_eq!(secret_outputs["token"].expose(), "hunter2-hunter2");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_that_picks_an_identity_is_refused() {
    let room = Room::open("healthy").await;
    let task = script(&room, "aws-vault exec production -- aws ecs list-clusters");
    let refused = room.executor("shell").prepare(&task).await.unwrap_err();
    assert!(refused.headline.contains("aws-vault exec"), "{}", refused.headline);
    let reads = altered(&task, |step| step.effect = Effect::Read);
    assert!(room.executor("shell").prepare(&reads).await.is_ok());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_runs_too_long_is_killed_with_all_it_started() {
    let room = Room::open("healthy").await;
    let marker = room.folder().join("late");
    let text = format!("(sleep 5; touch '{}') & sleep 600", marker.display());
    // 30 s of plan time are half a second here.
    let task = Task { timeout: Some(Duration::from_secs(30)), ..script(&room, &text) };
    let executor = room.executor("shell");
    let intent = executor.prepare(&task).await.unwrap();
    let Err(holdpoint_engine::ActError::Ambiguous(diagnosis)) = executor.act(&task, &intent, 0, &[]).await
    else {
        panic!("a killed script may have taken effect")
    };
    assert!(diagnosis.headline.contains("killed"), "{}", diagnosis.headline);
    let observed = executor.observe(&task, &intent, 0, &[]).await.unwrap();
    assert!(matches!(observed, Observation::Unsettled(_)), "{observed:?}");
    let groups = std::fs::read_to_string(room.folder().join("shell/CONFORMANCE-script-1/pid")).unwrap();
    let gone = group_is_gone(groups.trim());
    assert!(gone, "no process of the script's group is left");
    room.close().await;
}

/// Whether the process group of that leader has no member that still runs.
fn group_is_gone(leader: &str) -> bool {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let running = stats.filter(|stat| {
        // `pid (name) state ppid pgrp …`; the name may hold anything.
        let rest: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        rest.get(2) == Some(&leader) && !matches!(rest.first(), Some(&"Z" | &"X"))
    });
    running.count() == 0
}
