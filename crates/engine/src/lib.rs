//! Drives runs: the only appender of facts, the only caller of executors.
//!
//! Invariant: no AWS in it. It knows executors by [`Executor`], identities by [`Desk`], time by [`Clock`].

mod clock;
mod desk;
mod executor;
mod progress;

pub use clock::{Clock, MachineClock};
pub use desk::Desk;
pub use executor::{ActError, Began, Ending, Executor, Observation, Task};
pub use progress::{Note, Progress};
