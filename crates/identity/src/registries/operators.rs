//! The operator's own logins of registries, as Docker's clients keep them: for hosts that no profile answers for.
//!
//! Order and keys: docker/cli, `GetAuthConfig` and `ConvertToHostname`; protocol of helpers: docker/docker-credential-helpers.

use super::desk::Login;
use crate::Env;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdpoint_redact::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// How Docker's clients call Docker Hub in their configuration.
const HUB: &str = "https://index.docker.io/v1/";
/// A configuration longer than this is none.
const LONGEST: u64 = 4 * 1024 * 1024;
/// A keychain may ask its owner.
const HELPER: Duration = Duration::from_secs(60);
/// What helpers say when they have none.
const NONE: &str = "credentials not found in native keychain";
/// The user name of an identity token.
const IDENTITY_TOKEN: &str = "<token>";

/// Why a login that should be there cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorsError {
    /// The configuration cannot be read.
    #[error("Docker's configuration {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong; nothing of what may be a secret.
        why: String,
    },
    /// The helper that is named for the host fails.
    #[error("the credential helper {helper} has no login for {host}: {why}")]
    Helper {
        /// Its program.
        helper: String,
        /// The host.
        host: String,
        /// Its words.
        why: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The login that the operator's Docker has for a host; `None` when it has none.
///
/// # Errors
/// [`OperatorsError`].
pub async fn operators_login(env: &Env, host: &str) -> Result<Option<Login>, OperatorsError> {
    let Some(config) = read(env)? else { return Ok(None) };
    let keys: &[&str] = if host == "docker.io" { &[HUB, "docker.io", "index.docker.io"] } else { &[host] };
    for key in keys {
        let named = config.cred_helpers.get(*key).or(config.creds_store.as_ref());
        if let Some(helper) = named.filter(|helper| !helper.is_empty()) {
            if let Some(login) = ask(env, helper, key).await? {
                return Ok(Some(login));
            }
            continue;
        }
        let auth = config.auths.iter().find(|(known, _)| known == key || host_in(known) == *key);
        if let Some(login) = auth.and_then(|(_, auth)| login_of(auth)) {
            return Ok(Some(login));
        }
    }
    Ok(None)
}

fn read(env: &Env) -> Result<Option<Config>, OperatorsError> {
    let Some(folder) = super::DockerConfig::operators(env) else { return Ok(None) };
    let file = folder.join("config.json");
    let unreadable = |why: String| OperatorsError::Unreadable { path: file.display().to_string(), why };
    match std::fs::metadata(&file) {
        Ok(found) if found.len() > LONGEST => return Err(unreadable("it is too long".to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    }
    let bytes = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // The parser's own words may quote a password.
    let config = serde_json::from_slice(&bytes);
    config
        .map(Some)
        .map_err(|error| unreadable(format!("it is not Docker's JSON, from line {} on", error.line())))
}

fn login_of(auth: &Auth) -> Option<Login> {
    let decoded = auth.auth.as_deref().filter(|auth| !auth.is_empty()).and_then(|auth| {
        let plain = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
        let (user, password) = plain.split_once(':')?;
        // Docker pads passwords with zero bytes.
        Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
    });
    let (username, password) = match (decoded, &auth.username, &auth.password) {
        (Some(found), _, _) => found,
        (None, Some(user), Some(password)) => (user.clone(), password.clone()),
        (None, _, _) => Default::default(),
    };
    let login =
        |username: String, secret: String| Login { username, secret: Secret::new(secret), ends_at: None };
    match auth.identitytoken.as_deref().filter(|token| !token.is_empty()) {
        Some(token) => Some(login(IDENTITY_TOKEN.to_owned(), token.to_owned())),
        None if !username.is_empty() && !password.is_empty() => Some(login(username, password)),
        None => None,
    }
}

/// `https://host/v1/` as `host`.
fn host_in(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    rest.split('/').next().unwrap_or(rest)
}

async fn ask(env: &Env, helper: &str, host: &str) -> Result<Option<Login>, OperatorsError> {
    let program = format!("docker-credential-{helper}");
    let failed = |why: String| OperatorsError::Helper { helper: program.clone(), host: host.to_owned(), why };
    // A name leads to a program in PATH, and nowhere else.
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(failed("its name is none of a helper".to_owned()));
    }
    let environment = env.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    #[expect(
        clippy::disallowed_methods,
        reason = "the operator's own helper, in the operator's own environment"
    )]
    let mut command = tokio::process::Command::new(&program);
    command.arg("get").env_clear().envs(environment).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let asked = async {
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(host.as_bytes()).await?;
            stdin.shutdown().await?;
        }
        child.wait_with_output().await
    };
    let ended = tokio::time::timeout(HELPER, asked).await;
    let output = ended.map_err(|_| failed(format!("it did not answer within {} s", HELPER.as_secs())))?;
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        // Helpers say why on standard output.
        let said: String =
            String::from_utf8_lossy(&output.stdout).chars().filter(|c| !c.is_control()).take(200).collect();
        return if said.contains(NONE) { Ok(None) } else { Err(failed(said)) };
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer cannot be read".to_owned()))?;
    Ok(Some(Login { username: answer.username, secret: Secret::new(answer.secret), ends_at: None }))
}
