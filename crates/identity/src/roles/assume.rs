//! One role taken on from the credentials before it, or from a web identity.

use super::{Hop, MfaAsk, MfaAsker, RoleError, RunTag};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

type Refusal = SdkError<AssumeRoleError, HttpResponse>;

/// A role by `sts:AssumeRole`.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    client: Client,
    hop: Hop,
    run: Option<RunTag>,
    mfa: Option<Arc<dyn MfaAsker>>,
    /// Set when this role was seen to refuse a source identity: it is not tried again. Another role of the chain may take it.
    refused: AtomicBool,
    /// Set together with it, for the whole chain: what a person is told.
    untraced: Arc<AtomicBool>,
}

impl AssumedRole {
    /// `config` without credentials; `before` takes the role on. `untraced` is set when a source identity is refused.
    pub(crate) fn new(
        config: &SdkConfig,
        before: SharedCredentialsProvider,
        hop: Hop,
        run: Option<RunTag>,
        mfa: Option<Arc<dyn MfaAsker>>,
        untraced: Arc<AtomicBool>,
    ) -> Self {
        let conf = aws_sdk_sts::config::Builder::from(config).credentials_provider(before).build();
        Self { client: Client::from_conf(conf), hop, run, mfa, refused: AtomicBool::new(false), untraced }
    }

    async fn keys(&self) -> provider::Result {
        let code = self.code().await?;
        let source = match self.refused.load(Ordering::Relaxed) {
            true => None,
            false => self.run.as_ref().and_then(RunTag::source_identity),
        };
        let answer = match (self.ask(source, code.as_deref()).await, source) {
            (Err(error), Some(_)) if refuses_source_identity(&error) => {
                tracing::info!(role = %self.hop.role_arn, "the role refuses a source identity: CloudTrail shows the run by the session's name alone");
                self.refused.store(true, Ordering::Relaxed);
                self.untraced.store(true, Ordering::Relaxed);
                // A code is good once. The refusal came before it was looked at, or this says that it is used.
                self.ask(None, code.as_deref()).await
            }
            (answer, _) => answer,
        };
        let answer =
            answer.map_err(|error| RoleError::of_sts(&self.hop.profile, &self.hop.role_arn, &error))?;
        keys_of(answer.credentials, "AssumeRole", &self.hop.profile)
    }

    async fn ask(&self, source: Option<&str>, code: Option<&str>) -> Result<AssumeRoleOutput, Refusal> {
        self.client
            .assume_role()
            .role_arn(&self.hop.role_arn)
            .role_session_name(self.session_name())
            .set_external_id(self.hop.external_id.clone())
            .set_duration_seconds(self.hop.duration_seconds)
            .set_serial_number(self.hop.mfa_serial.clone().filter(|_| code.is_some()))
            .set_token_code(code.map(str::to_owned))
            .set_source_identity(source.map(str::to_owned))
            .send()
            .await
    }

    /// What the profile says, since a trust policy may ask for it; else the run's; else one that tells whose it is.
    fn session_name(&self) -> String {
        match (&self.hop.session_name, &self.run) {
            (Some(name), _) => name.clone(),
            (None, Some(run)) => run.session_name(),
            (None, None) => "holdpoint".to_owned(),
        }
    }

    async fn code(&self) -> Result<Option<String>, RoleError> {
        let Some(device) = &self.hop.mfa_serial else { return Ok(None) };
        let (profile, device) = (self.hop.profile.clone(), device.clone());
        let Some(asker) = &self.mfa else { return Err(RoleError::NobodyToAsk { profile, device }) };
        let asker = Arc::clone(asker);
        let ask =
            MfaAsk { profile: profile.clone(), device: device.clone(), role_arn: self.hop.role_arn.clone() };
        let code = tokio::task::spawn_blocking(move || asker.code(&ask)).await.unwrap_or_default();
        let code = code.map(|code| code.expose().trim().to_owned()).filter(|code| !code.is_empty());
        code.map(Some).ok_or(RoleError::NoCode { profile, device })
    }
}

/// STS names the action that it refuses. Both the caller's policies and the role's trust must allow it, and in a chain
/// it can only stay what it is (IAM User Guide, "Monitor and control actions taken with assumed roles").
fn refuses_source_identity(error: &Refusal) -> bool {
    matches!(error.code(), Some("AccessDenied" | "AccessDeniedException"))
        && error.message().is_some_and(|said| said.contains("SetSourceIdentity"))
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}

/// A role by `sts:AssumeRoleWithWebIdentity`.
#[derive(Debug)]
pub(crate) struct WebIdentityRole {
    client: Client,
    profile: String,
    role_arn: String,
    token_file: PathBuf,
    session_name: String,
}

impl WebIdentityRole {
    pub(crate) fn new(
        config: &SdkConfig,
        profile: &str,
        role_arn: &str,
        token_file: PathBuf,
        session_name: Option<&str>,
    ) -> Self {
        let (profile, role_arn) = (profile.to_owned(), role_arn.to_owned());
        let session_name = session_name.unwrap_or("holdpoint").to_owned();
        Self { client: Client::new(config), profile, role_arn, token_file, session_name }
    }

    async fn keys(&self) -> provider::Result {
        // Read anew each time: whoever gave it renews it in place.
        let token = std::fs::read_to_string(&self.token_file).map_err(|error| RoleError::Source {
            profile: self.profile.clone(),
            why: format!("its web identity token {} cannot be read: {error}", self.token_file.display()),
        })?;
        let answer = self
            .client
            .assume_role_with_web_identity()
            .role_arn(&self.role_arn)
            .role_session_name(&self.session_name)
            .web_identity_token(token.trim())
            .send()
            .await
            .map_err(|error| RoleError::of_sts(&self.profile, &self.role_arn, &error))?;
        keys_of(answer.credentials, "WebIdentity", &self.profile)
    }
}

impl ProvideCredentials for WebIdentityRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}

fn keys_of(
    keys: Option<aws_sdk_sts::types::Credentials>,
    by: &'static str,
    profile: &str,
) -> provider::Result {
    let keys = keys.ok_or_else(|| RoleError::Source {
        profile: profile.to_owned(),
        why: "STS answered without credentials: check AWS_ENDPOINT_URL and the proxy".to_owned(),
    })?;
    let end = SystemTime::try_from(keys.expiration).ok();
    Ok(Credentials::new(keys.access_key_id, keys.secret_access_key, Some(keys.session_token), end, by))
}
