//! What is going on right now: progress for the screen. It may be dropped; the evidence file drops nothing.

use crate::{Lapse, Note};
use holdpoint_run::Work;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Lines that the screen can look back at; the evidence file has all.
const LINES: usize = 5_000;

/// Progress of a run, by work.
#[derive(Debug, Clone, Default)]
pub struct Board {
    works: BTreeMap<Work, WorkBoard>,
    /// Names of secrets that are wanted before the run can go on.
    pub wants: Vec<String>,
    /// The sign-in that the run waits for.
    pub lapsed: Option<Lapse>,
    /// Why the run stopped in this process, if it did: the disk is full, another driver took over.
    pub halted: Option<String>,
}

/// Progress of one piece of work.
#[derive(Debug, Clone, Default)]
pub struct WorkBoard {
    /// What is waited for.
    pub says: Option<String>,
    /// The newest state of a rollout.
    pub rollout: Option<Value>,
    /// The newest card.
    pub card: Option<Value>,
    /// The newest lines.
    pub lines: VecDeque<Line>,
    /// How many lines there were, those dropped included.
    pub total: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number, from 1, stable.
    pub number: u64,
    /// Where from.
    pub source: String,
    /// When it was written, milliseconds since 1970, where that is known.
    pub at: Option<i64>,
    /// The text, redacted.
    pub text: String,
}

impl Board {
    /// Progress of a piece of work.
    pub fn work(&self, work: &Work) -> Option<&WorkBoard> {
        self.works.get(work)
    }

    /// Progress of all work that told something.
    pub fn works(&self) -> impl Iterator<Item = (&Work, &WorkBoard)> {
        self.works.iter()
    }

    /// A new attempt begins: what the last one showed goes.
    pub(crate) fn clear(&mut self, work: &Work) {
        self.works.remove(work);
    }

    pub(crate) fn take(&mut self, work: Work, note: Note) {
        let board = self.works.entry(work).or_default();
        match note {
            Note::Says { text } => board.says = Some(text),
            Note::Rollout { view } => board.rollout = Some(view),
            Note::Shows { view } => board.card = Some(view),
            Note::Line { source, at, text } => {
                board.total += 1;
                board.lines.push_back(Line { number: board.total, source, at, text });
                if board.lines.len() > LINES {
                    board.lines.pop_front();
                }
            }
        }
    }
}
