//! A plan of Terraform's of a hundred megabytes: read as it comes, by a console that stays small, and not a row of it lost.
#![cfg(target_os = "linux")]

use crate::home::{HANGS, Home, LOOK, Running, repository};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// How long what Terraform shows is, at least.
const LENGTH: usize = 100 << 20;

/// Says what is in the file `shown.json` beside it; an apply waits at a gate.
const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
version) echo '{"terraform_version":"1.11.4"}' ;;
init) mkdir -p .terraform ;;
workspace) echo default ;;
state) ;;
plan)
    for word in "$@"; do
        case "$word" in -out=*) echo plan >"${word#-out=}" ;; esac
    done
    exit 2 ;;
show) exec cat '{here}/shown.json' ;;
apply)
    : >'{here}/there'
    until [ -e '{here}/go' ]; do sleep 0.02; done ;;
output) echo '{}' ;;
*) echo "no such command: $*" >&2; exit 64 ;;
esac
"#;

fn address(at: usize) -> String {
    format!("terraform_data.made[\"number-{at}\"]")
}

/// Writes what Terraform would show: that many changes, which are as long together as is wanted.
fn show(path: &Path, changes: usize) {
    // Values of all lengths, a long one among many short ones.
    let each = LENGTH / changes;
    let (long, short) = ("x".repeat(each / 2), "y".repeat(each / 40));
    let mut file = BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(br#"{"format_version":"1.2","terraform_version":"1.11.4","applyable":true,"complete":true,"errored":false,"resource_changes":["#).unwrap();
    for at in 0..changes {
        let mut after: Value = (0..20).map(|nth| (format!("value_{nth}"), json!(short))).collect();
        after["long"] = json!(long);
        let change = json!({
            "address": address(at), "mode": "managed", "type": "terraform_data", "name": "made",
            "change": { "actions": ["create"], "before": null, "after": after, "after_unknown": { "id": true } },
        });
        let comma = if at == 0 { "" } else { "," };
        write!(file, "{comma}{change}").unwrap();
    }
    file.write_all(b"]}").unwrap();
    file.flush().unwrap();
    assert!(path.metadata().unwrap().len() as usize > LENGTH);
}

/// The most memory that a process had, in MB.
fn peak(walking: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", walking.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

/// Walks a plan of that many changes, which takes at most so many MB.
fn check(changes: usize, most: u64) {
    let home = Home::new();
    let plan = home.file(
        "two.plan.md",
        std::fs::read(repository("crates/cli/tests/plans/two-resources.plan.md")).unwrap(),
    );
    home.file("infra/main.tf", "resource \"terraform_data\" \"made\" {}\n");
    let here = plan.parent().unwrap().to_owned();
    let program = home.file("bin/terraform", PROGRAM.replace("{here}", here.to_str().unwrap()));
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    show(&here.join("shown.json"), changes);

    let mut command = home.command(&["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()));
    let mut walking = home.start(command);
    let there = here.join("there");
    for _ in 0..HANGS.as_millis() / LOOK.as_millis() {
        if there.exists() || walking.child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    assert!(there.exists(), "it is not applied: {}", walking.out());
    // The plan was read, judged, shown, kept and signed by now.
    let took = peak(&walking);
    std::fs::write(here.join("go"), "").unwrap();
    walking.end().exits(0).says(&[&format!("{changes} created")]);
    assert!(took <= most, "{took} MB for {changes} changes, and {most} are enough");

    let report = home.json(&["report", "last", "--format", "json"]);
    let outputs = report["outputs"].as_array().unwrap();
    let output = |name: &str| {
        let of = outputs.iter().find(|one| one["step"] == "make_plan" && one["name"] == name).unwrap();
        of["value"].as_array().unwrap().clone()
    };
    let all: BTreeSet<String> = (0..changes).map(address).collect();
    let addresses =
        |rows: &[Value]| rows.iter().map(|row| row["address"].as_str().unwrap().to_owned()).collect();
    let listed = output("changes");
    counted(&listed);
    let mut named: BTreeSet<String> = addresses(&listed);
    named.extend(
        output("others").iter().map(|one| one.as_str().unwrap().strip_prefix("create ").unwrap().to_owned()),
    );
    assert_eq!(named, all, "rows of the output are lost");

    let evidence = report["evidence"].as_array().unwrap();
    let kept =
        evidence.iter().find(|one| one["name"] == "terraform-plan.json").unwrap()["digest"].as_str().unwrap();
    let kept = std::fs::read(home.folder(&home.runs()[0]).join("evidence").join(kept)).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let kept = kept["changes"].as_array().unwrap();
    counted(kept);
    assert_eq!(addresses(kept), all, "rows of the evidence are lost");
}

/// What is not shown of a row is counted: 20 short values, a long one, and the id.
fn counted(rows: &[Value]) {
    for row in rows {
        let shown = row["before_after"].as_array().unwrap().len() as u64;
        assert_eq!(shown + row["more_values"].as_u64().unwrap_or(0), 22, "{row}");
    }
}

#[test]
fn a_plan_of_a_hundred_megabytes_takes_the_memory_of_its_largest_resource() {
    check(50, 128);
}

#[test]
fn ten_thousand_changes_are_all_there() {
    check(10_000, 160);
}
