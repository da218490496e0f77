//! The log of a piece of work, kept whole: every line goes to a file before it goes to the screen.

use crate::folder::{FolderError, RunFolder};
use crate::{Clock, Note};
use holdpoint_run::{At, Evidence, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines of works in progress.
pub(crate) struct EvidenceLog {
    folder: RunFolder,
    clock: Arc<dyn Clock>,
    open: BTreeMap<Work, Vec<u8>>,
}

impl EvidenceLog {
    pub(crate) fn new(folder: RunFolder, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock, open: BTreeMap::new() }
    }

    /// Takes a line, already redacted.
    pub(crate) fn take(&mut self, work: &Work, note: &Note) {
        if let Note::Line { source, at, text } = note {
            let at = at.map_or_else(|| self.clock.now(), At);
            let line = format!("{at} {source} {text}\n");
            self.open.entry(work.clone()).or_default().extend_from_slice(line.as_bytes());
        }
    }

    /// Keeps the log of a work that ended; `None` when it said nothing.
    pub(crate) fn close(&mut self, work: &Work) -> Result<Option<Evidence>, FolderError> {
        let Some(bytes) = self.open.remove(work) else { return Ok(None) };
        let digest = self.folder.keep(&bytes)?;
        let name = format!("{}.log", work.to_string().replace(' ', "-"));
        Ok(Some(Evidence { name, digest, media: "text/plain".into(), bytes: bytes.len() as u64 }))
    }
}
