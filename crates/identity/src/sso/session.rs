//! The SSO sessions of the configuration.

use crate::profiles::files;
use crate::{Env, Kind, ProfilesError, profiles::chain};
use sha1::{Digest, Sha1};

/// The scope by which a token may list accounts and fetch role credentials.
pub(crate) const ACCOUNT_ACCESS: &str = "sso:account:access";

/// A sign-in that profiles share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoSession {
    /// The name of its `[sso-session]`; the start URL for profiles that have none.
    pub name: String,
    /// Where a person signs in, as configured.
    pub start_url: String,
    /// The region of the Identity Center instance.
    pub region: String,
    /// `sso_registration_scopes`; empty when the file says none.
    pub scopes: Vec<String>,
    /// Whether it is of profiles from before `[sso-session]`: signed in by a code, never renewed.
    pub legacy: bool,
    /// How many profiles use it.
    pub profiles: usize,
}

impl SsoSession {
    /// The name of its token in every cache: SHA-1 of the name, in hex. Not a secret and no protection, just how the
    /// AWS CLI and the SDKs name the file.
    pub fn key(&self) -> String {
        sha1_hex(self.name.as_bytes())
    }
}

/// The sessions of the environment's files, in the order in which the files name them; then the start URLs of legacy
/// profiles. One without start URL or region is left out: the profiles that use it say what is missing.
///
/// # Errors
/// [`ProfilesError`].
pub async fn sso_sessions(env: &Env) -> Result<Vec<SsoSession>, ProfilesError> {
    let files = files::read(env)?;
    let set = files.parse("default").await?;
    let mut found: Vec<SsoSession> = Vec::new();
    for name in set.sso_sessions() {
        let Some(session) = set.sso_session(name) else { continue };
        let (Some(start_url), Some(region)) = (session.get("sso_start_url"), session.get("sso_region"))
        else {
            continue;
        };
        found.push(SsoSession {
            name: name.to_owned(),
            start_url: start_url.to_owned(),
            region: region.to_owned(),
            scopes: scopes_of(session.get("sso_registration_scopes")),
            legacy: false,
            profiles: 0,
        });
    }
    // The SDK's sets have no order; a person's file does.
    let text = files.config.text.as_deref().unwrap_or_default();
    found.sort_by_cached_key(|session| (place_of(text, &session.name), session.name.clone()));
    let mut names: Vec<_> = set.profiles().collect();
    names.sort_unstable();
    for profile in names.into_iter().filter_map(|name| set.get_profile(name)) {
        let (name, legacy) = match chain::own_credentials(profile) {
            Kind::SsoSession => (profile.get("sso_session"), false),
            Kind::LegacySso => (profile.get("sso_start_url"), true),
            Kind::AssumeRole { .. }
            | Kind::CredentialSource { .. }
            | Kind::WebIdentity
            | Kind::Login
            | Kind::Process
            | Kind::Static
            | Kind::RegionOnly => continue,
        };
        let Some(name) = name else { continue };
        if let Some(session) = found.iter_mut().find(|s| s.legacy == legacy && s.name == name) {
            session.profiles += 1;
        } else if let (true, Some(region)) = (legacy, profile.get("sso_region")) {
            found.push(SsoSession {
                name: name.to_owned(),
                start_url: name.to_owned(),
                region: region.to_owned(),
                scopes: Vec::new(),
                legacy: true,
                profiles: 1,
            });
        }
    }
    Ok(found)
}

/// As the AWS CLI reads the list: by commas, spaces around a scope are not part of it.
pub(crate) fn scopes_of(listed: Option<&str>) -> Vec<String> {
    listed
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(crate) fn sha1_hex(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line of `[sso-session NAME]`.
fn place_of(text: &str, name: &str) -> usize {
    let is_heading = |line: &str| {
        line.strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
            .and_then(|inside| inside.trim().strip_prefix("sso-session"))
            .is_some_and(|written| written.trim() == name)
    };
    text.lines().position(is_heading).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sessions_come_in_the_order_of_the_file_and_then_legacy_start_urls() {
        let folder = tempfile::tempdir().unwrap();
        let config = "\
[sso-session zeta]
sso_start_url = https://zeta.example/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access , ,codewhisperer:completions

[sso-session no-region]
sso_start_url = https://nowhere.example/start

# a comment
[sso-session alpha]  # of another company
sso_start_url = https://alpha.example/start
sso_region = us-east-1

[profile a]
sso_session = zeta
[profile b]
sso_session = zeta
[profile c]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = a
[profile d]
sso_session = missing
[profile old]
sso_start_url = https://old.example/start
sso_region = eu-west-1
[profile older]
sso_start_url = https://old.example/start
sso_region = eu-west-1
[profile oldest]
sso_start_url = https://no-region.example/start
";
        let path = folder.path().join("config");
        std::fs::write(&path, config).unwrap();
        let env = Env::new([("AWS_CONFIG_FILE", path.to_str().unwrap())]);
        let found = sso_sessions(&env).await.unwrap();
        let told: Vec<_> =
            found.iter().map(|s| (s.name.as_str(), s.region.as_str(), s.legacy, s.profiles)).collect();
        assert_eq!(
            told,
            [
                ("zeta", "eu-west-1", false, 2),
                ("alpha", "us-east-1", false, 0),
                ("https://old.example/start", "eu-west-1", true, 2),
            ]
        );
        assert_eq!(found[0].scopes, ["sso:account:access", "codewhisperer:completions"]);
        assert!(found[1].scopes.is_empty());
        assert_eq!(found[2].start_url, found[2].name);
        // `printf %s zeta | sha1sum`
        assert_eq!(found[0].key(), "bd2c4ee3a2d2de7216dde911f13eace11fc352dd");
    }

    #[tokio::test]
    async fn no_file_is_no_session_and_a_broken_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let env = Env::new([("AWS_CONFIG_FILE", path.to_str().unwrap())]);
        assert!(sso_sessions(&env).await.unwrap().is_empty());
        std::fs::write(&path, "[sso-session x\n").unwrap();
        assert!(sso_sessions(&env).await.is_err());
    }
}
