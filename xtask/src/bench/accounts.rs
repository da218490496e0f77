//! Accounts and roles of a sign-in.

use super::simulator::Simulator;
use super::table::against_floor;
use crate::http;
use crate::tool::{Failure, Tool, folder, write};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 500;
const ROLES: usize = 10;
/// Pages of 100 accounts and a question for each account, at 20 a second: what the portal's limit leaves.
const FLOOR: Duration = Duration::from_millis((5 + ACCOUNTS as u64) * 50);

/// `holdpoint accounts` as a whole process at a portal that takes 20 questions a second, and the first 50 accounts of it.
pub(super) fn tree(ours: &Path, home: &Path) -> Result<Vec<String>, Failure> {
    let home = home.join("accounts");
    // What an earlier bench left is known at once and would not be measured.
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(|source| Failure::File {
            what: "remove",
            path: home.display().to_string(),
            source,
        })?;
    }
    folder(&home.join("home/.aws"))?;
    let simulator = Simulator::start(ours, &home.join("sim"))?;
    http::post(simulator.port, "/_holdpoint/furnish", &organisation().to_string())?;
    http::post(simulator.port, "/_holdpoint/behave", r#"{"sso": {"approve": "auto:Ada"}}"#)?;
    let config =
        "[sso-session bench]\nsso_start_url = https://practice.example/start\nsso_region = eu-west-1\n";
    write(&home.join("home/.aws/config"), config)?;
    let at_simulator = |arguments: &[&str]| {
        Tool::new(ours, arguments)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", simulator.port))
            .env("HOME", home.join("home"))
            .env("HOLDPOINT_HOME", home.join("holdpoint"))
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_CONFIG_FILE")
            .env_remove("AWS_SHARED_CREDENTIALS_FILE")
    };
    at_simulator(&["login", "bench", "--device", "--no-browser"]).output()?;

    let mut command = at_simulator(&["accounts", "bench"]).into_command();
    let failed = |source| Failure::Start { line: "holdpoint accounts".to_owned(), source };
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let (mut accounts, mut first, mut roles) = (0, None, 0);
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            if line.map_err(failed)?.starts_with(' ') {
                roles += 1;
                continue;
            }
            accounts += 1;
            if accounts == 50 {
                first = Some(started.elapsed());
            }
        }
    }
    let status = child.wait().map_err(failed)?;
    let whole = started.elapsed();
    let record = http::request("GET", simulator.port, "/_holdpoint/record", "")?;
    let record: Value = serde_json::from_str(&record)
        .map_err(|error| Failure::Other(format!("failed to read the simulator's record: {error}")))?;
    let refused = record["throttled"].as_object().is_none_or(|refused| !refused.is_empty());
    if !status.success() || accounts != ACCOUNTS || roles != ACCOUNTS * ROLES || refused {
        return Err(Failure::Other(format!(
            "`holdpoint accounts` ended with {status}, {accounts} accounts, {roles} roles and these refusals: {}",
            record["throttled"]
        )));
    }
    Ok(vec![
        against_floor("500 accounts × 10 roles | 20 calls a second", whole, FLOOR, "≤ 1.08 ×, no 429"),
        against_floor(
            "its first 50 accounts | 20 calls a second",
            first.unwrap_or(whole),
            Duration::from_millis(51 * 50),
            "≤ 3 s",
        ),
    ])
}

fn organisation() -> Value {
    let roles: Vec<String> = (0..ROLES).map(|role| format!("Role{role:02}")).collect();
    let account = |number: usize| {
        let name = format!("account-{number:03}");
        json!({
            "id": format!("{:012}", 100_000_000_000 + number),
            "name": name, "email": format!("{name}@corp.example"), "roles": roles,
        })
    };
    json!({
        "account": "111122223333", "region": "eu-west-1", "people": [{"name": "Ada"}],
        "sso": {"instances": [{
            "start_url": "https://practice.example/start", "region": "eu-west-1", "people": ["Ada"],
            "accounts": (0..ACCOUNTS).map(account).collect::<Vec<_>>(),
        }]},
    })
}
