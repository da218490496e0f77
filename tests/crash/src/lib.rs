//! What the sweeps of crashes are made of, and what other tests of the program share with them: homes, practice accounts
//! asked what was really done to them, stories with their endings, and the figures of a sweep.
//!
//! Nothing of the product is replaced: `holdpoint` itself runs, as a user, a script or a crash meets it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

pub mod account;
mod ending;
mod figures;
mod home;
mod program;
mod story;
mod sweep;

pub use ending::{Ending, effects, ending, ending_of};
pub use figures::{Found, record};
pub use home::{HANGS, Home, LOOK, Ran, Running, repository};
pub use program::program;
pub use story::{Story, killed};
pub use sweep::{Numbers, each, seeds, sweep, whole};
