//! Starting other programs, saying what is started, and failing with words.

use crate::place;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why something that we started did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It is not there.
    #[error("{tool} is not here; {next}")]
    Missing {
        /// Its name.
        tool: String,
        /// What to do about it.
        next: String,
    },
    /// It could not be started.
    #[error("failed to start `{line}`: {source}")]
    Start {
        /// What was typed.
        line: String,
        /// Why.
        source: std::io::Error,
    },
    /// It said no.
    #[error("`{line}` ended with {status}")]
    Ended {
        /// What was typed.
        line: String,
        /// How it ended.
        status: String,
    },
    /// A file or folder is not as it must be.
    #[error("failed to {what} {path}: {source}")]
    File {
        /// read, write, make …
        what: &'static str,
        /// Which one.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something else, in words.
    #[error("{0}")]
    Other(String),
}

/// A command line that is about to run in the repository's root.
pub(crate) struct Tool {
    command: Command,
    line: String,
}

impl Tool {
    /// Program and arguments.
    pub(crate) fn new<A: AsRef<str>>(
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(place::root());
        let mut line = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        for argument in arguments {
            command.arg(argument.as_ref());
            line.push(' ');
            line.push_str(argument.as_ref());
        }
        Self { command, line }
    }

    /// Runs in another folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it before the developer's eyes; anything but success is a failure.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        println!("  $ {}", self.line);
        let status =
            self.command.status().map_err(|source| Failure::Start { line: self.line.clone(), source })?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::Ended { line: self.line, status: status.to_string() })
    }

    /// Runs it unseen and returns its standard output. What it says on standard error is seen.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| Failure::Start { line: self.line.clone(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Failure::Ended { line: self.line, status: output.status.to_string() })
    }

    /// Runs it unseen and unheard and returns its trimmed standard output, if it succeeded.
    pub(crate) fn output_quietly(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs it unseen and unheard: whether it succeeded.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.command.status().is_ok_and(|status| status.success())
    }

    /// The command itself, for who keeps the child.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// Cargo, the very one that runs us.
pub(crate) fn cargo<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>) -> Tool {
    let tool = Tool::new(env!("CARGO"), arguments);
    // What is built once, on a machine that is thrown away, is not kept for the next build: that is gigabytes.
    if std::env::var_os("CI").is_some() { tool.env("CARGO_INCREMENTAL", "0") } else { tool }
}

/// The path of a program on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// A program that cargo installs, from PATH or from the tools under the target folder, where it is put when it is nowhere.
pub(crate) fn program_of_cargo(name: &str) -> Result<PathBuf, Failure> {
    if let Some(found) = find(name) {
        return Ok(found);
    }
    let tools = place::target().join("tools");
    let program = tools.join("bin").join(name);
    if !program.is_file() {
        let root = tools.display().to_string();
        twice(|| cargo(["install", "--quiet", "--locked", "--root", &root, name]).run())?;
    }
    Ok(program)
}

/// Runs `what` once more if it fails: registries and mirrors have bad moments.
pub(crate) fn twice(what: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    what().or_else(|failure| {
        println!("  {failure}; once more");
        what()
    })
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|source| Failure::File {
        what: "make",
        path: path.display().to_string(),
        source,
    })
}

/// Writes a file, with the folders above it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(above) = path.parent() {
        folder(above)?;
    }
    std::fs::write(path, text).map_err(|source| Failure::File {
        what: "write",
        path: path.display().to_string(),
        source,
    })
}
