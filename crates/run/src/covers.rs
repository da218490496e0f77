//! What a signature covers.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One thing that a signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Name, e.g. `plan`, `account`, `steps.register_api.outputs.task_definition`.
    pub name: String,
    /// SHA-256 of the value, hex.
    pub digest: String,
    /// The value for people, shortened and redacted.
    pub shown: String,
}

/// Digest over names and values of all that is covered, in order.
pub fn covers_digest(covered: &[Covered]) -> String {
    let mut hash = Sha256::new();
    for one in covered {
        hash.update((one.name.len() as u64).to_be_bytes());
        hash.update(one.name.as_bytes());
        hash.update((one.digest.len() as u64).to_be_bytes());
        hash.update(one.digest.as_bytes());
    }
    crate::chain::hex(&hash.finalize())
}
