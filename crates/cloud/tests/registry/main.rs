//! Registries of images: honest ones of Debian, and ones of our own that lie, cut, redirect and throttle.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

mod content;
mod copying;
mod debian;
mod exchange;
mod fake;
mod lying;
mod reading;
