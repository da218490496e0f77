//! Expected against found: exact sets of addresses, counts, what is allowed and forbidden.

use super::show::Shown;
use super::table::{Action, Row};
use holdpoint_plan::kinds::{DriftRule, TerraformPlanExpect};
use holdpoint_run::Judgement;

/// Addresses of a list that a sentence names; the others are counted.
const NAMED: usize = 12;

/// Judges a plan.
pub(crate) fn judge(expect: &TerraformPlanExpect, shown: &Shown) -> Vec<Judgement> {
    let mut all = Vec::new();
    let sets = [
        (Action::Create, &expect.create),
        (Action::Update, &expect.update),
        (Action::Replace, &expect.replace),
        (Action::Delete, &expect.delete),
    ];
    for (action, wanted) in sets {
        if let Some(wanted) = wanted {
            all.push(exactly(action, wanted, shown));
        }
    }
    let counts = expect.counts;
    for (action, wanted) in [
        (Action::Create, counts.create),
        (Action::Update, counts.update),
        (Action::Replace, counts.replace),
        (Action::Delete, counts.delete),
    ] {
        if let Some(wanted) = wanted {
            let found = shown.changes.count(action) as u64;
            all.push(judgement(format!("how many {}", done(action)), wanted, found, found == wanted));
        }
    }
    if let Some(allowed) = &expect.allow {
        let others: Vec<String> =
            shown.changes.changing().filter(|row| !any(allowed, row)).map(named).collect();
        let found = if others.is_empty() { "nothing else".into() } else { list(&others) };
        all.push(judgement("allowed", list(allowed), found, others.is_empty()));
    }
    for rule in &expect.forbid {
        let broken: Vec<String> = shown.changes.changing().filter(|row| fits(rule, row)).map(named).collect();
        let found = if broken.is_empty() { "nothing".into() } else { list(&broken) };
        all.push(judgement(format!("forbidden: {rule}"), "nothing", found, broken.is_empty()));
    }
    if let Some(none) = expect.no_changes {
        let has = has_changes(shown);
        let word = |has: bool| if has { "changes" } else { "no changes" };
        all.push(judgement("changes", word(!none), summary(shown), has != none));
    }
    if expect.drift == Some(DriftRule::None) {
        let drifted: Vec<String> = shown.drift.rows.iter().map(named).collect();
        let found = if drifted.is_empty() { "none".into() } else { list(&drifted) };
        all.push(judgement("drift", "none", found, drifted.is_empty()));
    }
    all
}

/// Whether applying it does anything: to resources, or to outputs.
pub(crate) fn has_changes(shown: &Shown) -> bool {
    shown.changes.changing().next().is_some() || shown.outputs.values().any(|action| action != "no-op")
}

/// In one line.
pub(crate) fn summary(shown: &Shown) -> String {
    let count = |action| shown.changes.count(action);
    let mut parts: Vec<String> = [
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::Import,
        Action::Forget,
        Action::Other,
    ]
    .into_iter()
    .filter(|action| count(*action) > 0)
    .map(|action| format!("{} {}", count(action), done(action)))
    .collect();
    let outputs = shown.outputs.values().filter(|action| *action != "no-op").count();
    if outputs > 0 {
        parts.push(format!("{outputs} output{} changed", if outputs == 1 { "" } else { "s" }));
    }
    if parts.is_empty() { "no changes".into() } else { parts.join(", ") }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Import => "imported",
        Action::Forget => "forgotten",
        Action::Read => "read",
        Action::NoOp => "unchanged",
        Action::Other => "changed in a way that is not known",
    }
}

fn exactly(action: Action, wanted: &[String], shown: &Shown) -> Judgement {
    let found: Vec<&Row> = shown.changes.rows.iter().filter(|row| row.action == action).collect();
    let missing: Vec<&String> =
        wanted.iter().filter(|pattern| !found.iter().any(|row| matches(pattern, &row.address))).collect();
    let extra: Vec<String> = found
        .iter()
        .filter(|row| !wanted.iter().any(|pattern| matches(pattern, &row.address)))
        .map(|row| row.address.clone())
        .collect();
    let mut said = Vec::new();
    for pattern in &missing {
        // What is not done may be done in another way: that is what a reader needs to hear.
        let other = shown.changes.changing().find(|row| matches(pattern, &row.address));
        said.push(match other {
            Some(row) => format!("{} is {}{}", row.address, done(row.action), why(row)),
            None => format!("{pattern} is not {}", done(action)),
        });
    }
    if !extra.is_empty() {
        said.push(format!("also {}: {}", done(action), list(&extra)));
    }
    let expected = if wanted.is_empty() { "none".into() } else { list(wanted) };
    let holds = said.is_empty();
    let found = if holds { "exactly these".to_owned() } else { said.join("; ") };
    judgement(format!("{} exactly", done(action)), expected, found, holds)
}

/// Why it is replaced, and what an author does who expected an update.
fn why(row: &Row) -> String {
    if row.action != Action::Replace {
        return String::new();
    }
    let paths = match row.replace_paths.as_slice() {
        [] => String::new(),
        paths => format!(" because {} cannot change in place", paths.join(", ")),
    };
    let kind = match row.kind.as_str() {
        "aws_ecs_task_definition" => {
            " (revisions of a task definition are never changed, only followed by new ones)"
        }
        _ => "",
    };
    format!("{paths}{kind}: if that is right, write it under `replace`")
}

fn any(rules: &[String], row: &Row) -> bool {
    rules.iter().any(|rule| fits(rule, row))
}

/// Whether a rule (`action`, `address` or `action address`) speaks of a row.
fn fits(rule: &str, row: &Row) -> bool {
    let action = row.action.as_str();
    match rule.split_once(' ') {
        Some((verb, address)) if is_action(verb) => verb == action && matches(address.trim(), &row.address),
        Some(_) | None if is_action(rule) => rule == action,
        Some(_) | None => matches(rule, &row.address),
    }
}

fn is_action(word: &str) -> bool {
    ["create", "update", "replace", "delete", "import", "forget", "read"].contains(&word)
}

/// Whether a pattern, in which `*` stands for anything, is the whole address.
pub(crate) fn matches(pattern: &str, address: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = address.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

fn named(row: &Row) -> String {
    format!("{} {}", row.action.as_str(), row.address)
}

fn list(all: &[String]) -> String {
    let shown = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn judgement(
    what: impl Into<String>,
    expected: impl ToString,
    found: impl ToString,
    holds: bool,
) -> Judgement {
    Judgement {
        what: what.into(),
        expected: expected.to_string(),
        found: found.to_string(),
        holds,
        assumed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(rows: &[(&str, &str)]) -> Shown {
        let mut shown = Shown::default();
        for (address, action) in rows {
            let actions = match *action {
                "replace" => json!(["delete", "create"]),
                other => json!([other]),
            };
            let kind = address.rsplit('.').nth(1).unwrap_or_default();
            let change =
                json!({"actions": actions, "before": {"n": 1}, "after": {"n": 2}, "replace_paths": [["n"]]});
            shown.changes.add(Row::of(&json!({"address": address, "type": kind, "change": change})));
        }
        shown
    }

    fn broken(expect: serde_json::Value, rows: &[(&str, &str)]) -> Vec<String> {
        let expect: TerraformPlanExpect = serde_json::from_value(expect).unwrap();
        judge(&expect, &shown(rows)).into_iter().filter(|one| !one.holds).map(|one| one.found).collect()
    }

    const ROWS: &[(&str, &str)] = &[
        ("aws_ecs_service.worker", "create"),
        (r#"module.net["a.b"].aws_subnet.this[0]"#, "create"),
        ("aws_ecs_task_definition.api", "replace"),
        ("aws_iam_role.task", "update"),
        ("aws_lb.old", "delete"),
    ];

    #[test]
    fn exact_sets_take_patterns_keys_and_numbers() {
        let whole = json!({
            "create": ["aws_ecs_service.worker", "module.net[*].aws_subnet.this[0]"],
            "replace": ["aws_ecs_task_definition.*"], "update": ["*.task"], "delete": ["aws_lb.old"],
            "counts": {"create": 2, "replace": 1, "update": 1, "delete": 1}, "no_changes": false, "drift": "none",
        });
        assert_eq!(broken(whole, ROWS), Vec::<String>::new());
    }

    #[test]
    fn what_is_more_and_what_is_less_is_named() {
        let said = broken(json!({"create": ["aws_ecs_service.worker", "aws_ecs_service.api"]}), ROWS);
        assert_eq!(
            said,
            [r#"aws_ecs_service.api is not created; also created: module.net["a.b"].aws_subnet.this[0]"#]
        );
    }

    #[test]
    fn a_replacement_expected_as_an_update_is_explained() {
        let said = broken(json!({"update": ["aws_ecs_task_definition.api", "aws_iam_role.task"]}), ROWS);
        assert!(said[0].contains("is replaced because n cannot change in place"), "{said:?}");
        assert!(said[0].contains("write it under `replace`"), "{said:?}");
    }

    #[test]
    fn rules_are_actions_addresses_or_both() {
        assert_eq!(broken(json!({"forbid": ["delete"]}), ROWS), ["delete aws_lb.old"]);
        assert_eq!(
            broken(json!({"forbid": ["delete aws_ecs_service.*", "replace aws_ecs_service.*"]}), ROWS).len(),
            0
        );
        assert_eq!(broken(json!({"forbid": ["replace aws_ecs_task_definition.*"]}), ROWS).len(), 1);
        let said = broken(json!({"allow": ["create", "replace", "update aws_iam_role.*"]}), ROWS);
        assert_eq!(said, ["delete aws_lb.old"]);
    }

    #[test]
    fn patterns_are_whole() {
        for (pattern, address, fits) in [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("a.*", "a.", true),
            ("*", "anything[\"*\"]", true),
            ("*.b", "a.b.c", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*a", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, address), fits, "{pattern} {address}");
        }
    }
}
