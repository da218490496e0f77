//! Disks that lie, fill up, fail and lose power, and hands that alter what is on them: what was acknowledged is there, or
//! the loss is told.
//!
//! What runs every day is a spread sample; `cargo xtask crash` runs all of it.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod bytes;
mod disk;
mod full;
mod journal;
mod power;
mod records;
