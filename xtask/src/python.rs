//! Programs of Python, in environments of their own under the target folder: AWS's own clients, and a peer of the bench.

use crate::place::{root, target};
use crate::tool::{Failure, Tool, twice};
use std::fs;
use std::path::{Path, PathBuf};

/// What the client tests and the bench need: AWS's library and command line, and what runs the tests.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// What the bench compares the reading of plans with.
const PEERS: &str = "xtask/src/bench/requirements.txt";

/// Programs of AWS's clients, installed if they are not.
pub(crate) fn programs() -> Result<PathBuf, Failure> {
    environment("python-clients", "AWS's clients", REQUIREMENTS, ("aws", "boto3"))
}

/// Programs of Ansible, installed if they are not.
pub(crate) fn ansible() -> Result<PathBuf, Failure> {
    environment("python-peers", "Ansible", PEERS, ("ansible-playbook", "ansible"))
}

/// `proof` is a program and a library that are there when all is.
fn environment(name: &str, what: &str, requirements: &str, proof: (&str, &str)) -> Result<PathBuf, Failure> {
    let home = target().join(name);
    let wanted = root().join(requirements);
    let wanted_text = fs::read_to_string(&wanted).map_err(|source| Failure::File {
        what: "read",
        path: requirements.to_owned(),
        source,
    })?;
    let programs = home.join("bin");
    if is_current(&home, &wanted_text) && runs(&programs, proof) {
        return Ok(programs);
    }
    println!("{what}, for tests only, in {}", home.display());
    // What is there may be of another place or another Python: nothing of it is kept.
    Tool::new("python3", ["-m", "venv", "--clear", &home.display().to_string()]).run()?;
    let wanted = wanted.display().to_string();
    twice(|| Tool::new(programs.join("python"), ["-m", "pip", "install", "--quiet", "-r", &wanted]).run())?;
    crate::tool::write(&stamp_file(&home), &stamp(&home, &wanted_text))?;
    Ok(programs)
}

/// Whether what is wanted was installed, and here. The programs of an environment name its Python by an absolute path, so
/// one that was moved or copied with the target folder does not run, or runs the Python of the place that it came from.
fn is_current(home: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp_file(home)).is_ok_and(|text| text == stamp(home, wanted))
}

/// Whether its Python still starts and finds the library: the system's own may have been replaced.
fn runs(programs: &Path, (program, library): (&str, &str)) -> bool {
    let import = format!("import {library}");
    programs.join(program).is_file() && Tool::new(programs.join("python"), ["-c", import.as_str()]).succeeds()
}

fn stamp_file(home: &Path) -> PathBuf {
    home.join("installed")
}

fn stamp(home: &Path, wanted: &str) -> String {
    format!("in {}\n{wanted}", home.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_that_was_moved_or_is_of_other_requirements_is_made_anew() {
        let folder = std::env::temp_dir().join(format!("xtask-python-{}", std::process::id()));
        let [here, there] = ["here", "there"].map(|name| folder.join(name));
        fs::create_dir_all(&here).unwrap();
        assert!(!is_current(&here, "boto3\n"), "nothing is installed");
        fs::write(stamp_file(&here), stamp(&here, "boto3\n")).unwrap();
        assert!(is_current(&here, "boto3\n"));
        assert!(!is_current(&here, "boto3\nawscli\n"), "the requirements changed");
        fs::rename(&here, &there).unwrap();
        assert!(!is_current(&there, "boto3\n"), "it was moved");
        fs::remove_dir_all(folder).unwrap();
    }
}
