//! A home of its own for each test (`tests/crash/src/home.rs`).

pub(crate) use holdpoint_crash::{HANGS, Home, LOOK, Ran, Running, repository};
