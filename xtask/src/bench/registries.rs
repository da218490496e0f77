//! Logins of registries.

use super::simulator::Simulator;
use super::table::{against_floor, median};
use crate::http;
use crate::tool::{Failure, Tool, find, folder, write};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The credential helper, started anew for each question as Docker's clients do, against `true`, which does nothing.
pub(super) fn helper(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    const MEASURE: &str = "docker-credential-holdpoint get, cold | true";
    let Some(nothing) = find("true") else {
        return Ok(format!("{MEASURE:<44} skipped: there is no program `true` here"));
    };
    let simulator = Simulator::start(ours, &home.join("sim"))?;
    let parent = Parent::start(ours, &home.join("registries"), simulator.port)?;
    let host = home.join("registries/host");
    write(&host, HOST)?;
    let ask = |program: &Path| -> Result<Duration, Failure> {
        let failed = |source| Failure::Start { line: program.display().to_string(), source };
        let host = File::open(&host).map_err(failed)?;
        let mut command = Tool::new(program, ["get"]).into_command();
        command.env("HOLDPOINT_REGISTRY_FILE", &parent.file).stdin(host);
        let started = Instant::now();
        let output = command.output().map_err(failed)?;
        let took = started.elapsed();
        if output.status.success() {
            return Ok(took);
        }
        Err(Failure::Ended { line: program.display().to_string(), status: output.status.to_string() })
    };
    let helper = parent.file.with_file_name("bin").join("docker-credential-holdpoint");
    ask(&helper)?;
    ask(&nothing)?;
    let (mut mine, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(ask(&helper)?);
        floor.push(ask(&nothing)?);
    }
    Ok(against_floor(MEASURE, median(mine), median(floor), "≤ 20 ms"))
}

/// A program under `holdpoint exec` that waits until we end.
struct Parent {
    child: Child,
    /// Where its helpers ask.
    file: PathBuf,
}

impl Parent {
    fn start(ours: &Path, home: &Path, port: u16) -> Result<Self, Failure> {
        folder(home)?;
        let people: Value = serde_json::from_str(&http::post(port, "/_holdpoint/furnish", "{}")?)
            .map_err(|error| Failure::Other(format!("failed to read the simulator's people: {error}")))?;
        let key = |name: &str| people["people"][0][name].as_str().unwrap_or_default().to_owned();
        let config = home.join("config");
        let text = format!(
            "[profile bench]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            key("access_key_id"),
            key("secret_access_key"),
            key("session_token")
        );
        write(&config, &text)?;
        let wait = "echo \"$HOLDPOINT_REGISTRY_FILE\"; exec cat";
        let tool = Tool::new(ours, ["exec", "--profile", "bench", "--", "sh", "-c", wait])
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", home.join("none"))
            .env("HOLDPOINT_HOME", home.join("home"))
            .env_remove("AWS_PROFILE");
        let mut command = tool.into_command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.spawn().map_err(|source| Failure::Start { line: "holdpoint exec".to_owned(), source })?;
        let mut file = String::new();
        if let Some(out) = child.stdout.take() {
            // What cannot be read is told as what is not there.
            let _ = BufReader::new(out).read_line(&mut file);
        }
        let parent = Self { child, file: PathBuf::from(file.trim()) };
        if parent.file.is_file() {
            return Ok(parent);
        }
        Err(Failure::Other("`holdpoint exec` did not say where its helpers ask".to_owned()))
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        // The program's standard input ends, then it, then `exec`, which removes what it made.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
