//! What runs left for later: listed over all of them, closed, put off or handed on.

use crate::views::{ObligationView, RunSummary, obligation_view};
use crate::{Console, Problem};
use holdpoint_engine::{Pen, settle_obligation};
use holdpoint_ledger::Ledger;
use holdpoint_plan::kinds::Dur;
use holdpoint_run::{At, Command, RunId, State};
use std::sync::Arc;

/// By when, and by whom, something is to be done from now on. What is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How long from now, e.g. `7d`.
    pub within: Option<String>,
    /// Who sees to it.
    pub owner: Option<String>,
    /// Why.
    pub reason: String,
}

impl Console {
    /// What stands, of every run: what is due first, first; practice last.
    pub async fn obligations(&self) -> Result<Vec<ObligationView>, Problem> {
        let runs = self.all_runs().await?;
        let mut all: Vec<ObligationView> = runs.into_iter().flat_map(|run| run.obligations).collect();
        sort(&mut all);
        Ok(all)
    }

    /// Closes one: it is done, or need not be. `evidence` is a note, or the digest of a file.
    ///
    /// # Errors
    /// Nothing stands by that id, no reason, or somebody else drives the run.
    pub async fn close_obligation(
        &self,
        run: &RunId,
        id: &str,
        reason: String,
        evidence: Option<String>,
    ) -> Result<(), Problem> {
        let command = Command::CloseObligation { id: id.to_owned(), by: self.actor(), reason, evidence };
        self.settle(run, command).await
    }

    /// Puts one off, or hands it on.
    ///
    /// # Errors
    /// As when one is closed; a length of time that cannot be read.
    pub async fn move_obligation(&self, run: &RunId, id: &str, moved: Moved) -> Result<(), Problem> {
        let state = self.state(run).await?;
        let known = state.obligations.get(id).map(|known| known.obligation.clone());
        let known = known.ok_or_else(|| {
            Problem::new(format!("run {run} left no `{id}`"))
                .code("not_found")
                .hint("`holdpoint obligations` lists what stands")
        })?;
        let due = match &moved.within {
            Some(within) => Some(self.ahead(within)?),
            None => known.due,
        };
        let owner = moved.owner.or(known.owner);
        let by = self.actor();
        let command = Command::MoveObligation { id: id.to_owned(), due, owner, by, reason: moved.reason };
        self.settle(run, command).await
    }

    fn ahead(&self, within: &str) -> Result<At, Problem> {
        let length: Dur = within.parse().map_err(|_| {
            Problem::new(format!("`{within}` is no length of time, like 7d or 12h")).code("usage")
        })?;
        let millis = i64::try_from(length.get().as_millis()).unwrap_or(i64::MAX);
        Ok(At(self.clock.now().0.saturating_add(millis)))
    }

    /// By the driver where there is one here, else beside it: a run may be over long since.
    async fn settle(&self, run: &RunId, command: Command) -> Result<(), Problem> {
        let by = self.actor().name;
        if let Some(handle) = self.handle(run).filter(|handle| !handle.is_finished()) {
            return Ok(handle.command(command, &by).await?);
        }
        self.ledger.writable()?;
        let kept = self.kept(run).await?;
        let pen = Pen {
            ledger: Arc::clone(&self.ledger) as Arc<dyn Ledger>,
            anchors: self.anchors.clone(),
            device: self.device()?.clone(),
            clock: Arc::clone(&self.clock),
            points: Arc::clone(&self.config.points),
        };
        Ok(settle_obligation(pen, &kept.folder, run, kept.plans, &self.config.driver, command, &by).await?)
    }
}

/// What stands of a run.
pub(crate) fn standing(state: &State, run: &RunSummary, now: At) -> Vec<ObligationView> {
    let stands = state.obligations.values().filter(|known| known.closed.is_none());
    stands.map(|known| obligation_view(run, known, now)).collect()
}

/// What is due first, first; practice last.
pub(crate) fn sort(all: &mut [ObligationView]) {
    all.sort_by(|one, other| {
        let key = |view: &ObligationView| {
            (view.practice, view.due.is_none(), view.due.clone(), view.opened_at.clone())
        };
        key(one).cmp(&key(other))
    });
}
