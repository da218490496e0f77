//! How a call says no: `{code, message, hints, causes}`.

use holdpoint_engine::{EngineError, JournalError};
use holdpoint_run::{Diagnosis, Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// Why a call was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    /// Set where somebody branches on it: `untrusted`, `driven`, `silent`, `busy`, `plan_errors`, `not_found`, `usage`, `refused`.
    pub code: Option<String>,
    /// What happened, naming the thing and the place.
    pub message: String,
    /// What to do now.
    pub hints: Vec<String>,
    /// What led to it.
    pub causes: Vec<String>,
}

impl Problem {
    /// A problem of one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), hints: Vec::new(), causes: Vec::new() }
    }

    /// With a code that somebody branches on.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// With what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Whether it carries that code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, "\n  because {cause}"))?;
        self.hints.iter().try_for_each(|hint| write!(f, "\n  → {hint}"))
    }
}

impl std::error::Error for Problem {}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Identity(diagnosis) => (*diagnosis).into(),
            EngineError::Journal(JournalError::Refused(refusal)) => refusal.into(),
            EngineError::Driven(_) => Self::new(error.to_string()).code("driven"),
            EngineError::Silent(_) => Self::new(error.to_string()).code("silent").hint(
                "take it over all the same: its next write to the journal, and its next call, are refused",
            ),
            EngineError::Busy { .. } => Self::new(error.to_string())
                .code("busy")
                .hint("ask again then; it goes on until somebody does"),
            EngineError::Journal(_)
            | EngineError::Folder(_)
            | EngineError::Halted(_)
            | EngineError::PlanAltered { .. } => Self::new(error.to_string()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.to_string()).code("refused");
        if let Refusal::Caution { id, .. } = refusal {
            return problem.hint(format!("at the terminal: `--accept {id}=WHY`"));
        }
        problem
    }
}

impl From<Diagnosis> for Problem {
    fn from(diagnosis: Diagnosis) -> Self {
        let causes = diagnosis.says.iter().map(|said| format!("{}: {}", said.who, said.what)).collect();
        let known = recognised(&diagnosis);
        let hints = diagnosis.hints.into_iter().chain(known).collect();
        Self { code: None, message: diagnosis.headline, hints, causes }
    }
}

/// The known problem that a refusal shows, the likeliest one: what it means, where it comes from, how it is repaired. What was
/// refused before a run has no step that it could be shown beside.
fn recognised(diagnosis: &Diagnosis) -> Vec<String> {
    let found = holdpoint_known::find(&holdpoint_engine::evidence(diagnosis));
    let Some(problem) = found.first().map(|found| found.problem) else { return Vec::new() };
    let about =
        format!("Known problem: {}. {} {}", problem.title, problem.meaning.trim(), problem.cause.trim());
    std::iter::once(about).chain(problem.repairs.iter().map(|repair| format!("repair: {repair}"))).collect()
}

macro_rules! plainly {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        })+
    };
}

plainly!(
    holdpoint_engine::FolderError,
    holdpoint_engine::JournalError,
    holdpoint_ledger::LedgerError,
    holdpoint_ledger::AnchorError,
    holdpoint_vault::VaultError,
    holdpoint_identity::PrefsError,
    holdpoint_identity::ProfilesError,
    holdpoint_run::BadRunId,
);
