//! Known problems: what was seen in, what it means, where it comes from, what to look at, what to do.
//!
//! Invariant: no IO, no clock. The data is `known-problems/`, a file a problem, compiled in; a file that cannot be read
//! is in [`defects`], which the tests hold empty. Nothing is claimed that no pattern of a file matches.

mod catalogue;
mod evidence;
mod find;
mod page;
mod problem;

pub use catalogue::{Defect, catalogue, defects};
pub use evidence::{Evidence, Place};
pub use find::{Match, find};
pub use page::page;
pub use problem::{Condition, Example, Examples, Matcher, Problem};
