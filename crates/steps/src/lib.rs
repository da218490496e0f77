//! The executors: what each kind of step does, observes and undoes. A folder per family.
//!
//! - [`AwsOutfitter`]: what every edge gets its tools from.
//! - [`Live::open`], [`Practice::open`] → [`Workshop`]: the registry of executors and the desk of one run.
//! - [`LogReader`]: the logs behind a service's name, for a person.
//! - [`Images`]: registries asked by hand.
//! - [`Simulator`]: the practice account's process, found again or started; [`furnish`]: the world that a plan is
//!   practised in.
//!
//! Invariant: an executor changes the world only in `act`, by the one call that its intent names.

mod access;
mod apprunner;
mod built_for;
mod checks;
mod desks;
mod ecs;
mod express;
mod failure;
mod files;
mod git;
mod http;
mod image;
mod local;
mod logs;
mod look;
mod near;
mod outfitter;
mod patience;
mod person;
mod practice;
mod service_step;
mod shell;
mod soak;
mod strangers;
mod survey;
mod terraform;
mod words;
mod workshop;

pub use access::Access;
pub use image::Images;
pub use logs::{LogEntry, LogPlace, LogReader};
pub use outfitter::{AwsOutfitter, SimCommand};
pub use practice::{
    FurnishError, Furnished, Simulator, SimulatorError, SimulatorOptions, Spawn, World, furnish,
};
pub use survey::{Survey, Surveyed};
pub use workshop::{Live, Practice, Workshop, WorkshopError};
