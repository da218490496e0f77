//! A report read back, to be checked by what it carries.

use crate::html::JOURNAL;
use crate::{Carried, Journal};
use serde::Deserialize;

/// In which form a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page.
    Html,
    /// For programs.
    Json,
}

/// Why a file cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Neither form.
    #[error("this is no report of Holdpoint's in HTML or JSON, or one whose events were taken out")]
    NoReport,
    /// It is one, and what is needed cannot be read.
    #[error("the report is damaged: {0}")]
    Damaged(String),
    /// It carries no journal.
    #[error("the report carries no events: {0}")]
    Bare(String),
}

/// Reads what a report's file carries. Nothing of what it says is believed yet.
///
/// # Errors
/// [`Unreadable`].
pub fn read_back(text: &str) -> Result<(Form, Journal), Unreadable> {
    let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
    if text.trim_start().starts_with('{') {
        #[derive(Deserialize)]
        struct Carrying {
            carried: Carried,
        }
        let Carrying { carried } = serde_json::from_str(text).map_err(damaged)?;
        return match carried {
            Carried::Journal(journal) => Ok((Form::Json, *journal)),
            Carried::Not(why) => Err(Unreadable::Bare(why)),
        };
    }
    let (_, rest) = text.rsplit_once(JOURNAL).ok_or(Unreadable::NoReport)?;
    let (journal, _) = rest.split_once("</script>").ok_or(Unreadable::NoReport)?;
    Ok((Form::Html, serde_json::from_str(journal).map_err(damaged)?))
}
