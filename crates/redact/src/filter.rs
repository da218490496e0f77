//! The filter over a stream: secrets are found even when they come in pieces.

use crate::Redactor;
use crate::needles::Needles;
use crate::patterns::InKey;
use crate::redactor::Found;
use crate::{bare, redactor};

/// A line longer than this is let go in parts.
const LONGEST_LINE: usize = 32 * 1024;
/// Of such a line this much is kept back, for a rule that has only begun to match.
const KEPT: usize = 1024;
/// A token that is longer than any line is swallowed up to its end.
const TOKEN_ENDS: &[u8] = b" \t\r\n\"'\\,;&";

/// Redacts one stream of bytes, chunk by chunk. It keeps back the line that is not finished, and an unfinished value,
/// which is at most as long as the longest form of a known value.
#[derive(Debug)]
pub struct Filter {
    redactor: Redactor,
    held: Vec<u8>,
    /// How much of what is held was given already: it stays as the beginning of its line.
    shown: usize,
    key: KeyState,
    /// Inside a secret whose beginning was already replaced.
    swallowing: bool,
}

struct KeyState(InKey);

impl std::fmt::Debug for KeyState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Filter {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self { redactor, held: Vec::new(), shown: 0, key: KeyState(InKey::default()), swallowing: false }
    }

    /// Takes a chunk; gives what is safe to be seen by now.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        let chunk = self.swallow(chunk);
        self.held.extend_from_slice(chunk);
        let needles = self.redactor.needles();
        let lines = memchr::memrchr2(b'\n', b'\r', &self.held).map_or(0, |at| at + 1);
        if lines > 0 {
            let mut out = self.release(&needles, lines);
            out.extend(self.release_long_line(&needles));
            return out;
        }
        self.release_long_line(&needles)
    }

    /// Gives the unfinished line too, for a stream that pauses in the middle of one (a prompt). What may be the
    /// beginning of a known value stays back.
    pub fn settle(&mut self) -> Vec<u8> {
        let needles = self.redactor.needles();
        let found = redactor::find(&needles, &self.held, &mut self.key.0.clone());
        let cut = unfinished(&needles, &self.held);
        if cut <= self.shown {
            return Vec::new();
        }
        let out = redactor::replace(&self.held[..cut], clipped(found, cut), self.shown);
        self.shown = cut;
        out
    }

    /// Gives the rest at the end of the stream.
    pub fn finish(mut self) -> Vec<u8> {
        let needles = self.redactor.needles();
        let found = redactor::find(&needles, &self.held, &mut self.key.0);
        redactor::replace(&self.held, found, self.shown)
    }

    /// Lets go of at most `cut` bytes: fewer, when a value or what shows it crosses the cut, or has begun and not
    /// ended.
    fn release(&mut self, needles: &Needles, cut: usize) -> Vec<u8> {
        let found = redactor::find(needles, &self.held, &mut self.key.0.clone());
        let mut cut = cut.min(unfinished(needles, &self.held));
        // Moving the cut back may make it cross another one, which begins earlier still.
        while let Some(crossed) = found.iter().find(|f| f.context.start < cut && cut < f.context.end) {
            cut = crossed.context.start;
        }
        if cut == 0 {
            return Vec::new();
        }
        let rest = self.held.split_off(cut);
        let part = std::mem::replace(&mut self.held, rest);
        let found = if self.key.0.is_idle(&part) {
            clipped(found, cut)
        } else {
            // The state must be the one after exactly this part; the search above has looked further.
            redactor::find(needles, &part, &mut self.key.0)
        };
        let out = redactor::replace(&part, found, self.shown.min(cut));
        self.shown = self.shown.saturating_sub(cut);
        out
    }

    fn release_long_line(&mut self, needles: &Needles) -> Vec<u8> {
        if self.held.len() <= LONGEST_LINE {
            return Vec::new();
        }
        let before = self.held.len();
        let out = self.release(needles, before - KEPT);
        if self.held.len() < before || before <= 2 * LONGEST_LINE {
            return out;
        }
        // One secret fills the whole buffer: it is replaced now, and dropped as far as it still goes.
        let found = redactor::find(needles, &self.held, &mut self.key.0);
        self.swallowing = found.iter().any(|found| found.secret.end == before);
        let out = redactor::replace(&self.held, found, self.shown);
        self.held.clear();
        self.shown = 0;
        out
    }

    fn swallow<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        if !self.swallowing {
            return chunk;
        }
        match chunk.iter().position(|b| TOKEN_ENDS.contains(b)) {
            None => &[],
            Some(end) => {
                self.swallowing = false;
                &chunk[end..]
            }
        }
    }
}

/// What is found up to `cut`.
fn clipped(mut found: Vec<Found>, cut: usize) -> Vec<Found> {
    found.retain(|found| found.secret.start < cut);
    for found in &mut found {
        found.secret.end = found.secret.end.min(cut);
    }
    found
}

/// Where a value or a terminal sequence begins that may go on after the end.
fn unfinished(needles: &Needles, text: &[u8]) -> usize {
    let raw = needles.unfinished(text);
    let bare = bare::bare(text).and_then(|bare| {
        let begun = needles.unfinished(&bare.text).map(|at| bare.place_of(at));
        begun.or(bare.unfinished)
    });
    raw.into_iter().chain(bare).min().unwrap_or(text.len())
}
