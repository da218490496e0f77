//! How a session is opened: its one source of credentials, assembled from what the profile says.

use super::source::{Kept, Source, choose, only};
use super::{Session, SessionError, app_name, behavior};
use crate::http;
use crate::keeper::Keeper;
use crate::profiles::{explain_none, files};
use crate::roles::{
    AssumedRole, AwsLogin, Base, EnvironmentKeys, MfaAsker, Process, RunTag, SsoRole, Way, WebIdentityRole,
};
use crate::session::overrides;
use crate::shared::SharedSource;
use crate::sso::{Places, SharedClock, SsoSession, SystemClock, Tokens};
use crate::{Env, Prefs, RoleError};
use aws_config::profile::ProfileSet;
use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_sts::config::{IdentityCache, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::Fs;
use holdpoint_redact::Secret;
use holdpoint_vault::{Choice, LaterVault, Patience};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a session is opened with; all but the environment has a default.
#[derive(Debug, Clone)]
pub struct Opening<'a> {
    /// The environment; nothing else is read of the process's own, but by a `credential_process`.
    pub env: &'a Env,
    /// The profile; else what the environment chooses.
    pub profile: Option<&'a str>,
    /// The region; else what the environment or the profile says.
    pub region: Option<&'a str>,
    /// This process's tokens of SSO sessions; else the session reads them for itself.
    pub tokens: Option<&'a Tokens>,
    /// The run whose name role sessions carry.
    pub run: Option<RunTag>,
    /// Who is asked for the code of a second factor; without one, a profile with `mfa_serial` is refused when used.
    pub mfa: Option<Arc<dyn MfaAsker>>,
    /// What forgets its credentials when the screen locks.
    pub keeper: Option<&'a Keeper>,
}

impl<'a> Opening<'a> {
    /// Of an environment alone.
    pub fn new(env: &'a Env) -> Self {
        Self { env, profile: None, region: None, tokens: None, run: None, mfa: None, keeper: None }
    }

    /// With a profile.
    pub fn profile(mut self, profile: Option<&'a str>) -> Self {
        self.profile = profile;
        self
    }

    /// With this process's tokens.
    pub fn tokens(mut self, tokens: &'a Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// With a region.
    pub fn region(mut self, region: Option<&'a str>) -> Self {
        self.region = region;
        self
    }
}

pub(super) async fn open(opening: &Opening<'_>) -> Result<Session, SessionError> {
    let env = opening.env;
    let files = files::read(env)?;
    let named = opening.profile.or_else(|| env.get("AWS_PROFILE"));
    let set = files.parse(named.unwrap_or("default")).await?;
    let source = choose(env, opening.profile, &set, || explain_none(&files))?;
    let region = region_of(opening, &set, named.unwrap_or("default"), &source)?;
    let way = way_of(&set, &source)?;
    let client = http::live(env)?;
    let kept = match &source {
        Source::Environment => Kept::Keys,
        Source::Container => Kept::Container,
        Source::WebIdentity => Kept::WebIdentity,
        Source::Profile(_) | Source::Practice => Kept::Nothing,
    };
    let settings = match &source {
        Source::Profile(name) => name.as_str(),
        // Settings only: `choose` has seen that it gives no credentials, or that the environment's come before it.
        Source::Container => named.unwrap_or("default"),
        Source::Environment | Source::WebIdentity | Source::Practice => "default",
    };
    let loaded = load(&only(env, kept), files.for_sdk(), settings, &region, client.clone()).await;
    // The source below keeps what it has: a second cache could not be made to forget.
    let config = loaded.into_builder().identity_cache(IdentityCache::no_cache()).build();
    let untraced = Arc::new(AtomicBool::new(false));
    let sso = way.as_ref().and_then(Way::sso).cloned();
    let tokens = match (&sso, opening.tokens) {
        (Some(_), Some(tokens)) => Some(tokens.clone()),
        (Some(session), None) => Some(tokens_for(env, session).await),
        (None, _) => None,
    };
    let (provider, links) = match &way {
        None => (config.credentials_provider(), Vec::new()),
        Some(way) => {
            let making = Making {
                opening,
                config: &config,
                region: &region,
                client,
                tokens: tokens.as_ref(),
                untraced: &untraced,
            };
            let (provider, links) = making.provider(way, &source).await?;
            (Some(provider), links)
        }
    };
    let shared = match (provider, config.time_source()) {
        (Some(provider), Some(clock)) => Some(Arc::new(SharedSource::new(provider, clock))),
        (None, _) | (_, None) => None,
    };
    if let (Some(keeper), Some(shared)) = (opening.keeper, &shared) {
        keeper.watch_source(shared);
        links.iter().for_each(|link| keeper.watch_source(link));
    }
    let config = match &shared {
        Some(shared) => {
            let shared: Arc<dyn ProvideCredentials> = Arc::clone(shared) as Arc<dyn ProvideCredentials>;
            let shared = SharedCredentialsProvider::new(shared);
            config.into_builder().credentials_provider(shared).build()
        }
        None => config,
    };
    let endpoint = config.endpoint_url().map(str::to_owned);
    Ok(Session {
        overrides: Arc::new(overrides::of(env, &set, &files, settings)),
        instance: sso.as_ref().map(|session| session.start_url.clone()),
        asks: way.as_ref().is_some_and(Way::asks),
        keeper: opening.keeper.cloned(),
        tokens,
        config,
        region,
        source,
        sso,
        endpoint,
        shared,
        links,
        practice: None,
        untraced,
    })
}

fn region_of(
    opening: &Opening<'_>,
    set: &ProfileSet,
    profile: &str,
    source: &Source,
) -> Result<String, SessionError> {
    let by_env = |name| Some((opening.env.get(name)?, Cow::Borrowed(name)));
    let (region, place) = opening
        .region
        .map(|region| (region, Cow::Borrowed("the region that was given")))
        .or_else(|| by_env("AWS_REGION"))
        .or_else(|| by_env("AWS_DEFAULT_REGION"))
        .or_else(|| {
            let region = set.get_profile(profile)?.get("region")?;
            Some((region, Cow::Owned(format!("`region` of profile `{profile}`"))))
        })
        .filter(|(region, _)| !region.is_empty())
        .ok_or_else(|| SessionError::NoRegion { whom: source.to_string() })?;
    if is_region(region) {
        return Ok(region.to_owned());
    }
    let region = region.chars().filter(|c| !c.is_control()).take(40).collect();
    Err(SessionError::BadRegion { region, place: place.into_owned() })
}

/// Whether it may stand in the name of a host. Which regions there are is not asked: partitions come to be.
fn is_region(region: &str) -> bool {
    region.len() <= 32
        && region.starts_with(|c: char| c.is_ascii_lowercase())
        && !region.ends_with('-')
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn way_of(set: &ProfileSet, source: &Source) -> Result<Option<Way>, SessionError> {
    let Source::Profile(name) = source else { return Ok(None) };
    let Some(profile) = set.get_profile(name) else { return Ok(None) };
    let unusable = |why| SessionError::Unusable { name: name.clone(), why };
    Way::of(set, profile).map(Some).map_err(unusable)
}

/// Tokens for a caller that has none. The vault is opened when a token is kept there, and one that does not open says
/// why. `HOLDPOINT_VAULT` and `HOLDPOINT_VAULT_PASSPHRASE` are as for the console.
pub async fn tokens_for(env: &Env, session: &SsoSession) -> Tokens {
    let Some(places) = Places::of(env) else { return Tokens::of(env) };
    if !Prefs::open(&places.home).is_ok_and(|prefs| prefs.is_in_vault(&session.key())) {
        return Tokens::of(env);
    }
    let choice = env.get("HOLDPOINT_VAULT").and_then(|name| name.parse().ok()).unwrap_or(Choice::Auto);
    let passphrase = env.get("HOLDPOINT_VAULT_PASSPHRASE").map(Secret::new);
    let vault = LaterVault::new(places.home.clone(), choice, passphrase, Patience::default());
    let places = Places { vault: Some(Arc::new(vault)), ..places };
    Tokens::new(env, &places, SharedClock::new(SystemClock::new()))
}

/// What a provider is made with.
struct Making<'a> {
    opening: &'a Opening<'a>,
    /// Settings of the profile; its credentials are not used.
    config: &'a SdkConfig,
    region: &'a str,
    client: SharedHttpClient,
    tokens: Option<&'a Tokens>,
    untraced: &'a Arc<AtomicBool>,
}

impl Making<'_> {
    /// The provider at the end of a way, and the links before it that hold keys of their own.
    async fn provider(
        &self,
        way: &Way,
        source: &Source,
    ) -> Result<(SharedCredentialsProvider, Vec<Arc<SharedSource>>), SessionError> {
        let mut provider = self.base(&way.base, source).await?;
        let mut links = Vec::new();
        let clock = self.config.time_source();
        let bare = self.bare();
        // Keys that are written down somewhere need not be held.
        let mut is_written = matches!(way.base, Base::Static(_) | Base::Environment { .. });
        for hop in &way.hops {
            if let (Some(clock), false) = (&clock, is_written) {
                // Of a chain each link is kept: a role that is renewed does not sign in anew.
                let link = Arc::new(SharedSource::new(provider, clock.clone()));
                links.push(Arc::clone(&link));
                provider = SharedCredentialsProvider::new(link as Arc<dyn ProvideCredentials>);
            }
            is_written = false;
            provider = SharedCredentialsProvider::new(AssumedRole::new(
                &bare,
                provider,
                hop.clone(),
                self.opening.run.clone(),
                self.opening.mfa.clone(),
                Arc::clone(self.untraced),
            ));
        }
        Ok((provider, links))
    }

    async fn base(&self, base: &Base, source: &Source) -> Result<SharedCredentialsProvider, SessionError> {
        let env = self.opening.env;
        let unusable = |error: RoleError| SessionError::NoCredentials { why: error.to_string() };
        Ok(match base {
            Base::Sso { profile, session, account, role } => {
                let tokens = self.tokens.cloned().unwrap_or_else(|| Tokens::of(env));
                SharedCredentialsProvider::new(SsoRole::new(env, tokens, profile, session, account, role))
            }
            Base::Static(keys) => SharedCredentialsProvider::new(keys.clone()),
            Base::Process { profile, command } => {
                SharedCredentialsProvider::new(Process::new(env, profile, command).map_err(unusable)?)
            }
            Base::WebIdentity { profile, role_arn, token_file, session_name } => {
                let named = session_name.clone().or_else(|| Some(self.opening.run.as_ref()?.session_name()));
                SharedCredentialsProvider::new(WebIdentityRole::new(
                    &self.bare(),
                    profile,
                    role_arn,
                    token_file.clone(),
                    named.as_deref(),
                ))
            }
            Base::Login { profile, session } => SharedCredentialsProvider::new(AwsLogin::new(
                env,
                profile,
                session,
                self.config.time_source(),
            )),
            Base::Environment { profile } => {
                SharedCredentialsProvider::new(EnvironmentKeys::of(env, profile).map_err(unusable)?)
            }
            Base::Instance => self.of_environment(Kept::Instance, source).await?,
            Base::Container => self.of_environment(Kept::Container, source).await?,
        })
    }

    /// The SDK's own chain, with all of it hidden but one link.
    async fn of_environment(
        &self,
        kept: Kept,
        source: &Source,
    ) -> Result<SharedCredentialsProvider, SessionError> {
        let (env, none) = (only(self.opening.env, kept), EnvConfigFiles::builder());
        let empty = none.with_contents(aws_runtime::env_config::file::EnvConfigFileKind::Config, "").build();
        let loaded = load(&env, empty, "default", self.region, self.client.clone()).await;
        loaded.credentials_provider().ok_or_else(|| SessionError::NoCredentials {
            why: format!("{source} has no source of credentials"),
        })
    }

    /// The settings without credentials and without a cache of identities.
    fn bare(&self) -> SdkConfig {
        let mut builder = self.config.clone().into_builder();
        builder.set_credentials_provider(None);
        builder.build()
    }
}

/// The one place where the SDK is given its environment: `ConfigLoader::env` is its only way, behind a feature named
/// `test-util`; see docs/adr/0010.
async fn load(
    env: &Env,
    files: EnvConfigFiles,
    profile: &str,
    region: &str,
    client: SharedHttpClient,
) -> SdkConfig {
    let mut loader = aws_config::defaults(behavior())
        .env(env.for_sdk())
        .fs(Fs::real())
        .profile_files(files)
        .profile_name(profile)
        .region(Region::new(region.to_owned()))
        .http_client(client);
    if let Some(name) = app_name() {
        loader = loader.app_name(name);
    }
    loader.load().await
}
