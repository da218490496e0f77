//! One sign-in, many roles: credentials for fifty profiles of a session.

use super::simulator::Simulator;
use super::table::{median, row};
use crate::tool::{Failure, Tool, write};
use crate::{http, python};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

const ROLES: usize = 10;

/// An organisation that somebody is signed in to.
struct Organisation<'a> {
    ours: &'a Path,
    simulator: Simulator,
    home: PathBuf,
    config: PathBuf,
}

impl<'a> Organisation<'a> {
    fn open(ours: &'a Path, home: &Path, accounts: usize, profiles: usize) -> Result<Self, Failure> {
        let home = home.join(format!("organisation-{accounts}"));
        // What an earlier bench knew would be shown at once.
        if home.exists() {
            std::fs::remove_dir_all(&home).map_err(|source| Failure::File {
                what: "remove",
                path: home.display().to_string(),
                source,
            })?;
        }
        let simulator = Simulator::start(ours, &home.join("sim"))?;
        let roles: Vec<String> = (0..ROLES).map(|role| format!("Role{role}")).collect();
        let account = |number: usize| {
            json!({ "id": format!("{:012}", 111_111_000_000 + number), "name": format!("team-{number:03}"),
                "email": format!("team-{number:03}@accounts.example"), "roles": roles })
        };
        let accounts: Vec<Value> = (0..accounts).map(account).collect();
        let world = json!({ "sso": { "instances": [{ "start_url": "https://corp.example/start", "region": "eu-west-1",
            "people": ["practice.operator"], "accounts": accounts }] } });
        http::post(simulator.port, "/_holdpoint/furnish", &world.to_string())?;
        let approve = json!({ "sso": { "approve": "auto:practice.operator", "interval": 1 } });
        http::post(simulator.port, "/_holdpoint/behave", &approve.to_string())?;
        let mut text = String::from(
            "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n",
        );
        for number in 0..profiles {
            text.push_str(&format!(
                "\n[profile p{number}]\nsso_session = corp\nsso_account_id = {:012}\nsso_role_name = Role{}\nregion = eu-west-1\n",
                111_111_000_000 + number / ROLES,
                number % ROLES
            ));
        }
        let config = home.join("config");
        write(&config, &text)?;
        let organisation = Self { ours, simulator, home, config };
        organisation.tool(ours, &["login", "corp", "--device", "--no-browser"]).output()?;
        Ok(organisation)
    }

    fn tool(&self, program: &Path, arguments: &[&str]) -> Tool {
        Tool::new(program, arguments)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.simulator.port))
            .env("AWS_CONFIG_FILE", &self.config)
            .env("AWS_SHARED_CREDENTIALS_FILE", self.home.join("none"))
            .env("HOME", &self.home)
            .env("HOLDPOINT_HOME", self.home.join("holdpoint"))
            .env_remove("AWS_PROFILE")
    }

    /// How often an operation was answered, or was throttled.
    fn count(&self, list: &str, operation: &str) -> Result<u64, Failure> {
        let record = http::request("GET", self.simulator.port, "/_holdpoint/record", "")?;
        let record: Value = serde_json::from_str(&record)
            .map_err(|error| Failure::Other(format!("failed to read the simulator's record: {error}")))?;
        Ok(record[list][operation].as_u64().unwrap_or_default())
    }
}

/// Credentials for 50 profiles of one session whose token has ended, against the AWS CLI, one by one.
pub(super) fn fifty(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    const PROFILES: usize = 50;
    let organisation = Organisation::open(ours, home, 5, PROFILES)?;
    http::post(
        organisation.simulator.port,
        "/_holdpoint/behave",
        "{\"sso\": {\"rate\": {\"per_second\": 10000}}}",
    )?;
    let refreshes = || organisation.count("answered", "sso-oidc:CreateToken");
    let aws = python::programs()?.join("aws");
    let (mut mine, mut theirs, mut renewed) = (Vec::new(), Vec::new(), 0);
    for _ in 0..(pairs / 3).max(1) {
        http::post(organisation.simulator.port, "/_holdpoint/sso/expire", "{\"what\": \"access\"}")?;
        let before = refreshes()?;
        let started = Instant::now();
        let children: Result<Vec<_>, Failure> = (0..PROFILES)
            .map(|number| {
                let profile = format!("p{number}");
                let mut command = organisation
                    .tool(organisation.ours, &["credential-process", "--profile", &profile])
                    .into_command();
                command.stdout(Stdio::null());
                let failed =
                    |source| Failure::Start { line: "holdpoint credential-process".to_owned(), source };
                command.spawn().map_err(failed)
            })
            .collect();
        for mut child in children? {
            let failed = |source| Failure::Start { line: "holdpoint credential-process".to_owned(), source };
            let status = child.wait().map_err(failed)?;
            if !status.success() {
                return Err(Failure::Other(format!("holdpoint credential-process ended with {status}")));
            }
        }
        mine.push(started.elapsed());
        renewed = renewed.max(refreshes()?.saturating_sub(before));
        let cache = organisation.home.join(".aws/cli/cache");
        if cache.exists() {
            std::fs::remove_dir_all(&cache).map_err(|source| Failure::File {
                what: "remove",
                path: cache.display().to_string(),
                source,
            })?;
        }
        let started = Instant::now();
        for number in 0..PROFILES {
            let profile = format!("p{number}");
            organisation.tool(&aws, &["sts", "get-caller-identity", "--profile", &profile]).output()?;
        }
        theirs.push(started.elapsed());
    }
    let goal = format!("≥ 20 × ({renewed} refresh)");
    Ok(row("credentials of 50 profiles | AWS CLI, in turn", median(mine), Some(median(theirs)), &goal))
}
