//! Drives runs: the only appender of facts, the only caller of executors.
//!
//! Invariant: no AWS in it. It knows executors by [`Executor`], identities by [`Desk`], time by [`Clock`]. Nothing
//! touches the world before its intent is stored; an append that fails stops the run.

mod asks;
mod board;
mod clock;
mod context;
mod desk;
mod desktop;
mod driver;
mod evidence;
mod executor;
mod folder;
mod handle;
mod journal;
mod outfit;
mod plans;
mod points;
mod problem;
mod progress;
mod registry;
mod safe;
mod start;
mod stops;
mod taking_over;
mod tools;
mod veil;
mod worker;

pub use asks::{Asks, Nobody};
pub use board::{Board, Line, WorkBoard};
pub use clock::{Clock, MachineClock};
pub use desk::{Desk, Invitation, Lapse};
pub use executor::{ActError, Began, Ending, Executor, Observation, Task};
pub use folder::{DriverLock, FolderError, RunFolder};
pub use handle::RunHandle;
pub use journal::{JournalError, Pen, fold};
pub use outfit::{Outfit, Outfitter, Want};
pub use plans::{Adopting, Plans, Revision, adopt_undriven};
pub use points::{Point, Points, Undisturbed};
pub use problem::{ITS_ANSWER, evidence};
pub use progress::{Note, Progress};
pub use registry::Registry;
pub use safe::{Safe, Unsealed};
pub use start::{Begin, begin, resume, settle_obligation, started_of, take_over};
pub use stops::{Stop, Stops};
pub use tools::{EngineError, Seals, Tools};
