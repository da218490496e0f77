//! A sign-in, as the calm dialog shows it.

use crate::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a sign-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignInState {
    /// Identity Center is asked.
    Starting,
    /// A person is to allow it in the browser, at `url`.
    Browser,
    /// A person is to enter `user_code` at `url`.
    Code,
    /// Done.
    SignedIn,
    /// Somebody thought better of it.
    Cancelled,
    /// It did not work; `problem` says why.
    Failed,
}

/// A sign-in. There is one at a time for each session, whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignInView {
    /// The session's key.
    pub session: String,
    /// Its name.
    pub name: String,
    /// Number of the attempt: a newer one replaces an older.
    pub attempt: u32,
    /// Where it stands.
    pub state: SignInState,
    /// The page to open.
    pub url: Option<String>,
    /// The same with the code in it already.
    pub url_complete: Option<String>,
    /// The code to compare or enter.
    pub user_code: Option<String>,
    /// When it is given up.
    pub ends_at: Option<String>,
    /// Who asked for it, the first first.
    pub asked_by: Vec<String>,
    /// The browser could not be opened: the page is to be opened by hand.
    pub open_by_hand: bool,
    /// What happens now, in words.
    pub said: String,
    /// Why it failed.
    pub problem: Option<Problem>,
}
