//! Terraform for real: planned, judged, applied once; stale, locked, in a cycle, interrupted, killed.
//!
//! It runs the Terraform of this machine with its built-in provider, live in a folder of the test. Where there is none,
//! each test says so; the same cases are played besides from what was recorded of one (`stage`).

#![expect(clippy::print_stdout, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]
#![expect(
    clippy::disallowed_methods,
    reason = "it plays the other person at the keyboard, with a Terraform of their own, on the PATH of the test"
)]

mod apply;
mod backend;
mod bucket;
mod ends;
mod live_versions;
mod plan;
mod programs;
mod scene;
mod stage;
