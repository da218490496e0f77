//! A known problem as its file says it.

use crate::Place;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A known problem.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Stem of its file.
    #[serde(skip)]
    pub id: String,
    /// A few words, as a heading.
    pub title: String,
    /// How exactly a match names the cause, 0 to 100: 80 and more name it, 50 is a symptom with few causes, less is a
    /// symptom with many. Higher comes first.
    #[serde(default = "names_a_cause")]
    pub priority: u8,
    /// What is true when it matches, for somebody who has never seen it.
    #[serde(default)]
    pub meaning: String,
    /// Where it usually comes from.
    pub cause: String,
    /// What to look at, first things first.
    #[serde(default)]
    pub checks: Vec<String>,
    /// What to do, first things first; nothing in it is done by itself.
    pub repairs: Vec<String>,
    /// Documentation or public issue that says so.
    #[serde(default)]
    pub source: String,
    /// What it is recognised by: any one of these.
    #[serde(rename = "match")]
    pub matchers: Vec<Matcher>,
    /// Problems that are only its consequences: not shown beside it.
    #[serde(default)]
    pub hides: Vec<String>,
    /// Invented texts that the tests hold it to.
    pub examples: Examples,
}

/// The priority of a file that says none.
fn names_a_cause() -> u8 {
    80
}

/// One way to recognise a problem.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// Where it is looked for; nothing is everywhere.
    #[serde(rename = "in", default)]
    pub places: Vec<Place>,
    /// The expression, in the syntax of the `regex` crate; case does not count, `^` and `$` stand at line ends.
    pub regex: String,
    /// What must be seen besides, in whatever text.
    #[serde(default)]
    pub all: Vec<Condition>,
    /// What must not be seen in any text.
    #[serde(default)]
    pub none: Vec<Condition>,
}

/// A further condition on everything that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where it is looked for; nothing is everywhere.
    #[serde(rename = "in", default)]
    pub places: Vec<Place>,
    /// The expression, as in [`Matcher::regex`].
    pub regex: String,
}

/// Texts that a problem must and must not recognise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// It must recognise each of these.
    pub yes: Vec<Example>,
    /// It must recognise none of these.
    #[serde(default)]
    pub no: Vec<Example>,
}

/// Something seen: the text of each place.
pub type Example = BTreeMap<Place, String>;
