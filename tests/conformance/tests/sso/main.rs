//! Sign-in, renewal, sign-out and the access portal, against the simulator's Identity Center by the SDK's own calls.

mod browser;
mod device;
mod neighbours;
mod office;
mod portal;
mod renewal;
mod vault;
