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
    /// Taken over a renewal: who comes meanwhile starts no other. They wait where nothing good is held.
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

#[cfg(test)]
mod tests {
    use super::{SharedSource, future};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
    use aws_smithy_async::time::{SharedTimeSource, TimeSource};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[derive(Debug, Clone, Default)]
    struct Now(Arc<AtomicU64>);

    impl TimeSource for Now {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::SeqCst))
        }
    }

    /// Gives keys that end at these times, one after the other; `None` is a failure.
    #[derive(Debug, Clone)]
    struct Script(Arc<Mutex<Vec<Option<u64>>>>);

    impl ProvideCredentials for Script {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                // So that others come while it is under way.
                tokio::task::yield_now().await;
                let end = self.0.lock().unwrap().remove(0);
                let end = end.ok_or_else(|| CredentialsError::provider_error("not now"))?;
                let at = UNIX_EPOCH + Duration::from_secs(end);
                Ok(Credentials::new(format!("until {end}"), "planted", None, Some(at), "test"))
            })
        }
    }

    fn source(script: &[Option<u64>]) -> (SharedSource, Now, Script) {
        let (now, script) = (Now::default(), Script(Arc::new(Mutex::new(script.to_vec()))));
        let provider = SharedCredentialsProvider::new(script.clone());
        (SharedSource::new(provider, SharedTimeSource::new(now.clone())), now, script)
    }

    async fn key(source: &SharedSource) -> Option<String> {
        source.provide_credentials().await.ok().map(|keys| keys.access_key_id().to_owned())
    }

    #[tokio::test]
    async fn keys_are_renewed_ahead_by_one_for_all() {
        let (source, now, script) = source(&[Some(3600), Some(7200)]);
        let (one, two, three) = tokio::join!(key(&source), key(&source), key(&source));
        assert_eq!([one, two, three], [(); 3].map(|()| Some("until 3600".to_owned())));
        now.0.store(3299, Ordering::SeqCst);
        assert_eq!(key(&source).await.as_deref(), Some("until 3600"));
        now.0.store(3300, Ordering::SeqCst);
        let (one, two) = tokio::join!(key(&source), key(&source));
        assert_eq!(one.as_deref(), Some("until 7200"));
        assert_eq!(two.as_deref(), Some("until 3600"), "who comes meanwhile need not wait: those are good");
        assert_eq!(key(&source).await.as_deref(), Some("until 7200"));
        assert!(script.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_renewal_that_fails_is_tried_again_later_and_the_keys_serve_to_their_end() {
        let (source, now, script) = source(&[Some(3600), None, None, Some(7200)]);
        let left = || script.0.lock().unwrap().len();
        for (at, expected, still) in [
            (0, Some("until 3600"), 3),
            (3400, Some("until 3600"), 2),
            // Within 30 seconds nobody asks again.
            (3429, Some("until 3600"), 2),
            (3430, Some("until 3600"), 1),
            (3600, Some("until 7200"), 0),
        ] {
            now.0.store(at, Ordering::SeqCst);
            assert_eq!(key(&source).await.as_deref(), expected, "at {at}");
            assert_eq!(left(), still, "at {at}");
        }
    }

    #[tokio::test]
    async fn keys_that_are_over_or_short_are_not_asked_for_in_circles() {
        let (source, now, script) = source(&[Some(100), Some(200), Some(110)]);
        now.0.store(10, Ordering::SeqCst);
        assert_eq!(key(&source).await.as_deref(), Some("until 100"));
        assert_eq!(key(&source).await.as_deref(), Some("until 100"), "less than the margin, and just asked");
        now.0.store(40, Ordering::SeqCst);
        assert_eq!(key(&source).await.as_deref(), Some("until 200"));
        now.0.store(200, Ordering::SeqCst);
        assert_eq!(key(&source).await, None, "what has ended is no keys");
        assert!(script.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_was_asked_for_before_a_lock_is_not_kept() {
        let (source, _, _) = source(&[Some(3600), Some(7200), Some(9000)]);
        assert!(!source.forget(), "nothing is held");
        let (given, forgot) = tokio::join!(key(&source), async { source.forget() });
        assert_eq!((given.as_deref(), forgot), (Some("until 3600"), false), "who asked gets it");
        assert_eq!(source.ends_at(), None, "and it is not held");
        assert_eq!(key(&source).await.as_deref(), Some("until 7200"));
        assert!(source.forget());
        assert_eq!(key(&source).await.as_deref(), Some("until 9000"));
    }
}
