//! Locks between processes of Holdpoint: advisory, in its own folder, gone with their process.
//!
//! The AWS CLI takes none of them, and none lies in its folders.

use super::cache::make_private;
use super::error::Trouble;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a lock that another process holds is asked for. The system's own waiting cannot be cancelled.
const EVERY: Duration = Duration::from_millis(20);

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

/// Who may hold the lock.
pub(crate) enum Try {
    Held(Lock),
    /// Another does, and left this note in it.
    Other {
        note: String,
    },
}

/// Takes the lock `name` below `home`, or says who has it.
pub(crate) fn try_take(home: &Path, name: &str) -> Result<Try, Trouble> {
    let folder = home.join("sso");
    make_private(&folder)?;
    let path = folder.join(format!("{name}.lock"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(|error| Trouble::io(&path, "locked", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Try::Held(Lock { file, path })),
        Err(TryLockError::WouldBlock) => Ok(Try::Other { note: note_in(&file) }),
        Err(TryLockError::Error(error)) => Err(Trouble::io(&path, "locked", &error)),
    }
}

/// Takes the lock, however long another process holds it.
pub(crate) async fn take(home: &Path, name: &str) -> Result<Lock, Trouble> {
    loop {
        match try_take(home, name)? {
            Try::Held(lock) => return Ok(lock),
            Try::Other { .. } => tokio::time::sleep(EVERY).await,
        }
    }
}

impl Lock {
    /// What the last holder left in it.
    pub(crate) fn note(&self) -> String {
        note_in(&self.file)
    }

    /// Leaves a note for who finds the lock taken, and for the next holder. It only informs: a note that cannot be
    /// written is left out.
    pub(crate) fn leave(&self, note: &str) {
        let mut file = &self.file;
        let written = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(note.as_bytes()));
        if let Err(error) = written {
            tracing::debug!(%error, path = %self.path.display(), "the note of a lock was not written");
        }
    }
}

fn note_in(mut file: &File) -> String {
    let mut note = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(1024).read_to_string(&mut note));
    if read.is_err() {
        note.clear();
    }
    note.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_other_reads_who() {
        let home = tempfile::tempdir().unwrap();
        let Try::Held(lock) = try_take(home.path(), "k").unwrap() else { panic!("it is free") };
        lock.leave("a longer note");
        lock.leave("the console");
        let Try::Other { note } = try_take(home.path(), "k").unwrap() else { panic!("it is held") };
        assert_eq!(note, "the console");
        assert!(matches!(try_take(home.path(), "other").unwrap(), Try::Held(_)));
        drop(lock);
        let Try::Held(lock) = try_take(home.path(), "k").unwrap() else { panic!("it is free again") };
        assert_eq!(lock.note(), "the console");
    }
}
