//! One run of a plan: command → facts → state, and from the state what is to be done next.
//!
//! Invariant: no IO, no clock, no randomness, no async. Everything that is known about a run is a fold over its
//! facts: [`State::evolve`]. [`decide`] holds every guard and sign-off rule, [`next`] says what the driver does now.

mod adopt;
mod back;
pub mod chain;
mod command;
mod covers;
mod decide;
mod evolve;
mod fact;
mod ids;
mod lifecycle;
mod next;
mod obligation;
mod people;
mod person;
mod state;
mod work;

pub use adopt::{Adoption, ChangeKind, StepChange, Unfit, differences};
pub use back::{Accepted, Caution, CautionKind};
pub use command::{Choice, Command, Refusal};
pub use covers::{Covered, covers_digest};
pub use decide::decide;
pub use evolve::Misfit;
pub use fact::{Adopted, Fact, HoldKey, Lane, Moment, Started, Used, Work, WorkingCopy};
pub use ids::{At, BadRunId, Mode, RunId};
pub use lifecycle::{Illegal, Status, StepFact, advance};
pub use next::{Effect, Interruption, Standing, interruption, next, sources, standing};
pub(crate) use next::{frontier, holds_before};
pub use obligation::{Leaves, Obligation, ObligationEnd, ObligationState};
pub use people::satisfied;
pub use person::{Actor, Checked, Decision, Person, Signature};
pub use state::{HoldState, ItemState, Rollback, RunEnd, State, StepState, WorkState};
pub use work::{
    ActionPlan, Answer, Ask, AskField, AskOption, CopyText, Diagnosis, Evidence, External, How, Intent,
    Judgement, KnownProblem, Outcome, OutputValue, Pin, Question, Receipt, Said, UndoItem, json_digest,
};
