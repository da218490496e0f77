//! `holdpoint` as a user, a script or a crash meets it: the program itself, in a home of its own, against the simulator
//! that it starts. Nothing of it is replaced.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod account;
mod adopting;
mod again;
mod apprunner;
mod bad_input;
mod checking;
mod expiry;
mod failures;
mod going_back;
mod home;
mod importing;
mod large;
mod lessons;
mod live;
mod logs;
mod own_problems;
mod plans;
mod planted;
mod practice;
mod reports;
mod requests;
mod taking_over;
mod terminal;
mod terraform;
