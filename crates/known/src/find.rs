//! Which problems the evidence shows.

use crate::catalogue::{Also, READ, Rule};
use crate::{Evidence, Place, Problem};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

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
    // By problem, where it is shown first: number of the text, offset in it.
    let mut first: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (number, (place, text)) in evidence.texts().enumerate() {
        for rule in catalogue.any.matches(text).into_iter().filter_map(|index| catalogue.rules.get(index)) {
            let Some(found) = rule.regex.find(text).filter(|_| rule.holds(place, evidence)) else { continue };
            let at = (number, found.start());
            first.entry(rule.problem).and_modify(|before| *before = at.min(*before)).or_insert(at);
        }
    }
    let mut found: Vec<(&'static Problem, (usize, usize))> =
        first.into_iter().filter_map(|(index, at)| Some((catalogue.problems.get(index)?, at))).collect();
    let hidden: BTreeSet<&str> =
        found.iter().flat_map(|(problem, _)| problem.hides.iter().map(String::as_str)).collect();
    found.retain(|(problem, _)| !hidden.contains(problem.id.as_str()));
    found.sort_by_key(|(problem, at)| (Reverse(problem.priority), *at));
    let texts: Vec<&str> = evidence.texts().map(|(_, text)| text).collect();
    let line = |(number, offset): (usize, usize)| {
        texts.get(number).map_or_else(String::new, |text| line(text, offset))
    };
    found.into_iter().map(|(problem, at)| Match { problem, line: line(at) }).collect()
}

impl Rule {
    fn holds(&self, place: Place, evidence: &Evidence) -> bool {
        is_in(&self.places, place)
            && self.all.iter().all(|also| also.is_seen(evidence))
            && !self.none.iter().any(|also| also.is_seen(evidence))
    }
}

impl Also {
    fn is_seen(&self, evidence: &Evidence) -> bool {
        evidence.texts().any(|(place, text)| is_in(&self.places, place) && self.regex.is_match(text))
    }
}

fn is_in(places: &[Place], place: Place) -> bool {
    places.is_empty() || places.contains(&place)
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
