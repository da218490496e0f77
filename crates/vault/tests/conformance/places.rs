//! Which store a home gets, that it keeps it, and that a move loses nothing wherever it breaks off.

use crate::test_store::{Op, Refusal, TestStore};
use holdpoint_redact::Secret;
use holdpoint_vault::{
    Choice, FileVault, ItemNote, Opened, Shape, StoreName, Vault, VaultError, choose_over, device_key,
    open_over,
};
use std::fs;
use tempfile::TempDir;

struct Home {
    folder: TempDir,
    store: TestStore,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = TestStore::new(&folder.path().join("items.json"), Shape::WINDOWS);
        Self { folder, store }
    }

    fn open(&self, choice: Choice, passphrase: Option<&Secret>) -> Result<Opened, VaultError> {
        let home = self.folder.path();
        open_over(home, choice, passphrase, &|space| self.store.vault_of(home, space))
    }

    fn choose(&self, to: Choice, now: Option<&Secret>, then: Option<&Secret>) -> Result<Opened, VaultError> {
        let home = self.folder.path();
        choose_over(home, to, now, then, &|space| self.store.vault_of(home, space))
    }

    fn has_file(&self) -> bool {
        self.folder.path().join("vault/store.json").exists()
    }
}

#[test]
fn a_home_gets_the_keychain_that_works_and_never_another_store_later() {
    let home = Home::new();
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!((opened.store, &opened.why), (StoreName::CredentialManager, &None));
    let key = device_key(&*opened.vault).unwrap();
    assert!(!home.has_file());
    assert_eq!(home.store.items().len(), 1, "the probe is gone");

    home.store.refuse(Op::Attributes, Refusal::Status(-25308));
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!(opened.store, StoreName::CredentialManager);
    assert!(matches!(device_key(&*opened.vault), Err(VaultError::NoInteraction { .. })));
    assert!(!home.has_file(), "no second store is begun");
    home.store.refuse_nothing();
    assert_eq!(device_key(&*home.open(Choice::Auto, None).unwrap().vault).unwrap(), key);
    let opened = home.open(Choice::File, None).unwrap();
    assert_eq!(opened.store, StoreName::CredentialManager);
    assert!(opened.why.unwrap().contains("move them"));
}

#[test]
fn a_home_without_a_keychain_gets_the_file_and_is_told_why() {
    let home = Home::new();
    home.store.refuse(Op::Set, Refusal::Status(-25307));
    assert!(matches!(home.open(Choice::Keychain, None), Err(VaultError::NoStore { .. })));
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!(opened.store, StoreName::File);
    assert!(opened.why.unwrap().contains("no default keychain"));
    let key = device_key(&*opened.vault).unwrap();
    home.store.refuse_nothing();
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!((opened.store, opened.why), (StoreName::File, None), "it stays, also when a keychain comes");
    assert_eq!(device_key(&*opened.vault).unwrap(), key);
    assert!(home.store.items().is_empty());
}

#[test]
fn a_keychain_that_gives_back_something_else_is_not_used() {
    let home = Home::new();
    home.store.refuse(Op::Get, Refusal::Status(-25293));
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!(opened.store, StoreName::File);
    assert!(home.store.items().is_empty(), "the probe is removed also then");
}

#[test]
fn a_file_of_an_earlier_holdpoint_stays() {
    let home = Home::new();
    FileVault::open(home.folder.path(), None).unwrap().put("a", b"x").unwrap();
    let opened = home.open(Choice::Auto, None).unwrap();
    assert_eq!((opened.store, opened.why), (StoreName::File, None));
    assert_eq!(opened.vault.get("a").unwrap().expose(), b"x");
    assert!(home.store.calls().is_empty(), "the keychain is not even asked");
}

#[test]
fn secrets_move_with_all_that_is_told_of_them_and_old_doors_are_shut() {
    let home = Home::new();
    let (one, two) = (Secret::new("correct horse"), Secret::new("battery staple"));
    let note = ItemNote { what: "SSO session corp".to_owned(), ends_at: Some(9) };
    let mut before = home.open(Choice::File, None).unwrap();
    before.vault.put_noted("sso/corp", &[7; 9000], &note).unwrap();
    before.vault.put("b", b"").unwrap();
    let key = device_key(&*before.vault).unwrap();
    let ways: [(Choice, Option<&Secret>, Option<&Secret>); 8] = [
        (Choice::Keychain, None, None),
        (Choice::Keychain, None, None),
        (Choice::File, None, Some(&one)),
        (Choice::File, Some(&one), Some(&two)),
        (Choice::Keychain, Some(&two), None),
        (Choice::FileKeyInKeychain, None, None),
        (Choice::Keychain, None, None),
        (Choice::File, None, None),
    ];
    for (to, now, then) in ways {
        let after = home.choose(to, now, then).unwrap();
        assert_eq!(after.why, None, "{to:?}");
        assert_eq!(device_key(&*after.vault).unwrap(), key);
        assert_eq!(after.vault.names().unwrap(), ["b", "device-key", "sso/corp"]);
        assert_eq!(after.vault.list().unwrap()[2].note, note);
        let again = home.open(Choice::Auto, then).unwrap();
        assert_eq!(again.store, after.store);
        assert_eq!(again.vault.get("sso/corp").unwrap().expose(), [7; 9000]);
        let (file, items) = match to {
            Choice::Keychain => (false, 3),
            Choice::FileKeyInKeychain => (true, 1),
            Choice::File | Choice::Auto => (true, 0),
        };
        let in_chain =
            home.store.items().into_iter().filter(|(_, account, _)| !account.contains('#')).count();
        assert_eq!((home.has_file(), in_chain), (file, items), "the old place is empty: {to:?}");
        if before.store != after.store {
            for said in [
                before.vault.get("gone").map(drop),
                before.vault.put("c", b"x"),
                before.vault.list().map(drop),
            ] {
                assert!(matches!(said, Err(VaultError::Moved { .. })), "{to:?}: {said:?}");
            }
        }
        before = after;
    }
    let wrong = home.choose(Choice::FileKeyInKeychain, None, Some(&one));
    assert!(matches!(wrong, Err(VaultError::Locked { .. })));
}

#[test]
fn a_file_that_opens_with_a_passphrase_does_not_move_without_it() {
    let home = Home::new();
    let right = Secret::new("correct horse");
    home.open(Choice::Auto, Some(&right)).unwrap().vault.put("a", b"x").unwrap();
    for wrong in [None, Some(Secret::new("wrong horse"))] {
        assert!(matches!(
            home.choose(Choice::Keychain, wrong.as_ref(), None),
            Err(VaultError::Locked { .. })
        ));
        assert!(matches!(home.open(Choice::Auto, wrong.as_ref()), Err(VaultError::Locked { .. })));
    }
    assert_eq!(home.choose(Choice::Keychain, Some(&right), None).unwrap().vault.names().unwrap(), ["a"]);
}

#[test]
fn a_move_that_breaks_off_anywhere_loses_nothing() {
    for (from, to) in [(Choice::File, Choice::Keychain), (Choice::Keychain, Choice::File)] {
        let mut broken = 0;
        for step in 0.. {
            let home = Home::new();
            let vault = home.open(from, None).unwrap().vault;
            vault.put("a", &[1; 5000]).unwrap();
            vault.put("b", b"two").unwrap();
            home.store.refuse_after(step, Refusal::Status(-25293));
            let moved = home.choose(to, None, None);
            let unused = home.store.refuse_nothing();
            // A part that a broken write left is nobody's value; a whole value of another time would be.
            let now = home.open(Choice::Auto, None).unwrap().vault;
            assert_eq!(now.names().unwrap(), ["a", "b"], "step {step}");
            assert_eq!(now.get("a").unwrap().expose(), [1; 5000], "step {step}");
            assert_eq!(now.get("b").unwrap().expose(), b"two", "step {step}");
            if unused {
                assert_eq!(moved.unwrap().why, None);
                break;
            }
            broken += 1;
            assert!(moved.as_ref().map_or(true, |moved| moved.why.is_some()), "step {step} went unnoticed");
            // And it can be done again.
            now.delete("a").unwrap();
            let done = home.choose(to, None, None).unwrap();
            assert_eq!(done.vault.names().unwrap(), ["b"], "nothing comes back to life: step {step}");
        }
        assert!(broken > 5, "{broken} steps");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_not_guessed() {
    for (text, code) in [
        ("", "vault_corrupt"),
        ("{}", "vault_corrupt"),
        (r#"{"holdpoint_vault_place": 2, "store": "cloud"}"#, "vault_newer"),
        (r#"{"holdpoint_vault_place": 1, "store": "file", "space": "../../.."}"#, "vault_corrupt"),
    ] {
        let home = Home::new();
        home.open(Choice::File, None).unwrap();
        fs::write(home.folder.path().join("vault/place.json"), text).unwrap();
        assert_eq!(home.open(Choice::Auto, None).unwrap_err().code(), code, "{text}");
    }
}

#[test]
fn choices_go_by_their_names() {
    for choice in Choice::ALL {
        assert_eq!(choice.name().parse(), Ok(choice));
    }
    for wrong in ["", "Keychain", "files"] {
        let said = wrong.parse::<Choice>().unwrap_err().to_string();
        assert!(Choice::ALL.iter().all(|choice| said.contains(choice.name())), "{said}");
    }
}
