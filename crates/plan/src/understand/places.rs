//! Where each byte of a repaired text stands in the damaged one.

use crate::{Span, repair};

/// A piece of the repaired text and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Start in the repaired text.
    pub(crate) start: usize,
    /// Start in the damaged text.
    pub(crate) from: usize,
    /// Byte for byte the same; else repaired as a whole.
    pub(crate) same: bool,
}

/// The places of a repaired text.
#[derive(Debug)]
pub(crate) struct Places {
    pieces: Vec<Piece>,
    end: usize,
}

/// The text as it was meant, where it is damaged.
pub(crate) fn repaired(text: &str) -> Option<(String, Places)> {
    let (sound, pieces) = repair::pieces(text)?;
    Some((sound, Places { pieces, end: text.len() }))
}

impl Places {
    pub(crate) fn span(&self, span: Span) -> Span {
        let start = self.place(span.start);
        Span { start, end: self.place(span.end).max(start) }
    }

    /// A place inside a repaired piece is that piece's end: half a symbol has no place of its own.
    fn place(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.start <= at);
        let next = self.pieces.get(index).map_or(self.end, |piece| piece.from);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some(piece) if piece.same => (piece.from + (at - piece.start)).min(next),
            Some(piece) if piece.start == at => piece.from,
            Some(_) => next,
            None => at.min(self.end),
        }
    }
}
