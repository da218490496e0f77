//! A run's journal as a report: [`report`] gathers it, [`to_markdown`], [`to_html`] and [`to_json`] write it.
//!
//! Invariant: no IO, no clock, no environment. Nothing is said that the journal or the plan does not say, and every
//! statement names the event that it comes from. All text is somebody else's: it is redacted once more, and escaped in
//! one place for each form.

mod document;
mod escape;
mod gather;
mod html;
mod layout;
mod markdown;
mod model;
mod read_back;
mod say;
mod words;

pub use gather::{ReportError, Sources, report};
pub use html::to_html;
pub use markdown::to_markdown;
pub use model::*;
pub use read_back::{Form, Unreadable, read_back};

/// The report as JSON, indented, with a newline at its end.
pub fn to_json(report: &Report) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
