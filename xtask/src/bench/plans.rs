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

/// `holdpoint import` of a guide of 1 MB, whose peer is `check` of the same bytes: what reading them costs anyway.
pub(super) fn import(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let guide = home.join("a-megabyte.md");
    write(&guide, &a_megabyte())?;
    let guide = guide.display().to_string();
    let out = home.join("a-megabyte.plan.md").display().to_string();
    let (mine, floor) = paired(
        pairs,
        || Tool::new(ours, ["import", &guide, "-o", &out, "--force"]),
        || Tool::new(ours, ["check", &guide]),
    )?;
    Ok(row("import of a guide of 1 MB | holdpoint check of it", mine, Some(floor), "≤ 100 ms"))
}

/// Parts of a deployment as people write them, each about another service, until there is a megabyte.
fn a_megabyte() -> String {
    let mut guide = String::from("# A megabyte\n\n**Account:** 111122223333\n**Region:** eu-west-1\n");
    let mut part = 0;
    while guide.len() < 1_000_000 {
        part += 1;
        let _ = write!(
            guide,
            "\n## Step {part}: service {part}\n\nWhy this service comes now, and what is to be looked at.\n\n\
             - [ ] Nobody else deploys service {part}\n\n\
             ```bash\n# Deploy it\naws ecs update-service --cluster main --service service-{part} \\\n  \
             --task-definition service-{part}:7 --region eu-west-1\n```\n\n\
             ```bash\ncurl -f https://service-{part}.example/health\n# Expected: {{\"status\":\"healthy\"}}\n\
             ./scripts/notify.sh service-{part}\n```\n"
        );
    }
    guide
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
