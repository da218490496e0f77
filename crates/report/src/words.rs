//! Words for states, durations and values.

use crate::model::{Money, Side};
use holdpoint_plan::{Hold, Role};
use holdpoint_run::{Answer, At, ChangeKind, Decision, How, Moment, RunEnd, Status, StepChange};
use serde_json::Value;

/// How a statement is coloured; never the only thing that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Ok,
    Warn,
    Danger,
    Running,
    Hold,
    Quiet,
}

pub(crate) fn status(status: Status) -> (Tone, &'static str) {
    match status {
        Status::Pending => (Tone::Quiet, "not begun"),
        Status::Running => (Tone::Running, "running"),
        Status::Asking => (Tone::Running, "waits for a person"),
        Status::Sent => (Tone::Running, "being sent"),
        Status::Waiting => (Tone::Running, "goes on outside"),
        Status::Verifying => (Tone::Running, "being verified"),
        Status::Succeeded => (Tone::Ok, "succeeded"),
        Status::Failed => (Tone::Danger, "failed"),
        Status::Unknown => (Tone::Danger, "unknown"),
        Status::RolledBackByAws => (Tone::Danger, "rolled back by AWS"),
        Status::Superseded => (Tone::Danger, "superseded"),
        Status::Skipped => (Tone::Warn, "left out"),
        Status::Compensated => (Tone::Warn, "undone"),
        Status::NotPractised => (Tone::Warn, "not practised"),
    }
}

pub(crate) fn end(end: Option<RunEnd>) -> (Tone, &'static str) {
    match end {
        None => (Tone::Running, "open"),
        Some(RunEnd::Done) => (Tone::Ok, "done"),
        Some(RunEnd::RolledBack) => (Tone::Danger, "rolled back"),
        Some(RunEnd::PartlyRolledBack) => (Tone::Danger, "partly rolled back"),
        Some(RunEnd::Aborted) => (Tone::Danger, "aborted"),
    }
}

pub(crate) fn decision(decision: Decision) -> (Tone, &'static str) {
    match decision {
        Decision::Go => (Tone::Ok, "go"),
        Decision::NoGo => (Tone::Danger, "no-go"),
    }
}

pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Before => "before",
        Role::Deploy => "deploy",
        Role::Verify => "verify",
        Role::After => "after",
        Role::Rollback => "rollback",
        Role::Reference => "reference",
    }
}

pub(crate) fn how(how: Option<How>) -> (Tone, &'static str) {
    match how {
        Some(How::Answered) => (Tone::Ok, "answered"),
        Some(How::Observed) => (Tone::Warn, "answer lost, seen in the world"),
        Some(How::Operator) => (Tone::Warn, "answer lost, decided by the operator"),
        None => (Tone::Danger, "no receipt"),
    }
}

pub(crate) fn moment(moment: Moment) -> &'static str {
    match moment {
        Moment::Start => "at the start",
        Moment::BeforeFirstChange => "before the first change",
    }
}

/// What a hold wants: "2 signatures, none by who started the run, of op-a, op-b".
pub(crate) fn rule(hold: &Hold) -> String {
    let mut text = match hold.signatures {
        1 => "1 signature".to_owned(),
        more => format!("{more} signatures of different people"),
    };
    if hold.by_someone_else {
        text.push_str(", not by who started the run");
    }
    if !hold.by.is_empty() {
        text.push_str(", by ");
        text.push_str(&hold.by.join(" or "));
    }
    text
}

/// What a person answered. A secret field shows its name alone.
pub(crate) fn answer(answer: &Answer) -> String {
    let mut parts = Vec::new();
    parts.extend(answer.option.as_ref().map(|option| format!("chose {option}")));
    parts.extend(answer.reason.as_ref().map(|reason| format!("because {reason}")));
    parts.extend(answer.phrase.as_ref().map(|phrase| format!("typed “{phrase}”")));
    parts.extend(answer.fields.iter().map(|(name, given)| match given.is_null() {
        true => format!("{name} given"),
        false => format!("{name}: {}", value(given)),
    }));
    parts.extend(answer.evidence.as_ref().map(|evidence| format!("evidence: {evidence}")));
    if parts.is_empty() { "confirmed".into() } else { parts.join("; ") }
}

/// A value on one line; a string without its quotes.
pub(crate) fn value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `1 h 02 m`, `3 m 05 s`, `4 s`, `0.250 s`.
pub(crate) fn duration(milliseconds: i64) -> String {
    let total = milliseconds.max(0);
    let (seconds, rest) = (total / 1000, total % 1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) if rest > 0 => format!("0.{rest:03} s"),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} m {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} m"),
    }
}

/// `20 m 00 s to 40 m 00 s`, or one duration when both are the same.
pub(crate) fn estimate(estimate: Option<(f64, f64)>) -> String {
    let Some((from, to)) = estimate else { return "–".into() };
    // Estimates are minutes to hours: whole milliseconds are exact enough.
    let text = |seconds: f64| duration((seconds * 1000.0) as i64);
    if from == to { text(from) } else { format!("{} to {}", text(from), text(to)) }
}

/// Between two moments, when both are known.
pub(crate) fn between(from: At, to: Option<At>) -> String {
    to.map_or_else(|| "–".into(), |to| duration(to.0 - from.0))
}

/// What a service was or is: "api:41, 2 tasks, image sha256:51d00a…".
pub(crate) fn side(side: &Side) -> String {
    if !side.exists {
        return "absent".into();
    }
    let mut parts: Vec<String> = side.revision.iter().cloned().collect();
    parts.extend(side.count.map(|count| match count {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    }));
    parts.extend(side.images.iter().map(|(_, image)| match image.split_once(':') {
        Some(("sha256", digest)) => format!("image sha256:{}", short(digest)),
        _ => format!("image {image}"),
    }));
    if parts.is_empty() { "there".into() } else { parts.join(", ") }
}

/// What a revision of the plan does to a step.
pub(crate) fn change(change: &StepChange) -> String {
    let how = match change.how {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    };
    format!("{} {how}", change.step)
}

/// `$15–20`, `$5`, `15.50–20 €`.
pub(crate) fn money(money: &Money) -> String {
    let number = |value: f64| match (value - value.round()).abs() < 0.005 {
        true => format!("{value:.0}"),
        false => format!("{value:.2}"),
    };
    let range = match (money.high - money.low).abs() < 0.005 {
        true => number(money.low),
        false => format!("{}–{}", number(money.low), number(money.high)),
    };
    format!(
        "{}{range}",
        match money.currency.chars().count() {
            1 => money.currency.clone(),
            _ => format!("{} ", money.currency),
        }
    )
}

/// First twelve digits of a hash.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// `12.3 kB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
