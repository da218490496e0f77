//! `checklist`: items that are signed one by one. The run counts the ticks; this only asks.

use super::{never_acts, nothing_sent};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_run::{Ask, Diagnosis, Intent, Receipt};
use serde_json::Value;

/// The kind `checklist`.
pub(crate) struct Ticks;

#[async_trait]
impl Executor for Ticks {
    fn kind(&self) -> &'static str {
        "checklist"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let items = task.step.items.len();
        let summary = format!("{items} {} to sign", if items == 1 { "item" } else { "items" });
        let ask = Ask { items: true, ..Ask::default() };
        Ok(Intent { summary, ask: Some(ask), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(never_acts(self.kind()))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(nothing_sent(self.kind()))
    }

    async fn follow(&self, _: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        Ending::outputs(std::iter::empty::<(&'static str, Value)>())
    }
}
