//! The store's file: JSON with names in plain, values encrypted one by one.
//!
//! Each value is bound to a version of the binding and to its own name, so that values cannot be swapped between names.
//! Format 2 added notes and keys kept in a keychain; format 1 is read as it is and written as 2.

use crate::{ItemNote, VaultError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The newest version that this code reads and the one it writes.
pub(crate) const VERSION: u64 = 2;
/// The version of what values are bound to. It stays when the file around them changes, so that they can be read on.
const BINDING: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) holdpoint_vault: u64,
    pub(crate) key: KeyFrom,
    /// A known text under the key: tells a wrong key from a damaged value.
    pub(crate) check: Blob,
    pub(crate) values: BTreeMap<String, Blob>,
    /// What is told about a value; hints in plain, bound to nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) notes: BTreeMap<String, ItemNote>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum KeyFrom {
    /// 32 random bytes in the file `key` beside the store.
    KeyFile,
    /// Argon2id (RFC 9106) of a passphrase.
    Passphrase { salt: Blob, memory_kib: u32, passes: u32, lanes: u32 },
    /// 32 random bytes under this name in the keychain.
    Keychain { name: String },
}

/// Bytes, as base64 in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl TryFrom<String> for Blob {
    type Error = base64::DecodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Blob> for String {
    fn from(blob: Blob) -> String {
        STANDARD.encode(blob.0)
    }
}

#[derive(Deserialize)]
struct Version {
    holdpoint_vault: u64,
}

/// Reads a store; the version is looked at first, alone, since a newer file may have any shape.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Store, VaultError> {
    let damaged =
        |e: serde_json::Error| VaultError::corrupt(path, format!("line {}: {}", e.line(), reason(&e)));
    let Version { holdpoint_vault: found } = serde_json::from_slice(bytes).map_err(damaged)?;
    if found > VERSION {
        return Err(VaultError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    if found == 0 {
        return Err(VaultError::corrupt(path, "there is no format 0"));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// The bytes of a store.
pub(crate) fn print(path: &Path, store: &Store) -> Result<Vec<u8>, VaultError> {
    serde_json::to_vec_pretty(store).map_err(|e| VaultError::corrupt(path, e.to_string()))
}

/// What a value is bound to.
pub(crate) fn about(name: &str) -> Vec<u8> {
    format!("holdpoint-vault\0{BINDING}\0{name}").into_bytes()
}

/// serde's messages may quote the text around; the kind is enough and quotes nothing.
fn reason(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "it cannot be read",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is missing, unknown or of another kind",
        serde_json::error::Category::Eof => "it ends too early",
    }
}
