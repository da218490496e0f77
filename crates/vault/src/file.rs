//! The store in one encrypted file.

use crate::cipher::{self, Key};
use crate::format::{self, Blob, KeyFrom, Store};
use crate::{LONGEST_NAME, LONGEST_VALUE, SecretBytes, Vault, VaultError, atomic};
use holdpoint_redact::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// RFC 9106's second recommended setting: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// What a file may ask for at most, so that a forged one cannot exhaust the machine.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;
/// The largest store that is read, in bytes.
const LARGEST_STORE: u64 = 64 * 1024 * 1024;
const CHECK: &str = "\u{0}check";
const CHECK_TEXT: &[u8] = b"holdpoint vault";

/// A vault in `HOLDPOINT_HOME/vault/`: `store.json` (values encrypted), `key` (0600, unless a passphrase is the key)
/// and `lock` (held while the store is read or changed, so that several processes may use it at once).
pub struct FileVault {
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
        let folder = home.join("vault");
        atomic::private_dir(&folder)?;
        let _held = Held::take(&folder)?;
        let key = match read_store(&folder)? {
            Some(store) => key_of(&folder, &store, passphrase)?,
            None => make(&folder, passphrase)?,
        };
        Ok(Self { folder, key })
    }

    fn store(&self) -> Result<Store, VaultError> {
        let path = store_path(&self.folder);
        let store = read_store(&self.folder)?
            .ok_or_else(|| VaultError::corrupt(&path, "it was removed while the vault was open"))?;
        // The store may have been replaced since it was opened; a value under another key must never be mixed in.
        if !key_fits(&self.key, &store) {
            return Err(VaultError::corrupt(&path, "its key is another one than when it was opened"));
        }
        Ok(store)
    }

    fn save(&self, store: &Store) -> Result<(), VaultError> {
        let path = store_path(&self.folder);
        atomic::write(&path, &format::print(&path, store)?)
    }

    fn seal(&self, name: &str, value: &[u8]) -> Result<Blob, VaultError> {
        cipher::seal(&self.key, &format::about(name), value).map(Blob)
    }
}

impl Vault for FileVault {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        check_name(name)?;
        let _held = Held::take(&self.folder)?;
        let store = self.store()?;
        let sealed = store.values.get(name).ok_or_else(|| VaultError::Absent { name: name.to_owned() })?;
        cipher::open(&self.key, &format::about(name), &sealed.0).ok_or_else(|| {
            VaultError::corrupt(&store_path(&self.folder), format!("the value of `{name}` was altered"))
        })
    }

    fn put(&self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        check_name(name)?;
        check_length(name, value)?;
        let _held = Held::take(&self.folder)?;
        let mut store = self.store()?;
        store.values.insert(name.to_owned(), self.seal(name, value)?);
        self.save(&store)
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        check_name(name)?;
        check_length(name, value)?;
        let _held = Held::take(&self.folder)?;
        let mut store = self.store()?;
        if store.values.contains_key(name) {
            return Ok(false);
        }
        store.values.insert(name.to_owned(), self.seal(name, value)?);
        self.save(&store)?;
        Ok(true)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        check_name(name)?;
        let _held = Held::take(&self.folder)?;
        let mut store = self.store()?;
        if store.values.remove(name).is_none() {
            return Err(VaultError::Absent { name: name.to_owned() });
        }
        self.save(&store)
    }

    fn names(&self) -> Result<Vec<String>, VaultError> {
        let _held = Held::take(&self.folder)?;
        Ok(self.store()?.values.into_keys().collect())
    }
}

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileVault").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The lock between processes and threads; released when dropped.
struct Held(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Held {
    fn take(folder: &Path) -> Result<Self, VaultError> {
        let path = folder.join("lock");
        let file = atomic::lock_file(&path)?;
        file.lock().map_err(|e| VaultError::io("locking", &path, e))?;
        Ok(Self(file))
    }
}

fn make(folder: &Path, passphrase: Option<&Secret>) -> Result<Key, VaultError> {
    let path = store_path(folder);
    let (key, from) = match passphrase {
        None => (key_file_or_new(folder)?, KeyFrom::KeyFile),
        Some(passphrase) => {
            let mut salt = vec![0; 16];
            atomic::random(&mut salt)?;
            let from = KeyFrom::Passphrase {
                salt: Blob(salt.clone()),
                memory_kib: MEMORY_KIB,
                passes: PASSES,
                lanes: LANES,
            };
            (derive(&path, passphrase, &salt, MEMORY_KIB, PASSES, LANES)?, from)
        }
    };
    let check = Blob(cipher::seal(&key, &format::about(CHECK), CHECK_TEXT)?);
    let store = Store { holdpoint_vault: format::VERSION, key: from, check, values: BTreeMap::new() };
    atomic::write(&path, &format::print(&path, &store)?)?;
    Ok(key)
}

fn key_of(folder: &Path, store: &Store, passphrase: Option<&Secret>) -> Result<Key, VaultError> {
    let path = store_path(folder);
    match (&store.key, passphrase) {
        (KeyFrom::KeyFile, None) => {
            let key = read_key(folder)?
                .ok_or_else(|| VaultError::KeyMissing { path: path.clone(), key: key_path(folder) })?;
            if key_fits(&key, store) {
                return Ok(key);
            }
            Err(VaultError::corrupt(&path, format!("{} is not its key", key_path(folder).display())))
        }
        (KeyFrom::KeyFile, Some(_)) => {
            Err(VaultError::Locked { path, why: "it opens with its key file and a passphrase was given" })
        }
        (KeyFrom::Passphrase { .. }, None) => {
            Err(VaultError::Locked { path, why: "it opens with a passphrase and none was given" })
        }
        (KeyFrom::Passphrase { salt, memory_kib, passes, lanes }, Some(passphrase)) => {
            let key = derive(&path, passphrase, &salt.0, *memory_kib, *passes, *lanes)?;
            if key_fits(&key, store) {
                return Ok(key);
            }
            Err(VaultError::Locked { path, why: "the passphrase does not fit" })
        }
    }
}

/// A key left by a crash between making the key and making the store is used: it has encrypted nothing yet.
fn key_file_or_new(folder: &Path) -> Result<Key, VaultError> {
    if let Some(key) = read_key(folder)? {
        return Ok(key);
    }
    let key = cipher::new_key()?;
    atomic::write(&key_path(folder), key.as_slice())?;
    Ok(key)
}

fn read_key(folder: &Path) -> Result<Option<Key>, VaultError> {
    let path = key_path(folder);
    let Some(bytes) = atomic::read(&path, cipher::KEY as u64)? else { return Ok(None) };
    let bytes = Zeroizing::new(bytes);
    let key: [u8; cipher::KEY] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| VaultError::corrupt(&path, format!("it has {} bytes and a key has 32", bytes.len())))?;
    Ok(Some(Zeroizing::new(key)))
}

fn key_fits(key: &Key, store: &Store) -> bool {
    cipher::open(key, &format::about(CHECK), &store.check.0).is_some_and(|text| text.expose() == CHECK_TEXT)
}

fn derive(
    path: &Path,
    passphrase: &Secret,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<Key, VaultError> {
    if passphrase.expose().is_empty() {
        return Err(VaultError::Locked { path: path.to_owned(), why: "the passphrase is empty" });
    }
    if memory_kib > MOST_MEMORY_KIB || passes > MOST_PASSES {
        return Err(VaultError::corrupt(
            path,
            "its key derivation asks for more memory or time than any vault does",
        ));
    }
    let bad = |e: argon2::Error| VaultError::corrupt(path, format!("its key derivation cannot be used: {e}"));
    let params = argon2::Params::new(memory_kib, passes, lanes, Some(cipher::KEY)).map_err(bad)?;
    let mut key = Zeroizing::new([0; cipher::KEY]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut())
        .map_err(bad)?;
    Ok(key)
}

fn read_store(folder: &Path) -> Result<Option<Store>, VaultError> {
    let path = store_path(folder);
    atomic::read(&path, LARGEST_STORE)?.map(|bytes| format::parse(&path, &bytes)).transpose()
}

fn check_name(name: &str) -> Result<(), VaultError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._/@:+-".contains(&b);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
        let shown = name.chars().take(LONGEST_NAME).filter(|c| !c.is_control()).collect();
        return Err(VaultError::BadName { name: shown });
    }
    Ok(())
}

fn check_length(name: &str, value: &[u8]) -> Result<(), VaultError> {
    if value.len() > LONGEST_VALUE {
        return Err(VaultError::TooLong { name: name.to_owned(), len: value.len(), limit: LONGEST_VALUE });
    }
    Ok(())
}

fn store_path(folder: &Path) -> PathBuf {
    folder.join("store.json")
}

fn key_path(folder: &Path) -> PathBuf {
    folder.join("key")
}
