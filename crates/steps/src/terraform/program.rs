//! The program: where it is, what it is given, how it is started and told to stop.
//!
//! It gets identity's child environment and nothing else. What it says goes to a file of the step's own folder rather
//! than into a pipe: a console that is killed takes nothing with it, Terraform goes on to its end, and who comes next
//! reads the rest.

use crate::patience::Patience;
use crate::shell::Child;
use crate::shell::process::Group;
use holdpoint_engine::Task;
use holdpoint_identity::{ChildAccess, ChildFiles, CredentialsEndpoint, Practice, child_env};
use holdpoint_plan::kinds::TerraformProgram;
use holdpoint_run::Diagnosis;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// The first versions whose plans say all that is read of them.
const OLDEST_TERRAFORM: (u64, u64) = (1, 5);
const OLDEST_TOFU: (u64, u64) = (1, 6);

/// Passed on where it is real: where providers come from, and who may fetch modules.
const OPERATORS: [&str; 4] = [
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
    "SSH_AUTH_SOCK",
];

/// Longest time of a short command where the step has no limit.
const SHORT: Duration = Duration::from_secs(10 * 60);

/// A program that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// `terraform` or `tofu`.
    pub(crate) name: &'static str,
    /// Where.
    pub(crate) path: PathBuf,
    /// E.g. `1.11.4`.
    pub(crate) version: String,
}

/// Environment of the program, for as long as it runs.
pub(crate) struct Surroundings {
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// With short commands.
    pub(crate) patience: Patience,
    /// Its end ends what hands out credentials.
    _endpoint: CredentialsEndpoint,
    _files: ChildFiles,
}

/// Finds the program that a step asks for, without starting anything.
pub(crate) fn installed(child: &Child, wanted: Option<TerraformProgram>) -> Option<(&'static str, PathBuf)> {
    let names: &[&'static str] = match wanted {
        Some(TerraformProgram::Terraform) => &["terraform"],
        Some(TerraformProgram::Tofu) => &["tofu"],
        None => &["terraform", "tofu"],
    };
    let path = child.env.os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    names.iter().find_map(|name| {
        let file = if cfg!(windows) { format!("{name}.exe") } else { (*name).to_owned() };
        let found = folders.iter().map(|folder| folder.join(&file)).find(|path| is_program(path))?;
        Some((*name, found))
    })
}

/// Finds the program and asks for its version.
pub(crate) async fn find(
    child: &Child,
    task: &Task,
    wanted: Option<TerraformProgram>,
) -> Result<Program, Diagnosis> {
    let name = match wanted {
        Some(TerraformProgram::Tofu) => "tofu",
        Some(TerraformProgram::Terraform) | None => "terraform",
    };
    let (name, path) = installed(child, wanted).ok_or_else(|| {
        Diagnosis::of(format!("`{name}` is not installed: it is nowhere on the PATH"))
            .hint("Install Terraform (1.5 or newer) or OpenTofu (1.6 or newer), then retry.")
    })?;
    let around = surroundings(child, task).await?;
    let said = captured(&path, &["version", "-json"], &task.scratch, &around).await?;
    let version = serde_json::from_slice::<Value>(&said.stdout)
        .ok()
        .and_then(|said| said["terraform_version"].as_str().map(str::to_owned))
        .ok_or_else(|| {
            Diagnosis::of(format!("`{name} version` does not say which version it is"))
                .says("It says", said.words())
                .hint(format!("See what {} is: it is the first `{name}` on the PATH.", path.display()))
        })?;
    let oldest = if name == "tofu" { OLDEST_TOFU } else { OLDEST_TERRAFORM };
    if number(&version).is_none_or(|found| found < oldest) {
        return Err(Diagnosis::of(format!(
            "{name} {version} is too old: its plans do not say all that must be known before they are applied"
        ))
        .hint(format!("Install {name} {}.{} or newer, then retry.", oldest.0, oldest.1)));
    }
    Ok(Program { name, path, version })
}

fn number(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn is_program(path: &Path) -> bool {
    let Ok(found) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    found.is_file() && runs
}

/// The child environment, with Terraform's own switches for work without a person before it.
pub(crate) async fn surroundings(child: &Child, task: &Task) -> Result<Surroundings, Diagnosis> {
    let refused = |what: &str, why: &dyn std::fmt::Display| {
        Diagnosis::of(format!("Terraform was not started: {what}: {why}"))
    };
    let folder = task.scratch.join("child");
    private_folder(&folder).map_err(|error| refused("its folder cannot be made", &error))?;
    let home = folder.join("home");
    private_folder(&home).map_err(|error| refused("its home cannot be made", &error))?;
    let practice = child.practice.as_deref().map(|simulator| Practice { simulator, home: &home });
    let endpoint = CredentialsEndpoint::open(&child.session, &folder)
        .await
        .map_err(|error| refused("it would have no credentials", &error))?;
    endpoint.ready().await.map_err(|error| refused("it would have no credentials", &error))?;
    // A provider's or backend's `profile` leads to the pin, whatever its name.
    let files = ChildFiles::write(&folder, child.profiles.iter().map(String::as_str), &task.region, practice)
        .map_err(|error| refused("its profiles cannot be written", &error))?;
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: &task.region, practice };
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in child.env.iter() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        let token = name.starts_with("TF_TOKEN_") && practice.is_none();
        if OPERATORS.contains(&name) || token {
            named.insert(name.to_owned(), value.to_owned());
        }
    }
    let mut environment = child_env(&child.env, &access, &named)
        .map_err(|error| refused("its environment is refused", &error))?;
    for (name, value) in [("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1")] {
        environment.insert(name.into(), value.into());
    }
    let patience = Patience::of(task).or(SHORT);
    Ok(Surroundings { environment, patience, _endpoint: endpoint, _files: files })
}

/// A program that ended, with what it said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Said {
    /// The last lines of what it said, without colours.
    pub(crate) fn words(&self) -> String {
        let all = [self.stderr.as_slice(), self.stdout.as_slice()].concat();
        let text = String::from_utf8_lossy(&all);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.iter().skip(lines.len().saturating_sub(6)).copied().collect::<Vec<_>>().join(" ");
        if last.is_empty() { "nothing".into() } else { last }
    }
}

/// Runs a short command to its end and keeps what it says in memory.
pub(crate) async fn captured(
    program: &Path,
    arguments: &[&str],
    folder: &Path,
    around: &Surroundings,
) -> Result<Said, Diagnosis> {
    let mut command = command(program, folder, around);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let process = command.spawn().map_err(|error| unstartable(program, &error))?;
    let group = Group::of(process.id());
    let what = format!("`{}`", arguments.join(" "));
    let output = around.patience.within(&what, process.wait_with_output()).await?;
    let output = output.map_err(|error| unstartable(program, &error))?;
    group.ended();
    Ok(Said { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
}

/// A command of the program, in a process group of its own: a key that interrupts the console does not reach it.
pub(crate) fn command(program: &Path, folder: &Path, around: &Surroundings) -> tokio::process::Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "its environment is identity's child environment, and nothing else"
    )]
    let mut command = tokio::process::Command::new(program);
    command.env_clear().envs(&around.environment).current_dir(folder).stdin(Stdio::null());
    #[cfg(unix)]
    command.process_group(0);
    command
}

pub(crate) fn unstartable(program: &Path, error: &std::io::Error) -> Diagnosis {
    Diagnosis::of(format!("{} could not be started: {error}", program.display()))
        .hint("See that it can be run by you, then retry.")
}

/// Makes a folder for nobody else's eyes, where it is not there.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file for nobody else's eyes, anew.
pub(crate) fn private_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    // A file that is there keeps its mode: it goes first.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
