//! Changes of a plan's text: byte ranges and what stands there afterwards. Nothing is ever re-serialised.

use crate::Span;
use serde::{Deserialize, Serialize};

/// Replaces the bytes of `span` by `text`; an empty span inserts. Spans point into [`Reading::text`](crate::Reading::text).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

impl Edit {
    /// Puts text before the byte at `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { span: Span { start: at, end: at }, text: text.into() }
    }

    /// Puts text in the place of a range.
    pub fn replace(span: impl Into<Span>, text: impl Into<String>) -> Self {
        Self { span: span.into(), text: text.into() }
    }
}

/// A repair that one click carries out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What the click does, in the imperative: "Write `--task-definition`".
    pub title: String,
    /// All of them together, or none.
    pub edits: Vec<Edit>,
}

/// Why edits cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It ends before it begins, or after the text.
    #[error("bytes {start}..{end} are no range of a text of {length} bytes; read the plan again")]
    OutOfBounds {
        /// First byte of the edit.
        start: usize,
        /// One past its last byte.
        end: usize,
        /// Bytes of the text.
        length: usize,
    },
    /// It begins or ends inside a character.
    #[error("byte {at} is in the middle of a character; read the plan again")]
    CutsACharacter {
        /// The byte.
        at: usize,
    },
    /// Two edits touch the same bytes.
    #[error("two edits change byte {at}; apply one, read the plan again, then the other")]
    Overlap {
        /// First byte that both change.
        at: usize,
    },
}

/// Applies edits, in whatever order they are given. Insertions at one place keep the order in which they are given, and
/// come before a replacement that begins there.
///
/// # Errors
/// Edits that overlap, lie outside of the text or cut a character; then none is applied.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut order: Vec<&Edit> = edits.iter().collect();
    order.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in order {
        let Span { start, end } = edit.span;
        if start > end || end > text.len() {
            return Err(EditError::OutOfBounds { start, end, length: text.len() });
        }
        if start < done {
            return Err(EditError::Overlap { at: start });
        }
        let kept = text.get(done..start).ok_or(EditError::CutsACharacter { at: start })?;
        if !text.is_char_boundary(end) {
            return Err(EditError::CutsACharacter { at: end });
        }
        out.push_str(kept);
        out.push_str(&edit.text);
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Edit, EditError, apply};

    #[test]
    fn edits_go_in_by_place_whatever_their_order() {
        let edits = [
            Edit::replace(7..12, "there"),
            Edit::insert(0, "» "),
            Edit::replace(5..6, " —"),
            Edit::insert(7, "out "),
        ];
        assert_eq!(apply("hello, world", &edits).as_deref(), Ok("» hello — out there"));
        assert_eq!(apply("same", &[]).as_deref(), Ok("same"));
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let edits = [Edit::insert(1, "x"), Edit::replace(1..2, "B"), Edit::insert(1, "y")];
        assert_eq!(apply("abc", &edits).as_deref(), Ok("axyBc"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let at = |start, end| [Edit::replace(start..end, "")];
        assert_eq!(apply("abc", &at(1, 9)), Err(EditError::OutOfBounds { start: 1, end: 9, length: 3 }));
        assert_eq!(apply("abc", &at(2, 1)), Err(EditError::OutOfBounds { start: 2, end: 1, length: 3 }));
        assert_eq!(apply("éé", &at(1, 2)), Err(EditError::CutsACharacter { at: 1 }));
        assert_eq!(apply("éé", &at(0, 3)), Err(EditError::CutsACharacter { at: 3 }));
        let two = [Edit::replace(0..2, "x"), Edit::replace(1..3, "y")];
        assert_eq!(apply("abc", &two), Err(EditError::Overlap { at: 1 }));
        let twice = [Edit::replace(0..2, "x"), Edit::insert(1, "y")];
        assert_eq!(apply("abc", &twice), Err(EditError::Overlap { at: 1 }));
    }
}
