//! Who may touch the machine: the owners of the linter's bans, and what a pure crate may not even name.

use crate::{PURE, SourceFile};

/// Where `#[expect(clippy::disallowed_methods, …)]` may stand. Clippy bans the clock, the environment and processes
/// everywhere (`clippy.toml`); these are the owners. Tests and xtask are edges of their own.
const OWNERS: &[&str] = &[
    "crates/cli/",                           // reads arguments and environment
    "crates/engine/src/clock",               // the machine's clock
    "crates/identity/src/",                  // the environment that a child gets, and credential processes
    "crates/sim/src/clock.rs",               // real time on the wire
    "crates/steps/src/git",                  // starts git, in an environment of its own
    "crates/steps/src/local.rs",             // asks programs for their version, by fixed words
    "crates/steps/src/practice",             // starts the simulator
    "crates/steps/src/shell",                // starts a plan's scripts, in identity's environment
    "crates/steps/src/terraform/program.rs", // starts Terraform, in identity's environment
    "src-tauri/",
    "tests/",
    "xtask/",
];

/// What a pure crate may not name outside its tests.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "tokio::",
    "async fn",
];

/// Whether a file is no owner, but says that it needs what is banned.
pub(crate) fn is_no_owner(file: &SourceFile) -> bool {
    let of_tests = file.path.split('/').any(|part| part == "tests" || part == "examples");
    file.extension() == "rs" && !of_tests && !OWNERS.iter().any(|owner| file.path.starts_with(owner))
}

/// Whether a file is the source of a pure crate.
pub(crate) fn is_pure(file: &SourceFile) -> bool {
    let of = file.path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"));
    file.extension() == "rs" && of.is_some_and(|(name, _)| PURE.contains(&name))
}

/// The lines, before a file's tests, that name something impure.
pub(crate) fn impure(file: &SourceFile) -> Vec<(usize, String)> {
    let code =
        file.text.lines().enumerate().take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"));
    let written = code.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let hit = |line: &str| IMPURE.iter().find(|name| line.contains(**name)).copied();
    written.filter_map(|(number, line)| hit(line).map(|name| (number + 1, format!("`{name}`")))).collect()
}
