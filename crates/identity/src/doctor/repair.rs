//! Repairs: each can be shown before it is made.

use crate::config::{Draft, EditError, Undo, apply};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How a finding is repaired.
#[derive(Debug, Clone)]
pub enum Repair {
    /// A change of a file's text.
    Edit(Draft),
    /// Other permissions.
    Chmod {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits now.
        from: u32,
        /// Those that it gets.
        to: u32,
    },
    /// Files that are moved to the backups.
    Remove(Vec<PathBuf>),
    /// What a person types; never run by the doctor.
    Command(String),
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// A text was changed; this takes it back.
    Edited(Undo),
    /// Permissions were changed.
    Chmod,
    /// So many files were moved to the backups.
    Removed(usize),
}

/// Why a repair was not made.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The change of a text.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The system refuses.
    #[error("{path} cannot be repaired: {why}; do it as the file's owner")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: std::io::Error,
    },
    /// It is a person's to do.
    #[error("this is yours to do: {0}")]
    Yours(String),
}

impl Repair {
    /// What it would change, for people: a unified diff, or the commands that do the same.
    pub fn preview(&self) -> String {
        match self {
            Self::Edit(draft) => draft.diff().to_owned(),
            Self::Chmod { path, from, to } => {
                format!("chmod {to:o} {}    (now {from:o})\n", path.display())
            }
            Self::Remove(paths) => paths.iter().map(|path| format!("rm {}\n", path.display())).collect(),
            Self::Command(text) => format!("{text}\n"),
        }
    }

    /// Whether [`repair`] makes it; a command is a person's.
    pub fn is_automatic(&self) -> bool {
        match self {
            Self::Edit(_) | Self::Chmod { .. } | Self::Remove(_) => true,
            Self::Command(_) => false,
        }
    }
}

/// Makes a repair. What a file held before is in `backups`.
///
/// # Errors
/// [`RepairError`]: nothing was changed, or, of several files, those before the one that is named.
pub fn repair(repair: &Repair, backups: &Path, at: SystemTime) -> Result<Done, RepairError> {
    match repair {
        Repair::Edit(draft) => Ok(Done::Edited(apply(draft, backups, at)?)),
        Repair::Chmod { path, from, to } => chmod(path, *from, *to),
        Repair::Remove(paths) => {
            for path in paths {
                crate::config::retire(path, backups, at)?;
            }
            Ok(Done::Removed(paths.len()))
        }
        Repair::Command(text) => Err(RepairError::Yours(text.clone())),
    }
}

#[cfg(unix)]
fn chmod(path: &Path, from: u32, to: u32) -> Result<Done, RepairError> {
    use std::os::unix::fs::PermissionsExt as _;
    let io = |why| RepairError::Io { path: path.to_owned(), why };
    let about = std::fs::symlink_metadata(path).map_err(io)?;
    if about.is_symlink() || about.permissions().mode() & 0o7777 != from {
        return Err(EditError::ChangedSince { path: path.to_owned() }.into());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(to)).map_err(io)?;
    Ok(Done::Chmod)
}

#[cfg(not(unix))]
fn chmod(path: &Path, _: u32, to: u32) -> Result<Done, RepairError> {
    Err(RepairError::Yours(format!(
        "take other users' permissions from {} (as chmod {to:o} would)",
        path.display()
    )))
}
