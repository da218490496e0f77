//! Why a vault said no, and what repairs it.

use std::io;
use std::path::{Path, PathBuf};

/// A refusal of a vault. Each state has its own repair, and none holds a value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store opens with a passphrase, and none or a wrong one was given.
    #[error("the vault {path} is locked: {why}; give the passphrase that it was made with")]
    Locked {
        /// The store.
        path: PathBuf,
        /// What was wrong with the passphrase.
        why: &'static str,
    },
    /// There is no value under this name.
    #[error("the vault has nothing named `{name}`; sign in or store it again")]
    Absent {
        /// The name asked for.
        name: String,
    },
    /// The store cannot be read as what it should be.
    #[error(
        "the vault {path} is damaged: {what}; restore it from a backup, or move it aside to start an empty one"
    )]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The store is there and its key file is not.
    #[error(
        "the key {key} of the vault {path} is missing; restore the key file, or move the vault aside to start an empty one"
    )]
    KeyMissing {
        /// The store.
        path: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// The value is longer than a vault takes.
    #[error("`{name}` has {len} bytes and a vault takes {limit}; keep the value in a sealed file instead")]
    TooLong {
        /// The name it was meant for.
        name: String,
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The name has characters or a length that no store takes.
    #[error("`{name}` cannot name a secret; use 1 to 128 letters, digits and . _ / @ : + -")]
    BadName {
        /// The name given.
        name: String,
    },
    /// The system refused, or others could read the file.
    #[error("access to {path} is refused: {why}; {repair}")]
    Denied {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to do.
        repair: String,
    },
    /// A later Holdpoint wrote the store.
    #[error(
        "the vault {path} has format {found}, and this Holdpoint knows formats up to {known}; update Holdpoint"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version known.
        known: u64,
    },
    /// The disk or the system failed in another way; nothing was changed.
    #[error("{doing} {path} failed: {source}; nothing was changed, repair the disk and try again")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}; nothing was stored")]
    NoRandom(String),
}

impl VaultError {
    /// Sorts a system error into refused and failed.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::Denied {
                path: path.to_owned(),
                why: source.to_string(),
                repair: "make it yours and readable by you alone (chmod u+rw, chown)".to_owned(),
            };
        }
        Self::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), what: what.into() }
    }
}
