//! Practice: the simulator as a process of its own, and the world that a plan is practised in.

mod apprunner;
mod furnish;
mod simulator;

pub use furnish::{FurnishError, World, furnish};
pub use simulator::{Furnished, Simulator, SimulatorError, SimulatorOptions, Spawn};
