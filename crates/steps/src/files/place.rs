//! Where files are: in the plan's folder and nowhere else, and in practice in the run's copy of those it changed.

use holdpoint_run::Diagnosis;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Longest file that is read.
const LONGEST: u64 = 8 * 1024 * 1024;

/// The files of a plan. In practice a step that changes one changes a copy, which is read instead from then on.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The run's folder, in practice.
    copies: Option<PathBuf>,
}

/// One file of the plan's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it really is.
    pub(crate) real: PathBuf,
    /// The same, relative to the plan's folder, without `.`.
    pub(crate) relative: PathBuf,
}

impl Files {
    /// The files as they are.
    pub(crate) fn live() -> Self {
        Self { copies: None }
    }

    /// The files, with copies of changed ones in the run's folder.
    pub(crate) fn practice(run: &Path) -> Self {
        Self { copies: Some(run.join("files")) }
    }

    /// Whether something was changed in practice.
    pub(crate) fn is_overlaid(&self) -> bool {
        self.copies.as_deref().is_some_and(Path::exists)
    }

    /// The folder of copies, in practice.
    pub(crate) fn copies(&self) -> Option<&Path> {
        self.copies.as_deref()
    }

    /// A path of a plan, refused where it leads out of the plan's folder, by its words or by a link.
    pub(crate) fn inside(&self, folder: &Path, path: &str) -> Result<Place, Diagnosis> {
        let out = |why: &str| {
            Diagnosis::of(format!("`{path}` leads out of the plan's folder{why}"))
                .hint("Name a file beside the plan, or below it.")
        };
        let mut relative = PathBuf::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) => relative.push(name),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(out("")),
            }
        }
        if relative.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git")) {
            return Err(Diagnosis::of(format!("`{path}` is in git's own folder"))
                .hint("Use `git.state` to look at a repository."));
        }
        let real = folder.join(&relative);
        let whole = folder.canonicalize().map_err(|error| unreadable(path, &error))?;
        // What does not exist yet is judged by the nearest folder that does.
        let mut existing = real.as_path();
        loop {
            match existing.canonicalize() {
                Ok(found) if found.starts_with(&whole) => return Ok(Place { real, relative }),
                Ok(_) => return Err(out(", by a link")),
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link(existing) => {}
                Err(error) => return Err(unreadable(path, &error)),
            }
            existing = existing.parent().ok_or_else(|| out(""))?;
        }
    }

    /// The bytes of a file; `None` when there is none.
    pub(crate) async fn read(&self, folder: &Path, path: &str) -> Result<Option<Vec<u8>>, Diagnosis> {
        let place = self.inside(folder, path)?;
        self.bytes(&place).await.map_err(|error| unreadable(path, &error))
    }

    /// The bytes of a place; `None` when there is no file.
    pub(crate) async fn bytes(&self, place: &Place) -> io::Result<Option<Vec<u8>>> {
        match self.copies() {
            None => plain(&place.real).await,
            Some(copies) => match plain(&copied(copies, &place.relative)).await? {
                Some(bytes) => Ok(Some(bytes)),
                None if gone(copies, &place.relative).exists() => Ok(None),
                None => plain(&place.real).await,
            },
        }
    }
}

/// Where a copy of a file is.
pub(crate) fn copied(copies: &Path, relative: &Path) -> PathBuf {
    copies.join("now").join(relative)
}

/// What stands for a file that was deleted in practice.
pub(crate) fn gone(copies: &Path, relative: &Path) -> PathBuf {
    copies.join("gone").join(relative)
}

async fn plain(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let about = match tokio::fs::metadata(path).await {
        Ok(about) => about,
        // A file where a folder would have to be: the path is not there either.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > LONGEST {
        return Err(io::Error::other(format!("it is longer than {} MiB", LONGEST / 1024 / 1024)));
    }
    tokio::fs::read(path).await.map(Some)
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())
}

fn unreadable(path: &str, error: &io::Error) -> Diagnosis {
    Diagnosis::of(format!("`{path}` cannot be read: {error}"))
        .hint("Look whether it is there and may be read, then retry.")
}
