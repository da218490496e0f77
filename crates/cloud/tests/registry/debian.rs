//! Debian's `docker-registry`, as a process of its own.

use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A registry with its files in a folder; it ends with the test.
pub(crate) struct Debian {
    process: Child,
    _folder: TempDir,
    pub(crate) host: String,
}

impl Debian {
    /// `None`, and said so, where the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        if !has("docker-registry") {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let config = json!({
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}, "delete": {"enabled": true}},
            "http": {"addr": "127.0.0.1:0", "secret": "of the test"},
        });
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config.to_string()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a registry of the test's own")]
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        let port = loop {
            let from = said.len();
            assert!(log.read_line(&mut said).unwrap() > 0, "the registry ended: {said}");
            if let Some((_, rest)) = said[from..].split_once("listening on 127.0.0.1:") {
                break rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            }
        };
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Self { process, _folder: folder, host: format!("127.0.0.1:{port}") })
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether a program is installed; a test of it is else left out, and says so.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub(crate) fn has(program: &str) -> bool {
    let found =
        ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).is_file());
    if !found {
        println!(
            "skipped: {program} is not installed: `cargo xtask setup` installs docker-registry and skopeo"
        );
    }
    found
}
