//! Pulls the plug at a named point, in builds for tests: `HOLDPOINT_CRASH_AT=after-append:intended#2`.

use holdpoint_engine::{Point, Points, Undisturbed};
use holdpoint_identity::Env;
use std::sync::Arc;

/// What the environment asks for. A release build knows no such thing.
pub(crate) fn points(env: &Env) -> Arc<dyn Points> {
    match env.get("HOLDPOINT_CRASH_AT").filter(|_| cfg!(debug_assertions)) {
        Some(text) => Arc::new(Plug::new(text)),
        None => Arc::new(Undisturbed),
    }
}

/// Kills this process, as `kill -9` does, when a point is passed for the nth time.
struct Plug {
    name: String,
    left: std::sync::atomic::AtomicI64,
}

impl Plug {
    fn new(text: &str) -> Self {
        let (name, nth) = text.split_once('#').unwrap_or((text, "1"));
        Self { name: name.to_owned(), left: std::sync::atomic::AtomicI64::new(nth.parse().unwrap_or(1)) }
    }
}

impl Points for Plug {
    fn reached(&self, point: &Point) {
        if point.name() == self.name && self.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            #[cfg(unix)]
            {
                use rustix::process::{Signal, getpid, kill_process};
                // It cannot fail on oneself; if it did, the abort below does the same.
                let _ = kill_process(getpid(), Signal::KILL);
            }
            std::process::abort();
        }
    }
}
