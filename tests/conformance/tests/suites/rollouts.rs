//! How deployments truly end: healthy, crash loop, wrong architecture, somebody else's, throttled, denied.

use holdpoint_conformance::{Room, act_all, demo, succeeded, walk};
use holdpoint_engine::{ActError, Ending, Note, Progress, Task};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

async fn registered(room: &Room, image: &str) -> Value {
    let set = json!({"app": {"image": image}});
    let task = room.task("register", "ecs.register", json!({"from": "api", "set": set}));
    succeeded(walk(room.executor("ecs.register").as_ref(), &task).await)["task_definition"].clone()
}

async fn deploy(room: &Room, tag: &str) -> Task {
    deploy_image(room, &format!("registry.example/api:{tag}")).await
}

async fn deploy_image(room: &Room, image: &str) -> Task {
    let with = json!({"cluster": "main", "service": "api", "task_definition": registered(room, image).await});
    room.task("deploy", "ecs.deploy", with)
}

fn said<'a>(diagnosis: &'a Diagnosis, who: &str) -> &'a str {
    diagnosis.says.iter().find(|said| said.who == who).map_or("", |said| said.what.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_ends_rolled_back_with_its_evidence() {
    let room = Room::open("crash_loop").await;
    let mut task = deploy(&room, "2").await;
    let (to, mut notes) = tokio::sync::mpsc::unbounded_channel();
    task.progress = Progress::new(task.work.clone(), to);
    let ending = walk(room.executor("ecs.deploy").as_ref(), &task).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("rolled the service back"), "{}", diagnosis.headline);
    assert!(diagnosis.headline.contains("2 of 2 tasks on api:1"), "{}", diagnosis.headline);
    assert!(said(&diagnosis, "What AWS says").contains("ROLLBACK_SUCCESSFUL"), "{diagnosis:?}");
    assert!(said(&diagnosis, "The tasks").contains("EssentialContainerExited, exit code 1"), "{diagnosis:?}");
    assert!(said(&diagnosis, "Last words").contains("/ecs/api"), "{diagnosis:?}");
    assert!(!diagnosis.last_log.is_empty());
    drop(task);
    let mut said_failures = false;
    let mut events = 0;
    while let Some((_, note)) = notes.recv().await {
        match note {
            Note::Says { text } => said_failures |= text.contains("of 3 failures"),
            Note::Line { source, .. } => events += u32::from(source == "event"),
            Note::Rollout { view } => {
                assert_eq!(view["service"], "api");
                assert!(view["revisions"].is_array());
            }
            Note::Shows { view } => panic!("a rollout is shown as one: {view}"),
        }
    }
    assert!(said_failures, "“2 of 3 failures” is told as it happens");
    assert!(events > 0, "events are told as they come");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_architecture_names_the_image_and_the_last_words() {
    // The image is really another one: nothing but its own platform makes it fail.
    let room = Room::open("healthy").await;
    let task = deploy_image(&room, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-web:arm").await;
    let ending = walk(room.executor("ecs.deploy").as_ref(), &task).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.last_log.iter().any(|line| line.contains("exec format error")), "{diagnosis:?}");
    let image = said(&diagnosis, "The image");
    assert!(image.contains("shop-web:arm (sha256:"), "{image}");
    assert!(image.ends_with("built for linux/arm64; the task definition asks for linux/amd64"), "{image}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_tell_a_platform_holds_no_diagnosis_up() {
    // The registry has no such image; the tasks that run it are the scenario's.
    let room = Room::open("wrong_architecture").await;
    let ending = walk(room.executor("ecs.deploy").as_ref(), &deploy(&room, "3").await).await;
    let Ending::RolledBackByAws(diagnosis) = ending else { panic!("{ending:?}") };
    let image = said(&diagnosis, "The image");
    assert!(image.starts_with("registry.example/api:3"), "{image}");
    assert!(image.contains("a platform that its registry does not tell"), "{image}");
    assert!(image.ends_with("the task definition asks for linux/amd64"), "{image}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_deployment_is_not_a_failure_of_ours() {
    let room = Room::open("slow").await;
    let ours = deploy(&room, "2").await;
    let executor = room.executor("ecs.deploy");
    let (intent, receipts) = act_all(executor.as_ref(), &ours).await;
    // Somebody else takes the furnished revision while ours is on its way.
    let theirs = room.task(
        "theirs",
        "ecs.deploy",
        json!({"cluster": "main", "service": "api", "task_definition": "api:1"}),
    );
    act_all(executor.as_ref(), &theirs).await;
    let ending = executor.follow(&ours, &intent, &receipts).await;
    let Ending::Superseded(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("api:1"), "{}", diagnosis.headline);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_revision_deployed_again_is_already_running() {
    let room = Room::open("healthy").await;
    let task = deploy(&room, "2").await;
    let executor = room.executor("ecs.deploy");
    succeeded(walk(executor.as_ref(), &task).await);
    let intent = executor.prepare(&task).await.unwrap();
    assert!(intent.actions.is_empty() && intent.already.is_some(), "{intent:?}");
    let forced = Task { with: json!({"cluster": "main", "service": "api", "force": true}), ..task };
    let intent = executor.prepare(&forced).await.unwrap();
    assert_eq!(intent.actions.len(), 1, "force starts one all the same");
    succeeded(walk(executor.as_ref(), &forced).await);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_fails_no_stage_and_repeats_nothing_else() {
    let walked = async |share: f64| {
        let room = Room::open("healthy").await;
        let refused = json!({"kind": "error", "code": "ThrottlingException", "status": 400, "message": "Rate exceeded"});
        let fault = json!({"match": {"service": "ecs", "share": share}, "effect": refused});
        room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
        succeeded(walk(room.executor("ecs.deploy").as_ref(), &deploy(&room, "2").await).await);
        let effects = room.effects().await;
        room.close().await;
        effects
    };
    let plain = walked(0.0).await;
    assert_eq!(walked(0.5).await, plain);
    assert_eq!(walked(0.95).await, plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named() {
    let room = Room::open("denied").await;
    let task = room.task("deploy", "ecs.deploy", json!({"cluster": "main", "service": "api", "force": true}));
    let executor = room.executor("ecs.deploy");
    let intent = executor.prepare(&task).await.unwrap();
    let Err(ActError::Refused(diagnosis)) = executor.act(&task, &intent, 0, &[]).await else {
        panic!("not refused")
    };
    assert!(diagnosis.headline.contains("ecs:UpdateService was denied"), "{}", diagnosis.headline);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_list_deployments_the_service_tells_it() {
    let room = Room::open("healthy").await;
    let denied =
        json!({"kind": "error", "code": "AccessDeniedException", "status": 400, "message": "not authorized"});
    let fault = json!({"match": {"service": "ecs", "operation": "ListServiceDeployments"}, "effect": denied});
    room.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
    let outputs = succeeded(walk(room.executor("ecs.deploy").as_ref(), &deploy(&room, "2").await).await);
    assert_eq!(outputs["service_deployment"], Value::Null);
    assert_eq!(outputs["running_count"], 2);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_refused_by_redirect_and_practice_reaches_only_its_hosts() {
    let room = Room::open("healthy").await;
    let executor = room.executor("http.check");
    let with = json!({"url": "https://api.example/old", "follow_redirects": true});
    let ending = walk(executor.as_ref(), &room.task("old", "http.check", with)).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("169.254.169.254 is refused"), "{}", diagnosis.headline);
    let with = json!({"url": "http://169.254.169.254/latest/meta-data/"});
    assert!(executor.prepare(&room.task("imds", "http.check", with)).await.is_err());
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_group_is_not_a_missing_one() {
    let room = Room::open("healthy").await;
    let look = async |group: &str| {
        let task = room.task("logs", "logs.expect", json!({"group": group, "within": "5s"}));
        let task = Task { expect: json!({"contains": ["ready"]}), ..task };
        walk(room.executor("logs.expect").as_ref(), &task).await
    };
    let Ending::Succeeded { judgements, note, .. } = look("/ecs/empty").await else {
        panic!("the group exists")
    };
    assert!(judgements.iter().all(|judgement| !judgement.holds) && note.is_some());
    let Ending::Failed(diagnosis) = look("/ecs/nowhere").await else { panic!("the group does not exist") };
    assert!(diagnosis.headline.contains("no log group `/ecs/nowhere`"), "{}", diagnosis.headline);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pin_is_asserted_by_sts_and_the_second_person_signs() {
    let room = Room::open("healthy").await;
    let desk = room.workshop.desk.clone();
    let checked = desk.assert_pin().await.unwrap();
    let names = desk.signers();
    let other = desk.signer(&names[1]).await.unwrap();
    assert!(other.person.certainly_other_than(&checked.person), "{other:?}");
    assert!(desk.signer("nobody").await.is_err());
    room.close().await;
}

#[test]
fn the_demo_has_its_world() {
    let (plan, world) = demo();
    assert!(!world.assumed);
    assert_eq!(world.json["account"], plan.target.unwrap().account);
}
