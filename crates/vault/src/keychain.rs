//! The store in the system's keychain: Linux' Secret Service, macOS' login keychain, Windows' Credential Manager.
//!
//! Over keyring-core's store interface, so that the suite in `tests/conformance.rs` can put another store below and
//! inject each system's refusals. Items have the service `holdpoint` and an account `SPACE/NAME`, where the space
//! tells homes apart; what is told about a value stands in the item's attributes, so listing opens no secret. No item
//! of another program is ever read, changed or removed.

mod desk;
mod envelope;
mod fault;
mod items;
#[cfg_attr(target_os = "linux", path = "keychain/linux.rs")]
#[cfg_attr(target_os = "macos", path = "keychain/mac.rs")]
#[cfg_attr(target_os = "windows", path = "keychain/windows.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos", target_os = "windows")),
    path = "keychain/none.rs"
)]
mod system;
mod upsert;

pub use desk::Patience;
pub use fault::OsStatus;

use crate::place::{self, Held};
use crate::{Item, ItemNote, SecretBytes, StoreName, Vault, VaultError, atomic, name};
use desk::Desk;
use items::Items;
use keyring_core::CredentialStore;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What Windows takes for one item, in bytes (`CRED_MAX_CREDENTIAL_BLOB_SIZE`).
pub(crate) const WINDOWS_LIMIT: usize = 2560;

/// How a store of keyring-core is to be spoken to; the three systems' are below, and the suite of all stores uses the
/// same ones on a store in memory.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Which keychain it is, for messages.
    pub store: StoreName,
    /// The attribute that takes the note.
    pub note: &'static str,
    /// Whether items take a `label` when they are made.
    pub labelled: bool,
    /// Modifiers of every item.
    pub modifiers: &'static [(&'static str, &'static str)],
    /// What finds our items.
    pub search: &'static [(&'static str, &'static str)],
    /// The longest item in bytes; longer values are split.
    pub limit: Option<usize>,
}

impl Shape {
    /// zbus-secret-service-keyring-store.
    pub const SECRET_SERVICE: Self = Self {
        store: StoreName::SecretService,
        note: "holdpoint-note",
        labelled: true,
        modifiers: &[],
        search: &[("service", items::SERVICE)],
        limit: None,
    };
    /// Our store over `SecItem…`.
    pub const MAC: Self = Self {
        store: StoreName::MacKeychain,
        note: "comment",
        labelled: true,
        modifiers: &[],
        search: &[("service", items::SERVICE)],
        limit: None,
    };
    /// windows-native-keyring-store, with the prefix `holdpoint:`. `Local`: a token does not roam with the profile.
    pub const WINDOWS: Self = Self {
        store: StoreName::CredentialManager,
        note: "comment",
        labelled: false,
        modifiers: &[("persistence", "Local")],
        search: &[("pattern", "^holdpoint:.*@holdpoint$")],
        limit: Some(WINDOWS_LIMIT),
    };
}

/// A vault in the keychain. Open it once a process: it keeps in memory what it has read.
pub struct KeychainVault {
    home: PathBuf,
    shape: Shape,
    desk: Desk,
}

impl KeychainVault {
    /// Opens the system's keychain for `home`, whose items begin with `space`.
    ///
    /// # Errors
    /// [`VaultError::NoStore`] where there is no keychain; what else it says.
    pub(crate) fn open_system(home: &Path, space: &str, patience: Patience) -> Result<Self, VaultError> {
        Self::start(home, system::SHAPE, space, patience, system::open)
    }

    /// A vault over any store of keyring-core, for tests that inject refusals. `space` begins every account.
    ///
    /// # Errors
    /// When the folder of `home` cannot be made.
    pub fn over(
        home: &Path,
        store: Arc<CredentialStore>,
        shape: Shape,
        space: &str,
        patience: Patience,
    ) -> Result<Self, VaultError> {
        Self::start(home, shape, space, patience, move || Ok(store))
    }

    /// Which keychain it is.
    pub fn store(&self) -> StoreName {
        self.shape.store
    }

    /// Whether values can be kept here, shown by keeping one for a moment. For who holds the home's lock.
    pub(crate) fn probe_held(&self) -> Result<(), VaultError> {
        self.desk.ask(Items::probe)
    }

    /// As [`Vault::put_noted`], for who holds the lock.
    pub(crate) fn put_held(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        let (name, value, note) = (name.to_owned(), SecretBytes::new(value.to_vec()), note.clone());
        self.desk.ask(move |items| items.write(&name, value.expose(), &note))
    }

    /// As [`Vault::get`], for who knows that the home is here.
    pub(crate) fn get_held(&self, name: &str) -> Result<SecretBytes, VaultError> {
        let name = name.to_owned();
        self.desk.ask(move |items| items.read(&name))
    }

    /// As [`Vault::list`], for who knows that the home is here.
    pub(crate) fn list_held(&self) -> Result<Vec<Item>, VaultError> {
        self.desk.ask(|items| items.list())
    }

    /// As [`Vault::delete`], for who holds the lock.
    pub(crate) fn delete_held(&self, name: &str) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.desk.ask(move |items| items.remove(&name))
    }

    fn start(
        home: &Path,
        shape: Shape,
        space: &str,
        patience: Patience,
        open: impl FnOnce() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    ) -> Result<Self, VaultError> {
        atomic::private_dir(&place::folder(home))?;
        let space = space.to_owned();
        let desk = Desk::start(shape.store, patience, move || {
            let store = open().map_err(|error| fault::state(shape.store, "*", 0, error))?;
            Ok(Items::new(store, shape, &space))
        })?;
        Ok(Self { home: home.to_owned(), shape, desk })
    }

    /// Keeps other writers out, and refuses when the secrets of the home were moved elsewhere: what is stored here
    /// then would be lost to everybody.
    fn held(&self) -> Result<Held, VaultError> {
        let held = Held::take(&self.home)?;
        place::still(&self.home, self.shape.store)?;
        Ok(held)
    }
}

impl Vault for KeychainVault {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        name::check(name)?;
        match self.get_held(name) {
            // Nobody is locked out while a person is asked, so it is looked at afterwards whether it is still here.
            Err(VaultError::Absent { name }) => {
                place::still(&self.home, self.shape.store)?;
                Err(VaultError::Absent { name })
            }
            answer => answer,
        }
    }

    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        name::check(name)?;
        name::check_length(name, value)?;
        let _held = self.held()?;
        self.put_held(name, value, note)
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        name::check(name)?;
        name::check_length(name, value)?;
        let _held = self.held()?;
        let (name, value) = (name.to_owned(), SecretBytes::new(value.to_vec()));
        self.desk.ask(move |items| {
            if items.has(&name)? {
                return Ok(false);
            }
            items.write(&name, value.expose(), &ItemNote::default())?;
            Ok(true)
        })
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        name::check(name)?;
        let _held = self.held()?;
        self.delete_held(name)
    }

    fn list(&self) -> Result<Vec<Item>, VaultError> {
        place::still(&self.home, self.shape.store)?;
        self.list_held()
    }
}

impl fmt::Debug for KeychainVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeychainVault").field("store", &self.shape.store).finish_non_exhaustive()
    }
}
