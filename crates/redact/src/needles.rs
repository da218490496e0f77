//! All forms of all known values as one automaton, and the places where one may be about to begin.

use crate::forms;
use crate::redactor::Found;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeSet;

/// Above this many bytes of needles a full transition table takes too much memory, and too long to make: a value is
/// learned while a run waits.
const LARGEST_TABLE: usize = 32 * 1024;

/// What is looked for.
pub(crate) struct Needles {
    /// `None` while nothing is known.
    automaton: Option<AhoCorasick>,
    /// Sorted, to find those that begin with given bytes.
    sorted: Vec<Vec<u8>>,
    longest: usize,
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
        let bytes: usize = sorted.iter().map(Vec::len).sum();
        let mut starts = vec![0; 1024];
        for needle in &sorted {
            let at = pair(needle[0], needle[1]);
            starts[at / 64] |= 1 << (at % 64);
        }
        // Every pattern is a plain string, so building fails only beyond 2^31 states; the values are then too many
        // to be kept in memory either. Overlapping matches are wanted: two values may share an end.
        let automaton = (!sorted.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .kind((bytes <= LARGEST_TABLE).then_some(AhoCorasickKind::DFA))
                    .build(&sorted)
                    .ok()
            })
            .flatten();
        let longest = sorted.iter().map(Vec::len).max().unwrap_or(0);
        Self { automaton, sorted, longest, starts }
    }

    /// Adds to `found` where any needle stands in `text`.
    pub(crate) fn find(&self, text: &[u8], found: &mut Vec<Found>) {
        if let Some(automaton) = &self.automaton {
            found.extend(automaton.find_overlapping_iter(text).map(|m| Found::at(m.range())));
        }
    }

    /// The first place from which the end of `text` is the beginning of a needle: what follows may complete it.
    pub(crate) fn unfinished(&self, text: &[u8]) -> Option<usize> {
        let from = text.len().saturating_sub(self.longest.saturating_sub(1));
        (from..text.len()).find(|at| self.begins(&text[*at..]))
    }

    fn begins(&self, part: &[u8]) -> bool {
        if let [first, second, ..] = part {
            let at = pair(*first, *second);
            if self.starts[at / 64] & (1 << (at % 64)) == 0 {
                return false;
            }
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
