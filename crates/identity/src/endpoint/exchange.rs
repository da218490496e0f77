//! Temporary keys in the place of long-term ones, which a container-credentials endpoint cannot hand out.
//!
//! The answer of such an endpoint has a `Token`: botocore (`ContainerProvider`) and the SDK for Rust fail without one. An
//! empty one is ignored by botocore, and signed as an empty header by Rust (aws-sigv4). STS GetSessionToken gives keys
//! that have one, and an end.

use crate::shared::SharedSource;
use crate::whoami::in_words;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What a program holds that has outlived us is good for this long at most. It is what an account's root gets, too.
const SECONDS: i32 = 3600;

/// Hands on what is temporary, and has the rest exchanged.
#[derive(Debug)]
pub(super) struct Exchange {
    source: SharedCredentialsProvider,
    exchanged: Arc<SharedSource>,
    /// The long-term key that `exchanged` stands for.
    of: Mutex<Option<String>>,
}

impl Exchange {
    /// `config` says where STS is; `source` is what it exchanges.
    pub(super) fn new(
        config: &SdkConfig,
        source: SharedCredentialsProvider,
        clock: SharedTimeSource,
    ) -> Self {
        let sts = GetSessionToken { config: config.clone(), source: source.clone() };
        let exchanged = Arc::new(SharedSource::new(SharedCredentialsProvider::new(sts), clock));
        Self { source, exchanged, of: Mutex::default() }
    }

    /// Holds keys of its own, which are forgotten with all others.
    pub(super) fn held(&self) -> &Arc<SharedSource> {
        &self.exchanged
    }

    /// Keys that have a token.
    ///
    /// # Errors
    /// Why the source gives none; [`NoExchange`] when STS gives none for them.
    pub(super) async fn keys(&self) -> provider::Result {
        let keys = self.source.provide_credentials().await?;
        if keys.session_token().is_some() {
            return Ok(keys);
        }
        let of = Some(keys.access_key_id().to_owned());
        if std::mem::replace(&mut *self.of.lock().unwrap_or_else(PoisonError::into_inner), of.clone()) != of {
            self.exchanged.forget();
        }
        self.exchanged.provide_credentials().await
    }
}

/// STS gives no temporary keys for long-term ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{key} is a long-term access key, a program is handed temporary ones only, and STS gives none for it ({why}): allow sts:GetSessionToken, or choose a profile that takes on a role"
)]
pub struct NoExchange {
    /// The key's id.
    pub key: String,
    /// AWS's words.
    pub why: String,
}

#[derive(Debug)]
struct GetSessionToken {
    config: SdkConfig,
    source: SharedCredentialsProvider,
}

impl GetSessionToken {
    async fn keys(&self) -> provider::Result {
        let long = self.source.provide_credentials().await?;
        let refused = |why: String| {
            CredentialsError::provider_error(NoExchange { key: long.access_key_id().to_owned(), why })
        };
        let conf = aws_sdk_sts::config::Builder::from(&self.config).credentials_provider(long.clone());
        let answer =
            Client::from_conf(conf.build()).get_session_token().duration_seconds(SECONDS).send().await;
        let answer = answer.map_err(|error| {
            refused(match (error.code(), error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                (_, _) => in_words(&error),
            })
        })?;
        let keys = answer.credentials.ok_or_else(|| refused("it answered without any".to_owned()))?;
        let end = SystemTime::try_from(keys.expiration).ok();
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            end,
            "GetSessionToken",
        ))
    }
}

impl ProvideCredentials for GetSessionToken {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}
