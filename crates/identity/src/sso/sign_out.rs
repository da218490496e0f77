//! Sign-out: told to AWS, and removed here from wherever a token of the session is.

use super::cache::{self, Found};
use super::client::{self, Service};
use super::error::{SignOutError, Trouble};
use super::lock;
use super::session::{SsoSession, sha1_hex};
use super::standing::Keeping;
use super::tokens::{Desk, Tokens, blocking};
use crate::profiles::files;
use crate::{Env, Kind, profiles::chain};
use holdpoint_redact::Secret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

impl Tokens {
    /// Ends the session: AWS is told, the token is removed from the shared folder and from the vault, and with it the
    /// role credentials that the AWS CLI fetched by it for profiles of the configuration. A sign-in that is under way
    /// is cancelled. Other sessions, other tools' files and the client's registration stay.
    ///
    /// # Errors
    /// [`SignOutError`]; what could be removed is removed even when AWS could not be told.
    pub async fn sign_out(&self, session: &SsoSession) -> Result<(), SignOutError> {
        self.cancel_sign_in(session);
        let desk = &self.desk;
        let line = desk.line(session);
        let _gate = line.gate.lock().await;
        let home = desk.home().ok_or(Trouble::NoHome)?;
        let _lock = lock::take(home, &session.key()).await?;
        let (of, on) = (session.clone(), desk.clone());
        let tokens = blocking(move || tokens_of(&on, &of)).await?;
        let mut told = Ok(());
        for (token, region) in tokens {
            if let Err(why) = tell(desk, &region, &token).await {
                told = Err(SignOutError::NotTold { why });
            }
        }
        let cli = cli_files(&desk.env, session).await;
        let (of, on) = (session.clone(), desk.clone());
        blocking(move || removed(&on, &of, &cli)).await?;
        told
    }
}

/// The tokens of the session, wherever they are. What cannot be read cannot be told to AWS.
fn tokens_of(desk: &Arc<Desk>, session: &SsoSession) -> Result<Vec<(Secret, String)>, SignOutError> {
    let mut tokens: Vec<(Secret, String)> = Vec::new();
    let mut add = |found: &super::document::Document| {
        let region = found.region.clone().unwrap_or_else(|| session.region.clone());
        if !tokens.iter().any(|(token, _)| *token == found.access) {
            tokens.push((found.access.clone(), region));
        }
    };
    if let Some(held) = desk.line(session).held().document.as_ref() {
        add(held);
    }
    for keeping in places_of(desk, session)? {
        // What does not open is not told to AWS, and its removal will say why.
        if let Ok(Found::One(found)) = desk.store.load(session, keeping) {
            add(&found);
        }
    }
    Ok(tokens)
}

/// Where tokens of the session may be: in the vault only when one is open, or when that is where they belong.
fn places_of(desk: &Desk, session: &SsoSession) -> Result<Vec<Keeping>, Trouble> {
    let mut places = vec![Keeping::Shared];
    if desk.store.keeping(session)? == Keeping::Vault || desk.store.vault(session).is_ok() {
        places.push(Keeping::Vault);
    }
    Ok(places)
}

async fn tell(desk: &Desk, region: &str, token: &Secret) -> Result<(), String> {
    let config =
        client::sdk_config(&desk.env, Service::Portal, region, 2).map_err(|error| error.to_string())?;
    let told = aws_sdk_sso::Client::new(&config).logout().access_token(token.expose()).send().await;
    match told {
        Ok(_) => Ok(()),
        // AWS does not know the token any more: that is what was wanted.
        Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 401) => Ok(()),
        Err(error) => {
            let endpoint = client::endpoint(&desk.env, Service::Portal, region).await;
            Err(client::trouble(&endpoint, &error).to_string())
        }
    }
}

fn removed(desk: &Arc<Desk>, session: &SsoSession, cli: &[PathBuf]) -> Result<(), SignOutError> {
    let mut first = Ok(());
    let mut note = |done: Result<(), Trouble>| {
        if first.is_ok() {
            first = done.map_err(SignOutError::from);
        }
    };
    for keeping in places_of(desk, session)? {
        note(desk.store.remove(session, keeping));
    }
    for path in cli {
        let is_of_sso = |bytes: &[u8]| {
            let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
            Ok(value.get("ProviderType").and_then(Value::as_str) == Some("sso"))
        };
        if matches!(cache::read_as(path, is_of_sso), Ok(Found::One(true))) {
            note(cache::remove(path));
        }
    }
    let line = desk.line(session);
    let mut held = line.held();
    held.document = None;
    held.is_unsaved = false;
    held.tried = None;
    first
}

/// The files in `~/.aws/cli/cache` in which the CLI keeps role credentials of the session's profiles (botocore,
/// `SSOCredentialFetcher._create_cache_key`).
async fn cli_files(env: &Env, session: &SsoSession) -> Vec<PathBuf> {
    let Some(home) = env.home() else { return Vec::new() };
    // A configuration that cannot be read names no profile; the token is removed all the same.
    let Ok(files) = files::read(env) else { return Vec::new() };
    let Ok(set) = files.parse("default").await else { return Vec::new() };
    let profiles = set.profiles().filter_map(|name| set.get_profile(name));
    profiles
        .filter(|profile| match chain::own_credentials(profile) {
            Kind::SsoSession => !session.legacy && profile.get("sso_session") == Some(&session.name),
            Kind::LegacySso => session.legacy && profile.get("sso_start_url") == Some(&session.name),
            Kind::AssumeRole { .. }
            | Kind::CredentialSource { .. }
            | Kind::WebIdentity
            | Kind::Login
            | Kind::Process
            | Kind::Static
            | Kind::RegionOnly => false,
        })
        .filter_map(|profile| {
            let (account, role) = (profile.get("sso_account_id")?, profile.get("sso_role_name")?);
            let key = cli_key(account, role, session);
            Some(home.join(".aws").join("cli").join("cache").join(format!("{key}.json")))
        })
        .collect()
}

fn cli_key(account: &str, role: &str, session: &SsoSession) -> String {
    // Sorted by name: `sessionName` and `startUrl` both come last.
    let last = if session.legacy { "startUrl" } else { "sessionName" };
    let text = json!({ "accountId": account, "roleName": role, last: session.name }).to_string();
    sha1_hex(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python: `hashlib.sha1(json.dumps(args, sort_keys=True, separators=(",", ":")).encode()).hexdigest()`.
    #[test]
    fn role_credentials_have_the_name_that_the_cli_gives_them() {
        let mut session = SsoSession {
            name: "corp".to_owned(),
            start_url: "https://corp.example/start".to_owned(),
            region: "eu-west-1".to_owned(),
            scopes: Vec::new(),
            legacy: false,
            profiles: 1,
        };
        assert_eq!(cli_key("111122223333", "Deploy", &session), "d39d482f90a2dc763d660255775b1811525b1dd0");
        session.legacy = true;
        session.name.clone_from(&session.start_url);
        assert_eq!(cli_key("111122223333", "Deploy", &session), "d3101b5691726c4fc79458543a87a18091296f4f");
    }
}
