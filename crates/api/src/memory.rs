//! What is held in memory alone: role credentials and logins of registries; how long it lasts, and how it is forgotten.

use crate::Problem;
use crate::console::Console;
use crate::times::iso_of;
use crate::views::{SecretAction, SecretView, Update};
use std::sync::Arc;

/// What calls name the role credentials by.
const ROLES: &str = "roles";

impl Console {
    /// Lines of the list of secrets.
    pub(crate) fn secrets_in_memory(&self) -> Vec<SecretView> {
        let (count, ends) = self.identities.keeper.held();
        let roles = (count > 0).then(|| SecretView {
            what: ROLES.to_owned(),
            title: format!("Role credentials, {count}"),
            store: "memory only".to_owned(),
            ends_at: ends.map(iso_of),
            action: SecretAction::Forget,
            session: None,
        });
        roles.into_iter().collect()
    }

    /// Forgets what is held in memory. What a step needs it gets anew.
    pub fn forget_secret(self: &Arc<Self>, what: &str) -> Result<(), Problem> {
        if what != ROLES {
            return Err(Problem::new(format!("`{what}` is nothing that is held in memory"))
                .code("not_found")
                .hint("sign out of a session to end its token"));
        }
        let count = self.identities.keeper.forget_credentials();
        tracing::info!(count, "role credentials forgotten by hand");
        self.tell(Update::Accounts);
        Ok(())
    }
}
