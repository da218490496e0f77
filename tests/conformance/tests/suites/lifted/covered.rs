//! No kind is left out: whatever a command can become, a case of this suite compares with its command.

use super::case::{Case, files, lifts};
use super::{applies, copies, programs};
use std::collections::BTreeSet;
use std::path::Path;

/// Every kind that the cases of the lifter show a command to become has a case here.
#[test]
fn every_kind_that_a_command_becomes_is_compared() {
    let liftable = liftable();
    let compared = compared();
    let missing: Vec<&String> = liftable.difference(&compared).collect();
    assert!(
        missing.is_empty(),
        "{missing:?}: give each a case in `cases/`, or beside the programs that it is of"
    );
}

/// Kinds of the answers in the lifter's own cases: `> 1 name kind {…}`. That those show every kind that the lifter can make is
/// a test beside them.
fn liftable() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/plan/tests/lift");
    let mut kinds = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            if let [_, _, kind, with] = words.as_slice()
                && with.starts_with('{')
                && holdpoint_plan::kind(kind).is_some()
            {
                kinds.insert((*kind).to_owned());
            }
        }
    }
    assert!(kinds.len() > 20, "{kinds:?}");
    kinds
}

/// Kinds of what is compared here.
fn compared() -> BTreeSet<String> {
    let arn =
        |name: &str| format!("arn:aws:apprunner:eu-west-1:111122223333:service/{name}/{}", "0".repeat(32));
    let cases = files().iter().map(|file| Case::read(file).script).collect::<Vec<_>>();
    let cases =
        cases.iter().map(|script| script.replace("SHOP", &arn("shop")).replace("RESTS", &arn("rests")));
    let others = [programs::PLANS, programs::BUILDS, applies::APPLIES, copies::LOOKS, copies::WORKING_COPIES];
    let others = others.iter().flat_map(|list| list.iter().map(|one| one.replace("OURS", programs::OURS)));
    let copies = copies::COPIES.iter().map(|(_, command, _)| command.replace("TO", programs::OURS));
    let pages = copies::PAGES.iter().map(|(_, command)| (*command).to_owned());
    let scripts = cases.chain(others).chain(copies).chain(pages);
    scripts.flat_map(|script| lifts(&script, &script)).map(|scene| scene.lifted.uses).collect()
}
