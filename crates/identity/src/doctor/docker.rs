//! Docker's configuration: where its logins go. What it keeps is never shown and never changed.

use super::caches::open_to_others;
use super::machine::program;
use super::{Code, Examine, Finding, Repair, Weight};
use crate::registries::registry_of;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What Docker picks by itself, in the order of docker/cli `credentials/default_store_*.go`.
const PICKED: [&str; 4] = ["osxkeychain", "desktop", "secretservice", "wincred"];

/// Examines it.
pub(super) fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let folder = match with.env.get("DOCKER_CONFIG") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => with.env.home().map(|home| home.join(".docker")),
    };
    let Some(path) = folder.map(|folder| folder.join("config.json")) else { return found };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::from("{}"),
        Err(error) => {
            let said = format!("{} cannot be read ({error})", path.display());
            return vec![Finding::new(Code::DockerBroken, Weight::Warning, said).at(&path, None)];
        }
    };
    let members = match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return vec![broken(&path, "it is no object", None)],
        Err(error) => return vec![broken(&path, "it is no whole JSON", Some(error.line()))],
    };
    of_config(with, &path, &members, &mut found);
    if found.is_empty() && path.exists() {
        found.push(
            Finding::fine(Code::DockerPlain, "Docker's configuration holds no passwords").at(&path, None),
        );
    }
    found
}

fn broken(path: &Path, why: &str, line: Option<usize>) -> Finding {
    let said = format!(
        "{} is not read by Docker: {why}; correct it, or let `docker login` make it anew",
        path.display()
    );
    Finding::new(Code::DockerBroken, Weight::Problem, said).at(path, line)
}

fn of_config(with: &Examine<'_>, path: &Path, members: &Map<String, Value>, found: &mut Vec<Finding>) {
    let map = |name: &str| members.get(name).and_then(Value::as_object);
    let plain: Vec<&String> = map("auths")
        .into_iter()
        .flatten()
        .filter(|(_, login)| is_login(login))
        .map(|(host, _)| host)
        .collect();
    if !plain.is_empty() {
        let hosts: Vec<&str> = plain.iter().map(|host| host.as_str()).collect();
        let said = format!(
            "{} keeps passwords in plain text for {}: log out there, and let a credential helper log in",
            path.display(),
            hosts.join(", ")
        );
        let commands: Vec<_> = hosts.iter().map(|host| format!("docker logout {host}")).collect();
        found.push(
            Finding::new(Code::DockerPlain, Weight::Warning, said)
                .at(path, None)
                .with(Repair::Command(commands.join("\n"))),
        );
        found.extend(open_to_others(path, 0o600));
    }
    let store = members.get("credsStore").and_then(Value::as_str).filter(|store| !store.is_empty());
    let helpers = map("credHelpers").into_iter().flatten();
    let helpers: Vec<(&str, &str)> =
        helpers.filter_map(|(host, helper)| Some((host.as_str(), helper.as_str()?))).collect();
    let mut named: Vec<(&str, String)> =
        helpers.iter().map(|(host, helper)| (*helper, format!("logins to {host}"))).collect();
    named.extend(store.map(|store| (store, "all other logins".to_owned())));
    for (helper, what) in named {
        let name = format!("docker-credential-{helper}");
        if program(with.env, &name).is_none() {
            let said = format!(
                "{} sends {what} to {name}, which is not on the PATH: install it, or remove the entry",
                path.display()
            );
            found.push(Finding::new(Code::DockerHelper, Weight::Problem, said).at(path, None));
        }
    }
    let registries: Vec<&String> = map("auths")
        .into_iter()
        .flatten()
        .map(|(host, _)| host)
        .filter(|host| registry_of(host).is_some())
        .collect();
    let exposed = registries.iter().find(|host| !helpers.iter().any(|(with, _)| with == &host.as_str()));
    if let (Some(store), Some(host)) = (store, exposed) {
        let said = format!(
            "logins to {host} go to docker-credential-{store}: each `docker login` writes the system's keychain, and fails with -25299 or a question where it may not"
        );
        let entry = format!("add to \"credHelpers\" in {}:\n  \"{host}\": \"holdpoint\"", path.display());
        found.push(
            Finding::new(Code::DockerKeychain, Weight::Note, said)
                .at(path, None)
                .with(Repair::Command(entry)),
        );
    }
    let has_logins = map("auths").is_some_and(|auths| !auths.is_empty());
    if store.is_none()
        && helpers.is_empty()
        && !has_logins
        && let Some(picked) = PICKED
            .into_iter()
            .find(|helper| program(with.env, &format!("docker-credential-{helper}")).is_some())
    {
        let said = format!(
            "Docker's configuration names no helper, so Docker picks docker-credential-{picked} by itself, and logins go to the keychain"
        );
        found.push(Finding::new(Code::DockerPicks, Weight::Note, said).at(path, None));
    }
}

/// An entry that holds a login, and not only the mark that one was made elsewhere.
fn is_login(login: &Value) -> bool {
    ["auth", "password", "identitytoken", "registrytoken"]
        .into_iter()
        .any(|name| login.get(name).and_then(Value::as_str).is_some_and(|value| !value.is_empty()))
}
