//! Digests of content, and content that is checked while it passes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt;
use std::str::FromStr;

/// `sha256:…` or `sha512:…`, the algorithms that the OCI image specification registers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest: sha256: and 64, or sha512: and 128 small hexadecimal digits are")]
pub struct BadDigest(String);

impl Digest {
    /// The SHA-256 of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Twelve digits, for people.
    pub fn short(&self) -> &str {
        let hex = self.0.split_once(':').map_or("", |(_, hex)| hex);
        hex.get(..12).unwrap_or(hex)
    }

    /// Whether it is of these bytes.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        let mut check = Check::of(self);
        check.take(bytes);
        check.found() == *self
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let fits = |hex: &str, length: usize| {
            hex.len() == length && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        match text.split_once(':') {
            Some(("sha256", hex)) if fits(hex, 64) => Ok(Self(text.to_owned())),
            Some(("sha512", hex)) if fits(hex, 128) => Ok(Self(text.to_owned())),
            Some(_) | None => Err(BadDigest(text.chars().filter(|c| !c.is_control()).take(160).collect())),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Self, BadDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A digest in the making, by the algorithm of the one that is expected. A copy of it is a state to go back to.
#[derive(Clone)]
pub(crate) enum Check {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Check {
    pub(crate) fn of(expected: &Digest) -> Self {
        match expected.0.starts_with("sha512:") {
            true => Self::Sha512(Sha512::new()),
            false => Self::Sha256(Sha256::new()),
        }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    pub(crate) fn found(self) -> Digest {
        match self {
            Self::Sha256(state) => Digest(format!("sha256:{}", hex(&state.finalize()))),
            Self::Sha512(state) => Digest(format!("sha512:{}", hex(&state.finalize()))),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_both_algorithms() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        let long: Digest = format!("sha512:{}", hex(&Sha512::digest(b"abc"))).parse().unwrap();
        assert!(long.fits(b"abc") && !long.fits(b"abd"));
        for text in ["sha256:", "sha256:E3", &empty.to_uppercase(), &empty[1..], "sha1:aa", ""] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
