//! The Terraform files that a plan works with, read beside it by `check`.

use holdpoint_plan::{Diagnostic, Plan, configuration};
use std::collections::BTreeSet;
use std::path::Path;

/// Files of one folder that are read; a module has fewer.
const MOST: usize = 200;
/// Bytes of a file that are read; one that is longer was written by a program.
const LONGEST: u64 = 1 << 20;

/// What is wrong in one file.
pub(super) struct Configuration {
    /// Its path, as it can be opened from here.
    pub(super) path: String,
    pub(super) findings: Vec<Diagnostic>,
}

/// Findings of `*.tf` in the folders that the plan's Terraform steps name, in order of path. A folder that is not there is
/// none of this command's business: the step itself says so.
pub(super) fn beside(plan_path: &str, plan: &Plan) -> Vec<Configuration> {
    let home = Path::new(plan_path).parent().unwrap_or(Path::new(""));
    let folders: BTreeSet<&str> = plan
        .steps()
        .filter(|step| step.action.uses.starts_with("terraform."))
        .filter(|step| step.action.uses != "terraform.apply")
        .map(|step| step.action.with.get("dir").and_then(serde_json::Value::as_str).unwrap_or("."))
        .filter(|folder| !folder.contains("{{"))
        .collect();
    folders.into_iter().flat_map(|folder| of_folder(&home.join(folder))).collect()
}

fn of_folder(folder: &Path) -> Vec<Configuration> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tf"))
        .filter(|path| path.metadata().is_ok_and(|file| file.is_file() && file.len() <= LONGEST))
        .collect();
    paths.sort();
    paths.truncate(MOST);
    let read = |path: std::path::PathBuf| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).ok()?).into_owned();
        // `--fix` mends plans: what Terraform works with is mended where it is kept.
        let findings: Vec<Diagnostic> =
            configuration(&text).into_iter().map(|one| Diagnostic { fix: None, ..one }).collect();
        let path = path.strip_prefix("./").unwrap_or(&path).display().to_string();
        (!findings.is_empty()).then_some(Configuration { path, findings })
    };
    paths.into_iter().filter_map(read).collect()
}
