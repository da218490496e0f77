//! The file's own bytes: insertions go into them, so that nothing else changes, whatever the encoding.

use crate::{Edit, Reading};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that were read as text, and how.
#[derive(Debug)]
pub(super) struct Source<'b> {
    bytes: &'b [u8],
    /// Bytes of the mark at the start, which the text does not have.
    mark: usize,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Utf8,
    Utf16 { big: bool },
    Western,
}

impl<'b> Source<'b> {
    /// `None` where the bytes are no text, or not the text that was read.
    pub(super) fn new(bytes: &'b [u8], reading: &Reading) -> Option<Self> {
        let utf16 = Encoding::for_bom(bytes).filter(|(one, _)| *one == UTF_16LE || *one == UTF_16BE);
        let (mark, form) = match utf16 {
            Some((encoding, mark)) => (mark, Form::Utf16 { big: encoding == UTF_16BE }),
            None => {
                let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                let sound = std::str::from_utf8(bytes.get(mark..)?).is_ok();
                (mark, if sound { Form::Utf8 } else { Form::Western })
            }
        };
        let source = Self { bytes, mark, form };
        let text = &reading.text;
        let units = source.offset(text, text.len());
        let rest = bytes.len().checked_sub(units)?;
        // An odd byte at the end of UTF-16 is shown as one character more than it has.
        (rest <= 1 || (rest == 0 && !text.is_empty()))
            .then_some(source)
            .filter(|_| !text.is_empty() || bytes.is_empty())
    }

    /// Whether insertions must be ASCII.
    pub(super) fn ascii(&self) -> bool {
        self.form == Form::Western
    }

    /// The bytes with insertions at their places in the text.
    pub(super) fn spliced(&self, text: &str, edits: &[Edit]) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(self.bytes.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
        let (mut at, mut done) = (0, self.mark);
        out.extend_from_slice(self.bytes.get(..self.mark).unwrap_or_default());
        for edit in edits {
            let next = done + self.units(text.get(at..edit.span.start).unwrap_or_default());
            out.extend_from_slice(self.bytes.get(done..next).unwrap_or_default());
            self.encode(&edit.text, &mut out);
            (at, done) = (edit.span.start, next);
        }
        out.extend_from_slice(self.bytes.get(done..).unwrap_or_default());
        out
    }

    /// Whether the encoding has a text.
    pub(super) fn has(&self, text: &str) -> bool {
        self.form != Form::Western || text.is_ascii()
    }

    /// A text as this file would have it.
    pub(super) fn encoded(&self, text: &str) -> Vec<u8> {
        let mut out = self.bytes.get(..self.mark).unwrap_or_default().to_vec();
        self.encode(text, &mut out);
        out
    }

    fn offset(&self, text: &str, at: usize) -> usize {
        self.mark + self.units(text.get(..at).unwrap_or_default())
    }

    /// Bytes of a piece of the text in the file.
    fn units(&self, text: &str) -> usize {
        match self.form {
            Form::Utf8 => text.len(),
            Form::Utf16 { .. } => text.encode_utf16().count() * 2,
            Form::Western => text.chars().count(),
        }
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) {
        match self.form {
            Form::Utf8 => out.extend_from_slice(text.as_bytes()),
            Form::Utf16 { big } => out.extend(
                text.encode_utf16()
                    .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }),
            ),
            Form::Western => out.extend_from_slice(&WINDOWS_1252.encode(text).0),
        }
    }
}
