//! One source of credentials for all clients of a session: one renewal at a time, and one for all who wait.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::SharedTimeSource;
use std::fmt;
use std::time::Duration;
use tokio::sync::Mutex;

/// Credentials with less than this left are renewed before they are handed out.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Holds what its source gave until shortly before it ends.
pub(crate) struct SharedSource {
    source: SharedCredentialsProvider,
    clock: SharedTimeSource,
    held: Mutex<Option<Credentials>>,
}

impl SharedSource {
    pub(crate) fn new(source: SharedCredentialsProvider, clock: SharedTimeSource) -> Self {
        Self { source, clock, held: Mutex::default() }
    }

    async fn give(&self) -> provider::Result {
        // Held over the renewal: who comes meanwhile waits for it and does not start another.
        let mut held = self.held.lock().await;
        let left = |keys: &Credentials| match keys.expiry() {
            Some(end) => end.duration_since(self.clock.now()).unwrap_or_default(),
            None => Duration::MAX,
        };
        if let Some(keys) = held.as_ref()
            && left(keys) > MARGIN
        {
            return Ok(keys.clone());
        }
        match self.source.provide_credentials().await {
            Ok(fresh) if left(&fresh) == Duration::ZERO => Err(CredentialsError::provider_error(
                "the source gave credentials that have already ended; sign in there again, or set this machine's clock",
            )),
            Ok(fresh) => {
                *held = Some(fresh.clone());
                Ok(fresh)
            }
            // What is held is good to its end: a renewal that fails early is tried again by the next who asks.
            Err(error) => match held.as_ref() {
                Some(keys) if left(keys) > Duration::ZERO => {
                    tracing::warn!(%error, "credentials were not renewed; those held are used to their end");
                    Ok(keys.clone())
                }
                Some(_) | None => Err(error),
            },
        }
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
