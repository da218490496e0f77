//! One suite for every store, then what is the file store's own: damage, locks, modes, newer formats, two processes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_redact::Secret;
use holdpoint_vault::{
    FileVault, LONGEST_VALUE, SealError, Sealer, Signer, Vault, VaultError, Verifier, device_key,
};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What every store does. `again` opens the same store anew, as another process would.
fn conforms(again: &dyn Fn() -> Box<dyn Vault>) {
    let vault = again();
    assert!(vault.names().unwrap().is_empty());
    assert!(matches!(vault.get("none"), Err(VaultError::Absent { name }) if name == "none"));
    assert!(matches!(vault.delete("none"), Err(VaultError::Absent { .. })));

    for len in [0, 1, 31, 1280, 2560, 2561, LONGEST_VALUE] {
        let value: Vec<u8> = (0..len).map(|i| (i % 256) as u8).collect();
        vault.put("sized", &value).unwrap();
        assert_eq!(vault.get("sized").unwrap().expose(), value, "{len} bytes");
        assert_eq!(again().get("sized").unwrap().expose(), value, "{len} bytes, opened anew");
    }
    let long = vec![7; LONGEST_VALUE + 1];
    assert!(matches!(vault.put("sized", &long), Err(VaultError::TooLong { len, .. }) if len == long.len()));
    assert!(matches!(vault.create("fresh", &long), Err(VaultError::TooLong { .. })));
    assert_eq!(vault.get("sized").unwrap().expose().len(), LONGEST_VALUE, "a refusal changes nothing");

    assert!(vault.create("once", b"first").unwrap());
    assert!(!vault.create("once", b"second").unwrap());
    assert_eq!(vault.get("once").unwrap().expose(), b"first");
    vault.put("once", b"third").unwrap();
    assert_eq!(again().get("once").unwrap().expose(), b"third");

    let longest = "n".repeat(128);
    vault.put(&longest, b"x").unwrap();
    vault.put("sso/acme@eu-west-1:token+1", b"x").unwrap();
    for bad in ["", "a b", "a\n", "\u{0}check", "ü", &"n".repeat(129)] {
        assert!(matches!(vault.put(bad, b"x"), Err(VaultError::BadName { .. })), "{bad:?}");
        assert!(matches!(vault.get(bad), Err(VaultError::BadName { .. })), "{bad:?}");
    }
    assert_eq!(vault.names().unwrap(), [longest.as_str(), "once", "sized", "sso/acme@eu-west-1:token+1"]);
    vault.delete("sized").unwrap();
    assert!(matches!(again().get("sized"), Err(VaultError::Absent { .. })));

    let vault: Arc<dyn Vault> = again().into();
    let firsts = (0..8).map(|i| {
        let vault = vault.clone();
        std::thread::spawn(move || vault.create("race", &[i]).unwrap())
    });
    let firsts: Vec<_> = firsts.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(firsts.iter().filter(|first| **first).count(), 1, "exactly one creates");
}

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

const CHILD_HOME: &str = "HOLDPOINT_VAULT_TEST_HOME";
const CHILD_NAME: &str = "HOLDPOINT_VAULT_TEST_NAME";

/// The body of a child process of the next test; by itself it does nothing.
#[test]
fn child_that_writes() {
    #[expect(clippy::disallowed_methods, reason = "the parent test passes its folder to this child process")]
    let (home, name) = (std::env::var_os(CHILD_HOME), std::env::var(CHILD_NAME));
    let (Some(home), Ok(name)) = (home, name) else { return };
    let vault = FileVault::open(Path::new(&home), None).unwrap();
    for i in 0..25 {
        vault.put(&format!("{name}-{i}"), name.as_bytes()).unwrap();
    }
    vault.create("winner", name.as_bytes()).unwrap();
    vault.put(&format!("{name}-key"), device_key(&vault).unwrap().as_bytes()).unwrap();
}

#[test]
fn two_processes_at_once_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let children: Vec<_> = ["a", "b"]
        .map(|name| {
            #[expect(clippy::disallowed_methods, reason = "this very test binary, as a second process")]
            let mut command = std::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "child_that_writes"]).env(CHILD_HOME, home.path()).env(CHILD_NAME, name);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .into();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let vault = FileVault::open(home.path(), None).unwrap();
    let names = vault.names().unwrap();
    assert_eq!(names.len(), 2 * 25 + 1 + 2 + 1, "{names:?}");
    assert_eq!(vault.get("a-key").unwrap().expose(), vault.get("b-key").unwrap().expose());
}

fn write_private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
