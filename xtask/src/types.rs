//! Files that are written by the code that they describe.
//!
//! One convention for all of them: the crate that owns the code has a test target called `generated`, which compares,
//! and which writes instead when `UPDATE=1`.

use crate::tool::{Failure, cargo, find};

/// Writes them, or says whether they are current.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    // The whole workspace, because one package alone selects other features and compiles the SDKs again.
    let tests = if find("cargo-nextest").is_some() {
        cargo(["nextest", "run", "--workspace", "--test", "generated"])
    } else {
        cargo(["test", "--workspace", "--test", "generated"])
    };
    if check {
        return tests.env_remove("UPDATE").run().map_err(|failure| {
            Failure::Other(format!("{failure}; if a generated file is out of date, run `cargo xtask types` and look at the difference"))
        });
    }
    tests.env("UPDATE", "1").run()?;
    println!("written; `git diff` shows what changed");
    Ok(())
}
