//! The keychain vault, in the shape of each of the three systems.

use crate::suite::conforms;
use crate::test_store::{Op, Refusal, TestStore};
use holdpoint_vault::{ItemNote, KeychainVault, Patience, Shape, Vault, VaultError, device_key};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const SHAPES: [Shape; 3] = [Shape::SECRET_SERVICE, Shape::MAC, Shape::WINDOWS];

fn system(shape: Shape) -> (TempDir, TestStore) {
    let home = tempfile::tempdir().unwrap();
    let store = TestStore::new(&home.path().join("items.json"), shape);
    (home, store)
}

#[test]
fn every_keychain_conforms() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        conforms(&|| Box::new(store.vault(home.path())));
        let left = store.items();
        assert_eq!(left.len(), 4, "no part is left of what was replaced or removed: {:?}", accounts(&left));
    }
}

#[test]
fn each_refusal_is_its_own_state_at_every_call() {
    let status = Refusal::Status;
    let table = [
        (status(-25299), "keychain_duplicate"),
        (status(-25244), "keychain_foreign_owner"),
        (status(-25308), "keychain_no_interaction"),
        (status(-25293), "keychain_auth_failed"),
        (status(-128), "keychain_cancelled"),
        (status(-34018), "keychain_missing_entitlement"),
        (status(-25307), "keychain_no_store"),
        (status(-50), "keychain_failed"),
        (Refusal::BadEncoding, "keychain_damaged"),
        (Refusal::TooLong, "vault_too_long"),
    ];
    for shape in SHAPES {
        let (home, store) = system(shape);
        store.vault(home.path()).put("a", b"before").unwrap();
        for (refusal, code) in table {
            // A vault each time: what was read once is not read again.
            let vault = store.vault(home.path());
            let said = |op: Op, ask: &dyn Fn() -> Result<(), VaultError>| {
                store.refuse(op, refusal);
                let error = ask().unwrap_err();
                store.refuse_nothing();
                assert_eq!(error.code(), code, "{:?} {op:?} {refusal:?}: {error}", shape.store);
                assert!(!error.to_string().contains("planted"), "{error}");
            };
            said(Op::Get, &|| vault.get("a").map(drop));
            said(Op::Attributes, &|| vault.get("a").map(drop));
            said(Op::Attributes, &|| vault.create("a", b"x").map(drop));
            said(Op::Search, &|| vault.list().map(drop));
            said(Op::Attributes, &|| vault.list().map(drop));
            said(Op::Set, &|| vault.put("a", b"after"));
            said(Op::UpdateAttributes, &|| vault.put("a", b"after"));
            said(Op::Delete, &|| vault.delete("a"));
            assert_eq!(vault.get("a").unwrap().expose(), b"before", "{refusal:?}");
        }
        let vault = store.vault(home.path());
        store.refuse(Op::Get, Refusal::Ambiguous);
        assert!(matches!(vault.get("a"), Err(VaultError::Duplicate { .. })));
    }
}

#[test]
fn a_write_that_breaks_off_anywhere_leaves_the_old_value_or_the_new_one() {
    let (old, new) = (vec![1; 9000], vec![2; 7000]);
    for shape in SHAPES {
        let (home, store) = system(shape);
        store.vault(home.path()).put("a", &old).unwrap();
        let mut steps = 0;
        loop {
            let writer = store.vault(home.path());
            assert_eq!(writer.get("a").unwrap().expose(), old, "so that the writer has it in memory");
            store.refuse_after(steps, Refusal::Status(-25293));
            let written = writer.put("a", &new);
            let unused = store.refuse_nothing();
            for reader in [&writer, &store.vault(home.path())] {
                let value = reader.get("a").unwrap();
                assert!(value.expose() == old || (value.expose() == new), "torn after {steps} steps");
                assert!(written.is_err() || value.expose() == new, "lost after {steps} steps");
            }
            if unused {
                break;
            }
            assert!(written.is_err(), "step {steps} was refused and nobody noticed");
            store.vault(home.path()).put("a", &old).unwrap();
            steps += 1;
        }
        assert!(steps > 2, "{steps} steps of {:?}", shape.store);
        store.vault(home.path()).delete("a").unwrap();
        assert!(store.items().is_empty(), "a part is left: {:?}", accounts(&store.items()));
    }
}

#[test]
fn a_secret_is_opened_once_and_others_writes_are_seen() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        let (one, other) = (store.vault(home.path()), store.vault(home.path()));
        other.put("a", b"first").unwrap();
        store.calls();
        for _ in 0..10 {
            assert_eq!(one.get("a").unwrap().expose(), b"first");
        }
        assert_eq!(opened(&store), 1, "one read a session");
        other.put("a", b"second").unwrap();
        store.calls();
        for _ in 0..10 {
            assert_eq!(one.get("a").unwrap().expose(), b"second", "{:?}", shape.store);
            assert_eq!(other.get("a").unwrap().expose(), b"second");
        }
        assert_eq!(opened(&store), 1, "the writer knows what it wrote");
        other.delete("a").unwrap();
        assert!(matches!(one.get("a"), Err(VaultError::Absent { .. })));
    }
}

#[test]
fn listing_opens_nothing() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        let vault = store.vault(home.path());
        let note = ItemNote { what: "SSO session corp".to_owned(), ends_at: Some(5) };
        for name in ["b", "a"] {
            vault.put_noted(name, &[9; 9000], &note).unwrap();
        }
        store.calls();
        let items = store.vault(home.path()).list().unwrap();
        assert_eq!(items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(items.iter().all(|item| item.note == note));
        assert_eq!(opened(&store), 0);
    }
}

#[test]
fn nobody_elses_item_is_read_changed_or_removed() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        let foreign = [
            ("docker-credential-helpers", "registry.example"),
            ("holdpoint", "11111111/a"),
            ("holdpoint", "a"),
            ("holdpoint", "00000000a"),
            ("aws", "00000000/a"),
        ];
        for (service, account) in foreign {
            store.plant(service, account, "planted");
        }
        let vault = store.vault(home.path());
        vault.put("a", &[3; 9000]).unwrap();
        vault.get("a").unwrap();
        assert_eq!(vault.names().unwrap(), ["a"]);
        assert!(vault.create("b", b"x").unwrap());
        vault.delete("a").unwrap();
        vault.delete("b").unwrap();
        let touched: Vec<_> =
            store.calls().into_iter().filter(|(_, account)| !account.starts_with("00000000/")).collect();
        assert!(touched.iter().all(|(op, _)| *op == Op::Search), "{touched:?}");
        let left = store.items();
        assert_eq!(left.len(), foreign.len(), "{:?}", accounts(&left));
        assert!(left.iter().all(|(.., secret)| secret == "planted"));
    }
}

#[test]
fn homes_of_one_person_do_not_share_secrets() {
    let (home, store) = system(Shape::MAC);
    let (one, two) =
        (store.vault_of(home.path(), "aaaaaaaa").unwrap(), store.vault_of(home.path(), "bbbbbbbb").unwrap());
    assert_ne!(device_key(&one).unwrap(), device_key(&two).unwrap());
    assert_eq!(one.names().unwrap(), ["device-key"]);
    two.delete("device-key").unwrap();
    device_key(&one).unwrap();
}

#[test]
fn what_was_altered_is_damage() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        for planted in ["", "planted", "holdpoint1 v 00 cGxhbnRlZA==", "holdpoint1 p gone 2 00"] {
            store.plant("holdpoint", "00000000/a", planted);
            let vault = store.vault(home.path());
            let error = vault.get("a").unwrap_err();
            assert!(matches!(error, VaultError::Damaged { .. }), "{planted}: {error}");
            assert!(!error.to_string().contains("planted"), "{error}");
            vault.put("a", b"mended").unwrap();
            assert_eq!(vault.get("a").unwrap().expose(), b"mended");
        }
    }
}

#[test]
fn a_double_is_named_and_can_be_removed() {
    let (home, store) = system(Shape::SECRET_SERVICE);
    let vault = store.vault(home.path());
    vault.put("a", b"x").unwrap();
    for n in [1, 2] {
        store.plant("holdpoint", &format!("00000000/a~{n}"), "a double");
    }
    store.refuse_after(0, Refusal::Ambiguous);
    vault.delete("a").unwrap();
    assert_eq!(accounts(&store.items()), ["00000000/a"], "both that were named are gone");
}

#[test]
fn a_keychain_that_never_answers_is_told_as_that() {
    let (home, store) = system(Shape::SECRET_SERVICE);
    let open = || {
        let system = Arc::new(store.clone());
        KeychainVault::over(
            home.path(),
            system,
            Shape::SECRET_SERVICE,
            "00000000",
            Patience(Duration::from_millis(20)),
        )
    };
    // On a busy machine the thread itself may take longer to start than this store is given to answer.
    let vault = std::iter::repeat_with(open).find_map(Result::ok).unwrap();
    let gate = store.gate();
    let shut = gate.lock().unwrap();
    assert!(matches!(vault.get("a"), Err(VaultError::NoAnswer { .. })));
    assert!(matches!(vault.list(), Err(VaultError::NoAnswer { .. })));
    drop(shut);
}

#[test]
fn a_library_that_panics_is_told_as_that() {
    let (home, store) = system(Shape::SECRET_SERVICE);
    let vault = store.vault(home.path());
    store.refuse_after(0, Refusal::Panic);
    for _ in 0..2 {
        let error = vault.get("a").unwrap_err();
        assert!(error.to_string().contains("stopped with a fault"), "{error}");
    }
}

#[test]
fn a_vault_works_inside_a_runtime_and_outside() {
    let (home, store) = system(Shape::WINDOWS);
    let vault = Arc::new(store.vault(home.path()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { vault.put("a", b"inside").unwrap() });
    assert_eq!(vault.get("a").unwrap().expose(), b"inside");
}

#[test]
fn nothing_secret_is_kept_in_plain_or_shown() {
    for shape in SHAPES {
        let (home, store) = system(shape);
        let vault = store.vault(home.path());
        vault.put("token", b"planted-secret-value").unwrap();
        assert!(!format!("{vault:?} {:?}", vault.get("token").unwrap()).contains("planted"));
    }
}

fn opened(store: &TestStore) -> usize {
    store.calls().iter().filter(|(op, _)| *op == Op::Get).count()
}

fn accounts(items: &[(String, String, String)]) -> Vec<&str> {
    items.iter().map(|(_, account, _)| account.as_str()).collect()
}
