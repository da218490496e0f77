//! Sign-in, renewal, sign-out and the access portal, against the simulator's Identity Center by the SDK's own calls.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a suite stops at what it did not expect, starts other tools as they are, and says what it skips"
)]

mod browser;
mod device;
mod guest;
mod neighbours;
pub(crate) mod office;
mod portal;
mod renewal;
mod vault;
