//! How long what only looks, or what is sent again without harm, may take: the limit of its step.

use holdpoint_engine::{Clock, Task};
use holdpoint_run::Diagnosis;
use std::sync::Arc;
use std::time::Duration;

/// Real time that everything has at least, of a limit that is not shorter: a clock that is sped up in practice speeds up no
/// program and no registry.
const MOMENT: Duration = Duration::from_secs(60);

/// A limit by a step's clock.
pub(crate) struct Patience {
    clock: Arc<dyn Clock>,
    limit: Option<Duration>,
}

impl Patience {
    /// As long as the step may take; without end where it has no limit.
    pub(crate) fn of(task: &Task) -> Self {
        Self { clock: Arc::clone(&task.clock), limit: task.timeout }
    }

    /// So long where the step has no limit.
    pub(crate) fn or(self, limit: Duration) -> Self {
        Self { limit: self.limit.or(Some(limit)), ..self }
    }

    /// What it comes to, unless it takes longer. `what` begins the sentence that tells so: what is waited for no longer is
    /// dropped, and whoever started it ends it.
    pub(crate) async fn within<T>(&self, what: &str, work: impl Future<Output = T>) -> Result<T, Diagnosis> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            limit = self.over() => Err(Diagnosis::of(format!(
                "{what} was stopped: it took longer than {} s", limit.as_secs()
            ))
            .hint("See what it waits for; give the step a longer `timeout`, then retry.")),
        }
    }

    async fn over(&self) -> Duration {
        let Some(limit) = self.limit else { return std::future::pending().await };
        tokio::join!(self.clock.sleep(limit), tokio::time::sleep(limit.min(MOMENT)));
        limit
    }
}
