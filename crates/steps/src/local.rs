//! `local.check`: what this machine must have before a run begins.
//!
//! A program is started only to be asked for its version, by words that are fixed here, so that a plan cannot have it do
//! anything else. It gets no credentials.

use crate::failure::arguments;
use crate::look::{Found, Look, judged};
use async_trait::async_trait;
use holdpoint_engine::Task;
use holdpoint_identity::Env;
use holdpoint_plan::kinds::{LocalCheck, LocalProgram};
use holdpoint_run::Diagnosis;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Longest time that a program may take to say its version. Real time: it is not faster because a practice run is.
const LIMIT: Duration = Duration::from_secs(20);
/// What of the environment a program gets: where programs, the home and temporary files are.
const KEPT: &[&str] = &["PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "SYSTEMROOT"];
/// Programs that say their version by other words than `--version`.
const WORDS: &[(&str, &[&str])] = &[
    ("go", &["version"]),
    ("helm", &["version", "--short"]),
    ("java", &["-version"]),
    ("kubectl", &["version", "--client"]),
    ("openssl", &["version"]),
    ("ssh", &["-V"]),
    ("session-manager-plugin", &["--version"]),
    ("terraform", &["version"]),
    ("tofu", &["version"]),
    ("unzip", &["-v"]),
];

/// The kind `local.check`.
pub(crate) struct Local {
    pub(crate) env: Env,
}

#[async_trait]
impl Look for Local {
    fn kind(&self) -> &'static str {
        "local.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: LocalCheck = arguments(&task.with)?;
        let bad = |what: String| Diagnosis::of(what).hint("Correct the step in the plan.");
        for program in &with.programs {
            if program.name.is_empty() || program.name.starts_with('-') || program.name.contains(['/', '\\'])
            {
                return Err(bad(format!("`{}` is not the name of a program", program.name)));
            }
            for version in program.at_least.iter().chain(&program.below) {
                if number(version).as_deref() != Some(version) {
                    return Err(bad(format!("`{version}` is not a version: write `1.5` or `1.5.2`")));
                }
            }
        }
        if let Some(path) = with.files.iter().find(|path| self.place(path).is_none()) {
            return Err(bad(format!("`{path}` is neither absolute nor begins with `~/`")));
        }
        let count = with.programs.len() + with.files.len() + with.environment.len();
        Ok(match count {
            0 => return Err(bad("`local.check` names nothing".into())),
            1 => "Look for one thing on this machine".into(),
            many => format!("Look for {many} things on this machine"),
        })
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: LocalCheck = arguments(&task.with)?;
        let mut found = Found::default();
        let (mut programs, mut missing) = (Map::new(), Vec::new());
        for program in &with.programs {
            let what = format!("program {}", program.name);
            let expected = expected(program);
            let Some(path) = self.on_path(&program.name) else {
                missing.push(json!({"what": "program", "name": program.name}));
                found.judgements.push(judged(what, expected, "nowhere on the PATH", false));
                continue;
            };
            let is_asked = program.at_least.is_some() || program.below.is_some();
            let version = if is_asked { self.version(&program.name, &path).await } else { Ok(None) };
            let (told, holds) = match &version {
                Ok(Some(version)) => (version.clone(), fits(program, version)),
                Ok(None) => (format!("{}", path.display()), !is_asked),
                Err(why) => (why.clone(), false),
            };
            programs.insert(program.name.clone(), json!({"path": path, "version": version.ok().flatten()}));
            found.judgements.push(judged(what, expected, told, holds));
        }
        let mut there = |what: &'static str, name: &String, told: (&str, &str), is_there: bool| {
            if !is_there {
                missing.push(json!({"what": what, "name": name}));
            }
            let (yes, no) = told;
            judged(format!("{what} {name}"), yes, if is_there { yes } else { no }, is_there)
        };
        for path in &with.files {
            let is_there = self.place(path).is_some_and(|place| place.exists());
            found.judgements.push(there("file", path, ("exists", "does not exist"), is_there));
        }
        for name in &with.environment {
            let is_set = self.env.os(name).is_some_and(|value| !value.is_empty());
            found.judgements.push(there("variable", name, ("is set", "is not set"), is_set));
        }
        found.outputs = vec![("programs", Value::Object(programs)), ("missing", json!(missing))];
        Ok(found)
    }
}

impl Local {
    fn place(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix("~/") {
            Some(rest) => Some(self.env.home()?.join(rest)),
            None => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
        }
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.env.os("PATH")?;
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        folders
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
            .find(|path| is_program(path))
    }

    /// The version that a program says; an error tells why it says none.
    async fn version(&self, name: &str, path: &Path) -> Result<Option<String>, String> {
        let words = WORDS.iter().find(|(of, _)| *of == name).map_or(&["--version"][..], |(_, words)| *words);
        #[expect(
            clippy::disallowed_methods,
            reason = "it gets fixed words and an environment of ours, without credentials"
        )]
        let mut command = tokio::process::Command::new(path);
        command.args(words).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(KEPT.iter().filter_map(|name| Some((name, self.env.os(name)?))));
        command.kill_on_drop(true);
        let ran = tokio::time::timeout(LIMIT, command.output()).await;
        let output = match ran {
            Err(_) => return Err(format!("it did not say its version within {} s", LIMIT.as_secs())),
            Ok(Err(error)) => return Err(format!("it cannot be started: {error}")),
            Ok(Ok(output)) => output,
        };
        // `java` and `ssh` say it on standard error.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        match said.lines().find_map(number) {
            Some(version) => Ok(Some(version)),
            None => Err("it does not say its version".to_owned()),
        }
    }
}

fn expected(program: &LocalProgram) -> String {
    match (&program.at_least, &program.below) {
        (None, None) => "is on the PATH".to_owned(),
        (Some(least), None) => format!("{least} or newer"),
        (None, Some(below)) => format!("older than {below}"),
        (Some(least), Some(below)) => format!("{least} or newer, older than {below}"),
    }
}

fn fits(program: &LocalProgram, version: &str) -> bool {
    let is = parts(version);
    let at_least = program.at_least.as_deref().is_none_or(|least| is >= parts(least));
    at_least && program.below.as_deref().is_none_or(|below| is < parts(below))
}

/// Numbers without the zeros at their end, so that 1.5 is 1.5.0.
fn parts(version: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = version.split('.').map_while(|part| part.parse().ok()).collect();
    while parts.last() == Some(&0) {
        parts.pop();
    }
    parts
}

/// The first number with a dot in a line, else the first number: `git version 2.47.1`, `v20.3`, `"21" 2023-09-19`.
fn number(line: &str) -> Option<String> {
    let numbers: Vec<&str> = line
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .map(|number| number.trim_matches('.'))
        .filter(|number| !number.is_empty() && number.split('.').all(|part| part.parse::<u64>().is_ok()))
        .collect();
    numbers
        .iter()
        .find(|number| number.contains('.'))
        .or_else(|| numbers.first())
        .map(|number| (*number).to_owned())
}

fn is_program(path: &Path) -> bool {
    let Ok(found) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    found.is_file() && runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_however_they_are_said() {
        let table = [
            ("git version 2.47.1", Some("2.47.1")),
            ("Terraform v1.11.4", Some("1.11.4")),
            ("aws-cli/2.22.0 Python/3.12.6 Linux/6.1", Some("2.22.0")),
            ("openjdk version \"21\" 2023-09-19", Some("21")),
            ("Docker version 27.3.1, build ce12230", Some("27.3.1")),
            ("OpenSSH_9.9p1, OpenSSL 3.3.2 3 Sep 2024", Some("9.9")),
            ("usage: nothing", None),
        ];
        for (line, expected) in table {
            assert_eq!(number(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn bounds_are_compared_by_number() {
        let of = |least: Option<&str>, below: Option<&str>, version: &str| {
            let program = LocalProgram {
                name: "x".into(),
                at_least: least.map(str::to_owned),
                below: below.map(str::to_owned),
            };
            fits(&program, version)
        };
        assert!(of(Some("1.5"), None, "1.10.0") && of(Some("1.5.0"), None, "1.5"));
        assert!(!of(Some("1.5"), None, "1.4.99") && !of(None, Some("2"), "2.0.0"));
        assert!(of(Some("1.5"), Some("2"), "1.99"));
    }
}
