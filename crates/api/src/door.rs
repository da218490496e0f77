//! The door to the vault: whoever holds it reads and writes while it is open, and is told so while it is locked.

use crate::Problem;
use holdpoint_redact::Secret;
use holdpoint_vault::{
    Choice, FileVault, Item, ItemNote, KeptBy, Opened, Patience, SecretBytes, StoreName, Vault, VaultError,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How long a keychain may take at the start: a window that does not open is worse than a file.
const AT_START: Patience = Patience(Duration::from_secs(20));

/// What to do about a passphrase that nobody gave.
const LOCKED: &str = "unlock it in the window, or set HOLDPOINT_VAULT_PASSPHRASE";

/// The vault of a home, open or locked. All who were handed it see it open again once it is.
pub struct VaultDoor {
    home: PathBuf,
    inside: RwLock<Inside>,
}

#[derive(Default)]
struct Inside {
    opened: Option<Opened>,
    /// What opened it; gone when it is locked.
    passphrase: Option<Secret>,
    /// Why it does not open.
    failed: Option<Arc<VaultError>>,
}

/// How a vault stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoorStanding {
    /// `None` while it is not open.
    pub(crate) store: Option<StoreName>,
    /// Why it is this store.
    pub(crate) why: Option<String>,
    /// Why it does not open.
    pub(crate) failed: Option<String>,
    /// What opens the file store.
    pub(crate) kept_by: Option<KeptBy>,
}

impl DoorStanding {
    /// A passphrase opens it, and none was given yet.
    pub(crate) fn wants_passphrase(&self) -> bool {
        self.store.is_none() && self.kept_by == Some(KeptBy::Passphrase)
    }
}

impl VaultDoor {
    /// Opens the vault of a home as far as that needs no person: one with a passphrase stays locked without it, and
    /// one that does not open says why to whoever wants something of it.
    pub fn open(home: &Path, choice: Choice, passphrase: Option<&Secret>) -> Arc<Self> {
        let door = Self { home: home.to_owned(), inside: RwLock::default() };
        let tried = take_in(home).and_then(|()| {
            if passphrase.is_none() && FileVault::kept_by(home)? == Some(KeptBy::Passphrase) {
                return Ok(());
            }
            door.let_in(holdpoint_vault::open(home, choice, passphrase, AT_START)?, passphrase);
            Ok(())
        });
        if let Err(error) = tried {
            tracing::error!(%error, "the vault did not open");
            door.inside.write().unwrap_or_else(PoisonError::into_inner).failed = Some(Arc::new(error));
        }
        Arc::new(door)
    }

    /// Why nothing can be had of it; `None` when it is open.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        let inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
        if inside.opened.is_some() {
            return None;
        }
        let why = inside.failed.as_ref().map_or_else(|| LOCKED.to_owned(), ToString::to_string);
        Some(Problem::new(format!("the vault is not open: {why}")).code("vault_locked"))
    }

    /// Opens it with a passphrase; also a check of the passphrase when it is open.
    pub(crate) fn unlock(&self, passphrase: Option<&Secret>) -> Result<(), VaultError> {
        let opened = holdpoint_vault::open(&self.home, Choice::Auto, passphrase, Patience::default())?;
        self.let_in(opened, passphrase);
        Ok(())
    }

    /// Moves the secrets, or changes the passphrase.
    pub(crate) fn choose(&self, to: Choice, passphrase: Option<&Secret>) -> Result<(), VaultError> {
        let now = self.inside.read().unwrap_or_else(PoisonError::into_inner).passphrase.clone();
        let moved = holdpoint_vault::choose(&self.home, to, now.as_ref(), passphrase, Patience::default())?;
        self.let_in(moved, passphrase);
        Ok(())
    }

    /// Closes it when a passphrase opens it again; what a keychain keeps is locked by the system, not by us.
    pub(crate) fn close(&self) {
        let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        if inside.passphrase.take().is_some() {
            inside.opened = None;
        }
    }

    /// Why it does not open.
    pub(crate) fn failure(&self) -> Option<Arc<VaultError>> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner).failed.clone()
    }

    /// Whether a passphrase opens it.
    pub(crate) fn has_passphrase(&self) -> bool {
        FileVault::kept_by(&self.home).ok().flatten() == Some(KeptBy::Passphrase)
    }

    pub(crate) fn standing(&self) -> DoorStanding {
        let inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
        DoorStanding {
            store: inside.opened.as_ref().map(|opened| opened.store),
            why: inside.opened.as_ref().and_then(|opened| opened.why.clone()),
            failed: inside.failed.as_ref().map(ToString::to_string),
            kept_by: FileVault::kept_by(&self.home).ok().flatten(),
        }
    }

    fn let_in(&self, opened: Opened, passphrase: Option<&Secret>) {
        let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        // A passphrase that was not needed opens nothing later either.
        let needed = FileVault::kept_by(&self.home).ok().flatten() == Some(KeptBy::Passphrase);
        inside.passphrase = passphrase.filter(|_| needed).cloned();
        inside.opened = Some(opened);
        inside.failed = None;
    }

    fn vault(&self) -> Result<Arc<dyn Vault>, VaultError> {
        let inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
        match &inside.opened {
            Some(opened) => Ok(Arc::clone(&opened.vault)),
            None => Err(VaultError::Locked { path: self.home.join("vault"), why: LOCKED }),
        }
    }
}

impl Vault for VaultDoor {
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

/// Takes in what the first versions kept one folder deeper, `vault/vault`: the key first, so that a start that breaks
/// off here is made up for by the next.
fn take_in(home: &Path) -> Result<(), VaultError> {
    let (new, old) = (home.join("vault"), home.join("vault").join("vault"));
    if new.join("store.json").exists() || !old.join("store.json").exists() {
        return Ok(());
    }
    for name in ["key", "store.json"] {
        let from = old.join(name);
        match std::fs::rename(&from, new.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(VaultError::Io { doing: "moving", path: from, source: error });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_of_the_first_versions_keeps_its_secrets() {
        let home = tempfile::tempdir().unwrap();
        FileVault::open(&home.path().join("vault"), None).unwrap().put("device", b"seed").unwrap();
        let door = VaultDoor::open(home.path(), Choice::File, None);
        assert_eq!(door.get("device").unwrap().expose(), b"seed");
        let again = VaultDoor::open(home.path(), Choice::File, None);
        assert_eq!(again.get("device").unwrap().expose(), b"seed");
    }

    #[test]
    fn a_passphrase_opens_and_closing_takes_it_from_all() {
        let home = tempfile::tempdir().unwrap();
        let right = Secret::new("right");
        let door = VaultDoor::open(home.path(), Choice::File, Some(&right));
        door.put("a", b"x").unwrap();
        let held: Arc<dyn Vault> = door.clone();
        door.close();
        assert!(matches!(held.get("a"), Err(VaultError::Locked { .. })));
        assert!(door.standing().wants_passphrase());
        assert!(door.unlock(Some(&Secret::new("wrong"))).is_err());
        assert!(held.get("a").is_err());
        door.unlock(Some(&right)).unwrap();
        assert_eq!(held.get("a").unwrap().expose(), b"x");
        let later = VaultDoor::open(home.path(), Choice::Auto, None);
        assert!(later.standing().wants_passphrase(), "a start without it does not fail");
    }

    #[test]
    fn without_a_passphrase_nothing_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let door = VaultDoor::open(home.path(), Choice::File, None);
        door.put("a", b"x").unwrap();
        door.close();
        assert_eq!(door.get("a").unwrap().expose(), b"x");
    }
}
