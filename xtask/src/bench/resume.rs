//! Going on with a long run.

use super::table::{paired, row};
use crate::tool::{Failure, Tool, write};
use std::fmt::Write as _;
use std::path::Path;

/// Events that the run has, at least.
const EVENTS: u64 = 2_000;
/// Steps that make so many: each stores its intent, its sending, its answer, its log and its end.
const STEPS: usize = 450;

/// From the start of `holdpoint resume` of a long run that nobody drives to the decision that it waits for, against the
/// program that says its version.
pub(super) fn decision(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let at = home.join("resume-home");
    // What a measure before left would be another run.
    let _ = std::fs::remove_dir_all(&at);
    let plan = home.join("resume.plan.md");
    write(&plan, &text())?;
    // 3: it waits for a person.
    let waits = |words: &str| {
        let line = format!("'{}' {words}; test $? -eq 3", ours.display());
        Tool::new("sh", ["-c", line.as_str()]).env("HOLDPOINT_HOME", &at)
    };
    waits(&format!("run '{}' --practice --trust --speed 1000", plan.display())).output()?;
    let said = Tool::new(ours, ["verify", "last", "--json"]).env("HOLDPOINT_HOME", &at).output()?;
    let told: serde_json::Value = serde_json::from_str(&said)
        .map_err(|error| Failure::Other(format!("`holdpoint verify --json` said {said}: {error}")))?;
    let events = told["events"].as_u64().unwrap_or_default();
    if events < EVENTS {
        return Err(Failure::Other(format!("the run has {events} events, not {EVENTS}: give it more steps")));
    }
    let (mine, floor) = paired(pairs, || waits("resume last"), || Tool::new(ours, ["--version"]))?;
    let _ = std::fs::remove_dir_all(&at);
    Ok(row("resume, 2,000 events | holdpoint --version", mine, Some(floor), "≤ 1 s"))
}

fn text() -> String {
    let mut text = String::from(
        "---\nholdpoint:\n  version: 1\n  title: A long run\n  target: { account: \"111122223333\", region: eu-west-1, role: Deployer }\n---\n# A long run\n\n## Long\n\n```yaml stage\nid: long\n```\n",
    );
    for number in 0..STEPS {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n```yaml step\nid: say_{number}\nuses: shell\neffect: read\npractice: {{ command: echo {number} }}\n```\n\n```bash\ntrue\n```\n"
        );
    }
    text.push_str("\n## Held\n\n```yaml stage\nid: held\nhold: { signatures: 1 }\n```\n\n```yaml step\nid: last\nuses: shell\neffect: read\npractice: { command: echo last }\n```\n\n```bash\ntrue\n```\n");
    text
}
