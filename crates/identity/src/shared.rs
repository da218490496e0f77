//! One source of credentials for all clients of a session: one renewal at a time, and one for all who wait.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::SharedTimeSource;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Credentials with less than this left are renewed before they are handed out.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// A source that gives less than the margin, or fails while what it gave is still good, is asked again after this.
const BETWEEN: Duration = Duration::from_secs(30);

/// Holds what its source gave until shortly before it ends.
pub(crate) struct SharedSource {
    source: SharedCredentialsProvider,
    clock: SharedTimeSource,
    /// Taken over a renewal: who comes meanwhile waits for it and does not start another.
    renewing: tokio::sync::Mutex<()>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    keys: Option<Credentials>,
    asked: Option<SystemTime>,
    /// Counts how often was forgotten: what was asked for before that is not kept.
    forgotten: u64,
}

impl SharedSource {
    pub(crate) fn new(source: SharedCredentialsProvider, clock: SharedTimeSource) -> Self {
        Self { source, clock, renewing: tokio::sync::Mutex::default(), held: Mutex::default() }
    }

    /// Lets go of what is held, and says whether something was. A renewal under way is not kept either.
    pub(crate) fn forget(&self) -> bool {
        let mut held = self.held();
        held.forgotten += 1;
        held.asked = None;
        held.keys.take().is_some()
    }

    /// When the credentials end that are held, without asking for any: `None` when none are held, or they have no end.
    pub(crate) fn ends_at(&self) -> Option<SystemTime> {
        self.held().keys.as_ref()?.expiry()
    }

    async fn give(&self) -> provider::Result {
        if let Some(keys) = self.good() {
            return Ok(keys);
        }
        let _renewing = self.renewing.lock().await;
        if let Some(keys) = self.good() {
            return Ok(keys);
        }
        let forgotten = {
            let mut held = self.held();
            held.asked = Some(self.clock.now());
            held.forgotten
        };
        match self.source.provide_credentials().await {
            Ok(fresh) if self.left(&fresh) == Duration::ZERO => Err(CredentialsError::provider_error(
                "the source gave credentials that have already ended; sign in there again, or set this machine's clock",
            )),
            Ok(fresh) => {
                let mut held = self.held();
                if held.forgotten == forgotten {
                    held.keys = Some(fresh.clone());
                }
                Ok(fresh)
            }
            // What is held is good to its end: a renewal that fails early is tried again later.
            Err(error) => match self.held().keys.as_ref() {
                Some(keys) if self.left(keys) > Duration::ZERO => {
                    tracing::warn!(%error, "credentials were not renewed; those held are used to their end");
                    Ok(keys.clone())
                }
                Some(_) | None => Err(error),
            },
        }
    }

    /// What is held, when it need not be renewed now.
    fn good(&self) -> Option<Credentials> {
        let held = self.held();
        let keys = held.keys.as_ref()?;
        let left = self.left(keys);
        let just_asked = held.asked.is_some_and(|at| {
            // A clock that was set back must not keep it from being asked.
            self.clock.now().duration_since(at).is_ok_and(|since| since < BETWEEN)
        });
        (left > MARGIN || (just_asked && left > Duration::ZERO)).then(|| keys.clone())
    }

    fn left(&self, keys: &Credentials) -> Duration {
        match keys.expiry() {
            Some(end) => end.duration_since(self.clock.now()).unwrap_or_default(),
            None => Duration::MAX,
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProvideCredentials for SharedSource {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.give())
    }
}

impl fmt::Debug for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSource(…)")
    }
}
