//! What a step keeps in the run's folder: originals that are sealed, and evidence that anybody may read.

use crate::desktop::Desktop;
use async_trait::async_trait;
use holdpoint_run::{Command, Diagnosis, Evidence, Work};
use std::fmt;
use zeroize::Zeroize;

/// Bytes that were sealed. Their `Debug` shows nothing, and their memory is overwritten when they are dropped.
pub struct Unsealed(Vec<u8>);

impl Unsealed {
    /// Wraps them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one place that must hand them on.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsealed(…)")
    }
}

impl Drop for Unsealed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Where a step keeps what must outlive it.
#[async_trait]
pub trait Safe: Send + Sync {
    /// Seals an original that holds plain values: encrypted in the run's folder, deleted when the run closes. Returns the
    /// SHA-256 of the plain bytes, hex, by which [`Self::open`] gives them back.
    ///
    /// # Errors
    /// A diagnosis when the vault has no key for it, or the folder cannot be written.
    async fn seal(&self, plain: &[u8]) -> Result<String, Diagnosis>;

    /// What was sealed, checked against its digest.
    ///
    /// # Errors
    /// A diagnosis when nothing is sealed by that digest any more, or it was altered.
    async fn open(&self, digest: &str) -> Result<Unsealed, Diagnosis>;

    /// Keeps a file as evidence, named in the journal. What must never be seen is taken out of it first, so that it is the
    /// digest of the redacted bytes that the evidence has.
    ///
    /// # Errors
    /// A diagnosis when the folder cannot be written, or the run was stopped.
    async fn keep(&self, name: &str, media: &str, bytes: &[u8]) -> Result<Evidence, Diagnosis>;
}

/// The safe of a piece of work.
pub(crate) struct WorkSafe {
    pub(crate) desk: Desktop,
    pub(crate) work: Work,
}

#[async_trait]
impl Safe for WorkSafe {
    async fn seal(&self, plain: &[u8]) -> Result<String, Diagnosis> {
        let tools = &self.desk.tools;
        tools.seals.seal(&tools.folder, plain).await.map_err(|why| {
            Diagnosis::of(format!("An original could not be sealed, so it is not kept: {why}"))
                .hint("See that the vault is open and the run's folder can be written, then retry.")
        })
    }

    async fn open(&self, digest: &str) -> Result<Unsealed, Diagnosis> {
        let tools = &self.desk.tools;
        let opened = tools.seals.open(&tools.folder, digest).await;
        opened.map(Unsealed::new).map_err(|why| {
            Diagnosis::of(format!("What was sealed as {digest} cannot be opened: {why}"))
                .hint("Walk the step that sealed it again.")
        })
    }

    async fn keep(&self, name: &str, media: &str, bytes: &[u8]) -> Result<Evidence, Diagnosis> {
        let tools = &self.desk.tools;
        let clean = tools.redactor.redact_bytes(bytes);
        let digest = tools.folder.keep(&clean).map_err(|error| {
            Diagnosis::of(format!("{name} cannot be kept as evidence: {error}"))
                .hint("See that the run's folder can be written and has space, then retry.")
        })?;
        let evidence =
            Evidence { name: name.to_owned(), digest, media: media.to_owned(), bytes: clean.len() as u64 };
        let keep = Command::Keep { work: self.work.clone(), evidence: evidence.clone() };
        match self.desk.carry(keep).await {
            Ok(()) => Ok(evidence),
            Err(_) => Err(Diagnosis::of("The run was stopped before its evidence was kept")),
        }
    }
}
