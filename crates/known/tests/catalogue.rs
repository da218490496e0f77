//! The catalogue against its own examples: each problem claims its texts, nobody claims another's, nothing is claimed
//! of an unknown text.

use holdpoint_known::{Evidence, Example, Match, Place, Problem, catalogue, defects, find, page};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn evidence(example: &Example) -> Evidence {
    example.iter().fold(Evidence::default(), |evidence, (place, text)| evidence.with(*place, text))
}

fn ids(found: &[Match]) -> Vec<&str> {
    found.iter().map(|one| one.problem.id.as_str()).collect()
}

#[test]
fn every_file_is_compiled_in_and_can_be_read() {
    let defects: Vec<String> = defects().iter().map(ToString::to_string).collect();
    assert!(defects.is_empty(), "{}", defects.join("\n"));
    let files: BTreeSet<String> = std::fs::read_dir(root().join("known-problems"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: Vec<&str> = catalogue().iter().map(|problem| problem.id.as_str()).collect();
    assert_eq!(listed, files.iter().collect::<Vec<_>>(), "src/catalogue.rs lists known-problems/, in order");
}

#[test]
fn each_is_whole() {
    let all: BTreeMap<&str, &Problem> =
        catalogue().iter().map(|problem| (problem.id.as_str(), problem)).collect();
    for (id, problem) in &all {
        assert!(problem.priority <= 100, "{id}: a priority is 0 to 100");
        assert!(
            !problem.matchers.is_empty() && !problem.examples.yes.is_empty(),
            "{id}: no pattern or no example"
        );
        assert!(
            !problem.checks.is_empty() && !problem.repairs.is_empty(),
            "{id}: nothing to look at or to do"
        );
        for text in [&problem.title, &problem.meaning, &problem.cause, &problem.source] {
            assert!(!text.trim().is_empty(), "{id}: an empty text");
        }
        for other in &problem.hides {
            let hidden =
                all.get(other.as_str()).unwrap_or_else(|| panic!("{id} hides {other}, which is not there"));
            assert!(!hides(hidden, id), "{id} and {other} hide each other");
        }
    }
}

#[test]
fn each_recognises_its_examples_and_no_other() {
    let mut wrong = Vec::new();
    for problem in catalogue() {
        for example in &problem.examples.yes {
            let found = find(&evidence(example));
            match found.first() {
                Some(first) if first.problem.id == problem.id => {}
                _ => wrong.push(format!("{}: {example:?} gives {:?}", problem.id, ids(&found))),
            }
            for other in found.iter().skip(1) {
                wrong.push(format!("{} claims an example of {}: {example:?}", other.problem.id, problem.id));
            }
        }
        for example in &problem.examples.no {
            let found = find(&evidence(example));
            if ids(&found).contains(&problem.id.as_str()) {
                wrong.push(format!("{} must not claim {example:?}", problem.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_first_error_is_the_cause() {
    let check = |says: &[(Place, &str)], expected: &[&str]| {
        let evidence =
            says.iter().fold(Evidence::default(), |evidence, (place, text)| evidence.with(*place, *text));
        assert_eq!(ids(&find(&evidence)), expected, "{says:?}");
    };
    // What names the cause comes before the count of failures, whatever was said first.
    check(
        &[
            (
                Place::ApiError,
                "deployment ecs-svc/0412 ROLLBACK_SUCCESSFUL · circuit breaker TRIGGERED, 3 of 3 failures",
            ),
            (Place::StoppedReason, "3 stopped: EssentialContainerExited, exit code 1, 2 s after start"),
            (Place::Log, "starting"),
            (Place::Log, "psycopg.errors.UndefinedTable: relation \"tasks\" does not exist"),
            (Place::Log, "psycopg.errors.InFailedSqlTransaction: current transaction is aborted"),
        ],
        &["table-missing", "restarts-over-and-over"],
    );
    // A consequence whose cause is out of view is still explained.
    check(&[(Place::Log, "current transaction is aborted, commands ignored")], &["transaction-aborted"]);
    // Among equals, what was said first.
    check(
        &[(Place::Log, "listen EADDRINUSE"), (Place::Other, "SpotInterruption")],
        &["port-in-use", "spot-interruption"],
    );
    check(
        &[(Place::Other, "SpotInterruption"), (Place::Log, "listen EADDRINUSE")],
        &["spot-interruption", "port-in-use"],
    );
}

#[test]
fn nothing_is_claimed_of_unknown_texts() {
    for text in [
        "",
        "Essential container in task exited",
        "EssentialContainerExited",
        "Scaling activity initiated by (deployment ecs-svc/0412)",
        "(service orders) has reached a steady state.",
        "INFO:     10.0.1.7:51834 - \"GET /healthz HTTP/1.1\" 200 OK",
        "Booting worker with pid: 7",
        "2 stopped: EssentialContainerExited, exit code 1, 4 s after start",
        "deployment ecs-svc/0412 SUCCESSFUL · circuit breaker MONITORING_COMPLETE, 0 of 3 failures",
        "migrated 12 tables, 0 errors",
        "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.",
        "\u{0}\u{fffd}\u{1b}[",
    ] {
        for place in
            [Place::Log, Place::StoppedReason, Place::ApiError, Place::Output, Place::Other, Place::ExitCode]
        {
            assert_eq!(ids(&find(&Evidence::default().with(place, text))), [""; 0], "{place:?}: {text}");
        }
    }
    assert_eq!(find(&Evidence::default()), []);
}

#[test]
fn a_long_log_is_read_whole() {
    let mut evidence = Evidence::default();
    for number in 0..20_000 {
        evidence.add(Place::Log, format!("line {number} of something that went well"));
    }
    evidence.add(Place::Log, "exec /app/run: exec format error");
    let found = find(&evidence);
    assert_eq!(ids(&found), ["exec-format-error"]);
    assert_eq!(found[0].line, "exec /app/run: exec format error");
}

#[test]
fn the_page_is_current() {
    let path = root().join("docs/known-problems.md");
    #[expect(clippy::disallowed_methods, reason = "a test that writes its expectation when it is asked to")]
    let update = std::env::var_os("UPDATE").is_some();
    if update {
        std::fs::write(&path, page()).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page(),
        "docs/known-problems.md is not current: run UPDATE=1 cargo test -p holdpoint-known"
    );
}

fn hides(problem: &Problem, id: &str) -> bool {
    problem.hides.iter().any(|hidden| hidden == id)
}
