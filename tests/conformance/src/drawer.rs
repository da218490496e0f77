//! Originals and evidence of steps, in memory.

use async_trait::async_trait;
use holdpoint_engine::{Safe, Unsealed};
use holdpoint_run::{Diagnosis, Evidence, chain};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What steps of a room sealed and kept.
#[derive(Default)]
pub struct Drawer {
    sealed: Mutex<BTreeMap<String, Vec<u8>>>,
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Drawer {
    /// Evidence by its name, as it was given: the engine would redact it.
    pub fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }
}

#[async_trait]
impl Safe for Drawer {
    async fn seal(&self, plain: &[u8]) -> Result<String, Diagnosis> {
        let digest = chain::hex(&Sha256::digest(plain));
        self.sealed.lock().unwrap().insert(digest.clone(), plain.to_vec());
        Ok(digest)
    }

    async fn open(&self, digest: &str) -> Result<Unsealed, Diagnosis> {
        let sealed = self.sealed.lock().unwrap().get(digest).cloned();
        sealed.map(Unsealed::new).ok_or_else(|| Diagnosis::of(format!("nothing is sealed as {digest}")))
    }

    async fn keep(&self, name: &str, media: &str, bytes: &[u8]) -> Result<Evidence, Diagnosis> {
        let digest = chain::hex(&Sha256::digest(bytes));
        self.kept.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
        Ok(Evidence { name: name.to_owned(), digest, media: media.to_owned(), bytes: bytes.len() as u64 })
    }
}
