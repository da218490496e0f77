//! Shell text as plans carry it: what is executed, comment by comment and word by word, and what repeating it would do.
//!
//! Not a shell: nothing is expanded or run. Broken lines cost themselves and not the rest.

mod compounds;
mod counting;
mod cursor;
mod dialect;
mod grammar;
mod heredoc;
mod model;
mod parse;
mod reach;
mod recovery;
mod session;
mod typography;
mod vacancies;
mod words;
mod wrappers;

pub(crate) use counting::counts_down;
pub use dialect::Dialect;
pub use model::{
    Assignment, Command, Comment, Heredoc, Joint, Problem, Redirect, Script, Shape, Statement, Typed, Word,
    WordPart,
};
pub use parse::{parse, parse_as};
pub use reach::{Reach, Reached, known_program, reach, reach_of, stays_here};
pub(crate) use vacancies::{may_be_vacant, vacancy, yours};
pub use wrappers::{Unwrapped, Wrapper, WrapperKind, unwrap_command};
