//! What a process has of identities: one door to the vault, one to tokens, one to the access portal, and what forgets
//! them all.

use crate::door::VaultDoor;
use holdpoint_identity::{Env, Keeper, Places, Portal, SharedClock, SystemClock, Tokens};
use holdpoint_redact::Secret;
use holdpoint_vault::{Choice, Vault};
use std::path::Path;
use std::sync::Arc;

/// Made once a process, by its edge, and handed to all who open sessions. Clones are the same.
#[derive(Clone)]
pub struct Identities {
    /// Secrets at rest.
    pub vault: Arc<VaultDoor>,
    /// Tokens of SSO sessions.
    pub tokens: Tokens,
    /// Accounts and roles.
    pub portal: Portal,
    /// Forgets role credentials and closes endpoints when the screen locks.
    pub keeper: Keeper,
}

impl Identities {
    /// Opens the vault of a home, as far as that needs no person, and asks nobody else.
    pub fn open(home: &Path, env: &Env, choice: Choice, passphrase: Option<&Secret>) -> Self {
        let vault = VaultDoor::open(home, choice, passphrase);
        let places = Places { home: home.to_owned(), vault: Some(Arc::clone(&vault) as Arc<dyn Vault>) };
        let clock = SharedClock::new(SystemClock::new());
        let tokens = Tokens::new(env, &places, clock.clone());
        Self { portal: Portal::new(env, &places, &tokens, clock), vault, tokens, keeper: Keeper::new() }
    }
}
