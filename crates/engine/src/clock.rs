//! The only clock: real time in a live run, divided durations in practice.

use async_trait::async_trait;
use holdpoint_run::At;
use std::time::Duration;

/// Time as an argument.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Wall clock, never sped up.
    fn now(&self) -> At;

    /// Time since this clock was made, in plan time: real time multiplied by the speed.
    fn elapsed(&self) -> Duration;

    /// Waits for a duration of plan time: divided by the speed.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug)]
pub struct MachineClock {
    started: std::time::Instant,
    speed: f64,
}

impl MachineClock {
    /// A clock whose waits are divided by `speed`; 1 for a live run. A speed that is not above 0 counts as 1.
    #[expect(clippy::disallowed_methods, reason = "this is the one owner of the machine's clock")]
    pub fn new(speed: f64) -> Self {
        Self {
            started: std::time::Instant::now(),
            speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 },
        }
    }
}

#[async_trait]
impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one owner of the machine's clock")]
    fn now(&self) -> At {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed().mul_f64(self.speed)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.speed)).await;
    }
}
