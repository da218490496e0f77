//! Which store holds the secrets of a home: written down once chosen, so that a later start never looks elsewhere.
//!
//! Without the record, a start over SSH would find no keychain, begin an empty file store, and sign with another
//! device key than the day before.

use crate::{VaultError, atomic};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

const VERSION: u64 = 1;
const LARGEST: u64 = 4096;

/// A store, by what people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreName {
    /// The encrypted file in `HOLDPOINT_HOME/vault/`.
    File,
    /// Linux: whoever answers as `org.freedesktop.secrets` (GNOME Keyring, KWallet, KeePassXC).
    SecretService,
    /// macOS: the login keychain.
    MacKeychain,
    /// Windows: Credential Manager.
    CredentialManager,
}

impl StoreName {
    /// What to do so that the store opens, as a part of a sentence.
    pub(crate) fn unlock(self) -> &'static str {
        match self {
            Self::File => "give its passphrase",
            Self::SecretService => "unlock the login keyring, as with `gnome-keyring-daemon --unlock`",
            Self::MacKeychain => "run `security unlock-keychain`",
            Self::CredentialManager => "log in with a password at the machine itself",
        }
    }

    /// Where a person finds the item, as a part of a sentence.
    pub(crate) fn find(self) -> &'static str {
        match self {
            Self::File => "delete it in Holdpoint",
            Self::SecretService => "in Passwords and Keys, or `secret-tool clear service holdpoint`",
            Self::MacKeychain => "in Keychain Access, search for `holdpoint`",
            Self::CredentialManager => "in Credential Manager, entries that begin with `holdpoint:`",
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "the encrypted file",
            Self::SecretService => "the login keyring (Secret Service)",
            Self::MacKeychain => "the macOS keychain",
            Self::CredentialManager => "Windows Credential Manager",
        })
    }
}

/// The record of a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    holdpoint_vault_place: u64,
    /// Where the secrets are.
    pub(crate) store: StoreName,
    /// Tells the items of this home from those of another home of the same person: 8 hexadecimal digits.
    pub(crate) space: String,
}

impl Place {
    /// A record with a space of its own.
    pub(crate) fn new(store: StoreName) -> Result<Self, VaultError> {
        let mut space = [0; 4];
        atomic::random(&mut space)?;
        Ok(Self {
            holdpoint_vault_place: VERSION,
            store,
            space: format!("{:08x}", u32::from_le_bytes(space)),
        })
    }

    /// The same home, kept in another store.
    pub(crate) fn now_in(&self, store: StoreName) -> Self {
        Self { store, ..self.clone() }
    }

    /// Reads the record of `home`, when there is one.
    pub(crate) fn read(home: &Path) -> Result<Option<Self>, VaultError> {
        #[derive(Deserialize)]
        struct Version {
            holdpoint_vault_place: u64,
        }
        let path = path(home);
        let Some(bytes) = atomic::read(&path, LARGEST)? else { return Ok(None) };
        let damaged = |_| VaultError::corrupt(&path, "it is not a record of where secrets are kept");
        let found = serde_json::from_slice::<Version>(&bytes).map_err(damaged)?.holdpoint_vault_place;
        if found > VERSION {
            return Err(VaultError::Newer { path, found, known: VERSION });
        }
        let place: Self = serde_json::from_slice(&bytes).map_err(damaged)?;
        if place.space.len() != 8 || !place.space.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(VaultError::corrupt(&path, "its `space` is not 8 hexadecimal digits"));
        }
        Ok(Some(place))
    }

    /// Writes the record; the moment at which a move counts.
    pub(crate) fn write(&self, home: &Path) -> Result<(), VaultError> {
        let path = path(home);
        let bytes = serde_json::to_vec_pretty(self).map_err(|e| VaultError::corrupt(&path, e.to_string()))?;
        atomic::write(&path, &bytes)
    }
}

/// Refuses when the secrets of `home` are elsewhere than in `here`.
pub(crate) fn still(home: &Path, here: StoreName) -> Result<(), VaultError> {
    match Place::read(home)? {
        Some(place) if place.store != here => {
            Err(VaultError::Moved { home: home.to_owned(), now: place.store })
        }
        Some(_) | None => Ok(()),
    }
}

/// The folder of a home's vault.
pub(crate) fn folder(home: &Path) -> PathBuf {
    home.join("vault")
}

/// The lock between processes and threads; released when dropped.
pub(crate) struct Held(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Held {
    /// Waits until nobody else changes the vault of `home`, whose folder must be there.
    pub(crate) fn take(home: &Path) -> Result<Self, VaultError> {
        let path = folder(home).join("lock");
        let file = atomic::lock_file(&path)?;
        file.lock().map_err(|e| VaultError::io("locking", &path, e))?;
        Ok(Self(file))
    }
}

fn path(home: &Path) -> PathBuf {
    folder(home).join("place.json")
}
