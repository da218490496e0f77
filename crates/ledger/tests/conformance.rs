//! One suite for every ledger.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by failing")]

use holdpoint_ledger::{Ledger, LedgerError, MemoryLedger, SqliteLedger};
use holdpoint_run::chain::{Draft, Stored, genesis, seal};
use holdpoint_run::{Actor, At, Fact, Mode, RunId};
use std::sync::Arc;

fn run(name: &str) -> RunId {
    RunId::new(name).unwrap()
}

/// `count` events that continue a run at `seq` with hash `prev`.
fn events(run: &RunId, seq: u64, prev: [u8; 32], count: u64) -> Vec<Stored> {
    let mut prev = prev;
    (1..=count)
        .map(|n| {
            let by = Actor { name: "op-a".into(), through: "cli".into() };
            let fact = Fact::Aborted { by, reason: format!("number {}", seq + n) };
            let draft = Draft {
                at: At(1_000),
                monotonic: n,
                actor: "op-a".into(),
                identity: None,
                mode: Mode::Practice,
                fact,
            };
            let stored = seal(run, seq + n, prev, &draft).unwrap();
            prev = stored.hash;
            stored
        })
        .collect()
}

async fn check(ledger: Arc<dyn Ledger>) {
    let (a, b) = (run("AAAAAAAA"), run("BBBBBBBB"));
    assert_eq!(ledger.read(&a, 0).await, Ok(vec![]), "a run that is not there has no events");
    assert_eq!(ledger.runs().await, Ok(vec![]));

    let first = events(&a, 0, genesis(&a), 3);
    ledger.append(&a, 0, first.clone()).await.unwrap();
    assert_eq!(ledger.read(&a, 0).await.unwrap(), first);
    assert_eq!(ledger.read(&a, 2).await.unwrap(), first[2..]);

    let conflict = ledger.append(&a, 0, events(&a, 0, genesis(&a), 1)).await;
    assert_eq!(conflict, Err(LedgerError::Conflict { run: a.clone(), expected: 0, found: 3 }));

    let elsewhere = events(&b, 3, first[2].hash, 1);
    ledger.append(&a, 3, elsewhere).await.expect("the ledger keeps bytes, it does not read them");
    let unchained = ledger.append(&a, 4, events(&a, 4, [7; 32], 1)).await;
    assert_eq!(unchained, Err(LedgerError::Unchained { run: a.clone() }));
    assert_eq!(ledger.read(&a, 0).await.unwrap().len(), 4, "a refused append stores nothing");

    ledger.append(&b, 0, events(&b, 0, genesis(&b), 1)).await.unwrap();
    let runs = ledger.runs().await.unwrap();
    assert_eq!(
        runs.iter().map(|row| row.run.clone()).collect::<Vec<_>>(),
        [b.clone(), a.clone()],
        "newest first"
    );
    let newest = ledger.read(&a, 3).await.unwrap();
    assert_eq!((runs[1].seq, runs[1].head), (4, newest[0].hash));

    // Sixteen writers at one place: one wins.
    let (seq, head) = (1, ledger.read(&b, 0).await.unwrap()[0].hash);
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (ledger, b, events) = (Arc::clone(&ledger), b.clone(), events(&b, seq, head, 2));
            tokio::spawn(async move { ledger.append(&b, seq, events).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for one in tries {
        winners += usize::from(one.await.unwrap());
    }
    assert_eq!(winners, 1);

    let tail = tokio::spawn({
        let (ledger, b) = (Arc::clone(&ledger), b.clone());
        async move { ledger.tail(&b, 3).await }
    });
    let head = ledger.read(&b, 2).await.unwrap()[0].hash;
    let more = events(&b, 3, head, 1);
    ledger.append(&b, 3, more.clone()).await.unwrap();
    assert_eq!(tail.await.unwrap(), Ok(more));
}

#[tokio::test]
async fn memory() {
    check(Arc::new(MemoryLedger::new())).await;
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    check(Arc::new(SqliteLedger::open(&folder.path().join("ledger.sqlite3")).unwrap())).await;
}

#[tokio::test]
async fn sqlite_twice_open_and_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let a = run("AAAAAAAA");
    let one = SqliteLedger::open(&path).unwrap();
    let two = SqliteLedger::open(&path).unwrap();
    let written = events(&a, 0, genesis(&a), 2);
    one.append(&a, 0, written.clone()).await.unwrap();
    assert!(matches!(two.append(&a, 0, written.clone()).await, Err(LedgerError::Conflict { found: 2, .. })));
    drop((one, two));
    assert_eq!(SqliteLedger::open(&path).unwrap().read(&a, 0).await.unwrap(), written);
}

#[tokio::test]
async fn a_newer_file_is_read_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let a = run("AAAAAAAA");
    let written = events(&a, 0, genesis(&a), 1);
    SqliteLedger::open(&path).unwrap().append(&a, 0, written.clone()).await.unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = SqliteLedger::open(&path).unwrap();
    assert_eq!(newer.read(&a, 0).await.unwrap(), written);
    assert!(matches!(
        newer.append(&a, 1, events(&a, 1, written[0].hash, 1)).await,
        Err(LedgerError::Newer { found: 99, .. })
    ));
}

#[tokio::test]
async fn sqlite_itself_refuses_to_change_or_delete_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    let a = run("AAAAAAAA");
    SqliteLedger::open(&path).unwrap().append(&a, 0, events(&a, 0, genesis(&a), 1)).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    assert!(other.execute("DELETE FROM events", []).is_err());
    assert!(other.execute("UPDATE events SET seq = 9", []).is_err());
}

#[test]
fn a_file_that_is_no_ledger_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    std::fs::write(&path, "not a database, at all, and long enough to have a header of a hundred bytes, which this line has by now").unwrap();
    let Err(error) = SqliteLedger::open(&path) else { panic!("opened") };
    assert!(error.to_string().contains("ledger.sqlite3"), "{error}");
}
