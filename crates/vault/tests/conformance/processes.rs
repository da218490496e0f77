//! Two processes at once: this very test binary, started again.

use crate::chains::SHAPES;
use crate::test_store::TestStore;
use holdpoint_vault::{FileVault, StoreName, Vault, device_key};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const HOME: &str = "HOLDPOINT_VAULT_TEST_HOME";
const NAME: &str = "HOLDPOINT_VAULT_TEST_NAME";
const STORE: &str = "HOLDPOINT_VAULT_TEST_STORE";

/// The environment that a parent test gave to this process; outside of one it is empty.
#[expect(clippy::disallowed_methods, reason = "a parent test passes its folder to this child process")]
pub(crate) fn given(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// This binary again, to do one test's body.
#[expect(clippy::disallowed_methods, reason = "this very test binary, as another process")]
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).stdout(Stdio::null());
    command
}

fn open(home: &Path, store: &str) -> Box<dyn Vault> {
    match SHAPES.iter().find(|shape| shape.store.to_string() == store) {
        Some(shape) => Box::new(TestStore::new(&home.join("items.json"), *shape).vault(home)),
        None => Box::new(FileVault::open(home, None).unwrap()),
    }
}

/// The body of a child process of the next test; by itself it does nothing.
#[test]
fn child_that_writes() {
    let (Some(home), Some(name), Some(store)) = (given(HOME), given(NAME), given(STORE)) else { return };
    let (name, store) = (name.into_string().unwrap(), store.into_string().unwrap());
    let vault = open(&PathBuf::from(home), &store);
    writes(&*vault, &name);
}

/// What each of two processes does.
pub(crate) fn writes(vault: &dyn Vault, name: &str) {
    for i in 0..25 {
        vault.put(&format!("{name}-{i}"), name.as_bytes()).unwrap();
        // Long enough for several parts on Windows, and whole whenever it is read.
        vault.put("both", name.repeat(5000).as_bytes()).unwrap();
        let both = vault.get("both").unwrap();
        let first = both.expose()[0];
        assert!(both.expose().len() == 5000 && both.expose().iter().all(|byte| *byte == first), "torn");
    }
    vault.create("winner", name.as_bytes()).unwrap();
    vault.put(&format!("{name}-key"), device_key(vault).unwrap().as_bytes()).unwrap();
}

/// What must be there when both are done.
pub(crate) fn nothing_is_lost(vault: &dyn Vault) {
    let names = vault.names().unwrap();
    assert_eq!(names.len(), 2 * 25 + 1 + 1 + 2 + 1, "{names:?}");
    assert_eq!(vault.get("a-key").unwrap().expose(), vault.get("b-key").unwrap().expose());
    assert!([b"a", b"b"].contains(&vault.get("winner").unwrap().expose().try_into().unwrap()));
}

#[test]
fn two_processes_at_once_lose_nothing() {
    for store in SHAPES.map(|shape| shape.store).into_iter().chain([StoreName::File]) {
        let home = tempfile::tempdir().unwrap();
        let start = |name: &str| -> Child {
            let mut command = again("processes::child_that_writes");
            command.env(HOME, home.path()).env(NAME, name).env(STORE, store.to_string());
            command.spawn().unwrap()
        };
        for mut child in ["a", "b"].map(start) {
            assert!(child.wait().unwrap().success(), "{store}");
        }
        nothing_is_lost(&*open(home.path(), &store.to_string()));
    }
}
