//! Executors of kinds that only read: what they have in common.

use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::Value;
use std::collections::BTreeMap;

/// A kind that only reads.
#[async_trait]
pub(crate) trait Look: Send + Sync {
    /// Name of the kind.
    fn kind(&self) -> &'static str;

    /// What will be looked at, in one sentence; refuses arguments that do not fit.
    fn summary(&self, task: &Task) -> Result<String, Diagnosis>;

    /// Looks, once.
    async fn look(&self, task: &Task) -> Result<Found, Diagnosis>;
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) outputs: Vec<(&'static str, Value)>,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) note: Option<String>,
}

/// The executor of a kind that only reads.
pub(crate) struct Reader<L>(pub(crate) L);

#[async_trait]
impl<L: Look> Executor for Reader<L> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        Ok(Intent { summary: self.0.summary(task)?, ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of(format!("`{}` changes nothing", self.kind()))))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: format!("`{}` changes nothing", self.kind()) })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.0.look(task).await {
            Ok(found) => found.ending(),
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Found {
    /// A success, which judgements that do not hold make a failure.
    pub(crate) fn ending(self) -> Ending {
        let outputs = self.outputs.into_iter();
        Ending::Succeeded {
            outputs: outputs.map(|(name, value)| (name.to_owned(), OutputValue::plain(value))).collect(),
            secret_outputs: BTreeMap::new(),
            judgements: self.judgements,
            note: self.note,
        }
    }
}

/// What was expected and what was found.
pub(crate) fn judged(
    what: impl Into<String>,
    expected: impl ToString,
    found: impl ToString,
    holds: bool,
) -> Judgement {
    Judgement {
        what: what.into(),
        expected: expected.to_string(),
        found: found.to_string(),
        holds,
        assumed: false,
    }
}

/// The same, of two that must be equal.
pub(crate) fn equal(what: impl Into<String>, expected: impl ToString, found: impl ToString) -> Judgement {
    let (expected, found) = (expected.to_string(), found.to_string());
    let holds = expected == found;
    judged(what, expected, found, holds)
}

/// Names with commas; "none" where there are none.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.into_iter().collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}
