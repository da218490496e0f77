//! Text taken out of the plan piece by piece (a fence in a list loses its indentation) that still knows where each byte stands.

use crate::Span;
use std::ops::Range;

/// Text and the places of its pieces in the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapped {
    pub(crate) text: String,
    /// Start in `text`, start in the plan; sorted by both.
    pieces: Vec<(usize, usize)>,
    /// Where the last piece ends in the plan.
    end: usize,
}

impl Mapped {
    /// Text that begins at a place of the plan and has no pieces yet.
    pub(crate) fn at(start: usize) -> Self {
        Self { text: String::new(), pieces: vec![(0, start)], end: start }
    }

    pub(crate) fn push(&mut self, text: &str, range: Range<usize>) {
        if self.text.is_empty() {
            self.pieces.clear();
        }
        self.pieces.push((self.text.len(), range.start));
        self.text.push_str(text);
        self.end = range.end;
    }

    /// Where a byte of the text stands in the plan.
    pub(crate) fn place(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        match self.pieces.get(index) {
            Some((start, place)) => (place + at.saturating_sub(*start)).min(self.end.max(*place)),
            None => self.end,
        }
    }

    /// Where a range of the text stands in the plan.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let start = self.place(range.start);
        // The end belongs to the piece of the last byte, not to the next piece.
        let end = if range.end > range.start { self.place(range.end - 1) + 1 } else { start };
        Span { start, end: end.max(start) }
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Span {
        Span { start: self.pieces.first().map_or(self.end, |(_, place)| *place), end: self.end }
    }
}
