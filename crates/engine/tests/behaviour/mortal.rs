//! A ledger whose process dies at some of its appends: before the append or right after it, nothing more is done.

use async_trait::async_trait;
use holdpoint_ledger::{Ledger, LedgerError, MemoryLedger, RunRow};
use holdpoint_run::RunId;
use holdpoint_run::chain::Stored;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// When a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    BeforeAppend,
    AfterAppend,
}

/// A ledger in memory that outlives the processes that write it.
pub(crate) struct Mortal {
    ledger: MemoryLedger,
    /// Number of an append, from 1 over all processes, and when it kills.
    deaths: BTreeMap<usize, Death>,
    appends: AtomicUsize,
    died: Notify,
}

impl Mortal {
    pub(crate) fn new(deaths: BTreeMap<usize, Death>) -> Self {
        Self { ledger: MemoryLedger::new(), deaths, appends: AtomicUsize::default(), died: Notify::default() }
    }

    /// Waits until the process that writes is dead.
    pub(crate) async fn died(&self) {
        self.died.notified().await;
    }

    async fn die(&self) -> ! {
        self.died.notify_one();
        pending().await
    }
}

#[async_trait]
impl Ledger for Mortal {
    async fn append(&self, run: &RunId, expected_seq: u64, events: Vec<Stored>) -> Result<(), LedgerError> {
        let number = self.appends.fetch_add(1, Ordering::Relaxed) + 1;
        let death = self.deaths.get(&number);
        if death == Some(&Death::BeforeAppend) {
            self.die().await;
        }
        self.ledger.append(run, expected_seq, events).await?;
        if death == Some(&Death::AfterAppend) {
            self.die().await;
        }
        Ok(())
    }

    async fn read(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        self.ledger.read(run, after).await
    }

    async fn tail(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        self.ledger.tail(run, after).await
    }

    async fn runs(&self) -> Result<Vec<RunRow>, LedgerError> {
        self.ledger.runs().await
    }
}
