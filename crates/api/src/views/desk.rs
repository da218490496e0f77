//! Drafts of configuration files, what each client would do, and the doctor.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A change that is shown before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftView {
    /// What `draft.apply` and `draft.undo`, or `doctor.repair`, name it by.
    pub id: String,
    /// What it does, in words.
    pub title: String,
    /// The file.
    pub path: String,
    /// What changes, as a unified diff; empty when nothing does, or when no text is changed.
    pub diff: String,
    /// What is done that is no text: a mode, a file removed, a command for the person to run.
    pub action: Option<String>,
    /// Profiles that it writes.
    pub profiles: Vec<String>,
    /// What keeps it from being applied, or is to be known before.
    pub problems: Vec<String>,
    /// Whether it can be applied.
    pub can_apply: bool,
    /// It was applied.
    pub applied: bool,
    /// It was applied and can be undone.
    pub can_undo: bool,
    /// Copy of the file as it was before, once applied.
    pub backup: Option<String>,
}

/// What a client would do with a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AnswerView {
    /// Which client: "AWS CLI, boto3".
    pub client: String,
    /// Asked with the profile by name (`--profile`); else by `AWS_PROFILE`.
    pub explicit: bool,
    /// Where it takes credentials from.
    pub source: String,
    /// The account, where the files say.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The rule.
    pub why: String,
    /// It differs from what Holdpoint would use.
    pub differs: bool,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingWeight {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// It will surprise somebody.
    Warning,
    /// Something does not work.
    Problem,
}

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DoctorFinding {
    /// What documents name it by.
    pub code: String,
    /// How much it matters.
    pub weight: FindingWeight,
    /// In one line.
    pub title: String,
    /// In a few.
    pub said: String,
    /// Where: a file, with its line, or a thing.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// What a repair would do, in words; null when there is none.
    pub repair: Option<String>,
}

/// An examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DoctorView {
    /// What is not as it should be, the heaviest first.
    pub findings: Vec<DoctorFinding>,
    /// What is.
    pub fine: Vec<DoctorFinding>,
    /// When.
    pub at: String,
}
