//! What runs an image: operating system, processor and its variant.

use super::manifest::Descriptor;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `linux/amd64`, `linux/arm64/v8`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// Operating system, as Go writes it.
    pub os: String,
    /// Processor, as Go writes it.
    pub architecture: String,
    /// Variant of the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform: write linux/amd64 or linux/arm64")]
pub struct BadPlatform(String);

impl Platform {
    /// Whether it says nothing: attestations stand in an index so.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }

    /// Whether an image of this platform runs where `wanted` is asked for.
    pub fn fits(&self, wanted: &Self) -> bool {
        let variant = wanted.normal_variant();
        self.os == wanted.os
            && self.normal_architecture() == wanted.normal_architecture()
            && (variant.is_none() || self.normal_variant() == variant)
    }

    /// The entry of an index for a platform: one without a variant, or with the usual one, before the others.
    pub fn pick<'a>(&self, entries: &[&'a Descriptor]) -> Option<&'a Descriptor> {
        let fitting =
            || entries.iter().filter(|entry| entry.platform.as_ref().is_some_and(|found| found.fits(self)));
        let plain = |entry: &&&Descriptor| {
            entry.platform.as_ref().is_some_and(|found| found.normal_variant().is_none())
        };
        fitting().find(plain).or_else(|| fitting().next()).copied()
    }

    fn normal_architecture(&self) -> &str {
        match self.architecture.as_str() {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
    }

    /// `v8` is what every arm64 is, and `v1` what every amd64 is.
    fn normal_variant(&self) -> Option<&str> {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty())?;
        match (self.normal_architecture(), variant) {
            ("arm64", "v8" | "8") | ("amd64", "v1") => None,
            (_, variant) => Some(variant),
        }
    }
}

impl FromStr for Platform {
    type Err = BadPlatform;

    fn from_str(text: &str) -> Result<Self, BadPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        match parts.as_slice() {
            [os, architecture, rest @ ..] if rest.len() <= 1 && parts.iter().all(is_word) => Ok(Self {
                os: os.to_ascii_lowercase(),
                architecture: architecture.to_ascii_lowercase(),
                variant: rest.first().map(|variant| variant.to_ascii_lowercase()),
            }),
            _ => Err(BadPlatform(text.chars().filter(|c| !c.is_control()).take(60).collect())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(found: &str, wanted: &str) -> bool {
        found.parse::<Platform>().unwrap().fits(&wanted.parse().unwrap())
    }

    #[test]
    fn platforms() {
        assert!(fits("linux/amd64", "linux/amd64"));
        assert!(fits("linux/arm64/v8", "linux/arm64"));
        assert!(fits("linux/arm64", "linux/arm64/v8"));
        assert!(fits("linux/arm/v7", "linux/arm"));
        assert!(!fits("linux/arm/v6", "linux/arm/v7"));
        assert!(!fits("linux/amd64", "linux/amd64/v3"));
        assert!(!fits("linux/arm64", "linux/amd64"));
        assert!(!fits("windows/amd64", "linux/amd64"));
        for text in ["", "linux", "linux/", "linux/a/b/c", "linux/a b"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
