//! A long command of Terraform: its lines as they come, its end, and what is left of it when nobody watched.

use super::program::{Surroundings, command, private_folder, unstartable};
use holdpoint_engine::{Stop, Stops};
use holdpoint_run::Diagnosis;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// How often the file is looked at for new lines, real time.
const LOOK: Duration = Duration::from_millis(40);
/// Longest line that is read whole; Terraform's are some hundred bytes.
const LINE: usize = 4 << 20;
/// How long an interrupted Terraform may take to put its state away before it is killed, real time.
const PUTS_AWAY: Duration = Duration::from_secs(60);

/// Writes its process id and Terraform's exit code into files, so that they outlive the console. An interrupt is caught and
/// passed over: it is for Terraform, whose end is waited for, and which gets the signal's default back.
#[cfg(unix)]
const WITNESS: &str = r#"trap : INT; echo $$ > "$1"; end=$2; shift 2; "$@"; code=$?
echo "$code" > "$end.new"; mv "$end.new" "$end"; exit "$code""#;

/// Where a job keeps its files.
#[derive(Debug, Clone)]
pub(crate) struct Place(PathBuf);

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this code.
    Exit(i32),
    /// From outside, without a code.
    Killed,
}

/// What is known of a job in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// It was never started.
    Nothing,
    /// It goes on.
    Running(u32),
    /// It is over.
    Over(End),
}

impl Place {
    /// The place of the job of that name in a step's folder.
    pub(crate) fn of(scratch: &Path, name: &str) -> Self {
        Self(scratch.join(name))
    }

    fn stream(&self) -> PathBuf {
        self.0.join("stream")
    }

    fn errors(&self) -> PathBuf {
        self.0.join("errors")
    }

    /// What it said on standard error, as far as it is written.
    pub(crate) async fn complaints(&self) -> String {
        let bytes = tokio::fs::read(self.errors()).await.unwrap_or_default();
        let kept = bytes.len().saturating_sub(16 * 1024);
        String::from_utf8_lossy(&bytes[kept..]).into_owned()
    }

    /// Forgets it.
    pub(crate) async fn forget(&self) {
        // What cannot be removed goes with the run's folder of working files.
        let _ = tokio::fs::remove_dir_all(&self.0).await;
    }

    /// What is left of it.
    pub(crate) async fn left(&self) -> Left {
        let number = async |name: &str| -> Option<i64> {
            tokio::fs::read_to_string(self.0.join(name)).await.ok()?.trim().parse().ok()
        };
        if let Some(code) = number("exit").await {
            return Left::Over(ended(i32::try_from(code).unwrap_or(-1)));
        }
        match number("pid").await.and_then(|pid| u32::try_from(pid).ok()) {
            Some(pid) if self.is_of(pid) => Left::Running(pid),
            // It may have written its end between the two looks.
            Some(_) => match number("exit").await {
                Some(code) => Left::Over(ended(i32::try_from(code).unwrap_or(-1))),
                None => Left::Over(End::Killed),
            },
            None => Left::Nothing,
        }
    }

    /// Whether the process of that id is our witness, not another that came to have its number.
    fn is_of(&self, pid: u32) -> bool {
        #[cfg(target_os = "linux")]
        {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let own = self.0.join("pid");
            let own = own.to_string_lossy();
            line.split(|byte| *byte == 0).any(|word| word == own.as_bytes())
        }
        #[cfg(all(unix, not(target_os = "linux")))]
        {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
        }
        #[cfg(not(unix))]
        {
            let _ = pid;
            false
        }
    }

    /// Starts Terraform. It outlives this process.
    pub(crate) async fn start(
        &self,
        program: &Path,
        arguments: &[String],
        folder: &Path,
        around: &Surroundings,
    ) -> Result<Job, Diagnosis> {
        let before = |what: &str, error: &std::io::Error| {
            Diagnosis::of(format!("Terraform was not started: {what}: {error}"))
                .hint("See that the run's folder can be written and has space, then retry.")
        };
        self.forget().await;
        private_folder(&self.0).map_err(|error| before("its folder cannot be made", &error))?;
        let out = private(&self.stream()).map_err(|error| before("its lines cannot be kept", &error))?;
        let err = private(&self.errors()).map_err(|error| before("its lines cannot be kept", &error))?;
        #[cfg(unix)]
        let mut command = {
            let mut command = command(Path::new("/bin/sh"), folder, around);
            command
                .args(["-c", WITNESS, "holdpoint"])
                .arg(self.0.join("pid"))
                .arg(self.0.join("exit"))
                .arg(program);
            command
        };
        #[cfg(not(unix))]
        let mut command = command(program, folder, around);
        command.args(arguments).stdout(Stdio::from(out)).stderr(Stdio::from(err)).kill_on_drop(false);
        let child = command.spawn().map_err(|error| unstartable(program, &error))?;
        Ok(Job { place: self.clone(), child: Some(child), reader: Reader::default() })
    }

    /// Goes on with a job that another process started.
    pub(crate) fn attach(&self) -> Job {
        Job { place: self.clone(), child: None, reader: Reader::default() }
    }
}

fn ended(code: i32) -> End {
    // What a shell says of a command that a signal ended.
    if code > 128 { End::Killed } else { End::Exit(code) }
}

fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A job that is watched.
pub(crate) struct Job {
    place: Place,
    child: Option<tokio::process::Child>,
    reader: Reader,
}

impl Job {
    /// Watches it to its end; `told` gets each line. Ends it when `limit` is over: it is interrupted as by a key, and
    /// killed when it does not put its state away. Somebody who has it stopped interrupts it likewise, and kills it by a
    /// word of their own.
    pub(crate) async fn watch(
        mut self,
        mut told: impl FnMut(&str),
        limit: impl Future<Output = ()>,
        stops: &Stops,
    ) -> (End, bool) {
        let mut limit = std::pin::pin!(limit);
        let mut gently = std::pin::pin!(stops.until(Stop::Gently));
        let mut hard = std::pin::pin!(stops.until(Stop::Hard));
        let (mut asked, mut forced) = (false, false);
        let mut interrupted: Option<tokio::time::Instant> = None;
        loop {
            self.reader.read(&self.place.stream(), &mut told).await;
            if let Some(end) = self.end().await {
                self.reader.read(&self.place.stream(), &mut told).await;
                self.reader.rest(&mut told);
                return (end, interrupted.is_some());
            }
            match interrupted {
                None => tokio::select! {
                    // The harder word first: who says it has said the other before.
                    biased;
                    () = &mut hard, if !forced => {
                        self.kill().await;
                        forced = true;
                    }
                    () = &mut gently, if !asked => {
                        self.interrupt().await;
                        asked = true;
                    }
                    () = &mut limit => {
                        self.interrupt().await;
                        interrupted = Some(tokio::time::Instant::now());
                    }
                    () = tokio::time::sleep(LOOK) => {}
                },
                Some(at) => {
                    if at.elapsed() > PUTS_AWAY {
                        self.kill().await;
                    }
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    async fn end(&mut self) -> Option<End> {
        if let Some(child) = &mut self.child {
            return match child.try_wait() {
                Ok(Some(status)) => Some(status.code().map_or(End::Killed, ended)),
                Ok(None) => None,
                Err(_) => Some(End::Killed),
            };
        }
        match self.place.left().await {
            Left::Running(_) => None,
            Left::Over(end) => Some(end),
            Left::Nothing => Some(End::Killed),
        }
    }

    /// What a person's key would do: Terraform stops, and puts its state and its lock away. A second time would make it
    /// exit at once and lose them, so it is noted that there was a first, for who watches after a crash, too.
    async fn interrupt(&self) {
        let note = self.place.0.join("interrupted");
        if tokio::fs::try_exists(&note).await.unwrap_or(true) || tokio::fs::write(&note, "").await.is_err() {
            return;
        }
        #[cfg(unix)]
        self.signal(rustix::process::Signal::INT).await;
    }

    async fn kill(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL).await;
        #[cfg(not(unix))]
        if let Some(child) = &mut self.child {
            // It may have ended in this very moment.
            let _ = child.start_kill();
        }
    }

    #[cfg(unix)]
    async fn signal(&self, signal: rustix::process::Signal) {
        let pid = match &self.child {
            Some(child) => child.id(),
            None => match self.place.left().await {
                Left::Running(pid) => Some(pid),
                Left::Over(_) | Left::Nothing => None,
            },
        };
        if let Some(pid) = pid.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended in this very moment: then there is nothing to signal.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

/// Interrupts a job that is only read from when nobody waits for it any more.
pub(crate) struct Interrupts(pub(crate) Option<u32>);

impl Drop for Interrupts {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) =
            self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // A plan that nobody reads: it gives its lock back by itself.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::INT);
        }
    }
}

impl Job {
    /// Has it interrupted when the guard is dropped before it ended.
    pub(crate) fn guard(&self) -> Interrupts {
        Interrupts(self.child.as_ref().and_then(tokio::process::Child::id))
    }
}

/// Whole lines of a file that grows.
#[derive(Default)]
struct Reader {
    at: u64,
    part: Vec<u8>,
    skipping: bool,
}

impl Reader {
    async fn read(&mut self, path: &Path, told: &mut impl FnMut(&str)) {
        let Ok(mut file) = tokio::fs::File::open(path).await else { return };
        if file.seek(std::io::SeekFrom::Start(self.at)).await.is_err() {
            return;
        }
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(count) = file.read(&mut chunk).await {
            if count == 0 {
                return;
            }
            self.at += count as u64;
            self.take(&chunk[..count], told);
        }
    }

    fn take(&mut self, bytes: &[u8], told: &mut impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.skipping {
                self.part.extend_from_slice(piece);
            }
            if piece.last() == Some(&b'\n') {
                if !self.skipping {
                    told(String::from_utf8_lossy(&self.part).trim_end());
                }
                self.part.clear();
                self.skipping = false;
            } else if self.part.len() > LINE {
                self.part.clear();
                self.skipping = true;
            }
        }
    }

    fn rest(&mut self, told: &mut impl FnMut(&str)) {
        if !self.part.is_empty() && !self.skipping {
            told(String::from_utf8_lossy(&self.part).trim_end());
        }
        self.part.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = "one\ntwo äö\n\nlast";
        for size in 1..text.len() {
            let (mut reader, mut lines) = (Reader::default(), Vec::new());
            for chunk in text.as_bytes().chunks(size) {
                reader.take(chunk, &mut |line| lines.push(line.to_owned()));
            }
            reader.rest(&mut |line| lines.push(line.to_owned()));
            assert_eq!(lines, ["one", "two äö", "", "last"], "cut by {size}");
        }
    }

    #[test]
    fn an_endless_line_is_skipped_and_not_kept() {
        let (mut reader, mut lines) = (Reader::default(), Vec::new());
        for _ in 0..(LINE / 1024 + 10) {
            reader.take(&[b'x'; 1024], &mut |line| lines.push(line.to_owned()));
        }
        assert!(reader.part.len() <= LINE + 1024);
        reader.take(b"\nnext\n", &mut |line| lines.push(line.to_owned()));
        assert_eq!(lines, ["next"]);
    }
}
