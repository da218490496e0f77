//! Files whose plain bytes only this vault's owner reads again: originals of masked evidence.

use crate::cipher::{self, Key};
use crate::{SecretBytes, Vault, VaultError, atomic, device};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};

const NAME: &str = "seal-key";
/// Marks a sealed file; its last byte is the format's version.
const MAGIC: &[u8; 8] = b"HPSEAL\0\x01";
/// The largest sealed file that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Seals and opens files with a key that lives in the vault.
pub struct Sealer {
    key: Key,
}

/// What an event says about a sealed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the plain bytes, lowercase hex. Needed to open the file.
    pub plain_sha256: String,
    /// SHA-256 of the file as stored, lowercase hex.
    pub stored_sha256: String,
}

/// A sealed file that does not open.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file is not there.
    #[error("the sealed file {path} is not there; it is deleted when its run closes")]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// The bytes, the name, the digest or the key are not those it was sealed with.
    #[error("the sealed file {path} does not open as `{name}`: {why}; do not use it")]
    Altered {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// What differs.
        why: &'static str,
    },
    /// A later Holdpoint sealed it.
    #[error("the sealed file {path} has format {found}, newer than this Holdpoint; update Holdpoint")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u8,
    },
    /// The vault or the disk refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Sealer {
    /// Takes the sealing key from the vault, making it at the first call.
    ///
    /// # Errors
    /// What the vault says.
    pub fn new(vault: &dyn Vault) -> Result<Self, VaultError> {
        Ok(Self { key: device::once(vault, NAME)? })
    }

    /// Writes `plain` sealed to `path` with mode 0600, whole or not at all. `name` and the digest are bound in: the
    /// file opens only as what it was sealed as.
    ///
    /// # Errors
    /// [`SealError::Vault`] when the disk refuses.
    pub fn seal(&self, path: &Path, name: &str, plain: &[u8]) -> Result<Sealed, SealError> {
        let plain_sha256 = hex_sha256(plain);
        let body = cipher::seal(&self.key, &about(name, &plain_sha256), plain)?;
        let stored = [MAGIC.as_slice(), &body].concat();
        atomic::write(path, &stored)?;
        Ok(Sealed { plain_sha256, stored_sha256: hex_sha256(&stored) })
    }

    /// The plain bytes of a file that was sealed as `name` with this digest.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, path: &Path, name: &str, plain_sha256: &str) -> Result<SecretBytes, SealError> {
        let stored =
            atomic::read(path, LARGEST)?.ok_or_else(|| SealError::Absent { path: path.to_owned() })?;
        let altered = |why| SealError::Altered { path: path.to_owned(), name: name.to_owned(), why };
        let (magic, body) = stored.split_first_chunk::<8>().ok_or_else(|| altered("it is too short"))?;
        if magic[..7] == MAGIC[..7] && magic[7] > MAGIC[7] {
            return Err(SealError::Newer { path: path.to_owned(), found: magic[7] });
        }
        if magic != MAGIC {
            return Err(altered("it is not a sealed file"));
        }
        cipher::open(&self.key, &about(name, plain_sha256), body)
            .ok_or_else(|| altered("its bytes, name, digest or key differ from what was sealed"))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

fn about(name: &str, plain_sha256: &str) -> Vec<u8> {
    format!("holdpoint-seal\0{}\0{name}\0{plain_sha256}", name.len()).into_bytes()
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
