//! The one list of calls: names, arguments, replies, errors.
//!
//! Every host (the window, the command line, the test bridge) has a [`Console`] and asks it by [`dispatch`] or by its
//! methods; the TypeScript of the page is generated from the same list by [`typescript`]. Invariant: no Tauri and no
//! AWS in it; executors and identities come from the edge as an `Outfitter`.

mod calls;
mod choices;
mod closing;
mod console;
mod door;
mod export;
mod kept;
mod lock;
mod marks;
mod places;
mod problem;
mod profiles;
mod push;
mod runs;
mod seals;
mod times;
mod typescript;
mod vaults;
pub mod views;
mod which;
mod who;

pub use calls::{
    CALLS, Call, LockOpen, Nothing, PlanAt, PlanShown, ProfileRef, ReportArgs, ReportFile, ReportFormat,
    RunAnswer, RunChoose, RunConfirm, RunLog, RunReason, RunRef, RunSecret, RunSign, RunStart, RunTick,
    VaultChoose, Verified, dispatch,
};
pub use choices::PrefsSet;
pub use console::{Config, Console};
pub use door::VaultDoor;
pub use export::ReportText;
pub use problem::Problem;
pub use runs::{Chosen, StartRequest};
pub use typescript::typescript;
