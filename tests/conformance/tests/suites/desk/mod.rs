//! The calls of the Accounts screen, as the page makes them, against the simulator's Identity Center.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests read the clock and the environment of the machine")]

mod console;
mod drafts;
mod identities;
mod locks;
mod sign_ins;
