//! `login_session`: what `aws login` left in its cache, for as long as it is good.
//!
//! The format: aws-config 1.13, `login/cache.rs`; the AWS CLI's `login` command writes it. Renewal is the CLI's: it
//! signs with a key of its own (DPoP), and a second writer of one refresh token would end the first one's session.

use super::RoleError;
use crate::Env;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A file that is being written may be empty or cut off for a moment: the CLI truncates in place.
const TRIES: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(40);

/// Keys from the cache of `aws login`.
#[derive(Clone)]
pub(crate) struct AwsLogin {
    profile: String,
    file: Option<PathBuf>,
    clock: Option<SharedTimeSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    access_token: Keys,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: String,
}

impl AwsLogin {
    /// Of a profile with `login_session`.
    pub(crate) fn new(env: &Env, profile: &str, session: &str, clock: Option<SharedTimeSource>) -> Self {
        let folder = match env.os("AWS_LOGIN_CACHE_DIRECTORY").filter(|value| !value.is_empty()) {
            Some(folder) => Some(PathBuf::from(folder)),
            None => env.home().map(|home| home.join(".aws/login/cache")),
        };
        let name: String = Sha256::digest(session.trim()).iter().map(|b| format!("{b:02x}")).collect();
        Self {
            profile: profile.to_owned(),
            file: folder.map(|folder| folder.join(format!("{name}.json"))),
            clock,
        }
    }

    async fn keys(&self) -> provider::Result {
        let why = |why: String| RoleError::AwsLogin { profile: self.profile.clone(), why };
        let Some(file) = &self.file else {
            return Err(why("and there is no home folder to look for its sign-in in".to_owned()).into());
        };
        let mut torn = String::new();
        for _ in 0..TRIES {
            match std::fs::read(file) {
                Ok(bytes) => match serde_json::from_slice::<Cached>(&bytes) {
                    Ok(cached) => {
                        let keys = cached.access_token.into_credentials().map_err(&why)?;
                        let now = self.clock.as_ref().map(SharedTimeSource::now);
                        return match (keys.expiry(), now) {
                            (Some(end), Some(now)) if end <= now => {
                                Err(why("whose sign-in has expired".to_owned()).into())
                            }
                            (Some(_) | None, _) => Ok(keys),
                        };
                    }
                    // Without the text: it holds a token.
                    Err(error) => torn = format!("line {} is not as it should be", error.line()),
                },
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(why("which has not signed in on this machine".to_owned()).into());
                }
                Err(error) => torn = error.to_string(),
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(why(format!("and {} cannot be read ({torn})", file.display())).into())
    }
}

impl Keys {
    fn into_credentials(self) -> Result<Credentials, String> {
        let end = DateTime::from_str(&self.expires_at, Format::DateTime).ok();
        let end = end
            .and_then(|end| SystemTime::try_from(end).ok())
            .ok_or_else(|| "and its cache does not say when it ends".to_owned())?;
        Ok(Credentials::new(
            self.access_key_id,
            self.secret_access_key,
            Some(self.session_token),
            Some(end),
            "AwsLogin",
        ))
    }
}

impl ProvideCredentials for AwsLogin {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}

impl fmt::Debug for AwsLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLogin").field("profile", &self.profile).finish_non_exhaustive()
    }
}
