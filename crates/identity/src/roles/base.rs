//! Sources at the start of a chain: keys in the environment, and a program that prints keys.

use super::RoleError;
use crate::Env;
use crate::whoami::in_words;
use aws_config::credential_process::CredentialProcessProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use std::time::Duration;

/// A program that has printed nothing by then waits for somebody who is not there.
const PATIENCE: Duration = Duration::from_secs(60);

/// `credential_source = Environment`: the keys of the environment as the start of a chain.
#[derive(Debug)]
pub(crate) struct EnvironmentKeys;

impl EnvironmentKeys {
    /// The keys, which must be there.
    pub(crate) fn of(env: &Env, profile: &str) -> Result<Credentials, RoleError> {
        let missing = |name: &str| RoleError::Source {
            profile: profile.to_owned(),
            why: format!(
                "credential_source = Environment, and {name} is not set: set it, or name the keys as a profile and use source_profile"
            ),
        };
        let key = env.get("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?;
        let secret = env.get("AWS_SECRET_ACCESS_KEY").ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?;
        let token = env.get("AWS_SESSION_TOKEN").map(str::to_owned);
        Ok(Credentials::new(key, secret, token, None, "Environment"))
    }
}

/// `credential_process`: the SDK starts the program and reads its answer; it is given up on after a minute.
#[derive(Debug)]
pub(crate) struct Process {
    profile: String,
    program: CredentialProcessProvider,
}

impl Process {
    pub(crate) fn new(profile: &str, command: &str) -> Self {
        Self { profile: profile.to_owned(), program: CredentialProcessProvider::new(command.to_owned()) }
    }

    async fn keys(&self) -> provider::Result {
        let said = |why: String| {
            provider::error::CredentialsError::from(RoleError::Source { profile: self.profile.clone(), why })
        };
        match tokio::time::timeout(PATIENCE, self.program.provide_credentials()).await {
            Ok(Ok(keys)) => Ok(keys),
            Ok(Err(error)) => Err(said(format!(
                "its credential_process gives no credentials ({}); run the command by hand to see why",
                in_words(&error)
            ))),
            Err(_) => Err(said(format!(
                "its credential_process printed nothing within {} s: it may wait for a sign-in; run the command by hand",
                PATIENCE.as_secs()
            ))),
        }
    }
}

impl ProvideCredentials for Process {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}
