//! A real Secret Service: gnome-keyring on a session bus of its own, in a home of its own.
//!
//! Where gnome-keyring or dbus-run-session is absent the tests say so and show nothing; `cargo xtask setup` installs
//! both, and `HOLDPOINT_NEED_KEYRING=1` makes their absence a failure.

#![cfg(target_os = "linux")]

use crate::processes::{again, given, nothing_is_lost, writes};
use crate::suite::conforms;
use holdpoint_vault::{Choice, ItemNote, Patience, StoreName, Vault, VaultError, choose, open};
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HOME: &str = "HOLDPOINT_VAULT_TEST_CHAIN";
const NAME: &str = "HOLDPOINT_VAULT_TEST_CHAIN_NAME";
/// What a child says when it does its body and did not return at once.
const AT_WORK: &str = "the child is at work";
/// Unlocks, or makes, the login keyring with this password.
const UNLOCK: &str =
    "printf %s correct-horse | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;";
/// Starts the service and leaves the login keyring locked.
const LOCKED: &str = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1;";

fn vault(home: &Path) -> Result<Box<dyn Vault>, VaultError> {
    let opened = open(home, Choice::Keychain, None, Patience::default())?;
    assert_eq!(opened.store, StoreName::SecretService);
    struct Shared(std::sync::Arc<dyn Vault>);
    impl Vault for Shared {
        fn get(&self, name: &str) -> Result<holdpoint_vault::SecretBytes, VaultError> {
            self.0.get(name)
        }
        fn put_noted(&self, name: &str, value: &[u8], note: &ItemNote) -> Result<(), VaultError> {
            self.0.put_noted(name, value, note)
        }
        fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
            self.0.create(name, value)
        }
        fn delete(&self, name: &str) -> Result<(), VaultError> {
            self.0.delete(name)
        }
        fn list(&self) -> Result<Vec<holdpoint_vault::Item>, VaultError> {
            self.0.list()
        }
    }
    Ok(Box::new(Shared(opened.vault)))
}

/// Runs a child's body in `home` after `prepare`, on a bus of its own; gives whether there was a bus to be had.
#[expect(clippy::print_stdout, reason = "what was not tried is said as the test's last line")]
fn on_a_bus(home: &Path, prepare: &str, test: &str) -> bool {
    if let Some(why) = absent() {
        assert!(given("HOLDPOINT_NEED_KEYRING").is_none(), "{why}");
        println!("skipped: {why}: the real Secret Service was not tried");
        return false;
    }
    let child = again(test);
    let line = format!("{prepare} exec \"$0\" \"$@\"");
    let mut command = alone("dbus-run-session", home);
    command.args(["--", "sh", "-c", &line]).arg(child.get_program()).args(child.get_args());
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains(AT_WORK) && said.contains("1 passed"), "the child did nothing: {said}");
    true
}

/// A program with nothing of this machine's session around it.
#[expect(clippy::disallowed_methods, reason = "a session of its own, for a test")]
fn alone(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", given("PATH").unwrap()).env("HOME", home).env(HOME, home);
    command.env("XDG_RUNTIME_DIR", home).env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

fn absent() -> Option<String> {
    let paths = given("PATH").unwrap_or_default();
    let there = |program: &str| std::env::split_paths(&paths).any(|folder| folder.join(program).is_file());
    ["dbus-run-session", "gnome-keyring-daemon"]
        .into_iter()
        .find(|program| !there(program))
        .map(|program| format!("there is no {program}"))
}

/// The home that a parent gave, when there is one; tells the parent that the body ran.
#[expect(clippy::print_stdout, reason = "read by the parent test")]
fn given_home() -> Option<PathBuf> {
    let home = given(HOME).map(PathBuf::from)?;
    println!("{AT_WORK}");
    Some(home)
}

/// A body of a child; by itself it does nothing.
#[test]
fn child_unlocked() {
    let Some(home) = given_home() else { return };
    conforms(&|| vault(&home).unwrap());
    let kept = vault(&home).unwrap();
    for name in kept.names().unwrap() {
        kept.delete(&name).unwrap();
    }
    // Inside a runtime, of either kind, as the window and the command line are.
    let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    one.block_on(async { vault(&home).unwrap().put("a", b"inside").unwrap() });
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let read = many.block_on(async { tokio::spawn(async move { vault(&home).unwrap().get("a") }).await });
    assert_eq!(read.unwrap().unwrap().expose(), b"inside");
}

#[test]
fn a_real_keyring_conforms_and_survives_its_daemon() {
    let home = tempfile::tempdir().unwrap();
    if on_a_bus(home.path(), UNLOCK, "secret_service::child_unlocked") {
        // Another bus and another daemon, as after a logout.
        on_a_bus(home.path(), UNLOCK, "secret_service::child_that_reads_again");
        on_a_bus(home.path(), LOCKED, "secret_service::child_locked");
    }
}

/// A body of a child.
#[test]
fn child_that_reads_again() {
    let Some(home) = given_home() else { return };
    assert_eq!(vault(&home).unwrap().get("a").unwrap().expose(), b"inside");
}

/// A body of a child.
#[test]
fn child_locked() {
    let Some(home) = given_home() else { return };
    let kept = vault(&home).unwrap();
    let refusals = [
        kept.get("a").map(drop),
        kept.put("a", b"x"),
        kept.create("fresh", b"x").map(drop),
        kept.delete("a"),
        kept.list().map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(
            matches!(error, VaultError::Cancelled { .. } | VaultError::KeychainLocked { .. }),
            "locked, and nobody there to ask: {error}"
        );
        assert!(error.to_string().contains("gnome-keyring-daemon --unlock"), "{error}");
    }
    let auto = open(&home, Choice::Auto, None, Patience::default()).unwrap();
    assert_eq!(auto.store, StoreName::SecretService, "never another store in its place");
}

#[test]
fn what_others_do_to_a_real_keyring_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    on_a_bus(home.path(), UNLOCK, "secret_service::child_with_others");
}

/// A body of a child: another program on the same bus, by the Secret Service's own interface.
#[test]
fn child_with_others() {
    let Some(home) = given_home() else { return };
    let other = SecretService::connect(EncryptionType::Dh).unwrap();
    let collection = other.get_default_collection().unwrap();
    let plant = |label: &str, attributes: HashMap<&str, &str>, secret: &[u8]| {
        collection.create_item(label, attributes, secret, false, "text/plain").unwrap();
    };
    plant("somebody's", HashMap::from([("service", "registry.example")]), b"theirs");
    plant("nearly ours", HashMap::from([("service", "holdpoint"), ("username", "a")]), b"theirs");

    let kept = vault(&home).unwrap();
    let note = ItemNote { what: "SSO session corp".to_owned(), ends_at: Some(9) };
    kept.put_noted("sso/corp", b"planted", &note).unwrap();
    let found = other.search_items(HashMap::from([("service", "holdpoint")])).unwrap().unlocked;
    let ours: Vec<_> =
        found.iter().filter(|item| item.get_label().unwrap() == "Holdpoint: sso/corp").collect();
    let [ours] = ours.as_slice() else { panic!("{} items where one belongs", ours.len()) };
    let attributes = ours.get_attributes().unwrap();
    let shown = format!("{attributes:?}");
    assert!(shown.contains("SSO session corp") && !shown.contains("planted"), "{shown}");

    ours.set_secret(b"planted too", "text/plain").unwrap();
    let error = vault(&home).unwrap().get("sso/corp").unwrap_err();
    assert!(matches!(error, VaultError::Damaged { .. }), "{error}");

    let account = attributes["username"].clone();
    plant("a double", HashMap::from([("service", "holdpoint"), ("username", &account)]), b"x");
    for refusal in [kept.get("sso/corp").map(drop), kept.put("sso/corp", b"x")] {
        assert!(matches!(refusal, Err(VaultError::Duplicate { .. })), "{refusal:?}");
    }
    kept.delete("sso/corp").unwrap();
    assert!(kept.names().unwrap().is_empty(), "both are gone");
    kept.put("sso/corp", b"anew").unwrap();

    collection.lock().unwrap();
    for refusal in [kept.get("sso/corp").map(drop), kept.put("sso/corp", b"x"), kept.list().map(drop)] {
        let error = refusal.unwrap_err();
        assert!(matches!(error, VaultError::Cancelled { .. } | VaultError::KeychainLocked { .. }), "{error}");
    }
    let theirs = other.search_items(HashMap::from([("service", "registry.example")])).unwrap();
    assert_eq!(theirs.locked.len(), 1, "what is somebody else's is still there");
}

#[test]
fn a_home_without_a_login_keyring_is_told_by_writing() {
    let home = tempfile::tempdir().unwrap();
    on_a_bus(home.path(), LOCKED, "secret_service::child_fresh");
}

/// A body of a child: here every read says "nothing there", so only writing tells.
#[test]
fn child_fresh() {
    let Some(home) = given_home() else { return };
    let error = vault(&home).err().unwrap();
    assert!(matches!(error, VaultError::NoStore { .. } | VaultError::Cancelled { .. }), "{error}");
    let auto = open(&home, Choice::Auto, None, Patience::default()).unwrap();
    assert_eq!(auto.store, StoreName::File);
    assert!(auto.why.is_some());
}

#[test]
fn two_processes_on_a_real_keyring_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    on_a_bus(home.path(), UNLOCK, "secret_service::child_with_a_second");
}

/// A body of a child, which starts two more on the same bus.
#[test]
fn child_with_a_second() {
    let Some(home) = given_home() else { return };
    vault(&home).unwrap();
    let start = |name: &str| {
        let mut command = again("secret_service::child_that_writes");
        command.env(NAME, name).spawn().unwrap()
    };
    for mut child in ["a", "b"].map(start) {
        assert!(child.wait().unwrap().success());
    }
    nothing_is_lost(&*vault(&home).unwrap());
    // And the whole of it moves into a file and back.
    for (to, store) in [(Choice::File, StoreName::File), (Choice::Keychain, StoreName::SecretService)] {
        let moved = choose(&home, to, None, None, Patience::default()).unwrap();
        assert_eq!((moved.store, &moved.why), (store, &None));
        nothing_is_lost(&*moved.vault);
    }
}

/// A body of a child's child.
#[test]
fn child_that_writes() {
    let (Some(home), Some(name)) = (given_home(), given(NAME)) else { return };
    writes(&*vault(&home).unwrap(), name.to_str().unwrap());
}

#[test]
fn no_bus_is_told_as_that_at_once() {
    let home = tempfile::tempdir().unwrap();
    let child = again("secret_service::child_without_a_bus");
    let mut command = alone(child.get_program().to_str().unwrap(), home.path());
    let output = command.args(child.get_args()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(AT_WORK) && said.contains("1 passed"), "{said}");
}

/// A body of a child.
#[test]
fn child_without_a_bus() {
    let Some(home) = given_home() else { return };
    let error = vault(&home).err().unwrap();
    assert!(matches!(error, VaultError::NoStore { .. }), "{error}");
    let auto = open(&home, Choice::Auto, None, Patience::default()).unwrap();
    assert_eq!(auto.store, StoreName::File);
}
