//! A ledger that remembers the world as it was at each append, and one whose disk is full at the n-th.

use crate::world::{Things, World};
use async_trait::async_trait;
use holdpoint_ledger::{Ledger, LedgerError, MemoryLedger, RunRow};
use holdpoint_run::RunId;
use holdpoint_run::chain::Stored;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// One append.
#[derive(Clone)]
pub(crate) struct Cut {
    /// What was stored.
    pub(crate) events: Vec<Stored>,
    /// The world when it was.
    pub(crate) world: Things,
}

/// A ledger in memory, with the world at each append.
pub(crate) struct Tape {
    pub(crate) ledger: MemoryLedger,
    pub(crate) cuts: Mutex<Vec<Cut>>,
    world: Arc<World>,
    /// Number of the append that fails, from 1; the disk stays full after it.
    fails_at: Option<usize>,
    appends: AtomicUsize,
}

impl Tape {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self::failing(world, None)
    }

    pub(crate) fn failing(world: &Arc<World>, fails_at: Option<usize>) -> Self {
        let (ledger, cuts, world) = (MemoryLedger::new(), Mutex::default(), Arc::clone(world));
        Self { ledger, cuts, world, fails_at, appends: AtomicUsize::new(0) }
    }

    pub(crate) fn cuts(&self) -> Vec<Cut> {
        self.cuts.lock().unwrap().clone()
    }
}

#[async_trait]
impl Ledger for Tape {
    async fn append(&self, run: &RunId, expected_seq: u64, events: Vec<Stored>) -> Result<(), LedgerError> {
        let number = self.appends.fetch_add(1, Ordering::Relaxed) + 1;
        if self.fails_at.is_some_and(|fails_at| number >= fails_at) {
            return Err(LedgerError::Storage { path: "tape".into(), why: "no space left".into() });
        }
        let world = self.world.things().clone();
        self.ledger.append(run, expected_seq, events.clone()).await?;
        self.cuts.lock().unwrap().push(Cut { events, world });
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
