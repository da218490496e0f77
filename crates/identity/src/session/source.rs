//! Which one source of credentials a session has, decided before anything is called.

use super::SessionError;
use crate::Env;
use crate::profiles::{Kind, chain};
use aws_config::profile::ProfileSet;
use std::fmt;

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

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Environment => f.write_str("the access keys of the environment"),
            Self::Container => f.write_str("the container endpoint of the environment"),
            Self::WebIdentity => f.write_str("the web identity of the environment"),
            Self::Practice => f.write_str("practice"),
        }
    }
}

/// The one source: `profile`; else keys in the environment; else `AWS_PROFILE`, or `default` when it gives credentials;
/// else a web identity or a container endpoint that the environment names.
pub(super) fn choose(
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
        // Settings beside a container endpoint are how a child of ours, and a container, is told its region; the CLI
        // and the SDKs go on to the endpoint, too.
        if is_settings_only(set, name) && has_container(env) {
            return Ok(Source::Container);
        }
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
    if has_container(env) {
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

/// The environment with every way to credentials hidden but the chosen one.
pub(super) fn only(env: &Env, kept: Kept) -> Env {
    let names: &[&str] = match kept {
        Kept::Keys => &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
        Kept::WebIdentity => &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"],
        Kept::Container => &[
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ],
        Kept::Instance | Kept::Nothing => &[],
    };
    let mut narrowed = env.without(&CREDENTIAL_VARIABLES);
    for name in names {
        if let Some(value) = env.get(name) {
            narrowed = narrowed.with(name, value);
        }
    }
    if kept == Kept::Instance { narrowed } else { narrowed.with("AWS_EC2_METADATA_DISABLED", "true") }
}

/// What of the environment's ways to credentials the SDK may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Access keys.
    Keys,
    /// A web identity.
    WebIdentity,
    /// A container endpoint.
    Container,
    /// None; and instance metadata is not hidden.
    Instance,
    /// None.
    Nothing,
}

fn has_container(env: &Env) -> bool {
    ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
        .into_iter()
        .any(|name| env.get(name).is_some())
}

fn is_settings_only(set: &ProfileSet, name: &str) -> bool {
    set.get_profile(name)
        .is_some_and(|profile| chain::kind(profile) == Kind::RegionOnly && profile.get("role_arn").is_none())
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
        Kind::CredentialSource { source } if source == "Environment" => {
            let missing =
                ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].into_iter().find(|key| env.get(key).is_none());
            missing.map_or(Ok(()), |key| {
                Err(unusable(format!(
                    "credential_source = Environment, and {key} is not set: set it, or name the keys as a profile and use source_profile"
                )))
            })
        }
        Kind::CredentialSource { source } if source == "EcsContainer" && !has_container(env) => {
            Err(unusable(
                "credential_source = EcsContainer, and the environment names no container endpoint"
                    .to_owned(),
            ))
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
