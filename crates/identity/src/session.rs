//! A session: calls whose credentials come from exactly one source.

use crate::http::{self, BadProxy};
use crate::profiles::{Kind, chain, explain_none, files};
use crate::shared::SharedSource;
use crate::whoami::{Caller, WhoamiError, in_words, whoami};
use crate::{Env, Person, Pin, PinMismatch, Pinned, ProfilesError};
use aws_config::profile::ProfileSet;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::{Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::os_shim_internal::Fs;
use holdpoint_redact::Secret;
use std::time::SystemTime;

/// The SDK's defaults are pinned to this version, so that an update of the SDK changes none unseen.
fn behavior() -> aws_config::BehaviorVersion {
    aws_config::BehaviorVersion::v2026_01_12()
}

/// Every variable by which credentials could come from somewhere else.
pub(crate) const CREDENTIAL_VARIABLES: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
];

/// The name of the simulator's sign-in, in the place of a start URL.
const PRACTICE: &str = "practice";

/// Where a session's credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A profile of the two files.
    Profile(String),
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// The container endpoint that the environment names.
    Container,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`.
    WebIdentity,
    /// The simulator of a practice run.
    Practice,
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
}

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
        let files = files::read(env)?;
        let named = profile.or_else(|| env.get("AWS_PROFILE"));
        let set = files.parse(named.unwrap_or("default")).await?;
        let source = choose(env, profile, &set, || explain_none(&files))?;
        let region = region
            .or_else(|| env.get("AWS_REGION"))
            .or_else(|| env.get("AWS_DEFAULT_REGION"))
            .or_else(|| set.get_profile(named.unwrap_or("default"))?.get("region"))
            .filter(|region| !region.is_empty())
            .ok_or_else(|| SessionError::NoRegion { whom: source.to_string() })?
            .to_owned();
        let base = match &source {
            Source::Profile(name) => set.get_profile(name).and_then(|p| chain::base(&set, p).ok()),
            Source::Environment | Source::Container | Source::WebIdentity | Source::Practice => None,
        };
        let instance = base.and_then(|base| chain::start_url(&set, base)).map(str::to_owned);
        let sdk_env = only(env, &source, base.map(chain::kind).as_ref());
        let config = load(&sdk_env, &files, &source, &region, http::live(env)?).await;
        let config = match (config.credentials_provider(), config.time_source()) {
            (Some(provider), Some(clock)) => {
                let shared = SharedCredentialsProvider::new(SharedSource::new(provider, clock));
                config.into_builder().credentials_provider(shared).build()
            }
            (_, None) | (None, _) => config,
        };
        let endpoint = config.endpoint_url().map(str::to_owned);
        Ok(Self { config, region, source, instance, endpoint })
    }

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
        let keys = Credentials::new(
            &credentials.access_key_id,
            credentials.secret_access_key.expose(),
            credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            PRACTICE,
        );
        let mut config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .retry_config(aws_sdk_sts::config::retry::RetryConfig::standard())
            .identity_cache(aws_sdk_sts::config::IdentityCache::lazy().build())
            .http_client(http::loopback_only());
        config.set_app_name(app_name());
        Ok(Self {
            config: config.build(),
            region: region.to_owned(),
            source: Source::Practice,
            // Not the endpoint: a simulator that starts again on another port still has the same people.
            instance: Some(PRACTICE.to_owned()),
            endpoint: Some(endpoint.to_owned()),
        })
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

    /// Asks STS who is calling. Errors name the profile and its next action.
    ///
    /// # Errors
    /// [`WhoamiError`].
    pub async fn whoami(&self) -> Result<Caller, WhoamiError> {
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
        let missing = |why| self.explain(WhoamiError::NoCredentials { why });
        let provider =
            self.config.credentials_provider().ok_or_else(|| missing("none were chosen".to_owned()))?;
        let keys = provider.provide_credentials().await.map_err(|error| missing(in_words(&error)))?;
        Ok(keys.expiry())
    }

    /// The person behind a caller of this session.
    pub fn person(&self, caller: &Caller) -> Person {
        Person::of(caller, self.instance.as_deref(), None)
    }

    /// What the SDK calls missing credentials is, for an Identity Center profile, mostly a sign-in that is over.
    fn explain(&self, error: WhoamiError) -> WhoamiError {
        let (Source::Profile(profile), Some(_), WhoamiError::NoCredentials { why }) =
            (&self.source, &self.instance, &error)
        else {
            return error;
        };
        let (profile, why) = (profile.clone(), why.clone());
        if why.contains("Forbidden") || why.contains("No access") || why.contains("ResourceNotFound") {
            return WhoamiError::NotAssigned { profile, why };
        }
        if why.contains("SSO token") || why.contains("nauthorized") || why.contains("session token not found")
        {
            return WhoamiError::SignInExpired { profile, why };
        }
        error
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Environment => f.write_str("the access keys of the environment"),
            Self::Container => f.write_str("the container endpoint of the environment"),
            Self::WebIdentity => f.write_str("the web identity of the environment"),
            Self::Practice => f.write_str("practice"),
        }
    }
}

fn choose(
    env: &Env,
    profile: Option<&str>,
    set: &ProfileSet,
    explain: impl Fn() -> String,
) -> Result<Source, SessionError> {
    let has = |name| env.get(name).is_some();
    if profile.is_none() && has("AWS_ACCESS_KEY_ID") && has("AWS_SECRET_ACCESS_KEY") {
        return Ok(Source::Environment);
    }
    if let Some(name) = profile.or_else(|| env.get("AWS_PROFILE")) {
        usable(env, set, name, explain)?;
        return Ok(Source::Profile(name.to_owned()));
    }
    if set.get_profile("default").is_some_and(|default| chain::kind(default) != Kind::RegionOnly) {
        usable(env, set, "default", explain)?;
        return Ok(Source::Profile("default".to_owned()));
    }
    if has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN") {
        return Ok(Source::WebIdentity);
    }
    if has("AWS_CONTAINER_CREDENTIALS_FULL_URI") || has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        return Ok(Source::Container);
    }
    let why = match set.profiles().count() {
        0 => explain(),
        n => format!(
            "none of the {n} profiles was chosen and no `default` gives credentials; give --profile or set AWS_PROFILE"
        ),
    };
    Err(SessionError::NoCredentials { why })
}

/// A profile that is there and whose chain leads to credentials.
fn usable(env: &Env, set: &ProfileSet, name: &str, explain: impl Fn() -> String) -> Result<(), SessionError> {
    let Some(profile) = set.get_profile(name) else {
        let mut names: Vec<_> = set.profiles().collect();
        names.sort_unstable();
        let hint = match names.iter().find(|other| other.eq_ignore_ascii_case(name)) {
            Some(near) => format!(": did you mean `{near}`? Names are case-sensitive"),
            None if names.is_empty() => format!(": {}", explain()),
            None => {
                let shown: Vec<_> = names.iter().take(8).copied().collect();
                let more = if names.len() > 8 { ", …" } else { "" };
                format!(": there are {}{more}", shown.join(", "))
            }
        };
        return Err(SessionError::NoProfile { name: name.to_owned(), hint });
    };
    let unusable = |why: String| SessionError::Unusable { name: name.to_owned(), why };
    let base = chain::base(set, profile).map_err(unusable)?;
    // A source's own fault is the profile's fault; each is told with the name it stands under.
    for at in if base.name() == name { vec![profile] } else { vec![profile, base] } {
        if let Some(problem) = chain::describe(set, at).problems.first() {
            return Err(unusable(if at.name() == name {
                problem.clone()
            } else {
                format!("`{}`: {problem}", at.name())
            }));
        }
    }
    match chain::kind(base) {
        Kind::RegionOnly => Err(unusable(format!("`{}` has settings and no credentials", base.name()))),
        // The SDK would take the environment's keys as they are and never assume the role.
        Kind::CredentialSource { source } if source == "Environment" => Err(unusable(
            "credential_source = Environment is not supported: name the keys as a profile and use source_profile"
                .to_owned(),
        )),
        Kind::CredentialSource { source } if source == "EcsContainer" => {
            let named = ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
            if named.into_iter().any(|variable| env.get(variable).is_some()) {
                return Ok(());
            }
            Err(unusable("credential_source = EcsContainer, and the environment names no container endpoint".to_owned()))
        }
        Kind::AssumeRole { .. }
        | Kind::CredentialSource { .. }
        | Kind::WebIdentity
        | Kind::SsoSession
        | Kind::LegacySso
        | Kind::Login
        | Kind::Process
        | Kind::Static => Ok(()),
    }
}

/// The environment with every way to credentials hidden but the chosen one.
fn only(env: &Env, source: &Source, base: Option<&Kind>) -> Env {
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let web = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"];
    let container = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ];
    let by = |wanted: &str| matches!(base, Some(Kind::CredentialSource { source }) if source == wanted);
    let kept: &[&str] = match source {
        Source::Environment => &keys,
        Source::WebIdentity => &web,
        Source::Container => &container,
        Source::Profile(_) if by("EcsContainer") => &container,
        Source::Profile(_) | Source::Practice => &[],
    };
    let mut narrowed = env.without(&CREDENTIAL_VARIABLES);
    for name in kept {
        if let Some(value) = env.get(name) {
            narrowed = narrowed.with(name, value);
        }
    }
    if by("Ec2InstanceMetadata") { narrowed } else { narrowed.with("AWS_EC2_METADATA_DISABLED", "true") }
}

/// The one place where the SDK is given its environment: `ConfigLoader::env` is its only way, behind a feature named
/// `test-util`; see docs/adr/0010.
async fn load(
    env: &Env,
    files: &files::Files,
    source: &Source,
    region: &str,
    client: aws_smithy_runtime_api::client::http::SharedHttpClient,
) -> SdkConfig {
    let profile = match source {
        Source::Profile(name) => name.as_str(),
        // `default` has no credentials when a source of the environment was chosen after it (see `choose`), and the
        // SDK asks the environment's keys first: so it gives settings only.
        Source::Environment | Source::Container | Source::WebIdentity | Source::Practice => "default",
    };
    let mut loader = aws_config::defaults(behavior())
        .env(env.for_sdk())
        .fs(Fs::real())
        .profile_files(files.for_sdk())
        .profile_name(profile)
        .region(Region::new(region.to_owned()))
        .http_client(client);
    if let Some(name) = app_name() {
        loader = loader.app_name(name);
    }
    loader.load().await
}

fn app_name() -> Option<AppName> {
    AppName::new("holdpoint").ok()
}
