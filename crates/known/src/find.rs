//! Which problems the evidence shows.

use crate::catalogue::READ;
use crate::compile::{Rules, Seen};
use crate::{Evidence, Problem};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Longest [`Match::line`], in characters.
const LONGEST: usize = 240;

/// A problem that the evidence shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The problem.
    pub problem: &'static Problem,
    /// The line that shows it, shortened around what matched.
    pub line: String,
}

/// The problems that the evidence shows, best first: what names a cause before what is a symptom, and of equals what
/// was said first, since the first error is the cause and the rest are noise. What is only a consequence of another
/// problem found is left out.
pub fn find(evidence: &Evidence) -> Vec<Match> {
    let catalogue = &*READ;
    let found = ordered(&catalogue.rules, evidence, |index| catalogue.problems.get(index));
    found.into_iter().map(|(_, problem, line)| Match { problem, line }).collect()
}

/// The problems of a set that the evidence shows, best first: index, problem, and the line that shows it.
pub(crate) fn ordered<'p>(
    rules: &Rules,
    evidence: &Evidence,
    problem: impl Fn(usize) -> Option<&'p Problem>,
) -> Vec<(usize, &'p Problem, String)> {
    let shown = rules.shown(evidence).into_iter();
    let mut found: Vec<(usize, &'p Problem, Seen)> =
        shown.filter_map(|(index, at)| Some((index, problem(index)?, at))).collect();
    let hidden: BTreeSet<&str> =
        found.iter().flat_map(|(_, problem, _)| problem.hides.iter().map(String::as_str)).collect();
    found.retain(|(_, problem, _)| !hidden.contains(problem.id.as_str()));
    found.sort_by_key(|(_, problem, at)| (Reverse(problem.priority), *at));
    let texts: Vec<&str> = evidence.texts().map(|(_, text)| text).collect();
    let line = |(number, offset): Seen| texts.get(number).map_or_else(String::new, |text| line(text, offset));
    found.into_iter().map(|(index, problem, at)| (index, problem, line(at))).collect()
}

/// The line around an offset. Of a long one the part that begins a little before what matched.
fn line(text: &str, offset: usize) -> String {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let before = before.get(start..).unwrap_or_default().trim_start();
    // An expression may begin with the end of a line: then the line is the next one that says something.
    let after = if before.is_empty() { after.trim_start() } else { after };
    let after = after.lines().next().unwrap_or_default().trim_end();
    let whole = before.chars().count() + after.chars().count();
    if whole <= LONGEST {
        return format!("{before}{after}");
    }
    let lead = before.chars().count().saturating_sub(LONGEST / 4);
    let shown: String = before.chars().skip(lead).chain(after.chars()).take(LONGEST - 2).collect();
    let cut = if whole - lead > LONGEST - 2 { "\u{2026}" } else { "" };
    format!("{}{shown}{cut}", if lead > 0 { "\u{2026}" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_around_what_matched() {
        assert_eq!(line("one\n  two three \nfour", 6), "two three");
        assert_eq!(line("one", 0), "one");
        let long = format!("{}needle{}", "é".repeat(500), "x".repeat(500));
        let shown = line(&long, 1000);
        assert!(shown.contains("needle") && shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert_eq!(shown.chars().count(), LONGEST);
    }
}
