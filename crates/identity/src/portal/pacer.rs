//! How fast the access portal is asked. It lets about 20 calls a second of a person through, of all programs together,
//! and answers the others with 429 (fwdcloudsec/granted #458: 665 accounts).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two calls: a little over a twentieth of a second, so that the answers' uneven ways add up to no burst.
const FASTEST: Duration = Duration::from_micros(50_800);
/// The slowest pace, when other programs of the person use the portal up.
const SLOWEST: Duration = Duration::from_secs(1);
/// The pause after a 429 that names none; AWS sends none today.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that an answer may ask for.
const LONGEST: Duration = Duration::from_secs(30);

/// One for all calls of a session in this process. Calls leave in the order in which they asked.
#[derive(Debug)]
pub(crate) struct Pacer {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next call may leave.
    next: Option<Instant>,
    every: Duration,
    /// Until when the last pause lasts: more refusals of calls that had already left do not add to it.
    paused: Option<Instant>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self { state: Mutex::new(State { next: None, every: FASTEST, paused: None }) }
    }
}

impl Pacer {
    /// Returns when a call may leave.
    pub(crate) async fn turn(&self) {
        let at = self.state().reserve(Instant::now());
        sleep_until(at).await;
    }

    /// A call was answered: the pace recovers slowly.
    pub(crate) fn went(&self) {
        let mut state = self.state();
        state.every = (state.every - state.every / 50).max(FASTEST);
    }

    /// A call was refused for its pace: all wait, and go on slower.
    pub(crate) fn refused(&self, retry_after: Option<Duration>) {
        self.state().slow(Instant::now(), retry_after);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn reserve(&mut self, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.every);
        at
    }

    fn slow(&mut self, now: Instant, retry_after: Option<Duration>) {
        if self.paused.is_some_and(|until| now < until) {
            return;
        }
        let pause = retry_after.unwrap_or(PAUSE).min(LONGEST);
        let until = now + pause;
        self.paused = Some(until);
        self.every = (self.every * 3 / 2).min(SLOWEST);
        self.next = Some(self.next.map_or(until, |next| next.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_leave_at_the_pace_and_in_order() {
        let pacer = Pacer::default();
        let start = Instant::now();
        for _ in 0..101 {
            pacer.turn().await;
        }
        let took = start.elapsed();
        // The sleep of the runtime rounds up to a millisecond.
        assert!(took >= FASTEST * 100 && took < FASTEST * 100 + Duration::from_millis(2), "{took:?}");
        // Time that nobody used is not made up for by a burst.
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..3 {
            pacer.turn().await;
        }
        assert!(start.elapsed() >= FASTEST * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_pauses_all_once_and_slows_down_until_it_goes_well_again() {
        let pacer = Pacer::default();
        pacer.turn().await;
        let start = Instant::now();
        for _ in 0..5 {
            pacer.refused(Some(Duration::from_secs(3)));
        }
        pacer.turn().await;
        assert_eq!(start.elapsed().as_secs(), 3);
        assert_eq!(pacer.state().every, FASTEST * 3 / 2, "five answers to one burst count once");
        for _ in 0..100 {
            pacer.went();
        }
        assert_eq!(pacer.state().every, FASTEST);
        for _ in 0..40 {
            tokio::time::advance(Duration::from_secs(40)).await;
            pacer.refused(Some(Duration::from_secs(4000)));
        }
        assert_eq!(pacer.state().every, SLOWEST);
        let start = Instant::now();
        pacer.turn().await;
        assert!(start.elapsed() <= LONGEST + Duration::from_millis(2), "{:?}", start.elapsed());
    }
}
