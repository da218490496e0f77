//! The portal's limit of calls: a bucket for each caller that fills evenly. It is no part of the world; a restart begins with full ones.

use std::collections::BTreeMap;

use crate::clock::{Micros, SECOND};
use crate::sso::Rate;

/// How much each caller has left.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Millionths of a call, and when they were counted.
    left: BTreeMap<String, (u64, Micros)>,
}

impl Pace {
    /// Whether a call at the elapsed moment `t` is within the rate; takes it from the bucket if so.
    pub(crate) fn lets(&mut self, caller: &str, rate: Rate, t: Micros) -> bool {
        if rate.per_second == 0 {
            return true;
        }
        let full = u64::from(rate.per_second) * SECOND;
        let (left, counted) = self.left.entry(caller.to_owned()).or_insert((full, t));
        let more = t.saturating_sub(*counted).saturating_mul(rate.per_second.into());
        *left = left.saturating_add(more).min(full);
        *counted = t;
        let fits = *left >= SECOND;
        if fits {
            *left -= SECOND;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_evenly() {
        let mut pace = Pace::default();
        let rate = Rate { per_second: 4, retry_after: None };
        // (milliseconds, whether it is let through)
        let table = [
            (0, true),
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (200, false),
            (250, true),
            (260, false),
            (500, true),
        ];
        for (at, lets) in table {
            assert_eq!(pace.lets("ann", rate, at * 1000), lets, "at {at} ms");
        }
        assert!(pace.lets("ben", rate, 500_000), "each caller has its own");
        assert!((0..1000).all(|_| pace.lets("ann", Rate { per_second: 0, retry_after: None }, 500_000)));
    }
}
