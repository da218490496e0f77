//! What one profile means: its kind, what it says of account and role, its chain of sources, and what is wrong with it.

use super::{Kind, Profile};
use aws_config::profile::{Profile as Read, ProfileSet};

/// The longest chain of `source_profile` that is followed.
const LONGEST: usize = 64;

/// Describes a profile; the places are the caller's to add.
pub(crate) fn describe(set: &ProfileSet, profile: &Read) -> Profile {
    let kind = kind(profile);
    let mut problems = own_problems(set, profile, &kind);
    if let Err(problem) = base(set, profile) {
        problems.push(problem);
    }
    let role_arn = profile.get("role_arn").and_then(role_of_arn);
    let login = profile.get("login_session").and_then(account_of_arn);
    let is_sso = matches!(kind, Kind::SsoSession | Kind::LegacySso);
    let (sso_account, sso_role) = (profile.get("sso_account_id"), profile.get("sso_role_name"));
    Profile {
        name: profile.name().to_owned(),
        account: match (&role_arn, is_sso) {
            (Some((account, _)), false) => Some(account.to_string()),
            (_, true) => sso_account.map(str::to_owned),
            (None, false) => login.or_else(|| profile.get("aws_account_id")).map(str::to_owned),
        },
        role: if is_sso { sso_role.map(str::to_owned) } else { role_arn.map(|(_, role)| role.to_owned()) },
        region: profile.get("region").filter(|r| !r.is_empty()).map(str::to_owned),
        sso_session: profile.get("sso_session").map(str::to_owned),
        sign_in: base(set, profile).ok().and_then(sign_in_of),
        kind,
        from: Vec::new(),
        problems,
    }
}

/// The kind, in the order in which the SDK decides (aws-config, `profile/credentials/repr.rs`).
pub(crate) fn kind(profile: &Read) -> Kind {
    let has = |key| profile.get(key).is_some();
    if has("role_arn")
        && !has("web_identity_token_file")
        && let Some(source) = profile.get("source_profile")
    {
        return Kind::AssumeRole { source: source.to_owned() };
    }
    if let Some(source) = profile.get("credential_source") {
        return Kind::CredentialSource { source: source.to_owned() };
    }
    own_credentials(profile)
}

/// The profile at the end of the chain, whose own credentials start it; or why there is none.
pub(crate) fn base<'a>(set: &'a ProfileSet, profile: &'a Read) -> Result<&'a Read, String> {
    let mut visited = vec![profile.name()];
    let mut at = profile;
    loop {
        // The SDK prefers keys in a source profile to any further chaining.
        if visited.len() > 1 && own_credentials(at) != Kind::RegionOnly && has_keys(at) {
            return Ok(at);
        }
        let Kind::AssumeRole { source } = kind(at) else { return Ok(at) };
        if source == at.name() {
            return Ok(at);
        }
        let Some(next) = set.get_profile(&source) else {
            return Err(format!(
                "source_profile of `{}` names `{source}`, which no file has: add it or correct the name",
                at.name()
            ));
        };
        if visited.contains(&next.name()) {
            visited.push(next.name());
            return Err(format!("source_profile goes round in a circle: {}", visited.join(" → ")));
        }
        visited.push(next.name());
        if visited.len() > LONGEST {
            return Err(format!("its chain of source_profile is longer than {LONGEST}"));
        }
        at = next;
    }
}

/// What the sign-in of a chain's base is known by.
fn sign_in_of(base: &Read) -> Option<String> {
    match own_credentials(base) {
        Kind::SsoSession => base.get("sso_session").map(str::to_owned),
        Kind::LegacySso => base.get("sso_start_url").map(str::to_owned),
        Kind::AssumeRole { .. }
        | Kind::CredentialSource { .. }
        | Kind::WebIdentity
        | Kind::Login
        | Kind::Process
        | Kind::Static
        | Kind::RegionOnly => None,
    }
}

/// The kind of the profile's own credentials, sources aside: what a chain starts from.
pub(crate) fn own_credentials(profile: &Read) -> Kind {
    let has = |key| profile.get(key).is_some();
    if has("web_identity_token_file") {
        Kind::WebIdentity
    } else if has("sso_session") {
        Kind::SsoSession
    } else if ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"].into_iter().any(has) {
        Kind::LegacySso
    } else if has("login_session") {
        Kind::Login
    } else if has("credential_process") {
        Kind::Process
    } else if has("aws_access_key_id") || has("aws_secret_access_key") {
        Kind::Static
    } else {
        Kind::RegionOnly
    }
}

/// Whether its file gives it access keys.
pub(crate) fn has_keys(profile: &Read) -> bool {
    profile.get("aws_access_key_id").is_some() && profile.get("aws_secret_access_key").is_some()
}

fn own_problems(set: &ProfileSet, profile: &Read, kind: &Kind) -> Vec<String> {
    let mut problems = Vec::new();
    let has = |key| profile.get(key).is_some();
    let mut say = |text: String| problems.push(text);
    if has("role_arn") && !has("web_identity_token_file") {
        match (has("source_profile"), has("credential_source")) {
            (true, true) => say("it has both source_profile and credential_source: keep one".to_owned()),
            (false, false) => say("role_arn needs source_profile or credential_source: add one".to_owned()),
            (true, false) | (false, true) => {}
        }
    }
    match kind {
        Kind::AssumeRole { .. } => {}
        Kind::CredentialSource { source } => {
            if !["Environment", "Ec2InstanceMetadata", "EcsContainer"].contains(&source.as_str()) {
                say(format!(
                    "credential_source `{source}` is none of Environment, Ec2InstanceMetadata and EcsContainer"
                ));
            }
        }
        Kind::WebIdentity => {
            if !has("role_arn") {
                say("web_identity_token_file needs role_arn: add it".to_owned());
            }
        }
        Kind::SsoSession => {
            sso_problems(profile, &mut say);
            let name = profile.get("sso_session").unwrap_or_default();
            for key in ["sso_start_url", "sso_region"] {
                // The AWS CLI takes an equal value; the SDK takes none.
                if has(key) {
                    say(format!(
                        "{key} stands beside sso_session: remove it here, it belongs in [sso-session {name}]"
                    ));
                }
            }
            match set.sso_session(name) {
                None => {
                    say(format!("sso_session names `{name}`, and no [sso-session {name}] exists: add it"))
                }
                Some(session) => {
                    for key in ["sso_start_url", "sso_region"] {
                        if session.get(key).is_none() {
                            say(format!("[sso-session {name}] has no {key}: add it"));
                        }
                    }
                }
            }
        }
        Kind::LegacySso => {
            sso_problems(profile, &mut say);
            for key in ["sso_start_url", "sso_region"] {
                if !has(key) {
                    say(format!("an SSO profile needs {key}: add it"));
                }
            }
        }
        Kind::Static => {
            for key in ["aws_access_key_id", "aws_secret_access_key"] {
                if !has(key) {
                    say(format!("its other key is there and {key} is missing: add it"));
                }
            }
        }
        Kind::Login | Kind::Process | Kind::RegionOnly => {}
    }
    problems
}

fn sso_problems(profile: &Read, say: &mut impl FnMut(String)) {
    for key in ["sso_account_id", "sso_role_name"] {
        if profile.get(key).is_none() {
            say(format!("an SSO profile needs {key}: add it"));
        }
    }
}

/// Account and role name of `arn:aws:iam::111122223333:role/path/Name`.
fn role_of_arn(arn: &str) -> Option<(&str, &str)> {
    let role = arn.splitn(6, ':').nth(5)?.strip_prefix("role/")?;
    Some((account_of_arn(arn)?, role.rsplit('/').next()?))
}

fn account_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| crate::arn::is_account(account))
}
