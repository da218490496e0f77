//! How fast AWS is asked: full-jitter back-off, shared by all calls, fed by what is throttled.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where waits between calls are spent; a practice run divides them.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Waits.
    async fn pause(&self, duration: Duration);
}

/// First bound of a wait.
const BASE: Duration = Duration::from_millis(100);
/// 100 ms × 2⁵ is the longest bound: at 95 % throttling a call then waits 32 s on average, and polling goes on.
const HIGHEST: u32 = 5;

pub(crate) struct Pacer {
    pace: Arc<dyn Pace>,
    /// Doublings in force. One throttled call raises it for all, one that passes lowers it.
    level: AtomicU32,
}

impl Pacer {
    pub(crate) fn new(pace: Arc<dyn Pace>) -> Self {
        Self { pace, level: AtomicU32::new(0) }
    }

    pub(crate) fn passed(&self) {
        let _ = self.level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |level| level.checked_sub(1));
    }

    /// Waits after a throttled call.
    pub(crate) async fn throttled(&self) {
        let level = self
            .level
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |level| Some((level + 1).min(HIGHEST)))
            .unwrap_or_default();
        self.pace.pause(jitter(BASE * 2_u32.pow(level.min(HIGHEST)))).await;
    }

    /// Waits before a read is repeated whose answer was lost.
    pub(crate) async fn lost(&self, tries: u32) {
        self.pace.pause(jitter(BASE * 2_u32.pow(tries.min(HIGHEST)))).await;
    }
}

/// Anything from nothing to the bound. Without randomness of the system it is the bound itself.
fn jitter(bound: Duration) -> Duration {
    let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    bound.mul_f64(share)
}
