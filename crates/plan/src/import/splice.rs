//! Puts what was composed into the text, and looks whether it is read there as it was meant.

use super::compose::Composition;
use super::site::{after_heading, after_line, eol_of};
use super::written;
use crate::{Diagnostic, Edit, Reading, Severity, edit, front};
use std::collections::BTreeSet;

/// The text with everything inserted.
#[derive(Debug)]
pub(super) struct Spliced {
    pub(super) text: String,
    /// By place.
    pub(super) edits: Vec<Edit>,
    /// Which part of the composition each edit is of.
    of: Vec<Part>,
}

/// A part of a composition that can be left out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The front matter; without it there is no checked plan.
    Front,
    /// A stage, by its number.
    Stage(usize),
    /// A step of its own, by its number.
    Free(usize),
    /// A code fence with its steps, by its number.
    Fence(usize),
}

/// `None` where two insertions do not go together, which the sites of one text never do.
pub(super) fn splice(text: &str, draft: &Composition) -> Option<Spliced> {
    let mut all: Vec<(usize, Part, String)> = Vec::new();
    let (at, lines) = front_matter(text, draft);
    all.push((at, Part::Front, lines));
    for (number, stage) in draft.stages.iter().enumerate() {
        let block = written::fence("stage", &stage.yaml, draft.ascii);
        if let Some((at, lines)) = after_heading(text, &stage.heading, &block) {
            all.push((at, Part::Stage(number), lines));
        }
    }
    for (number, free) in draft.free.iter().enumerate() {
        let mut blocks: Vec<Vec<String>> =
            free.steps.iter().map(|step| written::fence("step", step, draft.ascii)).collect();
        blocks.extend(
            free.script.as_ref().map(|script| vec!["```bash".to_owned(), script.clone(), "```".to_owned()]),
        );
        let (at, lines) = after_line(text, free.inside, &free.lead, &blocks);
        all.push((at, Part::Free(number), lines));
    }
    for (number, fence) in draft.fences.iter().enumerate() {
        for piece in &fence.pieces {
            let blocks: Vec<Vec<String>> =
                piece.steps.iter().map(|step| written::fence("step", step, draft.ascii)).collect();
            let (at, lines) = if piece.line == 0 {
                (fence.site.open, fence.site.before(&blocks))
            } else {
                fence.site.split(piece.line, &blocks)?
            };
            all.push((at, Part::Fence(number), lines));
        }
    }
    all.sort_by_key(|(at, part, _)| (*at, *part));
    let edits: Vec<Edit> = all.iter().map(|(at, _, lines)| Edit::insert(*at, lines.clone())).collect();
    let text = edit::apply(text, &edits).ok()?;
    Some(Spliced { text, edits, of: all.into_iter().map(|(_, part, _)| part).collect() })
}

fn front_matter(text: &str, draft: &Composition) -> (usize, String) {
    let eol = eol_of(text, 0);
    let mut body = vec!["holdpoint:".to_owned()];
    let inner = written::mapping(&draft.front, draft.ascii);
    body.extend(inner.iter().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }));
    let cut = front::cut(text);
    let mut out = String::new();
    let mut line = |line: &str| {
        out.push_str(line);
        out.push_str(eol);
    };
    match cut.yaml {
        Some(yaml) => {
            body.iter().for_each(|one| line(one));
            (yaml.whole().start, out)
        }
        None => {
            line("---");
            body.iter().for_each(|one| line(one));
            line("---");
            (0, out)
        }
    }
}

/// Parts that are not read as they were meant: those that an error stands in which was not known before, and those whose steps are not there.
/// An error in the author's own text which only a checked plan has is the front matter's.
pub(super) fn faults(
    is_known: impl Fn(&(String, String)) -> bool,
    after: &Reading,
    spliced: &Spliced,
    draft: &Composition,
) -> BTreeSet<Part> {
    let mut faults = BTreeSet::new();
    for finding in after.diagnostics.iter().filter(|finding| finding.severity == Severity::Error) {
        if !is_known(&said(finding)) {
            faults.insert(spliced.part_at(finding.span.start));
        }
    }
    let mut steps = std::collections::HashMap::new();
    for step in after.plan.steps() {
        steps.insert(step.id.as_str(), step);
    }
    let there = |step: &serde_json::Map<String, serde_json::Value>, owns: bool| {
        let id = step.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
        steps.get(id).is_some_and(|step| !owns || step.action.script.is_some())
    };
    for (number, fence) in draft.fences.iter().enumerate() {
        let whole = fence.pieces.iter().all(|piece| {
            let last = piece.steps.len().saturating_sub(1);
            piece.steps.iter().enumerate().all(|(at, step)| there(step, at == last))
        });
        if !whole {
            faults.insert(Part::Fence(number));
        }
    }
    for (number, free) in draft.free.iter().enumerate() {
        if !free.steps.iter().all(|step| there(step, free.script.is_some())) {
            faults.insert(Part::Free(number));
        }
    }
    let stages: BTreeSet<&str> = after.plan.stages.iter().map(|stage| stage.id.as_str()).collect();
    for (number, stage) in draft.stages.iter().enumerate() {
        if !stages.contains(stage.id.as_str()) {
            faults.insert(Part::Stage(number));
        }
    }
    if after.plan.level != crate::Level::Checked {
        faults.insert(Part::Front);
    }
    faults
}

/// Codes and messages of what is wrong.
pub(super) fn errors(reading: &Reading) -> BTreeSet<(String, String)> {
    let errors = reading.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(said).collect()
}

fn said(finding: &Diagnostic) -> (String, String) {
    (finding.code.clone(), finding.message.clone())
}

impl Spliced {
    /// The part whose insertion holds a byte of the result, or comes last before it.
    fn part_at(&self, at: usize) -> Part {
        let mut added = 0;
        let mut found = Part::Front;
        for (edit, part) in self.edits.iter().zip(&self.of) {
            let start = edit.span.start + added;
            if start > at {
                break;
            }
            added += edit.text.len();
            found = *part;
        }
        found
    }
}
