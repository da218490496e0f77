//! What is the file store's own: damage, locks, modes, older and newer formats, changes of its key.

use crate::suite::conforms;
use crate::test_store::TestStore;
use holdpoint_redact::Secret;
use holdpoint_vault::{
    FileVault, ItemNote, KeptBy, SealError, Sealer, Shape, Signer, Unlock, Vault, VaultError, Verifier,
    device_key,
};
use std::fs;
use std::path::Path;

#[test]
fn file_store_with_a_key_file_conforms() {
    let home = tempfile::tempdir().unwrap();
    conforms(&|| Box::new(FileVault::open(home.path(), None).unwrap()));
}

#[test]
fn file_store_with_a_passphrase_conforms_and_stays_locked_without_it() {
    let home = tempfile::tempdir().unwrap();
    let right = Secret::new("correct horse");
    let kept = FileVault::open(home.path(), Some(&right)).unwrap();
    kept.put("a", b"value").unwrap();
    assert!(!home.path().join("vault/key").exists(), "a passphrase leaves no key file");
    for wrong in [None, Some(Secret::new("wrong horse")), Some(Secret::new(""))] {
        let error = FileVault::open(home.path(), wrong.as_ref()).unwrap_err();
        assert!(matches!(error, VaultError::Locked { .. }), "{error}");
        assert!(!error.to_string().contains("horse"), "{error}");
    }
    assert_eq!(FileVault::open(home.path(), Some(&right)).unwrap().get("a").unwrap().expose(), b"value");
}

#[test]
fn file_store_with_its_key_in_a_keychain_conforms_and_reads_it_once() {
    let home = tempfile::tempdir().unwrap();
    let store = TestStore::new(&home.path().join("items.json"), Shape::WINDOWS);
    let chain = store.vault(home.path());
    conforms(&|| Box::new(FileVault::open_with(home.path(), Unlock::Keychain(&chain)).unwrap()));
    assert!(!home.path().join("vault/key").exists(), "no key file");
    assert_eq!(store.items().len(), 1, "one small item");
    for wrong in [Unlock::KeyFile, Unlock::Passphrase(&Secret::new("correct horse"))] {
        assert!(matches!(FileVault::open_with(home.path(), wrong), Err(VaultError::Locked { .. })));
    }
    let key = chain.names().unwrap().remove(0);
    chain.delete(&key).unwrap();
    let gone = FileVault::open_with(home.path(), Unlock::Keychain(&chain));
    assert!(matches!(gone, Err(VaultError::KeyMissing { .. })));
}

#[test]
fn the_key_changes_and_every_value_stays() {
    let home = tempfile::tempdir().unwrap();
    let store = TestStore::new(&home.path().join("items.json"), Shape::MAC);
    let chain = store.vault(home.path());
    let (one, two) = (Secret::new("correct horse"), Secret::new("battery staple"));
    let kept = |unlock: Unlock<'_>| FileVault::open_with(home.path(), unlock).unwrap();
    let note = ItemNote { what: "SSO session corp".to_owned(), ends_at: Some(9) };
    kept(Unlock::KeyFile).put_noted("a", b"planted", &note).unwrap();
    let ways = [
        (Unlock::Passphrase(&one), KeptBy::Passphrase),
        (Unlock::Passphrase(&two), KeptBy::Passphrase),
        (Unlock::Keychain(&chain), KeptBy::Keychain),
        (Unlock::Keychain(&chain), KeptBy::Keychain),
        (Unlock::KeyFile, KeptBy::KeyFile),
        (Unlock::KeyFile, KeptBy::KeyFile),
    ];
    let mut before = Unlock::KeyFile;
    for (after, kind) in ways {
        let (mut vault, other) = (kept(before), kept(before));
        let cipher = fs::read_to_string(home.path().join("vault/store.json")).unwrap();
        assert_eq!(vault.rekey(after, Some(&chain)).unwrap(), None);
        assert_eq!(FileVault::kept_by(home.path()).unwrap(), Some(kind));
        assert_eq!(vault.get("a").unwrap().expose(), b"planted");
        assert_eq!(kept(after).list().unwrap()[0].note, note);
        assert_eq!(home.path().join("vault/key").exists(), kind == KeptBy::KeyFile);
        assert_eq!(store.items().len(), usize::from(kind == KeptBy::Keychain), "old keys are removed");
        let changed = fs::read_to_string(home.path().join("vault/store.json")).unwrap() != cipher;
        if changed {
            assert!(matches!(other.get("a"), Err(VaultError::KeyChanged { .. })));
            assert!(matches!(other.put("a", b"x"), Err(VaultError::KeyChanged { .. })));
        }
        before = after;
    }
    assert!(FileVault::open(home.path(), Some(&one)).is_err());
}

#[test]
fn a_store_of_the_first_format_is_read_and_carried_on() {
    let home = tempfile::tempdir().unwrap();
    FileVault::open(home.path(), None).unwrap().put("a", b"of old").unwrap();
    let path = home.path().join("vault/store.json");
    let second = fs::read_to_string(&path).unwrap();
    assert!(!second.contains("notes"), "the first format has none: {second}");
    fs::write(&path, second.replace("\"holdpoint_vault\": 2", "\"holdpoint_vault\": 1")).unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    assert_eq!(vault.get("a").unwrap().expose(), b"of old");
    vault.put("b", b"new").unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("\"holdpoint_vault\": 2"));
    assert_eq!(FileVault::open(home.path(), None).unwrap().names().unwrap(), ["a", "b"]);
}

/// Opens a store whose file was rewritten by `change`, and gives what opening or reading says.
fn after(change: impl Fn(String) -> String) -> Result<Vec<u8>, VaultError> {
    let home = tempfile::tempdir().unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    vault.put("alpha", b"planted").unwrap();
    vault.put("beta", b"two").unwrap();
    let path = home.path().join("vault/store.json");
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    FileVault::open(home.path(), None)?.get("alpha").map(|v| v.expose().to_vec())
}

#[test]
fn damage_is_named_and_never_a_value() {
    assert_eq!(after(|s| s).unwrap(), b"planted");
    let cases: [(&str, &dyn Fn(String) -> String); 7] = [
        ("empty", &|_| String::new()),
        ("not JSON", &|_| "hello".to_owned()),
        ("cut", &|s| s[..s.len() / 2].to_owned()),
        ("format 0", &|s| s.replace("\"holdpoint_vault\": 2", "\"holdpoint_vault\": 0")),
        ("unknown field", &|s| s.replace("\"check\"", "\"checks\"")),
        ("names swapped", &|s| s.replace("alpha", "gamma").replace("beta", "alpha")),
        ("forged derivation", &|s| {
            s.replace(
                "\"from\": \"key_file\"",
                "\"from\": \"passphrase\", \"salt\": \"AAAA\", \"memory_kib\": 4294967295, \"passes\": 1, \"lanes\": 1",
            )
        }),
    ];
    for (name, change) in cases {
        let error = after(change).unwrap_err();
        let expected = if name == "forged derivation" {
            matches!(error, VaultError::Locked { .. })
        } else {
            matches!(error, VaultError::Corrupt { .. })
        };
        assert!(expected, "{name}: {error}");
        assert!(!error.to_string().contains("planted"), "{name}: {error}");
    }
    let newer = after(|s| s.replace("\"holdpoint_vault\": 2", "\"holdpoint_vault\": 3, \"shape\": []"));
    assert!(matches!(newer, Err(VaultError::Newer { found: 3, known: 2, .. })));
}

#[test]
fn every_byte_of_a_value_counts() {
    let home = tempfile::tempdir().unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    vault.put("alpha", b"one").unwrap();
    let path = home.path().join("vault/store.json");
    let good = fs::read_to_string(&path).unwrap();
    let at = good.rfind("\"alpha\": \"").unwrap() + 10;
    // 24 bytes of nonce, 3 of text and 16 of tag are 43 bytes: 57 whole base64 digits.
    for i in at..at + 57 {
        let mut bad = good.clone().into_bytes();
        bad[i] = if bad[i] == b'A' { b'B' } else { b'A' };
        fs::write(&path, bad).unwrap();
        assert!(matches!(vault.get("alpha"), Err(VaultError::Corrupt { .. })), "digit {i}");
    }
    fs::write(&path, good).unwrap();
    assert_eq!(vault.get("alpha").unwrap().expose(), b"one");
}

#[test]
fn a_lost_or_foreign_key_is_told_apart_from_damage() {
    let home = tempfile::tempdir().unwrap();
    FileVault::open(home.path(), None).unwrap().put("a", b"x").unwrap();
    let key = home.path().join("vault/key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(matches!(FileVault::open(home.path(), None), Err(VaultError::KeyMissing { .. })));
    write_private(&key, &[1; 32]);
    assert!(matches!(FileVault::open(home.path(), None), Err(VaultError::Corrupt { .. })));
    write_private(&key, &[1; 31]);
    assert!(matches!(FileVault::open(home.path(), None), Err(VaultError::Corrupt { .. })));
    write_private(&key, &kept);
    assert_eq!(FileVault::open(home.path(), None).unwrap().get("a").unwrap().expose(), b"x");
    let given = Secret::new("a passphrase");
    assert!(matches!(FileVault::open(home.path(), Some(&given)), Err(VaultError::Locked { .. })));
}

#[cfg(unix)]
#[test]
fn files_are_private_and_a_shared_key_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    vault.put("a", b"x").unwrap();
    let folder = home.path().join("vault");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 3, "store, key and lock, and no temporary file");
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = FileVault::open(home.path(), None).unwrap_err();
    assert!(matches!(error, VaultError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn what_a_killed_writer_left_is_swept_up() {
    let home = tempfile::tempdir().unwrap();
    FileVault::open(home.path(), None).unwrap().put("a", b"x").unwrap();
    let folder = home.path().join("vault");
    let (left, not_ours) = (folder.join(".key.0011223344556677.new"), folder.join("notes.new"));
    write_private(&left, &[7; 32]);
    write_private(&not_ours, b"somebody's");
    assert_eq!(FileVault::open(home.path(), None).unwrap().get("a").unwrap().expose(), b"x");
    assert!(!left.exists() && not_ours.exists());
}

#[test]
fn nothing_secret_is_on_disk_or_in_debug() {
    let home = tempfile::tempdir().unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    vault.put("token", b"planted-secret-value").unwrap();
    let stored = fs::read(home.path().join("vault/store.json")).unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("planted"));
    let key = fs::read(home.path().join("vault/key")).unwrap();
    let shown = format!("{vault:?} {:?} {:?}", vault.get("token").unwrap(), Sealer::new(&vault).unwrap());
    assert!(!shown.contains("planted") && !shown.contains(&format!("{key:?}")), "{shown}");
}

#[test]
fn the_device_key_is_made_once() {
    let home = tempfile::tempdir().unwrap();
    let askers = (0..8).map(|_| {
        let home = home.path().to_owned();
        std::thread::spawn(move || device_key(&FileVault::open(&home, None).unwrap()).unwrap())
    });
    let keys: Vec<_> = askers.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    let signature = keys[0].sign(b"head");
    keys[7].verifying_key().verify(b"head", &signature).unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    vault.put("device-key", b"short").unwrap();
    assert!(matches!(device_key(&vault), Err(VaultError::Corrupt { .. })));
}

#[test]
fn sealed_files_open_only_as_what_they_are() {
    let home = tempfile::tempdir().unwrap();
    let vault = FileVault::open(home.path(), None).unwrap();
    let sealer = Sealer::new(&vault).unwrap();
    let path = home.path().join("task-definition.sealed");
    let sealed = sealer.seal(&path, "task-definition", b"planted original").unwrap();
    assert!(!String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("planted"));
    let anew = Sealer::new(&FileVault::open(home.path(), None).unwrap()).unwrap();
    let open = |name: &str, digest: &str| anew.open(&path, name, digest);
    assert_eq!(open("task-definition", &sealed.plain_sha256).unwrap().expose(), b"planted original");
    assert!(matches!(open("other", &sealed.plain_sha256), Err(SealError::Altered { .. })));
    assert!(matches!(open("task-definition", &sealed.stored_sha256), Err(SealError::Altered { .. })));
    let other_home = tempfile::tempdir().unwrap();
    let stranger = Sealer::new(&FileVault::open(other_home.path(), None).unwrap()).unwrap();
    assert!(matches!(
        stranger.open(&path, "task-definition", &sealed.plain_sha256),
        Err(SealError::Altered { .. })
    ));
    let good = fs::read(&path).unwrap();
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 1;
        write_private(&path, &bad);
        assert!(open("task-definition", &sealed.plain_sha256).is_err(), "byte {i}");
    }
    let mut newer = good;
    newer[7] = 9;
    write_private(&path, &newer);
    assert!(matches!(open("task-definition", &sealed.plain_sha256), Err(SealError::Newer { found: 9, .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(open("task-definition", &sealed.plain_sha256), Err(SealError::Absent { .. })));
}

fn write_private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
