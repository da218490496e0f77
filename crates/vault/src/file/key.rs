//! Where the key of the file store comes from: a file beside it, a passphrase, or the keychain.

use crate::choice::KEYS;
use crate::cipher::{self, Key};
use crate::format::{self, Blob, KeyFrom, Store};
use crate::{ItemNote, KeychainVault, VaultError, atomic};
use holdpoint_redact::Secret;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// RFC 9106's second recommended setting: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// What a file may ask for at most, so that a forged one cannot exhaust the machine.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;
const CHECK: &str = "\u{0}check";
const CHECK_TEXT: &[u8] = b"holdpoint vault";

/// What opens a [`FileVault`](crate::FileVault), or shall open it from now on.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// The file `key` beside the store, readable by its owner alone.
    KeyFile,
    /// A passphrase, by Argon2id.
    Passphrase(&'a Secret),
    /// A key in the keychain: one small item, read once when the vault opens.
    Keychain(&'a KeychainVault),
}

/// A new key with where it comes from. A key file is written here, a keychain's item too; the store is not.
pub(super) fn make(folder: &Path, unlock: Unlock<'_>, anew: bool) -> Result<(Key, KeyFrom), VaultError> {
    match unlock {
        Unlock::KeyFile => Ok((key_file(folder, anew)?, KeyFrom::KeyFile)),
        Unlock::Passphrase(passphrase) => {
            let mut salt = vec![0; 16];
            atomic::random(&mut salt)?;
            let key = derive(&store_path(folder), passphrase, &salt, MEMORY_KIB, PASSES, LANES)?;
            let (memory_kib, passes, lanes) = (MEMORY_KIB, PASSES, LANES);
            Ok((key, KeyFrom::Passphrase { salt: Blob(salt), memory_kib, passes, lanes }))
        }
        Unlock::Keychain(keychain) => {
            let mut id = [0; 8];
            atomic::random(&mut id)?;
            // Each key has a name of its own: the store says by one rename which of them counts.
            let name = format!("{KEYS}{:016x}", u64::from_le_bytes(id));
            let key = cipher::new_key()?;
            let note = ItemNote { what: "key of the encrypted file".to_owned(), ends_at: None };
            keychain.put_held(&name, key.as_slice(), &note)?;
            Ok((key, KeyFrom::Keychain { name }))
        }
    }
}

/// The key of an existing store.
pub(super) fn of(folder: &Path, store: &Store, unlock: Unlock<'_>) -> Result<Key, VaultError> {
    let path = store_path(folder);
    match (&store.key, unlock) {
        (KeyFrom::KeyFile, Unlock::KeyFile) => {
            let key = read_key(folder)?
                .ok_or_else(|| VaultError::KeyMissing { path: path.clone(), key: key_path(folder) })?;
            if fits(&key, store) {
                return Ok(key);
            }
            Err(VaultError::corrupt(&path, format!("{} is not its key", key_path(folder).display())))
        }
        (KeyFrom::KeyFile, Unlock::Passphrase(_)) => Err(VaultError::Locked {
            path,
            why: "it opens with its key file and a passphrase was given; open it without one",
        }),
        (KeyFrom::Passphrase { .. }, Unlock::KeyFile | Unlock::Keychain(_)) => Err(VaultError::Locked {
            path,
            why: "it opens with a passphrase and none was given; give the passphrase that it was made with",
        }),
        (KeyFrom::Passphrase { salt, memory_kib, passes, lanes }, Unlock::Passphrase(passphrase)) => {
            let key = derive(&path, passphrase, &salt.0, *memory_kib, *passes, *lanes)?;
            if fits(&key, store) {
                return Ok(key);
            }
            let why = "the passphrase does not fit; give the passphrase that it was made with";
            Err(VaultError::Locked { path, why })
        }
        (KeyFrom::Keychain { name }, Unlock::Keychain(keychain)) => {
            let bytes = match keychain.get_held(name) {
                Ok(bytes) => bytes,
                Err(VaultError::Absent { .. }) => {
                    return Err(VaultError::KeyMissing {
                        path,
                        key: PathBuf::from(format!("keychain:{name}")),
                    });
                }
                Err(error) => return Err(error),
            };
            let key = sized(&path, bytes.expose())?;
            if fits(&key, store) {
                return Ok(key);
            }
            Err(VaultError::corrupt(&path, format!("the keychain's `{name}` is not its key")))
        }
        (KeyFrom::KeyFile, Unlock::Keychain(_)) => {
            Err(VaultError::Locked { path, why: "it opens with its key file; open it without a keychain" })
        }
        (KeyFrom::Keychain { .. }, Unlock::KeyFile | Unlock::Passphrase(_)) => Err(VaultError::Locked {
            path,
            why: "its key is in the keychain; open it with the keychain and without a passphrase",
        }),
    }
}

/// Removes what held a key that opens nothing any more.
pub(super) fn forget(
    folder: &Path,
    from: &KeyFrom,
    keychain: Option<&KeychainVault>,
) -> Result<(), VaultError> {
    match (from, keychain) {
        (KeyFrom::KeyFile, _) => atomic::remove(&key_path(folder)),
        (KeyFrom::Keychain { name }, Some(keychain)) => match keychain.delete_held(name) {
            Ok(()) | Err(VaultError::Absent { .. }) => Ok(()),
            Err(error) => Err(error),
        },
        (KeyFrom::Passphrase { .. }, _) | (KeyFrom::Keychain { .. }, None) => Ok(()),
    }
}

/// A known text under the key.
pub(super) fn check(key: &Key) -> Result<Blob, VaultError> {
    cipher::seal(key, &format::about(CHECK), CHECK_TEXT).map(Blob)
}

/// Whether the store was made with this key.
pub(super) fn fits(key: &Key, store: &Store) -> bool {
    cipher::open(key, &format::about(CHECK), &store.check.0).is_some_and(|text| text.expose() == CHECK_TEXT)
}

/// The store's file in the vault's folder.
pub(super) fn store_path(folder: &Path) -> PathBuf {
    folder.join("store.json")
}

/// A key left by a crash between making the key and making the store is used: it has encrypted nothing yet. `anew`
/// passes it over, for a store that changes its key.
fn key_file(folder: &Path, anew: bool) -> Result<Key, VaultError> {
    if !anew && let Some(key) = read_key(folder)? {
        return Ok(key);
    }
    let key = cipher::new_key()?;
    atomic::write(&key_path(folder), key.as_slice())?;
    Ok(key)
}

fn read_key(folder: &Path) -> Result<Option<Key>, VaultError> {
    let path = key_path(folder);
    let Some(bytes) = atomic::read(&path, cipher::KEY as u64)? else { return Ok(None) };
    sized(&path, &Zeroizing::new(bytes)).map(Some)
}

fn sized(path: &Path, bytes: &[u8]) -> Result<Key, VaultError> {
    let key: [u8; cipher::KEY] = bytes.try_into().map_err(|_| {
        VaultError::corrupt(path, format!("its key has {} bytes and a key has 32", bytes.len()))
    })?;
    Ok(Zeroizing::new(key))
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
        return Err(VaultError::Locked { path: path.to_owned(), why: "the passphrase is empty; give one" });
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

fn key_path(folder: &Path) -> PathBuf {
    folder.join("key")
}
