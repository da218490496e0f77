//! Matchers as they are looked for: expressions compiled, within bounds, and all of a set looked for in one pass.

use crate::{Condition, Evidence, Matcher, Place};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::collections::BTreeMap;

/// Most memory that one expression may take, in bytes. All of our own stay within it; repetitions of repetitions do not,
/// and are refused.
pub(crate) const LARGEST: usize = 512 * 1024;

/// A matcher, compiled.
pub(crate) struct Rule {
    /// Index of its problem.
    pub(crate) problem: usize,
    places: Vec<Place>,
    regex: Regex,
    all: Vec<Also>,
    none: Vec<Also>,
}

/// A condition, compiled.
struct Also {
    places: Vec<Place>,
    regex: Regex,
}

/// An expression that is none, and what the compiler says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRegex {
    pub(crate) regex: String,
    pub(crate) why: String,
}

/// Where something is seen first: number of the text, offset in it.
pub(crate) type Seen = (usize, usize);

/// Matchers of several problems.
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// Number n is `rules[n].regex`: one pass over a text finds all that match.
    any: RegexSet,
}

impl Rule {
    pub(crate) fn new(matcher: &Matcher, problem: usize) -> Result<Self, BadRegex> {
        let also = |conditions: &[Condition]| {
            let also = |one: &Condition| Ok(Also { places: one.places.clone(), regex: compile(&one.regex)? });
            conditions.iter().map(also).collect::<Result<Vec<_>, BadRegex>>()
        };
        Ok(Self {
            problem,
            places: matcher.places.clone(),
            regex: compile(&matcher.regex)?,
            all: also(&matcher.all)?,
            none: also(&matcher.none)?,
        })
    }

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

impl Rules {
    /// All together; the reason when they are too much together, since each compiled by itself.
    pub(crate) fn new(rules: Vec<Rule>) -> Result<Self, String> {
        let patterns = rules.iter().map(|rule| rule.regex.as_str());
        let any = RegexSetBuilder::new(patterns).case_insensitive(true).multi_line(true).build();
        any.map(|any| Self { rules, any }).map_err(|error| error.to_string())
    }

    pub(crate) fn none() -> Self {
        Self { rules: Vec::new(), any: RegexSet::empty() }
    }

    /// By problem, where it is shown first.
    pub(crate) fn shown(&self, evidence: &Evidence) -> BTreeMap<usize, Seen> {
        let mut first: BTreeMap<usize, Seen> = BTreeMap::new();
        for (number, (place, text)) in evidence.texts().enumerate() {
            for rule in self.any.matches(text).into_iter().filter_map(|index| self.rules.get(index)) {
                let Some(found) = rule.regex.find(text).filter(|_| rule.holds(place, evidence)) else {
                    continue;
                };
                let at = (number, found.start());
                first.entry(rule.problem).and_modify(|before| *before = at.min(*before)).or_insert(at);
            }
        }
        first
    }
}

fn is_in(places: &[Place], place: Place) -> bool {
    places.is_empty() || places.contains(&place)
}

fn compile(regex: &str) -> Result<Regex, BadRegex> {
    let built = RegexBuilder::new(regex).case_insensitive(true).multi_line(true).size_limit(LARGEST).build();
    built.map_err(|error| BadRegex { regex: regex.to_owned(), why: error.to_string() })
}
