//! Placeholders that somebody meant to fill in: `YOUR_API_TOKEN`, `CHANGEME`, `<task-arn>`.

use crate::draft::Draft;
use crate::findings::{Findings, short};
use crate::{Level, Script, Span, shell};
use serde_json::Value;

/// Reports the first placeholder of each script, and those in the arguments of a step.
pub(crate) fn check(draft: &Draft, level: Level, findings: &mut Findings<'_>) {
    let action = &draft.step.action;
    if let Some(script) = action.script.as_ref().filter(|_| draft.kind.is_some_and(|kind| kind.takes_script))
    {
        if let Some((at, word)) = shouted(&script.text) {
            say(word, within(script, at, word), level, findings);
        } else if let Some((at, word)) = bracketed(&script.text) {
            say(word, within(script, at, word), Level::Guide, findings);
        }
    }
    let mut texts = Vec::new();
    collect(&action.with, &mut texts);
    for text in texts {
        if let Some((_, word)) = shouted(text) {
            say(word, draft.id_span, level, findings);
        }
    }
}

fn say(word: &str, span: Span, level: Level, findings: &mut Findings<'_>) {
    let message = format!("`{}` looks like something that was to be filled in", short(word));
    let hint = "Fill it in, or make it a variable.".to_owned();
    match level {
        Level::Checked => findings.warning("placeholder", span, message, hint),
        Level::Guide => findings.note("placeholder", span, message, hint),
    }
}

/// Where a word of a script stands. A script in a list has lost its indentation: then it is the whole script.
fn within(script: &Script, at: usize, word: &str) -> Span {
    let Span { start, end } = script.span;
    if script.text.len() == end - start {
        Span { start: start + at, end: start + at + word.len() }
    } else {
        script.span
    }
}

/// `YOUR_…`, `CHANGEME`, `REPLACE_ME` and the like.
fn shouted(text: &str) -> Option<(usize, &str)> {
    words(text, |c| c.is_ascii_alphanumeric() || c == '_').find(|(at, word)| {
        let variable = text.get(..*at).is_some_and(|before| before.ends_with(['$', '{']));
        let named = shell::yours(word).is_some();
        (named || matches!(*word, "CHANGEME" | "CHANGE_ME" | "REPLACEME" | "REPLACE_ME" | "FILL_ME_IN"))
            && !variable
    })
}

/// `<task-arn>`: a word in angle brackets, with nothing of a shell's redirection about it.
fn bracketed(text: &str) -> Option<(usize, &str)> {
    text.match_indices('<').find_map(|(at, _)| {
        let inner = text.get(at + 1..)?;
        let end = inner.find('>')?;
        let word = inner.get(..end)?;
        let named = (3..=40).contains(&word.len())
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
            && word.contains(['-', '_', 'a', 'e', 'i', 'o', 'u']);
        let closed = inner.get(end + 1..).is_some_and(|rest| {
            !rest.starts_with([' ', '>']) || rest.trim_start().is_empty() || rest.starts_with(" -")
        });
        (named && closed).then(|| (at, text.get(at..at + end + 2).unwrap_or(word)))
    })
}

fn words(text: &str, part: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(part)?;
        let word = text.get(start..)?;
        let length = word.find(|c| !part(c)).unwrap_or(word.len());
        from = start + length;
        Some((start, word.get(..length)?))
    })
}

fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(list) => list.iter().for_each(|item| collect(item, texts)),
        Value::Object(map) => map.values().for_each(|item| collect(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
