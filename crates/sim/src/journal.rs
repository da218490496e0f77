//! The journal on disk: one JSON line for everything that altered the world, synced before anybody is told.
//! The world is a fold over it, so there is nothing else to keep consistent.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::furnish::{Change, Furnishing};
use crate::people::Caller;
use crate::scenario::Scenario;
use crate::sso::Expire;

/// The journal's form; another one is refused, not guessed at.
pub(crate) const VERSION: u32 = 1;

/// One line. `t` is elapsed microseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub(crate) enum Line {
    /// A process began to serve.
    Start {
        version: u32,
        t: Micros,
        wall: Micros,
        seed: u64,
        speed: f64,
        name: String,
        scenario: Box<Scenario>,
    },
    /// The wall clock says something else than was counted on.
    Wall {
        t: Micros,
        wall: Micros,
    },
    /// Events that were due until `t` have happened and may have been seen.
    Tick {
        t: Micros,
    },
    Furnish {
        t: Micros,
        world: Box<Furnishing>,
    },
    SignIn {
        t: Micros,
        name: String,
    },
    Behave {
        t: Micros,
        change: Box<Change>,
    },
    /// Tokens or credentials were ended by the admin API.
    Expire {
        t: Micros,
        asked: Expire,
    },
    /// A call that changes something, applied or refused.
    Call(Box<CallLine>),
    /// A call was throttled, or a fault or a key's expiry was reached: only counters move.
    Count {
        t: Micros,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        throttled: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expired_key: Option<String>,
        /// How often each fault was fitted so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        faults: Option<Vec<u64>>,
    },
}

/// A call that changes something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CallLine {
    pub(crate) t: Micros,
    pub(crate) request_id: String,
    pub(crate) caller: Caller,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) input: Value,
    /// Refused before it reached the service (a fault, a denial); absent: the service itself decides, the same way at each replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<AwsError>,
}

impl Line {
    /// The elapsed moment of the line.
    pub(crate) fn t(&self) -> Micros {
        match self {
            Self::Start { t, .. }
            | Self::Wall { t, .. }
            | Self::Tick { t }
            | Self::Furnish { t, .. }
            | Self::SignIn { t, .. }
            | Self::Behave { t, .. }
            | Self::Expire { t, .. }
            | Self::Count { t, .. } => *t,
            Self::Call(call) => call.t,
        }
    }
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file cannot be read or written.
    #[error(
        "cannot use the simulator's state in {path}: {source}; check that the folder is writable and has space"
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process serves this folder.
    #[error(
        "another simulator already serves {path}; read its port from sim.json there, or choose another --state"
    )]
    Busy {
        /// The state folder.
        path: PathBuf,
    },
    /// A line in the middle is damaged, or from another version.
    #[error("{path} line {line} cannot be read: {reason}; start on another --state folder")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The folder was made with another seed.
    #[error("the state in {path} was made with --seed {made}; start it with that, or choose another --state")]
    OtherSeed {
        /// The state folder.
        path: PathBuf,
        /// The seed of the folder.
        made: u64,
    },
}

/// The open journal; holds the folder's lock for as long as it lives.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    _lock: File,
}

impl Journal {
    /// Locks the folder, reads every whole line and drops a torn last one (it was never acknowledged).
    pub(crate) fn open(folder: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        let lock_path = folder.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(io(&lock_path))?;
        lock.try_lock().map_err(|_| JournalError::Busy { path: folder.to_owned() })?;
        let path = folder.join("journal.jsonl");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io(&path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io(&path))?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(io(&path))?;
        }
        file.seek(SeekFrom::End(0)).map_err(io(&path))?;
        let mut lines = Vec::new();
        for (index, text) in bytes[..whole].split(|b| *b == b'\n').filter(|text| !text.is_empty()).enumerate()
        {
            lines.push(serde_json::from_slice(text).map_err(|error| JournalError::Damaged {
                path: path.clone(),
                line: index + 1,
                reason: error.to_string(),
            })?);
        }
        sync_folder(folder)?;
        Ok((Self { path, file, _lock: lock }, lines))
    }

    /// Appends and syncs: when this returns, a killed process has not lost the line.
    pub(crate) fn append(&mut self, line: &Line) -> Result<(), JournalError> {
        let failed = |source| JournalError::Io { path: self.path.clone(), source };
        let mut bytes = serde_json::to_vec(line).map_err(|error| failed(std::io::Error::other(error)))?;
        bytes.push(b'\n');
        self.file.write_all(&bytes).map_err(failed)?;
        self.file.sync_data().map_err(failed)
    }
}

/// Writes a small file whole or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    std::fs::rename(&draft, path).map_err(io)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    // A folder can be opened for syncing on Unix only; elsewhere a rename is as durable as it gets.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(|source| JournalError::Io { path: folder.to_owned(), source })?;
    }
    Ok(())
}
