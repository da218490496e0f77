//! P11: an image of a gigabyte from registry to registry on this machine, against `skopeo copy`.

use super::table::{against_floor, median};
use crate::tool::{Failure, Tool, find, folder, write};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Layers, and bytes of each: a gigabyte together.
const LAYERS: u64 = 10;
const LAYER: u64 = 1024 * 1024 * 1024 / LAYERS;
/// Most pairs that are run: each writes two gigabytes.
const PAIRS: usize = 5;

/// Cold, with everything there, after a kill, and the most memory that it took.
pub(super) fn mirror(ours: &Path, home: &Path, pairs: usize) -> Result<Vec<String>, Failure> {
    const MEASURE: &str = "holdpoint image mirror | skopeo copy";
    for program in ["docker-registry", "skopeo", "python3"] {
        if find(program).is_none() {
            return Ok(vec![format!("{MEASURE:<44} skipped: {program} is not installed")]);
        }
    }
    let home = home.join("images");
    remove(&home)?;
    folder(&home)?;
    let source = Registry::start(&home.join("source"))?;
    let layout = home.join("layout");
    let words = [layout.display().to_string(), LAYERS.to_string(), LAYER.to_string()];
    Tool::new(
        "python3",
        ["-c", include_str!("image.py")].into_iter().chain(words.iter().map(String::as_str)),
    )
    .output()?;
    let (from, to) = (format!("oci:{}:v1", layout.display()), format!("docker://{}/bench:v1", source.host));
    skopeo(&home, &from, &to).output()?;
    remove(&layout)?;

    let (mut mine, mut theirs) = (Times::default(), Times::default());
    let mut memory = 0;
    for _ in 0..pairs.clamp(1, PAIRS) {
        let target = Registry::start(&home.join("target"))?;
        memory = memory.max(ours_timed(ours, &home, &source, &target, &mut mine)?);
        target.end()?;
        let target = Registry::start(&home.join("target"))?;
        let (from, to) =
            (format!("docker://{}/bench:v1", source.host), format!("docker://{}/copy:v1", target.host));
        theirs.cold.push(timed(skopeo(&home, &from, &to))?);
        theirs.present.push(timed(skopeo(&home, &from, &to))?);
        target.end()?;
    }
    let (cold, peers) = (median(mine.cold), median(theirs.cold));
    let resumed = after_a_kill(ours, &home, &source, cold)?;
    remove(&home)?;
    Ok(vec![
        against_floor("1 GiB in 10 layers | skopeo copy", cold, peers, "≤ 0.8 ×"),
        against_floor(
            "  everything present | skopeo copy",
            median(mine.present),
            median(theirs.present),
            "≤ 0.2 ×",
        ),
        format!(
            "{:<44} {:>11} {:>11} {:>9}   ≤ 64 MB",
            "  most memory",
            format!("{} MB", memory / 1000),
            "",
            ""
        ),
        format!("{:<44} {resumed}", "  killed in the middle, then again"),
    ])
}

#[derive(Default)]
struct Times {
    cold: Vec<Duration>,
    present: Vec<Duration>,
}

fn mirror_command(ours: &Path, home: &Path, source: &Registry, target: &Registry) -> Tool {
    let (from, to) = (format!("{}/bench:v1", source.host), format!("{}/copy:v1", target.host));
    Tool::new(ours, ["image", "mirror", &from, &to, "--json"])
        .env("HOME", home.join("nobody"))
        .env("HOLDPOINT_HOME", home.join("holdpoint"))
        .env_remove("AWS_PROFILE")
        .env_remove("DOCKER_CONFIG")
}

/// Both runs of ours; the most memory, in kB, that the first one took.
fn ours_timed(
    ours: &Path,
    home: &Path,
    source: &Registry,
    target: &Registry,
    times: &mut Times,
) -> Result<u64, Failure> {
    let mut command = mirror_command(ours, home, source, target).into_command();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child =
        command.spawn().map_err(|source| Failure::Start { line: "image mirror".to_owned(), source })?;
    let mut memory = 0;
    let status = loop {
        // The high-water mark is gone with the process, so it is read until then.
        memory = memory.max(high_water(child.id()));
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(source) => return Err(Failure::Start { line: "image mirror".to_owned(), source }),
        }
    };
    times.cold.push(started.elapsed());
    if !status.success() {
        return Err(Failure::Ended { line: "image mirror".to_owned(), status: status.to_string() });
    }
    times.present.push(timed(mirror_command(ours, home, source, target))?);
    Ok(memory)
}

fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Killed when it is half done, then run again: how much of the gigabyte the second run sent.
fn after_a_kill(ours: &Path, home: &Path, source: &Registry, cold: Duration) -> Result<String, Failure> {
    let target = Registry::start(&home.join("target"))?;
    let mut command = mirror_command(ours, home, source, &target).into_command();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child =
        command.spawn().map_err(|source| Failure::Start { line: "image mirror".to_owned(), source })?;
    std::thread::sleep(cold.mul_f64(0.6));
    // One that has ended meanwhile cannot be killed, and its second run sends nothing.
    let _ = child.kill();
    let _ = child.wait();
    let said = mirror_command(ours, home, source, &target).output()?;
    let done: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::Other(format!("`image mirror --json`: {error}")))?;
    target.end()?;
    let (sent, present) = (done["copied_bytes"].as_u64().unwrap_or(0), done["present"].as_u64().unwrap_or(0));
    Ok(format!("goes on: {present} of {} blobs were there, {} MB sent", LAYERS + 1, sent / 1_000_000))
}

fn skopeo(home: &Path, from: &str, to: &str) -> Tool {
    let words =
        ["copy", "-q", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", from, to];
    // It remembers where it has seen layers, and would mount them: a cold run is one that remembers nothing.
    drop(std::fs::remove_dir_all(home.join("skopeo")));
    Tool::new("skopeo", words).env("HOME", home.join("skopeo")).env("XDG_DATA_HOME", home.join("skopeo"))
}

fn timed(tool: Tool) -> Result<Duration, Failure> {
    let started = Instant::now();
    tool.output().map(|_| started.elapsed())
}

/// Debian's registry, with files in a folder of its own.
struct Registry {
    child: Child,
    host: String,
    folder: PathBuf,
}

impl Registry {
    fn start(at: &Path) -> Result<Self, Failure> {
        remove(at)?;
        let config = json!({
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": at.join("data")}},
            "http": {"addr": "127.0.0.1:0", "secret": "of the bench"},
        });
        let file = at.join("config.yml");
        write(&file, &config.to_string())?;
        let mut command = Tool::new("docker-registry", ["serve", &file.display().to_string()]).into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |source| Failure::Start { line: "docker-registry".to_owned(), source };
        let mut child = command.spawn().map_err(failed)?;
        let mut log = BufReader::new(child.stderr.take().ok_or_else(|| Failure::Other("no log".to_owned()))?);
        let mut line = String::new();
        let port: String = loop {
            line.clear();
            if log.read_line(&mut line).map_err(failed)? == 0 {
                return Err(Failure::Other("docker-registry did not say where it listens".to_owned()));
            }
            if let Some((_, rest)) = line.split_once("listening on 127.0.0.1:") {
                break rest.chars().take_while(char::is_ascii_digit).collect();
            }
        };
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self { child, host: format!("127.0.0.1:{port}"), folder: at.to_owned() })
    }

    fn end(self) -> Result<(), Failure> {
        let folder = self.folder.clone();
        drop(self);
        remove(&folder)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::File { what: "remove", path: folder.display().to_string(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
