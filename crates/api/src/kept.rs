//! Small lists that are kept beside the ledger: trusted plans, plans opened before, examples.

use crate::Problem;
use crate::places::Places;
use crate::views::RecentPlan;
use holdpoint_run::At;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// How many plans are remembered.
const RECENT: usize = 30;

/// Plans that come with Holdpoint, and what stands beside them: name and content.
macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../plans/", $name)))),*]
    };
}

const EXAMPLES: &[(&str, &str)] = &examples![
    "agents-on-app-runner.plan.md",
    "agents-on-app-runner.world.json",
    "app-runner-to-express-mode.plan.md",
    "app-runner-to-express-mode.world.json",
    "ecs-api-and-worker.files/base/api.Dockerfile",
    "ecs-api-and-worker.files/base/broker.py",
    "ecs-api-and-worker.files/base/worker.Dockerfile",
    "ecs-api-and-worker.files/working-copy.sh",
    "ecs-api-and-worker.plan.md",
    "ecs-api-and-worker.terraform/main.tf",
    "ecs-api-and-worker.terraform/outputs.tf",
    "ecs-api-and-worker.terraform/practice/apply.json",
    "ecs-api-and-worker.terraform/practice/plan.json",
    "ecs-api-and-worker.terraform/terraform.tfstate",
    "ecs-api-and-worker.terraform/variables.tf",
    "ecs-api-and-worker.world.json",
    "ecs-migrations-at-start.plan.md",
    "ecs-migrations-at-start.world.json",
    "private-database.plan.md",
    "private-database.world.json",
    "reapply-a-patch.files/base/deploy/backend.tf",
    "reapply-a-patch.files/base/service/store.py",
    "reapply-a-patch.files/connection-sync-relaxed.patch",
    "reapply-a-patch.files/connection-sync.patch",
    "reapply-a-patch.files/working-copy.sh",
    "reapply-a-patch.plan.md",
    "reapply-a-patch.world.json",
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Trusted {
    path: String,
    digest: String,
    at: At,
}

/// Whether this content at this path was trusted.
pub(crate) fn is_trusted(places: &Places, path: &str, digest: &str) -> Result<bool, Problem> {
    let trusted: Vec<Trusted> = read(&places.trust())?;
    Ok(trusted.iter().any(|one| one.path == path && one.digest == digest))
}

/// Trusts this content at this path; what was trusted there before no longer is.
pub(crate) fn trust(places: &Places, path: &str, digest: &str, at: At) -> Result<(), Problem> {
    let mut trusted: Vec<Trusted> = read(&places.trust())?;
    trusted.retain(|one| one.path != path);
    trusted.push(Trusted { path: path.to_owned(), digest: digest.to_owned(), at });
    write(&places.trust(), &trusted)
}

/// Remembers a plan that was opened.
pub(crate) fn opened(places: &Places, path: &str, title: &str, at: At) -> Result<(), Problem> {
    let mut recent: Vec<RecentPlan> = read(&places.recent())?;
    recent.retain(|one| one.path != path);
    let plan = RecentPlan {
        path: path.to_owned(),
        title: title.to_owned(),
        opened_at: at.to_string(),
        missing: false,
    };
    recent.insert(0, plan);
    recent.truncate(RECENT);
    write(&places.recent(), &recent)
}

/// Plans opened before, the newest first.
pub(crate) fn recent(places: &Places) -> Result<Vec<RecentPlan>, Problem> {
    let recent: Vec<RecentPlan> = read(&places.recent())?;
    let look = |plan: RecentPlan| RecentPlan { missing: !Path::new(&plan.path).exists(), ..plan };
    Ok(recent.into_iter().map(look).collect())
}

/// Plans that come with Holdpoint, laid out where they can be opened and changed; a changed one stays as it is.
pub(crate) fn examples(places: &Places) -> Result<Vec<RecentPlan>, Problem> {
    let folder = places.examples();
    std::fs::create_dir_all(&folder).map_err(|error| could_not(&folder, "made", &error))?;
    let mut plans = Vec::new();
    for (name, content) in EXAMPLES {
        let path = folder.join(name);
        if !path.exists() {
            let within = path.parent().unwrap_or(&folder);
            std::fs::create_dir_all(within).map_err(|error| could_not(within, "made", &error))?;
            std::fs::write(&path, content).map_err(|error| could_not(&path, "written", &error))?;
        }
        if name.ends_with(".plan.md") {
            let title = holdpoint_plan::read(content.as_bytes()).plan.title;
            let path = path.display().to_string();
            plans.push(RecentPlan { path, title, opened_at: String::new(), missing: false });
        }
    }
    Ok(plans)
}

fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T, Problem> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(format!("{} is damaged: {error}", path.display()))
                .hint("move it away; Holdpoint makes a new one")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(could_not(path, "read", &error)),
    }
}

/// Writes beside and renames: the file is whole or as it was.
fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Problem> {
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| Problem::new(error.to_string()))?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let replace = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    replace().map_err(|error| could_not(path, "written", &error))
}

fn could_not(path: &Path, did: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("{} could not be {did}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The files below a folder, without what a practice run has made there.
    fn files(folder: &Path, within: &str, all: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{within}{}", path.file_name().unwrap().to_string_lossy());
            match path.is_dir() {
                true if path.join(".git").exists() => {}
                true => files(&path, &format!("{name}/"), all),
                false if name.ends_with(".gitignore") => {}
                false => drop(all.insert(name)),
            }
        }
    }

    #[test]
    fn every_plan_of_ours_is_an_example_with_all_that_it_needs() {
        let mut there = BTreeSet::new();
        files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plans")), "", &mut there);
        let listed: BTreeSet<String> = EXAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, there);
    }
}
