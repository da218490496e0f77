//! Progress: what may be dropped from a screen. Log lines are also kept as evidence, by the driver.

use holdpoint_run::Work;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Something an operator may want to see now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Note {
    /// One sentence: what is waited for.
    Says {
        /// The sentence.
        text: String,
    },
    /// State of a rollout as AWS tells it, newest replaces older. See `steps::ecs` for its fields.
    Rollout {
        /// JSON object of the family's own form.
        view: Value,
    },
    /// What goes on, as a card of the screen: `view["card"]` says which one, `"terraform"`, `"mirror"` or `"operation"`.
    /// Newest replaces older.
    Shows {
        /// JSON object of the card's own form.
        view: Value,
    },
    /// A line of a log or of a child's output.
    Line {
        /// Where from: a log group and stream, `stdout`, `stderr`, `event`.
        source: String,
        /// When it was written, where that is known, milliseconds since 1970.
        at: Option<i64>,
        /// The text.
        text: String,
    },
}

/// Where an executor tells what goes on. Cheap to clone; never blocks; telling nobody is fine.
#[derive(Debug, Clone)]
pub struct Progress {
    work: Work,
    to: Option<mpsc::UnboundedSender<(Work, Note)>>,
    backlog: Arc<AtomicUsize>,
}

/// How many notes may wait before who has much to say is asked to wait, too.
const BACKLOG: usize = 2_000;
/// How long it waits until it looks again.
const LOOK: Duration = Duration::from_millis(2);

impl Progress {
    /// Progress of `work`, told to `to`.
    pub fn new(work: Work, to: mpsc::UnboundedSender<(Work, Note)>) -> Self {
        Self::counted(work, to, Arc::default())
    }

    /// Progress that nobody listens to.
    pub fn silent(work: Work) -> Self {
        Self { work, to: None, backlog: Arc::default() }
    }

    /// Progress whose listener counts down `backlog` with every note that it takes.
    pub(crate) fn counted(
        work: Work,
        to: mpsc::UnboundedSender<(Work, Note)>,
        backlog: Arc<AtomicUsize>,
    ) -> Self {
        Self { work, to: Some(to), backlog }
    }

    /// Waits until there is room for more lines: a script that says more than can be kept waits for it.
    pub async fn room(&self) {
        while self.backlog.load(Ordering::Relaxed) > BACKLOG {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is waited for.
    pub fn says(&self, text: impl Into<String>) {
        self.tell(Note::Says { text: text.into() });
    }

    /// State of a rollout.
    pub fn rollout(&self, view: Value) {
        self.tell(Note::Rollout { view });
    }

    /// A card: what goes on, in the form that `view["card"]` names.
    pub fn shows(&self, view: Value) {
        self.tell(Note::Shows { view });
    }

    /// A line.
    pub fn line(&self, source: impl Into<String>, at: Option<i64>, text: impl Into<String>) {
        self.tell(Note::Line { source: source.into(), at, text: text.into() });
    }

    fn tell(&self, note: Note) {
        if let Some(to) = &self.to {
            self.backlog.fetch_add(1, Ordering::Relaxed);
            // The driver is gone: nobody is left to be told.
            let _ = to.send((self.work.clone(), note));
        }
    }
}
