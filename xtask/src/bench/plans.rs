//! Reading plans.

use super::table::{paired, row};
use crate::tool::{Failure, Tool, write};
use std::fmt::Write as _;
use std::path::Path;

/// `holdpoint check` of a plan of 200 steps, against a fixed goal; the peer is the start of a process that does nothing.
pub(super) fn check(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let plan = home.join("two-hundred-steps.plan.md");
    write(&plan, &two_hundred_steps())?;
    let plan = plan.display().to_string();
    let (mine, floor) =
        paired(pairs, || Tool::new(ours, ["check", &plan]), || Tool::new(ours, ["--version"]))?;
    Ok(row("check of 200 steps | holdpoint --version", mine, Some(floor), "≤ 50 ms"))
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
