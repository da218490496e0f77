//! What a run is driven with, and its refusals.

use crate::folder::{FolderError, RunFolder};
use crate::journal::{JournalError, Pen};
use crate::{Clock, Desk, Points, Registry};
use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use holdpoint_ledger::{Anchors, Ledger};
use holdpoint_redact::Redactor;
use holdpoint_run::Diagnosis;
use std::path::PathBuf;
use std::sync::Arc;

/// Keeps originals that hold plain values, and gives them back.
#[async_trait]
pub trait Seals: Send + Sync {
    /// Seals bytes in the run's folder; returns the digest that [`Self::open`] wants.
    async fn seal(&self, folder: &RunFolder, plain: &[u8]) -> Result<String, String>;

    /// The bytes again.
    async fn open(&self, folder: &RunFolder, digest: &str) -> Result<Vec<u8>, String>;
}

/// Everything that one run is driven with.
#[derive(Clone)]
pub struct Tools {
    /// Where the journal is.
    pub ledger: Arc<dyn Ledger>,
    /// Where anchors are.
    pub anchors: Anchors,
    /// The key that signs for this device.
    pub device: SigningKey,
    /// The kinds of step.
    pub registry: Registry,
    /// Identities.
    pub desk: Arc<dyn Desk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What must never be seen.
    pub redactor: Arc<Redactor>,
    /// Originals.
    pub seals: Arc<dyn Seals>,
    /// The run's folder.
    pub folder: RunFolder,
    /// Folder of the plan file, where relative paths start.
    pub plan_folder: PathBuf,
    /// Who drives: "pid 41 on host".
    pub driver: String,
    /// Who pulls the plug, in tests.
    pub points: Arc<dyn Points>,
}

impl Tools {
    pub(crate) fn pen(&self) -> Pen {
        Pen {
            ledger: Arc::clone(&self.ledger),
            anchors: self.anchors.clone(),
            device: self.device.clone(),
            clock: Arc::clone(&self.clock),
            points: Arc::clone(&self.points),
        }
    }
}

/// Why a run cannot be driven, or a command was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The journal says no, or cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the run's folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another process drives.
    #[error("this run is driven by {0}: it can be read here, not driven")]
    Driven(String),
    /// Another process drives, and does not answer who asks it to let go.
    #[error("{0} drives this run and does not answer: it may be stopped, hang, or be of an older version")]
    Silent(String),
    /// Another process drives, and has to end something before it lets go.
    #[error("{driver} drives this run and lets go only when {what}")]
    Busy {
        /// Who.
        driver: String,
        /// What must end first.
        what: String,
    },
    /// An identity was refused, or AWS could not be asked.
    #[error("{}", said(.0))]
    Identity(Box<Diagnosis>),
    /// It stopped in this process.
    #[error("this run has stopped here: {0}")]
    Halted(String),
    /// The plan kept in the folder is not the one that the run began with.
    #[error("the plan kept with run {run} was altered: its digest is {found}, the run began with {expected}")]
    PlanAltered {
        /// The run.
        run: String,
        /// Digest in the journal.
        expected: String,
        /// Digest of the file.
        found: String,
    },
}

fn said(diagnosis: &Diagnosis) -> String {
    let facts = diagnosis.says.iter().map(|said| format!("{}: {}", said.who, said.what));
    let hints = diagnosis.hints.iter().cloned();
    std::iter::once(diagnosis.headline.clone()).chain(facts).chain(hints).collect::<Vec<_>>().join("; ")
}
