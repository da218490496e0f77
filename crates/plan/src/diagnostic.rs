//! What is wrong with a plan, where, and what to do about it.

use crate::Fix;
use serde::{Deserialize, Serialize};

/// A range of bytes in the text of the plan as it was read (after decoding, before any repair for viewing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan cannot be run.
    Error,
    /// It can be run, and somebody will be sorry.
    Warning,
    /// Worth knowing.
    Note,
}

/// One finding. All findings of a plan are reported at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable code such as `unknown-key`; its page is in `docs/findings.md`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, naming the thing.
    pub message: String,
    /// Where, in bytes.
    pub span: Span,
    /// Line of the start, from 1.
    pub line: usize,
    /// Column of the start in characters, from 1.
    pub column: usize,
    /// The line of source that `span` starts in, tabs kept, cut at 200 characters.
    pub excerpt: String,
    /// What to do, where there is something to say.
    pub hint: Option<String>,
    /// The repair that one click carries out, where there is one.
    #[serde(default)]
    pub fix: Option<Fix>,
}
