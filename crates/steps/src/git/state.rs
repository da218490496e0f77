//! `git.state`: what a working copy is at.

use super::process::Git;
use crate::failure::arguments;
use crate::files::Files;
use crate::look::{Found, Look, equal, judged, list};
use async_trait::async_trait;
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{GitState, GitStateExpect, UnchangedSince};
use holdpoint_run::{Diagnosis, Judgement};
use serde_json::json;
use std::path::Path;

/// Changed files that an output and a judgement name.
const SHOWN: usize = 200;

/// The kind `git.state`.
pub(crate) struct State {
    pub(crate) git: Git,
    pub(crate) files: Files,
}

/// What a working copy is at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) commit: Option<String>,
    pub(super) branch: Option<String>,
    ahead: Option<u32>,
    behind: Option<u32>,
    pub(super) changed: Vec<String>,
}

#[async_trait]
impl Look for State {
    fn kind(&self) -> &'static str {
        "git.state"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: GitState = arguments(&task.with)?;
        let expect: GitStateExpect = arguments(&task.expect)?;
        let dir = with.dir.as_deref().unwrap_or(".");
        self.files.inside(&task.folder, dir)?;
        let names =
            expect.contains_commit.iter().chain(expect.unchanged_since.iter().map(|since| &since.base));
        for name in names {
            plain(name)?;
        }
        for path in expect.unchanged_since.iter().flat_map(|since| &since.paths) {
            self.files.inside(&task.folder, &format!("{dir}/{path}"))?;
        }
        Ok("Look at the repository".into())
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: GitState = arguments(&task.with)?;
        let expect: GitStateExpect = arguments(&task.expect)?;
        let place = self.files.inside(&task.folder, with.dir.as_deref().unwrap_or("."))?;
        let dir = place.real.canonicalize().map_err(|error| {
            Diagnosis::of(format!("{} cannot be looked at: {error}", place.real.display()))
                .hint("Correct `dir` in the plan.")
        })?;
        if self.git.top(&dir).await?.is_none() {
            return Err(Diagnosis::of("The plan's folder is in no git repository")
                .hint("Put the plan into the repository, or name the repository's folder with `dir`."));
        }
        let said = self
            .git
            .run(
                &dir,
                &[
                    "status",
                    "--porcelain=v2",
                    "--branch",
                    "-z",
                    "--untracked-files=all",
                    "--ignore-submodules=dirty",
                ],
            )
            .await?;
        if !said.ok() {
            return Err(refused("git status", &said.stderr));
        }
        let standing = standing(&said.parts());
        let short = self.git.run(&dir, &["rev-parse", "--short", "HEAD"]).await?;
        let short = short.ok().then(|| short.text());
        let mut judgements = judge(&expect, &standing);
        if let Some(wanted) = &expect.contains_commit {
            judgements.push(self.contains(&dir, wanted).await?);
        }
        if let Some(since) = &expect.unchanged_since {
            judgements.push(self.unchanged(&dir, since).await?);
        }
        let dirty = !standing.changed.is_empty();
        let changed: Vec<&String> = standing.changed.iter().take(SHOWN).collect();
        Ok(Found {
            outputs: vec![
                ("commit", json!(standing.commit)),
                ("short", json!(short)),
                ("branch", json!(standing.branch)),
                ("dirty", json!(dirty)),
                ("changed_files", json!(changed)),
                ("ahead", json!(standing.ahead)),
                ("behind", json!(standing.behind)),
            ],
            judgements,
            note: (dirty && expect.clean.is_none())
                .then(|| format!("{} files are changed or new and not committed", standing.changed.len())),
        })
    }
}

impl State {
    async fn contains(&self, dir: &Path, wanted: &str) -> Result<Judgement, Diagnosis> {
        let Some(commit) = self.commit(dir, wanted).await? else {
            return Ok(judged("history contains", wanted, "no such commit, branch or tag here", false));
        };
        let said = self.git.run(dir, &["merge-base", "--is-ancestor", commit.as_str(), "HEAD"]).await?;
        match said.exit {
            0 => Ok(judged("history contains", wanted, "contained", true)),
            1 => Ok(judged("history contains", wanted, "not contained", false)),
            _ => Err(refused("git merge-base", &said.stderr)),
        }
    }

    async fn unchanged(&self, dir: &Path, since: &UnchangedSince) -> Result<Judgement, Diagnosis> {
        let what = format!("changed since {}", since.base);
        let Some(commit) = self.commit(dir, &since.base).await? else {
            return Ok(judged(what, "none", "no such commit, branch or tag here", false));
        };
        let mut words = vec!["diff", "--no-ext-diff", "--no-textconv", "--name-only", "-z", "--relative"];
        words.extend(["--no-renames", "--ignore-submodules=dirty", commit.as_str(), "--"]);
        words.extend(since.paths.iter().map(String::as_str));
        let said = self.git.run(dir, &words).await?;
        if !said.ok() {
            return Err(refused("git diff", &said.stderr));
        }
        let changed = said.parts();
        let found = list(changed.iter().take(20).map(String::as_str));
        Ok(judged(what, "none", found, changed.is_empty()))
    }

    async fn commit(&self, dir: &Path, name: &str) -> Result<Option<String>, Diagnosis> {
        plain(name)?;
        let wanted = format!("{name}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", wanted.as_str()];
        let said = self.git.run(dir, &words).await?;
        Ok(said.ok().then(|| said.text()))
    }
}

/// A name of a commit that cannot be taken for an option.
fn plain(name: &str) -> Result<(), Diagnosis> {
    if name.is_empty() || name.starts_with('-') || name.chars().any(char::is_control) {
        return Err(Diagnosis::of(format!("`{name}` is no name of a commit, branch or tag"))
            .hint("Correct it in the plan."));
    }
    Ok(())
}

/// Reads `git status --porcelain=v2 --branch -z`.
pub(super) fn standing(parts: &[String]) -> Standing {
    let mut found = Standing::default();
    let mut parts = parts.iter();
    while let Some(part) = parts.next() {
        let (kind, rest) = part.split_once(' ').unwrap_or((part, ""));
        let fields = |count: usize| rest.splitn(count, ' ').last().map(str::to_owned);
        match kind {
            "#" => header(rest, &mut found),
            "1" => found.changed.extend(fields(8)),
            "2" => {
                found.changed.extend(fields(9));
                // The name before a rename stands in a part of its own.
                parts.next();
            }
            "u" => found.changed.extend(fields(10)),
            "?" => found.changed.push(rest.to_owned()),
            _ => {}
        }
    }
    found
}

fn header(line: &str, found: &mut Standing) {
    let Some((name, value)) = line.split_once(' ') else { return };
    match name {
        "branch.oid" if value != "(initial)" => found.commit = Some(value.to_owned()),
        "branch.head" if value != "(detached)" => found.branch = Some(value.to_owned()),
        "branch.ab" => {
            let mut counts = value.split(' ').map(|count| count.trim_start_matches(['+', '-']).parse().ok());
            found.ahead = counts.next().flatten();
            found.behind = counts.next().flatten();
        }
        _ => {}
    }
}

fn judge(expect: &GitStateExpect, standing: &Standing) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    if let Some(clean) = expect.clean {
        let changed = list(standing.changed.iter().take(20).map(String::as_str));
        let found = if standing.changed.is_empty() { "nothing changed".to_owned() } else { changed };
        let expected = if clean { "nothing changed" } else { "something changed" };
        judgements.push(judged("working copy", expected, found, clean == standing.changed.is_empty()));
    }
    if let Some(branch) = &expect.branch {
        judgements.push(equal("branch", branch, standing.branch.as_deref().unwrap_or("none (detached)")));
    }
    if let Some(commit) = &expect.commit {
        let found = standing.commit.clone().unwrap_or_else(|| "none yet".into());
        let holds = commit.len() >= 4 && found.starts_with(&commit.to_ascii_lowercase());
        judgements.push(judged("commit", commit, found, holds));
    }
    let count = |found: Option<u32>| found.map_or("no upstream".to_owned(), |count| count.to_string());
    if let Some(ahead) = expect.ahead {
        judgements.push(equal("commits ahead of the upstream", ahead, count(standing.ahead)));
    }
    if let Some(behind) = expect.behind {
        judgements.push(equal("commits behind the upstream", behind, count(standing.behind)));
    }
    judgements
}

fn refused(what: &str, stderr: &str) -> Diagnosis {
    Diagnosis::of(format!("{what} failed"))
        .says("What git says", stderr.trim())
        .hint("Correct what git says, then retry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_with_renames_conflicts_and_odd_names() {
        let parts: Vec<String> = [
            "# branch.oid 0123456789",
            "# branch.head feature/x",
            "# branch.upstream origin/x",
            "# branch.ab +2 -1",
            "1 .M N... 100644 100644 100644 aaaa bbbb a file.tf",
            "2 R. N... 100644 100644 100644 aaaa bbbb R100 new name.tf",
            "old name.tf",
            "u UU N... 100644 100644 100644 100644 aaaa bbbb cccc both.tf",
            "? new.tf",
        ]
        .map(str::to_owned)
        .into();
        let found = standing(&parts);
        assert_eq!(found.changed, ["a file.tf", "new name.tf", "both.tf", "new.tf"]);
        assert_eq!(
            (found.ahead, found.behind, found.branch.as_deref()),
            (Some(2), Some(1), Some("feature/x"))
        );
        let detached = standing(&["# branch.oid (initial)".into(), "# branch.head (detached)".into()]);
        assert_eq!(detached, Standing::default());
    }
}
