//! How tasks behave: what their containers log, when they end, whether their health checks pass, what they answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the task came to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Create,
    Update,
    Rollback,
    Furnish,
    RunTask,
}

/// Which revisions a match means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Revisions {
    #[default]
    All,
    /// Those that have not yet completed a deployment of their service.
    New,
}

/// Which tasks a behaviour is for. What is not given fits all; without `container` it is the task's first essential one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskMatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) family: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<String>,
    /// The container's command, joined by spaces; `*` matches any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployed_by: Option<Vec<Origin>>,
    #[serde(default)]
    pub(crate) revisions: Revisions,
}

/// A container of a task that is about to start, as a match sees it.
pub(crate) struct Subject<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) service: Option<&'a str>,
    pub(crate) family: &'a str,
    pub(crate) image: &'a str,
    pub(crate) container: &'a str,
    /// Joined by spaces; empty when the image's own is run.
    pub(crate) command: &'a str,
    /// The first essential container of its task.
    pub(crate) is_main: bool,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
}

impl TaskMatch {
    pub(crate) fn fits(&self, subject: &Subject<'_>) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        same(&self.cluster, subject.cluster)
            && self.service.as_deref().is_none_or(|w| Some(w) == subject.service)
            && same(&self.family, subject.family)
            && self.image.as_deref().is_none_or(|pattern| glob(pattern, subject.image))
            && self.command.as_deref().is_none_or(|pattern| glob(pattern, subject.command))
            && self.container.as_deref().map_or(subject.is_main, |w| w == subject.container)
            && self.deployed_by.as_ref().is_none_or(|origins| origins.contains(&subject.origin))
            && (self.revisions == Revisions::All || subject.is_new)
    }
}

/// A behaviour and whom it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(default, rename = "match")]
    pub(crate) matches: TaskMatch,
    pub(crate) behaviour: Behaviour,
}

/// A log line and when it is written, in seconds after the container's start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogLine {
    #[serde(default)]
    pub(crate) after: f64,
    pub(crate) line: String,
    /// Seconds until it is shown, once written; a later line may be shown before it.
    #[serde(default, skip_serializing_if = "is_at_once")]
    pub(crate) late: f64,
}

/// Whether a line is shown at once; serde hands the number by reference.
fn is_at_once(late: &f64) -> bool {
    *late == 0.0
}

/// The container's end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exit {
    /// Seconds after its start.
    #[serde(default)]
    pub(crate) after: f64,
    pub(crate) code: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What the task says instead of "Essential container in task exited"; AWS now and then says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stopped_reason: Option<String>,
}

/// A check's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    #[default]
    Passing,
    Failing,
}

/// What becomes of an App Runner operation, whatever its containers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    #[default]
    Normal,
    /// It never ends.
    Stuck,
    /// It fails without a word of why.
    Fails,
}

/// Cross-origin answers of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cors {
    #[serde(default)]
    pub(crate) origins: Vec<String>,
    #[serde(default)]
    pub(crate) methods: Vec<String>,
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    #[serde(default)]
    pub(crate) credentials: bool,
    #[serde(default)]
    pub(crate) max_age: Option<u64>,
}

/// One thing that a container answers over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    #[serde(default)]
    pub(crate) method: Option<String>,
    pub(crate) path: String,
    /// Headers that a request must have, with these values: one without is passed over, to the next route.
    #[serde(default)]
    pub(crate) requires: BTreeMap<String, String>,
    #[serde(default = "ok_status")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) json: Option<Value>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) cors: Option<Cors>,
    /// Milliseconds that a task's first request to this route takes.
    #[serde(default)]
    pub(crate) first_ms: u64,
    #[serde(default)]
    pub(crate) then_ms: u64,
}

fn ok_status() -> u16 {
    200
}

/// What is known of a container's behaviour; later layers win member by member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behaviour {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) logs: Option<Vec<LogLine>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exit: Option<Exit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pull_error: Option<String>,
    /// Why its resources cannot be set up; empty: they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_error: Option<String>,
    /// Why there is no room for a task; empty: there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) no_capacity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) health: Option<Check>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Check>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slow: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) routes: Option<Vec<Route>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<Fate>,
}

impl Behaviour {
    /// Lays `over` on top.
    pub(crate) fn overlay(&mut self, over: &Self) {
        fn take<T: Clone>(under: &mut Option<T>, over: &Option<T>) {
            if over.is_some() {
                under.clone_from(over);
            }
        }
        take(&mut self.logs, &over.logs);
        take(&mut self.exit, &over.exit);
        take(&mut self.pull_error, &over.pull_error);
        take(&mut self.start_error, &over.start_error);
        take(&mut self.no_capacity, &over.no_capacity);
        take(&mut self.health, &over.health);
        take(&mut self.target, &over.target);
        take(&mut self.slow, &over.slow);
        take(&mut self.routes, &over.routes);
        take(&mut self.operation, &over.operation);
    }
}

/// `*` stands for any run of characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| glob(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("*/api:*", "registry.example/api:1.4", true),
            ("*/api:*", "registry.example/apis:1.4", false),
            ("*", "", true),
            ("a*c*", "abcd", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
