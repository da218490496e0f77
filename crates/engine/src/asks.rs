//! Asking a person while a step is followed: [`Asks`].

use crate::desktop::Desktop;
use crate::veil::veil;
use async_trait::async_trait;
use holdpoint_run::{Command, Question, Work};

/// Where an executor asks while it follows. Nothing is waited for: who answers is told to the executor by the action
/// that the answer adds, and what happens outside by the world.
#[async_trait]
pub trait Asks: Send + Sync {
    /// Asks; asked again, it is the same question. False when nobody can be asked here: in a check, or after an answer.
    async fn ask(&self, question: Question) -> bool;

    /// Says that what was asked is settled without this run's answer.
    async fn withdraw(&self, key: &str, why: &str);
}

/// Nobody is there to be asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

#[async_trait]
impl Asks for Nobody {
    async fn ask(&self, _: Question) -> bool {
        false
    }

    async fn withdraw(&self, _: &str, _: &str) {}
}

/// Asks whoever attends to the run: the question is a fact before it is shown.
pub(crate) struct AskRun {
    pub(crate) desk: Desktop,
    pub(crate) work: Work,
}

#[async_trait]
impl Asks for AskRun {
    async fn ask(&self, question: Question) -> bool {
        let Ok(question) = veil(&self.desk.tools.redactor, question) else { return false };
        let replies = self.desk.state.work(&self.work).map(|known| known.replies.as_slice());
        if replies.unwrap_or_default().iter().any(|(key, _)| key == &question.key) {
            return false;
        }
        let command = Command::Ask { work: self.work.clone(), question: Box::new(question) };
        self.desk.carry(command).await.is_ok()
    }

    async fn withdraw(&self, key: &str, why: &str) {
        let why = self.desk.tools.redactor.redact_str(why).into_owned();
        // A run that was stopped meanwhile has nothing left to withdraw.
        let _ =
            self.desk.carry(Command::Withdraw { work: self.work.clone(), key: key.to_owned(), why }).await;
    }
}
