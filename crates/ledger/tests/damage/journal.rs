//! The journal that is damaged: events of one run, made the same every time, in memory and in a file.

use ed25519_dalek::SigningKey;
use holdpoint_ledger::{Anchor, Ledger as _, LedgerError, SqliteLedger};
use holdpoint_run::chain::{Draft, Stored, genesis, hex, seal};
use holdpoint_run::{Actor, At, Fact, Mode, RunId};
use std::path::Path;

/// The run of all of them.
pub(crate) fn run() -> RunId {
    RunId::new("7K2M7K2M").unwrap()
}

/// `count` events of a chain, each with `padding` bytes of text besides.
pub(crate) fn journal(count: u64, padding: usize) -> Vec<Stored> {
    let (run, text) = (run(), "x".repeat(padding));
    let mut prev = genesis(&run);
    let sealed = (1..=count).map(|seq| {
        let by = Actor { name: "op-a".into(), through: "cli".into() };
        let fact = Fact::Aborted { by, reason: format!("number {seq}{text}") };
        let draft = Draft {
            at: At(1_000),
            monotonic: seq,
            actor: "op-a".into(),
            identity: None,
            mode: Mode::Live,
            fact,
        };
        let stored = seal(&run, seq, prev, &draft).unwrap();
        prev = stored.hash;
        stored
    });
    sealed.collect()
}

/// An anchor at the event of that number.
pub(crate) fn anchor(events: &[Stored], count: usize) -> Anchor {
    let key = SigningKey::from_bytes(&[5; 32]);
    Anchor::sign(&key, &run(), count as u64, &hex(&events[count - 1].hash), At(2_000))
}

/// The name of a ledger's file.
pub(crate) const FILE: &str = "ledger.sqlite3";

/// Opens the ledger of a folder.
pub(crate) fn open(folder: &Path) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::open(&folder.join(FILE))
}

/// All events that a ledger has of the run.
pub(crate) fn read(ledger: &SqliteLedger) -> Result<Vec<Stored>, LedgerError> {
    wait(ledger.read(&run(), 0))
}

/// Appends after the event of that number.
pub(crate) fn append(ledger: &SqliteLedger, after: u64, events: &[Stored]) -> Result<(), LedgerError> {
    wait(ledger.append(&run(), after, events.to_vec()))
}

/// Waits for a future on a runtime of this thread's own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
