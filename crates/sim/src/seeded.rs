//! Everything that looks random, made from the seed and a count: ids, digests, jitter. The same seed and the same calls give the same world.

use sha2::{Digest, Sha256};

/// A stream of values; two streams of one seed with different names do not meet.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    seed: u64,
    stream: &'static str,
    count: u64,
}

impl Seeded {
    pub(crate) fn new(seed: u64, stream: &'static str) -> Self {
        Self { seed, stream, count: 0 }
    }

    /// Goes on from a later place, so that a process started again does not repeat what an earlier one gave out.
    pub(crate) fn starting_at(seed: u64, stream: &'static str, count: u64) -> Self {
        Self { seed, stream, count }
    }

    fn block(&mut self) -> [u8; 32] {
        self.count += 1;
        digest(&[&self.seed.to_be_bytes(), self.stream.as_bytes(), &self.count.to_be_bytes()])
    }

    pub(crate) fn number(&mut self) -> u64 {
        let block = self.block();
        u64::from_be_bytes([block[0], block[1], block[2], block[3], block[4], block[5], block[6], block[7]])
    }

    /// A number in 0..1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `count` hexadecimal digits, at most 64.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        let mut text = hex(&self.block());
        text.truncate(count);
        text
    }

    /// 19 decimal digits, as in `ecs-svc/…` and service revisions.
    pub(crate) fn digits19(&mut self) -> String {
        (1_000_000_000_000_000_000 + self.number() % 8_000_000_000_000_000_000).to_string()
    }

    /// `count` characters of `alphabet`, at most 32.
    pub(crate) fn letters(&mut self, count: usize, alphabet: &[u8]) -> String {
        self.block()
            .iter()
            .take(count)
            .map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()]))
            .collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let h = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..32])
    }
}

/// SHA-256 over the parts.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{b:02x}");
        text
    })
}
