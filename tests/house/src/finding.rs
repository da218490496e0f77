//! What a rule has to say about a place.

use std::fmt;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `file:line`, or a crate's name for what has no line.
    pub place: String,
    /// Name of the rule.
    pub rule: &'static str,
    /// What stands there.
    pub found: String,
    /// Why the rule exists, and what to do instead.
    pub why: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}\n    {}", self.place, self.rule, self.found, self.why)
    }
}

/// All findings as one text; empty when there are none.
pub fn report(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
