//! A deployment plan: annotated Markdown in, [`Plan`] and [`Diagnostic`]s out.
//!
//! Invariant: no IO, no clock, no environment. The bytes of a plan are never re-serialised; every part keeps its
//! byte range in the text that was read.

mod diagnostic;
mod ids;
mod model;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use ids::{BadId, ItemId, StageId, StepId};
pub use model::*;
