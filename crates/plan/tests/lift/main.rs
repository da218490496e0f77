//! What becomes of commands: every file beside this one holds cases, each some fences of a plan and what is made of them.
//!
//! `UPDATE=1 cargo test -p holdpoint-plan --test lift` writes the answers anew, to be read before they are committed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use cases::{Case, Outcome, cases, files, folder};
use holdpoint_plan::Severity;
use holdpoint_plan::lift::Verdict;
use std::collections::BTreeSet;

#[test]
fn commands_become_what_the_cases_say() {
    #[expect(clippy::disallowed_methods, reason = "a person says by it that the answers are to be written")]
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for file in files() {
        let path = folder().join(&file);
        let text = std::fs::read_to_string(&path).unwrap();
        let answered: String = cases(&file, &text).iter().map(|case| case.answered(&case.run())).collect();
        if text == answered {
            continue;
        }
        if update {
            std::fs::write(&path, answered).unwrap();
        } else {
            let line = text.lines().zip(answered.lines()).position(|(one, other)| one != other);
            let at = line.unwrap_or_else(|| text.lines().count().min(answered.lines().count()));
            wrong.push(format!(
                "{file}:{}\n  expected: {}\n  found:    {}",
                at + 1,
                text.lines().nth(at).unwrap_or("(end)"),
                answered.lines().nth(at).unwrap_or("(end)")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every step that a command becomes is one that a plan can have: its arguments fit its kind, its names exist.
#[test]
fn lifted_steps_are_fit_for_a_plan() {
    let mut count = 0;
    for file in files() {
        let text = std::fs::read_to_string(folder().join(&file)).unwrap();
        for case in cases(&file, &text) {
            let outcomes = case.run();
            count += outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Lifted(_))).count();
            let plan = case.plan(&outcomes);
            let reading = holdpoint_plan::read(plan.as_bytes());
            let errors: Vec<String> = reading
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity == Severity::Error)
                .map(|diagnostic| {
                    format!("{} ({}): {}", diagnostic.message, diagnostic.code, diagnostic.excerpt)
                })
                .collect();
            assert!(errors.is_empty(), "{file}, {}:\n{}\n{plan}", case.name, errors.join("\n"));
        }
    }
    assert!(count > 100, "only {count} steps were looked at");
}

/// Every kind that the lifter names is shown by a case; what only undoes a step is none of them. So whoever goes by the cases
/// goes by all that a command can become.
#[test]
fn every_kind_that_the_lifter_makes_has_a_case() {
    let source = folder().join("../../src/lift");
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(source).unwrap() {
        let file = entry.unwrap().path();
        if file.ends_with("undo.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let words = text.split('"').filter(|word| word.contains('.') || *word == "manual");
        named.extend(words.filter(|word| holdpoint_plan::kind(word).is_some()).map(str::to_owned));
    }
    assert!(named.len() > 20, "{named:?}");
    let mut shown = BTreeSet::new();
    for file in files() {
        let text = std::fs::read_to_string(folder().join(&file)).unwrap();
        for outcome in cases(&file, &text).iter().flat_map(Case::run) {
            if let Verdict::Lifted(lifted) = outcome.verdict {
                shown.insert(lifted.uses);
            }
        }
    }
    assert_eq!(shown, named);
}

/// Statements are taken once: what a step takes is not asked for again, and no step takes more than there is.
#[test]
fn every_statement_has_one_answer() {
    for file in files() {
        let text = std::fs::read_to_string(folder().join(&file)).unwrap();
        for case in cases(&file, &text) {
            let total: usize = case
                .fences
                .iter()
                .map(|fence| holdpoint_plan::shell::parse(&fence.script).statements.len())
                .sum();
            let taken: usize = case.run().iter().map(Outcome::take).sum();
            assert_eq!(taken, total, "{file}, {}", case.name);
        }
    }
}

#[test]
fn nothing_is_found_twice_under_one_name() {
    let mut names: Vec<String> = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(folder().join(&file)).unwrap();
        names.extend(cases(&file, &text).into_iter().map(|Case { name, .. }| format!("{file}: {name}")));
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
