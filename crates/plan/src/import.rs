//! Import: a plan that somebody wrote for people becomes a checked one. The text stays, byte for byte; fences are added.

mod alternatives;
mod blocks;
mod compose;
mod expecting;
mod fences;
mod fixes;
mod gaps;
mod hoisting;
mod inline;
mod names;
mod people;
mod report;
mod site;
mod source;
mod splice;
mod told;
mod unfenced;
mod ways_back;
mod written;

use crate::document::Again;
use crate::offer::offered;
use crate::read::{Looked, read_again, taken_apart};
use crate::{Edit, Level, Reading, RepairOffer, Span, edit, read, repair_edits};
use compose::Composition;
pub use fixes::fixes;
pub use report::Counts;
use source::Source;
use std::cell::LazyCell;
use std::collections::BTreeSet;

/// What an operator says to an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Undo damage to letters, marks and line ends first.
    pub repair: bool,
    /// Ids of proposals that were refused: their commands stay scripts.
    pub refused: BTreeSet<String>,
    /// Ids of commands outside of code fences that are to become steps.
    pub accepted: BTreeSet<String>,
    /// The account of the target, instead of the one that the text names.
    pub account: Option<String>,
    /// The region of the target, instead of the one that the text names.
    pub region: Option<String>,
    /// Ids of [`fixes`] to make in the result, in this order.
    pub fixes: Vec<String>,
}

/// What an import gives: always a text, at worst the one that came in.
#[derive(Debug, Clone)]
pub struct Import {
    /// What became of the file as a whole.
    pub state: ImportState,
    /// The text that came in, decoded.
    pub original: String,
    /// The text that was inserted into: `original`, or what the repair made of it.
    pub base: String,
    /// `base` with `edits` applied, and then the repairs that were asked for.
    pub text: String,
    /// The same as bytes, in the file's own encoding; without repairs, the file's own bytes with insertions.
    pub bytes: Vec<u8>,
    /// Insertions into `base`; nothing is replaced.
    pub edits: Vec<Edit>,
    /// What each command became, in order of the file.
    pub proposals: Vec<Proposal>,
    /// What was left alone, and why.
    pub left: Vec<LeftAlone>,
    /// The result, read.
    pub reading: Reading,
    /// The repair of what is damaged in `original`.
    pub offer: Option<RepairOffer>,
    /// Whether it was made.
    pub repaired: bool,
}

/// What became of the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// It is a checked plan now.
    Imported,
    /// It was one already, and nothing was inserted.
    CheckedAlready,
    /// It has no command, no checklist and no stage, so nothing was inserted.
    NothingToWalk,
    /// It could not be read as text, or not be changed safely; nothing was inserted.
    Unchanged,
}

/// What a command, or several in a row, becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Stays the same as long as the command does: made of its text and of how often that came before.
    pub id: String,
    /// Where it stands in `base`.
    pub span: Span,
    /// Its first line, from 1.
    pub line: usize,
    /// As it is written.
    pub command: String,
    /// What it becomes.
    pub outcome: Outcome,
}

/// What a command becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A typed step.
    Lifted {
        /// Its kind.
        uses: String,
        /// Its id in the result.
        step: String,
        /// The step as it stands in the result, in YAML.
        yaml: String,
        /// What was assumed, a sentence each.
        guessed: Vec<String>,
    },
    /// It stays a script (or, typed with prompts, a text to copy).
    Kept {
        /// `shell`, or `manual` for what is typed behind prompts and so could not be run as it stands.
        uses: String,
        /// Id of its step in the result.
        step: String,
        /// What repeating it would do.
        effect: crate::Effect,
        /// Why it was not lifted.
        why: String,
        /// It could be lifted, and the operator refused.
        refused: bool,
    },
    /// It needs no step of its own.
    Absorbed {
        /// What became of it.
        why: String,
    },
    /// It stands outside of code fences, and nothing was inserted for it; see [`ImportOptions::accepted`].
    Offered {
        /// What it would become.
        uses: String,
        /// What repeating it would do.
        effect: crate::Effect,
        /// Why it is only offered.
        why: String,
    },
}

/// Something that was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// Where it stands in `base`.
    pub span: Span,
    /// Its first line, from 1.
    pub line: usize,
    /// What it is.
    pub what: String,
    /// Why nothing was done with it.
    pub why: String,
}

/// How often a result that does not read well is made anew without what spoils it.
const ATTEMPTS: usize = 6;

/// How many repairs are made one after the other: some damage shows only when other damage is gone.
const REPAIRS: usize = 3;

/// Makes a checked plan of any Markdown. Whatever the bytes, the answer holds all of them, in order; only with `repair`
/// is anything replaced, and then what [`Import::offer`] shows.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Import {
    let mut again = Again::default();
    let looked = taken_apart(bytes, &mut again);
    let before = &looked.reading;
    let offer = match looked.refused {
        true => None,
        false => offered(bytes, &before.text, before.repaired.as_ref(), &looked.parts),
    };
    if !options.repair || offer.is_none() {
        return Import { offer, ..insert(bytes, looked, options, &mut again) };
    }
    let original = looked.reading.text;
    let mut text = original.clone();
    let mut next = offer.clone();
    for _ in 0..REPAIRS {
        let Some(Ok(better)) = next.map(|offer| edit::apply(&text, &offer.edits)) else { break };
        text = better;
        next = repair_edits(text.as_bytes()).filter(|offer| !offer.edits.is_empty());
    }
    Import {
        original,
        offer,
        repaired: true,
        ..insert(text.as_bytes(), taken_apart(text.as_bytes(), &mut again), options, &mut again)
    }
}

/// Inserts, and nothing else.
fn insert(bytes: &[u8], looked: Looked, options: &ImportOptions, again: &mut Again) -> Import {
    let Looked { reading: before, parts, written, .. } = looked;
    if before.plan.level == Level::Checked {
        return unchanged(bytes, ImportState::CheckedAlready, Vec::new());
    }
    let Some(source) = Source::new(bytes, &before) else {
        let why = "its bytes are not all text in its encoding; repair that first";
        return unchanged(bytes, ImportState::Unchanged, vec![LeftAlone::all(why)]);
    };
    let mut draft = Composition::of(&before, &parts, written.as_ref(), &source, options, again);
    if draft.is_empty() {
        let nothing = unchanged(bytes, ImportState::NothingToWalk, draft.left);
        return Import { proposals: draft.proposals, ..nothing };
    }
    // Asked for only where something is wrong afterwards.
    let known = LazyCell::new(|| splice::errors(&read(bytes)));
    for _ in 0..ATTEMPTS {
        let Some(spliced) = splice::splice(&before.text, &draft) else { break };
        let reading = read_again(spliced.text.as_bytes(), again);
        let faults = splice::faults(|error| known.contains(error), &reading, &spliced, &draft);
        if faults.is_empty() {
            return finished(before, &source, draft, spliced, reading, options);
        }
        if !draft.without(&faults, &before.text) {
            break;
        }
    }
    draft.left.push(LeftAlone::all(
        "whatever is inserted would be read as something else here; repair its Markdown and import again",
    ));
    unchanged(bytes, ImportState::Unchanged, draft.left)
}

fn finished(
    before: Reading,
    source: &Source<'_>,
    draft: Composition,
    spliced: splice::Spliced,
    reading: Reading,
    options: &ImportOptions,
) -> Import {
    let mut bytes = source.spliced(&before.text, &spliced.edits);
    let mut reading = fixes::applied(reading, &options.fixes, |text| source.has(text));
    if reading.text != spliced.text {
        bytes = source.encoded(&reading.text);
    }
    if !source.is_plain() {
        // As the file will be read: with what is to be said of its encoding, and the digest of its bytes.
        let text = std::mem::take(&mut reading.text);
        reading = read(&bytes);
        if reading.text != text {
            let why = "with anything inserted its encoding would be taken for another one; repair it first";
            let original = source.encoded(&before.text);
            return unchanged(&original, ImportState::Unchanged, vec![LeftAlone::all(why)]);
        }
    }
    Import {
        state: ImportState::Imported,
        base: before.text.clone(),
        original: before.text,
        text: reading.text.clone(),
        bytes,
        edits: spliced.edits,
        proposals: draft.proposals,
        left: draft.left,
        reading,
        offer: None,
        repaired: false,
    }
}

impl LeftAlone {
    fn all(why: &str) -> Self {
        Self { span: Span::default(), line: 1, what: "the file".to_owned(), why: why.to_owned() }
    }
}

fn unchanged(bytes: &[u8], state: ImportState, left: Vec<LeftAlone>) -> Import {
    let reading = read(bytes);
    Import {
        state,
        original: reading.text.clone(),
        base: reading.text.clone(),
        text: reading.text.clone(),
        bytes: bytes.to_vec(),
        edits: Vec::new(),
        proposals: Vec::new(),
        left,
        reading,
        offer: None,
        repaired: false,
    }
}
