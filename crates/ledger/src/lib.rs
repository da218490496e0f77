//! The journal on disk.
//!
//! Invariant: [`Ledger::append`] is the only write, and it is conditional. There is no update and no delete; SQLite
//! itself refuses them. What cannot be stored is an error, never a log line.

mod anchor;
mod derived;
mod memory;
mod sqlite;
mod verify;

pub use anchor::{Anchor, AnchorError, Anchors};
pub use derived::{Derived, Entry};
pub use memory::MemoryLedger;
pub use sqlite::SqliteLedger;
pub use verify::{Check, Verdict, verify};

use async_trait::async_trait;
use holdpoint_run::RunId;
use holdpoint_run::chain::Stored;

/// Why nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Somebody else appended meanwhile: load, decide again.
    #[error("run {run} is at event {found}, not at {expected}: another driver wrote to it")]
    Conflict {
        /// The run.
        run: RunId,
        /// What the caller had seen.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The events do not continue the chain.
    #[error("the events do not continue the chain of run {run}")]
    Unchained {
        /// The run.
        run: RunId,
    },
    /// The disk said no. Nothing more is written until the ledger is opened again and verified.
    #[error(
        "the ledger {path} could not be written: {why}; nothing more is written to it until Holdpoint is started anew"
    )]
    Storage {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// An earlier write failed.
    #[error(
        "the ledger {path} is read-only since a write failed: start Holdpoint anew when there is space, then `holdpoint verify`"
    )]
    Frozen {
        /// The file.
        path: String,
    },
    /// Made by a newer version.
    #[error(
        "the ledger {path} was made by a newer version of Holdpoint (schema {found}): it can be read here, not written; update Holdpoint"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
    },
    /// It cannot be opened or read.
    #[error("the ledger {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
}

/// A run as listed: how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Which run.
    pub run: RunId,
    /// Number of its newest event.
    pub seq: u64,
    /// Hash of that.
    pub head: [u8; 32],
}

/// Where journals are kept.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Stores events durably if the run is at `expected_seq` (0 for a new run); all of them or none.
    async fn append(&self, run: &RunId, expected_seq: u64, events: Vec<Stored>) -> Result<(), LedgerError>;

    /// Events of a run after `after`, in order. A run that is not there has none.
    async fn read(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError>;

    /// Waits until a run has events after `after`, whoever writes them, and reads them.
    async fn tail(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError>;

    /// All runs, the newest first.
    async fn runs(&self) -> Result<Vec<RunRow>, LedgerError>;
}

/// Whether `events` continue a run whose newest event has number `seq` and hash `head`.
pub(crate) fn continues(seq: u64, head: &[u8; 32], events: &[Stored]) -> bool {
    let mut prev = (seq, *head);
    events.iter().all(|event| {
        let fits = event.seq == prev.0 + 1
            && event.prev == prev.1
            && holdpoint_run::chain::link(&prev.1, &event.bytes) == event.hash;
        prev = (event.seq, event.hash);
        fits
    })
}
