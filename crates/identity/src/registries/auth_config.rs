//! `DOCKER_AUTH_CONFIG`: logins in a variable, for clients that read it. It is a secret in an environment, which every
//! process of the same user can read: only for whoever asks for it.

use super::desk::Login;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdpoint_redact::Secret;
use serde_json::{Map, Value, json};

/// The first version of Docker's client that reads the variable (docker/cli, release notes of 28.3.0).
const SINCE: [u32; 2] = [28, 3];

/// The value for these hosts. Nothing but `auth` stands in it: clients refuse what they do not know.
pub fn docker_auth_config<'a>(logins: impl IntoIterator<Item = (&'a str, &'a Login)>) -> Secret {
    let auths: Map<String, Value> = logins
        .into_iter()
        .map(|(host, login)| {
            let plain = format!("{}:{}", login.username, login.secret.expose());
            (host.to_owned(), json!({ "auth": STANDARD.encode(plain) }))
        })
        .collect();
    Secret::new(json!({ "auths": auths }).to_string())
}

/// Whether the client that says this of itself (`docker --version`, or a bare version) reads the variable.
pub fn reads_auth_config(version: &str) -> bool {
    let word = version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let mut numbers =
        word.unwrap_or_default().split(['.', '-', '+', ',', '~']).map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => [major, minor] >= SINCE,
        (Some(_) | None, _) => false,
    }
}
