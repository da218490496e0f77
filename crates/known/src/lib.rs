//! Known problems: what was seen in, what it means, where it comes from, what to look at, what to do.
//!
//! Ours are `known-problems/`, a file a problem, compiled in; a file that cannot be read is in [`defects`], which the
//! tests hold empty. An operator's own are files of the same form, handed in as text ([`Shelf`]), read within bounds,
//! since nobody has vouched for them. Invariant: no IO, no clock. Nothing is claimed that no pattern of a file matches.

mod bounds;
mod catalogue;
mod compile;
mod draft;
mod evidence;
mod find;
mod page;
mod problem;
mod proof;
mod propose;
mod schema;
mod shelf;

pub use bounds::{Fault, LARGEST_FILE, MOST_FILES};
pub use catalogue::{Defect, catalogue, defects};
pub use draft::{Draft, slug};
pub use evidence::{Evidence, Place};
pub use find::{Match, find};
pub use page::page;
pub use problem::{Condition, Example, Examples, Matcher, Problem};
pub use proof::{Proof, claimed, prove};
pub use propose::{Message, messages, propose};
pub use schema::json_schema;
pub use shelf::{File, Own, OwnMatch, Owner, Shelf};
