//! What repeating a command would do, by what is known of its program, subcommand and options.

mod arguments;
mod judge;
mod sql;
mod table;
mod web;

pub use judge::{Reach, Reached, known_program, reach, reach_of};
