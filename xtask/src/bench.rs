//! Speed, as ratios of medians of paired runs. Machines are noisy: ours and the peer's runs take turns.

use crate::place::target;
use crate::tool::{Failure, Tool, cargo, folder, write};
use crate::window::Driver;
use crate::{front, http, python};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Builds for release and prints each measure: ours, the peer's, the ratio, the goal.
pub(crate) fn run(pairs: usize) -> Result<(), Failure> {
    println!("building for release (the first time takes about ten minutes)");
    front::build()?;
    cargo(["build", "--workspace", "--bins", "--example", "empty", "--release"]).run()?;
    let ours = target().join("release").join(format!("holdpoint{}", std::env::consts::EXE_SUFFIX));
    let home = target().join("bench");
    folder(&home)?;

    let rows = [whoami(&ours, &home, pairs)?, check(&ours, &home, pairs)?, window(&home, pairs)?];

    println!(
        "\n{:<44} {:>11} {:>11} {:>9}   goal",
        "measure (medians of paired runs)", "ours", "peer", "ratio"
    );
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

/// `holdpoint whoami` as a whole process against `aws sts get-caller-identity`, both at the simulator.
fn whoami(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let simulator = Simulator::start(ours, &home.join("sim"))?;
    let people: Value = serde_json::from_str(&http::post(simulator.port, "/_holdpoint/furnish", "{}")?)
        .map_err(|error| Failure::Other(format!("failed to read the simulator's people: {error}")))?;
    let key = |name: &str| people["people"][0][name].as_str().unwrap_or_default().to_owned();
    let at_simulator = |tool: Tool| {
        tool.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", simulator.port))
            .env("AWS_ACCESS_KEY_ID", key("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", key("secret_access_key"))
            .env("AWS_SESSION_TOKEN", key("session_token"))
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_CONFIG_FILE", home.join("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", home.join("none"))
            .env("HOLDPOINT_HOME", home.join("home"))
            .env_remove("AWS_PROFILE")
    };
    let aws = python::programs()?.join("aws");
    let (mine, peer) = paired(
        pairs,
        || at_simulator(Tool::new(ours, ["whoami"])),
        || at_simulator(Tool::new(&aws, ["sts", "get-caller-identity"])),
    )?;
    Ok(row("whoami, whole process | aws sts get-caller-…", mine, Some(peer), "≥ 15 ×"))
}

/// `holdpoint check` of a plan of 200 steps, against a fixed goal; the peer is the start of a process that does nothing.
fn check(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let plan = home.join("two-hundred-steps.plan.md");
    write(&plan, &two_hundred_steps())?;
    let plan = plan.display().to_string();
    let (mine, floor) =
        paired(pairs, || Tool::new(ours, ["check", &plan]), || Tool::new(ours, ["--version"]))?;
    Ok(row("check of 200 steps | holdpoint --version", mine, Some(floor), "≤ 50 ms"))
}

/// From the start of the console to its first page, against an empty window built the same way.
fn window(home: &Path, pairs: usize) -> Result<String, Failure> {
    const MEASURE: &str = "window shows its page | an empty Tauri window";
    let Some(driver) = Driver::start(&home.join("window"))? else {
        return Ok(format!(
            "{MEASURE:<44} skipped: xvfb-run or WebKitWebDriver is not here: `cargo xtask setup`"
        ));
    };
    let program =
        |name: &str| target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let (console, empty) = (program("holdpoint-console"), program("examples/empty"));
    driver.opens(&console)?;
    driver.opens(&empty)?;
    let (mut mine, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(driver.opens(&console)?);
        floor.push(driver.opens(&empty)?);
    }
    Ok(against_floor(MEASURE, median(mine), median(floor), "≤ 1.5 × the floor"))
}

fn against_floor(measure: &str, ours: Duration, floor: Duration, goal: &str) -> String {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1000.0);
    let ratio = format!("{:.2} ×", ours.as_secs_f64() / floor.as_secs_f64().max(1e-9));
    format!("{measure:<44} {:>11} {:>11} {ratio:>9}   {goal}", ms(ours), ms(floor))
}

/// Medians of runs that take turns, after one of each that is not counted.
fn paired(
    pairs: usize,
    ours: impl Fn() -> Tool,
    peer: impl Fn() -> Tool,
) -> Result<(Duration, Duration), Failure> {
    let time = |tool: Tool| {
        let started = Instant::now();
        tool.output().map(|_| started.elapsed())
    };
    time(ours())?;
    time(peer())?;
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(time(ours())?);
        theirs.push(time(peer())?);
    }
    Ok((median(mine), median(theirs)))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn row(measure: &str, ours: Duration, peer: Option<Duration>, goal: &str) -> String {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1000.0);
    let (shown, ratio) = match peer {
        Some(peer) => (ms(peer), format!("{:.1} ×", peer.as_secs_f64() / ours.as_secs_f64().max(1e-9))),
        None => ("–".to_owned(), "–".to_owned()),
    };
    format!("{measure:<44} {:>11} {shown:>11} {ratio:>9}   {goal}", ms(ours))
}

/// Ten stages of twenty steps, each using what the one before it yielded.
fn two_hundred_steps() -> String {
    let mut plan = String::from(
        "---\nholdpoint:\n  version: 1\n  title: Two hundred steps\n  target: { account: \"111122223333\", region: eu-west-1, role: Deployer }\n---\n# Two hundred steps\n",
    );
    for stage in 0..10 {
        let _ = write!(
            plan,
            "\n## Stage {stage}\n\nWhy this stage stands here.\n\n```yaml stage\nid: stage_{stage}\n```\n"
        );
        for step in 0..20 {
            let number = stage * 20 + step;
            let with = if number == 0 {
                "{ url: \"https://api.example.com/health\" }".to_owned()
            } else {
                format!(
                    "{{ url: \"https://api.example.com/{{{{ steps.step_{}.outputs.status }}}}\" }}",
                    number - 1
                )
            };
            let _ = write!(
                plan,
                "\n```yaml step\nid: step_{number}\nuses: http.check\nwith: {with}\nexpect: {{ status: 200 }}\nestimate: 1m..2m\n```\n"
            );
        }
    }
    plan
}

/// A simulator that ends with us.
struct Simulator {
    child: Child,
    port: u16,
}

impl Simulator {
    fn start(ours: &Path, state: &Path) -> Result<Self, Failure> {
        folder(state)?;
        let told: PathBuf = state.join("sim.json");
        if told.exists() {
            std::fs::remove_file(&told).map_err(|source| Failure::File {
                what: "remove",
                path: told.display().to_string(),
                source,
            })?;
        }
        let tool = Tool::new(ours, ["sim", "--state", &state.display().to_string()]);
        let mut command = tool.into_command();
        command.stdout(Stdio::null());
        let child =
            command.spawn().map_err(|source| Failure::Start { line: "holdpoint sim".to_owned(), source })?;
        let mut simulator = Self { child, port: 0 };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let text = std::fs::read_to_string(&told).unwrap_or_default();
            let port = serde_json::from_str::<Value>(&text).ok().and_then(|value| value["port"].as_u64());
            if let Some(port) = port.and_then(|port| u16::try_from(port).ok()) {
                simulator.port = port;
                return Ok(simulator);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::Other("the simulator did not say within 20 seconds where it listens".to_owned()))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
