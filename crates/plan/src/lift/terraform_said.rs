//! What a text says that a Terraform plan changes: `# + aws_ecs_service.worker`, "5 to add, 1 to change, 0 to destroy".

use super::said::Said;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The expectation of a `terraform.plan`, and the lines that no expectation knows.
pub(crate) fn changes(said: &Said) -> (Map<String, Value>, Vec<String>) {
    let mut listed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut missed = Vec::new();
    let mut none = false;
    for line in &said.lines {
        let line = line.trim().trim_start_matches(['*', '`', ' ']);
        if line.is_empty() || line.ends_with(':') {
            continue;
        }
        let lower = line.to_lowercase();
        if let Some((action, address)) = change(line) {
            listed.entry(action).or_default().push(address);
        } else if lower.contains("no changes") {
            none = true;
        } else if !counted(&lower, &mut counts) {
            missed.push(line.to_owned());
        }
    }
    let mut expect = Map::new();
    if none && listed.is_empty() {
        expect.insert("no_changes".into(), true.into());
        return (expect, missed);
    }
    // A list that differs from the count beside it is one of examples.
    let in_all = |action: &str| listed.get(action).map_or(0, Vec::len) as u64;
    let agrees = counts.iter().all(|(action, count)| in_all(action) == *count);
    if !listed.is_empty() && (counts.is_empty() || agrees) {
        // A task definition cannot be changed in place.
        let (fixed, updated) =
            listed.remove("update").unwrap_or_default().into_iter().partition(|address: &String| {
                address.split('.').any(|part| part == "aws_ecs_task_definition")
            });
        for (action, addresses) in [("update", updated), ("replace", fixed)] {
            if !Vec::is_empty(&addresses) {
                listed.entry(action).or_default().extend::<Vec<String>>(addresses);
            }
        }
        for (action, mut addresses) in listed {
            addresses.sort();
            addresses.dedup();
            expect.insert(action.to_owned(), json!(addresses));
        }
        return (expect, missed);
    }
    if !counts.is_empty() {
        let mut exact = Map::new();
        for action in ["create", "update", "delete"] {
            if let Some(count) = counts.get(action) {
                exact.insert(action.to_owned(), (*count).into());
            }
        }
        // "to add" and "to destroy" count replacements, too: with both, which is which cannot be told.
        let replaces = counts.get("create").is_some_and(|count| *count > 0)
            && counts.get("delete").is_some_and(|count| *count > 0);
        if replaces {
            missed.extend(said.lines.iter().filter(|line| line.contains("to ")).cloned());
        } else {
            expect.insert("counts".into(), exact.into());
        }
    }
    (expect, missed)
}

/// `+ aws_x.y`, `~ module.a.aws_x.y["k"] (will be updated)`.
fn change(line: &str) -> Option<(&'static str, String)> {
    let (sign, rest) = line.split_once(' ')?;
    let action = match sign {
        "+" => "create",
        "~" => "update",
        "-" => "delete",
        "-/+" | "+/-" => "replace",
        _ => return None,
    };
    let rest = rest.trim().trim_start_matches(['`', '"']);
    let rest = rest.strip_prefix("resource ").unwrap_or(rest);
    let mut address = rest.split_whitespace().next()?.trim_end_matches(['`', ',', '.', ';']).to_owned();
    // `resource "aws_x" "y"`, as Terraform prints it.
    if line.contains("resource \"") {
        let mut quoted = line.split('"').skip(1).step_by(2);
        address = format!("{}.{}", quoted.next()?, quoted.next()?);
    }
    let parts: Vec<&str> = address.split('.').collect();
    let fits = parts.len() >= 2
        && parts
            .iter()
            .all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"'))
        && address.contains('_')
        && !address.contains(['<', '*', '…']);
    fits.then_some((action, address))
}

/// "Plan: 5 to add, 1 to change, 0 to destroy", "5 new resources, 1 modified".
fn counted(line: &str, counts: &mut BTreeMap<&'static str, u64>) -> bool {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut found = false;
    for (at, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<u64>() else { continue };
        let next = words.get(at + 1).copied().unwrap_or_default();
        let after = words.get(at + 2).copied().unwrap_or_default();
        let action = match (next, after) {
            ("to", "add" | "create") | ("new" | "added" | "created" | "add", _) => "create",
            ("to", "change" | "update" | "modify") | ("modified" | "changed" | "updated" | "change", _) => {
                "update"
            }
            ("to", "destroy" | "delete") | ("destroyed" | "deleted" | "destroy" | "removed", _) => "delete",
            _ => continue,
        };
        counts.insert(action, number);
        found = true;
    }
    found
}
