//! A length of time as people write it in a plan: `90s`, `5m`, `1h30m`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, written `500ms`, `90s`, `5m`, `1h30m` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dur(pub Duration);

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write `90s`, `5m` or `1h30m`")]
pub struct BadDur(pub String);

/// Longest length that a plan may name; more is a slip of the pen, and would overflow deadlines.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl Dur {
    /// A length of time.
    pub fn new(length: Duration) -> Self {
        Self(length)
    }

    /// The length.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Dur {
    type Err = BadDur;

    fn from_str(text: &str) -> Result<Self, BadDur> {
        parse(text).filter(|length| *length <= LONGEST).map(Self).ok_or_else(|| BadDur(text.to_owned()))
    }
}

impl TryFrom<String> for Dur {
    type Error = BadDur;

    fn try_from(text: String) -> Result<Self, BadDur> {
        text.parse()
    }
}

impl From<Dur> for String {
    fn from(length: Dur) -> String {
        length.to_string()
    }
}

impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS_DOWN {
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl JsonSchema for Dur {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "holdpoint-duration", "pattern": "^([0-9]+(ms|s|m|h|d))+$" })
    }
}

const UNITS_DOWN: [(&str, u128); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let size = match rest.get(..letters)? {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        // Units go down: `5m1h` is a slip of the pen.
        if size >= last {
            return None;
        }
        last = size;
        total = total.checked_add(number.checked_mul(size)?)?;
        rest = rest.get(letters..)?;
    }
    (last != u64::MAX).then(|| Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, millis) in [
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("0s", 0),
            ("2d", 172_800_000),
        ] {
            assert_eq!(text.parse::<Dur>().unwrap().0, Duration::from_millis(millis), "{text}");
        }
        assert_eq!("90s".parse::<Dur>().unwrap().to_string(), "1m30s");
        for text in ["", "5", "m", "5 m", "-5m", "5m1h", "1.5h", "999999999999999999d", "5M", "400d", "٣m"] {
            assert!(text.parse::<Dur>().is_err(), "{text}");
        }
    }
}
