//! Times as shown: ISO 8601 with zone.

use holdpoint_run::At;

/// Seconds since 1970.
pub(crate) fn iso(seconds: i64) -> String {
    At(seconds.saturating_mul(1000)).to_string()
}
