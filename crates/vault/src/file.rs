//! The store in one encrypted file.

mod key;

pub use key::Unlock;

use crate::cipher::{self, Key};
use crate::format::{self, Blob, Store};
use crate::place::{self, Held};
use crate::{Item, ItemNote, KeychainVault, SecretBytes, StoreName, Vault, VaultError, atomic, name};
use holdpoint_redact::Secret;
use key::store_path;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The largest store that is read, in bytes.
const LARGEST_STORE: u64 = 64 * 1024 * 1024;

/// A vault in `HOLDPOINT_HOME/vault/`: `store.json` (values encrypted), `key` (0600, when the key is in a file) and
/// `lock` (held while the store is read or changed, so that several processes may use it at once).
pub struct FileVault {
    home: PathBuf,
    folder: PathBuf,
    key: Key,
}

impl FileVault {
    /// Opens the vault of `home` (`HOLDPOINT_HOME`), making an empty one at first. `passphrase` is needed exactly
    /// when the store was made with one; at first it decides which of the two the new store uses.
    ///
    /// # Errors
    /// Any [`VaultError`] but `Absent`, `TooLong` and `BadName`.
    pub fn open(home: &Path, passphrase: Option<&Secret>) -> Result<Self, VaultError> {
        Self::open_with(home, passphrase.map_or(Unlock::KeyFile, Unlock::Passphrase))
    }

    /// Opens the vault of `home` with a key of any kind; makes an empty one at first, keyed so.
    ///
    /// # Errors
    /// As [`open`](Self::open), and what the keychain says.
    pub fn open_with(home: &Path, unlock: Unlock<'_>) -> Result<Self, VaultError> {
        atomic::private_dir(&place::folder(home))?;
        let _held = Held::take(home)?;
        place::still(home, StoreName::File)?;
        Self::open_held(home, unlock)
    }

    /// Changes what opens the vault: every value is encrypted anew under a new key, in one step on disk. A crash
    /// leaves either the old key or the new one. Others who have the vault open hear [`VaultError::KeyChanged`].
    /// `keychain` is where a key that was in the keychain is removed from. Gives what could not be removed, in words.
    ///
    /// # Errors
    /// Any [`VaultError`]; the vault is unchanged then.
    pub fn rekey(
        &mut self,
        to: Unlock<'_>,
        keychain: Option<&KeychainVault>,
    ) -> Result<Option<String>, VaultError> {
        let _held = Held::take(&self.home)?;
        self.rekey_held(to, keychain)
    }

    /// What opens the store of `home`: the state of a switch on a screen. `None` when there is no store.
    ///
    /// # Errors
    /// [`VaultError`] when the file cannot be read.
    pub fn kept_by(home: &Path) -> Result<Option<KeptBy>, VaultError> {
        Ok(read_store(&place::folder(home))?.map(|store| match store.key {
            format::KeyFrom::KeyFile => KeptBy::KeyFile,
            format::KeyFrom::Passphrase { .. } => KeptBy::Passphrase,
            format::KeyFrom::Keychain { .. } => KeptBy::Keychain,
        }))
    }

    /// [`open_with`](Self::open_with) for who holds the lock and knows the place.
    pub(crate) fn open_held(home: &Path, unlock: Unlock<'_>) -> Result<Self, VaultError> {
        let folder = place::folder(home);
        atomic::sweep(&folder)?;
        let key = match read_store(&folder)? {
            Some(store) => key::of(&folder, &store, unlock)?,
            None => make(&folder, unlock)?,
        };
        Ok(Self { home: home.to_owned(), folder, key })
    }

    /// [`rekey`](Self::rekey) for who holds the lock.
    pub(crate) fn rekey_held(
        &mut self,
        to: Unlock<'_>,
        keychain: Option<&KeychainVault>,
    ) -> Result<Option<String>, VaultError> {
        let old = self.store()?;
        if matches!((&old.key, to), (format::KeyFrom::KeyFile, Unlock::KeyFile)) {
            // One file cannot be replaced together with the store; and nothing would be gained.
            return Ok(None);
        }
        let (key, from) = key::make(&self.folder, to, true)?;
        let mut values = BTreeMap::new();
        for (name, sealed) in &old.values {
            let value = self.unseal(name, sealed)?;
            values.insert(name.clone(), Blob(cipher::seal(&key, &format::about(name), value.expose())?));
        }
        let check = key::check(&key)?;
        self.save(&Store { holdpoint_vault: format::VERSION, key: from, check, values, notes: old.notes })?;
        self.key = key;
        let left = key::forget(&self.folder, &old.key, keychain);
        Ok(left.err().map(|error| format!("the old key could not be removed: {error}")))
    }

    /// Every value with its note, for who holds the lock.
    pub(crate) fn all_held(&self) -> Result<Vec<(Item, SecretBytes)>, VaultError> {
        let store = self.store()?;
        let open = |item: Item| {
            let sealed =
                store.values.get(&item.name).ok_or(VaultError::Absent { name: item.name.clone() })?;
            let value = self.unseal(&item.name, sealed)?;
            Ok((item, value))
        };
        items(&store).into_iter().map(open).collect()
    }

    /// Takes values over, in one step on disk, for who holds the lock.
    pub(crate) fn fill_held(&self, values: &[(Item, SecretBytes)]) -> Result<(), VaultError> {
        let mut store = self.store()?;
        for (item, value) in values {
            self.insert(&mut store, &item.name, value.expose(), &item.note)?;
        }
        self.save(&store)
    }

    /// Removes the store and a key file of it, for who holds the lock and has moved the values.
    pub(crate) fn remove_held(home: &Path, keychain: Option<&KeychainVault>) -> Result<(), VaultError> {
        let folder = place::folder(home);
        let Some(store) = read_store(&folder)? else { return Ok(()) };
        atomic::remove(&store_path(&folder))?;
        key::forget(&folder, &store.key, keychain)
    }

    fn store(&self) -> Result<Store, VaultError> {
        let path = store_path(&self.folder);
        let Some(store) = read_store(&self.folder)? else {
            place::still(&self.home, StoreName::File)?;
            return Err(VaultError::corrupt(&path, "it was removed while the vault was open"));
        };
        // The store may have been replaced since it was opened; a value under another key must never be mixed in.
        if key::fits(&self.key, &store) { Ok(store) } else { Err(VaultError::KeyChanged { path }) }
    }

    fn save(&self, store: &Store) -> Result<(), VaultError> {
        let path = store_path(&self.folder);
        atomic::write(&path, &format::print(&path, store)?)
    }

    fn insert(&self, store: &mut Store, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        let sealed = Blob(cipher::seal(&self.key, &format::about(name), value)?);
        store.holdpoint_vault = format::VERSION;
        store.values.insert(name.to_owned(), sealed);
        store.notes.remove(name);
        let note = note.kept();
        if !note.is_empty() {
            store.notes.insert(name.to_owned(), note);
        }
        Ok(())
    }

    fn unseal(&self, name: &str, sealed: &Blob) -> Result<SecretBytes, VaultError> {
        cipher::open(&self.key, &format::about(name), &sealed.0).ok_or_else(|| {
            VaultError::corrupt(&store_path(&self.folder), format!("the value of `{name}` was altered"))
        })
    }
}

/// What opens a file store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptBy {
    /// The file `key` beside it.
    KeyFile,
    /// A passphrase.
    Passphrase,
    /// An item in the keychain.
    Keychain,
}

impl Vault for FileVault {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        name::check(name)?;
        let _held = Held::take(&self.home)?;
        let store = self.store()?;
        let sealed = store.values.get(name).ok_or_else(|| VaultError::Absent { name: name.to_owned() })?;
        self.unseal(name, sealed)
    }

    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        name::check(name)?;
        name::check_length(name, value)?;
        let _held = Held::take(&self.home)?;
        let mut store = self.store()?;
        self.insert(&mut store, name, value, note)?;
        self.save(&store)
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        name::check(name)?;
        name::check_length(name, value)?;
        let _held = Held::take(&self.home)?;
        let mut store = self.store()?;
        if store.values.contains_key(name) {
            return Ok(false);
        }
        self.insert(&mut store, name, value, &ItemNote::default())?;
        self.save(&store)?;
        Ok(true)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        name::check(name)?;
        let _held = Held::take(&self.home)?;
        let mut store = self.store()?;
        store.holdpoint_vault = format::VERSION;
        store.notes.remove(name);
        if store.values.remove(name).is_none() {
            return Err(VaultError::Absent { name: name.to_owned() });
        }
        self.save(&store)
    }

    fn list(&self) -> Result<Vec<Item>, VaultError> {
        let _held = Held::take(&self.home)?;
        Ok(items(&self.store()?))
    }
}

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileVault").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn items(store: &Store) -> Vec<Item> {
    let note = |name: &String| store.notes.get(name).cloned().unwrap_or_default();
    store.values.keys().map(|name| Item { name: name.clone(), note: note(name) }).collect()
}

fn make(folder: &Path, unlock: Unlock<'_>) -> Result<Key, VaultError> {
    let path = store_path(folder);
    let (key, from) = key::make(folder, unlock, false)?;
    let store = Store {
        holdpoint_vault: format::VERSION,
        key: from,
        check: key::check(&key)?,
        values: BTreeMap::new(),
        notes: BTreeMap::new(),
    };
    atomic::write(&path, &format::print(&path, &store)?)?;
    Ok(key)
}

fn read_store(folder: &Path) -> Result<Option<Store>, VaultError> {
    let path = store_path(folder);
    atomic::read(&path, LARGEST_STORE)?.map(|bytes| format::parse(&path, &bytes)).transpose()
}
