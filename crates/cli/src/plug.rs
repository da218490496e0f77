//! Named points of a run, in builds for tests: `HOLDPOINT_CRASH_AT=after-append:intended#2` pulls the plug there,
//! `HOLDPOINT_POINTS_LOG=FILE` keeps a line for each point that was passed.

use holdpoint_engine::{Point, Points, Undisturbed};
use holdpoint_identity::Env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What the environment asks for. A release build knows no such thing.
pub(crate) fn points(env: &Env) -> Arc<dyn Points> {
    if !cfg!(debug_assertions) {
        return Arc::new(Undisturbed);
    }
    let crash = env.get("HOLDPOINT_CRASH_AT").map(Plug::new);
    let log = env.os("HOLDPOINT_POINTS_LOG").map(PathBuf::from);
    match (&crash, &log) {
        (None, None) => Arc::new(Undisturbed),
        (Some(_), _) | (_, Some(_)) => Arc::new(Watched { crash, log }),
    }
}

struct Watched {
    crash: Option<Plug>,
    log: Option<PathBuf>,
}

/// The nth passing of a point.
struct Plug {
    name: String,
    left: AtomicI64,
}

impl Plug {
    fn new(text: &str) -> Self {
        let (name, nth) = text.split_once('#').unwrap_or((text, "1"));
        Self { name: name.to_owned(), left: AtomicI64::new(nth.parse().unwrap_or(1)) }
    }

    fn is_now(&self, point: &str) -> bool {
        point == self.name && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl Points for Watched {
    fn reached(&self, point: &Point) {
        let name = point.name();
        if let Some(path) = &self.log {
            let file = OpenOptions::new().create(true).append(true).open(path);
            if let Err(error) = file.and_then(|mut file| writeln!(file, "{name}")) {
                tracing::warn!(%error, "the log of points");
            }
        }
        if self.crash.as_ref().is_some_and(|plug| plug.is_now(&name)) {
            kill_myself();
        }
    }
}

/// As `kill -9` does: nothing is said, written or closed.
fn kill_myself() -> ! {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        // It cannot fail on oneself; if it did, the abort below does the same.
        let _ = kill_process(getpid(), Signal::KILL);
    }
    std::process::abort();
}
