//! The program killed at every point, at system calls and at random moments; starved of disk; resumed. The practice
//! account's own record has each call once, the journal is intact, and the report is that of an undisturbed run.
//!
//! What runs every day is a spread sample; `cargo xtask crash` runs all of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

mod calls;
mod moments;
mod points;
mod practised;
mod releases;
mod starved;
mod stories;
mod tracing;
