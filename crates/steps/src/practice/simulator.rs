//! The simulator's process: found again, or started, and spoken to over HTTP.

use crate::http::{Route, send_json};
use holdpoint_identity::PracticeCredentials;
use holdpoint_redact::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Longest wait for a simulator that was started.
const STARTS: Duration = Duration::from_secs(20);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(25);

/// How a simulator is started: `program` with `arguments`, then `--state …`, in exactly this environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The program, e.g. this very executable.
    pub program: PathBuf,
    /// Its first arguments, e.g. `sim`.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub environment: BTreeMap<OsString, OsString>,
}

/// What a simulator simulates.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorOptions {
    /// Folder of its state; made when it is missing.
    pub state: PathBuf,
    /// Built-in scenario or a scenario file.
    pub scenario: Option<String>,
    /// Divides durations.
    pub speed: f64,
    /// What its ids are made of.
    pub seed: u64,
}

/// Why there is no simulator.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The folder cannot be used.
    #[error("the practice folder {path} cannot be used: {why}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// The process cannot be started.
    #[error("the simulator {program} cannot be started: {why}")]
    Unstartable {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// It ended, or did not listen in time.
    #[error("the simulator did not come up: {why} (its log is {log})")]
    Silent {
        /// What was seen.
        why: String,
        /// Where it wrote.
        log: PathBuf,
    },
    /// A call of its admin API was refused.
    #[error("the simulator refused {call}: {why}")]
    Refused {
        /// The path.
        call: String,
        /// What it says.
        why: String,
    },
}

/// A simulator that answers. It is not stopped when this is dropped: it outlives a killed console.
#[derive(Debug, Clone)]
pub struct Simulator {
    state: PathBuf,
    address: SocketAddr,
}

/// What a furnished practice account is.
#[derive(Debug, Clone)]
pub struct Furnished {
    /// Twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// Role, or permission set.
    pub role: String,
    /// People by name, in order, with their keys.
    pub people: Vec<(String, PracticeCredentials)>,
}

#[derive(Deserialize)]
struct Told {
    port: u16,
    pid: u32,
}

#[derive(Deserialize)]
struct PersonTold {
    name: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    #[serde(default)]
    expired: bool,
}

impl PersonTold {
    fn credentials(self) -> PracticeCredentials {
        PracticeCredentials {
            access_key_id: self.access_key_id,
            secret_access_key: Secret::new(self.secret_access_key),
            session_token: self.session_token.map(Secret::new),
        }
    }
}

#[derive(Deserialize)]
struct FurnishedTold {
    account: String,
    region: String,
    role: String,
    people: Vec<PersonTold>,
}

impl Simulator {
    /// The simulator that owns the state folder: attached to when it is alive, started otherwise. One that was killed
    /// goes on where it was.
    pub async fn start(spawn: &Spawn, options: &SimulatorOptions) -> Result<Self, SimulatorError> {
        if let Some(found) = Self::attach(&options.state).await {
            return Ok(found);
        }
        let folder = |why: std::io::Error| SimulatorError::Folder {
            path: options.state.clone(),
            why: why.to_string(),
        };
        std::fs::create_dir_all(&options.state).map_err(folder)?;
        let log = options.state.join("sim.log");
        let to = std::fs::OpenOptions::new().create(true).append(true).open(&log).map_err(folder)?;
        let errors = to.try_clone().map_err(folder)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the simulator gets exactly the environment that the edge gives"
        )]
        let mut command = tokio::process::Command::new(&spawn.program);
        command.args(&spawn.arguments).arg("--state").arg(&options.state);
        command.arg("--speed").arg(options.speed.to_string()).arg("--seed").arg(options.seed.to_string());
        if let Some(scenario) = &options.scenario {
            command.arg("--scenario").arg(scenario);
        }
        command.env_clear().envs(&spawn.environment);
        command.stdin(Stdio::null()).stdout(Stdio::from(to)).stderr(Stdio::from(errors)).kill_on_drop(false);
        // A group of its own: a key that interrupts the console does not end the practice account.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| SimulatorError::Unstartable {
            program: spawn.program.clone(),
            why: error.to_string(),
        })?;
        let deadline = tokio::time::Instant::now() + STARTS;
        loop {
            if let Some(found) = Self::attach(&options.state).await {
                // Reaped when it ends, so that it leaves no zombie behind while this process lives.
                tokio::spawn(async move { child.wait().await });
                return Ok(found);
            }
            let silent = |why: String| SimulatorError::Silent { why, log: log.clone() };
            if let Ok(Some(status)) = child.try_wait() {
                return Err(silent(format!("it ended with {status}: {}", last_words(&log).await)));
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(silent(format!("it did not listen within {} s", STARTS.as_secs())));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The living simulator of a state folder, if there is one.
    pub async fn attach(state: &Path) -> Option<Self> {
        let told: Told = serde_json::from_slice(&tokio::fs::read(state.join("sim.json")).await.ok()?).ok()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, told.port));
        let found = Self { state: state.to_owned(), address };
        // Another program may listen on the port of a simulator that is gone.
        let health = found.get("health").await.ok()?;
        (health["ok"] == true && health["pid"] == told.pid).then_some(found)
    }

    /// Folder of its state.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where it listens, on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Furnishes the practice account. The same world again changes nothing.
    pub async fn furnish(&self, world: &Value) -> Result<Furnished, SimulatorError> {
        let told = self.post("furnish", world).await?;
        let told: FurnishedTold = serde_json::from_value(told)
            .map_err(|error| SimulatorError::Refused { call: "furnish".into(), why: error.to_string() })?;
        let mut people = Vec::with_capacity(told.people.len());
        for person in told.people {
            let signed_in = match person.expired {
                true => (person.name.clone(), self.sign_in(&person.name).await?),
                false => (person.name.clone(), person.credentials()),
            };
            people.push(signed_in);
        }
        Ok(Furnished { account: told.account, region: told.region, role: told.role, people })
    }

    /// Signs a practice person in again: the keys of before are worth nothing any more.
    pub async fn sign_in(&self, name: &str) -> Result<PracticeCredentials, SimulatorError> {
        let told = self.post("sign-in", &json!({ "name": name })).await?;
        let told: PersonTold = serde_json::from_value(told)
            .map_err(|error| SimulatorError::Refused { call: "sign-in".into(), why: error.to_string() })?;
        Ok(told.credentials())
    }

    /// Every call that changed something: what a run is checked against.
    pub async fn record(&self) -> Result<Value, SimulatorError> {
        self.get("record").await
    }

    /// What is true of each service deployment.
    pub async fn facts(&self) -> Result<Value, SimulatorError> {
        self.get("facts").await
    }

    /// Alters images, behaviours, hosts and faults from now on.
    pub async fn behave(&self, change: &Value) -> Result<(), SimulatorError> {
        self.post("behave", change).await.map(drop)
    }

    /// Ends it. One that has ended meanwhile is ended.
    pub async fn shutdown(&self) -> Result<(), SimulatorError> {
        match self.post("shutdown", &json!({})).await {
            Err(_) if Self::attach(&self.state).await.is_none() => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn get(&self, call: &str) -> Result<Value, SimulatorError> {
        self.call("GET", call, None).await
    }

    async fn post(&self, call: &str, body: &Value) -> Result<Value, SimulatorError> {
        self.call("POST", call, Some(body)).await
    }

    async fn call(&self, method: &str, call: &str, body: Option<&Value>) -> Result<Value, SimulatorError> {
        let refused = |why: String| SimulatorError::Refused { call: call.to_owned(), why };
        let url = format!("{}/_holdpoint/{call}", self.endpoint());
        let (status, answer) =
            send_json(Route::Practice(self.address), method, &url, body).await.map_err(refused)?;
        if status >= 400 {
            return Err(refused(answer["error"].as_str().unwrap_or("without a reason").to_owned()));
        }
        Ok(answer)
    }
}

/// The last line that a simulator wrote: its reason, in its own words.
async fn last_words(log: &Path) -> String {
    let text = tokio::fs::read(log).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.map_or_else(
        || "without a word; look whether its disk is full".to_owned(),
        |line| line.trim_start_matches("holdpoint: ").to_owned(),
    )
}
