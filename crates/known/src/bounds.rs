//! Reading a file that nobody vouched for: within bounds, each fault with its place.

use crate::compile::Rule;
use crate::{Problem, catalogue};
use serde::Deserialize;
use serde_saphyr::{Location, Options, Spanned};
use std::fmt;

/// Largest file of a problem, in bytes.
pub const LARGEST_FILE: usize = 64 * 1024;

/// Most files of a folder that are read.
pub const MOST_FILES: usize = 100;

/// Most expressions of one file, conditions included.
const MOST_EXPRESSIONS: usize = 32;

/// Longest expression, in bytes.
const LONGEST_EXPRESSION: usize = 2_000;

/// Longest title, in characters: it is shown as a heading.
const LONGEST_TITLE: usize = 160;

/// Most checks, repairs, or examples.
const MOST_OF_A_LIST: usize = 50;

/// What is wrong with a file, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counts from 1.
    pub line: u64,
    /// Counts from 1.
    pub column: u64,
    /// What is wrong and what to do, without the place.
    pub message: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { line: 1, column: 1, message: message.into() }
    }

    fn at(place: Location, message: impl Into<String>) -> Self {
        Self { line: place.line().max(1), column: place.column().max(1), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The parts of a file whose places are wanted after it has been read.
#[derive(Deserialize)]
struct Placed {
    title: Spanned<String>,
    #[serde(rename = "match")]
    matchers: Spanned<Vec<PlacedMatcher>>,
    #[serde(default)]
    priority: Option<Spanned<u8>>,
    #[serde(default)]
    hides: Vec<Spanned<String>>,
    #[serde(default)]
    checks: Option<Spanned<Vec<String>>>,
    repairs: Spanned<Vec<String>>,
    examples: Spanned<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct PlacedMatcher {
    regex: Spanned<String>,
    #[serde(default)]
    all: Vec<PlacedCondition>,
    #[serde(default)]
    none: Vec<PlacedCondition>,
}

#[derive(Deserialize)]
struct PlacedCondition {
    regex: Spanned<String>,
}

/// Reads a file of an operator's own, and compiles it; `index` is the number of its problem in the set.
pub(crate) fn read_own(id: &str, text: &str, index: usize) -> Result<(Problem, Vec<Rule>), Fault> {
    if let Some(why) = bad_id(id) {
        return Err(Fault::whole(why));
    }
    if text.len() > LARGEST_FILE {
        return Err(Fault::whole(format!(
            "it has {} bytes, and a known problem at most {LARGEST_FILE}: split or shorten it",
            text.len()
        )));
    }
    let problem: Problem = yaml(text)?;
    let placed: Placed = yaml(text)?;
    bounded(&problem, &placed)?;
    let rules = problem.matchers.iter().map(|matcher| Rule::new(matcher, index));
    let rules = rules.collect::<Result<Vec<_>, _>>().map_err(|bad| {
        let place = expressions(&placed).find(|regex| regex.value == bad.regex).map(|regex| regex.referenced);
        // The compiler draws the expression over several lines; what is wrong stands in the last one.
        let why = bad.why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Fault::at(
            place.unwrap_or(Location::UNKNOWN),
            format!("the expression `{}` cannot be used: {why}", bad.regex),
        )
    })?;
    Ok((Problem { id: id.to_owned(), ..problem }, rules))
}

fn bad_id(id: &str) -> Option<String> {
    let letters = id.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    if id.is_empty() || id.len() > 64 || !letters || id.starts_with('-') {
        return Some(format!(
            "the file's name is the problem's id, and `{}` is none: 1 to 64 of a-z, 0-9 and `-`, as in `queue-is-full.yaml`",
            id.escape_debug()
        ));
    }
    catalogue().iter().any(|ours| ours.id == id).then(|| {
        format!("`{id}` is a problem that Holdpoint knows itself (`holdpoint known show {id}`): give the file another name")
    })
}

fn bounded(problem: &Problem, placed: &Placed) -> Result<(), Fault> {
    if problem.title.trim().is_empty() || problem.title.chars().count() > LONGEST_TITLE {
        return Err(Fault::at(
            placed.title.referenced,
            format!("a title has 1 to {LONGEST_TITLE} characters"),
        ));
    }
    if let Some(priority) = placed.priority.as_ref().filter(|priority| priority.value > 100) {
        return Err(Fault::at(priority.referenced, "a priority is 0 to 100"));
    }
    let count = expressions(placed).count();
    if problem.matchers.is_empty() || count > MOST_EXPRESSIONS {
        let message = format!("`match` has 1 to {MOST_EXPRESSIONS} expressions, and this one {count}");
        return Err(Fault::at(placed.matchers.referenced, message));
    }
    if let Some(long) = expressions(placed).find(|regex| regex.value.len() > LONGEST_EXPRESSION) {
        return Err(Fault::at(
            long.referenced,
            format!("an expression has at most {LONGEST_EXPRESSION} bytes"),
        ));
    }
    if let Some(empty) = expressions(placed).find(|regex| regex.value.trim().is_empty()) {
        return Err(Fault::at(
            empty.referenced,
            "an empty expression would match every failure: say what is looked for",
        ));
    }
    if let Some(ours) = placed.hides.iter().find(|id| catalogue().iter().any(|ours| ours.id == id.value)) {
        let message =
            format!("`{}` is Holdpoint's own, and `hides` names problems of one's own only", ours.value);
        return Err(Fault::at(ours.referenced, message));
    }
    let lists = [
        (placed.checks.as_ref().map(|list| list.referenced), problem.checks.len(), "checks"),
        (Some(placed.repairs.referenced), problem.repairs.len(), "repairs"),
        (
            Some(placed.examples.referenced),
            problem.examples.yes.len() + problem.examples.no.len(),
            "examples",
        ),
    ];
    for (place, length, name) in lists {
        if let Some(place) = place.filter(|_| length > MOST_OF_A_LIST) {
            return Err(Fault::at(place, format!("`{name}` has at most {MOST_OF_A_LIST} entries")));
        }
    }
    match problem.examples.yes.is_empty() {
        true => Err(Fault::at(
            placed.examples.referenced,
            "`examples` has no `yes`: add the text that the problem is recognised by",
        )),
        false => Ok(()),
    }
}

fn expressions(placed: &Placed) -> impl Iterator<Item = &Spanned<String>> {
    placed.matchers.value.iter().flat_map(|matcher| {
        let further = matcher.all.iter().chain(&matcher.none).map(|condition| &condition.regex);
        std::iter::once(&matcher.regex).chain(further)
    })
}

fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let mut options = Options { with_snippet: false, ..Options::default() };
    if let Some(budget) = &mut options.budget {
        budget.max_events = 10_000;
        budget.max_nodes = 5_000;
        budget.max_depth = 12;
        budget.max_aliases = 50;
        budget.max_anchors = 50;
        budget.max_documents = 1;
        budget.max_total_scalar_bytes = 2 * LARGEST_FILE;
        budget.max_merge_keys = 10;
    }
    options.alias_limits.max_total_replayed_events = 5_000;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let said = error.to_string();
        // The place is said before the message, where every finding has it.
        let message = said.rsplit_once(" at line ").map_or(said.as_str(), |(message, _)| message);
        let fault = Fault::at(place, message.trim());
        match key_of(&fault.message).and_then(|key| place_of(text, key, fault.line)) {
            Some((line, column)) => Fault { line, column, ..fault },
            None => fault,
        }
    })
}

/// The key that a message calls unknown: the reader gives the place of the mapping around it.
fn key_of(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split_once('`').map(|(key, _)| key)
}

/// Where a key stands first from a line on.
fn place_of(text: &str, key: &str, from: u64) -> Option<(u64, u64)> {
    let wanted = format!("{key}:");
    text.lines().zip(1_u64..).filter(|(_, number)| *number >= from).find_map(|(line, number)| {
        let (at, _) = line.match_indices(&wanted).find(|(at, _)| {
            line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '{', ',', '-']))
        })?;
        Some((number, line.get(..at)?.chars().count() as u64 + 1))
    })
}
