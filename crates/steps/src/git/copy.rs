//! The working copy that a plan lies in, for the record of a run.

use super::process::Git;
use super::state::standing;
use holdpoint_identity::Env;
use holdpoint_run::{Diagnosis, WorkingCopy};
use std::path::Path;
use std::time::Duration;

/// Changed files that a journal names.
const NAMED: usize = 200;
/// How long a run waits for it: a record that is late is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What git says of the plan's folder; `None` outside of a repository. It runs nothing that the repository names.
pub(crate) async fn working_copy(env: &Env, folder: &Path) -> Option<WorkingCopy> {
    let git = Git::new(env);
    let looked = tokio::time::timeout(PATIENCE, look(&git, folder));
    let unknown = |why: String| Some(WorkingCopy { unknown: Some(why), ..WorkingCopy::default() });
    match looked.await {
        Ok(Ok(found)) => found,
        Ok(Err(diagnosis)) => unknown(diagnosis.headline),
        Err(_) => unknown(format!("git took longer than {} s", PATIENCE.as_secs())),
    }
}

async fn look(git: &Git, folder: &Path) -> Result<Option<WorkingCopy>, Diagnosis> {
    // Without a repository there is nothing to start a program for.
    if !folder.ancestors().any(|above| above.join(".git").exists()) {
        return Ok(None);
    }
    let real = folder
        .canonicalize()
        .map_err(|error| Diagnosis::of(format!("{} cannot be looked at: {error}", folder.display())))?;
    if git.top(&real).await?.is_none() {
        return Ok(None);
    }
    let words = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"];
    let here = ["--ignore-submodules=dirty", "--", "."];
    let said = git.run(&real, &[&words[..], &here[..]].concat()).await?;
    if !said.ok() {
        return Err(Diagnosis::of(format!("git status failed: {}", said.stderr.trim())));
    }
    let mut found = standing(&said.parts());
    let more = found.changed.len().saturating_sub(NAMED);
    found.changed.truncate(NAMED);
    Ok(Some(WorkingCopy {
        commit: found.commit,
        branch: found.branch,
        changed: found.changed,
        more: more as u64,
        unknown: None,
    }))
}
