//! The client that a session is signed in with, registered once and kept as the AWS CLI keeps it.
//!
//! The file's name is botocore's `_registration_cache_key`: SHA-1 of a JSON text with sorted keys, as Python writes it.
//! Both flows share one name; `grantTypes` tells a registration for the browser from one for the code.

use super::cache::{self, Found};
use super::document::{Client, stamp, time};
use super::session::{ACCOUNT_ACCESS, SsoSession, sha1_hex};
use holdpoint_redact::Secret;
use holdpoint_vault::SecretBytes;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// One that ends sooner is not used any more (botocore: `_EXPIRY_WINDOW`).
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// A registered client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) ends: SystemTime,
    /// `None` as the CLI writes it for a client that asked for no scope.
    pub(crate) scopes: Option<Vec<String>>,
    /// `None` for the code, as the CLI writes it.
    pub(crate) grants: Option<Vec<String>>,
}

impl Registration {
    /// What is kept with a token.
    pub(crate) fn client(&self) -> Client {
        Client { id: self.id.clone(), secret: self.secret.clone(), ends: Some(self.ends) }
    }

    pub(crate) fn is_for(&self, browser: bool) -> bool {
        let grants = self.grants.as_deref().unwrap_or_default();
        grants.iter().any(|grant| grant == "authorization_code") == browser
    }

    pub(crate) fn lasts(&self, now: SystemTime) -> bool {
        self.ends.duration_since(now).unwrap_or_default() > WINDOW
    }

    pub(crate) fn write(&self) -> SecretBytes {
        let mut value = json!({
            "clientId": self.id,
            "clientSecret": self.secret.expose(),
            "expiresAt": stamp(self.ends),
        });
        if let Some(scopes) = &self.scopes {
            value["scopes"] = json!(scopes);
        }
        if let Some(grants) = &self.grants {
            value["grantTypes"] = json!(grants);
        }
        SecretBytes::new(value.to_string().into_bytes())
    }
}

/// The scopes that a session's client asks for: what is configured, else what listing accounts needs. A legacy client
/// asks for none.
pub(crate) fn scopes_for(session: &SsoSession) -> Vec<String> {
    if session.scopes.is_empty() && !session.legacy {
        return vec![ACCOUNT_ACCESS.to_owned()];
    }
    session.scopes.clone()
}

/// Where the AWS CLI keeps the session's registration.
pub(crate) fn file_of(folder: &Path, session: &SsoSession) -> PathBuf {
    cache::file_of(folder, &key(session))
}

/// The registration in its file; `None` when there is none that can be read.
pub(crate) fn read(folder: &Path, session: &SsoSession) -> Option<Registration> {
    match cache::read_as(&file_of(folder, session), parse) {
        Ok(Found::One(found)) => Some(found),
        Ok(Found::Nothing | Found::Torn { .. }) | Err(_) => None,
    }
}

fn parse(bytes: &[u8]) -> Result<Registration, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| "it is no JSON".to_owned())?;
    let text = |name: &str| {
        let found = value.get(name).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| format!("it has no {name}"))
    };
    let list = |name: &str| {
        let found = value.get(name)?.as_array()?;
        Some(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    Ok(Registration {
        id: text("clientId")?,
        secret: Secret::new(text("clientSecret")?),
        ends: time(&text("expiresAt")?).ok_or("its expiresAt is no time")?,
        scopes: list("scopes"),
        grants: list("grantTypes"),
    })
}

/// SHA-1 of `json.dumps({...}, sort_keys=True)`: the configured scopes, and `null` when the file says none.
fn key(session: &SsoSession) -> String {
    let text = |text: &str| python(&Value::from(text).to_string());
    let scopes = if session.scopes.is_empty() {
        "null".to_owned()
    } else {
        format!("[{}]", session.scopes.iter().map(|s| text(s)).collect::<Vec<_>>().join(", "))
    };
    let name = if session.legacy { "null".to_owned() } else { text(&session.name) };
    let arguments = format!(
        r#"{{"region": {}, "scopes": {scopes}, "session_name": {name}, "startUrl": {}, "tool": "botocore"}}"#,
        text(&session.region),
        text(&session.start_url),
    );
    sha1_hex(arguments.as_bytes())
}

/// Python's `ensure_ascii`: what is not ASCII is escaped as UTF-16.
fn python(json: &str) -> String {
    let mut escaped = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str, scopes: &[&str], legacy: bool) -> SsoSession {
        SsoSession {
            name: name.to_owned(),
            start_url: "https://corp.example/start".to_owned(),
            region: "eu-west-1".to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            legacy,
            profiles: 1,
        }
    }

    /// The names were made by Python: `hashlib.sha1(json.dumps(args, sort_keys=True).encode()).hexdigest()`.
    #[test]
    fn the_file_has_the_name_that_the_cli_gives_it() {
        for (session, expected) in [
            (session("corp", &[], false), "7cba67e00404606f7116dc32a0441d62b0e6e31c"),
            (session("corp", &["sso:account:access"], false), "cab5a15fd1355358e3fb63f2eea3dbca4b571264"),
            (
                session("corp", &["sso:account:access", "codewhisperer:completions"], false),
                "efd48771acf3546f2fac924ec58e74d6d7bfeb98",
            ),
            (session("sürprise 😀", &[], false), "bc3e1bd814e5b6fb63feb083be4d20924d35be28"),
            (session("https://corp.example/start", &[], true), "fb681360be8f214837105663fe84fb2cbc73abf9"),
        ] {
            assert_eq!(key(&session), expected, "{}", session.name);
        }
    }

    #[test]
    fn a_registration_survives_and_tells_what_it_is_for() {
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_219_200);
        let browser = Registration {
            id: "id".to_owned(),
            secret: Secret::new("sec"),
            ends,
            scopes: Some(vec![ACCOUNT_ACCESS.to_owned()]),
            grants: Some(vec!["authorization_code".to_owned(), "refresh_token".to_owned()]),
        };
        let device = Registration { grants: None, scopes: None, ..browser.clone() };
        for one in [&browser, &device] {
            assert_eq!(&parse(one.write().expose()).unwrap(), one);
        }
        assert!(browser.is_for(true) && !browser.is_for(false));
        assert!(device.is_for(false) && !device.is_for(true));
        assert!(
            browser.lasts(ends - Duration::from_secs(901)) && !browser.lasts(ends - Duration::from_secs(900))
        );
        assert!(parse(b"{}").is_err() && parse(b"{\"clientId\":").is_err());
    }
}
