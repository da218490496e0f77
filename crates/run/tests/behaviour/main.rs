//! How a run behaves: scripts of guards and whole walks, and random walks.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod driver;
mod guards;
mod people;
mod plans;
mod script;
mod walks;
