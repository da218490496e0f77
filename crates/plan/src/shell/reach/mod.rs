//! What repeating a command would do, by what is known of its program, subcommand and options.

mod arguments;
mod here;
mod judge;
mod sql;
mod table;
mod web;

pub use here::stays_here;
pub use judge::{Reach, Reached, known_program, reach, reach_of};
