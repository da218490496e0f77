//! A text without its terminal sequences, and where each of its bytes stood: a value is found even when its output
//! was coloured in the middle.

const ESC: u8 = 0x1b;
/// A sequence longer than this is taken for text.
const LONGEST: usize = 4096;

/// The text without sequences.
pub(crate) struct Bare {
    pub(crate) text: Vec<u8>,
    /// For each byte of `text`, where it stood.
    at: Vec<usize>,
    /// Where a sequence begins that the text does not finish.
    pub(crate) unfinished: Option<usize>,
}

/// `None` when there is no sequence in it.
pub(crate) fn bare(full: &[u8]) -> Option<Bare> {
    memchr::memchr(ESC, full)?;
    let mut bare =
        Bare { text: Vec::with_capacity(full.len()), at: Vec::with_capacity(full.len()), unfinished: None };
    let mut i = 0;
    while i < full.len() {
        if full[i] != ESC {
            bare.text.push(full[i]);
            bare.at.push(i);
            i += 1;
            continue;
        }
        match sequence(&full[i..]) {
            Some(len) => i += len,
            None if full.len() - i < LONGEST => {
                bare.unfinished = Some(i);
                break;
            }
            None => i += 1,
        }
    }
    Some(bare)
}

impl Bare {
    /// Where a range of the bare text stood in the full one.
    pub(crate) fn place(&self, range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.at[range.start]..self.at[range.end - 1] + 1
    }

    /// Where a byte of the bare text stood.
    pub(crate) fn place_of(&self, at: usize) -> usize {
        self.at[at]
    }
}

/// The length of the sequence that `text` begins with (ECMA-48 §5.4, §5.6), or `None` when it is not finished.
fn sequence(text: &[u8]) -> Option<usize> {
    let kind = *text.get(1)?;
    match kind {
        // CSI: parameters and intermediates, then one final byte.
        b'[' => text.iter().skip(2).position(|b| !(0x20..=0x3f).contains(b)).map(|n| n + 3),
        // OSC, DCS, SOS, PM, APC: up to BEL or ST.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = text.iter().skip(2).position(|b| *b == 0x07 || *b == ESC)? + 2;
            if text[end] == 0x07 { Some(end + 1) } else { text.get(end + 1).map(|_| end + 2) }
        }
        // nF: intermediates, then one final byte.
        0x20..=0x2f => text.iter().skip(2).position(|b| !(0x20..=0x2f).contains(b)).map(|n| n + 3),
        _ => Some(2),
    }
}
