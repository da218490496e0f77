//! Files that are written by the code that they describe: the UI's TypeScript, the plan's schema, tables in `docs/`.
//!
//! One convention for all of them: a test beside the code compares, and writes instead when `UPDATE=1`; its name
//! contains `are_current`.

use crate::tool::{Failure, cargo, find};

/// Writes them, or says whether they are current.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    // The whole workspace, because one package alone selects other features and compiles the SDKs again.
    let tests = if find("cargo-nextest").is_some() {
        cargo(["nextest", "run", "--workspace", "are_current"])
    } else {
        cargo(["test", "--workspace", "--lib", "--tests", "are_current"])
    };
    if check {
        return tests.env_remove("UPDATE").run().map_err(|failure| {
            Failure::Other(format!(
                "{failure}; if a generated file is out of date, run `cargo xtask types` and look at the difference"
            ))
        });
    }
    tests.env("UPDATE", "1").run()?;
    println!("written; `git diff` shows what changed");
    Ok(())
}
