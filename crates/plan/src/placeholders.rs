//! Placeholders that somebody meant to fill in: `YOUR_API_TOKEN`, `CHANGEME`, `<task-arn>`. What a run would send of them is
//! told apart from what is only read: a comment, a pattern of `sed`, the words of a person's task.

use crate::draft::Draft;
use crate::findings::{Findings, short};
use crate::shell::{self, Command, Dialect, Shape, Word, WordPart};
use crate::{Action, Diagnostic, Level, Reading, Role, Script, Severity, Span, Step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Substitutions inside of substitutions that are looked into.
const DEEPEST: usize = 3;

/// Programs that take text as a pattern, a template or words for somebody: nothing of it is sent anywhere as a value.
const TALK: [&str; 26] = [
    "echo", "printf", "logger", "say", ":", "true", "read", "unset", "printenv", "sed", "perl", "awk",
    "gawk", "tr", "grep", "egrep", "rg", "jq", "yq", "mktemp", "xargs", "parallel", "envsubst", "[", "[[",
    "test",
];

/// Kinds whose words a person reads, and does by hand.
const FOR_PEOPLE: [&str; 3] = ["manual", "decision", "checklist"];

/// A placeholder in a step.
struct Vacancy {
    word: String,
    span: Span,
}

/// Reports each placeholder of a step once: those that it would send, and those that a person is to read.
pub(crate) fn check(draft: &Draft, level: Level, text: &str, findings: &mut Findings<'_>) {
    let step = &draft.step;
    let read = FOR_PEOPLE.contains(&step.action.uses.as_str());
    for Vacancy { word, span } in of_step(step, draft.id_span, text) {
        let message = format!("`{}` looks like something that was to be filled in", short(&word));
        let hint = "Fill it in, or make it a variable; in live mode no run starts with it.".to_owned();
        match level {
            Level::Checked if !read => findings.warning("placeholder", span, message, hint),
            Level::Checked => findings.note("placeholder", span, message, "Fill it in.".to_owned()),
            Level::Guide => findings.note("placeholder", span, message, hint),
        }
    }
}

/// What a run of a plan would send although it was never filled in, each with its place: in scripts, in the arguments of steps,
/// their checks and their ways back, and in variables that nothing in `given` (name → value) replaces. A run against an account
/// must not start with any.
pub fn unfilled(reading: &Reading, given: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let text = reading.text.as_str();
    let mut findings = Findings::new(text);
    findings.hide(&holdpoint_redact::looks_secret(text));
    let walked = |role: Role| !matches!(role, Role::Rollback | Role::Reference);
    for var in &reading.plan.vars {
        let default = var.default.as_ref().and_then(Value::as_str);
        let value = given.get(&var.name).map(String::as_str).or(default);
        let Some(found) = value.filter(|_| text.contains(&format!("vars.{}", var.name))).and_then(whole)
        else {
            continue;
        };
        let at = text.find(found).or_else(|| text.find(&var.name)).unwrap_or_default();
        let message = format!("the variable `{}` is still `{}`", var.name, short(found));
        let hint = format!("Give it a value: `--var {}=…`, or a `default` in the plan.", var.name);
        let span = Span { start: at, end: at + found.len() };
        findings.add(Severity::Error, "placeholder", span, message, Some(hint), None);
    }
    for stage in reading.plan.stages.iter().filter(|stage| walked(stage.role)) {
        for step in stage.steps.iter().filter(|step| !FOR_PEOPLE.contains(&step.action.uses.as_str())) {
            for Vacancy { word, span } in of_step(step, Span { end: step.span.start, ..step.span }, text) {
                let message = format!("`{}` would send `{}` as it stands", step.id, short(&word));
                let hint = "Fill it in, or make it a variable.".to_owned();
                findings.add(Severity::Error, "placeholder", span, message, Some(hint), None);
            }
        }
    }
    findings.sorted()
}

/// The placeholders of a step, each word once. `fallback` is the place of what cannot be found as it is written.
fn of_step(step: &Step, fallback: Span, text: &str) -> Vec<Vacancy> {
    let mut found: Vec<Vacancy> = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(script) = own_script(&step.action) {
        for (at, word) in in_script(&script.text, &script.language) {
            if seen.insert(word.clone()) {
                found.push(Vacancy { span: within(script, at, &word, text), word });
            }
        }
    }
    let mut texts = Vec::new();
    collect(&step.action.with, &mut texts);
    step.after.iter().for_each(|check| collect(&check.action.with, &mut texts));
    step.undo.iter().filter(|undo| !FOR_PEOPLE.contains(&undo.uses.as_str())).for_each(|undo| {
        collect(&undo.with, &mut texts);
    });
    let Span { start, end } = step.span;
    let written = text.get(start..end).unwrap_or_default();
    for word in texts.into_iter().filter_map(whole) {
        if seen.insert(word.to_owned()) {
            let place = written.find(word).map(|at| Span { start: start + at, end: start + at + word.len() });
            found.push(Vacancy { word: word.to_owned(), span: place.unwrap_or(fallback) });
        }
    }
    found
}

/// The script that a step runs; what a typed step shows as replaced is not run.
fn own_script(action: &Action) -> Option<&Script> {
    let takes = crate::kind(&action.uses).is_some_and(|kind| kind.takes_script);
    action.script.as_ref().filter(|_| takes)
}

/// The first placeholder of a value, as it is written.
fn whole(value: &str) -> Option<&str> {
    value.get(shell::vacancy(value)?)
}

/// Where a word of a script stands. A script in a list or a quote has lost its indentation: its lines are those of the plan all
/// the same, each with something before it.
fn within(script: &Script, at: usize, word: &str, text: &str) -> Span {
    let Span { start, end } = script.span;
    if script.text.len() == end - start {
        return Span { start: start + at, end: start + at + word.len() };
    }
    let before = script.text.get(..at).unwrap_or_default();
    let number = before.matches('\n').count();
    let column = at - before.rfind('\n').map_or(0, |end| end + 1);
    let own = script.text.split('\n').nth(number).unwrap_or_default().trim_end_matches('\r');
    let mut from = start;
    for (index, line) in text.get(start..end).unwrap_or_default().split_inclusive('\n').enumerate() {
        let bare = line.trim_end_matches(['\n', '\r']);
        if index == number
            && let Some(lead) = bare.strip_suffix(own)
        {
            let place = from + lead.len() + column;
            return Span { start: place, end: place + word.len() };
        }
        from += line.len();
    }
    script.span
}

/// What of a script a program would be given as it stands: place and word.
fn in_script(text: &str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if !shell::may_be_vacant(text) {
        return found;
    }
    gather(&shell::parse_as(text, Dialect::of_info(language)), text, 0, 0, &mut found);
    found.sort();
    found.dedup();
    found
}

fn gather(script: &shell::Script, text: &str, base: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    for statement in &script.statements {
        assigned(&statement.shape, text, base, depth, found);
        for command in statement.commands() {
            of_command(command, text, base, depth, found);
        }
        if let Shape::NotUnderstood(_) = &statement.shape {
            let mut at = statement.span.start;
            for line in text.get(at..statement.span.end).unwrap_or_default().split_inclusive('\n') {
                if let Some(range) = shell::vacancy(line).filter(|_| !line.trim_start().starts_with('#')) {
                    found.push((base + at + range.start, line.get(range).unwrap_or_default().to_owned()));
                }
                at += line.len();
            }
        }
    }
}

fn assigned(shape: &Shape, text: &str, base: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    match shape {
        Shape::Assignments(list) => {
            for one in list {
                of_word(&one.value, text, base, depth, found);
            }
        }
        Shape::List(items) => items.iter().for_each(|(_, item)| assigned(item, text, base, depth, found)),
        Shape::Simple(_) | Shape::Pipeline(_) | Shape::Compound { .. } | Shape::NotUnderstood(_) => {}
    }
}

fn of_command(command: &Command, text: &str, base: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    let own = shell::unwrap_command(command);
    let program = own.words.first().and_then(Word::literal).unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    for one in &command.assignments {
        of_word(&one.value, text, base, depth, found);
    }
    if TALK.contains(&program) {
        return;
    }
    for word in &command.words {
        of_word(word, text, base, depth, found);
    }
    for redirect in &command.redirects {
        match &redirect.heredoc {
            Some(heredoc) => {
                let Span { start, end } = heredoc.span;
                let body = text.get(start..end).unwrap_or_default();
                if let Some(range) = shell::vacancy(body) {
                    found.push((base + start + range.start, body.get(range).unwrap_or_default().to_owned()));
                }
            }
            None => of_word(&redirect.target, text, base, depth, found),
        }
    }
}

fn of_word(word: &Word, text: &str, base: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    let raw = word.raw(text);
    let mut from = 0;
    for (number, part) in word.parts.iter().enumerate() {
        let place = |piece: &str| raw.get(from..).and_then(|rest| rest.find(piece)).map(|at| from + at);
        match part {
            WordPart::Placeholder(piece) => {
                let Some(at) = place(piece) else { continue };
                let before = number.checked_sub(1).and_then(|before| word.parts.get(before));
                if is_certain(piece, before) {
                    found.push((base + word.span.start + at, piece.clone()));
                }
                from = at + piece.len();
            }
            WordPart::Command(inner) if depth < DEEPEST => {
                let Some(at) = place(inner) else { continue };
                gather(&shell::parse(inner), inner, base + word.span.start + at, depth + 1, found);
                from = at + inner.len();
            }
            WordPart::Text { .. }
            | WordPart::Variable { .. }
            | WordPart::Command(_)
            | WordPart::Arithmetic(_)
            | WordPart::Glob(_)
            | WordPart::Template(_) => {}
        }
    }
}

/// `service/…` and `[ … ]` leave something out; `main...` is a range of git, and `"Waiting…"` a way to write.
fn is_certain(piece: &str, before: Option<&WordPart>) -> bool {
    if !matches!(piece, "..." | "…") {
        return true;
    }
    match before {
        None => true,
        Some(WordPart::Text { text, .. }) => {
            !text.trim_end().ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '!' | '?' | ')'))
        }
        Some(_) => false,
    }
}

fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(list) => list.iter().for_each(|item| collect(item, texts)),
        Value::Object(map) => map.values().for_each(|item| collect(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
