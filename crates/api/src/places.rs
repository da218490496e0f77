//! Where Holdpoint keeps things: everything is below one folder, `HOLDPOINT_HOME`.

use crate::Problem;
use std::path::{Path, PathBuf};

/// The folder and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) home: PathBuf,
}

impl Places {
    /// Makes the folder, for this user alone.
    pub(crate) fn make(home: &Path) -> Result<Self, Problem> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(home).map_err(|error| {
            Problem::new(format!("{} could not be made: {error}", home.display()))
                .hint("set HOLDPOINT_HOME to a folder that can be written, or make room on its disk")
        })?;
        Ok(Self { home: home.to_owned() })
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.home.join("ledger.sqlite3")
    }

    /// What is computed of journals; may be deleted at any time.
    pub(crate) fn derived(&self) -> PathBuf {
        self.home.join("derived.sqlite3")
    }

    pub(crate) fn anchors(&self) -> PathBuf {
        self.home.join("anchors")
    }

    pub(crate) fn run(&self, run: &str) -> PathBuf {
        self.home.join("runs").join(run)
    }

    pub(crate) fn trust(&self) -> PathBuf {
        self.home.join("trust.json")
    }

    pub(crate) fn recent(&self) -> PathBuf {
        self.home.join("recent.json")
    }

    /// Where the user's own known problems are, in [`FOLDER`](crate::own::FOLDER).
    pub(crate) fn known(&self) -> PathBuf {
        self.home.clone()
    }

    pub(crate) fn examples(&self) -> PathBuf {
        self.home.join("examples")
    }
}
