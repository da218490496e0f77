//! All cases of a sweep, some at a time; every one that ends otherwise is named.

use crate::ending::{Ending, difference};
use crate::figures::{Found, record};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases at a time.
const AT_ONCE: usize = 2;
/// Cases that a message has room for.
const TOLD: usize = 20;

/// Whether all cases are asked for (`HOLDPOINT_CRASH=whole`), and not a sample that fits into the tests of every day.
pub fn whole() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the sweep's own switch, read in tests alone")]
    let asked = std::env::var_os("HOLDPOINT_CRASH");
    asked.is_some_and(|asked| asked == "whole")
}

/// How many random cases a sweep has: `of_a_day`, or as many as are asked for (`HOLDPOINT_CRASH_SEEDS`) when all are.
pub fn seeds(of_a_day: usize) -> usize {
    if !whole() {
        return of_a_day;
    }
    #[expect(clippy::disallowed_methods, reason = "the sweep's own switch, read in tests alone")]
    let asked = std::env::var("HOLDPOINT_CRASH_SEEDS");
    asked.ok().and_then(|asked| asked.parse().ok()).unwrap_or(100)
}

/// Walks all cases, and names every one that ends otherwise. `row` is the sweep's row in the table of figures.
pub fn sweep(
    row: &str,
    what: &str,
    cases: &[String],
    expected: &Ending,
    case: impl Fn(&str) -> Ending + Sync,
) {
    each(row, what, cases, |name| {
        let ending = case(name);
        (&ending != expected).then(|| format!("ended otherwise\n{}", difference(&ending, expected)))
    });
}

/// Tries all cases, and names those of which something is told, or that panic: the first few in words.
pub fn each<C: Display + Sync>(
    row: &str,
    what: &str,
    cases: &[C],
    case: impl Fn(&C) -> Option<String> + Sync,
) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(one) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let ended = catch_unwind(AssertUnwindSafe(|| case(one)));
                    let why = ended.unwrap_or_else(|_| Some("see the panic above".to_owned()));
                    if let Some(why) = why {
                        failed.lock().unwrap().push(format!("{one}: {why}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    record(row, what, Found { cases: cases.len(), violations: failed.len() });
    let told = failed.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{} of {} cases of {what}\n{told}", failed.len(), cases.len());
}

/// Numbers of a seed: a xorshift, so that a seed is a sequence on every machine.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Of a seed other than 0.
    pub fn of(seed: u64) -> Self {
        let mut numbers = Self(seed.max(1));
        // The first few of a small seed are small.
        for _ in 0..8 {
            numbers.any();
        }
        numbers
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One below `end`, which is more than 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.any() % end as u64).unwrap()
    }

    /// From 0 to 1.
    pub fn part(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
