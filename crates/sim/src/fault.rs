//! Faults of calls: which call is hit, and how its answer suffers.

use serde::{Deserialize, Serialize};

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
            Self::Truncate | Self::Drip { .. } | Self::Delay { .. } | Self::Corrupt => true,
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
            | Self::Delay { .. } => None,
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
}
