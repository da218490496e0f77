//! Behaviour of reading plans, each subject in its module.
#![expect(clippy::expect_used, reason = "a test that cannot read its own files has failed")]

mod cases;
mod common;
mod guides;
mod handed;
mod hostile;
mod importing;
mod laws;
mod lints;
mod notes;
mod reach;
mod reading;
mod scripts_of_any_sort;
mod seeds;
mod shell;
mod suites;
mod twins;
mod understanding;
mod unfilled;
