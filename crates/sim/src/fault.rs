//! Faults of calls: which call is hit, and how its answer suffers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::behaviour::glob;
use crate::protocol::is_page;
use crate::seeded::Seeded;

/// A fault and the calls it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default, rename = "match")]
    pub(crate) matches: FaultMatch,
    pub(crate) effect: Effect,
}

/// Which calls; what is not given fits all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultMatch {
    #[serde(default)]
    pub(crate) service: Option<String>,
    #[serde(default)]
    pub(crate) operation: Option<String>,
    /// The session name.
    #[serde(default)]
    pub(crate) actor: Option<String>,
    /// `<registry>/<repository>` of a registry's request; `*` matches any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<String>,
    /// Only the nth fitting call, from 1.
    #[serde(default)]
    pub(crate) nth: Option<u64>,
    #[serde(default)]
    pub(crate) from: Option<u64>,
    #[serde(default)]
    pub(crate) until: Option<u64>,
    /// Of the calls that are left, 0 to 1.
    #[serde(default)]
    pub(crate) share: Option<f64>,
    /// Only calls that change something, or only those that do not.
    #[serde(default)]
    pub(crate) changing: Option<bool>,
}

/// What happens to the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// A typed error, nothing applied.
    Error {
        code: String,
        #[serde(default = "bad_request")]
        status: u16,
        #[serde(default)]
        message: String,
    },
    /// AccessDenied in AWS's own words, naming caller, action and resource.
    Denied,
    /// The connection is closed.
    Reset {
        #[serde(default)]
        applied: bool,
    },
    /// No answer.
    Silence {
        #[serde(default)]
        applied: bool,
    },
    /// A bare status, as a proxy or a failing front end gives it.
    Status {
        status: u16,
        #[serde(default)]
        applied: bool,
    },
    /// Applied; the body breaks off halfway.
    Truncate,
    /// Applied; the body comes in small pieces.
    Drip { bytes: usize, every_ms: u64 },
    /// Applied after a while.
    Delay { ms: u64 },
    /// 429, with the seconds to wait when they are given.
    TooMany {
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Applied; one byte of the body is another.
    Corrupt,
    /// Sent elsewhere by a 307, nothing applied.
    Redirect { location: String },
    /// A read is answered with what was true so many seconds of simulated duration ago, as by a replica that lags. A call
    /// that changes something is applied as ever.
    Stale { seconds: u64 },
    /// Applied; members of the answer are others than this version of AWS gives.
    Alter { members: Vec<Alteration> },
}

/// A member of an answer that is put in another's place, or added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alteration {
    /// `/services/*/status`: names and places between slashes, `*` for every element of a list.
    pub(crate) path: String,
    /// Only where this stands there; absent: whatever does, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<Value>,
    pub(crate) value: Value,
}

fn bad_request() -> u16 {
    400
}

impl Effect {
    /// Whether the call takes effect although its answer suffers.
    pub(crate) fn applies(&self) -> bool {
        match self {
            Self::Error { .. } | Self::Denied | Self::TooMany { .. } | Self::Redirect { .. } => false,
            Self::Reset { applied } | Self::Silence { applied } | Self::Status { applied, .. } => *applied,
            Self::Truncate
            | Self::Drip { .. }
            | Self::Delay { .. }
            | Self::Corrupt
            | Self::Stale { .. }
            | Self::Alter { .. } => true,
        }
    }
}

impl Alteration {
    /// Alters an answer. What does not lead anywhere alters nothing; a last name that is not there is added.
    pub(crate) fn alter(&self, answer: &mut Value) {
        let path: Vec<&str> = self.path.trim_start_matches('/').split('/').collect();
        self.at(answer, &path);
    }

    fn at(&self, here: &mut Value, path: &[&str]) {
        let Some((name, rest)) = path.split_first() else {
            if self.was.as_ref().is_none_or(|was| was == here) {
                here.clone_from(&self.value);
            }
            return;
        };
        match here {
            Value::Array(list) if *name == "*" => list.iter_mut().for_each(|member| self.at(member, rest)),
            Value::Array(list) => {
                if let Some(member) = name.parse::<usize>().ok().and_then(|place| list.get_mut(place)) {
                    self.at(member, rest);
                }
            }
            Value::Object(members) => match members.get_mut(*name) {
                Some(member) => self.at(member, rest),
                None if rest.is_empty() && self.was.is_none() => {
                    members.insert((*name).to_owned(), self.value.clone());
                }
                None => {}
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

impl Effect {
    /// What the refusal's head says besides.
    pub(crate) fn header(&self) -> Option<(String, String)> {
        match self {
            Self::TooMany { retry_after } => {
                retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()))
            }
            Self::Redirect { location } => Some(("location".to_owned(), location.clone())),
            Self::Error { .. }
            | Self::Denied
            | Self::Reset { .. }
            | Self::Silence { .. }
            | Self::Status { .. }
            | Self::Truncate
            | Self::Drip { .. }
            | Self::Corrupt
            | Self::Delay { .. }
            | Self::Stale { .. }
            | Self::Alter { .. } => None,
        }
    }
}

/// A call, as faults see it.
pub(crate) struct CallView<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) changing: bool,
    /// Of a registry's request.
    pub(crate) repository: Option<&'a str>,
}

/// The faults in force, with how often each was fitted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<(Fault, u64)>,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self { rules: faults.into_iter().map(|fault| (fault, 0)).collect() }
    }

    /// Puts other faults in force; counts go on when they are the same ones, as after a restart.
    pub(crate) fn replace(&mut self, faults: Vec<Fault>) {
        if !self.rules.iter().map(|(fault, _)| fault).eq(&faults) {
            *self = Self::new(faults);
        }
    }

    /// The longest time by which an answer may lag, in seconds.
    pub(crate) fn longest_lag(&self) -> Option<u64> {
        self.rules
            .iter()
            .filter_map(
                |(fault, _)| if let Effect::Stale { seconds } = fault.effect { Some(seconds) } else { None },
            )
            .max()
    }

    /// How often each was fitted.
    pub(crate) fn counts(&self) -> Vec<u64> {
        self.rules.iter().map(|(_, count)| *count).collect()
    }

    pub(crate) fn set_counts(&mut self, counts: &[u64]) {
        for ((_, count), known) in self.rules.iter_mut().zip(counts) {
            *count = *known;
        }
    }

    /// The effect on this call, if any. Every fitting rule counts the call; the first that hits decides.
    pub(crate) fn hit(&mut self, call: &CallView<'_>, dice: &mut Seeded) -> Option<Effect> {
        let mut effect = None;
        for (fault, count) in &mut self.rules {
            let m = &fault.matches;
            let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
            if !same(&m.service, call.service)
                || !same(&m.operation, call.operation)
                || !same(&m.actor, call.actor)
                || m.repository.as_deref().is_some_and(|like| !call.repository.is_some_and(|is| glob(like, is)))
                // A page is for a person: only a fault that names it hits it.
                || (is_page(call.operation) && m.operation.is_none())
                || m.changing.is_some_and(|wanted| wanted != call.changing)
            {
                continue;
            }
            *count += 1;
            let hits = m.nth.is_none_or(|n| n == *count)
                && m.from.is_none_or(|n| *count >= n)
                && m.until.is_none_or(|n| *count <= n)
                && m.share.is_none_or(|share| dice.fraction() < share);
            if hits && effect.is_none() {
                effect = Some(fault.effect.clone());
            }
        }
        effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nth_and_share() {
        let error = |code: &str| Effect::Error { code: code.to_owned(), status: 400, message: String::new() };
        let mut faults = Faults::new(vec![
            Fault {
                matches: FaultMatch { operation: Some("A".into()), nth: Some(2), ..FaultMatch::default() },
                effect: error("second"),
            },
            Fault {
                matches: FaultMatch { share: Some(0.5), ..FaultMatch::default() },
                effect: error("half"),
            },
        ]);
        let mut dice = Seeded::new(1, "test");
        let mut half = 0;
        for n in 1..=400 {
            let call =
                CallView { service: "ecs", operation: "A", actor: "x", changing: true, repository: None };
            match faults.hit(&call, &mut dice) {
                Some(effect) if effect == error("second") => assert_eq!(n, 2),
                Some(_) => half += 1,
                None => assert_ne!(n, 2),
            }
        }
        assert!((150..250).contains(&half), "{half}");
    }

    #[test]
    fn members_are_altered_and_added() {
        let answer = json!({"services": [{"status": "ACTIVE", "n": 1}, {"status": "DRAINING"}], "text": "x"});
        let table = [
            (
                "/services/*/status",
                None,
                json!({"services": [{"status": 7, "n": 1}, {"status": 7}], "text": "x"}),
            ),
            (
                "/services/*/status",
                Some(json!("ACTIVE")),
                json!({"services": [{"status": 7, "n": 1}, {"status": "DRAINING"}], "text": "x"}),
            ),
            (
                "/services/1/novelty",
                None,
                json!({"services": [{"status": "ACTIVE", "n": 1}, {"status": "DRAINING", "novelty": 7}], "text": "x"}),
            ),
            ("/services/1/novelty", Some(json!("x")), answer.clone()),
            ("/nothing/there", None, answer.clone()),
            ("/text/below", None, answer.clone()),
            ("/services/9/status", None, answer.clone()),
        ];
        for (path, was, expected) in table {
            let mut altered = answer.clone();
            Alteration { path: path.to_owned(), was, value: json!(7) }.alter(&mut altered);
            assert_eq!(altered, expected, "{path}");
        }
    }
}
