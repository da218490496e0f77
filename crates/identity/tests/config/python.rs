//! botocore itself, where a Python has it.

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python that can import botocore: the one of the clients' tests, else the system's.
pub(crate) fn with_botocore() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ours = root.join("target/python-clients/bin/python");
    [ours, "python3".into()].into_iter().find(|python| {
        command(python).args(["-c", "import botocore"]).output().is_ok_and(|done| done.status.success())
    })
}

/// Runs a script with JSON on its standard input and takes JSON from its standard output.
pub(crate) fn run(python: &Path, script: &str, input: &Value) -> Value {
    let mut child = command(python)
        .args(["-c", script])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the differential tests run botocore itself")]
fn command(python: &Path) -> Command {
    Command::new(python)
}
