//! What Terraform says as it works, line by line (`-json`, "Terraform Machine Readable UI" 1.x).
//!
//! Lines of an unknown type are passed over, and one that is no JSON is taken for what it is: text.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) is_error: bool,
    pub(crate) summary: String,
    pub(crate) detail: String,
    /// The resource that it is about.
    pub(crate) address: Option<String>,
    /// `file:line`.
    pub(crate) place: Option<String>,
}

/// Where a resource stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    Waiting,
    Going,
    Done,
    Failed,
}

impl Stand {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Going => "going",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What goes on with a resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Working {
    pub(crate) action: String,
    pub(crate) stand: Stand,
    pub(crate) seconds: u64,
}

/// All that was said so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    phase: &'static str,
    resources: BTreeMap<String, Working>,
    /// In the order in which they were first named.
    order: Vec<String>,
    pub(crate) complaints: Vec<Complaint>,
    /// Text that is no JSON, its last lines.
    pub(crate) text: Vec<String>,
    /// Of the last summary: added, changed, removed, imported.
    pub(crate) summary: Option<Value>,
    /// Of an apply: outputs by name, those that are not sensitive.
    pub(crate) outputs: Option<Value>,
}

/// Resources that a card shows; the others are counted.
const SHOWN: usize = 500;
/// Lines of text that are kept.
const TEXT: usize = 40;

impl Stream {
    /// Of a phase: `init`, `plan`, `apply`.
    pub(crate) fn new(phase: &'static str) -> Self {
        Self { phase, ..Self::default() }
    }

    /// Resources that are to be worked on, before any work is said of them.
    pub(crate) fn expects<'a>(&mut self, all: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (address, action) in all {
            self.stands(address, action, Stand::Waiting, 0);
        }
    }

    /// Takes a line; what a person would read of it.
    pub(crate) fn take(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return None;
        }
        let Ok(Value::Object(said)) = serde_json::from_str::<Value>(line) else {
            self.text.push(line.to_owned());
            if self.text.len() > TEXT {
                self.text.remove(0);
            }
            return Some(line.to_owned());
        };
        let said = Value::Object(said);
        let message = said["@message"].as_str().unwrap_or_default().to_owned();
        let hook = &said["hook"];
        let address = hook["resource"]["addr"].as_str().unwrap_or_default();
        let action = hook["action"].as_str().unwrap_or_default();
        let seconds = hook["elapsed_seconds"].as_f64().map_or(0, |seconds| seconds.max(0.0) as u64);
        match said["type"].as_str().unwrap_or_default() {
            "apply_start" => self.stands(address, action, Stand::Going, 0),
            "apply_progress" => self.stands(address, action, Stand::Going, seconds),
            "apply_complete" => self.stands(address, action, Stand::Done, seconds),
            "apply_errored" => self.stands(address, action, Stand::Failed, seconds),
            "planned_change" => {
                let change = &said["change"];
                let address = change["resource"]["addr"].as_str().unwrap_or_default();
                self.stands(address, change["action"].as_str().unwrap_or_default(), Stand::Waiting, 0);
            }
            "change_summary" => self.summary = Some(said["changes"].clone()),
            "outputs" => self.outputs = Some(said["outputs"].clone()),
            "diagnostic" => {
                let complaint = complaint(&said["diagnostic"]);
                let text = match complaint.detail.is_empty() {
                    true => message,
                    false => format!("{message}: {}", complaint.detail.replace('\n', " ")),
                };
                self.complaints.push(complaint);
                return Some(text);
            }
            // Refreshing is said of every resource twice, and is nothing to keep.
            "refresh_start" | "refresh_complete" | "version" => return None,
            _ => {}
        }
        (!message.is_empty()).then_some(message)
    }

    fn stands(&mut self, address: &str, action: &str, stand: Stand, seconds: u64) {
        if address.is_empty() {
            return;
        }
        match self.resources.get_mut(address) {
            // A replacement is two pieces of work: it stays what it was planned as.
            Some(known) => {
                let part = known.action == "replace" && action == "delete" && stand == Stand::Done;
                known.stand = if part { Stand::Going } else { stand };
                known.seconds = seconds;
            }
            None => {
                self.order.push(address.to_owned());
                self.resources
                    .insert(address.to_owned(), Working { action: action.to_owned(), stand, seconds });
            }
        }
    }

    /// Addresses that stand so, with what was done to them.
    pub(crate) fn that_are(&self, stand: Stand) -> Vec<String> {
        let those = self.order.iter().filter_map(|address| Some((address, self.resources.get(address)?)));
        those
            .filter(|(_, working)| working.stand == stand)
            .map(|(address, working)| format!("{} {address}", working.action))
            .collect()
    }

    /// Whether any work was begun.
    pub(crate) fn began(&self) -> bool {
        self.resources.values().any(|working| working.stand != Stand::Waiting)
    }

    /// Errors, in order.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Complaint> {
        self.complaints.iter().filter(|complaint| complaint.is_error)
    }

    /// The card of the screen.
    pub(crate) fn card(&self) -> Value {
        let count = |stand| self.resources.values().filter(|working| working.stand == stand).count();
        let shown = self.order.iter().take(SHOWN).filter_map(|address| {
            let working = self.resources.get(address)?;
            Some(json!({
                "address": address, "action": working.action, "state": working.stand.as_str(),
                "seconds": working.seconds,
            }))
        });
        json!({
            "card": "terraform",
            "phase": self.phase,
            "resources": shown.collect::<Vec<_>>(),
            "counts": {
                "waiting": count(Stand::Waiting), "going": count(Stand::Going),
                "done": count(Stand::Done), "failed": count(Stand::Failed), "all": self.resources.len(),
            },
        })
    }
}

fn complaint(said: &Value) -> Complaint {
    let text = |name: &str| said[name].as_str().unwrap_or_default().trim().to_owned();
    let place =
        said["range"]["filename"].as_str().map(|file| match said["range"]["start"]["line"].as_u64() {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        });
    Complaint {
        is_error: said["severity"] == "error",
        summary: text("summary"),
        detail: text("detail"),
        address: said["address"].as_str().map(str::to_owned),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(kind: &str, address: &str, action: &str) -> String {
        json!({"@message": format!("{address}: {kind}"), "type": kind, "hook":
            {"resource": {"addr": address}, "action": action, "elapsed_seconds": 3}})
        .to_string()
    }

    #[test]
    fn a_replacement_is_done_when_it_is_made_anew() {
        let mut stream = Stream::new("apply");
        stream.expects([("a.b", "replace"), ("c.d", "update")]);
        assert!(!stream.began());
        stream.take(&hook("apply_start", "a.b", "delete"));
        stream.take(&hook("apply_complete", "a.b", "delete"));
        assert_eq!(stream.that_are(Stand::Going), ["replace a.b"]);
        stream.take(&hook("apply_complete", "a.b", "create"));
        assert_eq!(stream.that_are(Stand::Done), ["replace a.b"]);
        assert_eq!(stream.that_are(Stand::Waiting), ["update c.d"]);
        assert_eq!(stream.card()["counts"]["done"], 1);
    }

    #[test]
    fn what_is_no_json_or_of_no_known_type_is_no_reason_to_stop() {
        let mut stream = Stream::new("plan");
        assert_eq!(stream.take("Error: terraform crashed"), Some("Error: terraform crashed".into()));
        assert_eq!(stream.take("[1,2]"), Some("[1,2]".into()));
        assert_eq!(stream.take(r#"{"type": "of_tomorrow", "@message": "news"}"#), Some("news".into()));
        assert_eq!(stream.take(r#"{"type": "diagnostic"}"#), Some(String::new()));
        assert_eq!(stream.take(r#"{"type": 7, "hook": []}"#), None);
    }
}
