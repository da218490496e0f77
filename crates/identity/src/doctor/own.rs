//! Holdpoint's own folder and vault.

use super::caches::open_to_others;
use super::{Code, Examine, Finding, Weight};

/// Examines them.
pub(super) fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let folders = ["", "vault", "backups", "sso", "accounts"];
    found.extend(folders.into_iter().filter_map(|name| open_to_others(&with.home.join(name), 0o700)));
    match &with.vault {
        Some(Ok(vault)) => match vault.list() {
            Ok(items) => {
                let said = format!("the vault opens and lists {} secrets", items.len());
                found.push(Finding::fine(Code::VaultClosed, said).at(with.home, None));
            }
            Err(error) => found.push(
                Finding::new(Code::VaultClosed, Weight::Problem, error.to_string()).at(with.home, None),
            ),
        },
        Some(Err(error)) => {
            found.push(
                Finding::new(Code::VaultClosed, Weight::Problem, error.to_string()).at(with.home, None),
            );
        }
        None => {}
    }
    found
}
