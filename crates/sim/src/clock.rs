//! The simulator's time: real wall-clock time for everything on the wire, and a count of the microseconds that this
//! state has been served for, which stands still while no process serves it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Microseconds: since the Unix epoch for wall times, since the state's birth for elapsed ones.
pub(crate) type Micros = u64;

/// One second in [`Micros`].
pub(crate) const SECOND: Micros = 1_000_000;

/// Where the elapsed count and the wall clock met when this process began to serve.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Epoch {
    pub(crate) wall: Micros,
    pub(crate) elapsed: Micros,
}

impl Epoch {
    /// The wall time of an elapsed moment of this session. Computed, never read, so that a replay gives the same stamps.
    pub(crate) fn wall(&self, elapsed: Micros) -> Micros {
        self.wall + elapsed.saturating_sub(self.elapsed)
    }
}

/// The running clock of one process.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    resumed_at: Micros,
}

impl Clock {
    /// Starts counting on from `resumed_at` elapsed microseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator is a server with a clock of its own; this is its one reader"
    )]
    pub(crate) fn start(resumed_at: Micros) -> Self {
        Self { started: Instant::now(), resumed_at }
    }

    /// Elapsed microseconds of the state.
    pub(crate) fn elapsed(&self) -> Micros {
        self.resumed_at + u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "signatures and timestamps on the wire are of the real time")]
pub(crate) fn wall_now() -> Micros {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
}

/// Epoch seconds with milliseconds, as AWS's JSON protocols write timestamps.
pub(crate) fn epoch_seconds(at: Micros) -> f64 {
    let milliseconds = at / 1000;
    // Exact: milliseconds since 1970 stay far below 2^53.
    milliseconds as f64 / 1000.0
}

/// `2026-01-02T03:04:05Z`.
pub(crate) fn iso8601(at: Micros) -> String {
    let (days, of_day) = ((at / SECOND / 86_400) as i64, at / SECOND % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// `20260102T030405Z`, as SigV4 writes it.
pub(crate) fn basic_iso8601(at: Micros) -> String {
    iso8601(at).replace(['-', ':'], "")
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`, as the Date header has it.
pub(crate) fn http_date(at: Micros) -> String {
    let days = at / SECOND / 86_400;
    let (year, month, day) = civil(days as i64);
    // 1 January 1970 was a Thursday.
    let name = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[(month - 1) as usize % 12];
    let of_day = at / SECOND % 86_400;
    format!(
        "{name}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Reads SigV4's `20260102T030405Z`; `None` when it is not of that shape.
pub(crate) fn parse_basic_iso8601(text: &str) -> Option<Micros> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    u64::try_from(seconds).ok().map(|s| s * SECOND)
}

/// Days since 1970-01-01 to year, month, day (Howard Hinnant's civil_from_days).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_survive_the_round_trip() {
        for (text, seconds) in
            [("19700101T000000Z", 0), ("20000229T235959Z", 951_868_799), ("20261120T213000Z", 1_795_210_200)]
        {
            assert_eq!(parse_basic_iso8601(text), Some(seconds * SECOND), "{text}");
            assert_eq!(basic_iso8601(seconds * SECOND), text);
        }
        assert_eq!(http_date(951_868_799 * SECOND), "Tue, 29 Feb 2000 23:59:59 GMT");
        assert_eq!(parse_basic_iso8601("2026-11-20T21:3Z"), None);
    }
}
