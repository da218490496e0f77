//! The files of profiles as text, as one program: both grammars beside the clients that have them, edits that lose
//! nothing, drafts that are written whole or not at all, profiles made from an account tree.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod doctors;
mod drafts;
mod edits;
mod generated;
mod grammars;
mod python;
mod texts;
