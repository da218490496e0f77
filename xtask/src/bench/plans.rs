//! Reading plans.

use super::table::{paired, row};
use crate::place::root;
use crate::python;
use crate::tool::{Failure, Tool, find, folder, write};
use std::fmt::Write as _;
use std::path::Path;

/// Guides of the tests of importing, and how the names of their things begin.
const TWINS: [(&str, &str); 5] = [
    ("agents-on-app-runner", "agents-"),
    ("ecs-api-and-worker", "broker-"),
    ("ecs-migrations-at-start", "board-"),
    ("private-database", "documents-"),
    ("reapply-a-patch", "agents-"),
];

/// `holdpoint check` of a plan of 200 steps, against the start of a process that does nothing, and against what others take
/// to say that 200 resources or tasks are well written. A peer that is not here is left out, with why.
pub(super) fn check(ours: &Path, home: &Path, pairs: usize) -> Result<Vec<String>, Failure> {
    let plan = home.join("two-hundred-steps.plan.md");
    write(&plan, &two_hundred_steps())?;
    let plan = plan.display().to_string();
    let mine = || Tool::new(ours, ["check", &plan]);
    let (own, floor) = paired(pairs, mine, || Tool::new(ours, ["--version"]))?;
    let mut rows = vec![row("check of 200 steps | holdpoint --version", own, Some(floor), "≤ 50 ms")];

    let measure = "check of 200 steps | terraform validate";
    match find("terraform") {
        None => rows.push(format!("{measure}: left out, terraform is not here")),
        Some(terraform) => {
            let resources = home.join("two-hundred-resources");
            folder(&resources)?;
            write(&resources.join("main.tf"), &two_hundred_resources())?;
            Tool::new(&terraform, ["init", "-backend=false", "-input=false"]).within(&resources).output()?;
            let validate = || Tool::new(&terraform, ["validate", "-no-color"]).within(&resources);
            let (own, peer) = paired(pairs, mine, validate)?;
            rows.push(row(measure, own, Some(peer), "≥ 10 ×"));
        }
    }

    let measure = "check of 200 steps | ansible --syntax-check";
    match python::ansible() {
        Err(failure) => rows.push(format!("{measure}: left out, Ansible could not be installed: {failure}")),
        Ok(programs) => {
            let playbook = home.join("two-hundred-tasks.yml");
            write(&playbook, &two_hundred_tasks())?;
            let playbook = playbook.display().to_string();
            let arguments = ["--syntax-check", "-i", "localhost,", playbook.as_str()];
            let syntax = || Tool::new(programs.join("ansible-playbook"), arguments).env("LC_ALL", "C.UTF-8");
            let (own, peer) = paired(pairs, mine, syntax)?;
            rows.push(row(measure, own, Some(peer), "≥ 50 ×"));
        }
    }
    Ok(rows)
}

/// `holdpoint import` of a guide of 1 MB, whose peer is `check` of the same bytes: what reading them costs anyway.
pub(super) fn import(ours: &Path, home: &Path, pairs: usize) -> Result<String, Failure> {
    let guide = home.join("a-megabyte.md");
    write(&guide, &a_megabyte()?)?;
    let guide = guide.display().to_string();
    let out = home.join("a-megabyte.plan.md").display().to_string();
    let (mine, floor) = paired(
        pairs,
        || Tool::new(ours, ["import", &guide, "-o", &out, "--force"]),
        || Tool::new(ours, ["check", &guide]),
    )?;
    Ok(row("import of a guide of 1 MB | holdpoint check of it", mine, Some(floor), "≤ 100 ms"))
}

/// The plain guides of the tests, one after the other, their things under another name each time, until there is a megabyte.
fn a_megabyte() -> Result<String, Failure> {
    let twins = root().join("crates/plan/tests/twins");
    let mut guides = Vec::new();
    for (name, things) in TWINS {
        let path = twins.join(format!("{name}.md"));
        let bytes = std::fs::read(&path).map_err(|source| Failure::File {
            what: "read",
            path: path.display().to_string(),
            source,
        })?;
        guides.push((String::from_utf8_lossy(&bytes).into_owned(), things));
    }
    let mut all = String::new();
    for (round, (guide, things)) in guides.iter().cycle().enumerate() {
        if all.len() >= 1_000_000 {
            break;
        }
        // `broker-api` is `broker12-api` here, so that hardly a command comes twice.
        let others = format!("{}{round}-", things.trim_end_matches('-'));
        for line in guide.lines() {
            all.push_str(&line.replace(things, &others));
            if line.starts_with('#') {
                let _ = write!(all, " ({round})");
            }
            all.push('\n');
        }
        all.push('\n');
    }
    Ok(all)
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

/// As many resources, each of which uses the one before it; Terraform's own provider has nothing to be downloaded.
fn two_hundred_resources() -> String {
    let mut files = String::new();
    for number in 0..200 {
        let input = match number {
            0 => "\"https://api.example.com/health\"".to_owned(),
            _ => format!("\"https://api.example.com/${{terraform_data.step_{}.output}}\"", number - 1),
        };
        let _ = write!(files, "resource \"terraform_data\" \"step_{number}\" {{\n  input = {input}\n}}\n\n");
    }
    files
}

/// Ten plays of twenty tasks, each using what the one before it registered.
fn two_hundred_tasks() -> String {
    let mut book = String::from("---\n");
    for play in 0..10 {
        let _ = write!(book, "- name: Stage {play}\n  hosts: localhost\n  gather_facts: false\n  tasks:\n");
        for task in 0..20 {
            let number = play * 20 + task;
            let url = match number {
                0 => "https://api.example.com/health".to_owned(),
                _ => format!("https://api.example.com/{{{{ step_{}.status }}}}", number - 1),
            };
            let _ = write!(
                book,
                "    - name: Step {number}\n      ansible.builtin.uri:\n        url: \"{url}\"\n        \
                 status_code: 200\n      register: step_{number}\n"
            );
        }
    }
    book
}
