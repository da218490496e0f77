//! The real window, walked by WebDriver.
//!
//! Each test has a home, a driver and a window of its own. They need a screen and the built programs, so they are
//! ignored by default: `cargo xtask e2e`. Pictures of every important screen, light and dark, go to `target/e2e/`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod accounts;
mod imports;
mod operator;
mod seeds;
mod simulator;
mod stage;
mod walks;
mod walls;
