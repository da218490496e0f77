//! What every store does.

use holdpoint_vault::{Item, ItemNote, LONGEST_NOTE, LONGEST_VALUE, Vault, VaultError};
use std::sync::Arc;

/// The suite. `again` opens the same store anew, as another process would.
pub(crate) fn conforms(again: &dyn Fn() -> Box<dyn Vault>) {
    let vault = again();
    assert!(vault.names().unwrap().is_empty());
    assert!(matches!(vault.get("none"), Err(VaultError::Absent { name }) if name == "none"));
    assert!(matches!(vault.delete("none"), Err(VaultError::Absent { .. })));
    sizes(&*vault, again);
    notes(&*vault, again);

    assert!(vault.create("once", b"first").unwrap());
    assert!(!vault.create("once", b"second").unwrap());
    assert_eq!(vault.get("once").unwrap().expose(), b"first");
    vault.put("once", b"third").unwrap();
    assert_eq!(again().get("once").unwrap().expose(), b"third");

    let longest = "n".repeat(128);
    vault.put(&longest, b"x").unwrap();
    vault.put("sso/acme@eu-west-1:token+1", b"x").unwrap();
    for bad in ["", "a b", "a\n", "\u{0}check", "ü", "a#1", &"n".repeat(129)] {
        assert!(matches!(vault.put(bad, b"x"), Err(VaultError::BadName { .. })), "{bad:?}");
        assert!(matches!(vault.get(bad), Err(VaultError::BadName { .. })), "{bad:?}");
        assert!(matches!(vault.create(bad, b"x"), Err(VaultError::BadName { .. })), "{bad:?}");
        assert!(matches!(vault.delete(bad), Err(VaultError::BadName { .. })), "{bad:?}");
    }
    assert_eq!(vault.names().unwrap(), [longest.as_str(), "once", "sized", "sso/acme@eu-west-1:token+1"]);
    vault.delete("sized").unwrap();
    assert!(matches!(vault.get("sized"), Err(VaultError::Absent { .. })));
    assert!(matches!(again().get("sized"), Err(VaultError::Absent { .. })));

    let vault: Arc<dyn Vault> = again().into();
    let firsts = (0..8).map(|i| {
        let vault = vault.clone();
        std::thread::spawn(move || vault.create("race", &[i]).unwrap())
    });
    let firsts: Vec<_> = firsts.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(firsts.iter().filter(|first| **first).count(), 1, "exactly one creates");
}

fn sizes(vault: &dyn Vault, again: &dyn Fn() -> Box<dyn Vault>) {
    for len in [0, 1, 31, 1280, 1884, 1885, 2560, 2561, 10_000, LONGEST_VALUE, 7] {
        let value: Vec<u8> = (0..len).map(|i| (i % 256) as u8).collect();
        vault.put("sized", &value).unwrap();
        assert_eq!(vault.get("sized").unwrap().expose(), value, "{len} bytes");
        assert_eq!(again().get("sized").unwrap().expose(), value, "{len} bytes, opened anew");
    }
    let long = vec![7; LONGEST_VALUE + 1];
    assert!(matches!(vault.put("sized", &long), Err(VaultError::TooLong { len, .. }) if len == long.len()));
    assert!(matches!(vault.create("fresh", &long), Err(VaultError::TooLong { .. })));
    assert_eq!(vault.get("sized").unwrap().expose().len(), 7, "a refusal changes nothing");
}

fn notes(vault: &dyn Vault, again: &dyn Fn() -> Box<dyn Vault>) {
    let note = ItemNote { what: "SSO session \"corp\" – é".to_owned(), ends_at: Some(1_900_000_000) };
    vault.put_noted("noted", b"value", &note).unwrap();
    let noted = |vault: &dyn Vault| {
        let list = vault.list().unwrap();
        list.into_iter().find(|item| item.name == "noted").unwrap()
    };
    assert_eq!(noted(vault), Item { name: "noted".to_owned(), note: note.clone() });
    assert_eq!(noted(&*again()).note, note);
    let long = ItemNote { what: "\\\"\n".repeat(200), ends_at: Some(i64::MIN) };
    vault.put_noted("noted", b"value 2", &long).unwrap();
    let kept = noted(&*again()).note;
    assert_eq!((kept.what.len(), kept.ends_at), (LONGEST_NOTE, Some(i64::MIN)), "cut, and no line breaks");
    vault.put("noted", b"value 3").unwrap();
    assert_eq!(noted(&*again()).note, ItemNote::default());
    assert_eq!(vault.get("noted").unwrap().expose(), b"value 3");
    vault.delete("noted").unwrap();
}
