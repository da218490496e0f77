//! Originals of a run, sealed by the vault's key.

use crate::door::VaultDoor;
use async_trait::async_trait;
use holdpoint_engine::{RunFolder, Seals};
use holdpoint_run::chain;
use holdpoint_vault::Sealer;
use std::path::PathBuf;
use std::sync::Arc;

/// Seals in `sealed/` of the run's folder.
pub(crate) struct VaultSeals {
    pub(crate) vault: Arc<VaultDoor>,
}

#[async_trait]
impl Seals for VaultSeals {
    async fn seal(&self, folder: &RunFolder, plain: &[u8]) -> Result<String, String> {
        let sealer = Sealer::new(self.vault.as_ref()).map_err(|error| error.to_string())?;
        let digest = chain::hex(&<sha2::Sha256 as sha2::Digest>::digest(plain));
        let path = sealed_path(folder, &digest)?;
        let sealed = sealer.seal(&path, &digest, plain).map_err(|error| error.to_string())?;
        Ok(sealed.plain_sha256)
    }

    async fn open(&self, folder: &RunFolder, digest: &str) -> Result<Vec<u8>, String> {
        let sealer = Sealer::new(self.vault.as_ref()).map_err(|error| error.to_string())?;
        let path = sealed_path(folder, digest)?;
        let plain = sealer.open(&path, digest, digest).map_err(|error| error.to_string())?;
        Ok(plain.expose().to_vec())
    }
}

fn sealed_path(folder: &RunFolder, digest: &str) -> Result<PathBuf, String> {
    let sealed = folder.path().join("sealed");
    std::fs::create_dir_all(&sealed)
        .map_err(|error| format!("{} could not be made: {error}", sealed.display()))?;
    Ok(sealed.join(digest))
}
