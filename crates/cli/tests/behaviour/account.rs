//! A run's practice account, asked what was really done to it (`tests/crash/src/account.rs`).

pub(crate) use holdpoint_crash::account::{Account, admin, end, people, simulate};
