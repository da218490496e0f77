//! The store of secrets, as shown and as chosen.

use crate::Problem;
use crate::console::Console;
use crate::views::{LockView, Update, VaultState, VaultView};
use holdpoint_redact::Secret;
use holdpoint_vault::{Choice, KeptBy, NoChoice, StoreName};
use std::sync::Arc;

impl Console {
    /// The store of secrets.
    pub fn vault_view(&self) -> VaultView {
        let now = self.vault.standing();
        let passphrase = now.kept_by == Some(KeptBy::Passphrase);
        let in_file = match now.store {
            Some(store) => store == StoreName::File,
            None => now.kept_by.is_some(),
        };
        let title = match (now.store, now.kept_by) {
            (Some(StoreName::File), Some(KeptBy::Passphrase)) => "the encrypted file, by passphrase".into(),
            (Some(StoreName::File), Some(KeptBy::Keychain)) => {
                "the encrypted file, its key in the keychain".into()
            }
            (Some(store), _) => store.to_string(),
            (None, Some(_)) => "the encrypted file".into(),
            (None, None) => "the keychain".to_owned(),
        };
        VaultView {
            store: if in_file { "file" } else { "keychain" }.to_owned(),
            title,
            state: match (now.store, &now.failed) {
                (Some(_), _) => VaultState::Open,
                (None, Some(_)) => VaultState::Failed,
                (None, None) => VaultState::Locked,
            },
            said: now.failed.or(now.why),
            passphrase,
        }
    }

    /// Moves the secrets to `store`: `keychain`, `file` (with a passphrase, or without one by a key file),
    /// `file-key-in-keychain`, or `auto`. A locked one is opened by it.
    pub async fn choose_vault(
        self: &Arc<Self>,
        store: &str,
        passphrase: Option<Secret>,
    ) -> Result<VaultView, Problem> {
        let to: Choice = store.parse().map_err(|no: NoChoice| Problem::new(no.to_string()).code("usage"))?;
        let door = Arc::clone(&self.vault);
        let chosen = tokio::task::spawn_blocking(move || {
            if door.refusal().is_some() {
                door.unlock(passphrase.as_ref())
            } else {
                door.choose(to, passphrase.as_ref())
            }
        });
        let chosen = chosen.await.map_err(|gone| Problem::new(format!("the vault was not asked: {gone}")))?;
        chosen.map_err(|error| Problem::new(error.to_string()).code(error.code()))?;
        self.tell(Update::Accounts);
        let view: LockView = self.lock_view();
        self.tell(Update::Lock { view });
        Ok(self.vault_view())
    }
}
