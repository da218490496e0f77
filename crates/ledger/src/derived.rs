//! What is computed of journals and kept to be quick: a file of its own beside the ledger, that may be deleted at any time.
//!
//! An entry is of one head: it counts as long as that is the newest event of its run. The file is no evidence, so it is not
//! synced; one that is damaged, or of another version, is begun anew.

use holdpoint_run::RunId;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Version of the file. Another one is begun anew.
const SCHEMA: i64 = 1;

/// What is kept of runs, by the head that it was computed of.
pub struct Derived {
    path: PathBuf,
    /// Whose entries count: what another version computed may be of another form.
    maker: String,
    connection: Mutex<Option<Connection>>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the newest event that it was computed of.
    pub head: [u8; 32],
    /// What was computed.
    pub bytes: Vec<u8>,
}

impl Derived {
    /// The file at that place, made when something is kept. `maker` is the version that computes.
    pub fn new(path: &Path, maker: &str) -> Self {
        Self { path: path.to_owned(), maker: maker.to_owned(), connection: Mutex::new(None) }
    }

    /// Everything that is kept. Nothing, where the file cannot be read: all of it can be computed anew.
    pub fn all(&self) -> HashMap<RunId, Entry> {
        self.with(|connection| {
            let mut query = connection.prepare("SELECT run, head, bytes FROM entries WHERE maker = ?1")?;
            let rows = query.query_map([&self.maker], |row| {
                let run: String = row.get(0)?;
                Ok((run, Entry { head: row.get(1)?, bytes: row.get(2)? }))
            })?;
            let named = |(run, entry): (String, Entry)| Some((RunId::new(run).ok()?, entry));
            Ok(rows.filter_map(Result::ok).filter_map(named).collect())
        })
        .unwrap_or_default()
    }

    /// Keeps entries. What cannot be kept is computed again the next time.
    pub fn keep(&self, entries: &[(RunId, Entry)]) {
        if entries.is_empty() {
            return;
        }
        self.with(|connection| {
            let transaction = connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO entries (run, maker, head, bytes) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (run) DO UPDATE SET maker = ?2, head = ?3, bytes = ?4",
                )?;
                for (run, entry) in entries {
                    insert.execute(params![run.as_str(), self.maker, entry.head, entry.bytes])?;
                }
            }
            transaction.commit()
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Option<T> {
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = open(&self.path)
                .or_else(|_| {
                    // A file that is no database is nothing that anybody misses.
                    let _ = std::fs::remove_file(&self.path);
                    open(&self.path)
                })
                .ok();
        }
        let done = work(held.as_mut()?);
        // Another process is at it: later. Anything else: opened anew, and begun anew when it is damaged.
        let is_busy =
            |error: &rusqlite::Error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
        if done.as_ref().is_err_and(|error| !is_busy(error)) {
            *held = None;
        }
        done.ok()
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found != SCHEMA {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             DROP TABLE IF EXISTS entries;
             CREATE TABLE entries (
               run TEXT PRIMARY KEY,
               maker TEXT NOT NULL,
               head BLOB NOT NULL,
               bytes BLOB NOT NULL
             ) STRICT, WITHOUT ROWID;
             PRAGMA user_version = {SCHEMA};
             COMMIT;"
        ))?;
    }
    Ok(connection)
}
