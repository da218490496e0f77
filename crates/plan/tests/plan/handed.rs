//! A script that reads a variable instead of naming its value, run by a real shell: its programs get the same words as before.

use crate::common::home;
use holdpoint_plan::{apply, read, render};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Every program of the cases says which words it got.
const SAY: &str = "aws() { printf 'aws'; printf ' <%s>' \"$@\"; echo; }; curl() { printf 'curl'; printf ' <%s>' \"$@\"; echo; }; jq() { cat; }; export -f aws curl jq\n";

#[test]
fn programs_get_the_same_words_from_a_script_that_reads_its_variables() {
    let bytes = std::fs::read(home().join("tests/lint/named-again/fires.md")).expect("the case");
    let before = read(&bytes);
    let mut after = read(&bytes);
    while let Some(fix) =
        after.diagnostics.iter().filter(|one| one.code == "named-again").find_map(|one| one.fix.clone())
    {
        let text = apply(&after.text, &fix.edits).expect("edits that fit");
        after = read(text.as_bytes());
    }
    let scripts = |reading: &holdpoint_plan::Reading| -> Vec<(String, Vec<(String, String)>)> {
        let vars: serde_json::Map<String, Value> = reading
            .plan
            .vars
            .iter()
            .filter_map(|var| Some((var.name.clone(), var.default.clone()?)))
            .collect();
        let scope = serde_json::json!({ "vars": vars });
        let shells = reading.plan.steps().filter(|step| step.action.uses == "shell");
        shells
            .map(|step| {
                let with = render(&step.action.with, &scope).expect("arguments that render");
                let env = with.get("env").and_then(Value::as_object).cloned().unwrap_or_default();
                let env = env
                    .into_iter()
                    .map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()));
                (step.action.script.as_ref().expect("a script").text.clone(), env.collect())
            })
            .collect()
    };
    let (before, after) = (scripts(&before), scripts(&after));
    assert!(before.len() >= 3 && before.len() == after.len());
    for ((one, with), (other, more)) in before.iter().zip(&after) {
        assert_ne!(one, other, "the repair changes the script");
        let (Some(one), Some(other)) = (said(one, with), said(other, more)) else {
            println!("skipped: there is no bash here");
            return;
        };
        assert_eq!(one, other);
        assert!(one.contains("<shop-prod>") || one.contains("--cluster=shop-prod"), "{one}");
    }
}

/// What a script says, run by bash with nothing but these variables; `None` without bash.
#[expect(clippy::disallowed_methods, reason = "the shell itself is what this compares with")]
fn said(script: &str, env: &[(String, String)]) -> Option<String> {
    let env: BTreeMap<&str, &str> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let done = Command::new("bash")
        .arg("-c")
        .arg(format!("{SAY}{script}"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(env)
        .output()
        .ok()?;
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    Some(String::from_utf8_lossy(&done.stdout).into_owned())
}
