//! A permission set's keys by the access portal, with this process's token.

use super::RoleError;
use crate::Env;
use crate::sso::{AccessToken, Service, SsoSession, TokenError, Tokens, Trouble, endpoint, sdk_config};
use crate::whoami::in_words;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sso::Client;
use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tries of one call; the portal answers 429 above 20 calls a second for all of a person's programs together.
const ATTEMPTS: u32 = 5;

/// Keys of a permission set in an account.
#[derive(Debug)]
pub(crate) struct SsoRole {
    env: Env,
    tokens: Tokens,
    profile: String,
    session: SsoSession,
    account: String,
    role: String,
}

impl SsoRole {
    pub(crate) fn new(
        env: &Env,
        tokens: Tokens,
        profile: &str,
        session: &SsoSession,
        account: &str,
        role: &str,
    ) -> Self {
        let (profile, account, role) = (profile.to_owned(), account.to_owned(), role.to_owned());
        Self { env: env.clone(), tokens, profile, session: session.clone(), account, role }
    }

    async fn keys(&self) -> provider::Result {
        let token = self.tokens.token(&self.session).await.map_err(|error| self.of_token(error))?;
        match self.keys_by(&token).await {
            // AWS may end a token before its time: what its refresh token gives may still be good.
            Err(RoleError::SignIn { .. }) => {
                let next = self.tokens.token_after(&self.session, &token).await;
                Ok(self.keys_by(&next.map_err(|error| self.of_token(error))?).await?)
            }
            done => Ok(done?),
        }
    }

    async fn keys_by(&self, token: &AccessToken) -> Result<Credentials, RoleError> {
        let config = sdk_config(&self.env, Service::Portal, &token.region, ATTEMPTS);
        let config = config.map_err(|trouble| self.of_trouble(trouble))?;
        let asked = Client::new(&config)
            .get_role_credentials()
            .access_token(token.secret.expose())
            .account_id(&self.account)
            .role_name(&self.role)
            .send()
            .await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                let at = endpoint(&self.env, Service::Portal, &token.region).await;
                return Err(self.of_portal(at, &error));
            }
        };
        let odd = |what: &str| RoleError::Source {
            profile: self.profile.clone(),
            why: format!("the access portal answered {what}: check AWS_ENDPOINT_URL and the proxy"),
        };
        let keys = answer.role_credentials.ok_or_else(|| odd("without credentials"))?;
        let (Some(id), Some(secret)) = (keys.access_key_id, keys.secret_access_key) else {
            return Err(odd("half of the credentials"));
        };
        let end = u64::try_from(keys.expiration).ok().filter(|end| *end > 0);
        let end: Option<SystemTime> = end.map(|end| UNIX_EPOCH + Duration::from_millis(end));
        let builder = Credentials::builder()
            .access_key_id(id)
            .secret_access_key(secret)
            .account_id(self.account.as_str())
            .provider_name("SSO");
        let mut builder = builder;
        builder.set_session_token(keys.session_token);
        builder.set_expiry(end);
        Ok(builder.build())
    }

    fn signed_out(&self, why: String) -> RoleError {
        RoleError::SignIn { session: self.session.name.clone(), why }
    }

    fn of_token(&self, error: TokenError) -> RoleError {
        match error {
            TokenError::SignedOut { .. } => self.signed_out("nobody is signed in".to_owned()),
            TokenError::Expired { why, .. } => self.signed_out(why),
            TokenError::InvalidGrant { .. } => self.signed_out("AWS does not renew it any more".to_owned()),
            TokenError::Torn { path, why, .. } => {
                self.signed_out(format!("{} is not a token: {why}", path.display()))
            }
            TokenError::Trouble(trouble) => self.of_trouble(trouble),
        }
    }

    fn of_trouble(&self, trouble: Trouble) -> RoleError {
        match trouble {
            Trouble::Unreachable { endpoint, why } => RoleError::Unreachable { endpoint, why },
            Trouble::Throttled { endpoint } => {
                RoleError::Throttled { endpoint, message: "SSO OIDC".to_owned() }
            }
            trouble @ (Trouble::Answered { .. }
            | Trouble::Vault(_)
            | Trouble::NoVault { .. }
            | Trouble::DiskFull { .. }
            | Trouble::Unwritable { .. }
            | Trouble::NoHome
            | Trouble::Prefs(_)
            | Trouble::Proxy(_)
            | Trouble::NoRandom { .. }
            | Trouble::Broke { .. }) => {
                RoleError::Source { profile: self.profile.clone(), why: trouble.to_string() }
            }
        }
    }

    /// Codes: IAM Identity Center Portal API, GetRoleCredentials; a role that is not assigned is answered with
    /// `ForbiddenException: No access`, which its model does not have.
    fn of_portal(
        &self,
        endpoint: String,
        error: &SdkError<GetRoleCredentialsError, HttpResponse>,
    ) -> RoleError {
        let SdkError::ServiceError(answer) = error else {
            return RoleError::Unreachable { endpoint, why: in_words(error) };
        };
        let status = answer.raw().status().as_u16();
        let code = answer.err().code().unwrap_or_default().to_owned();
        let said = answer.err().message().unwrap_or("no message").to_owned();
        match (code.as_str(), status) {
            ("UnauthorizedException", _) | (_, 401) => {
                self.signed_out(format!("AWS has ended the session: {said}"))
            }
            ("ForbiddenException" | "ResourceNotFoundException", _) | (_, 403 | 404) => {
                RoleError::NotAssigned {
                    session: self.session.name.clone(),
                    account: self.account.clone(),
                    role: self.role.clone(),
                    why: said,
                }
            }
            ("TooManyRequestsException", _) | (_, 429) => RoleError::Throttled { endpoint, message: said },
            _ => RoleError::Source {
                profile: self.profile.clone(),
                why: format!("{endpoint} answered {code} (HTTP {status}): {said}; try again"),
            },
        }
    }
}

impl ProvideCredentials for SsoRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}
