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

    /// Names that may be given to [`Self::signer`], the run's own first.
    fn signers(&self) -> Vec<String>;

    /// What is left of the session that the run works with; `None` where it does not expire.
    async fn left(&self) -> Option<Duration>;
}
