//! The one list of calls: names, arguments, replies, errors.
//!
//! Every host (the window, the command line, the test bridge) has a [`Console`] and asks it by [`dispatch`] or by its
//! methods; the TypeScript of the page is generated from the same list by [`typescript`]. Invariant: no Tauri and no
//! AWS in it; executors and identities come from the edge as an `Outfitter`.

mod accounts;
mod adoption;
mod args;
mod back;
mod calls;
mod choices;
mod closing;
mod comparing;
mod console;
mod door;
mod drafts;
mod examination;
mod export;
mod fit;
mod fixing;
mod history;
mod identities;
mod importing;
mod kept;
mod learn;
mod lesson;
mod lock;
mod marks;
mod memory;
mod notices;
mod obligations;
mod own;
mod places;
mod problem;
mod profiles;
mod proof;
mod push;
mod resuming;
mod runs;
mod seals;
mod sign_in;
mod times;
mod typescript;
mod vaults;
pub mod views;
mod which;
mod who;

pub use adoption::RunAdopt;
pub use args::{
    DraftRef, FindingRef, LockOpen, Nothing, ObligationClose, ObligationMove, PlanAt, PlanShown,
    ProfileNamed, ProfileRef, ReportArgs, ReportFile, ReportFormat, RunAnswer, RunChoose, RunConfirm,
    RunGlass, RunGuest, RunLog, RunPart, RunReason, RunRef, RunRollback, RunSecret, RunSign, RunStart,
    RunStop, RunTakeOver, RunTick, SecretRef, SessionRef, SignIn, VaultChoose, Verified,
};
pub use back::GoBack;
pub use calls::{CALLS, Call, dispatch};
pub use choices::PrefsSet;
pub use comparing::RunPair;
pub use console::{Config, Console, OpenUrl};
pub use door::VaultDoor;
pub use drafts::{PickRole, ProfilesGenerate, TemplateOf};
pub use export::ReportText;
pub use fixing::PlanFix;
pub use history::RunsWanted;
/// Known problems as data: what a host lists and tries.
pub use holdpoint_known as known;
pub use identities::Identities;
pub use importing::{PlanImport, PlanImportSave, save_whole};
pub use learn::{KnownForm, KnownFrom};
pub use lesson::{Lesson, LessonSave, LessonWanted};
pub use obligations::Moved;
pub use own::{OwnFile, own_file, shelf_of};
pub use problem::Problem;
pub use proof::{Difference, Proof, Statements, prove_report};
pub use runs::{Chosen, StartRequest};
pub use typescript::typescript;
pub use which::hold_key;
