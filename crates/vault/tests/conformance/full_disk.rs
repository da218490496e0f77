//! A file store on a disk that is full: the value before or the value after, never a torn one.
//!
//! The disk is a limit of the child process on the length of files (`ulimit -f`), which every Unix has and no right is
//! needed for; the system refuses the write in the middle, as a full disk does.

#![cfg(unix)]

use crate::processes::{again, given};
use holdpoint_vault::{FileVault, Vault, VaultError};
use std::path::PathBuf;

const HOME: &str = "HOLDPOINT_VAULT_TEST_FULL";

/// The body of the child; by itself it does nothing.
#[test]
fn child_on_a_full_disk() {
    let Some(home) = given(HOME) else { return };
    let vault = FileVault::open(&PathBuf::from(home), None).unwrap();
    let mut refused = 0;
    for len in [100, 40_000, 200, 65_536, 300] {
        let before = vault.get("a").unwrap();
        match vault.put("a", &vec![1; len]) {
            Ok(()) => assert_eq!(vault.get("a").unwrap().expose().len(), len),
            Err(VaultError::Io { .. }) => {
                refused += 1;
                assert_eq!(vault.get("a").unwrap(), before, "a refusal changes nothing");
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 2, "what fits is stored, what does not is refused");
}

#[test]
fn a_full_disk_leaves_the_value_before() {
    let home = tempfile::tempdir().unwrap();
    FileVault::open(home.path(), None).unwrap().put("a", b"before").unwrap();
    let child = again("full_disk::child_on_a_full_disk");
    // 8 blocks of 1,024 bytes in bash, of 512 in dash: 4 to 8 KiB. Without SIGXFSZ the write fails instead.
    #[expect(clippy::disallowed_methods, reason = "a shell sets the limit that its successor inherits")]
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(child.get_program());
    limited.args(child.get_args()).env(HOME, home.path()).stdout(std::process::Stdio::null());
    assert!(limited.status().unwrap().success());
    let folder: Vec<_> =
        home.path().join("vault").read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(folder.len(), 3, "no half-written file is left: {folder:?}");
    assert_eq!(FileVault::open(home.path(), None).unwrap().get("a").unwrap().expose().len(), 300);
}
