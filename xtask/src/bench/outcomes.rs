//! P14: when the outcome of a deployment is known after it is a fact, against `aws ecs wait services-stable`, which looks at
//! the very same deployment at the same time.
//!
//! The simulator keeps AWS's own times (speed 1) and tells afterwards when each deployment had ended, and how. All walks are
//! under way at once: nearly all of it is waiting.

use super::table::median;
use crate::http;
use crate::place::root;
use crate::python;
use crate::tool::{Failure, Tool, folder, write};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Ends, and scenarios that lead to them at different moments.
const ENDS: [(&str, &[&str]); 3] = [
    ("deployed", &["healthy", "slow", "slow_start"]),
    ("rolled back by AWS", &["crash_loop", "image_missing", "alarm_rolls_back"]),
    ("superseded", &["superseded"]),
];
/// Most walks of a scenario.
const WALKS: usize = 3;
/// Between the beginnings of two walks, so that what they start does not all start at once.
const APART: Duration = Duration::from_secs(1);
/// Seconds between two looks of AWS's waiter: the walks begin it spread over them.
const WAITER: u64 = 15;
/// The plan that `docs/truth.md` is about, and what names its last step in the line that tells an outcome.
const PLAN: &str = "tests/clients/plans/rolling";
const STEP: &str = "(deploy)";
/// A step that nobody walks: the simulator ends with its run, and the waiter may need it for longer.
const OPEN: &str = "\n```yaml step\nid: afterwards\nuses: manual\nwith: { instructions: The run stays open., confirm: done }\n```\n";
const DEPLOYED: &str = "shop:2";
/// A walk that has not sent its update by then never will.
const BEGINS: Duration = Duration::from_secs(120);

/// A row for each end.
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
    let ends = ENDS.iter().enumerate();
    let scenarios = ends.flat_map(|(end, (_, scenarios))| scenarios.iter().map(move |name| (end, *name)));
    let mut at_once: Vec<(usize, JoinHandle<Result<Seen, Failure>>)> = Vec::new();
    for (end, scenario) in scenarios {
        for number in 0..walks {
            let home = home.join(format!("{scenario}-{number}"));
            let (ours, aws) = (ours.to_owned(), aws.clone());
            let late = Duration::from_secs(WAITER).mul_f64(number as f64 / walks as f64);
            at_once.push((end, thread::spawn(move || walk(&ours, &aws, &home, scenario, late))));
            thread::sleep(APART);
        }
    }
    let mut seen: [Vec<Seen>; ENDS.len()] = Default::default();
    // All of them end, and their simulators with them, before one that failed is told.
    let ended: Vec<_> = at_once.into_iter().map(|(end, walk)| (end, walk.join())).collect();
    for (end, walk) in ended {
        let walk = walk.map_err(|_| Failure::Other("a walk broke off".to_owned()))??;
        if let Some(of) = seen.get_mut(end) {
            of.push(walk);
        }
    }
    Ok(ENDS.iter().zip(seen).map(|((what, _), seen)| row(what, &seen)).collect())
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
    let looks = Arc::new(AtomicU64::new(0));
    let waiter = Waiter { aws: aws.to_owned(), home: home.to_owned(), environment: practice.keys()? };
    let counted = Arc::clone(&looks);
    let waiting = thread::spawn(move || {
        thread::sleep(late);
        waiter.wait(&counted)
    });
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
        for (ending, more) in [("plan.md", OPEN), ("world.json", "")] {
            let path = root().join(format!("{PLAN}.{ending}"));
            let text = std::fs::read_to_string(&path).map_err(|source| Failure::File {
                what: "read",
                path: path.display().to_string(),
                source,
            })?;
            write(&home.join(format!("rolling.{ending}")), &(text + more))?;
        }
        let plan = home.join("rolling.plan.md").display().to_string();
        let words = ["run", &plan, "--practice", "--scenario", scenario, "--trust", "--speed", "1"];
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

    /// What a program needs to call as the second person of the plan.
    fn keys(&self) -> Result<[(&'static str, String); 4], Failure> {
        let people = self.read("people")?;
        let key = |name: &str| people["people"][1][name].as_str().unwrap_or_default().to_owned();
        Ok([
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ACCESS_KEY_ID", key("access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", key("secret_access_key")),
            ("AWS_SESSION_TOKEN", key("session_token")),
        ])
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
    aws: PathBuf,
    home: PathBuf,
    environment: [(&'static str, String); 4],
}

impl Waiter {
    /// When it ended, since 1970, and whether it says that the service is stable. `looks` counts them meanwhile: the
    /// simulator counts everybody's calls together.
    fn wait(&self, looks: &AtomicU64) -> Result<(Duration, bool), Failure> {
        let words = ["ecs", "wait", "services-stable", "--cluster", "main", "--services", "shop", "--debug"];
        let mut tool = Tool::new(&self.aws, words)
            .env("HOME", &self.home)
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_CONFIG_FILE")
            .env_remove("AWS_SHARED_CREDENTIALS_FILE");
        for (name, value) in &self.environment {
            tool = tool.env(name, value);
        }
        let mut command = tool.into_command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed("aws ecs wait services-stable"))?;
        let mut judged = false;
        if let Some(log) = child.stderr.take() {
            for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if line.contains("Making request for OperationModel") {
                    looks.fetch_add(1, Ordering::Relaxed);
                }
                judged = judged || line.contains("Waiter ServicesStable failed");
            }
        }
        let status = child.wait().map_err(failed("aws ecs wait services-stable"))?;
        let at = now();
        // Anything else than a judgement is a mistake of this bench, and says nothing about the waiter.
        match status.success() || judged {
            true => Ok((at, status.success())),
            false => Err(Failure::Ended {
                line: "aws ecs wait services-stable".into(),
                status: status.to_string(),
            }),
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
