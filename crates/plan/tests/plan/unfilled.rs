//! What a run would send although nobody has filled it in: cases of scripts and steps, each with the places that are found.

use crate::common::{home, same};
use holdpoint_plan::{Severity, read, unfilled};
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "---\nholdpoint:\n  version: 1\n  title: T\n  target: { account: \"111122223333\", region: eu-central-1 }\n---\n# T\n\n## A\n\n```yaml stage\nid: a\n```\n\n";

/// The plan of a case: its fence is a script, or a step in YAML.
fn plan(language: &str, body: &str) -> (String, usize) {
    let (before, after) = match language {
        "yaml" => (format!("{HEAD}```yaml step\n"), "```\n"),
        other => (format!("{HEAD}```yaml step\nid: x\nuses: shell\n```\n\n```{other}\n"), "```\n"),
    };
    let lines = before.matches('\n').count();
    (format!("{before}{body}{after}"), lines)
}

#[test]
fn what_was_never_filled_in_is_found_where_it_would_be_sent() {
    let path = home().join("tests/unfilled.txt");
    let text = std::fs::read_to_string(&path).expect("the cases");
    let (mut answered, mut problems, mut count) = (String::new(), Vec::new(), 0);
    for case in text.split("=== ").skip(1) {
        let (name, rest) = case.split_once("\n~~~").expect("a fence");
        let (language, rest) = rest.split_once('\n').expect("a language");
        let body = rest.split("~~~\n").next().expect("a body");
        let (plan, lines) = plan(language, body);
        let reading = read(plan.as_bytes());
        let errors = reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).count();
        assert_eq!(errors, 0, "{name}: {:?}", reading.diagnostics);
        let _ = write!(answered, "=== {name}\n~~~{language}\n{body}~~~\n");
        for one in unfilled(&reading, &BTreeMap::new()) {
            let word = &reading.text[one.span.start..one.span.end];
            let _ = writeln!(answered, "> {}:{} {word}", one.line - lines, one.column);
        }
        answered.push('\n');
        count += 1;
    }
    same(&answered, &path, &mut problems);
    assert!(count > 25, "{count} cases");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_variable_that_is_given_a_value_is_filled_in() {
    let step = "id: x\nuses: ecs.check\nwith: { cluster: main, service: \"{{ vars.service }}\" }\n";
    let (text, _) = plan("yaml", step);
    let vars = "  vars: { service: { default: YOUR_SERVICE }, unused: { default: CHANGEME } }\n  target:";
    let reading = read(text.replace("  target:", vars).as_bytes());
    let with = |value: &str| {
        let given = BTreeMap::from([("service".to_owned(), value.to_owned())]);
        unfilled(&reading, &given).into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    assert_eq!(unfilled(&reading, &BTreeMap::new()).len(), 1);
    assert_eq!(with("api"), Vec::<String>::new());
    assert_eq!(with("CHANGEME"), ["the variable `service` is still `CHANGEME`"]);
}

/// A script in a list loses its indentation, and is found all the same.
#[test]
fn a_place_in_a_list_is_the_one_of_the_file() {
    let text = "# T\n\n## Step 1: deploy\n\n1. Run it:\n\n   ```bash\n   # <not-this>\n   aws ecs stop-task --task <task-id>\n   ```\n";
    let found = unfilled(&read(text.as_bytes()), &BTreeMap::new());
    let places: Vec<(usize, usize)> = found.iter().map(|one| (one.line, one.column)).collect();
    assert_eq!(places, [(9, 29)], "{found:?}");
}
