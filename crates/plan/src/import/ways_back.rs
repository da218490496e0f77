//! Commands of rollback sections as the `undo` of the steps that they take back, where that is sure: a thing that has
//! several ways back has none by itself, and a number that is only an example is none.

use super::blocks::Walked;
use super::compose::Composer;
use super::{Outcome, Proposal};
use crate::Span;
use crate::document::Fence;
use crate::lift::{Verdict, is_example, subject, way_back};
use crate::shell::Script;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// Bytes of prose before a fence that are looked through for an example.
const NEAR: usize = 300;

/// A fence of a rollback section.
#[derive(Debug)]
pub(super) struct WayBack {
    span: Span,
    /// Its proposals.
    proposals: Range<usize>,
    /// Steps whose thing one of its commands changes, one for each command.
    touched: Vec<String>,
    /// The step that each command undoes, and how; `Err` says why the fence stays as it is.
    backs: Result<Vec<Option<(String, Value)>>, Option<String>>,
}

impl Composer<'_> {
    /// Takes a fence of a rollback section in, whose first proposal has this number.
    pub(super) fn note_way_back(&mut self, fence: &Fence, script: &Script, walked: &Walked, first: usize) {
        let mut touched = Vec::new();
        for fate in &walked.fates {
            match &fate.verdict {
                Verdict::Lifted(lifted) if changes(&lifted.uses) => {
                    touched.extend(subject(lifted).and_then(|subject| self.changed.get(&subject).cloned()));
                }
                Verdict::Kept(kept) if kept.effect.changes() => {
                    let spans = script.statements.get(fate.statements.clone()).unwrap_or_default();
                    let texts =
                        spans.iter().filter_map(|one| fence.body.text.get(one.span.start..one.span.end));
                    let text: String = texts.collect();
                    let words: HashSet<&str> = words(&text).collect();
                    let named = self.changed.iter().filter(|(subject, _)| names(&words, subject));
                    touched.extend(named.map(|(_, step)| step.clone()));
                }
                Verdict::Lifted(_) | Verdict::Kept(_) | Verdict::Absorbed { .. } => {}
            }
        }
        let backs = self.backs(walked).ok_or(None).and_then(|backs| {
            match self.says_example(fence, script)
                && backs.iter().flatten().any(|(_, back)| is_numbered(back))
            {
                true => Err(Some(
                    "The text gives this revision as an example, so that it undoes no step by itself."
                        .to_owned(),
                )),
                false => Ok(backs),
            }
        });
        let proposals = first..self.made.proposals.len();
        self.ways_back.push(WayBack { span: fence.span, proposals, touched, backs });
    }

    /// Makes each way back that is the only one of its steps their `undo`; the others stay steps of their section, and
    /// the report says why.
    pub(super) fn settle_ways_back(&mut self) {
        let ways = std::mem::take(&mut self.ways_back);
        let mut count: HashMap<String, usize> = HashMap::new();
        for step in ways.iter().flat_map(|way| &way.touched) {
            *count.entry(step.clone()).or_default() += 1;
        }
        let mut gone = BTreeSet::new();
        for way in ways {
            let several = way.touched.iter().find(|step| count.get(*step).is_some_and(|count| *count > 1));
            match (way.backs, several) {
                (Ok(backs), None) => {
                    gone.insert(way.span.start);
                    self.undo_all(&way.proposals, &backs);
                }
                (Ok(_), Some(step)) => self.say_why(
                    &way.proposals,
                    &format!("Several ways back of `{step}` stand in the plan, so that none is its `undo` by itself."),
                ),
                (Err(Some(why)), _) => self.say_why(&way.proposals, &why),
                (Err(None), _) => {}
            }
        }
        let mut freed = 0;
        self.made.fences.retain(|fence| {
            let stays = !gone.contains(&fence.span.start);
            freed += if stays { 0 } else { fence.pieces.len() };
            stays
        });
        self.room += freed;
    }

    /// Steps that a fence undoes, command by command; `None` unless every one that changes something has its step.
    fn backs(&self, walked: &Walked) -> Option<Vec<Option<(String, Value)>>> {
        let mut found = Vec::new();
        for fate in &walked.fates {
            found.push(match &fate.verdict {
                Verdict::Absorbed { .. } => None,
                Verdict::Kept(kept) if !kept.effect.changes() => None,
                Verdict::Kept(_) => return None,
                Verdict::Lifted(lifted) => {
                    let back = way_back(lifted)?;
                    // The last change of a thing is what its way back undoes; before it, nothing is sure.
                    Some((self.changed.get(&subject(lifted)?)?.clone(), back))
                }
            });
        }
        found.iter().any(Option::is_some).then_some(found)
    }

    /// Whether the comments of a fence or the prose before it give something as an example.
    fn says_example(&self, fence: &Fence, script: &Script) -> bool {
        let mut from = fence.span.start.saturating_sub(NEAR);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let before = self.text.get(from..fence.span.start).unwrap_or_default();
        let prose = before.rsplit("```").next().unwrap_or_default();
        is_example(prose) || script.comments.iter().any(|comment| is_example(&comment.text))
    }

    fn undo_all(&mut self, proposals: &Range<usize>, backs: &[Option<(String, Value)>]) {
        for (number, back) in proposals.clone().zip(backs) {
            let why = match back {
                Some((step, back)) => {
                    self.undo(step, back);
                    format!("It is the way back of the step `{step}` now.")
                }
                None => "It only prepares the way back.".to_owned(),
            };
            if let Some(proposal) = self.made.proposals.get_mut(number) {
                proposal.outcome = Outcome::Absorbed { why };
            }
        }
    }

    fn say_why(&mut self, proposals: &Range<usize>, why: &str) {
        for proposal in self.made.proposals.get_mut(proposals.clone()).unwrap_or_default() {
            if let Outcome::Lifted { uses, guessed, .. } = &mut proposal.outcome
                && changes(uses)
            {
                guessed.push(why.to_owned());
            }
        }
    }

    fn undo(&mut self, id: &str, back: &Value) {
        let ascii = self.made.ascii;
        let Some(step) = self.made.step(id) else { return };
        step.insert("undo".to_owned(), back.clone());
        let yaml = super::written::mapping(step, ascii).join("\n");
        let shown = self.shown.get(id).and_then(|at| self.made.proposals.get_mut(*at));
        if let Some(Proposal { outcome: Outcome::Lifted { yaml: shown, .. }, .. }) = shown {
            *shown = yaml;
        }
    }
}

fn changes(uses: &str) -> bool {
    crate::kind(uses).is_none_or(|kind| kind.effect.changes())
}

/// Whether a command that stays a script names the thing of a subject, as `./back.sh lamp` does.
fn names(words: &HashSet<&str>, subject: &str) -> bool {
    let name = subject.rsplit('/').next().unwrap_or_default();
    name.len() > 2 && words.contains(name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')))
}

/// A way back to a revision that is written as a number, `api:5`.
fn is_numbered(back: &Value) -> bool {
    let to = back.pointer("/with/to").and_then(Value::as_str).unwrap_or_default();
    to.rsplit(':').next().is_some_and(|end| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit()))
        || to.contains("vars.")
}
