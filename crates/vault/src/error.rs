//! Why a vault said no, and what repairs it.

use crate::StoreName;
use std::io;
use std::path::{Path, PathBuf};

/// A refusal of a vault. Each state has its own repair, and none holds a value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store opens with a passphrase, and none or a wrong one was given.
    #[error("the vault {path} is locked: {why}")]
    Locked {
        /// The store.
        path: PathBuf,
        /// What was wrong, and what to give instead.
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
    /// The secrets of this home are in another store than the one that was opened.
    #[error("the secrets of {home} are kept in {now} now; open the vault again")]
    Moved {
        /// `HOLDPOINT_HOME`.
        home: PathBuf,
        /// Where they are.
        now: StoreName,
    },
    /// The key of the file store was changed while it was open.
    #[error("the key of the vault {path} was changed since it was opened; open it again")]
    KeyChanged {
        /// The store.
        path: PathBuf,
    },
    /// There is no keychain here.
    #[error(
        "{store} cannot be used here: {why}; keep secrets in the encrypted file instead (docs/secrets.md)"
    )]
    NoStore {
        /// The keychain.
        store: StoreName,
        /// What is absent.
        why: String,
    },
    /// The keychain is locked (Secret Service; macOS -25308 when it may not ask is [`VaultError::NoInteraction`]).
    #[error("{store} is locked; unlock it (log in at the screen, or {unlock}) and try again", unlock = store.unlock())]
    KeychainLocked {
        /// The keychain.
        store: StoreName,
    },
    /// The person said no, or closed the question (macOS -128, a dismissed prompt of the Secret Service).
    #[error(
        "{store} asked for leave and the question was dismissed, or there was no screen to ask on; try again and allow it, or unlock it first ({unlock})",
        unlock = store.unlock()
    )]
    Cancelled {
        /// The keychain.
        store: StoreName,
    },
    /// The keychain would have to ask, and may not here (macOS -25308: SSH, no window session).
    #[error(
        "{store} would have to ask a person, and there is no screen to ask on (an SSH session?); {unlock}, or keep secrets in the encrypted file",
        unlock = store.unlock()
    )]
    NoInteraction {
        /// The keychain.
        store: StoreName,
    },
    /// The password was wrong or access is denied (macOS -25293).
    #[error("{store} refused access: a wrong password, or access denied by its owner; {unlock} and try again", unlock = store.unlock())]
    AuthFailed {
        /// The keychain.
        store: StoreName,
    },
    /// Another program, or another signature of this one, owns the item (macOS -25244).
    #[error(
        "the item `{name}` in {store} belongs to another program or to a Holdpoint with another signature; remove that item yourself ({find}), then sign in again",
        find = store.find()
    )]
    ForeignOwner {
        /// The keychain.
        store: StoreName,
        /// Our name for it.
        name: String,
    },
    /// There are two items where one belongs, or one that can be neither updated nor added (macOS -25299).
    #[error(
        "{store} has the item `{name}` already and lets it be neither read alone nor replaced; remove it yourself ({find}), then sign in again",
        find = store.find()
    )]
    Duplicate {
        /// The keychain.
        store: StoreName,
        /// Our name for it.
        name: String,
    },
    /// The program lacks the entitlement for the keychain that it asked (macOS -34018).
    #[error(
        "this Holdpoint is not signed for {store} (-34018: an entitlement is missing); install the signed build, or keep secrets in the encrypted file"
    )]
    MissingEntitlement {
        /// The keychain.
        store: StoreName,
    },
    /// The item is there and is not what was stored.
    #[error("the item `{name}` in {store} is damaged: {what}; remove it ({find}) and sign in again", find = store.find())]
    Damaged {
        /// The keychain.
        store: StoreName,
        /// Our name for it.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The keychain gave no answer in time; what was asked may still happen.
    #[error(
        "{store} gave no answer in {seconds} s; look for a window of it that waits for you, then try again"
    )]
    NoAnswer {
        /// The keychain.
        store: StoreName,
        /// How long was waited.
        seconds: u64,
    },
    /// The keychain failed in a way that has no state of its own.
    #[error("{store} failed ({why}); try again, and if it stays so keep secrets in the encrypted file")]
    Keychain {
        /// The keychain.
        store: StoreName,
        /// What it said, with its number.
        why: String,
    },
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

    /// A short name of the state, stable, for programs: a screen or a doctor that offers the repair.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "vault_locked",
            Self::Absent { .. } => "vault_absent",
            Self::Corrupt { .. } => "vault_corrupt",
            Self::KeyMissing { .. } => "vault_key_missing",
            Self::TooLong { .. } => "vault_too_long",
            Self::BadName { .. } => "vault_bad_name",
            Self::Denied { .. } => "vault_denied",
            Self::Newer { .. } => "vault_newer",
            Self::Io { .. } => "vault_io",
            Self::NoRandom(_) => "vault_no_random",
            Self::Moved { .. } => "vault_moved",
            Self::KeyChanged { .. } => "vault_key_changed",
            Self::NoStore { .. } => "keychain_no_store",
            Self::KeychainLocked { .. } => "keychain_locked",
            Self::Cancelled { .. } => "keychain_cancelled",
            Self::NoInteraction { .. } => "keychain_no_interaction",
            Self::AuthFailed { .. } => "keychain_auth_failed",
            Self::ForeignOwner { .. } => "keychain_foreign_owner",
            Self::Duplicate { .. } => "keychain_duplicate",
            Self::MissingEntitlement { .. } => "keychain_missing_entitlement",
            Self::Damaged { .. } => "keychain_damaged",
            Self::NoAnswer { .. } => "keychain_no_answer",
            Self::Keychain { .. } => "keychain_failed",
        }
    }

    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), what: what.into() }
    }
}
