//! What people bring back: a secret goes to its output through memory alone.

use holdpoint_conformance::Room;
use holdpoint_engine::{Ending, Task};
use holdpoint_redact::Secret;
use holdpoint_run::Answer;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_field_becomes_a_secret_output() {
    let room = Room::open("healthy").await;
    let with = json!({ "instructions": "Fetch it", "fields": { "door_code": { "prompt": "Code", "secret": true } } });
    let task = room.task("fetch", "manual", with);
    let executor = room.executor("manual");
    let intent = executor.prepare(&task).await.unwrap();
    assert_eq!(intent.ask.as_ref().map(|ask| ask.fields.len()), Some(1));

    // As the engine hands an answer on: the field is null in it, its value is in memory under the step's name.
    let fields = BTreeMap::from([("door_code".to_owned(), serde_json::Value::Null)]);
    let answer = Some(Answer { fields, ..Answer::default() });
    let secrets = BTreeMap::from([("answers.fetch.door_code".to_owned(), Secret::new("4711-4711"))]);
    let answered = Task { answer, secrets: Arc::new(secrets), ..task };
    let Ending::Succeeded { outputs, secret_outputs, .. } = executor.follow(&answered, &intent, &[]).await
    else {
        panic!("not a success")
    };
    assert!(outputs["door_code"].is_secret());
    assert_eq!(secret_outputs["door_code"].expose(), "4711-4711");

    let forgotten = Task { secrets: Arc::default(), ..answered };
    assert!(matches!(executor.follow(&forgotten, &intent, &[]).await, Ending::Failed(_)));
    room.close().await;
}
