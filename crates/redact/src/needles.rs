//! All forms of all known values, and the places where one stands or may be about to begin.
//!
//! Each place of a text is told apart by a hash of its next [`HEAD`] bytes in a table of bits that stays in the fastest
//! cache. An automaton over all forms (aho-corasick) was turned down: with twenty values and their forms it reads a third
//! as many bytes a second, and learning a long value takes it seconds while a run waits.

use crate::forms;
use crate::redactor::Found;
use std::collections::BTreeSet;

/// Bytes of a needle that its hash is made of: no form is shorter ([`forms`]).
const HEAD: usize = 6;

/// What is looked for.
pub(crate) struct Needles {
    /// Sorted, to find those that begin with given bytes.
    sorted: Vec<Vec<u8>>,
    longest: usize,
    /// A bit for each hash that some needle's head has.
    heads: Vec<u64>,
    /// A bit for each pair of bytes that some needle begins with.
    starts: Vec<u64>,
}

impl Needles {
    pub(crate) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut all = BTreeSet::new();
        for value in values {
            all.append(&mut forms::of(value));
        }
        let sorted: Vec<_> = all.into_iter().collect();
        let (mut heads, mut starts) = (vec![0; 1024], vec![0; 1024]);
        for needle in &sorted {
            set(&mut starts, pair(needle[0], needle[1]));
            set(&mut heads, head(&needle[..HEAD]));
        }
        let longest = sorted.iter().map(Vec::len).max().unwrap_or(0);
        Self { sorted, longest, heads, starts }
    }

    /// Adds to `found` where any needle stands in `text`; two may share a place.
    pub(crate) fn find(&self, text: &[u8], found: &mut Vec<Found>) {
        if self.sorted.is_empty() {
            return;
        }
        for (at, window) in text.windows(HEAD).enumerate() {
            if is_set(&self.heads, head(window)) {
                self.find_at(text, at, found);
            }
        }
    }

    /// Needles that stand exactly at a place.
    fn find_at(&self, text: &[u8], at: usize, found: &mut Vec<Found>) {
        let first = &text[at..at + HEAD];
        let from = self.sorted.partition_point(|needle| needle[..HEAD] < *first);
        let candidates = self.sorted[from..].iter().take_while(|needle| needle.starts_with(first));
        let here = candidates.filter(|needle| text[at..].starts_with(needle));
        found.extend(here.map(|needle| Found::at(at..at + needle.len())));
    }

    /// The first place from which the end of `text` is the beginning of a needle: what follows may complete it.
    pub(crate) fn unfinished(&self, text: &[u8]) -> Option<usize> {
        let from = text.len().saturating_sub(self.longest.saturating_sub(1));
        (from..text.len()).find(|at| self.begins(&text[*at..]))
    }

    fn begins(&self, part: &[u8]) -> bool {
        if let [first, second, ..] = part
            && !is_set(&self.starts, pair(*first, *second))
        {
            return false;
        }
        let at = self.sorted.partition_point(|needle| needle.as_slice() < part);
        self.sorted.get(at).is_some_and(|needle| needle.len() > part.len() && needle.starts_with(part))
            // An equal needle stands first; a longer one with the same beginning may follow it.
            || self.sorted.get(at + 1).is_some_and(|needle| needle.len() > part.len() && needle.starts_with(part))
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// A number below 65,536 for the head of a place: a multiplicative hash, whose upper bits depend on all bytes.
fn head(bytes: &[u8]) -> usize {
    let low = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let high = u32::from(bytes[4]) << 8 | u32::from(bytes[5]);
    ((low ^ high.rotate_left(13)).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn is_set(bits: &[u64], at: usize) -> bool {
    bits[at / 64] & (1 << (at % 64)) != 0
}
