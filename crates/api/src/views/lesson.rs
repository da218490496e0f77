//! A failure on its way into the plan's preflight.

use serde::Serialize;
use ts_rs::TS;

/// One way to keep a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LessonOffer {
    /// `check`, `same` or `item`.
    pub id: String,
    /// What it is.
    pub title: String,
}

/// A lesson as it would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LessonView {
    /// The plan's file.
    pub path: String,
    /// SHA-256 of it as it is.
    pub digest: String,
    /// Id of the step that comes in.
    pub id: String,
    /// Which of the offers is shown.
    pub kind: String,
    /// The change, as a unified diff.
    pub diff: String,
    /// All ways to keep it, the best first.
    pub offers: Vec<LessonOffer>,
}
