//! A report checked by what it carries, on any machine: no home, no ledger, no network.
//!
//! Three things are asked. Are the events a whole chain? Is it the chain that the device signed? Does every statement of the
//! file follow from them: is the report that is written anew from the events the file, byte for byte?

use crate::Problem;
use crate::args::ReportFormat;
use crate::export::{failed, plans_of, written};
use holdpoint_engine::{Plans, fold};
use holdpoint_ledger::{Anchor, Verdict, verify};
use holdpoint_redact::Redactor;
use holdpoint_report::{AnchorFact, Form, Journal, Sources, Unreadable, read_back};
use holdpoint_run::RunId;
use holdpoint_run::chain::{Event, Stored, genesis, link};
use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use std::sync::Arc;

/// Statements that are named; the others are counted.
const NAMED: usize = 40;

/// What came of checking a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The run that it is of.
    pub run: RunId,
    /// Version of Holdpoint that wrote it.
    pub writer: String,
    /// How many events it carries.
    pub events: u64,
    /// What the chain and the anchors say.
    pub verdict: String,
    /// Whether nothing is wrong with them.
    pub intact: bool,
    /// How many of the events a device has signed for.
    pub anchored: u64,
    /// Public keys of the devices that signed, hex.
    pub keys: Vec<String>,
    /// What the statements say beside the events.
    pub statements: Statements,
}

impl Proof {
    /// Whether nothing is wrong with any of it.
    pub fn holds(&self) -> bool {
        self.intact && self.statements == Statements::Follow
    }
}

/// Whether the statements of a report follow from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "are", rename_all = "snake_case")]
pub enum Statements {
    /// Every one of them.
    Follow,
    /// Some do not: they were altered, put in or left out.
    Altered {
        /// The first of them.
        differences: Vec<Difference>,
        /// How many more there are.
        more: usize,
    },
    /// Another version wrote it, and this one would write it otherwise: that version can say whether they follow.
    OfAnotherVersion {
        /// In how many places.
        differences: usize,
    },
    /// The events or the plans do not allow it.
    Unchecked {
        /// Why.
        why: String,
    },
}

/// One statement that does not follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: a JSON pointer, or a line of the page.
    pub place: String,
    /// What the file says there; null when it leaves it out.
    pub says: Option<String>,
    /// What follows from the events; null when nothing does.
    pub follows: Option<String>,
}

/// Checks a report's file. `version` is that of who checks.
///
/// # Errors
/// It is no report, or it carries nothing that it could be checked by.
pub fn prove_report(bytes: &[u8], version: &str) -> Result<Proof, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        refused(&Unreadable::NoReport.to_string()).hint("a report is UTF-8: was it converted?")
    })?;
    let (form, journal) = read_back(text).map_err(|error| match error {
        Unreadable::NoReport => refused(&error.to_string())
            .hint("`holdpoint report RUN --format html` writes one; Markdown carries no events"),
        Unreadable::Bare(_) => {
            refused(&error.to_string()).hint("check the run itself: `holdpoint verify RUN`")
        }
        Unreadable::Damaged(_) => refused(&error.to_string()),
    })?;
    let stored = stored(&journal);
    let anchors: Vec<Anchor> = journal.anchors.iter().map(|one| anchor(&journal.run, one)).collect();
    let (verdict, events) = verify(&journal.run, &stored, &anchors);
    let statements = match &verdict {
        Verdict::Intact { .. } => compare(
            text,
            form,
            &Carried {
                journal: &journal,
                stored: &stored,
                anchors: &anchors,
                events: &events,
                verdict: &verdict,
            },
            version,
        ),
        Verdict::Bad { .. } | Verdict::NotAsAnchored { .. } => {
            Statements::Unchecked { why: "the events are not what was written".into() }
        }
    };
    let mut keys: Vec<String> = journal.anchors.iter().map(|anchor| anchor.key.clone()).collect();
    keys.sort();
    keys.dedup();
    let anchored = match verdict {
        Verdict::Intact { anchored, .. } => anchored,
        Verdict::Bad { .. } | Verdict::NotAsAnchored { .. } => 0,
    };
    Ok(Proof {
        run: journal.run.clone(),
        writer: journal.writer.clone(),
        events: stored.len() as u64,
        intact: verdict.is_intact(),
        verdict: verdict.to_string(),
        anchored,
        keys,
        statements,
    })
}

struct Carried<'a> {
    journal: &'a Journal,
    stored: &'a [Stored],
    anchors: &'a [Anchor],
    events: &'a [Event],
    verdict: &'a Verdict,
}

fn compare(text: &str, form: Form, carried: &Carried<'_>, version: &str) -> Statements {
    let follows = match anew(form, carried) {
        Ok(follows) => follows,
        Err(why) => return Statements::Unchecked { why },
    };
    if follows == text {
        return Statements::Follow;
    }
    let mut differences = match form {
        Form::Html => lines(text, &follows),
        Form::Json => fields(text, &follows),
    };
    if carried.journal.writer != version {
        return Statements::OfAnotherVersion { differences: differences.len().max(1) };
    }
    let more = differences.len().saturating_sub(NAMED);
    differences.truncate(NAMED);
    Statements::Altered { differences, more }
}

/// The report that follows from the events, as the version that wrote it would say it.
fn anew(form: Form, carried: &Carried<'_>) -> Result<String, String> {
    let journal = carried.journal;
    let bytes: Vec<Vec<u8>> = journal.plans.iter().map(|plan| plan.bytes()).collect::<Result<_, _>>()?;
    let plans = plans_of(bytes.into_iter());
    let mut readings: Vec<_> = plans.iter().map(|(_, bytes)| holdpoint_plan::read(bytes)).collect();
    if readings.is_empty() {
        return Err("the report carries no plan".into());
    }
    let first =
        Arc::new(readings.first().map(|reading| reading.plan.clone()).ok_or("the report carries no plan")?);
    let revisions = readings.iter().skip(1).map(|reading| Arc::new(reading.plan.clone())).collect();
    let digest = first.digest.clone();
    let known = Plans { first, revisions };
    let (state, _) =
        fold(&journal.run, known, carried.stored, carried.anchors).map_err(|error| error.to_string())?;
    let pinned = state.started.as_ref().map(|started| started.plan_digest.clone());
    if pinned.as_deref() != Some(digest.as_str()) {
        return Err("the plan that it carries is not the one that the run was begun with".into());
    }
    let walked = readings.iter().position(|reading| reading.plan.digest == state.plan.digest);
    let text = walked.map(|at| readings.swap_remove(at).text);
    let told = carried.verdict.to_string();
    let sources = Sources {
        state: &state,
        events: carried.events,
        stored: carried.stored,
        anchors: &journal.anchors,
        verdict: &told,
        plan_text: text.as_deref(),
        plans: Ok(&plans),
        writer: &journal.writer,
        redactor: &Redactor::new([]),
    };
    let report = holdpoint_report::report(&sources).map_err(|error| failed(error).message)?;
    let format = match form {
        Form::Html => ReportFormat::Html,
        Form::Json => ReportFormat::Json,
    };
    written(&report, format).map_err(|problem| problem.message)
}

/// The events as they were stored: their place in the chain follows from their bytes.
fn stored(journal: &Journal) -> Vec<Stored> {
    let mut prev = genesis(&journal.run);
    let mut all = Vec::with_capacity(journal.events.len());
    for (text, seq) in journal.events.iter().zip(1..) {
        let hash = link(&prev, text.as_bytes());
        all.push(Stored { seq, bytes: text.clone().into_bytes(), prev, hash });
        prev = hash;
    }
    all
}

fn anchor(run: &RunId, one: &AnchorFact) -> Anchor {
    Anchor {
        run: run.clone(),
        count: one.count,
        head: one.head.clone(),
        at: one.at,
        key: one.key.clone(),
        signature: one.signature.clone(),
    }
}

/// Lines of a page that differ. A line that stands in the place of another is one statement.
fn lines(says: &str, follows: &str) -> Vec<Difference> {
    let diff = TextDiff::from_lines(follows, says);
    let mut found: Vec<Difference> = Vec::new();
    // Where the lines that differ here began.
    let mut from = 0;
    for change in diff.iter_all_changes() {
        let text = shortened(change.value().trim_end());
        match change.tag() {
            ChangeTag::Equal => from = found.len(),
            ChangeTag::Delete => {
                let place = format!("before line {}", change.old_index().unwrap_or_default() + 1);
                found.push(Difference { place, says: None, follows: Some(text) });
            }
            ChangeTag::Insert => {
                let place = format!("line {}", change.new_index().unwrap_or_default() + 1);
                match found.iter_mut().skip(from).find(|one| one.says.is_none()) {
                    Some(missing) => (missing.place, missing.says) = (place, Some(text)),
                    None => found.push(Difference { place, says: Some(text), follows: None }),
                }
            }
        }
    }
    found
}

fn fields(says: &str, follows: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    match (serde_json::from_str(says), serde_json::from_str(follows)) {
        (Ok(says), Ok(follows)) => values("", &says, &follows, &mut found),
        (Err(_), _) | (_, Err(_)) => return lines(says, follows),
    }
    if found.is_empty() {
        // Names that stand twice are read otherwise by others: only the file as it was written is certain.
        found.push(Difference {
            place: "the whole file".into(),
            says: Some("the same values, laid out otherwise".into()),
            follows: Some("as Holdpoint lays them out".into()),
        });
    }
    found
}

fn values(place: &str, says: &Value, follows: &Value, found: &mut Vec<Difference>) {
    match (says, follows) {
        (Value::Object(mine), Value::Object(theirs)) => {
            let names = mine.keys().chain(theirs.keys().filter(|name| !mine.contains_key(*name)));
            for name in names {
                part(&format!("{place}/{name}"), mine.get(name), theirs.get(name), found);
            }
        }
        (Value::Array(mine), Value::Array(theirs)) => {
            for at in 0..mine.len().max(theirs.len()) {
                part(&format!("{place}/{at}"), mine.get(at), theirs.get(at), found);
            }
        }
        (mine, theirs) if mine == theirs => {}
        (mine, theirs) => found.push(Difference {
            place: place.to_owned(),
            says: Some(shortened(&mine.to_string())),
            follows: Some(shortened(&theirs.to_string())),
        }),
    }
}

fn part(place: &str, says: Option<&Value>, follows: Option<&Value>, found: &mut Vec<Difference>) {
    match (says, follows) {
        (Some(says), Some(follows)) => values(place, says, follows, found),
        (says, follows) => found.push(Difference {
            place: place.to_owned(),
            says: says.map(|value| shortened(&value.to_string())),
            follows: follows.map(|value| shortened(&value.to_string())),
        }),
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 400;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(why).code("refused")
}
