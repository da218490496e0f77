//! Where each byte of a repaired text stands in the damaged one.

use crate::Span;
use crate::repair::{self, Piece};

/// The places of a repaired text.
#[derive(Debug)]
pub(crate) struct Places {
    /// A text may have been damaged several times; the last damage first.
    layers: Vec<Vec<Piece>>,
    end: usize,
}

/// The text as it was meant, where it is damaged.
pub(crate) fn repaired(text: &str) -> Option<(String, Places)> {
    let (sound, layers) = repair::pieces(text)?;
    Some((sound, Places { layers, end: text.len() }))
}

impl Places {
    pub(crate) fn span(&self, span: Span) -> Span {
        let start = self.place(span.start);
        Span { start, end: self.place(span.end).max(start) }
    }

    fn place(&self, at: usize) -> usize {
        self.layers.iter().fold(at, |at, pieces| before(pieces, at).unwrap_or(self.end)).min(self.end)
    }
}

/// The place before one repair. A place inside a repaired piece is that piece's end: half a symbol has no place of its own.
/// `None` is the end of the text.
fn before(pieces: &[Piece], at: usize) -> Option<usize> {
    let index = pieces.partition_point(|piece| piece.start <= at);
    let next = pieces.get(index).map(|piece| piece.from);
    match index.checked_sub(1).and_then(|index| pieces.get(index)) {
        Some(piece) if piece.same => {
            let own = piece.from + (at - piece.start);
            Some(next.map_or(own, |next| own.min(next)))
        }
        Some(piece) if piece.start == at => Some(piece.from),
        Some(_) => next,
        None => Some(at),
    }
}
