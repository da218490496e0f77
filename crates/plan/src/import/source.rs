//! The file's own bytes: insertions go into them, so that nothing else changes, whatever the encoding.

use crate::{Edit, Reading, decode};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that were read as text, and how.
#[derive(Debug)]
pub(super) struct Source<'b> {
    bytes: &'b [u8],
    /// Bytes of the mark at the start, which the text does not have.
    mark: usize,
    encoding: &'static Encoding,
}

impl<'b> Source<'b> {
    /// `None` where the bytes are no text, or not the text that was read.
    pub(super) fn new(bytes: &'b [u8], reading: &Reading) -> Option<Self> {
        let (encoding, mark) = decode::encoding_of(bytes);
        let source = Self { bytes, mark, encoding };
        let text = reading.text.as_str();
        if text.is_empty() {
            return (bytes.len() == mark).then_some(source);
        }
        let whole = bytes.get(mark..)? == source.encoded_bare(text);
        // An odd byte at the end of UTF-16 is shown as one character more than it has.
        let odd = source.is_utf16() && mark + source.units(text) == bytes.len() + 1;
        (whole || odd).then_some(source)
    }

    /// Whether insertions must be ASCII: every other encoding than Unicode's has that for sure, and nothing else.
    pub(super) fn ascii(&self) -> bool {
        self.encoding != UTF_8 && !self.is_utf16()
    }

    /// Whether the bytes are the text's own.
    pub(super) fn is_plain(&self) -> bool {
        self.encoding == UTF_8 && self.mark == 0
    }

    fn is_utf16(&self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
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
        !self.ascii() || text.is_ascii()
    }

    /// A text as this file would have it.
    pub(super) fn encoded(&self, text: &str) -> Vec<u8> {
        let mut out = self.bytes.get(..self.mark).unwrap_or_default().to_vec();
        self.encode(text, &mut out);
        out
    }

    fn encoded_bare(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        self.encode(text, &mut out);
        out
    }

    /// Bytes of a piece of the text in the file.
    fn units(&self, text: &str) -> usize {
        if self.encoding == UTF_8 || text.is_ascii() && !self.is_utf16() {
            text.len()
        } else if self.is_utf16() {
            text.encode_utf16().count() * 2
        } else {
            self.encoded_bare(text).len()
        }
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) {
        if self.encoding == UTF_16LE {
            out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        } else if self.encoding == UTF_16BE {
            out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        } else {
            out.extend_from_slice(&self.encoding.encode(text).0);
        }
    }
}
