//! What the page can reach, against a golden file: a change here is a change of the wall and is made by hand.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn the_surface_is_the_golden_one() {
    let golden: Value = serde_json::from_str(&read("tests/golden/surface.json")).unwrap();
    let found = surface();
    assert_eq!(found, golden, "\nfound:\n{}", serde_json::to_string_pretty(&found).unwrap());
}

#[test]
fn every_command_is_registered_declared_and_granted() {
    let written = written_commands();
    assert_eq!(
        between(&read("src/lib.rs"), "generate_handler![", "]", "commands::"),
        written,
        "registered in lib.rs"
    );
    assert_eq!(between(&read("build.rs"), "commands(&[", "]", "\""), written, "declared in build.rs");
    let granted: BTreeSet<String> = permissions()
        .iter()
        .filter(|permission| !permission.contains(':'))
        .filter_map(|permission| Some(permission.strip_prefix("allow-")?.replace('-', "_")))
        .collect();
    assert_eq!(granted, written, "granted in capabilities/main.json");
}

#[test]
fn the_policy_has_no_way_around() {
    let policy = configuration()["app"]["security"]["csp"].as_str().unwrap().to_owned();
    for bad in ["unsafe-", "data:", "blob:", "*", "https:", "ws:"] {
        assert!(!policy.contains(bad), "the policy has `{bad}`: {policy}");
    }
    let text = read("tauri.conf.json");
    for bad in ["devUrl", "dangerous", "beforeDevCommand", "devCsp"] {
        assert!(!text.contains(bad), "tauri.conf.json has `{bad}`");
    }
}

fn surface() -> Value {
    let configuration = configuration();
    let mut security = configuration["app"]["security"].clone();
    security["csp"] = policy(security["csp"].as_str().unwrap());
    let mut capabilities = Map::new();
    for capability in all_capabilities() {
        let mut granted: Vec<Value> = capability["permissions"].as_array().unwrap().clone();
        granted.sort_by_key(Value::to_string);
        let seen = json!({
            "windows": capability["windows"],
            "webviews": capability["webviews"],
            "remote": capability["remote"],
            "permissions": granted,
        });
        capabilities.insert(capability["identifier"].as_str().unwrap().to_owned(), seen);
    }
    json!({
        "commands": written_commands(),
        "capabilities": capabilities,
        "plugins": plugins(),
        "build": configuration["build"],
        "withGlobalTauri": configuration["app"]["withGlobalTauri"],
        "security": security,
    })
}

fn policy(text: &str) -> Value {
    let mut directives: Vec<(&str, &str)> =
        text.split(';').filter_map(|one| one.trim().split_once(' ')).collect();
    directives.sort_unstable();
    directives.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

/// Functions under `#[tauri::command]`.
fn written_commands() -> BTreeSet<String> {
    let text = read("src/commands.rs");
    let after = text.split("#[tauri::command]").skip(1);
    after.filter_map(|rest| Some(rest.split_once("fn ")?.1.split(['(', '<']).next()?.to_owned())).collect()
}

/// Words between two marks, each after `before`.
fn between(text: &str, from: &str, to: &str, before: &str) -> BTreeSet<String> {
    let inside = text.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let words = inside.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.trim_start_matches(before).trim_end_matches('"').to_owned()).collect()
}

fn plugins() -> BTreeSet<String> {
    let text = read("Cargo.toml");
    let names = text.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| name.starts_with("tauri-plugin")).map(str::to_owned).collect()
}

fn permissions() -> Vec<String> {
    let all = all_capabilities();
    let granted = all.iter().flat_map(|capability| capability["permissions"].as_array().unwrap());
    granted.map(|permission| permission.as_str().unwrap().to_owned()).collect()
}

fn all_capabilities() -> Vec<Value> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(here().join("capabilities")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

fn configuration() -> Value {
    serde_json::from_str(&read("tauri.conf.json")).unwrap()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(here().join(name)).unwrap()
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
