//! What is shown while a failure is saved as a known problem.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A line of a failure, and what it could be recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownMessage {
    /// Where it was seen: `log`, `api_error`, …
    pub place: String,
    /// The line, without secrets.
    pub text: String,
    /// The expression proposed for it; null when too few words are left to tell it from anything else.
    pub regex: Option<String>,
}

/// Where a problem can be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownFolder {
    /// `user` or `plan`.
    #[ts(type = "\"user\" | \"plan\"")]
    pub to: String,
    /// The folder.
    pub folder: String,
}

/// What a failure offers to be recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownOffer {
    /// Its lines, the one first that most likely names its cause.
    pub messages: Vec<KnownMessage>,
    /// Where it can be saved.
    pub folders: Vec<KnownFolder>,
}

/// A known problem before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownDraft {
    /// The file that would be written.
    pub file: String,
    /// What would be in it; null while something is wrong.
    pub yaml: Option<String>,
    /// Whether the expression matches the message.
    pub matches: bool,
    /// Why it cannot be saved as it is: the field, and what is wrong with it.
    pub faults: Vec<(String, String)>,
}

/// A known problem, saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KnownSaved {
    /// Its id.
    pub id: String,
    /// The file.
    pub file: String,
}
