//! The ledger on disk: SQLite, WAL, `synchronous=FULL`, one writer thread.
//!
//! Appends that wait together are committed together: one sync for all of them. A failed write freezes the ledger:
//! after a failed sync nobody knows what the disk holds, so it is never retried (PostgreSQL learned this in 2018).

use crate::{Ledger, LedgerError, RunRow, continues};
use async_trait::async_trait;
use holdpoint_run::RunId;
use holdpoint_run::chain::{Stored, genesis};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Version of what this code writes (`PRAGMA user_version`). 2 has the facts of revisions, broken glass and obligations,
/// which a reader of 1 does not know; the tables are the same.
const SCHEMA: i64 = 2;
/// How often another process's appends are looked for: one header page is read.
const TAIL_EVERY: Duration = Duration::from_millis(150);

/// Journals in one SQLite file.
pub struct SqliteLedger {
    path: PathBuf,
    writer: Option<Sender<Append>>,
    found_schema: i64,
    reader: Arc<Mutex<Connection>>,
}

struct Append {
    run: RunId,
    expected_seq: u64,
    events: Vec<Stored>,
    reply: oneshot::Sender<Result<(), LedgerError>>,
}

impl SqliteLedger {
    /// Opens or makes the file. One made by a newer version opens for reading only.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let failed = |error: rusqlite::Error| unreadable(path, &error);
        let writer = Connection::open(path).map_err(failed)?;
        writer.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        let found: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        let writable = found <= SCHEMA;
        if writable {
            prepare(&writer, found).map_err(|error| match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => storage(path, &error),
                Some(_) | None => unreadable(path, &error),
            })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags).map_err(failed)?;
        reader.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        let sender = match writable {
            true => Some(start_writer(path.to_owned(), writer)?),
            false => None,
        };
        Ok(Self {
            path: path.to_owned(),
            writer: sender,
            found_schema: found,
            reader: Arc::new(Mutex::new(reader)),
        })
    }

    /// Whether it may be written. To be asked before anything is started whose facts would have no place.
    ///
    /// # Errors
    /// [`LedgerError::Newer`].
    pub fn writable(&self) -> Result<(), LedgerError> {
        match self.writer {
            Some(_) => Ok(()),
            None => {
                Err(LedgerError::Newer { path: self.path.display().to_string(), found: self.found_schema })
            }
        }
    }

    /// What is left of a run whose file is damaged: the events from the first on, each linked to the one before. For a
    /// file that [`Ledger::read`] cannot read to its end; of one that it can it is the intact part.
    pub async fn salvage(&self, run: &RunId) -> Vec<Stored> {
        let of = run.clone();
        let found = self.reading(move |reader| {
            // By the table and by its index: damage to one often leaves the other.
            let [table, index] = ["NOT INDEXED WHERE run = ?1", "WHERE run = ?1 ORDER BY seq"];
            let all = [table, index]
                .map(|how| legible(reader, &format!("SELECT seq, bytes, prev, hash FROM events {how}"), &of));
            Ok(all.into_iter().flatten().flatten().collect::<Vec<_>>())
        });
        let mut found = found.await.unwrap_or_default();
        found.sort_by_key(|event| event.seq);
        let mut left: Vec<Stored> = Vec::new();
        let mut head = (0, genesis(run));
        for event in found {
            if continues(head.0, &head.1, std::slice::from_ref(&event)) {
                head = (event.seq, event.hash);
                left.push(event);
            }
        }
        left
    }

    /// At most `most` events of a run after `after`, in order: a journal of any length is read in parts.
    pub async fn part(&self, run: &RunId, after: u64, most: u64) -> Result<Vec<Stored>, LedgerError> {
        let run = run.clone();
        self.reading(move |reader| {
            let mut query = reader.prepare_cached(
                "SELECT seq, bytes, prev, hash FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )?;
            let rows = query.query_map(params![run.as_str(), after, most], |row| stored(row, 0))?;
            rows.collect()
        })
        .await
    }

    async fn reading<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || {
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            query(&reader)
        });
        match read.await {
            Ok(result) => result.map_err(|error| unreadable(&self.path, &error)),
            Err(gone) => {
                Err(LedgerError::Unreadable { path: self.path.display().to_string(), why: gone.to_string() })
            }
        }
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn append(&self, run: &RunId, expected_seq: u64, events: Vec<Stored>) -> Result<(), LedgerError> {
        let path = || self.path.display().to_string();
        let Some(writer) = &self.writer else {
            return Err(LedgerError::Newer { path: path(), found: self.found_schema });
        };
        let (reply, answer) = oneshot::channel();
        let append = Append { run: run.clone(), expected_seq, events, reply };
        writer.send(append).map_err(|_| LedgerError::Frozen { path: path() })?;
        answer.await.unwrap_or_else(|_| Err(LedgerError::Frozen { path: path() }))
    }

    async fn read(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        let run = run.clone();
        self.reading(move |reader| {
            let mut query = reader.prepare_cached(
                "SELECT seq, bytes, prev, hash FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq",
            )?;
            let rows = query.query_map(params![run.as_str(), after], |row| stored(row, 0))?;
            rows.collect()
        })
        .await
    }

    async fn tail(&self, run: &RunId, after: u64) -> Result<Vec<Stored>, LedgerError> {
        loop {
            let events = self.read(run, after).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            tokio::time::sleep(TAIL_EVERY).await;
        }
    }

    async fn runs(&self) -> Result<Vec<RunRow>, LedgerError> {
        let rows = self
            .reading(|reader| {
                // From one run's name to the next by the index: the events between, which are most of the file, are not read.
                let mut query = reader.prepare_cached(
                    "WITH RECURSIVE names (run) AS (
                       SELECT MIN(run) FROM events
                       UNION ALL
                       SELECT (SELECT MIN(run) FROM events WHERE run > names.run) FROM names WHERE run IS NOT NULL
                     )
                     SELECT n.run, l.seq, l.hash
                     FROM names n
                     JOIN events f ON f.run = n.run AND f.seq = 1
                     JOIN events l ON l.run = n.run AND l.seq = (SELECT MAX(seq) FROM events WHERE run = n.run)
                     ORDER BY f.id DESC",
                )?;
                let rows = query.query_map([], |row| {
                    let run: String = row.get(0)?;
                    Ok((run, row.get(1)?, row.get(2)?))
                })?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        rows.into_iter()
            .map(|(run, seq, head)| match RunId::new(run) {
                Ok(run) => Ok(RunRow { run, seq, head }),
                Err(bad) => Err(LedgerError::Unreadable {
                    path: self.path.display().to_string(),
                    why: bad.to_string(),
                }),
            })
            .collect()
    }
}

/// The rows of a query that can be read, up to where the file cannot be read on.
fn legible(reader: &Connection, query: &str, run: &RunId) -> rusqlite::Result<Vec<Stored>> {
    let mut query = reader.prepare(query)?;
    let mut rows = query.query([run.as_str()])?;
    let mut found = Vec::new();
    while let Ok(Some(row)) = rows.next() {
        found.extend(stored(row, 0));
    }
    Ok(found)
}

fn prepare(writer: &Connection, found: i64) -> rusqlite::Result<()> {
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "synchronous", "FULL")?;
    if found == 0 {
        writer.execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS events (
               id INTEGER PRIMARY KEY,
               run TEXT NOT NULL,
               seq INTEGER NOT NULL,
               bytes BLOB NOT NULL,
               prev BLOB NOT NULL,
               hash BLOB NOT NULL,
               UNIQUE (run, seq)
             ) STRICT;
             CREATE TRIGGER IF NOT EXISTS events_are_kept BEFORE DELETE ON events
               BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
             CREATE TRIGGER IF NOT EXISTS events_stand BEFORE UPDATE ON events
               BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
             PRAGMA user_version = 2;
             COMMIT;",
        )?;
    } else if found < SCHEMA {
        // From here on the older version reads it and does not write to it.
        writer.pragma_update(None, "user_version", SCHEMA)?;
    }
    Ok(())
}

fn start_writer(path: PathBuf, connection: Connection) -> Result<Sender<Append>, LedgerError> {
    let (sender, receiver) = channel();
    let at = path.clone();
    std::thread::Builder::new()
        .name("ledger".into())
        .spawn(move || write_all(&path, connection, &receiver))
        .map_err(|error| LedgerError::Storage { path: at.display().to_string(), why: error.to_string() })?;
    Ok(sender)
}

/// The writer thread: takes what waits, commits it together, answers each.
fn write_all(path: &Path, mut connection: Connection, waiting: &Receiver<Append>) {
    let mut frozen = false;
    while let Ok(first) = waiting.recv() {
        let batch: Vec<Append> = std::iter::once(first).chain(waiting.try_iter()).collect();
        if frozen {
            for append in batch {
                answer(append.reply, Err(LedgerError::Frozen { path: path.display().to_string() }));
            }
            continue;
        }
        match commit(&mut connection, &batch) {
            Ok(results) => {
                batch.into_iter().zip(results).for_each(|(append, result)| answer(append.reply, result))
            }
            Err(error) => {
                frozen = true;
                let failure = storage(path, &error);
                batch.into_iter().for_each(|append| answer(append.reply, Err(failure.clone())));
            }
        }
    }
}

/// One transaction for the whole batch. A conflict is one append's own; an error of the disk is everybody's.
fn commit(connection: &mut Connection, batch: &[Append]) -> rusqlite::Result<Vec<Result<(), LedgerError>>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(batch.len());
    for append in batch {
        results.push(append_one(&transaction, append)?);
    }
    transaction.commit()?;
    Ok(results)
}

fn append_one(transaction: &Connection, append: &Append) -> rusqlite::Result<Result<(), LedgerError>> {
    let run = &append.run;
    let head: Option<(u64, [u8; 32])> = transaction
        .prepare_cached("SELECT seq, hash FROM events WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (found, head) = head.unwrap_or_else(|| (0, genesis(run)));
    if found != append.expected_seq {
        return Ok(Err(LedgerError::Conflict { run: run.clone(), expected: append.expected_seq, found }));
    }
    if !continues(found, &head, &append.events) {
        return Ok(Err(LedgerError::Unchained { run: run.clone() }));
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO events (run, seq, bytes, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for event in &append.events {
        insert.execute(params![run.as_str(), event.seq, event.bytes, event.prev, event.hash])?;
    }
    Ok(Ok(()))
}

fn answer(reply: oneshot::Sender<Result<(), LedgerError>>, result: Result<(), LedgerError>) {
    // Who asked is gone: the event stands all the same.
    let _ = reply.send(result);
}

fn stored(row: &Row<'_>, from: usize) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seq: row.get(from)?,
        bytes: row.get(from + 1)?,
        prev: row.get(from + 2)?,
        hash: row.get(from + 3)?,
    })
}

fn storage(path: &Path, error: &rusqlite::Error) -> LedgerError {
    LedgerError::Storage { path: path.display().to_string(), why: error.to_string() }
}

fn unreadable(path: &Path, error: &rusqlite::Error) -> LedgerError {
    let why = match error.sqlite_error_code() {
        // SQLite says no more when it cannot make the small files that it needs beside the ledger.
        Some(rusqlite::ErrorCode::SystemIoFailure) => {
            format!("{error}; look whether its disk is full or failing")
        }
        Some(_) | None => error.to_string(),
    };
    LedgerError::Unreadable { path: path.display().to_string(), why }
}
