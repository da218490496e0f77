//! A vault that is opened when it is first asked for something.

use crate::{Choice, Item, ItemNote, Patience, SecretBytes, Vault, VaultError, open};
use holdpoint_redact::Secret;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The vault of a home, for who may never need it: no keychain is asked before its first use. One that does not open
/// says why at each use, and is tried again at the next.
pub struct LaterVault {
    home: PathBuf,
    choice: Choice,
    passphrase: Option<Secret>,
    patience: Patience,
    opened: OnceLock<Arc<dyn Vault>>,
}

impl LaterVault {
    /// To be opened as [`open`] does.
    pub fn new(home: PathBuf, choice: Choice, passphrase: Option<Secret>, patience: Patience) -> Self {
        Self { home, choice, passphrase, patience, opened: OnceLock::new() }
    }

    fn vault(&self) -> Result<&dyn Vault, VaultError> {
        if let Some(vault) = self.opened.get() {
            return Ok(vault.as_ref());
        }
        let opened = open(&self.home, self.choice, self.passphrase.as_ref(), self.patience)?;
        Ok(self.opened.get_or_init(|| opened.vault).as_ref())
    }
}

impl Vault for LaterVault {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        self.vault()?.get(name)
    }

    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        self.vault()?.put_noted(name, value, note)
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        self.vault()?.create(name, value)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        self.vault()?.delete(name)
    }

    fn list(&self) -> Result<Vec<Item>, VaultError> {
        self.vault()?.list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_why_it_does_not_open_and_opens_when_it_can() {
        let home = tempfile::tempdir().unwrap();
        let later = |passphrase: &str| {
            let passphrase = Some(Secret::new(passphrase));
            LaterVault::new(home.path().to_owned(), Choice::File, passphrase, Patience::default())
        };
        assert!(!home.path().join("vault").exists(), "nothing is opened before it is used");
        later("open sesame").put("token", b"value").unwrap();
        assert!(matches!(later("open barley").get("token"), Err(VaultError::Locked { .. })));
        assert_eq!(later("open sesame").get("token").unwrap().expose(), b"value");
    }
}
