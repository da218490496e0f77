//! The two files of profiles as text: both grammars that read them, edits that lose nothing, profiles made from an
//! account tree, and which identity each kind of client would use.
//!
//! AWS's tools read `~/.aws/config` by two grammars that disagree: the SDKs' and Python's (botocore, the AWS CLI).
//! What is written here is written so that both read it alike; a result that they would read differently is refused.

mod answers;
mod botocore;
mod compare;
mod doc;
mod draft;
mod generate;
mod mend;
mod reading;
mod sdk;
mod write;

pub use answers::{Answers, Client, ClientAnswer, Origin, answers};
pub use compare::{Difference, differences};
pub use doc::{BadEdit, Doc, Pair};
pub(crate) use draft::retire;
pub use draft::{Draft, EditError, Undo, apply, undo};
pub use generate::{GenerateError, Generated, Pick, SessionOf, Template, Why, generate};
pub(crate) use mend::plain_text;
pub use mend::{Mend, mend};
pub use reading::{Fault, Grammar, Reading, Section, SectionId, SectionKind, Value, read};
