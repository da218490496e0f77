//! What steps ask while they are followed, kept for the test to answer.

use async_trait::async_trait;
use holdpoint_engine::Asks;
use holdpoint_run::Question;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Questions and withdrawals, in order.
#[derive(Default)]
pub struct Asked {
    questions: Mutex<Vec<Question>>,
    withdrawn: Mutex<Vec<(String, String)>>,
    new: Notify,
}

impl Asked {
    /// Waits for the first question.
    pub async fn first(&self) -> Question {
        self.after(0).await
    }

    /// Waits for the question that comes after so many.
    pub async fn after(&self, many: usize) -> Question {
        loop {
            let new = self.new.notified();
            if let Some(question) = self.questions.lock().unwrap().get(many).cloned() {
                return question;
            }
            new.await;
        }
    }

    /// Keys and reasons of what was taken back.
    pub fn withdrawn(&self) -> Vec<(String, String)> {
        self.withdrawn.lock().unwrap().clone()
    }
}

#[async_trait]
impl Asks for Asked {
    async fn ask(&self, question: Question) -> bool {
        self.questions.lock().unwrap().push(question);
        self.new.notify_one();
        true
    }

    async fn withdraw(&self, key: &str, why: &str) {
        self.withdrawn.lock().unwrap().push((key.to_owned(), why.to_owned()));
    }
}
