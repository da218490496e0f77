//! The operating system's side of keyring-core, replaced: items in one file, so that several processes share them, and
//! refusals on demand. What it takes and refuses of itself is what the real ones do: 2,560 bytes on Windows, attributes
//! by name, no entry before a secret is set.

use holdpoint_vault::{KeychainVault, OsStatus, Patience, Shape, StoreName};
use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialStore, Entry, Error, Result};
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What may be asked of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Set,
    Attributes,
    UpdateAttributes,
    Delete,
    Search,
}

/// A refusal to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Status(i32),
    Ambiguous,
    TooLong,
    BadEncoding,
    /// Panics, as a library with a fault does.
    Panic,
}

#[derive(Default)]
struct Switches {
    /// Refuse these, always.
    always: Vec<(Op, Refusal)>,
    /// Refuse the call after so many more.
    after: Option<(usize, Refusal)>,
    /// Every call on an item, as `Op account`.
    calls: Vec<(Op, String)>,
    /// Calls wait while this is held by a test.
    gate: Arc<Mutex<()>>,
}

/// The replaced system. Clones are the same one.
#[derive(Clone)]
pub(crate) struct TestStore {
    path: PathBuf,
    shape: Shape,
    switches: Arc<Mutex<Switches>>,
}

type Kept = BTreeMap<String, (String, BTreeMap<String, String>)>;

impl TestStore {
    /// The system whose items are in `path`.
    pub(crate) fn new(path: &Path, shape: Shape) -> Self {
        Self { path: path.to_owned(), shape, switches: Arc::default() }
    }

    /// A vault on it.
    pub(crate) fn vault(&self, home: &Path) -> KeychainVault {
        self.vault_of(home, "00000000").unwrap()
    }

    /// A vault on it whose items begin with `space`.
    pub(crate) fn vault_of(
        &self,
        home: &Path,
        space: &str,
    ) -> std::result::Result<KeychainVault, holdpoint_vault::VaultError> {
        let store: Arc<CredentialStore> = Arc::new(self.clone());
        KeychainVault::over(home, store, self.shape, space, Patience::default())
    }

    /// From now on refuses `op`.
    pub(crate) fn refuse(&self, op: Op, with: Refusal) {
        self.switches.lock().unwrap().always.push((op, with));
    }

    /// Refuses one call, after `calls` more.
    pub(crate) fn refuse_after(&self, calls: usize, with: Refusal) {
        self.switches.lock().unwrap().after = Some((calls, with));
    }

    /// Refuses nothing any more; says whether a refusal was still to come.
    pub(crate) fn refuse_nothing(&self) -> bool {
        let mut switches = self.switches.lock().unwrap();
        switches.always.clear();
        switches.after.take().is_some()
    }

    /// What every call waits for.
    pub(crate) fn gate(&self) -> Arc<Mutex<()>> {
        self.switches.lock().unwrap().gate.clone()
    }

    /// The calls so far, and forgets them.
    pub(crate) fn calls(&self) -> Vec<(Op, String)> {
        std::mem::take(&mut self.switches.lock().unwrap().calls)
    }

    /// Puts an item there as another program would; the account is all of it.
    pub(crate) fn plant(&self, service: &str, account: &str, secret: &str) {
        self.change(|kept| {
            kept.insert(key(service, account), (secret.to_owned(), BTreeMap::new()));
            Ok(())
        })
        .unwrap();
    }

    /// Service, account and secret of every item.
    pub(crate) fn items(&self) -> Vec<(String, String, String)> {
        let kept = self.change(|kept| Ok(kept.clone())).unwrap();
        let split = |(key, (secret, _)): (String, (String, _))| {
            let (service, account) = key.split_once('\n').unwrap();
            (service.to_owned(), account.to_owned(), secret)
        };
        kept.into_iter().map(split).collect()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> Result<T>) -> Result<T> {
        let lock = File::options().create(true).append(true).open(self.path.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let text = fs::read(&self.path).unwrap_or_default();
        let mut kept: Kept =
            if text.is_empty() { Kept::new() } else { serde_json::from_slice(&text).unwrap() };
        let before = kept.clone();
        let done = change(&mut kept);
        if kept != before {
            fs::write(&self.path, serde_json::to_vec(&kept).unwrap()).unwrap();
        }
        done
    }

    fn allow(&self, op: Op, account: &str) -> Result<()> {
        let gate = self.gate();
        drop(gate.lock().unwrap());
        let mut switches = self.switches.lock().unwrap();
        switches.calls.push((op, account.to_owned()));
        let mut refusal = switches.always.iter().find(|(refused, _)| *refused == op).map(|(_, with)| *with);
        if let Some((left, with)) = switches.after {
            switches.after = (left > 0).then(|| (left - 1, with));
            refusal = refusal.or((left == 0).then_some(with));
        }
        drop(switches);
        match refusal {
            None => Ok(()),
            Some(Refusal::Status(code)) => Err(OsStatus(code).into_error()),
            Some(Refusal::Ambiguous) => {
                let double =
                    |n| Entry::new_with_credential(self.item("holdpoint", &format!("{account}~{n}")));
                Err(Error::Ambiguous(vec![double(1), double(2)]))
            }
            Some(Refusal::TooLong) => Err(Error::TooLong("secret".to_owned(), 2560)),
            Some(Refusal::BadEncoding) => Err(Error::BadEncoding(b"planted".to_vec())),
            Some(Refusal::Panic) => panic!("a fault of the library, on purpose"),
        }
    }

    fn item(&self, service: &str, account: &str) -> Arc<TestItem> {
        Arc::new(TestItem { store: self.clone(), service: service.to_owned(), account: account.to_owned() })
    }
}

impl CredentialStoreApi for TestStore {
    fn vendor(&self) -> String {
        "a test".to_owned()
    }

    fn id(&self) -> String {
        self.path.display().to_string()
    }

    fn build(&self, service: &str, user: &str, modifiers: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        let known: &[&str] = match self.shape.store {
            StoreName::SecretService => &["target", "label"],
            StoreName::CredentialManager => &["target", "persistence"],
            StoreName::MacKeychain | StoreName::File => &["label"],
        };
        for name in modifiers.into_iter().flat_map(HashMap::keys) {
            assert!(known.contains(name), "the real store would refuse the modifier {name}");
        }
        Ok(Entry::new_with_credential(self.item(service, user)))
    }

    fn search(&self, spec: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        self.allow(Op::Search, "*")?;
        assert!(!spec.is_empty(), "a search for everything");
        let found = self.items().into_iter().filter(|(service, ..)| service == "holdpoint");
        Ok(found
            .map(|(service, account, _)| Entry::new_with_credential(self.item(&service, &account)))
            .collect())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct TestItem {
    store: TestStore,
    service: String,
    account: String,
}

impl TestItem {
    fn key(&self) -> String {
        key(&self.service, &self.account)
    }
}

impl std::fmt::Debug for TestItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.account)
    }
}

impl CredentialApi for TestItem {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.store.allow(Op::Set, &self.account)?;
        if self.store.shape.store == StoreName::CredentialManager && secret.len() > 2560 {
            return Err(Error::TooLong("secret".to_owned(), 2560));
        }
        // KWallet keeps text alone.
        let text = String::from_utf8(secret.to_vec()).map_err(|e| Error::BadEncoding(e.into_bytes()))?;
        self.store.change(|kept| {
            kept.entry(self.key()).or_default().0 = text;
            Ok(())
        })
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.store.allow(Op::Get, &self.account)?;
        self.store.change(|kept| Ok(kept.get(&self.key()).ok_or(Error::NoEntry)?.0.clone().into_bytes()))
    }

    fn get_attributes(&self) -> Result<HashMap<String, String>> {
        self.store.allow(Op::Attributes, &self.account)?;
        self.store
            .change(|kept| Ok(kept.get(&self.key()).ok_or(Error::NoEntry)?.1.clone().into_iter().collect()))
    }

    fn update_attributes(&self, attributes: &HashMap<&str, &str>) -> Result<()> {
        self.store.allow(Op::UpdateAttributes, &self.account)?;
        self.store.change(|kept| {
            let item = kept.get_mut(&self.key()).ok_or(Error::NoEntry)?;
            for (name, value) in attributes {
                assert_eq!(*name, self.store.shape.note, "the real store would refuse this attribute");
                if value.len() > 256 {
                    return Err(Error::TooLong("comment".to_owned(), 256));
                }
                item.1.insert((*name).to_owned(), (*value).to_owned());
            }
            Ok(())
        })
    }

    fn delete_credential(&self) -> Result<()> {
        self.store.allow(Op::Delete, &self.account)?;
        self.store.change(|kept| kept.remove(&self.key()).map(drop).ok_or(Error::NoEntry))
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        self.get_attributes().map(|_| None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.account.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn key(service: &str, account: &str) -> String {
    format!("{service}\n{account}")
}
