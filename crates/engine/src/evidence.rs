//! The log of a piece of work, kept whole: every line goes to a file before it goes to the screen, so that neither a
//! crash nor an operator who stops the work loses it.

use crate::folder::{FolderError, RunFolder};
use crate::{Clock, Note};
use holdpoint_run::{At, Evidence, Work};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

/// Logs of works in progress.
pub(crate) struct EvidenceLog {
    folder: RunFolder,
    clock: Arc<dyn Clock>,
    open: BTreeMap<Work, File>,
}

impl EvidenceLog {
    pub(crate) fn new(folder: RunFolder, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock, open: BTreeMap::new() }
    }

    /// Takes a line, already redacted.
    pub(crate) fn take(&mut self, work: &Work, note: &Note) -> Result<(), FolderError> {
        let Note::Line { source, at, text } = note else { return Ok(()) };
        let at = at.map_or_else(|| self.clock.now(), At);
        let line = format!("{at} {source} {text}\n");
        if !self.open.contains_key(work) {
            self.open.insert(work.clone(), self.folder.open_log(&name(work))?);
        }
        match self.open.get_mut(work) {
            Some(file) => self.folder.write_log(file, &name(work), line.as_bytes()),
            None => Ok(()),
        }
    }

    /// Works whose log is not kept yet.
    pub(crate) fn open(&self) -> Vec<Work> {
        self.open.keys().cloned().collect()
    }

    /// Keeps the log of a work under its digest; `None` when it said nothing. A driver before this one may have begun it.
    pub(crate) fn close(&mut self, work: &Work) -> Result<Option<Evidence>, FolderError> {
        self.open.remove(work);
        let name = name(work);
        let Some(bytes) = self.folder.log(&name)? else { return Ok(None) };
        let digest = self.folder.keep(&bytes)?;
        Ok(Some(Evidence { name, digest, media: "text/plain".into(), bytes: bytes.len() as u64 }))
    }

    /// Forgets the log of a work, once the journal names what was kept. Who dies in between has its lines twice, which is
    /// better than never.
    pub(crate) fn forget(&self, work: &Work) -> Result<(), FolderError> {
        self.folder.forget_log(&name(work))
    }
}

fn name(work: &Work) -> String {
    format!("{}.log", work.to_string().replace(' ', "-"))
}
