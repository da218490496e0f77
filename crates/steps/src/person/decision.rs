//! `decision`: a choice among options, with a reason.

use super::{never_acts, nothing_sent, unanswered};
use crate::failure::arguments;
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::Decision;
use holdpoint_run::{Ask, AskOption, Diagnosis, Intent, Receipt};
use serde_json::json;

/// The kind `decision`.
pub(crate) struct Choosing;

#[async_trait]
impl Executor for Choosing {
    fn kind(&self) -> &'static str {
        "decision"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: Decision = arguments(&task.with)?;
        let options = with.options.into_iter().map(|(id, choice)| AskOption {
            id,
            title: choice.title,
            risk: choice.risk,
            details: choice.details,
            recommended: choice.recommended,
        });
        let ask = Ask { instructions: with.question.clone(), options: options.collect(), ..Ask::default() };
        Ok(Intent { summary: with.question, ask: Some(ask), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(never_acts(self.kind()))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(nothing_sent(self.kind()))
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        let with: Decision = match arguments(&task.with) {
            Ok(with) => with,
            Err(diagnosis) => return Ending::Failed(diagnosis),
        };
        match task.answer.as_ref().and_then(|answer| Some((answer.option.as_ref()?, answer))) {
            Some((option, answer)) if with.options.contains_key(option) => {
                Ending::outputs([("option", json!(option)), ("reason", json!(answer.reason))])
            }
            Some((option, _)) => Ending::Failed(
                Diagnosis::of(format!("`{option}` is none of the options"))
                    .hint("Retry the step and choose again."),
            ),
            None => Ending::Failed(unanswered("decision")),
        }
    }
}
