//! What a sweep came to, kept for the table of `cargo xtask crash`.

use serde_json::json;
use std::io::Write as _;

/// How many cases of what a sweep had, and how many ended otherwise than they must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Cases.
    pub cases: usize,
    /// Of them those that broke the law.
    pub violations: usize,
}

/// Adds a line to the file that `HOLDPOINT_CRASH_FIGURES` names: the row of the table, what was done, and what was found.
/// Without that variable nobody asked.
pub fn record(row: &str, what: &str, found: Found) {
    #[expect(clippy::disallowed_methods, reason = "the sweep's own switch, read in tests alone")]
    let Some(path) = std::env::var_os("HOLDPOINT_CRASH_FIGURES") else { return };
    let line = json!({ "row": row, "what": what, "cases": found.cases, "violations": found.violations });
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    // One write: sweeps of other processes add theirs at the same time.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
