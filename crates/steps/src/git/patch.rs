//! A patch: which files it touches, whether it fits, and what a three-way merge makes of it.
//!
//! Whether it fits is tried on copies of the touched files in the step's own folder, so that looking changes nothing.

use super::process::{Git, Ran};
use crate::files::{Files, Place};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::GitApply;
use holdpoint_run::Diagnosis;
use holdpoint_run::chain::hex;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// A patch and where it goes.
#[derive(Debug)]
pub(crate) struct Patch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) reverse: bool,
    /// The folder that its paths start from, relative to the plan's folder.
    pub(crate) dir: Place,
    /// The top of the working copy, and the way from there to `dir`; none outside of a repository.
    pub(crate) top: Option<(PathBuf, PathBuf)>,
    /// Leading parts of its paths that are left out.
    pub(crate) strip: usize,
    /// Touched files, relative to `dir`.
    pub(crate) names: Vec<String>,
}

/// How a patch stands to the files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It can be applied.
    Applies,
    /// It was applied.
    Applied,
    /// It would fit both ways: what was cannot be told.
    Both,
    /// Neither, and what git says.
    Neither(String),
}

/// What a three-way merge gives.
pub(crate) enum Merged {
    /// A patch that fits, with paths from `dir` and one leading part; empty when everything is there already.
    Patch(Vec<u8>),
    /// These files are in conflict.
    Conflicts(Vec<String>),
    /// It cannot be tried.
    Impossible(String),
}

impl Patch {
    /// Reads a patch and checks its digest and every path in it.
    pub(crate) async fn read(
        git: &Git,
        files: &Files,
        task: &Task,
        with: &GitApply,
    ) -> Result<Self, Diagnosis> {
        let bytes = files.read(&task.folder, &with.patch).await?.ok_or_else(|| {
            Diagnosis::of(format!("There is no patch `{}`", with.patch)).hint("Put it beside the plan.")
        })?;
        let digest = hex(&Sha256::digest(&bytes));
        if !digest.eq_ignore_ascii_case(with.sha256.trim()) {
            return Err(Diagnosis::of(format!("`{}` is not the patch that the plan names", with.patch))
                .says("SHA-256 in the plan", with.sha256.clone())
                .says("SHA-256 of the file", digest)
                .hint("Review the file. If it is right, write its digest into the plan."));
        }
        let mut dir = files.inside(&task.folder, with.dir.as_deref().unwrap_or("."))?;
        dir.real = dir.real.canonicalize().map_err(|error| {
            Diagnosis::of(format!("`dir` of the patch cannot be looked at: {error}"))
                .hint("Correct it in the plan.")
        })?;
        let top = git.top(&dir.real).await?;
        let top = top.and_then(|top| {
            let way = dir.real.strip_prefix(&top).ok()?.to_owned();
            Some((top, way))
        });
        let scratch = fresh(&task.scratch, "named").await?;
        let words = ["apply", "--numstat", "-z", "--whitespace=nowarn", "-"];
        let said = git.alone(&scratch, &words, Some(&bytes)).await?;
        if !said.ok() {
            return Err(Diagnosis::of(format!("`{}` is no patch that git reads", with.patch))
                .says("What git says", said.stderr.trim())
                .hint("Make it with `git diff` or `git format-patch`."));
        }
        let mut names: Vec<String> =
            said.parts().iter().filter_map(|part| part.splitn(3, '\t').nth(2).map(str::to_owned)).collect();
        names.extend(left_by_renames(&bytes)?);
        names.sort();
        names.dedup();
        let strip = way_to_strip(top.as_ref().map(|(_, way)| way.as_path()), &names);
        for name in &mut names {
            *name = name.split('/').skip(strip).collect::<Vec<_>>().join("/");
            files.inside(&task.folder, &dir.relative.join(&name).to_string_lossy())?;
        }
        if names.is_empty() {
            return Err(
                Diagnosis::of(format!("`{}` touches no file", with.patch)).hint("Correct it in the plan.")
            );
        }
        Ok(Self { bytes, reverse: with.reverse, dir, top, strip, names })
    }

    /// A file that it touches, as a place of the plan's folder.
    pub(crate) fn place(&self, name: &str) -> Place {
        Place { real: self.dir.real.join(name), relative: self.dir.relative.join(name) }
    }

    /// Its words for `git apply`, with what is put before each path.
    pub(crate) fn words(&self, before: &Path, more: &[&str]) -> Vec<String> {
        let mut words =
            vec!["apply".to_owned(), "--whitespace=nowarn".to_owned(), format!("-p{}", self.strip + 1)];
        if !before.as_os_str().is_empty() {
            words.push(format!("--directory={}", before.display()));
        }
        if self.reverse {
            words.push("--reverse".into());
        }
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.push("-".into());
        words
    }

    /// Whether it fits, or fits already.
    pub(crate) async fn fit(&self, git: &Git, files: &Files, task: &Task) -> Result<Fit, Diagnosis> {
        let copies = self.stage(files, task, "fit").await?;
        let forward = self.tries(git, &copies, self.reverse).await?;
        let back = self.tries(git, &copies, !self.reverse).await?;
        Ok(match (forward.ok(), back.ok()) {
            (true, false) => Fit::Applies,
            (false, true) => Fit::Applied,
            (true, true) => Fit::Both,
            (false, false) => Fit::Neither(forward.stderr.trim().to_owned()),
        })
    }

    async fn tries(&self, git: &Git, copies: &Path, reverse: bool) -> Result<Ran, Diagnosis> {
        let mut words = vec!["apply".to_owned(), "--check".into(), "--whitespace=nowarn".into()];
        words.push(format!("-p{}", self.strip + 1));
        if reverse {
            words.push("--reverse".into());
        }
        words.push("-".into());
        git.alone(copies, &words, Some(&self.bytes)).await
    }

    /// Merges three ways in a repository of its own that borrows the objects of the real one.
    pub(crate) async fn merge(&self, git: &Git, files: &Files, task: &Task) -> Result<Merged, Diagnosis> {
        let Some((top, _)) = &self.top else {
            return Ok(Merged::Impossible("a three-way merge needs a git repository".into()));
        };
        let copies = self.stage(files, task, "merge").await?;
        let objects = git.run(top, &["rev-parse", "--path-format=absolute", "--git-path", "objects"]).await?;
        let made = git.alone(&copies, &["init", "--quiet"], None).await?;
        let info = copies.join(".git/objects/info");
        if !objects.ok() || !made.ok() {
            return Ok(Merged::Impossible(format!("{} {}", objects.stderr.trim(), made.stderr.trim())));
        }
        let alternates = async {
            tokio::fs::create_dir_all(&info).await?;
            tokio::fs::write(info.join("alternates"), format!("{}\n", objects.text())).await
        };
        alternates.await.map_err(|error| unwritable(&error))?;
        let staged =
            git.alone(&copies, &["-c", "core.autocrlf=false", "add", "--all", "--force"], None).await?;
        let before = git.alone(&copies, &["write-tree"], None).await?;
        if !staged.ok() || !before.ok() {
            return Ok(Merged::Impossible(format!("{} {}", staged.stderr.trim(), before.stderr.trim())));
        }
        if self.reverse {
            self.make_results(git, &copies).await?;
        }
        let merged = git.alone(&copies, &self.words(Path::new(""), &["--3way"]), Some(&self.bytes)).await?;
        let unmerged = git.alone(&copies, &["diff", "--name-only", "--diff-filter=U", "-z"], None).await?;
        let conflicts = unmerged.parts();
        if !conflicts.is_empty() {
            return Ok(Merged::Conflicts(conflicts));
        }
        if !merged.ok() {
            return Ok(Merged::Impossible(merged.stderr.trim().to_owned()));
        }
        let tree = before.text();
        let mut words = vec!["diff", "--cached", "--binary", "--full-index", "--no-renames", "--no-ext-diff"];
        words.extend(["--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", tree.as_str()]);
        let patch = git.alone(&copies, &words, None).await?;
        Ok(match patch.ok() {
            true => Merged::Patch(patch.stdout),
            false => Merged::Impossible(patch.stderr),
        })
    }

    /// Taking a patch back merges from what it had made, which no commit may hold: that is made anew, as objects only, from
    /// what the patch says that it was made from. Where that is not there, the merge will say so.
    async fn make_results(&self, git: &Git, copies: &Path) -> Result<(), Diagnosis> {
        let index = copies.join(".git/results.index");
        let strip = format!("-p{}", self.strip + 1);
        let ancestor = format!("--build-fake-ancestor={}", index.display());
        git.alone(copies, &["apply", ancestor.as_str(), strip.as_str(), "-"], Some(&self.bytes)).await?;
        let words = ["apply", "--cached", "--whitespace=nowarn", strip.as_str(), "-"];
        git.alone_with_index(copies, &index, &words, &self.bytes).await?;
        Ok(())
    }

    /// Copies of the touched files as they are now.
    async fn stage(&self, files: &Files, task: &Task, name: &str) -> Result<PathBuf, Diagnosis> {
        let copies = fresh(&task.scratch, name).await?;
        for name in &self.names {
            let bytes = files.bytes(&self.place(name)).await.map_err(|error| {
                Diagnosis::of(format!("`{name}` cannot be read: {error}"))
                    .hint("Look whether it may be read.")
            })?;
            if let Some(bytes) = bytes {
                write(&copies.join(name), &bytes).await.map_err(|error| unwritable(&error))?;
            }
        }
        Ok(copies)
    }
}

/// Writes a file and makes its folders.
pub(crate) async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    tokio::fs::write(path, bytes).await
}

/// The step's own folder could not be written.
pub(crate) fn unwritable(error: &io::Error) -> Diagnosis {
    Diagnosis::of(format!("The run's folder cannot be written: {error}"))
        .hint("Is the disk full? Make room, then retry.")
}

/// An empty folder in the step's own one.
async fn fresh(scratch: &Path, name: &str) -> Result<PathBuf, Diagnosis> {
    let path = scratch.join("git").join(name);
    match tokio::fs::remove_dir_all(&path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(&error)),
        _ => {}
    }
    tokio::fs::create_dir_all(&path).await.map_err(|error| unwritable(&error))?;
    path.canonicalize().map_err(|error| unwritable(&error))
}

/// A patch made at the repository's top names the way to the folder: that is left out.
fn way_to_strip(way: Option<&Path>, names: &[String]) -> usize {
    let Some(way) = way.filter(|way| !way.as_os_str().is_empty()) else { return 0 };
    let inside = |name: &String| Path::new(name).strip_prefix(way).is_ok();
    if names.iter().all(inside) { way.components().count() } else { 0 }
}

/// Names that renames leave: git's list has the new ones only.
fn left_by_renames(bytes: &[u8]) -> Result<Vec<String>, Diagnosis> {
    let text = String::from_utf8_lossy(bytes);
    let names = text.lines().filter_map(|line| line.strip_prefix("rename from "));
    names
        .map(|name| match name.starts_with('"') {
            true => Err(Diagnosis::of(format!("The patch renames a file with an odd name: {name}"))
                .hint("Make the patch with `git diff --no-renames`.")),
            // The first part, `a/`, is not written here.
            false => Ok(name.to_owned()),
        })
        .collect()
}
