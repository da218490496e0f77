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
    stamp: Stamp,
}

/// A moment in words, kept for the lines of the same millisecond.
#[derive(Default)]
struct Stamp(Option<(At, String)>);

impl Stamp {
    fn of(&mut self, at: At) -> &str {
        if self.0.as_ref().is_none_or(|(of, _)| *of != at) {
            self.0 = Some((at, at.to_string()));
        }
        self.0.as_ref().map_or("", |(_, words)| words)
    }
}

impl EvidenceLog {
    pub(crate) fn new(folder: RunFolder, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock, open: BTreeMap::new(), stamp: Stamp::default() }
    }

    /// Takes what was told, already redacted: the lines of a work in one write, for a script may say a million of them.
    pub(crate) fn take(&mut self, told: &[(Work, Note)]) -> Result<(), FolderError> {
        for of_one in told.chunk_by(|(one, _), (next, _)| one == next) {
            let mut lines = String::new();
            for (_, note) in of_one {
                let Note::Line { source, at, text } = note else { continue };
                let at = at.map_or_else(|| self.clock.now(), At);
                let stamp = self.stamp.of(at);
                lines.extend([stamp, " ", source, " ", text, "\n"]);
            }
            if let Some((work, _)) = of_one.first().filter(|_| !lines.is_empty()) {
                self.write(work, lines.as_bytes())?;
            }
        }
        Ok(())
    }

    fn write(&mut self, work: &Work, lines: &[u8]) -> Result<(), FolderError> {
        if !self.open.contains_key(work) {
            self.open.insert(work.clone(), self.folder.open_log(&name(work))?);
        }
        match self.open.get_mut(work) {
            Some(file) => self.folder.write_log(file, &name(work), lines),
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
