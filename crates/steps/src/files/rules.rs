//! What must hold of one file, and what does.

use super::hcl;
use crate::look::{equal, judged};
use holdpoint_plan::kinds::FileRule;
use holdpoint_run::chain::hex;
use holdpoint_run::{Diagnosis, Judgement};
use regex::RegexBuilder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Longest text that a judgement shows.
const SHOWN: usize = 200;
/// Longest file that is read as Terraform, JSON or YAML.
const STRUCTURED: usize = 2 * 1024 * 1024;

/// Refuses rules that can never hold because they are no rules.
pub(crate) fn check(rule: &FileRule) -> Result<(), Diagnosis> {
    let bad =
        |why: String| Err(Diagnosis::of(format!("{}: {why}", rule.path)).hint("Correct it in the plan."));
    for pattern in &rule.matches {
        if let Err(why) = expression(pattern) {
            return bad(why);
        }
    }
    for path in rule.hcl.keys() {
        if let Err(why) = hcl::segments(path) {
            return bad(why);
        }
    }
    let pointers = rule.json.keys().chain(rule.yaml.keys());
    if let Some(pointer) =
        pointers.into_iter().find(|pointer| !pointer.is_empty() && !pointer.starts_with('/'))
    {
        return bad(format!("`{pointer}` is no JSON pointer: write `/services/0/name`"));
    }
    let says_something = !(rule.contains.is_empty()
        && rule.lacks.is_empty()
        && rule.matches.is_empty()
        && rule.hcl.is_empty()
        && rule.json.is_empty()
        && rule.yaml.is_empty()
        && rule.sha256.is_none());
    if rule.exists == Some(false) && says_something {
        return bad("a file that must not exist cannot say anything".into());
    }
    Ok(())
}

/// Every rule with what was found; `None` is a file that does not exist.
pub(crate) fn judge(rule: &FileRule, bytes: Option<&[u8]>) -> Result<Vec<Judgement>, Diagnosis> {
    check(rule)?;
    let path = &rule.path;
    let should = rule.exists.unwrap_or(true);
    let mut judged_here = vec![equal(
        path.clone(),
        if should { "exists" } else { "does not exist" },
        if bytes.is_some() { "exists" } else { "does not exist" },
    )];
    let Some(bytes) = bytes else { return Ok(judged_here) };
    let text = String::from_utf8_lossy(bytes);
    if let Some(wanted) = &rule.sha256 {
        let found = hex(&Sha256::digest(bytes));
        let holds = found.eq_ignore_ascii_case(wanted.trim());
        judged_here.push(judged(format!("{path}: SHA-256"), wanted, found, holds));
    }
    for wanted in &rule.contains {
        let at = line_of(&text, wanted);
        let found = at.map_or("not there".to_owned(), |line| format!("in line {line}"));
        judged_here.push(judged(format!("{path} contains"), shown(wanted), found, at.is_some()));
    }
    for unwanted in &rule.lacks {
        let at = line_of(&text, unwanted);
        let found = at.map_or("not there".to_owned(), |line| format!("in line {line}"));
        judged_here.push(judged(format!("{path} lacks"), shown(unwanted), found, at.is_none()));
    }
    for pattern in &rule.matches {
        let hit = expression(pattern)
            .ok()
            .and_then(|pattern| pattern.find(&text).map(|hit| (hit.start(), hit.as_str().to_owned())));
        let found = hit.as_ref().map_or("no match".to_owned(), |(at, hit)| {
            format!("line {}: {}", text.get(..*at).map_or(1, lines), shown(hit))
        });
        judged_here.push(judged(format!("{path} matches"), pattern, found, hit.is_some()));
    }
    judged_here.extend(structured(path, &rule.hcl, &text, |text| {
        let body = hcl::parse(text)?;
        Ok(Box::new(move |at: &str| hcl::segments(at).map(|at| hcl::at(&body, &at)).unwrap_or_default()))
    }));
    judged_here.extend(structured(path, &rule.json, &text, |text| {
        let found = serde_json::from_str::<Value>(text).map_err(|error| error.to_string())?;
        Ok(pointers(found))
    }));
    judged_here.extend(structured(path, &rule.yaml, &text, |text| {
        let found = serde_saphyr::from_str::<Value>(text).map_err(|error| error.to_string())?;
        Ok(pointers(found))
    }));
    Ok(judged_here)
}

type Lookup = Box<dyn Fn(&str) -> Vec<Value>>;

fn pointers(value: Value) -> Lookup {
    Box::new(move |at| value.pointer(at).cloned().into_iter().collect())
}

fn structured(
    path: &str,
    wanted: &BTreeMap<String, Value>,
    text: &str,
    parse: impl Fn(&str) -> Result<Lookup, String>,
) -> Vec<Judgement> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let parsed = match text.len() > STRUCTURED {
        true => Err(format!("it is longer than {} MiB", STRUCTURED / 1024 / 1024)),
        false => parse(text),
    };
    let lookup = match parsed {
        Ok(lookup) => lookup,
        Err(why) => return vec![judged(path, "can be read", shown(&why), false)],
    };
    let judge = |(at, wanted): (&String, &Value)| {
        let found = lookup(at);
        let holds = match wanted.is_null() {
            true => found.iter().all(Value::is_null),
            false => !found.is_empty() && found.iter().all(|found| same(wanted, found)),
        };
        let told: Vec<String> = found.iter().map(|value| shown(&plain(value))).collect();
        let told = if told.is_empty() { "not there".to_owned() } else { told.join(" and ") };
        let wanted = if wanted.is_null() { "not there".to_owned() } else { shown(&plain(wanted)) };
        judged(format!("{path}: {at}"), wanted, told, holds)
    };
    wanted.iter().map(judge).collect()
}

/// 15.12 in a plan may have become a number; `"15.12"` in a file is text. They say the same.
fn same(wanted: &Value, found: &Value) -> bool {
    wanted == found || (scalar(wanted) && scalar(found) && plain(wanted) == plain(found))
}

fn scalar(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The line in which a text begins.
fn line_of(text: &str, wanted: &str) -> Option<usize> {
    let at = text.find(wanted)?;
    text.get(..at).map(lines)
}

fn lines(before: &str) -> usize {
    before.matches('\n').count() + 1
}

fn expression(pattern: &str) -> Result<regex::Regex, String> {
    let built = RegexBuilder::new(pattern).multi_line(true).size_limit(1 << 20).build();
    built.map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests;
