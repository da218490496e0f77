//! Changes reach the page together: the newest view of a run, joined lines, one word about the first screen.

use holdpoint_api::views::{LogLine, Update};
use holdpoint_desktop::stream::{Batch, pump};
use std::sync::Mutex;
use tokio::sync::broadcast;

#[test]
fn lines_of_a_step_join_and_home_is_said_once() {
    let mut batch = Batch::default();
    for update in [lines("a", 1), Update::Home, lines("b", 1), lines("a", 2), Update::Home] {
        batch.add(update);
    }
    let both = Update::Log { run: "r".into(), step: "a".into(), lines: vec![line(1), line(2)] };
    assert_eq!(batch.take(), [both, Update::Home, lines("b", 1)]);
    assert_eq!(batch.take(), []);
}

#[tokio::test]
async fn what_changes_within_a_frame_is_one_message() {
    let (tell, updates) = broadcast::channel(16);
    for number in 1..=3 {
        tell.send(lines("a", number)).unwrap();
    }
    drop(tell);
    let sent = Mutex::new(Vec::new());
    pump(updates, |batch| {
        sent.lock().unwrap().push(batch);
        true
    })
    .await;
    let all = Update::Log { run: "r".into(), step: "a".into(), lines: vec![line(1), line(2), line(3)] };
    assert_eq!(*sent.lock().unwrap(), [[all]]);
}

#[tokio::test]
async fn a_window_that_was_too_slow_asks_anew() {
    let (tell, updates) = broadcast::channel(2);
    for number in 1..=5 {
        tell.send(lines("a", number)).unwrap();
    }
    drop(tell);
    let sent = Mutex::new(Vec::new());
    pump(updates, |batch| {
        sent.lock().unwrap().extend(batch);
        true
    })
    .await;
    let left = Update::Log { run: "r".into(), step: "a".into(), lines: vec![line(4), line(5)] };
    assert_eq!(*sent.lock().unwrap(), [Update::Home, left]);
}

fn lines(step: &str, number: u64) -> Update {
    Update::Log { run: "r".into(), step: step.into(), lines: vec![line(number)] }
}

fn line(number: u64) -> LogLine {
    LogLine { number, at: None, source: "worker".into(), text: format!("line {number}"), mark: None }
}
