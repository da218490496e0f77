//! What registries are shown: Basic logins, and tokens by their scopes. In memory only.
//!
//! Protocol: the Docker registry's token authentication (distribution, "Token Authentication Specification"), and the
//! refresh of an identity token (distribution, "OAuth2 Token Authentication").

use super::client::{ANSWER, fault_of, full};
use super::error::RegistryFault;
use super::wire::{Unsent, Wire, authority};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdpoint_identity::registries::Login;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use url::Url;

/// Longest answer with a token.
const LONGEST: usize = 512 * 1024;
/// The user name that Docker's clients give to an identity token.
const IDENTITY_TOKEN: &str = "<token>";

/// A token that is wanted.
pub(crate) struct Want<'a> {
    pub(crate) host: &'a str,
    pub(crate) realm: &'a Url,
    pub(crate) service: Option<&'a str>,
    pub(crate) scopes: &'a [String],
    pub(crate) login: Option<&'a Login>,
}

/// Values of `Authorization`.
#[derive(Default)]
pub(crate) struct Tokens {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    basic: HashMap<String, String>,
    bearer: HashMap<(String, Vec<String>), String>,
    logged_in: HashSet<String>,
}

impl Tokens {
    /// What to show a host for these scopes.
    pub(crate) fn of(&self, host: &str, scopes: &[String]) -> Option<String> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.bearer.get(&(host.to_owned(), scopes.to_vec())).or_else(|| held.basic.get(host)).cloned()
    }

    /// Whether the host was shown a login, and not only a token for anybody.
    pub(crate) fn is_logged_in(&self, host: &str) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).logged_in.contains(host)
    }

    pub(crate) fn keep_basic(&self, host: &str, shown: String) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.logged_in.insert(host.to_owned());
        held.basic.insert(host.to_owned(), shown);
    }

    /// Gets a token and keeps it until the registry does not take it any more.
    pub(crate) async fn fetch(&self, wire: &Wire, want: &Want<'_>) -> Result<(), RegistryFault> {
        let no_login = |why: String| RegistryFault::NoLogin { host: want.host.to_owned(), why };
        let (method, url, headers, body) = request(want);
        let what = format!("a token for {}", want.host);
        let sent = tokio::time::timeout(ANSWER, wire.send(&method, &url, &headers, full(body), true)).await;
        let sent = sent.unwrap_or_else(|_| Err(Unsent::Lost("no answer in time".to_owned())));
        let answer = sent.map_err(|unsent| fault_of(unsent, &authority(&url), &what))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST).collect();
        let body = match tokio::time::timeout(ANSWER, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => {
                return Err(no_login("the answer with its token cannot be read".to_owned()));
            }
        };
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let (host, with_login) = (want.host.to_owned(), want.login.is_some());
            let message = format!("{} gives no token (HTTP {})", authority(&url), status.as_u16());
            return Err(RegistryFault::Denied { host, what: "the login".to_owned(), message, with_login });
        }
        if !status.is_success() {
            return Err(no_login(format!(
                "{} answers {} when asked for a token",
                authority(&url),
                status.as_u16()
            )));
        }
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        // The parser's own words might quote the token.
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| no_login("its token cannot be read".to_owned()))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| no_login("the answer holds no token".to_owned()))?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.bearer.insert((want.host.to_owned(), want.scopes.to_vec()), format!("Bearer {token}"));
        match want.login {
            Some(_) => held.logged_in.insert(want.host.to_owned()),
            None => held.logged_in.remove(want.host),
        };
        Ok(())
    }
}

fn request(want: &Want<'_>) -> (Method, Url, HeaderMap, Bytes) {
    let (mut url, mut headers) = (want.realm.clone(), HeaderMap::new());
    if let Some(login) = want.login.filter(|login| login.username == IDENTITY_TOKEN) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("service", want.service.unwrap_or_default())
            .append_pair("client_id", "holdpoint")
            .append_pair("scope", &want.scopes.join(" "))
            .append_pair("refresh_token", login.secret.expose());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        return (Method::POST, url, headers, Bytes::from(form.finish()));
    }
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = want.service {
            query.append_pair("service", service);
        }
        for scope in want.scopes {
            query.append_pair("scope", scope);
        }
    }
    if let Some(login) = want.login {
        let plain = STANDARD.encode(format!("{}:{}", login.username, login.secret.expose()));
        if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {plain}")) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
    (Method::GET, url, headers, Bytes::new())
}
