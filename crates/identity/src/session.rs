//! A session: calls whose credentials come from exactly one source.

mod clocks;
mod opening;
mod overrides;
mod practice;
mod source;

use crate::http::BadProxy;
use crate::keeper::Keeper;
use crate::shared::SharedSource;
use crate::sso::{SsoSession, Standing, Tokens};
use crate::whoami::{Caller, WhoamiError, of_credentials, whoami};
use crate::{Env, Person, Pin, PinMismatch, Pinned, ProfilesError};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::Credentials;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
pub use clocks::{Clock, Clocks};
pub use opening::{Opening, tokens_for};
pub use practice::PracticeCredentials;
pub(crate) use source::CREDENTIAL_VARIABLES;
pub use source::Source;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// The SDK's defaults are pinned to this version, so that an update of the SDK changes none unseen.
fn behavior() -> aws_config::BehaviorVersion {
    aws_config::BehaviorVersion::v2026_01_12()
}

/// Calls with one identity in one region.
#[derive(Debug, Clone)]
pub struct Session {
    config: SdkConfig,
    region: String,
    source: Source,
    /// The Identity Center start URL behind the credentials.
    instance: Option<String>,
    endpoint: Option<String>,
    /// The SSO session that the way to the credentials starts from.
    sso: Option<SsoSession>,
    tokens: Option<Tokens>,
    keeper: Option<Keeper>,
    shared: Option<Arc<SharedSource>>,
    /// What is held on the way to it.
    links: Vec<Arc<SharedSource>>,
    /// The keys of a practice person, who may sign in again.
    practice: Option<Arc<practice::PracticeKeys>>,
    /// Variables of endpoints that replace AWS's own.
    overrides: Arc<BTreeMap<String, String>>,
    /// A person is asked for a code on the way.
    asks: bool,
    /// A role on the way refused a source identity.
    untraced: Arc<AtomicBool>,
}

/// Why no session could be made; nothing was called.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The files of profiles cannot be used.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// No file has this profile.
    #[error("there is no profile `{name}`{hint}")]
    NoProfile {
        /// The name asked for.
        name: String,
        /// What there is, or a near name.
        hint: String,
    },
    /// The profile cannot give credentials as it is written.
    #[error("profile `{name}` cannot be used: {why}")]
    Unusable {
        /// The profile.
        name: String,
        /// What to repair.
        why: String,
    },
    /// Nothing gives credentials.
    #[error("there are no credentials: {why}")]
    NoCredentials {
        /// Where was looked.
        why: String,
    },
    /// Nothing names a region.
    #[error("no region for {whom}: give one, set AWS_REGION, or add `region =` to the profile")]
    NoRegion {
        /// The profile or other source.
        whom: String,
    },
    /// What names a region is none.
    #[error(
        "{place} is no region: `{region}`; a region is of small letters, digits and hyphens, as eu-west-1: correct it"
    )]
    BadRegion {
        /// What was found, without control characters.
        region: String,
        /// The variable, the profile's setting, or that it was given.
        place: String,
    },
    /// A proxy variable cannot be used.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// Practice was given an endpoint that is not this machine.
    #[error(
        "practice refuses the endpoint {endpoint}: it reaches only the simulator on this machine, as http://127.0.0.1:PORT"
    )]
    NotLoopback {
        /// What was given.
        endpoint: String,
    },
}

/// Why the pin was not found to hold.
#[derive(Debug, thiserror::Error)]
pub enum AssertError {
    /// STS had no answer.
    #[error(transparent)]
    Whoami(#[from] WhoamiError),
    /// Somebody else is calling.
    #[error(transparent)]
    Mismatch(#[from] PinMismatch),
}

impl Session {
    /// A session with real AWS. The environment is `env` and nothing else is read of the process's own, but by a
    /// `credential_process` that a profile starts.
    ///
    /// One source is chosen before anything is called and the others are hidden from the SDK: `profile` when given;
    /// else access keys in the environment; else `AWS_PROFILE`, or `default` when it exists; else a web identity or a
    /// container endpoint that the environment names. Instance metadata is used only by a profile that says so.
    /// Region: `region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's own.
    ///
    /// # Errors
    /// [`SessionError`]; no call is made, so credentials may still prove expired at [`Session::whoami`].
    pub async fn live(env: &Env, profile: Option<&str>, region: Option<&str>) -> Result<Self, SessionError> {
        Self::open(&Opening::new(env).profile(profile).region(region)).await
    }

    /// As [`Session::live`], with this process's tokens, a run's name, somebody who knows a second factor's code, and
    /// a keeper that forgets.
    ///
    /// # Errors
    /// [`SessionError`]; no call is made.
    pub async fn open(opening: &Opening<'_>) -> Result<Self, SessionError> {
        opening::open(opening).await
    }

    /// What the SDK's clients are made of.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region of the calls.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where the credentials come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The Identity Center start URL behind the credentials, when there is one; `practice` with the simulator.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// The endpoint that replaces AWS's own, when one does.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The SSO session that the credentials start from, when they do from one.
    pub fn sso(&self) -> Option<&SsoSession> {
        self.sso.as_ref()
    }

    /// The name of the SSO session that the credentials start from: what to sign in to when they are over.
    pub fn sso_session(&self) -> Option<&str> {
        self.sso.as_ref().map(|session| session.name.as_str())
    }

    /// Variables of the endpoints that replace AWS's own, from the environment and the profile: what a child is to be
    /// told so that its calls go where ours go.
    pub fn endpoint_variables(&self) -> &BTreeMap<String, String> {
        &self.overrides
    }

    /// Whether a role on the way refused the run's source identity, as far as has been seen.
    pub fn is_untraced(&self) -> bool {
        self.untraced.load(Ordering::Relaxed)
    }

    /// Lets go of the credentials in memory; the next call gets them anew.
    pub fn forget(&self) {
        if let Some(shared) = &self.shared {
            shared.forget();
        }
        for link in &self.links {
            link.forget();
        }
    }

    /// How long the sign-in, its token and the role's keys last, as far as is known without a call.
    pub fn clocks(&self) -> Clocks {
        let mut clocks = Clocks::default();
        if let (Some(sso), Some(tokens)) = (&self.sso, &self.tokens)
            && let Standing::SignedIn { expires_at, renews, session_ends, .. } = tokens.standing(sso)
        {
            let source = format!("the sign-in of {}", sso.name);
            clocks.token = Some(Clock { ends_at: expires_at, renews, source: source.clone() });
            clocks.sso = session_ends.map(|ends_at| Clock { ends_at, renews: false, source });
        }
        let role = self.shared.as_ref().and_then(|shared| shared.ends_at());
        clocks.role =
            role.map(|ends_at| Clock { ends_at, renews: !self.asks, source: self.source.to_string() });
        clocks
    }

    /// Asks STS who is calling. Errors name the profile and its next action.
    ///
    /// # Errors
    /// [`WhoamiError`].
    pub async fn whoami(&self) -> Result<Caller, WhoamiError> {
        if self.asks {
            // A person takes longer than STS may.
            self.credentials().await?;
        }
        whoami(&self.config).await.map_err(|error| self.explain(error))
    }

    /// Asks STS who is calling and compares it, and the region, with the pin: to be done immediately before each step
    /// that changes something.
    ///
    /// # Errors
    /// [`AssertError`].
    pub async fn assert(&self, pin: &Pin) -> Result<Pinned, AssertError> {
        let caller = self.whoami().await?;
        Ok(pin.assert(&caller, &self.region)?)
    }

    /// When the credentials end; `None` when they have no end. Asks their source when none are held. An Identity
    /// Center session may end before or after: it is what a renewal then needs.
    ///
    /// # Errors
    /// [`WhoamiError::NoCredentials`], [`WhoamiError::SignInExpired`], [`WhoamiError::NotAssigned`].
    pub async fn lasts_until(&self) -> Result<Option<SystemTime>, WhoamiError> {
        Ok(self.credentials().await?.expiry())
    }

    /// The credentials themselves, for who hands them on.
    pub(crate) async fn credentials(&self) -> Result<Credentials, WhoamiError> {
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| self.explain(WhoamiError::NoCredentials { why: "none were chosen".to_owned() }))?;
        provider.provide_credentials().await.map_err(|error| self.explain(of_credentials(&error)))
    }

    /// What forgets for this session.
    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_ref()
    }

    /// The person behind a caller of this session.
    pub fn person(&self, caller: &Caller) -> Person {
        Person::of(caller, self.instance.as_deref(), None)
    }

    /// The profile's name, where an error has it.
    fn explain(&self, error: WhoamiError) -> WhoamiError {
        match (&self.source, error) {
            (Source::Profile(name), WhoamiError::SignInExpired { why, .. }) => {
                WhoamiError::SignInExpired { profile: name.clone(), why }
            }
            (Source::Profile(name), WhoamiError::NotAssigned { why, .. }) => {
                WhoamiError::NotAssigned { profile: name.clone(), why }
            }
            (_, error) => error,
        }
    }
}

fn app_name() -> Option<AppName> {
    AppName::new("holdpoint").ok()
}
