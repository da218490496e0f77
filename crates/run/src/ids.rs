//! Names and times of a run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that does not name a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a run: a run's id is 8 to 32 letters and digits")]
pub struct BadRunId(pub String);

/// Names one run; also the name of its folder, so only letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Checks the form: 8 to 32 ASCII capitals and digits.
    pub fn new(text: impl Into<String>) -> Result<Self, BadRunId> {
        let text = text.into();
        let form = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if form && (8..=32).contains(&text.len()) { Ok(Self(text)) } else { Err(BadRunId(text)) }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunId {
    type Error = BadRunId;
    fn try_from(text: String) -> Result<Self, BadRunId> {
        Self::new(text)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z. For display; order is decided by `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub i64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// Against what a run works. On every event, file, screen and report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// AWS.
    Live,
    /// The simulator.
    Practice,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Practice => "practice",
        })
    }
}
