//! Sessions with the simulator: nothing but this machine's loopback is reachable from them.

use super::{Session, SessionError, Source, app_name, behavior};
use crate::http;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::config::{Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use holdpoint_redact::Secret;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The name of the simulator's sign-in, in the place of a start URL.
const PRACTICE: &str = "practice";

/// The keys of a practice person.
#[derive(Debug, Clone)]
pub struct PracticeCredentials {
    /// Access key id; not secret.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Session token.
    pub session_token: Option<Secret>,
}

impl Session {
    /// A session with the simulator at `endpoint`. No file, variable, metadata service, proxy or name is read or
    /// resolved, and a request to anything but this machine's loopback fails in the client itself.
    ///
    /// # Errors
    /// [`SessionError::NotLoopback`].
    pub fn practice(
        endpoint: &str,
        credentials: &PracticeCredentials,
        region: &str,
    ) -> Result<Self, SessionError> {
        let loopback = http::host_and_scheme(endpoint)
            .is_some_and(|(scheme, host)| scheme == "http" && http::is_loopback(host));
        if !loopback {
            // Whatever was given is shown without what may be a password.
            let shown = endpoint.rsplit('@').next().unwrap_or(endpoint).to_owned();
            return Err(SessionError::NotLoopback { endpoint: shown });
        }
        let keys = Arc::new(PracticeKeys(RwLock::new(keys_of(credentials))));
        let mut config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(
                Arc::clone(&keys) as Arc<dyn ProvideCredentials>
            ))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .retry_config(aws_sdk_sts::config::retry::RetryConfig::standard())
            // The keys are in memory already, and may be replaced.
            .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache())
            .http_client(http::loopback_only());
        config.set_app_name(app_name());
        Ok(Self {
            config: config.build(),
            region: region.to_owned(),
            source: Source::Practice,
            // Not the endpoint: a simulator that starts again on another port still has the same people.
            instance: Some(PRACTICE.to_owned()),
            endpoint: Some(endpoint.to_owned()),
            sso: None,
            tokens: None,
            keeper: None,
            shared: None,
            links: Vec::new(),
            practice: Some(keys),
            overrides: Arc::default(),
            asks: false,
            untraced: Arc::default(),
        })
    }

    /// Takes the keys of a practice person who has signed in again; clients that were made of this session use them
    /// from their next call on. Nothing happens to a session with AWS.
    pub fn renew_practice(&self, credentials: &PracticeCredentials) {
        if let Some(practice) = &self.practice {
            *practice.0.write().unwrap_or_else(PoisonError::into_inner) = keys_of(credentials);
        }
    }
}

/// The keys of a practice person, as they are now.
pub(super) struct PracticeKeys(RwLock<Credentials>);

impl ProvideCredentials for PracticeKeys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

impl fmt::Debug for PracticeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PracticeKeys(…)")
    }
}

fn keys_of(credentials: &PracticeCredentials) -> Credentials {
    Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        None,
        PRACTICE,
    )
}
