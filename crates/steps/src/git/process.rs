//! Git as a process: an array of words, an environment of ours, nothing of the repository's that runs.

use holdpoint_identity::Env;
use holdpoint_run::Diagnosis;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

/// Longest time of one command. Real time: git is not faster because a practice run is.
const LIMIT: Duration = Duration::from_secs(120);
/// Longest output that is read.
const OUTPUT: u64 = 16 * 1024 * 1024;
/// Variables of the operator's environment that git gets: where programs, the home and temporary files are.
const KEPT: &[&str] = &["PATH", "HOME", "USERPROFILE", "XDG_CONFIG_HOME", "TMPDIR", "TEMP", "SYSTEMROOT"];

/// Git, with the operator's own configuration and without the repository's programs.
#[derive(Clone)]
pub(crate) struct Git {
    environment: Vec<(OsString, OsString)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn ok(&self) -> bool {
        self.exit == 0
    }

    /// Its output without the line's end.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// Its output in parts that end with NUL.
    pub(crate) fn parts(&self) -> Vec<String> {
        let parts = self.stdout.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }
}

impl Git {
    pub(crate) fn new(env: &Env) -> Self {
        let mut environment: Vec<(OsString, OsString)> =
            KEPT.iter().filter_map(|name| Some(((*name).into(), env.os(name)?.to_owned()))).collect();
        let own = [
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            // A look must not write the index, and must not fetch what a partial clone lacks.
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", "none"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_PAGER", "cat"),
        ];
        environment.extend(own.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Self { environment }
    }

    /// Runs one command in a folder.
    pub(crate) async fn run<S: AsRef<OsStr>>(&self, dir: &Path, words: &[S]) -> Result<Ran, Diagnosis> {
        self.start(dir, words, &[], None).await
    }

    /// Runs one command in a folder, with text on its standard input.
    pub(crate) async fn feed<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        words: &[S],
        input: &[u8],
    ) -> Result<Ran, Diagnosis> {
        self.start(dir, words, &[], Some(input)).await
    }

    /// Runs one command in a folder that belongs to no repository, whatever is above it.
    pub(crate) async fn alone<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        words: &[S],
        input: Option<&[u8]>,
    ) -> Result<Ran, Diagnosis> {
        let above = dir.parent().unwrap_or(dir).as_os_str().to_owned();
        self.start(dir, words, &[("GIT_CEILING_DIRECTORIES".into(), above)], input).await
    }

    /// The same, with an index of its own.
    pub(crate) async fn alone_with_index<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        index: &Path,
        words: &[S],
        input: &[u8],
    ) -> Result<Ran, Diagnosis> {
        let above = dir.parent().unwrap_or(dir).as_os_str().to_owned();
        let more = [
            ("GIT_CEILING_DIRECTORIES".into(), above),
            ("GIT_INDEX_FILE".into(), index.as_os_str().to_owned()),
        ];
        self.start(dir, words, &more, Some(input)).await
    }

    /// The top of the working copy that a folder is in, once it is known to run nothing of its own; `None` outside of one.
    pub(crate) async fn top(&self, dir: &Path) -> Result<Option<PathBuf>, Diagnosis> {
        let said = self.run(dir, &["rev-parse", "--show-toplevel"]).await?;
        if !said.ok() {
            if said.stderr.contains("not a git repository") {
                return Ok(None);
            }
            return Err(Diagnosis::of("git does not take this repository")
                .says("What git says", said.stderr.trim())
                .hint("Correct what git says, then retry."));
        }
        let top = PathBuf::from(said.text());
        // `core.worktree` may point anywhere.
        if !dir.starts_with(&top) {
            return Err(Diagnosis::of(format!(
                "The repository says that its files are in {}, not where the plan is",
                top.display()
            ))
            .hint("Take `core.worktree` out of the repository's configuration."));
        }
        self.refuse_programs(dir).await?;
        Ok(Some(top))
    }

    /// Reading a configuration runs nothing. What it names for contents of files cannot be switched off without changing
    /// what git sees, so it is refused.
    async fn refuse_programs(&self, dir: &Path) -> Result<(), Diagnosis> {
        let said =
            self.run(dir, &["config", "--list", "--show-scope", "--includes", "--name-only", "-z"]).await?;
        let parts = said.parts();
        let named = parts.chunks(2).find_map(|pair| match pair {
            [scope, name] if matches!(scope.as_str(), "local" | "worktree") && runs(name) => Some(name),
            _ => None,
        });
        match named {
            Some(name) => Err(Diagnosis::of(format!(
                "The repository's own configuration names a program that git would run: `{name}`"
            ))
            .hint("If you trust it, move that setting to your own configuration (`git config --global`).")),
            None => Ok(()),
        }
    }

    async fn start<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        words: &[S],
        more: &[(OsString, OsString)],
        input: Option<&[u8]>,
    ) -> Result<Ran, Diagnosis> {
        #[expect(clippy::disallowed_methods, reason = "its environment is the one above, and nothing else")]
        let mut command = tokio::process::Command::new("git");
        command
            .args(["--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "submodule.recurse=false"])
            .args(words)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .envs(more.iter().cloned())
            .current_dir(dir)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| {
            Diagnosis::of(format!("git cannot be started: {error}"))
                .hint("Install git, or put it on the PATH, then retry.")
        })?;
        let (stdin, out, err) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let work = async {
            let write = async {
                if let (Some(mut stdin), Some(input)) = (stdin, input) {
                    // A git that has seen enough closes its end: its exit code says what it means.
                    let _ = stdin.write_all(input).await;
                }
            };
            let ((), out, err) = tokio::join!(write, read(out), read(err));
            (process.wait().await, out, err)
        };
        let (status, stdout, stderr) = tokio::time::timeout(LIMIT, work).await.map_err(|_| {
            Diagnosis::of(format!("git took longer than {} s", LIMIT.as_secs()))
                .hint("Look at the repository: is it on a slow disk, or very large?")
        })?;
        let ended = |why: String| Diagnosis::of(format!("git was ended from outside: {why}")).hint("Retry.");
        let status = status.map_err(|error| ended(error.to_string()))?;
        let exit = status.code().ok_or_else(|| ended(status.to_string()))?;
        Ok(Ran { exit, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }
}

async fn read(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What cannot be read is not there; the exit code decides.
        let _ = (&mut from).take(OUTPUT).read_to_end(&mut bytes).await;
        // The rest is drained, so that git does not wait for a reader.
        let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    }
    bytes
}

/// Settings that name a program for the contents of files (gitattributes(5)). Those of `diff` are switched off where a
/// difference is asked for.
fn runs(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (first, last) =
        (name.split('.').next().unwrap_or_default(), name.rsplit('.').next().unwrap_or_default());
    matches!((first, last), ("filter", "clean" | "smudge" | "process") | ("merge", "driver"))
}
