//! Our items in a keyring-core store: what is written where, in which order. Runs on the keychain's own thread.

use super::envelope::{self, Head};
use super::{Shape, fault};
use crate::{Item, ItemNote, SecretBytes, VaultError, atomic, name};
use keyring_core::{CredentialStore, Entry, Error};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// The service of every item of ours.
pub(super) const SERVICE: &str = "holdpoint";
/// How often a read begins anew when somebody else writes meanwhile.
const READ_TRIES: usize = 8;

/// The items of one home.
pub(super) struct Items {
    store: Arc<CredentialStore>,
    shape: Shape,
    /// Begins every account, so that two homes of one person do not share secrets.
    space: String,
    /// Values that were read, by name, each with the revision that it had.
    seen: HashMap<String, (String, SecretBytes)>,
}

/// An item's note as it stands beside the secret.
#[derive(Default, Serialize, Deserialize)]
struct Told {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_at: Option<i64>,
    /// Changes with each write; empty while one is under way. What was read under a revision need not be read again
    /// while it stands, so a secret is opened once and another process' write is still seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    rev: String,
}

impl Items {
    pub(super) fn new(store: Arc<CredentialStore>, shape: Shape, space: &str) -> Self {
        Self { store, shape, space: space.to_owned(), seen: HashMap::new() }
    }

    /// The value, opened at most once while nobody changes it.
    pub(super) fn read(&mut self, name: &str) -> Result<SecretBytes, VaultError> {
        let rev = self.told(name)?.rev;
        if let Some((seen, value)) = self.seen.get(name)
            && *seen == rev
        {
            return Ok(value.clone());
        }
        self.seen.remove(name);
        let value = self.open(name)?;
        if !rev.is_empty() {
            self.seen.insert(name.to_owned(), (rev, value.clone()));
        }
        Ok(value)
    }

    /// Whether there is an item, without opening it.
    pub(super) fn has(&self, name: &str) -> Result<bool, VaultError> {
        match self.told(name) {
            Ok(_) => Ok(true),
            Err(VaultError::Absent { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Updates the item, or adds it; the caller keeps other writers out.
    pub(super) fn write(&mut self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        self.seen.remove(name);
        let generation = random_word()?;
        let note = note.kept();
        let mut told = Told { what: note.what, ends_at: note.ends_at, rev: String::new() };
        let fail = |error| fault::state(self.shape.store, name, value.len(), error);
        let head = self.entry(name)?;
        // From here until the end whoever reads keeps nothing in memory.
        match self.tell(&head, &told) {
            Ok(()) | Err(Error::NoEntry) => {}
            Err(error) => return Err(fail(error)),
        }
        let sealed = envelope::seal(value, self.shape.limit, &generation);
        for (i, part) in sealed.parts.iter().enumerate() {
            self.part(name, &generation, i)?.set_secret(part.expose()).map_err(fail)?;
        }
        head.set_secret(sealed.head.expose()).map_err(fail)?;
        told.rev.clone_from(&generation);
        self.tell(&head, &told).map_err(fail)?;
        self.seen.insert(name.to_owned(), (generation.clone(), SecretBytes::new(value.to_vec())));
        self.sweep(name, Some(&generation))
    }

    /// Removes the item, and its double when there is one.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), VaultError> {
        self.seen.remove(name);
        let fail = |error| fault::state(self.shape.store, name, 0, error);
        match self.entry(name)?.delete_credential() {
            Ok(()) => {}
            // Both carry our service and our account: nobody else's is touched.
            Err(Error::Ambiguous(doubles)) => {
                for double in doubles {
                    double.delete_credential().map_err(fail)?;
                }
            }
            Err(error) => return Err(fail(error)),
        }
        self.sweep(name, None)
    }

    /// Names and notes, sorted. Opens no secret.
    pub(super) fn list(&self) -> Result<Vec<Item>, VaultError> {
        let mut items = Vec::new();
        for (account, entry) in self.ours()? {
            if name::check(&account).is_err() {
                continue;
            }
            let attributes = match entry.get_attributes() {
                Ok(attributes) => attributes,
                Err(Error::NoEntry) => continue,
                Err(error) => return Err(fault::state(self.shape.store, &account, 0, error)),
            };
            let told = self.parsed(&attributes);
            let note = ItemNote { what: told.what, ends_at: told.ends_at };
            items.push(Item { name: account, note });
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        items.dedup_by(|a, b| a.name == b.name);
        Ok(items)
    }

    /// Whether a value can be kept here: writes one, reads it, removes it. A keyring without a login collection
    /// answers every read with "nothing there", so only writing tells.
    pub(super) fn probe(&mut self) -> Result<(), VaultError> {
        let word = random_word()?;
        let probe = "#probe";
        self.write(probe, word.as_bytes(), &ItemNote { what: "probe".to_owned(), ends_at: None })?;
        self.seen.remove(probe);
        let read = self.read(probe);
        self.remove(probe)?;
        if read?.expose() == word.as_bytes() {
            return Ok(());
        }
        Err(VaultError::Keychain { store: self.shape.store, why: "it gave back another value".to_owned() })
    }

    fn open(&self, name: &str) -> Result<SecretBytes, VaultError> {
        let fail = |error| fault::state(self.shape.store, name, 0, error);
        let damaged = |what| VaultError::Damaged { store: self.shape.store, name: name.to_owned(), what };
        let mut last = None;
        for _ in 0..READ_TRIES {
            let head = SecretBytes::new(self.entry(name)?.get_secret().map_err(fail)?);
            let parts = match envelope::open(head.expose()) {
                Some(Head::Value(value)) => return Ok(value),
                Some(Head::Parts(parts)) => parts,
                None => return Err(damaged("it is not what Holdpoint stored")),
            };
            if last.as_ref() == Some(&parts) {
                break;
            }
            let mut items = Vec::new();
            for i in 0..parts.count {
                match self.part(name, &parts.generation, i)?.get_secret() {
                    Ok(item) => items.push(SecretBytes::new(item)),
                    Err(Error::NoEntry) => break,
                    Err(error) => return Err(fail(error)),
                }
            }
            if let Some(value) = envelope::join(&parts, &items) {
                return Ok(value);
            }
            // Somebody may have written meanwhile: then the head names another generation now.
            last = Some(parts);
        }
        Err(damaged("a part of it is missing or altered"))
    }

    fn told(&self, name: &str) -> Result<Told, VaultError> {
        let attributes = self.entry(name)?.get_attributes();
        let attributes = attributes.map_err(|error| fault::state(self.shape.store, name, 0, error))?;
        Ok(self.parsed(&attributes))
    }

    /// A note that cannot be read says nothing; the secret does not depend on it.
    fn parsed(&self, attributes: &HashMap<String, String>) -> Told {
        let text = attributes.get(self.shape.note).map_or("", String::as_str);
        serde_json::from_str(text).unwrap_or_default()
    }

    fn tell(&self, entry: &Entry, told: &Told) -> keyring_core::Result<()> {
        let text = serde_json::to_string(told)
            .map_err(|error| Error::Invalid("note".to_owned(), error.to_string()))?;
        entry.update_attributes(&HashMap::from([(self.shape.note, text.as_str())]))
    }

    /// Removes parts of `name` that belong to no generation but `keep`.
    fn sweep(&self, name: &str, keep: Option<&str>) -> Result<(), VaultError> {
        if self.shape.limit.is_none() {
            return Ok(());
        }
        let (prefix, kept) = (format!("{name}#"), keep.map(|keep| format!("{name}#{keep}.")));
        for (account, entry) in self.ours()? {
            let stale = account.starts_with(&prefix)
                && kept.as_ref().is_none_or(|kept| !account.starts_with(kept.as_str()));
            if stale {
                match entry.delete_credential() {
                    Ok(()) | Err(Error::NoEntry) => {}
                    Err(error) => return Err(fault::state(self.shape.store, name, 0, error)),
                }
            }
        }
        Ok(())
    }

    /// Items of this home, by what follows the space in their account.
    fn ours(&self) -> Result<Vec<(String, Entry)>, VaultError> {
        let spec: HashMap<&str, &str> = self.shape.search.iter().copied().collect();
        let found =
            self.store.search(&spec).map_err(|error| fault::state(self.shape.store, "*", 0, error))?;
        let ours = |entry: Entry| {
            let (service, account) = entry.get_specifiers()?;
            let account = account.strip_prefix(&self.space)?.strip_prefix('/')?.to_owned();
            (service == SERVICE).then_some((account, entry))
        };
        Ok(found.into_iter().filter_map(ours).collect())
    }

    fn part(&self, name: &str, generation: &str, index: usize) -> Result<Entry, VaultError> {
        self.entry(&format!("{name}#{generation}.{index}"))
    }

    fn entry(&self, name: &str) -> Result<Entry, VaultError> {
        let label = format!("Holdpoint: {name}");
        let mut modifiers: HashMap<&str, &str> = self.shape.modifiers.iter().copied().collect();
        if self.shape.labelled {
            modifiers.insert("label", &label);
        }
        self.store
            .build(SERVICE, &format!("{}/{name}", self.space), Some(&modifiers))
            .map_err(|error| fault::state(self.shape.store, name, 0, error))
    }
}

fn random_word() -> Result<String, VaultError> {
    let mut bytes = [0; 8];
    atomic::random(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_le_bytes(bytes)))
}
