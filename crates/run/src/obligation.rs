//! What a run leaves for later: it stands until somebody closes it, also after the run has ended.

use crate::{Actor, At};
use holdpoint_plan::{ItemId, StepId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something that is to be done later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Unique in the run: the step's id, or `<step>.<item>`.
    pub id: String,
    /// What is to be done, in the author's words.
    pub what: String,
    /// Who sees to it; nobody in particular when absent.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<At>,
    /// The step of this run that closes it by succeeding.
    pub until: Option<StepId>,
    /// The step that left it.
    pub step: StepId,
    /// The item of the step's checklist.
    pub item: Option<ItemId>,
}

/// What a step that succeeds leaves for later. The due date is counted from then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaves {
    /// What is to be done.
    pub what: String,
    /// Who sees to it.
    pub owner: Option<String>,
    /// How long after the step; seconds in JSON.
    #[serde(with = "seconds")]
    pub within: Option<Duration>,
    /// A date that the plan names; it counts before `within`.
    pub due: Option<At>,
    /// The step of this run that closes it by succeeding.
    pub until: Option<StepId>,
}

/// An obligation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationState {
    /// As it stands now.
    pub obligation: Obligation,
    /// Since when it stands.
    pub opened_at: At,
    /// How it ended; `None` while it stands.
    pub closed: Option<ObligationEnd>,
}

impl ObligationState {
    /// Whether it stands and its date is past.
    pub fn is_overdue(&self, now: At) -> bool {
        self.closed.is_none() && self.obligation.due.is_some_and(|due| due < now)
    }
}

/// How an obligation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationEnd {
    /// Who closed it; `through` is `step` where a step did.
    pub by: Actor,
    /// What was done.
    pub reason: String,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
    /// When.
    pub at: At,
}

/// The moment that lies `length` after `at`.
pub(crate) fn after(at: At, length: Duration) -> At {
    At(at.0.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        value.map(|value| value.as_secs()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_secs))
    }
}
