//! The engine driven through whole runs, in a world of its own: nothing here knows AWS, a disk's ledger or a real clock.
//! What is under test is the engine with its rules; executors, world, people and time are the model around it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod clocks;
mod crash;
mod expiry;
mod halting;
mod locks;
mod model;
mod mortal;
mod people;
mod secrets;
mod seeded;
mod stage;
mod tape;
mod walks;
mod world;
