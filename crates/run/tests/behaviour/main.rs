//! How a run behaves: scripts of guards and whole walks, and random walks.

mod driver;
mod guards;
mod people;
mod plans;
mod script;
mod walks;
