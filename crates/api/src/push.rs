//! What changes, pushed as it changes: runs that are driven here, and runs that somebody else drives.

use crate::console::Console;
use crate::runs::Open;
use crate::views::{RunView, Update, log_page};
use holdpoint_engine::RunHandle;
use holdpoint_ledger::Ledger as _;
use holdpoint_run::{RunId, Work};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The least time between two pushes of one run: about three frames.
const PUSH_EVERY: Duration = Duration::from_millis(50);
/// How often is looked whether another drives a run that was let go of, before it counts as one that nobody drives: ten
/// seconds.
const LOOKS_FOR_NEXT: u32 = 200;

impl Console {
    /// Keeps a run that is driven here, pushes what changes of it, and lets go when it is over.
    pub(crate) fn employ(self: &Arc<Self>, run: RunId, handle: RunHandle, text: Arc<str>) {
        let open = Open { handle: handle.clone(), text };
        self.opened().insert(run.clone(), open);
        self.tell(Update::Home);
        let console = Arc::clone(self);
        tokio::spawn(async move {
            console.push(&handle).await;
            console.settle_lock();
            if handle.state().end.is_some() {
                console.settled(&handle.id()).await;
            } else {
                console.follow_on(&handle).await;
            }
            console.tell(Update::Home);
        });
    }

    /// A run that this process let go of is looked at from here on, as anybody else's.
    async fn follow_on(self: &Arc<Self>, handle: &RunHandle) {
        let run = handle.id();
        let ours = || self.opened().get(&run).is_some_and(|open| open.handle.is(handle));
        // Who asked takes the lock a moment after it is free.
        for _ in 0..LOOKS_FOR_NEXT {
            if !ours() || !matches!(self.driven_by(handle.folder()), Ok(None)) {
                break;
            }
            tokio::time::sleep(PUSH_EVERY).await;
        }
        if !ours() {
            return;
        }
        self.opened().remove(&run);
        match self.view(&run).await {
            Ok(view) => {
                self.watch(&run, &view);
                self.tell(Update::Run { view: Box::new(view) });
            }
            Err(problem) => tracing::warn!(%run, %problem, "a run that was let go of"),
        }
    }

    /// Pushes views and new log lines until the driver is gone.
    async fn push(&self, handle: &RunHandle) {
        let mut changes = handle.changes();
        let mut told: BTreeMap<Work, u64> = BTreeMap::new();
        let mut waits = None;
        loop {
            changes.borrow_and_update();
            self.push_lines(handle, &mut told);
            self.settle_lock();
            if let Some(view) = self.view_of(handle, &self.text_of(handle)) {
                let now = (view.status, view.current.clone());
                if waits.as_ref() != Some(&now) {
                    waits = Some(now);
                    self.tell(Update::Home);
                }
                self.tell(Update::Run { view: Box::new(view) });
            }
            if handle.is_finished() {
                return;
            }
            tokio::time::sleep(PUSH_EVERY).await;
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Text of the plan that a run is walked by now: another one may have taken its place.
    fn text_of(&self, handle: &RunHandle) -> Arc<str> {
        self.opened().get(&handle.id()).map(|open| Arc::clone(&open.text)).unwrap_or_default()
    }

    fn push_lines(&self, handle: &RunHandle, told: &mut BTreeMap<Work, u64>) {
        let run = handle.id().to_string();
        let fresh = handle.board(|board| {
            let of = |(work, known): (&Work, &holdpoint_engine::WorkBoard)| {
                let after = told.get(work).copied().filter(|after| *after <= known.total).unwrap_or(0);
                (work.clone(), known.total, log_page(Some(known), after).lines)
            };
            board.works().map(of).collect::<Vec<_>>()
        });
        for (work, total, lines) in fresh {
            told.insert(work.clone(), total);
            if !lines.is_empty() {
                self.tell(Update::Log { run: run.clone(), step: work.step.to_string(), lines });
            }
        }
    }

    pub(crate) fn tell(&self, update: Update) {
        // Nobody listens: nothing is shown.
        let _ = self.updates.send(update);
    }

    /// Follows an open run that another process drives, as long as it does: what it stores is pushed here, too.
    pub fn watch(self: &Arc<Self>, run: &RunId, view: &RunView) {
        if view.driven_by.is_none() || !self.watched().insert(run.clone()) {
            return;
        }
        let (console, run, mut seq) = (Arc::clone(self), run.clone(), view.seq);
        tokio::spawn(async move {
            while let Ok(Some(newer)) = console.next_of(&run, seq).await {
                seq = newer.seq;
                let goes_on = newer.driven_by.is_some();
                console.tell(Update::Run { view: Box::new(newer) });
                if !goes_on {
                    break;
                }
            }
            console.watched().remove(&run);
            console.tell(Update::Home);
        });
    }

    /// The view after event `seq`, or after its driver has gone; `None` once this process drives it.
    async fn next_of(&self, run: &RunId, seq: u64) -> Result<Option<RunView>, crate::Problem> {
        loop {
            if self.handle(run).is_some() {
                return Ok(None);
            }
            // The wait ends now and then, to see whether the driver is still there.
            let more = tokio::time::timeout(Duration::from_secs(2), self.ledger.tail(run, seq)).await;
            let view = self.view(run).await?;
            if more.is_ok() || view.driven_by.is_none() {
                return Ok(Some(view));
            }
        }
    }
}
