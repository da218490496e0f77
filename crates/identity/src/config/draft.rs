//! A change that is made and not written yet: shown as a diff, checked against both grammars, applied in one move with
//! a backup, and taken back when nobody has changed the file since.

use super::compare::{alike, differences};
use super::doc::BadEdit;
use super::reading::{Grammar, Reading, SectionId, read};
use super::write;
use crate::FileKind;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A change to one file. Nothing is written before [`apply`].
#[derive(Clone)]
pub struct Draft {
    path: PathBuf,
    kind: FileKind,
    /// SHA-256 of the file that it was made from; `None` when there was none.
    before: Option<String>,
    after: String,
    touched: BTreeSet<SectionId>,
    diff: String,
}

/// What takes an applied change back, also in another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The file that was changed.
    pub path: PathBuf,
    /// Its bytes from before; `None` when the file was made.
    pub backup: Option<PathBuf>,
    /// SHA-256 of what was written, in hexadecimal.
    pub written: String,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Somebody else wrote the file in the meantime.
    #[error(
        "{path} was changed by another program since this change was prepared: nothing was written, prepare it again"
    )]
    ChangedSince {
        /// The file.
        path: PathBuf,
    },
    /// The result would be read differently by the two grammars, or would change somebody else's section.
    #[error("{path}: the change is not written, {why}")]
    ReadDifferently {
        /// The file.
        path: PathBuf,
        /// Where and how.
        why: String,
    },
    /// The file is not UTF-8 text.
    #[error("{path} is not UTF-8 text: save it as UTF-8, or let the doctor convert it, then try again")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// What was to be written cannot be.
    #[error("{path}: {why}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: BadEdit,
    },
    /// The system refuses; the file is as it was.
    #[error(
        "{path} cannot be {what}: {why}; the file is as it was, make room or correct its permissions and try again"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// Read, written, locked, …
        what: &'static str,
        /// The system's words.
        why: io::Error,
    },
}

impl Draft {
    /// Prepares a change of a file's text. `change` gets the text (empty when there is no file) and gives the new one
    /// with the sections that it means to change; any other section must stay as it is read.
    ///
    /// # Errors
    /// [`EditError`], also when the result would be read differently by the two grammars.
    pub fn of(
        path: &Path,
        kind: FileKind,
        change: impl FnOnce(&str) -> Result<(String, BTreeSet<SectionId>), BadEdit>,
    ) -> Result<Self, EditError> {
        let target = target_of(path)?;
        let bytes = bytes_of(&target)?;
        let before = bytes.as_deref().map(std::str::from_utf8).transpose();
        let before = before.map_err(|_| EditError::NotText { path: path.to_owned() })?;
        let bad = |why| EditError::Bad { path: path.to_owned(), why };
        let (after, touched) = change(before.unwrap_or_default()).map_err(bad)?;
        Self::new(path, kind, bytes.as_deref(), after, touched)
    }

    pub(super) fn new(
        path: &Path,
        kind: FileKind,
        before: Option<&[u8]>,
        after: String,
        touched: BTreeSet<SectionId>,
    ) -> Result<Self, EditError> {
        let draft = Self {
            path: path.to_owned(),
            kind,
            before: before.map(digest),
            diff: diff_of(path, before, &after),
            after,
            touched,
        };
        draft.check(before)?;
        Ok(draft)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A unified diff for people. Values of secret keys are not in it.
    pub fn diff(&self) -> &str {
        &self.diff
    }

    /// Whether the file would stay as it is.
    pub fn is_empty(&self) -> bool {
        self.before.as_deref() == Some(digest(self.after.as_bytes()).as_str())
            || (self.before.is_none() && self.after.is_empty())
    }

    /// The sections that it means to change.
    pub fn touched(&self) -> &BTreeSet<SectionId> {
        &self.touched
    }

    /// The text as it would be. The credentials file's has secrets in it: for tests and editors, not for a screen.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// Both grammars must read every section alike as before, the touched ones alike as one another, and the file
    /// must not become unreadable to either. A repair that makes a file readable to a grammar need not make the two
    /// agree in the same step: what they read differently from then on is a finding, and a repair, of its own.
    fn check(&self, before: Option<&[u8]>) -> Result<(), EditError> {
        let refuse = |why: String| Err(EditError::ReadDifferently { path: self.path.clone(), why });
        let text = before.map_or(Some(""), |bytes| std::str::from_utf8(bytes).ok());
        let (mut after, mut was_readable) = (Vec::new(), true);
        for grammar in [Grammar::Sdk, Grammar::Botocore] {
            let was = text.map(|text| read(grammar, self.kind, text));
            was_readable &= matches!(was, Some(Ok(_)));
            let will = match (read(grammar, self.kind, &self.after), &was) {
                (Ok(will), _) => will,
                // A repair that leaves fewer faults than there were is a step ahead.
                (Err(faults), Some(Err(old))) if faults.len() < old.len() => continue,
                (Err(faults), Some(Err(_))) => {
                    let first = faults.first().map(ToString::to_string).unwrap_or_default();
                    return refuse(format!(
                        "{grammar} cannot read the file as it is: {first}. Repair that first (`holdpoint doctor`)"
                    ));
                }
                (Err(faults), Some(Ok(_)) | None) => {
                    let first = faults.first().map(ToString::to_string).unwrap_or_default();
                    return refuse(format!("{grammar} could not read the file any more: {first}"));
                }
            };
            if let Some(Ok(was)) = was
                && let Some(id) = changed(&was, &will).find(|id| !self.touched.contains(id))
            {
                return refuse(format!(
                    "it would change how {grammar} read {id}, which it does not mean to change"
                ));
            }
            after.push(will);
        }
        if let ([sdk, botocore], true) = (after.as_slice(), was_readable)
            && let Some(found) =
                differences(sdk, botocore).into_iter().find(|d| self.touched.contains(&d.section))
        {
            return refuse(format!("line {} would be read in two ways: {}", found.line, found.said));
        }
        Ok(())
    }
}

/// Writes a draft: under a lock, only when the file is still the one it was made from, whole or not at all. What was
/// there before goes to `backups` as `<time>-<file name>`.
///
/// # Errors
/// [`EditError`]; the file is as it was.
pub fn apply(draft: &Draft, backups: &Path, at: SystemTime) -> Result<Undo, EditError> {
    let target = target_of(&draft.path)?;
    let _lock = lock(backups)?;
    let before = bytes_of(&target)?;
    if before.as_deref().map(digest) != draft.before {
        return Err(EditError::ChangedSince { path: draft.path.clone() });
    }
    draft.check(before.as_deref())?;
    let backup = match &before {
        Some(bytes) => Some(back_up(backups, &target, bytes, at)?),
        None => None,
    };
    write::replace(&target, draft.after.as_bytes()).map_err(io_error(&draft.path, "written"))?;
    Ok(Undo { path: draft.path.clone(), backup, written: digest(draft.after.as_bytes()) })
}

/// Takes an applied change back: the bytes from before, or no file when there was none.
///
/// # Errors
/// [`EditError::ChangedSince`] when anybody has written the file since; its backup stays.
pub fn undo(undo: &Undo, backups: &Path) -> Result<(), EditError> {
    let target = target_of(&undo.path)?;
    let _lock = lock(backups)?;
    if bytes_of(&target)?.as_deref().map(digest).as_deref() != Some(undo.written.as_str()) {
        return Err(EditError::ChangedSince { path: undo.path.clone() });
    }
    match &undo.backup {
        Some(backup) => {
            let bytes = std::fs::read(backup).map_err(io_error(backup, "read"))?;
            write::replace(&target, &bytes).map_err(io_error(&undo.path, "written"))
        }
        None => std::fs::remove_file(&target).map_err(io_error(&undo.path, "removed")),
    }
}

/// Moves a file that nobody needs any more to the backups.
///
/// # Errors
/// [`EditError::Io`]; the file is where it was.
pub(crate) fn retire(path: &Path, backups: &Path, at: SystemTime) -> Result<(), EditError> {
    let _lock = lock(backups)?;
    // A symbolic link is itself what is removed.
    let Some(bytes) = bytes_of(path)? else { return Ok(()) };
    back_up(backups, path, &bytes, at)?;
    std::fs::remove_file(path).map_err(io_error(path, "removed"))
}

/// Sections that the two readings have differently.
fn changed<'a>(was: &'a Reading, will: &'a Reading) -> impl Iterator<Item = &'a SectionId> {
    let ids: BTreeSet<_> = was.sections.keys().chain(will.sections.keys()).collect();
    ids.into_iter().filter(|id| !alike(was.section(id), will.section(id)))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Two of us at once wait for one another; the digest tells of everybody else.
fn lock(backups: &Path) -> Result<File, EditError> {
    let path = backups.join(".lock");
    write::make_folder(backups).map_err(io_error(backups, "made"))?;
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(io_error(&path, "opened"))?;
    file.lock().map_err(io_error(&path, "locked"))?;
    Ok(file)
}

/// A new file each time; its name sorts by time.
fn back_up(backups: &Path, target: &Path, bytes: &[u8], at: SystemTime) -> Result<PathBuf, EditError> {
    let time = DateTime::from(at).fmt(Format::DateTime).unwrap_or_default();
    let time: String = time.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut path = backups.join(format!("{time}-{name}"));
    let mut number = 2;
    while path.exists() {
        path = backups.join(format!("{time}-{name}-{number}"));
        number += 1;
    }
    write::replace(&path, bytes).map_err(io_error(&path, "written"))?;
    Ok(path)
}

fn target_of(path: &Path) -> Result<PathBuf, EditError> {
    write::target_of(path).map_err(io_error(path, "found"))
}

fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, EditError> {
    write::bytes_of(path).map_err(io_error(path, "read"))
}

fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> EditError {
    move |why| EditError::Io { path: path.to_owned(), what, why }
}

fn diff_of(path: &Path, before: Option<&[u8]>, after: &str) -> String {
    let before = String::from_utf8_lossy(before.unwrap_or_default());
    let (before, after) = (masked(&before), masked(after));
    let name = path.display().to_string();
    let diff = similar::TextDiff::from_lines(before.as_str(), after.as_str());
    diff.unified_diff().context_radius(2).header(&name, &name).to_string()
}

/// The text with the values of secret keys hidden, also in lines that are commented out.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut hides = false;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let end = &line[body.len()..];
        if line.starts_with([' ', '\t']) && hides && !body.trim().is_empty() {
            shown.push_str(" •••");
        } else if let Some(at) = body.find(['=', ':'])
            && is_secret(&body[..at])
        {
            hides = true;
            shown.push_str(&body[..=at]);
            shown.push_str(" •••");
        } else {
            hides = false;
            shown.push_str(body);
        }
        shown.push_str(end);
    }
    shown
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let names = ["secret", "password", "session_token", "security_token", "private_key", "refresh_token"];
    names.iter().any(|name| key.contains(name))
        || key.trim().trim_start_matches(['#', ';', ' ']) == "credential_process"
}

/// Without the text, which may have secrets in it.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("path", &self.path)
            .field("touched", &self.touched)
            .finish_non_exhaustive()
    }
}
