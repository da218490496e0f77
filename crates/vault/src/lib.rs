//! Secrets at rest: a store of small values, sealed files, and the key that signs for this device.
//!
//! - [`Vault`]: `get`, `put`, `create`, `delete`, `list`; every store passes the suite in `tests/conformance.rs`.
//! - [`FileVault`]: the store for machines without a keychain: one encrypted file in `HOLDPOINT_HOME/vault/`,
//!   its key beside it with mode 0600, or derived from a passphrase.
//! - [`KeychainVault`]: the store in the system's keychain.
//! - [`open`] and [`choose`]: which of them a home uses.
//! - [`docker`]: the wire protocol of docker's credential helpers.
//! - [`Sealer`]: whole files that may be read again only by this vault's owner.
//! - [`device_key`]: the Ed25519 key that signs anchors and sign-offs, made once.
//!
//! Invariant: a value is in no `Debug`, no error and no list; only names are.

mod atomic;
mod choice;
mod cipher;
mod device;
pub mod docker;
mod error;
mod file;
mod format;
mod keychain;
mod later;
mod name;
mod note;
mod place;
mod seal;
mod secret;

pub use choice::{Choice, Keychain, NoChoice, Opened, choose, choose_over, open, open_over};
pub use device::device_key;
pub use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
pub use error::VaultError;
pub use file::{FileVault, KeptBy, Unlock};
pub use keychain::{KeychainVault, OsStatus, Patience, Shape};
pub use later::LaterVault;
pub use note::{Item, ItemNote, LONGEST_NOTE};
pub use place::StoreName;
pub use seal::{SealError, Sealed, Sealer};
pub use secret::SecretBytes;

/// The longest value a vault takes, in bytes (64 KiB).
pub const LONGEST_VALUE: usize = 64 * 1024;

/// The longest name a vault takes, in bytes.
pub const LONGEST_NAME: usize = 128;

/// A store of small secret values by name.
///
/// A name is 1 to [`LONGEST_NAME`] of `A-Z a-z 0-9 . _ / @ : + -`. Names are not secret: they are listed, logged and
/// stored in plain.
pub trait Vault: Send + Sync {
    /// The value under `name`; [`VaultError::Absent`] when there is none.
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError>;

    /// Stores `value` under `name`, in place of what was there, and tells nothing about it. On return it is kept.
    fn put(&self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        self.put_noted(name, value, &ItemNote::default())
    }

    /// Stores `value` under `name` with what is told about it. On return it is kept.
    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError>;

    /// Stores `value` only when `name` is absent, and says whether it did. Of many that ask at once, in any number
    /// of processes, exactly one hears `true`.
    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError>;

    /// Removes `name`; [`VaultError::Absent`] when there is none.
    fn delete(&self, name: &str) -> Result<(), VaultError>;

    /// The names with what is told about each, sorted by name. Opens no value.
    fn list(&self) -> Result<Vec<Item>, VaultError>;

    /// The names, sorted. Opens no value.
    fn names(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.list()?.into_iter().map(|item| item.name).collect())
    }
}
