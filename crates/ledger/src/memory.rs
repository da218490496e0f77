//! A ledger in memory: for tests of the engine, under the same conformance suite as the one on disk.

use crate::{Ledger, LedgerError, RunRow, continues};
use async_trait::async_trait;
use holdpoint_run::RunId;
use holdpoint_run::chain::{Stored, genesis};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Journals that end with the process.
#[derive(Default)]
pub struct MemoryLedger {
    runs: Mutex<BTreeMap<RunId, (u64, Vec<Stored>)>>,
    changed: Notify,
}

impl MemoryLedger {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn runs_mut(&self) -> MutexGuard<'_, BTreeMap<RunId, (u64, Vec<Stored>)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn append(&self, run: &RunId, expected_seq: u64, events: Vec<Stored>) -> Result<(), LedgerError> {
        let mut runs = self.runs_mut();
        let order = runs.values().map(|(order, _)| *order).max().unwrap_or(0) + 1;
        let found = runs.get(run).map_or(0, |(_, events)| events.len() as u64);
        if found != expected_seq {
            return Err(LedgerError::Conflict { run: run.clone(), expected: expected_seq, found });
        }
        let head = runs
            .get(run)
            .and_then(|(_, events)| events.last())
            .map_or_else(|| genesis(run), |last| last.hash);
        if !continues(found, &head, &events) {
            return Err(LedgerError::Unchained { run: run.clone() });
        }
        if !events.is_empty() {
            runs.entry(run.clone()).or_insert_with(|| (order, Vec::new())).1.extend(events);
        }
        drop(runs);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn read(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        let runs = self.runs_mut();
        let events = runs.get(run).map(|(_, events)| events.as_slice()).unwrap_or_default();
        Ok(events.iter().filter(|event| event.seq > after).cloned().collect())
    }

    async fn tail(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let events = self.read(run, after).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            changed.await;
        }
    }

    async fn runs(&self) -> Result<Vec<RunRow>, LedgerError> {
        let runs = self.runs_mut();
        let mut rows: Vec<_> = runs
            .iter()
            .filter_map(|(run, (order, events))| {
                let last = events.last()?;
                Some((*order, RunRow { run: run.clone(), seq: last.seq, head: last.hash }))
            })
            .collect();
        rows.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}
