//! A program that stands in for another, or before it, and writes down what it is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Writes down its folder, its words a line each, and its environment.
const WRITES_DOWN: &str = r#"#!/bin/sh
call=1
until mkdir '{calls}'/$call 2>/dev/null; do call=$((call + 1)); done
here='{calls}'/$call
pwd >"$here/folder"
printf '%s\n' "$@" >"$here/words"
env >"$here/env"
"#;

/// Keeps the variables files among its words, and leaves and says what Docker and Terraform do.
const ANSWERS: &str = r#"for word in "$@"; do
    case "$word" in
    -chdir=*) cd "${word#-chdir=}" || exit 1 ;;
    -out=*) echo plan >"${word#-out=}" ;;
    esac
done
nth=0
metadata=
for word in "$@"; do
    nth=$((nth + 1))
    case "$word" in -var-file=* | --var-file=*) cp "${word#*-var-file=}" "$here/file-$nth" ;; esac
    if [ "$metadata" = next ]; then metadata=$word; fi
    if [ "$word" = --metadata-file ]; then metadata=next; fi
done
if [ -n "$metadata" ]; then printf '{"containerimage.digest":"{digest}"}' >"$metadata"; fi
while case "$1" in -chdir=*) true ;; *) false ;; esac; do shift; done
case "$1" in
version) echo '{"terraform_version":"1.11.4"}' ;;
workspace) if [ "$2" = list ]; then printf '* default\n  blue\n'; else echo default; fi ;;
show) echo '{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[],"applyable":false,"complete":true,"errored":false}' ;;
output) echo '{}' ;;
esac
exit 0
"#;

/// A call as it was written down.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) folder: PathBuf,
    pub(crate) words: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) at: PathBuf,
}

/// A folder of programs, and what they were told.
pub(crate) struct Stand(TempDir);

impl Stand {
    /// One that answers by itself.
    pub(crate) fn new(program: &str, digest: &str) -> Self {
        Self::of(program, &ANSWERS.replace("{digest}", digest))
    }

    /// One that has the real program answer; `None` where there is none on this machine.
    pub(crate) fn before(program: &str) -> Option<Self> {
        let real = real(program)?;
        Some(Self::of(program, &format!("exec '{}' \"$@\"\n", real.display())))
    }

    fn of(program: &str, answers: &str) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["bin", "calls"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let calls = folder.path().join("calls").display().to_string();
        let file = folder.path().join("bin").join(program);
        std::fs::write(&file, WRITES_DOWN.replace("{calls}", &calls) + answers).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Where programs are looked for.
    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.0.path().join("bin").display())
    }

    /// What it was told, in order.
    pub(crate) fn told(&self) -> Vec<Told> {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        let calls = (1..).map(|nth| self.0.path().join("calls").join(nth.to_string()));
        let calls = calls.take_while(|at| at.join("env").exists());
        calls
            .map(|at| Told {
                folder: PathBuf::from(read(at.join("folder")).trim()),
                words: read(at.join("words")).lines().map(str::to_owned).collect(),
                env: read(at.join("env"))
                    .lines()
                    .filter_map(|line| line.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                at,
            })
            .collect()
    }
}

/// The command as it is written, by the shell, and what it prints.
#[expect(clippy::disallowed_methods, reason = "a command as a person's shell runs it")]
pub(crate) fn by_hand(stand: &Stand, folder: &Path, command: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(folder).env_clear().env("PATH", stand.path());
    let said = shell.output().unwrap();
    assert!(said.status.success(), "{command}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).trim_end().to_owned()
}

/// Where a program of this machine is.
#[expect(clippy::disallowed_methods, reason = "a suite finds programs where its caller does")]
fn real(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
