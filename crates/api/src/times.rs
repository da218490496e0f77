//! Times as shown: ISO 8601 with zone.

use holdpoint_run::At;
use std::time::SystemTime;

/// Seconds since 1970.
pub(crate) fn iso(seconds: i64) -> String {
    At(seconds.saturating_mul(1000)).to_string()
}

/// The system's time.
pub(crate) fn iso_of(time: SystemTime) -> String {
    iso(seconds(time))
}

/// Seconds since 1970; a time before that is 0.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
