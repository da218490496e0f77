//! Values that must never be seen, and the filter that every byte passes on its way to a log, a screen or a file.
//!
//! - [`Secret`]: a value with nothing to show.
//! - [`Redactor`]: knows values (as they are, base64, URL-, JSON-, XML- and shell-escaped, hex, wrapped) and what is
//!   secret by its look; [`Redactor::redact_str`], [`Redactor::redact_value`], [`Redactor::add`] at run time.
//! - [`Filter`], from [`Redactor::filter`]: the same over a stream, over chunk borders and terminal sequences.
//!
//! Invariant: no IO, no clock; nothing here prints or stores what it was given.

mod bare;
mod filter;
mod forms;
mod needles;
mod patterns;
mod redactor;
mod secret;

pub use filter::Filter;
pub use patterns::looks_secret;
pub use redactor::{REDACTED, Redactor, SHORTEST};
pub use secret::Secret;
