//! Five real notes, where they are at hand: their text, and what an import makes of each of their lines.

use crate::common::{entries, home};
use holdpoint_plan::import::{Import, ImportOptions, ImportState, Outcome, import};
use holdpoint_plan::{Severity, Span, apply, understand};
use std::collections::{BTreeMap, BTreeSet};

/// A note, and its import.
pub(crate) struct Note {
    /// The three digits that its file begins with.
    pub(crate) number: String,
    pub(crate) done: Import,
}

/// The notes; `None`, loudly, where they are not beside the repository.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is told what is left out")]
pub(crate) fn notes() -> Option<Vec<Note>> {
    let folder = home().join("../../../shared/seeds");
    if !folder.is_dir() {
        eprintln!(
            "skipped: ../shared/seeds is not beside the repository, so the five notes were not imported"
        );
        return None;
    }
    let files = entries(&folder).into_iter();
    let notes: Vec<Note> = files
        .map(|file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number = name.get(..3).unwrap_or_default().to_owned();
            Note { number, done: imported(&std::fs::read(&file).expect("a note")) }
        })
        .collect();
    assert_eq!(notes.len(), 5);
    Some(notes)
}

/// The laws of an import that a note must keep, besides that nothing in it becomes an error.
fn imported(bytes: &[u8]) -> Import {
    let options = ImportOptions::default();
    let done = import(bytes, &options);
    assert_eq!(done.state, ImportState::Imported);
    assert!(done.edits.iter().all(|edit| edit.span.start == edit.span.end), "only insertions");
    assert_eq!(apply(&done.base, &done.edits).expect("edits that fit"), done.text);
    let again = import(&done.bytes, &options);
    assert_eq!((again.state, &again.bytes), (ImportState::CheckedAlready, &done.bytes));
    let errors: Vec<_> =
        done.reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    done
}

impl Note {
    /// What is on its lines: `lifted http.check`, `finding log-group`, `fact Region`, each with its lines from 1.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, BTreeSet<usize>> {
        let mut found = self.commands();
        for (code, lines) in self.findings() {
            found.insert(format!("finding {code}"), lines.into_iter().collect());
        }
        let mut add = |what: String, line: usize| {
            found.entry(what).or_default().insert(line);
        };
        for stage in &self.done.reading.plan.stages {
            add("stage".to_owned(), line_before(&self.done, stage.span.start));
            for step in &stage.steps {
                if ["decision", "manual", "checklist"].contains(&step.action.uses.as_str()) {
                    add(format!("step {}", step.action.uses), line_before(&self.done, step.span.start));
                }
                for item in &step.items {
                    add("item".to_owned(), line_before(&self.done, item.span.start));
                }
            }
        }
        for (what, span) in understood(&self.done.base) {
            add(what, line(&self.done.base, span.start));
        }
        found
    }

    /// What became of each command, and what was left alone.
    pub(crate) fn commands(&self) -> BTreeMap<String, BTreeSet<usize>> {
        let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for one in &self.done.proposals {
            let what = match &one.outcome {
                Outcome::Lifted { uses, .. } => format!("lifted {uses}"),
                Outcome::Kept { uses, effect, why, .. } => {
                    assert!(!why.is_empty(), "line {} is kept without a reason", one.line);
                    format!("kept {uses} {effect:?}")
                }
                Outcome::Offered { uses, effect, .. } => format!("offered {uses} {effect:?}"),
                Outcome::Absorbed { why } => {
                    assert!(!why.is_empty(), "line {} is absorbed without a reason", one.line);
                    "absorbed".to_owned()
                }
            };
            found.entry(what).or_default().insert(one.line);
        }
        for one in &self.done.left {
            assert!(!one.why.is_empty(), "line {} is left alone without a reason", one.line);
            found.entry(format!("left {}", one.what)).or_default().insert(one.line);
        }
        found
    }

    /// The lines of each finding, by its code.
    pub(crate) fn findings(&self) -> BTreeMap<String, Vec<usize>> {
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for finding in &self.done.reading.diagnostics {
            found.entry(finding.code.clone()).or_default().push(line_before(&self.done, finding.span.start));
        }
        found
    }

    /// The lines that something was made of, or said of.
    pub(crate) fn answered(&self) -> BTreeSet<usize> {
        let proposals = self.done.proposals.iter().map(|one| one.span);
        let spans = proposals.chain(self.done.left.iter().map(|one| one.span));
        spans.flat_map(|span| line(&self.done.base, span.start)..=line(&self.done.base, span.end)).collect()
    }
}

/// The line of what was imported at a place of the result; for a place inside of an insertion, the line that it stands before.
pub(crate) fn line_before(done: &Import, at: usize) -> usize {
    let mut shift = 0;
    for edit in &done.edits {
        let start = edit.span.start + shift;
        if start > at {
            break;
        }
        shift += edit.text.len().min(at - start);
    }
    line(&done.base, at - shift)
}

/// The line of a place, from 1.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Everything that is understood of a text, with its place.
fn understood(text: &str) -> Vec<(String, Span)> {
    let found = understand(text);
    let mut all: Vec<(String, Span)> = Vec::new();
    all.extend(found.facts.iter().map(|one| (format!("fact {:?}", one.key), one.span)));
    all.extend(found.services.iter().map(|one| ("service".to_owned(), one.span)));
    all.extend(found.marks.iter().map(|one| (format!("status {:?}", one.mark), one.span)));
    all.extend(found.expectations.iter().map(|one| ("expectation".to_owned(), one.span)));
    all.extend(found.decisions.iter().map(|one| ("choice".to_owned(), one.span)));
    all.extend(
        found.decisions.iter().flat_map(|one| &one.options).map(|one| ("option".to_owned(), one.span)),
    );
    all.extend(found.manual_steps.iter().map(|one| ("by hand".to_owned(), one.span)));
    all.extend(found.troubles.iter().map(|one| ("problem".to_owned(), one.span)));
    all.extend(found.costs.iter().map(|one| ("cost".to_owned(), one.span)));
    for (what, list) in [
        ("checkpoint", &found.checkpoints),
        ("criterion", &found.criteria),
        ("lesson", &found.lessons),
        ("question", &found.questions),
        ("follow-up", &found.follow_ups),
    ] {
        all.extend(list.iter().map(|one| (what.to_owned(), one.span)));
    }
    let sections = found.sections.iter().filter(|one| one.status.is_some() || one.estimate.is_some());
    all.extend(sections.flat_map(|one| {
        let status = one.status.map(|mark| (format!("status {mark:?}"), one.heading));
        status.into_iter().chain(one.estimate.map(|_| ("estimate".to_owned(), one.heading)))
    }));
    all
}
