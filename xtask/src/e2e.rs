//! The real window, walked by WebDriver on a screen of its own.
//!
//! The tests are those of `tests/e2e`, marked `#[ignore]` because they need a screen and the built window.

use crate::place::{built, root};
use crate::tool::{Failure, Tool, cargo, find};
use crate::{front, setup};

/// Builds the window and walks it.
pub(crate) fn run() -> Result<(), Failure> {
    setup::system(true)?;
    front::build()?;
    cargo(["build", "--workspace", "--all-targets"]).run()?;
    walk()
}

/// Whether there are such tests in this tree.
pub(crate) fn exists() -> bool {
    root().join("tests/e2e/Cargo.toml").is_file()
}

/// Walks the window that is built.
pub(crate) fn walk() -> Result<(), Failure> {
    let mut line =
        vec![env!("CARGO"), "test", "--workspace", "--test", "window", "--", "--ignored", "--test-threads=1"];
    // A screen of its own even where there is one: nobody's windows get in the way, and every size is known.
    if cfg!(target_os = "linux") {
        if find("xvfb-run").is_none() || find("WebKitWebDriver").is_none() {
            return Err(Failure::Missing {
                tool: "xvfb-run or WebKitWebDriver".to_owned(),
                next: "run `cargo xtask setup`".to_owned(),
            });
        }
        line.splice(0..0, ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24"]);
    }
    let mut words = line.into_iter();
    let program = words.next().unwrap_or("cargo");
    Tool::new(program, words)
        .env("HOLDPOINT_BIN", built("holdpoint"))
        .env("HOLDPOINT_WINDOW", built("holdpoint-console"))
        .run()
}
