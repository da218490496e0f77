//! Tokens that are kept in the vault alone.

use super::office::{Ahead, Does, Office, Person};
use holdpoint_identity::{
    Cancel, How, Keeping, Places, Prefs, SharedClock, Standing, SystemClock, TokenError, Tokens, Trouble,
};
use holdpoint_vault::{FileVault, Item, ItemNote, SecretBytes, Vault, VaultError};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// A vault in memory whose disk can be full, and which counts how often it is opened.
pub(crate) struct Failing {
    items: Mutex<BTreeMap<String, (Vec<u8>, ItemNote)>>,
    /// How many more items are taken before the disk is full.
    room: AtomicUsize,
    pub(crate) gets: AtomicUsize,
}

impl Failing {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            items: Mutex::default(),
            room: AtomicUsize::new(usize::MAX),
            gets: AtomicUsize::new(0),
        })
    }

    /// Takes so many more items, and then none.
    pub(crate) fn has_room_for(&self, puts: usize) {
        self.room.store(puts, Ordering::SeqCst);
    }

    /// The value of the first item whose name begins so.
    pub(crate) fn kept(&self, prefix: &str) -> Option<Vec<u8>> {
        let items = self.items.lock().unwrap();
        items.iter().find(|(name, _)| name.starts_with(prefix)).map(|(_, (value, _))| value.clone())
    }
}

impl Vault for Failing {
    fn get(&self, name: &str) -> Result<SecretBytes, VaultError> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        let items = self.items.lock().unwrap();
        let found = items.get(name).map(|(value, _)| SecretBytes::new(value.clone()));
        found.ok_or_else(|| VaultError::Absent { name: name.to_owned() })
    }

    fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
        let room = |room: usize| room.checked_sub(1);
        if self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, room).is_err() {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(VaultError::Io { doing: "writing", path: PathBuf::from("vault"), source });
        }
        self.items.lock().unwrap().insert(name.to_owned(), (value.to_vec(), note.clone()));
        Ok(())
    }

    fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        let mut items = self.items.lock().unwrap();
        if items.contains_key(name) {
            return Ok(false);
        }
        items.insert(name.to_owned(), (value.to_vec(), ItemNote::default()));
        Ok(true)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        let removed = self.items.lock().unwrap().remove(name);
        removed.map(drop).ok_or_else(|| VaultError::Absent { name: name.to_owned() })
    }

    fn list(&self) -> Result<Vec<Item>, VaultError> {
        let items = self.items.lock().unwrap();
        Ok(items.iter().map(|(name, (_, note))| Item { name: name.clone(), note: note.clone() }).collect())
    }
}

fn tokens(office: &Office, vault: Arc<dyn Vault>) -> Tokens {
    let places = Places { vault: Some(vault), ..office.places() };
    Tokens::new(&office.env(), &places, SharedClock::new(SystemClock::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_moves_between_the_shared_folder_and_the_vault_without_a_new_sign_in() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    let folder = office.folder.path().join("holdpoint/vault");
    let vault: Arc<dyn Vault> = Arc::new(FileVault::open(&folder, None).unwrap());
    let ours = tokens(&office, vault.clone());
    office.sign_in(&ours).await;
    let shared = office.read(&session);
    ours.keep(&session, Keeping::Vault).await.unwrap();
    assert_eq!(std::fs::read_dir(office.cache()).unwrap().count(), 0, "neither token nor registration stays");
    assert!(Prefs::open(&office.places().home).unwrap().is_in_vault(&session.key()));
    let item = vault.list().unwrap().into_iter().find(|item| item.name.starts_with("sso/")).unwrap();
    assert_eq!(item.name, format!("sso/{}", session.key()));
    let revision = item.note.what.strip_prefix("SSO session, renews: corp, revision ").unwrap();
    assert!(revision.len() == 8 && !shared["accessToken"].as_str().unwrap().contains(revision));
    assert!(matches!(ours.standing(&session), Standing::SignedIn { kept: Keeping::Vault, renews: true, .. }));
    assert_eq!(ours.token(&session).await.unwrap().secret.expose(), shared["accessToken"].as_str().unwrap());
    ours.keep(&session, Keeping::Shared).await.unwrap();
    assert_eq!(office.read(&session), shared);
    assert!(vault.list().unwrap().iter().all(|item| !item.name.starts_with("sso/")));
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_the_vault_is_one_item_opened_once() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    let vault = Failing::new();
    let first = tokens(&office, vault.clone());
    Prefs::change(
        &{
            std::fs::create_dir_all(office.places().home).unwrap();
            office.places().home
        },
        |prefs| {
            prefs.keep_in_vault(&session.key(), true);
        },
    )
    .unwrap();
    assert_eq!(first.standing(&session), Standing::SignedOut);
    office.behave(json!({"access_token_seconds": 500})).await;
    let person = Person::new(Does::Follows);
    first.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await.unwrap();
    assert!(!office.cache().exists(), "nothing of it is in the shared folder");
    office.behave(json!({"access_token_seconds": 3600})).await;
    // Another process of the same vault: its standing opens nothing, its tokens open it once, renewal included.
    vault.gets.store(0, Ordering::SeqCst);
    let second = tokens(&office, vault.clone());
    assert!(matches!(second.standing(&session), Standing::SignedIn { renews: true, .. }));
    assert_eq!(vault.gets.load(Ordering::SeqCst), 0);
    for _ in 0..5 {
        second.token(&session).await.unwrap();
    }
    assert_eq!(vault.gets.load(Ordering::SeqCst), 1);
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(vault.list().unwrap().len(), 1, "one item a session");
    // The first process holds what is spent; it sees the note and opens the item again.
    let now = first.token(&session).await.unwrap();
    assert_eq!(now, second.token(&session).await.unwrap());
    assert_eq!(office.look("sso").await["reused_refresh_tokens"], 0);
    second.sign_out(&session).await.unwrap();
    assert!(vault.list().unwrap().is_empty());
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_open_vault_a_vault_kept_session_says_so() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    std::fs::create_dir_all(office.places().home).unwrap();
    Prefs::change(&office.places().home, |prefs| prefs.keep_in_vault(&session.key(), true)).unwrap();
    let none = office.tokens();
    assert!(matches!(none.standing(&session), Standing::VaultLocked { .. }));
    let error = none.token(&session).await.unwrap_err();
    assert!(matches!(error, TokenError::Trouble(holdpoint_identity::Trouble::NoVault { .. })), "{error}");
    let person = Person::new(Does::Follows);
    let done = none.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
    assert!(done.is_err() && person.tabs() == 0, "no browser opens for a token that could not be kept");
    // Preferences that cannot be read are no licence to write a token where it is not wanted.
    std::fs::write(office.places().home.join("identities.json"), "{").unwrap();
    assert!(
        matches!(none.standing(&session), Standing::Torn { path, .. } if path.ends_with("identities.json"))
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_vault_takes_nothing_no_refresh_token_is_spent() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    office.behave(json!({"access_token_seconds": 500})).await;
    let vault = Failing::new();
    let ours = tokens(&office, vault.clone());
    office.sign_in(&ours).await;
    ours.keep(&session, Keeping::Vault).await.unwrap();
    vault.has_room_for(0);
    // The token that is still good is used; one that has ended is an error, and neither asks AWS.
    let good = ours.token(&session).await.unwrap();
    let places = Places { vault: Some(vault.clone()), ..office.places() };
    let late = SharedClock::new(Ahead(Duration::from_secs(700)));
    let later = Tokens::new(&office.env(), &places, late);
    let error = later.token(&session).await.unwrap_err();
    assert!(matches!(error, TokenError::Trouble(Trouble::Vault(_))), "{error}");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    vault.has_room_for(usize::MAX);
    assert_ne!(later.token(&session).await.unwrap().secret, good.secret);
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    office.close().await;
}

/// A clock that is set by hand, the same for all processes.
#[derive(Debug, Clone)]
struct Set(Arc<Mutex<SystemTime>>);

impl aws_smithy_async::time::TimeSource for Set {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_the_same_second_as_the_one_before_is_not_taken_for_it() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    std::fs::create_dir_all(office.places().home).unwrap();
    Prefs::change(&office.places().home, |prefs| prefs.keep_in_vault(&session.key(), true)).unwrap();
    let clock = Set(Arc::new(Mutex::new(SystemTime::now())));
    let places = Places { vault: Some(Failing::new()), ..office.places() };
    let doors: Vec<Tokens> =
        (0..10).map(|_| Tokens::new(&office.env(), &places, SharedClock::new(clock.clone()))).collect();
    office.behave(json!({"access_token_seconds": 3600})).await;
    office.sign_in(&doors[0]).await;
    // Every process holds the first token.
    let mut first = Vec::new();
    for door in &doors {
        first.push(door.token(&session).await.unwrap());
    }
    // Its successor is given when it is due, and ends when it would have ended.
    office.behave(json!({"access_token_seconds": 100})).await;
    *clock.0.lock().unwrap() = first[0].expires_at - Duration::from_secs(100);
    let all: Vec<_> = doors
        .iter()
        .map(|door| {
            let (door, session) = (door.clone(), session.clone());
            tokio::spawn(async move { door.token(&session).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for one in all {
        given.push(one.await.unwrap());
    }
    assert_eq!(given[0].expires_at, first[0].expires_at);
    assert_ne!(given[0].secret, first[0].secret);
    assert!(given.iter().all(|token| *token == given[0]), "one of them took the old token for the new one");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(office.look("sso").await["reused_refresh_tokens"], 0);
    office.close().await;
}
