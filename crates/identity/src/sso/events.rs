//! What a sign-in tells those who wait for it, and how they stop it.

use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// In a browser on this machine, which comes back to it (authorization code with PKCE). A legacy profile, for
    /// which AWS has no such sign-in, takes the code.
    Browser,
    /// With a code that is shown here and typed in any browser.
    Device,
}

/// A stage of a sign-in. A new asker is told the stages so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInEvent {
    /// Somebody else is signing in to this session: this one waits for the same sign-in.
    Waiting {
        /// Who asked first, as `the console` or `holdpoint login (process 4711)`.
        asked_by: String,
    },
    /// The page to sign in at. Whoever began the sign-in was asked to open it.
    Open {
        /// Its address, for a person to copy; it holds no secret.
        url: String,
    },
    /// No browser could be opened: a code follows.
    NoBrowser {
        /// Why not.
        why: String,
    },
    /// The code to type, or to compare with what the page shows.
    Code {
        /// Where to type it.
        url: String,
        /// The same page with the code filled in.
        url_complete: String,
        /// The code.
        user_code: String,
        /// Until when it is good.
        expires_at: SystemTime,
    },
    /// AWS wants to be asked less often.
    Slower {
        /// Time between two questions from now on.
        interval: Duration,
    },
    /// A browser came with the answer to a sign-in that is not this one. It was turned away; the sign-in goes on.
    Foreign,
    /// The browser came back; the token is being fetched.
    Returned,
}

/// Who is told. Called on the asker's own task; it must not block.
pub trait SignInEvents: Send + Sync {
    /// A stage was reached.
    fn tell(&self, event: &SignInEvent);

    /// Opens a page in the person's browser, asked of the first asker only. The reason when that is not possible: the
    /// sign-in then goes on with a code.
    ///
    /// # Errors
    /// Why no browser was opened.
    fn open(&self, url: &str) -> Result<(), String>;
}

/// Stops a sign-in, whoever holds it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cancel {
    state: watch::Sender<bool>,
}

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Self {
        Self { state: watch::Sender::new(false) }
    }

    /// Cancels, for good.
    pub fn cancel(&self) {
        self.state.send_replace(true);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.state.borrow()
    }

    /// Returns once it was cancelled.
    pub async fn cancelled(&self) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`, so the wait ends by a cancel alone.
        if state.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
