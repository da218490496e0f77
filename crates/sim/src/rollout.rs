//! The arithmetic of a rolling deployment, free of time and state: how many tasks to start and stop now, and when the breaker trips.

use serde::{Deserialize, Serialize};

/// What stands at a moment. *Live* tasks are those not on their way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) desired: u32,
    pub(crate) minimum_healthy_percent: u32,
    pub(crate) maximum_percent: u32,
    pub(crate) new_live: u32,
    pub(crate) new_healthy: u32,
    pub(crate) old_live: u32,
    pub(crate) old_healthy: u32,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moves {
    pub(crate) start: u32,
    pub(crate) stop_old: u32,
    pub(crate) stop_new: u32,
}

/// The scheduler's next moves, within `minimumHealthyPercent` (rounded up) and `maximumPercent` (rounded down)
/// of the desired count (ECS developer guide, "Rolling update").
pub(crate) fn moves(s: &Standing) -> Moves {
    let ceiling = s.desired * s.maximum_percent / 100;
    let floor = (s.desired * s.minimum_healthy_percent).div_ceil(100).min(s.desired);
    let wanted = s.desired.saturating_sub(s.new_live);
    let room = ceiling.saturating_sub(s.new_live + s.old_live);
    let start = wanted.min(room);
    // Old tasks go to make room, or because a healthy new one has taken their place.
    let for_room = wanted - start;
    let replaced = (s.new_healthy + s.old_live).saturating_sub(s.desired);
    let spare = (s.old_live - s.old_healthy) + (s.new_healthy + s.old_healthy).saturating_sub(floor);
    Moves {
        start,
        stop_old: s.old_live.min(spare).min(for_room.max(replaced)),
        stop_new: s.new_live.saturating_sub(s.desired),
    }
}

/// How the breaker's threshold is given (`deploymentCircuitBreaker.thresholdConfiguration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Threshold {
    Count(u32),
    BoundedPercent(u32),
    UnboundedPercent(u32),
}

impl Threshold {
    /// Half the desired count, at least 3 and at most 200.
    pub(crate) const DEFAULT: Self = Self::BoundedPercent(50);

    /// How many failures trip the breaker.
    pub(crate) fn of(self, desired: u32) -> u32 {
        match self {
            Self::Count(count) => count.max(1),
            Self::BoundedPercent(percent) => (desired * percent).div_ceil(100).clamp(3, 200),
            Self::UnboundedPercent(percent) => (desired * percent).div_ceil(100).max(1),
        }
    }
}

/// Seconds to wait before the next start after so many failures in a row. To be confirmed: AWS says only that
/// the time between attempts grows, to at most 15 minutes.
pub(crate) fn back_off(failures: u32) -> f64 {
    match failures {
        0..=2 => 0.0,
        more => f64::from(10u32.saturating_mul(1 << (more - 3).min(7))).min(900.0),
    }
}

/// A share of traffic without the dust of floating point: percentages are multiples of 0.1.
pub(crate) fn clean(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        [desired, min, max, new_live, new_healthy, old_live, old_healthy]: [u32; 7],
        [start, stop_old, stop_new]: [u32; 3],
    ) {
        let standing = Standing {
            desired,
            minimum_healthy_percent: min,
            maximum_percent: max,
            new_live,
            new_healthy,
            old_live,
            old_healthy,
        };
        assert_eq!(moves(&standing), Moves { start, stop_old, stop_new }, "{standing:?}");
    }

    #[test]
    fn rolling() {
        check([2, 100, 200, 0, 0, 0, 0], [2, 0, 0]); // first deployment
        check([2, 100, 200, 0, 0, 2, 2], [2, 0, 0]); // overlap
        check([2, 100, 200, 2, 0, 2, 2], [0, 0, 0]); // nothing goes before something is healthy
        check([2, 100, 200, 2, 1, 2, 2], [0, 1, 0]);
        check([2, 100, 200, 2, 2, 2, 2], [0, 2, 0]);
        check([1, 0, 100, 0, 0, 1, 1], [0, 1, 0]); // no room: down first
        check([1, 0, 100, 0, 0, 0, 0], [1, 0, 0]);
        check([1, 0, 200, 0, 0, 1, 1], [1, 0, 0]); // room: no needless gap
        check([4, 50, 100, 0, 0, 4, 4], [0, 2, 0]);
        check([4, 50, 100, 2, 0, 2, 2], [0, 0, 0]);
        check([2, 100, 200, 2, 0, 2, 0], [0, 0, 0]); // sick old ones stay until there is something better
        check([0, 100, 200, 2, 2, 0, 0], [0, 0, 2]); // scaled in
        check([0, 100, 200, 1, 1, 2, 2], [0, 2, 1]);
        check([3, 100, 150, 0, 0, 3, 3], [1, 0, 0]); // 150 % of 3 is 4
        check([1, 100, 100, 0, 0, 1, 1], [0, 0, 0]); // AWS too stands still here
    }

    #[test]
    fn thresholds() {
        for (threshold, desired, trips) in [
            (Threshold::DEFAULT, 1, 3),
            (Threshold::DEFAULT, 2, 3),
            (Threshold::DEFAULT, 7, 4),
            (Threshold::DEFAULT, 25, 13),
            (Threshold::DEFAULT, 1000, 200),
            (Threshold::Count(2), 50, 2),
            (Threshold::UnboundedPercent(50), 1, 1),
            (Threshold::UnboundedPercent(100), 500, 500),
        ] {
            assert_eq!(threshold.of(desired), trips, "{threshold:?} of {desired}");
        }
    }

    #[test]
    fn back_off_grows_and_ends() {
        assert_eq!([0, 2, 3, 4, 5].map(back_off), [0.0, 0.0, 10.0, 20.0, 40.0]);
        assert_eq!(back_off(4_000_000), 900.0);
    }
}
