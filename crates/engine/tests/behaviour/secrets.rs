//! Secrets are in memory only: planted wherever an executor or an operator can put them, and looked for in every stored byte.

use crate::model::MINTED;
use crate::stage::{Replies, Reply, Stage};
use crate::world::{Fault, Things, shop};
use holdpoint_run::{RunEnd, Work};
use std::path::Path;

const TOKEN: &str = "given-at-the-console-41";
const KEY: &str = "carried-by-hand-7";

/// Every file below a folder.
fn bytes_below(folder: &Path, all: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes_below(&path, all),
            false => all.extend(std::fs::read(&path).unwrap()),
        }
    }
}

async fn check(faults: &[(&'static str, Fault)], replies: Replies, end: RunEnd) {
    let (mut stage, tape) = Stage::new("secrets.md", Things { faults: faults.to_vec(), ..shop() });
    stage.secrets = &[("vars.api_token", TOKEN)];
    let run = stage.whole(replies).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(end), "{faults:?}");
    let mut stored: Vec<u8> =
        tape.cuts().into_iter().flat_map(|cut| cut.events).flat_map(|one| one.bytes.to_vec()).collect();
    bytes_below(stage.folder.path(), &mut stored);
    let shown = run.board(|board| format!("{:?}", board.works().collect::<Vec<_>>()));
    let stored = String::from_utf8_lossy(&stored);
    assert!(stored.contains("sending RUN00001/mint/1#0"), "the log lines are kept");
    assert!(shown.contains("sending RUN00001/mint/"), "the log lines are shown");
    assert!(shown.contains("\"operation\""), "the card is shown");
    assert!(
        run.state().evidence.iter().any(|(_, kept)| kept.name == "given.json"),
        "evidence is in the journal"
    );
    let known = format!("{:?}", run.state());
    for secret in [TOKEN, KEY, MINTED] {
        for (what, text) in [("stored", stored.as_ref()), ("shown", &shown), ("known", &known)] {
            let at = text.find(secret).map(|at| &text[at.saturating_sub(200)..(at + 60).min(text.len())]);
            assert_eq!(at, None, "{faults:?}: {secret} is {what}");
        }
    }
    let mint = Work::forward(holdpoint_plan::StepId::new("mint").unwrap());
    let state = run.state();
    let outputs = &state.work(&mint).unwrap().outputs;
    assert_eq!(outputs["token"].value, None);
    assert_eq!(outputs["token"].digest, "");
}

const ASKED: (&str, Reply) =
    ("asking ask", Reply::Answer(&[("key", KEY), ("note", "the key is carried-by-hand-7")]));

#[tokio::test]
async fn of_a_run_that_goes_well_are_stored_nowhere() {
    check(&[], &[ASKED], RunEnd::Done).await;
}

#[tokio::test]
async fn of_a_run_that_fails_are_stored_nowhere() {
    let says = "the token minted-9f3ac1d7e5 and given-at-the-console-41";
    // What mint says of its token before it gave it as an output, nobody could know: it fails without it.
    let faults = [
        ("mint", Fault::LostAfter),
        ("mint", Fault::Fails("given-at-the-console-41")),
        ("spend", Fault::Fails(says)),
    ];
    let replies: Replies = &[ASKED, ("failure mint", Reply::Retry), ("failure spend", Reply::Retry)];
    check(&faults, replies, RunEnd::Done).await;
}

#[tokio::test]
async fn of_what_was_before_are_sealed() {
    let mut things = shop();
    things.sizes.insert("ecs/shop/api".into(), serde_json::json!({ "password": "kept-in-the-dark-9" }));
    let (stage, tape) = Stage::new("two-services.md", things);
    let run = stage.whole(&[("hold stage release", Reply::Go("lee"))]).await;
    assert_eq!(run.state().end.map(|(end, _)| end), Some(RunEnd::Done));
    let stored: Vec<u8> =
        tape.cuts().into_iter().flat_map(|cut| cut.events).flat_map(|one| one.bytes.to_vec()).collect();
    assert!(!String::from_utf8_lossy(&stored).contains("kept-in-the-dark-9"));
    assert!(run.state().pins["ecs/shop/api"].sealed.is_some());
}
