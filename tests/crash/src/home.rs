//! A home of its own for each test: its folders, its environment, and the program run in it.

use crate::account;
use crate::program::program;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program that has not ended by then hangs; far above what any needs.
pub const HANGS: Duration = Duration::from_secs(180);
/// Between two looks at something that is waited for.
pub const LOOK: Duration = Duration::from_millis(5);

/// An empty home folder and an empty `HOLDPOINT_HOME`. What still runs in it ends with it.
pub struct Home {
    folder: TempDir,
    started: AtomicU32,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A program that runs.
pub struct Running {
    /// Its process.
    pub child: Child,
    out: PathBuf,
    err: PathBuf,
    said: String,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), started: AtomicU32::new(0) }
    }

    /// Another home that keeps what this one keeps. No simulator may be running in it.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_folder(&self.kept(), &copy.kept());
        copy
    }

    /// A home that keeps what lies in a folder of the repository, for nobody else to read, as Holdpoint leaves it.
    pub fn holding(folder: &Path) -> Self {
        let home = Self::new();
        copy_folder(folder, &home.kept());
        keep_private(&home.kept());
        home
    }

    /// What Holdpoint keeps.
    pub fn kept(&self) -> PathBuf {
        self.folder.path().join("holdpoint")
    }

    /// A file in the home, for plans and the like.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program in this home and in no other environment.
    pub fn command(&self, args: &[&str]) -> Command {
        self.beside(program(), args)
    }

    /// Another program in this home and in no other environment.
    pub fn beside(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "a program under test, or beside one, with an environment of its own"
        )]
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", PATH).env("USER", "tester");
        command.env("HOME", self.folder.path()).env("HOLDPOINT_HOME", self.kept());
        command.env("AWS_EC2_METADATA_DISABLED", "true").current_dir(self.folder.path());
        command
    }

    /// A shell script in this home and in a mount namespace of its own, that finds the program in `PROGRAM`.
    pub fn shell(&self, script: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "a file system of the test's own wants a namespace")]
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "--user", "sh", "-c", script]).env_clear();
        command.env("PATH", PATH).env("USER", "tester").env("PROGRAM", program());
        command.env("HOME", self.folder.path()).env("HOLDPOINT_HOME", self.kept());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.ran(self.command(args))
    }

    /// Runs it to its end with more in its environment.
    pub fn run_with(&self, env: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        self.ran(command)
    }

    /// Runs a command of this home to its end.
    pub fn ran(&self, command: Command) -> Ran {
        self.start(command).end()
    }

    /// Starts a command of this home. Nobody sits at its standard input.
    pub fn start(&self, command: Command) -> Running {
        self.start_with(command, Stdio::null())
    }

    /// Starts a command of this home with that standard input.
    pub fn start_with(&self, mut command: Command, input: Stdio) -> Running {
        let nth = self.started.fetch_add(1, Ordering::SeqCst);
        let [out, err] = ["out", "err"].map(|name| self.folder.path().join(format!("said-{nth}.{name}")));
        command.stdin(input);
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let said = format!("{command:?}").rsplit("holdpoint\" ").next().unwrap_or_default().to_owned();
        Running { child: command.spawn().unwrap(), out, err, said }
    }

    /// Runs it with `--json` words and reads what it prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        serde_json::from_str(&ran.out)
            .unwrap_or_else(|why| panic!("{args:?} prints no JSON ({why}): {ran:?}"))
    }

    /// Ids of all runs, the newest first.
    pub fn runs(&self) -> Vec<String> {
        let runs = self.json(&["runs", "--json"]);
        runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The folder of a run.
    pub fn folder(&self, run: &str) -> PathBuf {
        self.kept().join("runs").join(run)
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let folders = std::fs::read_dir(self.kept().join("runs")).into_iter().flatten().flatten();
        for folder in folders {
            account::end(&folder.path().join("sim"));
        }
    }
}

impl Running {
    /// What it has printed so far.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap()).into_owned()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let status = ended(&mut self.child, &self.said);
        let err = String::from_utf8_lossy(&std::fs::read(&self.err).unwrap()).into_owned();
        Ran { code: status.code(), out: self.out(), err }
    }
}

impl Ran {
    /// Fails unless it ended with this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard output has all these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.out.contains(text), "no {text:?} in\n{}", self.out));
        self
    }

    /// Fails unless standard error has all these.
    #[track_caller]
    pub fn complains(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.err.contains(text), "no {text:?} in\n{}", self.err));
        self
    }
}

/// Waits for a process; one that hangs is killed, and is a failure with a name.
fn ended(child: &mut Child, said: &str) -> ExitStatus {
    for _ in 0..HANGS.as_millis() / LOOK.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(LOOK);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("`holdpoint {said}` did not end within {} s", HANGS.as_secs());
}

/// A repository does not keep who may read a file.
fn keep_private(path: &Path) {
    let folder = path.is_dir();
    let mode = if folder { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    if folder {
        std::fs::read_dir(path).unwrap().for_each(|entry| keep_private(&entry.unwrap().path()));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            // With its permissions.
            false => drop(std::fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}
