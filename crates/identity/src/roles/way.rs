//! The way from a profile to its keys, as data: where it starts, and the roles that are taken on in order.

use crate::profiles::{Kind, chain};
use crate::sso::{SsoSession, scopes_of};
use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use std::path::PathBuf;

/// A profile's way to keys.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) base: Base,
    /// In the order in which they are taken on; the last one is the profile's own.
    pub(crate) hops: Vec<Hop>,
}

/// Where a way starts.
#[derive(Debug)]
pub(crate) enum Base {
    /// A permission set of an SSO session.
    Sso { profile: String, session: SsoSession, account: String, role: String },
    /// Access keys of a file.
    Static(Credentials),
    /// `credential_process`.
    Process { profile: String, command: String },
    /// A role by a web identity token.
    WebIdentity { profile: String, role_arn: String, token_file: PathBuf, session_name: Option<String> },
    /// `aws login`.
    Login { profile: String, session: String },
    /// The environment's keys.
    Environment { profile: String },
    /// Instance metadata.
    Instance,
    /// The container endpoint that the environment names.
    Container,
}

/// A role that is taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) profile: String,
    pub(crate) role_arn: String,
    pub(crate) session_name: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) duration_seconds: Option<i32>,
    pub(crate) mfa_serial: Option<String>,
}

impl Way {
    /// The way of a profile; `Err` is a whole reason that names the profile at fault.
    pub(crate) fn of(set: &ProfileSet, profile: &Profile) -> Result<Self, String> {
        let base = chain::base(set, profile)?;
        let mut hops = Vec::new();
        let mut at = profile;
        while at.name() != base.name() {
            hops.push(Hop::of(at)?);
            let source = at.get("source_profile").unwrap_or_default();
            at = set.get_profile(source).ok_or_else(|| format!("`{source}` is in no file"))?;
        }
        // A base may itself name a role: over its own keys (`source_profile` names itself) or a `credential_source`.
        // As the start of another profile's chain its own keys come first (`chain::base`).
        let own_role = match chain::kind(base) {
            Kind::AssumeRole { .. } => base.name() == profile.name(),
            Kind::CredentialSource { .. } => base.get("role_arn").is_some(),
            Kind::WebIdentity
            | Kind::SsoSession
            | Kind::LegacySso
            | Kind::Login
            | Kind::Process
            | Kind::Static
            | Kind::RegionOnly => false,
        };
        if own_role {
            hops.push(Hop::of(base)?);
        }
        hops.reverse();
        let start = match chain::kind(base) {
            Kind::CredentialSource { source } => of_source(base, &source)?,
            Kind::AssumeRole { .. }
            | Kind::WebIdentity
            | Kind::SsoSession
            | Kind::LegacySso
            | Kind::Login
            | Kind::Process
            | Kind::Static
            | Kind::RegionOnly => match base.name() != profile.name() && chain::has_keys(base) {
                // A chain starts from keys when its source has them, whatever else stands there.
                true => Base::Static(keys_of(base)?),
                false => own(set, base)?,
            },
        };
        Ok(Self { base: start, hops })
    }

    /// The SSO session that it starts from.
    pub(crate) fn sso(&self) -> Option<&SsoSession> {
        match &self.base {
            Base::Sso { session, .. } => Some(session),
            Base::Static(_)
            | Base::Process { .. }
            | Base::WebIdentity { .. }
            | Base::Login { .. }
            | Base::Environment { .. }
            | Base::Instance
            | Base::Container => None,
        }
    }

    /// Whether a person is asked for a code on the way.
    pub(crate) fn asks(&self) -> bool {
        self.hops.iter().any(|hop| hop.mfa_serial.is_some())
    }
}

impl Hop {
    fn of(profile: &Profile) -> Result<Self, String> {
        let text = |key| profile.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
        let name = profile.name();
        let seconds = text("duration_seconds").map(|text| {
            text.parse::<i32>().ok().filter(|seconds| (900..=43_200).contains(seconds)).ok_or_else(|| {
                format!(
                    "duration_seconds of `{name}` is `{text}`: it is a number of seconds from 900 to 43200"
                )
            })
        });
        Ok(Self {
            profile: name.to_owned(),
            role_arn: text("role_arn").ok_or_else(|| format!("`{name}` has no role_arn"))?,
            session_name: text("role_session_name"),
            external_id: text("external_id"),
            duration_seconds: seconds.transpose()?,
            mfa_serial: text("mfa_serial"),
        })
    }
}

fn of_source(base: &Profile, source: &str) -> Result<Base, String> {
    match source {
        "Environment" => Ok(Base::Environment { profile: base.name().to_owned() }),
        "Ec2InstanceMetadata" => Ok(Base::Instance),
        "EcsContainer" => Ok(Base::Container),
        other => Err(format!(
            "credential_source `{other}` is none of Environment, Ec2InstanceMetadata and EcsContainer"
        )),
    }
}

/// What a profile gives of itself, sources aside.
fn own(set: &ProfileSet, base: &Profile) -> Result<Base, String> {
    let name = || base.name().to_owned();
    let need = |key: &str| needed(base, key);
    match chain::own_credentials(base) {
        Kind::SsoSession | Kind::LegacySso => Ok(Base::Sso {
            profile: name(),
            session: session_of(set, base)?,
            account: need("sso_account_id")?,
            role: need("sso_role_name")?,
        }),
        Kind::WebIdentity => Ok(Base::WebIdentity {
            profile: name(),
            role_arn: need("role_arn")?,
            token_file: need("web_identity_token_file")?.into(),
            session_name: base.get("role_session_name").map(str::to_owned),
        }),
        Kind::Login => Ok(Base::Login { profile: name(), session: need("login_session")? }),
        Kind::Process => Ok(Base::Process { profile: name(), command: need("credential_process")? }),
        Kind::Static => Ok(Base::Static(keys_of(base)?)),
        Kind::RegionOnly | Kind::AssumeRole { .. } | Kind::CredentialSource { .. } => {
            Err(format!("`{}` has settings and no credentials", base.name()))
        }
    }
}

fn keys_of(profile: &Profile) -> Result<Credentials, String> {
    let (key, secret) = (needed(profile, "aws_access_key_id")?, needed(profile, "aws_secret_access_key")?);
    let token = profile.get("aws_session_token").map(str::to_owned);
    Ok(Credentials::new(key, secret, token, None, "Profile"))
}

fn needed(profile: &Profile, key: &str) -> Result<String, String> {
    let value = profile.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
    value.ok_or_else(|| format!("`{}` has no {key}: add it", profile.name()))
}

/// The sign-in that a profile uses: a session of its own section, or its own start URL.
pub(crate) fn session_of(set: &ProfileSet, profile: &Profile) -> Result<SsoSession, String> {
    let missing = |of: &str, key: &str| format!("{of} has no {key}: add it");
    if let Some(name) = profile.get("sso_session") {
        let section =
            set.sso_session(name).ok_or_else(|| format!("there is no [sso-session {name}]: add it"))?;
        let need = |key: &str| {
            section.get(key).map(str::to_owned).ok_or_else(|| missing(&format!("[sso-session {name}]"), key))
        };
        return Ok(SsoSession {
            name: name.to_owned(),
            start_url: need("sso_start_url")?,
            region: need("sso_region")?,
            scopes: scopes_of(section.get("sso_registration_scopes")),
            legacy: false,
            profiles: 0,
        });
    }
    let need = |key: &str| {
        profile.get(key).map(str::to_owned).ok_or_else(|| missing(&format!("`{}`", profile.name()), key))
    };
    let start_url = need("sso_start_url")?;
    Ok(SsoSession {
        name: start_url.clone(),
        start_url,
        region: need("sso_region")?,
        scopes: Vec::new(),
        legacy: true,
        profiles: 0,
    })
}
