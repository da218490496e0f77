//! P14: when the outcome of a deployment is known after it is a fact, against `aws ecs wait services-stable`, which looks at
//! the very same deployment at the same time.
//!
//! The simulator keeps AWS's own times (speed 1) and tells afterwards when each deployment had ended, and how. All walks are
//! under way at once: nearly all of it is waiting.

use super::table::median;
use crate::http;
use crate::place::root;
use crate::python;
use crate::tool::{Failure, Tool, folder};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What befalls the deployment, in words.
const SCENARIOS: [(&str, &str); 3] =
    [("healthy", "deployed"), ("crash_loop", "rolled back by AWS"), ("superseded", "superseded")];
/// Most walks of a scenario.
const WALKS: usize = 5;
/// Seconds between two looks of AWS's waiter: the walks begin it spread over them.
const WAITER: u64 = 15;
/// The plan that `docs/truth.md` is about, and the line of its last step that tells an outcome.
const PLAN: &str = "tests/clients/plans/rolling.plan.md";
const STEP: &str = "(deploy)";
const DEPLOYED: &str = "shop:2";
/// A walk that has not sent its update by then never will.
const BEGINS: Duration = Duration::from_secs(120);

/// A row for each scenario.
pub(super) fn known(ours: &Path, home: &Path, pairs: usize) -> Result<Vec<String>, Failure> {
    let aws = python::programs()?.join("aws");
    let home = home.join("outcomes");
    match std::fs::remove_dir_all(&home) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::File { what: "remove", path: home.display().to_string(), source });
        }
        Ok(()) | Err(_) => {}
    }
    let walks = pairs.clamp(1, WALKS);
    let at_once: Vec<(usize, JoinHandle<Result<Seen, Failure>>)> = SCENARIOS
        .iter()
        .enumerate()
        .flat_map(|(index, (scenario, _))| (0..walks).map(move |number| (index, *scenario, number)))
        .map(|(index, scenario, number)| {
            let home = home.join(format!("{scenario}-{number}"));
            let (ours, aws) = (ours.to_owned(), aws.clone());
            let late = Duration::from_secs(WAITER).mul_f64(number as f64 / walks as f64);
            (index, thread::spawn(move || walk(&ours, &aws, &home, scenario, late)))
        })
        .collect();
    let mut seen: [Vec<Seen>; SCENARIOS.len()] = Default::default();
    for (index, walk) in at_once {
        let walk = walk.join().map_err(|_| Failure::Other("a walk broke off".to_owned()))??;
        if let Some(of) = seen.get_mut(index) {
            of.push(walk);
        }
    }
    Ok(SCENARIOS.iter().zip(seen).map(|((_, what), seen)| row(what, &seen)).collect())
}

/// What came of one walk.
struct Seen {
    ours: Judged,
    waiter: Judged,
    /// Calls of the walk a minute, from its update to its outcome.
    pace: f64,
}

/// What one of the two said.
struct Judged {
    /// After the fact; nothing when it spoke before it was one.
    after: Duration,
    right: bool,
}

fn row(what: &str, seen: &[Seen]) -> String {
    let of = |which: fn(&Seen) -> &Judged| {
        let times: Vec<Duration> = seen.iter().map(|seen| which(seen).after).collect();
        let most = times.iter().max().copied().unwrap_or_default();
        (median(times), most, seen.iter().filter(|seen| which(seen).right).count())
    };
    let (mine, most, right) = of(|seen| &seen.ours);
    let (peer, peers, peer_right) = of(|seen| &seen.waiter);
    let pace = seen.iter().map(|seen| seen.pace).fold(0.0, f64::max);
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let ratio = format!("{:.2} ×", mine.as_secs_f64() / peer.as_secs_f64().max(1e-9));
    format!(
        "{:<44} {:>11} {:>11} {ratio:>9}   ≤ 2 s (most {} | {}; right {right} | {peer_right} of {}; {pace:.0} calls a minute)",
        format!("{what}: known | aws ecs wait"),
        seconds(mine),
        seconds(peer),
        seconds(most),
        seconds(peers),
        seen.len()
    )
}

fn walk(ours: &Path, aws: &Path, home: &Path, scenario: &str, late: Duration) -> Result<Seen, Failure> {
    folder(home)?;
    let mut run = Run::start(ours, home, scenario)?;
    let practice = run.practice()?;
    let (answered, began) = practice.update_sent()?;
    thread::sleep(late);
    let waiter = Waiter::start(aws, home, &practice)?;
    let looks = Arc::clone(&waiter.looks);
    let waiting = thread::spawn(move || waiter.ended());
    let (knew, succeeded) = run.outcome()?;
    let calls = practice.answered()?.saturating_sub(answered).saturating_sub(looks.load(Ordering::Relaxed));
    let pace = calls as f64 * 60.0 / began.elapsed().as_secs_f64().max(1.0);
    let (waited, stable) =
        waiting.join().map_err(|_| Failure::Other("the waiter broke off".to_owned()))??;
    let (ended, deployed) = practice.fact()?;
    let judged =
        |at: Duration, said: bool| Judged { after: at.saturating_sub(ended), right: said == deployed };
    Ok(Seen { ours: judged(knew, succeeded), waiter: judged(waited, stable), pace })
}

/// A walk of the plan in practice.
struct Run {
    child: Child,
    out: BufReader<ChildStdout>,
    kept: PathBuf,
}

impl Run {
    fn start(ours: &Path, home: &Path, scenario: &str) -> Result<Self, Failure> {
        let kept = home.join("holdpoint");
        let plan = root().join(PLAN).display().to_string();
        let words =
            ["run", &plan, "--practice", "--scenario", scenario, "--auto-sign", "--trust", "--speed", "1"];
        let tool = Tool::new(ours, words)
            .env("HOME", home)
            .env("HOLDPOINT_HOME", &kept)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE");
        let mut command = tool.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed("holdpoint run"))?;
        let out = child.stdout.take().ok_or_else(|| Failure::Other("no output".to_owned()))?;
        Ok(Self { child, out: BufReader::new(out), kept })
    }

    /// The simulator that it is practised on.
    fn practice(&self) -> Result<Practice, Failure> {
        let port = until("says where its simulator listens", || {
            let run = std::fs::read_dir(self.kept.join("runs")).ok()?.flatten().next()?;
            let told = std::fs::read_to_string(run.path().join("sim/sim.json")).ok()?;
            u16::try_from(serde_json::from_str::<Value>(&told).ok()?["port"].as_u64()?).ok()
        })?;
        Ok(Practice { port })
    }

    /// When it told the step's outcome, since 1970, and whether the step succeeded.
    fn outcome(&mut self) -> Result<(Duration, bool), Failure> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.out.read_line(&mut line).map_err(failed("holdpoint run"))? == 0 {
                return Err(Failure::Other(format!("the walk in {} told no outcome", self.kept.display())));
            }
            let ended = line.strip_prefix('✓').map(|rest| (rest, true));
            if let Some((rest, succeeded)) = ended.or(line.strip_prefix('✕').map(|rest| (rest, false)))
                && rest.contains(STEP)
            {
                return Ok((now(), succeeded));
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The simulator of a walk, which ends with us.
struct Practice {
    port: u16,
}

impl Practice {
    fn read(&self, what: &str) -> Result<Value, Failure> {
        let text = http::request("GET", self.port, &format!("/_holdpoint/{what}"), "")?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Other(format!("failed to read the simulator's {what}: {error}")))
    }

    /// Once the update is sent: how many calls were answered by then.
    fn update_sent(&self) -> Result<(u64, Instant), Failure> {
        until("sends its update", || {
            let record = self.read("record").ok()?;
            let calls = record["calls"].as_array()?;
            let sent = calls.iter().any(|call| call["operation"] == "UpdateService");
            sent.then(|| (answered(&record), Instant::now()))
        })
    }

    fn answered(&self) -> Result<u64, Failure> {
        self.read("record").map(|record| answered(&record))
    }

    /// When the deployment had ended, since 1970, and whether it had succeeded.
    fn fact(&self) -> Result<(Duration, bool), Failure> {
        let facts = self.read("facts")?;
        let name = |fact: &Value| fact["task_definition"].as_str().is_some_and(|arn| arn.ends_with(DEPLOYED));
        let fact = facts["deployments"].as_array().into_iter().flatten().find(|fact| name(fact));
        let fact = fact.ok_or_else(|| Failure::Other(format!("nobody deployed {DEPLOYED}")))?;
        let ended = fact["terminal_at"].as_f64().ok_or_else(|| {
            Failure::Other(format!("the deployment of {DEPLOYED} is {} still", fact["status"]))
        })?;
        Ok((Duration::from_secs_f64(ended), fact["status"] == "SUCCESSFUL"))
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        drop(http::post(self.port, "/_holdpoint/shutdown", ""));
    }
}

fn answered(record: &Value) -> u64 {
    record["answered"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum()
}

/// AWS's own waiter, as its command line has it.
struct Waiter {
    child: Child,
    /// How often it has looked: the simulator counts everybody's calls together.
    looks: Arc<AtomicU64>,
    reading: JoinHandle<()>,
}

impl Waiter {
    fn start(aws: &Path, home: &Path, practice: &Practice) -> Result<Self, Failure> {
        let people = practice.read("people")?;
        let person = &people["people"][1];
        let key = |name: &str| person[name].as_str().unwrap_or_default().to_owned();
        let words = ["ecs", "wait", "services-stable", "--cluster", "main", "--services", "shop", "--debug"];
        let tool = Tool::new(aws, words)
            .env("HOME", home)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", practice.port))
            .env("AWS_ACCESS_KEY_ID", key("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", key("secret_access_key"))
            .env("AWS_SESSION_TOKEN", key("session_token"))
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_CONFIG_FILE")
            .env_remove("AWS_SHARED_CREDENTIALS_FILE");
        let mut command = tool.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed("aws ecs wait services-stable"))?;
        let log = child.stderr.take().ok_or_else(|| Failure::Other("no log".to_owned()))?;
        let looks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&looks);
        Ok(Self { child, looks, reading: thread::spawn(move || count(log, &counted)) })
    }

    /// When it ended, since 1970, and whether it says that the service is stable.
    fn ended(mut self) -> Result<(Duration, bool), Failure> {
        let status = self.child.wait().map_err(failed("aws ecs wait services-stable"))?;
        let at = now();
        drop(self.reading.join());
        Ok((at, status.success()))
    }
}

fn count(log: impl Read, looks: &AtomicU64) {
    for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
        if String::from_utf8_lossy(&line).contains("Making request for OperationModel") {
            looks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> Result<T, Failure> {
    let started = Instant::now();
    while started.elapsed() < BEGINS {
        if let Some(found) = ready() {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(Failure::Other(format!("no walk {what} within {} s", BEGINS.as_secs())))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn failed(line: &'static str) -> impl Fn(std::io::Error) -> Failure {
    move |source| Failure::Start { line: line.to_owned(), source }
}
