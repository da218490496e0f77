//! The folder of a program's generated configuration. One whose Holdpoint was killed is swept by the next.
//!
//! A lock of the system is held in it: the system lets go of it however its holder ends, and no id of a process, which
//! another one may have by now, is asked.

use holdpoint_api::Problem;
use std::fs::{File, TryLockError};
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "holdpoint-exec-";
const LOCK: &str = "lock";

/// A folder that only this user reads; removed when dropped.
pub(crate) struct ExecFolder {
    /// First: what is open cannot be removed everywhere.
    lock: Option<File>,
    folder: TempDir,
}

impl ExecFolder {
    /// Makes one, after those were swept that nobody holds.
    ///
    /// # Errors
    /// None could be made.
    pub(crate) fn make() -> Result<Self, Problem> {
        let failed = |error: std::io::Error| {
            Problem::new(format!("no folder for the program's configuration could be made: {error}"))
                .hint("make room in the folder of temporary files, or set TMPDIR to one of your own")
        };
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().map_err(failed)?;
        if let Some(all) = folder.path().parent() {
            sweep(all);
        }
        // Named only when it is held: whoever sweeps meanwhile leaves a folder without this name alone.
        let before = folder.path().join("lock.new");
        let lock = File::create_new(&before).map_err(failed)?;
        lock.lock().map_err(failed)?;
        std::fs::rename(&before, folder.path().join(LOCK)).map_err(failed)?;
        Ok(Self { lock: Some(lock), folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for ExecFolder {
    fn drop(&mut self) {
        self.lock = None;
    }
}

/// What cannot be looked at or removed is left: it is no reason to start nothing.
fn sweep(all: &Path) {
    let Ok(entries) = std::fs::read_dir(all) else { return };
    for entry in entries.flatten() {
        let is_one = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_one && is_own_folder(&entry.path()) && is_left(&entry.path()) {
            match std::fs::remove_dir_all(entry.path()) {
                Ok(()) => tracing::debug!(path = %entry.path().display(), "swept what a killed exec left"),
                Err(error) => {
                    tracing::debug!(path = %entry.path().display(), %error, "what a killed exec left stays");
                }
            }
        }
    }
}

/// Others may put anything into a folder of temporary files.
fn is_own_folder(path: &Path) -> bool {
    let Ok(about) = std::fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&about) != rustix::process::getuid().as_raw() {
        return false;
    }
    about.is_dir()
}

fn is_left(folder: &Path) -> bool {
    let path = folder.join(LOCK);
    if !std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file()) {
        return false;
    }
    let Ok(lock) = File::open(&path) else { return false };
    match lock.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}
