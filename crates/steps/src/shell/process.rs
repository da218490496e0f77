//! The process of a script: its environment, its lines as they come, its end.

use super::{Child, KEPT, registries};
use holdpoint_engine::{Progress, Task};
use holdpoint_identity::registries::RegistryDesk;
use holdpoint_identity::{ChildAccess, ChildFiles, CredentialsEndpoint, Practice, child_env};
use holdpoint_plan::kinds::{Shell, ShellName};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Longest line that is shown whole. Of a longer one the beginning is, without what may be the beginning of a secret; the rest
/// is skipped, not buffered.
const LINE: u64 = 16 * 1024;

/// Writes its process id and the script's exit code beside the script, so that they outlive this process.
#[cfg(unix)]
const WITNESS: &str =
    r#"echo $$ > "$1"; end=$2; shift 2; "$@"; code=$?; echo "$code" > "$end"; exit "$code""#;

/// For so long a script is waited for that has outlived the process that started it.
const LINGERS: Duration = Duration::from_secs(20);
/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(50);

/// A script that ended by itself.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) truncated: bool,
}

/// A script that did not.
pub(crate) enum NotRun {
    /// It was never started.
    Before(String),
    /// It was started and ended from outside.
    Killed(String),
}

/// What is left of a script in the run's folder.
#[derive(Default)]
pub(crate) struct Left {
    pub(crate) began: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) exit: Option<i32>,
}

/// Runs a script to its end. Its lines are told as they come, standard output only where `show` says so.
pub(crate) async fn run(
    child: &Child,
    task: &Task,
    with: &Shell,
    shell: ShellName,
    text: &str,
    show: bool,
) -> Result<Ran, NotRun> {
    let before = |what: &str, why: &dyn std::fmt::Display| NotRun::Before(format!("{what}: {why}"));
    let folder = place(&child.folder, &task.mark());
    tokio::fs::create_dir_all(&folder).await.map_err(|error| before("its folder cannot be made", &error))?;
    let (file, words) = program(shell, &folder);
    tokio::fs::write(&file, text).await.map_err(|error| before("it cannot be written", &error))?;
    run_words(child, task, with, words, text, show).await
}

/// Runs a program with its arguments, as [`run`] runs a script: with the same environment, told and killed in the same
/// way. `text` is searched for profiles that it names.
pub(crate) async fn run_words(
    child: &Child,
    task: &Task,
    with: &Shell,
    arguments: Vec<std::ffi::OsString>,
    text: &str,
    show: bool,
) -> Result<Ran, NotRun> {
    let before = |what: &str, why: &dyn std::fmt::Display| NotRun::Before(format!("{what}: {why}"));
    let named = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = place(&child.folder, &task.mark());
    tokio::fs::create_dir_all(&folder).await.map_err(|error| before("its folder cannot be made", &error))?;
    let home = folder.join("home");
    tokio::fs::create_dir_all(&home).await.map_err(|error| before("its home cannot be made", &error))?;
    let practice = child.practice.as_deref().map(|simulator| Practice { simulator, home: &home });
    let endpoint = CredentialsEndpoint::open(&child.session, &folder).await;
    let endpoint = endpoint.map_err(|error| before("it would have no credentials", &error))?;
    endpoint.ready().await.map_err(|error| before("it would have no credentials", &error))?;
    let profiles = profiles_in(text, with, &child.profiles);
    let files = ChildFiles::write(&folder, profiles.iter().map(String::as_str), &task.region, practice);
    let files = files.map_err(|error| before("its profiles cannot be written", &error))?;
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: &task.region, practice };
    let environment = child_env(&child.env, &access, &with.env);
    let mut environment = environment.map_err(|error| before("its environment is refused", &error))?;
    let registries = registries::open(child, &folder, &task.account, &task.region).await;
    let registries = registries.map_err(|error| before("it would have no logins of registries", &error))?;
    registries.furnish(&mut environment, &with.env);
    for remark in registries.config().remarks() {
        task.progress.says(remark);
    }
    let working = working_folder(&task.folder, with.dir.as_deref()).map_err(NotRun::Before)?;

    #[cfg(unix)]
    let (program, arguments) = {
        let witness = ["-c".into(), WITNESS.into(), "holdpoint".into()];
        let files = [folder.join("pid").into_os_string(), folder.join("exit").into_os_string()];
        ("sh".to_owned(), witness.into_iter().chain(files).chain(arguments).collect::<Vec<_>>())
    };
    #[cfg(not(unix))]
    let (program, arguments) = (arguments[0].to_string_lossy().into_owned(), arguments[1..].to_vec());

    #[expect(
        clippy::disallowed_methods,
        reason = "its environment is identity's child environment, and nothing else"
    )]
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env_clear().envs(environment).current_dir(working);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own: what the script has started is killed with it.
    #[cfg(unix)]
    command.process_group(0);
    let mut process = command.spawn().map_err(|error| before(&named, &error))?;
    let group = Group::of(process.id());
    let (out, err) = (process.stdout.take(), process.stderr.take());
    let told = show.then_some(&task.progress);
    if !show {
        task.progress.says("standard output is not shown: a secret is taken from it");
    }
    // A secret may be written in six times its length: escaped byte by byte.
    let uncertain = task.secrets.values().map(|secret| secret.expose().len() * 6).max().unwrap_or(0);
    let work = async {
        let (out, err) = tokio::join!(
            lines("stdout", out, told, uncertain, registries.desk()),
            lines("stderr", err, Some(&task.progress), uncertain, registries.desk())
        );
        (process.wait().await, out, err)
    };
    let ended = match task.timeout {
        Some(limit) => tokio::select! {
            ended = work => ended,
            () = task.clock.sleep(limit) => {
                drop(group);
                return Err(NotRun::Killed(format!("it ran longer than {} s", limit.as_secs())));
            }
        },
        None => work.await,
    };
    group.ended();
    let (status, (stdout, cut_out), (stderr, cut_err)) = ended;
    let status = status.map_err(|error| NotRun::Killed(error.to_string()))?;
    match status.code() {
        Some(exit) => Ok(Ran { exit, stdout, stderr, truncated: cut_out || cut_err }),
        None => Err(NotRun::Killed(format!("by a signal ({status})"))),
    }
}

/// What a script has left behind.
pub(crate) async fn evidence(folder: &Path, mark: &str) -> Left {
    let place = place(folder, mark);
    let number = async |name: &str| -> Option<i64> {
        tokio::fs::read_to_string(place.join(name)).await.ok()?.trim().parse().ok()
    };
    let pid = number("pid").await;
    Left {
        began: pid.is_some(),
        pid: pid.and_then(|pid| u32::try_from(pid).ok()),
        exit: number("exit").await.and_then(|exit| i32::try_from(exit).ok()),
    }
}

/// Waits for what is left of a script that still runs, and says whether it does to the end of the wait. Where that
/// cannot be asked, nothing runs: then its process was ended with ours.
pub(crate) async fn still_runs(left: &Left) -> bool {
    let deadline = tokio::time::Instant::now() + LINGERS;
    while left.runs() {
        if tokio::time::Instant::now() >= deadline {
            return true;
        }
        tokio::time::sleep(LOOK).await;
    }
    false
}

impl Left {
    #[cfg(unix)]
    fn runs(&self) -> bool {
        let pid = self.pid.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        pid.is_some_and(|pid| rustix::process::test_kill_process_group(pid).is_ok())
    }

    #[cfg(not(unix))]
    fn runs(&self) -> bool {
        false
    }
}

/// Kills a program's whole process group when it is dropped before the program has ended.
pub(crate) struct Group(Option<u32>);

impl Group {
    /// Of a process that was started as the first of its group.
    pub(crate) fn of(first: Option<u32>) -> Self {
        Self(first)
    }

    /// It has ended: its number may be another's by now.
    pub(crate) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) =
            self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended in this very moment: then there is nothing to kill.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

async fn lines(
    source: &str,
    from: Option<impl AsyncRead + Unpin>,
    progress: Option<&Progress>,
    uncertain: usize,
    logins: &RegistryDesk,
) -> (String, bool) {
    let Some(from) = from else { return (String::new(), false) };
    let mut reader = BufReader::new(from);
    let (mut kept, mut truncated) = (String::new(), false);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return (kept, truncated),
            Ok(_) => {}
        }
        let cut = line.len() as u64 == LINE && line.last() != Some(&b'\n');
        if cut {
            truncated = true;
            line.truncate(line.len().saturating_sub(uncertain.max(logins.longest() * 6)));
            line.extend_from_slice(b" [cut]\n");
            skip_line(&mut reader).await;
        }
        // The run does not know what its registries gave while the script ran; a script may print it.
        let text = String::from_utf8_lossy(&line);
        let text = logins.veiled(&text);
        if kept.len() + text.len() <= KEPT {
            kept.push_str(&text);
        } else {
            truncated = true;
        }
        if let Some(progress) = progress {
            progress.line(source, None, text.trim_end_matches(['\n', '\r']));
            progress.room().await;
        }
    }
}

/// Reads on to the end of a line and keeps nothing of it.
async fn skip_line(reader: &mut (impl AsyncBufRead + Unpin)) {
    loop {
        let (used, ended) = match reader.fill_buf().await {
            Ok([]) | Err(_) => return,
            Ok(bytes) => match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            },
        };
        reader.consume(used);
        if ended {
            return;
        }
    }
}

/// The script's file and the words that run it.
fn program(shell: ShellName, folder: &Path) -> (PathBuf, Vec<std::ffi::OsString>) {
    let (name, before): (&str, &[&str]) = match shell {
        ShellName::Bash | ShellName::Sh | ShellName::Zsh => ("script", &[]),
        ShellName::Pwsh | ShellName::Powershell => {
            ("script.ps1", &["-NoProfile", "-NonInteractive", "-File"])
        }
        ShellName::Cmd => ("script.cmd", &["/D", "/C"]),
    };
    let file = folder.join(name);
    let words = std::iter::once(shell.as_str()).chain(before.iter().copied()).map(Into::into);
    let words = words.chain(std::iter::once(file.clone().into_os_string())).collect();
    (file, words)
}

/// A folder for each attempt: another attempt's files are evidence, not to be overwritten.
pub(crate) fn place(folder: &Path, mark: &str) -> PathBuf {
    folder.join("shell").join(mark.replace('/', "-"))
}

fn working_folder(plan: &Path, dir: Option<&str>) -> Result<PathBuf, String> {
    let Some(dir) = dir else { return Ok(plan.to_owned()) };
    let relative = Path::new(dir);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("`{dir}` leads out of the plan's folder"));
    }
    Ok(plan.join(relative))
}

/// Profiles that a script names, known or not: all of them lead to the pin.
fn profiles_in(text: &str, with: &Shell, known: &[String]) -> BTreeSet<String> {
    static NAMED: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"(?:--profile[= ]+|AWS_(?:DEFAULT_)?PROFILE=)["']?([A-Za-z0-9_\-/.%@:+]+)"#;
    let named = NAMED.get_or_init(|| Regex::new(pattern).ok()).as_ref();
    let mut found: BTreeSet<String> =
        named.into_iter().flat_map(|named| named.captures_iter(text)).map(|hit| hit[1].to_owned()).collect();
    found.extend(known.iter().filter(|name| text.contains(name.as_str())).cloned());
    found.extend(
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().filter_map(|name| with.env.get(*name)).cloned(),
    );
    found
}
