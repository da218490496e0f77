//! Linear and canary deployments as a person follows them: every share of the traffic is seen, pauses are answered at each,
//! and they end deployed or brought back.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::{Room, act_all, succeeded, walk};
use holdpoint_engine::{Ending, Note, Progress};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};
use std::sync::Arc;

const ELB: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333";

/// What a walk showed, each once, in order.
struct Walked {
    ending: Ending,
    /// Shares of the production traffic that the new revision had.
    shares: Vec<f64>,
    stages: Vec<String>,
    strategies: Vec<String>,
    /// Shares at which it was asked.
    asked_at: Vec<f64>,
    /// Whether a bake was shown with its end.
    baked: bool,
    sentences: Vec<String>,
}

/// Deploys by these rules, and lets it go on at each pause, save at the share where it is to go back.
async fn shifted(rules: Value, back_at: Option<f64>, incident: Option<Value>) -> Walked {
    let room = Room::open("healthy").await;
    if let Some(incident) = incident {
        room.simulator.behave(&json!({"incidents": [incident]})).await.unwrap();
    }
    let set = json!({"app": {"image": "registry.example/api:2"}});
    let register = room.task("register", "ecs.register", json!({"from": "api", "set": set}));
    let registered = succeeded(walk(room.executor("ecs.register").as_ref(), &register).await);
    let balancer = json!({"target_group": format!("{ELB}:targetgroup/blue/0123456789abcdef"), "container": "app",
    "port": 8080, "shift": {
        "alternate_target_group": format!("{ELB}:targetgroup/green/0123456789abcdef"),
        "production_listener_rule": format!("{ELB}:listener-rule/app/orders/0123456789abcdef/0123456789abcdef/0123456789abcdef"),
        "test_listener_rule": format!("{ELB}:listener-rule/app/orders/0123456789abcdef/0123456789abcdef/fedcba9876543210"),
        "role": "arn:aws:iam::111122223333:role/infrastructure",
    }});
    let with = json!({"cluster": "main", "service": "api", "task_definition": registered["task_definition"],
        "load_balancers": [balancer], "deployment": rules});
    let mut task = room.task("deploy", "ecs.deploy", with);
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    task.progress = Progress::new(task.work.clone(), to);
    let executor = room.executor("ecs.deploy");
    let (mut intent, mut receipts) = act_all(executor.as_ref(), &task).await;
    let (mut walked, mut asked) = (None, 0);
    let mut asked_at = Vec::new();
    let ending = loop {
        let following = {
            let (executor, task) = (Arc::clone(&executor), task.clone());
            let (intent, receipts) = (intent.clone(), receipts.clone());
            tokio::spawn(async move { executor.follow(&task, &intent, &receipts).await })
        };
        tokio::pin!(following);
        let question = tokio::select! {
            ending = &mut following => break ending.unwrap(),
            question = room.asked.after(asked) => question,
        };
        // The engine sends the follower home, stores the answer, sends its action once, and follows again.
        following.abort();
        drop(following.await);
        asked += 1;
        let seen = walked.get_or_insert_with(Seen::default);
        seen.take(&mut notes);
        let share = *seen.shares.last().unwrap();
        asked_at.push(share);
        let option = if back_at == Some(share) { "roll_back" } else { "continue" };
        intent.actions.push(question.actions[option].clone());
        receipts.push(executor.act(&task, &intent, asked, &receipts).await.unwrap());
    };
    let mut seen = walked.unwrap_or_default();
    seen.take(&mut notes);
    room.close().await;
    let Seen { shares, stages, strategies, baked, sentences } = seen;
    Walked { ending, shares, stages, strategies, asked_at, baked, sentences }
}

#[derive(Default)]
struct Seen {
    shares: Vec<f64>,
    stages: Vec<String>,
    strategies: Vec<String>,
    baked: bool,
    sentences: Vec<String>,
}

impl Seen {
    /// Takes what was told since.
    fn take(&mut self, notes: &mut tokio::sync::mpsc::UnboundedReceiver<(holdpoint_run::Work, Note)>) {
        while let Ok((_, note)) = notes.try_recv() {
            match note {
                Note::Rollout { view } => {
                    let text = |value: &Value| value.as_str().map(str::to_owned);
                    keep(&mut self.shares, view["traffic"]["production"].as_f64());
                    keep(&mut self.stages, text(&view["stage"]["name"]));
                    keep(&mut self.strategies, text(&view["strategy"]));
                    self.baked |=
                        view["stage"]["name"] == "BAKE_TIME" && view["stage"]["ends_at"].is_string();
                }
                Note::Says { text } => self.sentences.push(text),
                Note::Line { .. } | Note::Shows { .. } => {}
            }
        }
    }
}

fn keep<T: PartialEq>(list: &mut Vec<T>, value: Option<T>) {
    list.extend(value.filter(|value| list.last() != Some(value)));
}

/// A pause before each shift of the production traffic.
fn pause() -> Value {
    json!([{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
        "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"}}])
}

fn linear() -> Value {
    json!({"strategy": "LINEAR", "linear": {"step_percent": 25.0, "step_bake": "1m"}, "bake": "3m",
        "lifecycle_hooks": pause()})
}

fn canary() -> Value {
    json!({"strategy": "CANARY", "canary": {"percent": 10.0, "bake": "1m"}, "bake": "3m",
        "lifecycle_hooks": pause(),
        "alarms": {"names": ["orders-5xx"], "enable": true, "rollback": true}})
}

fn said<'a>(diagnosis: &'a Diagnosis, who: &str) -> &'a str {
    diagnosis.says.iter().find(|said| said.who == who).map_or("", |said| said.what.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linear_deployment_is_seen_at_each_of_its_shares() {
    let walked = shifted(linear(), None, None).await;
    assert_eq!(walked.shares, [0.0, 25.0, 50.0, 75.0, 100.0], "{:?}", walked.stages);
    assert_eq!(walked.asked_at, [0.0, 25.0, 50.0, 75.0], "each shift waits for an answer");
    assert_eq!(walked.strategies.last().map(String::as_str), Some("LINEAR"));
    assert!(walked.baked, "the bake and its end are shown: {:?}", walked.stages);
    assert!(walked.sentences.iter().any(|said| said.contains("50 % of production traffic")));
    let outputs = succeeded(walked.ending);
    assert_eq!(outputs["running_count"], 2);
    assert!(outputs["task_definition"].as_str().unwrap().ends_with("api:2"), "{outputs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linear_deployment_goes_back_from_half_of_the_traffic() {
    let walked = shifted(linear(), Some(50.0), None).await;
    assert_eq!(walked.shares, [0.0, 25.0, 50.0, 0.0], "{:?}", walked.stages);
    assert_eq!(walked.asked_at, [0.0, 25.0, 50.0]);
    let Ending::RolledBackByAws(diagnosis) = walked.ending else { panic!("{:?}", walked.ending) };
    assert!(diagnosis.headline.contains("2 of 2 tasks on api:1"), "{}", diagnosis.headline);
    assert!(said(&diagnosis, "What AWS says").contains("ROLLBACK_SUCCESSFUL"), "{diagnosis:?}");
    assert!(!walked.baked, "it never came to its bake: {:?}", walked.stages);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_deployment_is_seen_at_its_share_and_at_all() {
    let walked = shifted(canary(), None, None).await;
    assert_eq!(walked.shares, [0.0, 10.0, 100.0], "{:?}", walked.stages);
    assert_eq!(walked.asked_at, [0.0, 10.0]);
    assert_eq!(walked.strategies.last().map(String::as_str), Some("CANARY"));
    assert!(walked.baked, "the bake and its end are shown: {:?}", walked.stages);
    assert_eq!(succeeded(walked.ending)["running_count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_deployment_goes_back_from_its_bake() {
    let incident = json!({"match": {"deployed_by": ["update"], "revisions": "new"}, "stage": "BAKE_TIME",
        "after": 60, "alarms": ["*"]});
    let walked = shifted(canary(), None, Some(incident)).await;
    assert_eq!(walked.shares, [0.0, 10.0, 100.0, 0.0], "{:?}", walked.stages);
    assert!(walked.baked, "{:?}", walked.stages);
    let Ending::RolledBackByAws(diagnosis) = walked.ending else { panic!("{:?}", walked.ending) };
    assert!(diagnosis.headline.contains("api:1"), "{}", diagnosis.headline);
    assert!(said(&diagnosis, "What AWS says").contains("orders-5xx"), "{diagnosis:?}");
}
