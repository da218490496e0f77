//! Who works and who signs: [`Desk`] is asked before each change and at each signature.

use async_trait::async_trait;
use holdpoint_run::{Checked, Diagnosis};
use std::time::Duration;

/// The identity side of a run.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Asks STS who the run's credentials are and compares account, region and role with the pin. Called immediately
    /// before each step that changes something; a mismatch is a hard stop.
    async fn assert_pin(&self) -> Result<Checked, Diagnosis>;

    /// Asks STS who signs: a profile in a live run, a practice person's name in practice. Never becomes the run's
    /// identity.
    async fn signer(&self, who: &str) -> Result<Checked, Diagnosis>;

    /// Lets somebody else sign in at this console, for one signature: shows where, waits, asks STS who it is, and forgets
    /// the sign-in. It never becomes the run's identity, and dropping the future ends it.
    async fn guest(&self, show: &(dyn Fn(Invitation) + Send + Sync)) -> Result<Checked, Diagnosis> {
        let _ = show;
        Err(Diagnosis::of("this run works without Identity Center, so nobody else can sign in for it here")
            .hint("sign with a profile of the person's own"))
    }

    /// Names that may be given to [`Self::signer`], the run's own first.
    fn signers(&self) -> Vec<String>;

    /// What is left of the session that the run works with; `None` where it does not expire.
    async fn left(&self) -> Option<Duration>;

    /// Whether the run's sign-in is over; `None` when AWS still answers it, or cannot be asked. Asked when something has
    /// failed: what failed for want of a sign-in is not a failure of the step.
    async fn lapsed(&self) -> Option<Lapse> {
        None
    }

    /// Signs in again for the run, where that takes nobody at a browser: in practice.
    async fn sign_in(&self) -> Result<(), Diagnosis> {
        Err(Diagnosis::of("a person signs in, at a browser")
            .hint("`holdpoint login`, or the window's sign-in"))
    }

    /// Returns when the run's credentials work again. May be dropped at any time.
    async fn renewed(&self) {
        std::future::pending().await
    }
}

/// A sign-in that is over. The run pauses where it is, and goes on by itself when somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// The Identity Center session to sign in to, where there is one.
    pub session: Option<String>,
    /// What is over, and what to do.
    pub said: String,
    /// It is mended already: nobody needs to do anything.
    pub mended: bool,
}

/// Where somebody signs in for one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The address to open, in a browser window that knows nobody: a private one.
    pub url: String,
    /// The code that the page must show.
    pub user_code: String,
    /// Until when it holds, seconds since 1970.
    pub ends_at: i64,
}
