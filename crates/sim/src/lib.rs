//! An AWS that speaks the real wire protocol on loopback, for practice, tests and the demo: ECS, App Runner, Secrets Manager and
//! CloudWatch Logs, the reads of EC2, RDS, load balancers and CloudWatch that a deployment needs, sign-in with
//! IAM Identity Center, STS, ECR and every other registry, and a little of IAM and the console's sign-in.
//!
//! Its admin API, the schema of a world and that of a scenario are in `docs/simulator.md`. The world is a fold over a
//! journal whose every line is synced before anybody can see what it did, so a killed simulator goes on where it was.

mod admin;
mod apprunner;
mod aws_error;
mod balancing;
mod behaviour;
mod clock;
mod cloudwatch;
mod core;
mod directory;
mod ec2;
mod ecr;
mod ecs;
mod fault;
mod federation;
mod furnish;
mod hosts;
mod images;
mod inspection;
mod journal;
mod logs;
mod network;
mod overview;
mod pace;
mod parameters;
mod people;
mod protocol;
mod rds;
mod record;
mod refusals;
mod registry;
mod replicas;
mod rollout;
mod scenario;
mod schedule;
mod secrets;
mod seeded;
mod server;
mod sigv4;
mod sso;
mod sts;
mod world;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

pub use crate::journal::JournalError;
pub use crate::scenario::{Builtin, ScenarioError, builtin as builtin_scenarios};

use crate::admin::Identity;
use crate::clock::{iso8601, wall_now};
use crate::core::Core;
use crate::journal::{Journal, Line, VERSION, write_atomically};
use crate::registry::Store;
use crate::scenario::Scenario;
use crate::server::Shared;
use crate::world::World;

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of journal, lock and `sim.json`; made when it is missing.
    pub state_dir: PathBuf,
    /// The port on 127.0.0.1; without one that of the last time when it is free, otherwise any free one.
    pub port: Option<u16>,
    /// A built-in scenario's name or the path of a scenario file; `healthy` without one.
    pub scenario: Option<String>,
    /// Divides durations of the simulation, never timestamps; more than 0.
    pub speed: f64,
    /// What all ids and jitter are made from. A state folder keeps the seed it was made with.
    pub seed: u64,
    /// Ends after so long without a request.
    pub idle_exit: Option<Duration>,
}

impl Options {
    /// Speed 1, seed 1, the healthy scenario, any port, no end for idleness.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self { state_dir: state_dir.into(), port: None, scenario: None, speed: 1.0, seed: 1, idle_exit: None }
    }
}

/// Why the simulator cannot serve, or ended.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The state folder cannot be used, or could not be written any more.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The scenario cannot be used.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another --port, or none")]
    Bind {
        /// As asked for.
        port: u16,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The speed is not a number above 0.
    #[error("--speed must be a number above 0, not {0}")]
    Speed(f64),
    /// The serving task ended without an answer.
    #[error("the simulator's task was cut off: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// A simulator that listens.
#[derive(Debug)]
pub struct Running {
    port: u16,
    stop: tokio::sync::watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), SimError>>,
}

impl Running {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks it to end.
    pub fn shutdown(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has ended: by [`Running::shutdown`], by the admin API, by idleness, or because its journal cannot be written.
    ///
    /// # Errors
    /// [`SimError::Journal`] when the journal could not be written any more.
    pub async fn finished(self) -> Result<(), SimError> {
        self.task.await?
    }
}

/// Begins to serve; answers when it listens and `sim.json` says where.
///
/// # Errors
/// See [`SimError`]: the state folder, the scenario, the speed or the port cannot be used.
pub async fn serve(options: Options) -> Result<Running, SimError> {
    if !(options.speed.is_finite() && options.speed > 0.0) {
        return Err(SimError::Speed(options.speed));
    }
    let (name, scenario) = Scenario::load(options.scenario.as_deref().unwrap_or("healthy"))?;
    let folder = options.state_dir.clone();
    let (journal, lines) = Journal::open(&folder)?;
    check_lines(&folder, &lines, options.seed)?;
    let wall = wall_now();
    let (seed, speed) = (options.seed, options.speed);
    let identity = Identity { seed, speed, scenario: name.clone() };
    let start = |t| Line::Start {
        version: VERSION,
        t,
        wall,
        seed,
        speed,
        name: name.clone(),
        scenario: Box::new(scenario),
    };
    let core = Core::begin(World::new(seed), journal, &lines, start, seed)?;
    let listener = listen(&folder, options.port).await?;
    let port = listener.local_addr().map_err(|source| SimError::Bind { port: 0, source })?.port();
    let address = json!({
        "port": port,
        "pid": std::process::id(),
        "started": iso8601(wall),
        "seed": seed,
        "speed": speed,
        "scenario": name,
    });
    write_atomically(&folder.join("port"), port.to_string().as_bytes())?;
    write_atomically(&folder.join("sim.json"), address.to_string().as_bytes())?;
    let shared = Arc::new(Shared::new(core, identity, Store::new(&folder)));
    let stop = shared.stop.clone();
    let task = tokio::spawn(async move {
        let ended = server::run(shared, listener, options.idle_exit).await;
        // Nobody listens there any more. When this fails the next start overwrites it.
        let _ = std::fs::remove_file(folder.join("sim.json"));
        ended.map_err(SimError::from)
    });
    Ok(Running { port, stop, task })
}

fn check_lines(folder: &Path, lines: &[Line], seed: u64) -> Result<(), SimError> {
    let Some(first) = lines.first() else { return Ok(()) };
    let damaged =
        |reason: String| JournalError::Damaged { path: folder.join("journal.jsonl"), line: 1, reason };
    match first {
        Line::Start { version, .. } if *version != VERSION => {
            Err(damaged(format!("it is of version {version}, and this simulator writes {VERSION}")).into())
        }
        Line::Start { seed: made, .. } if *made != seed => {
            Err(JournalError::OtherSeed { path: folder.to_owned(), made: *made }.into())
        }
        Line::Start { .. } => Ok(()),
        Line::Tick { .. }
        | Line::Wall { .. }
        | Line::Furnish { .. }
        | Line::SignIn { .. }
        | Line::Behave { .. }
        | Line::Expire { .. }
        | Line::Call(_)
        | Line::Count { .. } => Err(damaged("it does not begin with a start".to_owned()).into()),
    }
}

async fn listen(folder: &Path, port: Option<u16>) -> Result<TcpListener, SimError> {
    if let Some(port) = port {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|source| SimError::Bind { port, source });
    }
    let last =
        std::fs::read_to_string(folder.join("port")).ok().and_then(|text| text.trim().parse::<u16>().ok());
    if let Some(last) = last
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, last)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| SimError::Bind { port: 0, source })
}
