//! Who we are: profiles, sign-ins, credentials.

use super::simulator::Simulator;
use super::table::{median, paired, row};
use crate::place::root;
use crate::tool::{Failure, Tool, find, write};
use crate::{http, python};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// `holdpoint whoami` as a whole process against `aws sts get-caller-identity`, both at the simulator.
pub(super) fn whoami(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
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

/// What `aws configure list-profiles` does, without the command line around it: version 1 of it has no such command.
const LIST_PROFILES: &str =
    "import botocore.session\nprint('\\n'.join(botocore.session.Session().available_profiles))";

/// Ten thousand profiles listed, against the AWS CLI's library on the same file.
pub(super) fn profiles(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let mut text = String::from("[default]\nregion = eu-west-1\n");
    for number in 0..10_000 {
        let _ = write!(
            text,
            "\n[profile team-{number:05}]\nsso_session = corp\nsso_account_id = {:012}\nsso_role_name = Deployer\nregion = eu-west-1\n",
            100_000_000_000_u64 + number
        );
    }
    text.push_str(
        "\n[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n",
    );
    let config = home.join("ten-thousand.config");
    write(&config, &text)?;
    let on_file = |tool: Tool| {
        tool.env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", home.join("none"))
            .env("HOLDPOINT_HOME", home.join("home"))
            .env_remove("AWS_PROFILE")
    };
    let python = python::programs()?.join("python");
    let (mine, peer) = paired(
        pairs,
        || on_file(Tool::new(ours, ["profiles"])),
        || on_file(Tool::new(&python, ["-c", LIST_PROFILES])),
    )?;
    Ok(row("10,000 profiles | botocore's list-profiles", mine, Some(peer), "≥ 30 ×"))
}

/// One key typed over ten thousand rows, as the switcher finds them, against `fzf --filter` as a whole process.
pub(super) fn filter(home: &Path, pairs: usize) -> Result<String, Failure> {
    const MEASURE: &str = "a key over 10,000 rows | fzf --filter";
    let (Some(fzf), Some(node)) = (find("fzf"), find("node")) else {
        return Ok(format!(
            "{MEASURE:<44} skipped: fzf or node is not here: install it from the system's packages"
        ));
    };
    let rows = home.join("ten-thousand.rows");
    let script = root().join("ui/tests/bench/finder.mjs");
    let arguments = [&script, &rows].map(|path| path.display().to_string());
    let said = Tool::new(node, arguments).output()?;
    let said: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::Other(format!("failed to read what the finder's bench says: {error}")))?;
    let ms = |name: &str| Duration::from_secs_f64(said[name].as_f64().unwrap_or_default() / 1000.0);
    let mut theirs = Vec::new();
    for _ in 0..pairs.max(1) {
        let line = ["-c", "exec \"$0\" --filter broker-prod < \"$1\""].map(str::to_owned);
        let line = line.into_iter().chain([fzf.display().to_string(), rows.display().to_string()]);
        let started = Instant::now();
        Tool::new("sh", line).output()?;
        theirs.push(started.elapsed());
    }
    let goal = format!("≤ 1 ms (95th percentile {:.2} ms)", ms("p95").as_secs_f64() * 1000.0);
    Ok(row(MEASURE, ms("median"), Some(median(theirs)), &goal))
}
