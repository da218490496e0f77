//! One question to a registry: its address, its login, what is repeated and what is not.
//!
//! - A throttled request is repeated after as long as the registry says; a read whose answer was lost, a few times.
//! - A redirect is followed for reads only, checked like the address before it, and the login stays behind at its host.
//! - A login is shown only to a registry that asks for one.

use super::challenge::{Challenge, challenges};
use super::error::RegistryFault;
use super::reference::ImageRef;
use super::token::{Tokens, Want};
use super::wire::{Out, Route, Unsent, Wire, authority};
use crate::Pace;
use crate::address::read;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdpoint_identity::registries::Login;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Longest wait for the head of an answer: a registry may check a layer of gigabytes before it says that it has it.
pub(crate) const ANSWER: Duration = Duration::from_secs(300);
/// Redirects that are followed.
const HOPS: usize = 5;
/// Throttled answers in a row after which one gives up.
const THROTTLED: u32 = 12;
/// Times that a read is sent whose answers are lost.
const LOST: u32 = 4;
/// Longest wait that a registry may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// First wait, doubled each time.
const WAIT: Duration = Duration::from_millis(200);
/// Longest text of an error that is read.
const ERROR_TEXT: usize = 64 * 1024;

/// Who has logins for registries.
#[async_trait]
pub trait Logins: Send + Sync {
    /// The login for a host; `None` to ask without one.
    async fn login(&self, host: &str) -> Result<Option<Login>, String>;
}

/// Registries of images, asked with the logins of one identity. Cheap to clone.
#[derive(Clone)]
pub struct Registries {
    inner: Arc<Inner>,
}

struct Inner {
    wire: Wire,
    logins: Arc<dyn Logins>,
    pace: Arc<dyn Pace>,
    tokens: Tokens,
}

/// What one is allowed to do with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Right {
    Pull,
    Push,
    /// Push, and pull from another repository of the same registry.
    Mount(ImageRef),
}

/// Where in a registry.
pub(crate) enum Spot {
    /// Below the repository.
    Path(String),
    /// Where an answer said.
    At(Url),
}

pub(crate) struct Ask<'a> {
    pub(crate) image: &'a ImageRef,
    pub(crate) right: Right,
    pub(crate) method: Method,
    pub(crate) spot: Spot,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// In errors: `the layer sha256:…`.
    pub(crate) what: String,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(
        image: &'a ImageRef,
        right: Right,
        method: Method,
        spot: Spot,
        what: impl Into<String>,
    ) -> Self {
        Self { image, right, method, spot, headers: HeaderMap::new(), body: Bytes::new(), what: what.into() }
    }
}

impl Registries {
    /// Registries by this route. Waits go through `pace`.
    pub fn new(route: Route, logins: Arc<dyn Logins>, pace: Arc<dyn Pace>) -> Self {
        Self { inner: Arc::new(Inner { wire: Wire::new(route), logins, pace, tokens: Tokens::default() }) }
    }

    /// Sends, and returns an answer of success (2xx). Redirects, logins and waits are seen to.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Response<Incoming>, RegistryFault> {
        let url = self.url(ask.image, &ask.spot)?;
        let is_read = matches!(ask.method, Method::GET | Method::HEAD);
        let (mut throttled, mut lost) = (0, 0);
        loop {
            let fault = match self.hops(&ask, url.clone()).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if is_throttling(answer.status()) => {
                    throttled += 1;
                    if throttled >= THROTTLED {
                        let (host, what) = (ask.image.host().to_owned(), ask.what.clone());
                        return Err(RegistryFault::Throttled { host, what, tries: throttled });
                    }
                    self.pause(wait_of(answer.headers(), throttled)).await;
                    continue;
                }
                Ok(answer) => self.refusal(&ask, answer).await,
                Err(fault) => fault,
            };
            if is_read && fault.is_transient() && lost + 1 < LOST {
                lost += 1;
                self.pause(backoff(lost)).await;
                continue;
            }
            return Err(fault);
        }
    }

    /// Sends a body as it comes, once. The caller sees to what is to be done with the answer.
    pub(crate) async fn stream(
        &self,
        ask: &Ask<'_>,
        body: Out,
        length: u64,
    ) -> Result<Response<Incoming>, RegistryFault> {
        let url = self.url(ask.image, &ask.spot)?;
        let mut headers = ask.headers.clone();
        if let Ok(length) = HeaderValue::from_str(&length.to_string()) {
            headers.insert(hyper::header::CONTENT_LENGTH, length);
        }
        if self.is_home(ask.image, &url) {
            self.authorize(ask, &mut headers);
        }
        // A kept connection may be closed at any time, and a body that was begun cannot be sent again.
        let answer = self.inner.wire.send(&ask.method, &url, &headers, body, true).await;
        answer.map_err(|unsent| fault_of(unsent, &authority(&url), &ask.what))
    }

    /// An answer that is no success, in words.
    pub(crate) async fn refusal(&self, ask: &Ask<'_>, answer: Response<Incoming>) -> RegistryFault {
        let status = answer.status().as_u16();
        let text = match tokio::time::timeout(ANSWER, Limited::new(answer.into_body(), ERROR_TEXT).collect())
            .await
        {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => Bytes::new(),
        };
        let (code, message) = said(&text);
        let (host, what) = (ask.image.host().to_owned(), ask.what.clone());
        let message = message.unwrap_or_else(|| format!("HTTP {status}"));
        match status {
            401 | 403 => {
                let with_login = self.inner.tokens.is_logged_in(ask.image.host());
                RegistryFault::Denied { host, what, message, with_login }
            }
            404 => RegistryFault::Missing { what: format!("{what} at {host}"), message },
            _ => RegistryFault::Answered {
                host,
                what,
                status,
                code: code.unwrap_or_else(|| "UNKNOWN".into()),
                message,
            },
        }
    }

    pub(crate) async fn pause(&self, duration: Duration) {
        self.inner.pace.pause(duration).await;
    }

    /// Waits before try number `tries` is made again.
    pub(crate) async fn back_off(&self, tries: u32) {
        self.pause(backoff(tries)).await;
    }

    /// The address that an answer's `Location` means. Nothing leads from HTTPS to plain HTTP.
    pub(crate) fn location(
        &self,
        image: &ImageRef,
        answer: &Response<Incoming>,
    ) -> Result<Url, RegistryFault> {
        let strange =
            |why: &str| RegistryFault::NotARegistry { host: image.host().to_owned(), why: why.to_owned() };
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| strange("it does not say where to go on (no Location)"))?;
        let base = self.url(image, &Spot::Path(String::new()))?;
        let url = base.join(location).map_err(|_| strange("the Location that it gives is no address"))?;
        checked(&base, &url)
    }

    async fn hops(&self, ask: &Ask<'_>, mut url: Url) -> Result<Response<Incoming>, RegistryFault> {
        let is_read = matches!(ask.method, Method::GET | Method::HEAD);
        for _ in 0..=HOPS {
            let answer = self.logged_in(ask, &url).await?;
            if !answer.status().is_redirection() || !is_read {
                return Ok(answer);
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            let next = next.ok_or_else(|| RegistryFault::NotARegistry {
                host: authority(&url),
                why: format!("it redirects {} to nowhere", ask.what),
            })?;
            url = checked(&url, &next)?;
        }
        let why = format!("it redirects {} more than {HOPS} times", ask.what);
        Err(RegistryFault::NotARegistry { host: ask.image.host().to_owned(), why })
    }

    /// Sends, with a login when the registry asks for one.
    async fn logged_in(&self, ask: &Ask<'_>, url: &Url) -> Result<Response<Incoming>, RegistryFault> {
        let home = self.is_home(ask.image, url);
        let mut headers = ask.headers.clone();
        if home {
            self.authorize(ask, &mut headers);
        }
        let answer = self.send(ask, url, &headers).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !home {
            return Ok(answer);
        }
        let asked = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let asked = challenges(asked);
        if !self.answer_challenge(ask, &asked).await? {
            return Ok(answer);
        }
        let mut headers = ask.headers.clone();
        self.authorize(ask, &mut headers);
        self.send(ask, url, &headers).await
    }

    /// Gets what the registry asks for; `false` when there is nothing more to show it.
    async fn answer_challenge(&self, ask: &Ask<'_>, asked: &[Challenge]) -> Result<bool, RegistryFault> {
        let host = ask.image.host();
        let no_login = |why: String| RegistryFault::NoLogin { host: host.to_owned(), why };
        let login = self.inner.logins.login(host).await.map_err(no_login)?;
        for challenge in asked {
            match (challenge, &login) {
                (Challenge::Basic, Some(login)) => {
                    let plain = format!("{}:{}", login.username, login.secret.expose());
                    self.inner.tokens.keep_basic(host, format!("Basic {}", STANDARD.encode(plain)));
                    return Ok(true);
                }
                (Challenge::Basic, None) => {}
                (Challenge::Bearer { realm, service, scope }, login) => {
                    let base = self.url(ask.image, &Spot::Path(String::new()))?;
                    let realm = Url::parse(realm)
                        .or_else(|_| base.join(realm))
                        .map_err(|_| no_login("the address that it names for tokens is none".to_owned()))?;
                    let realm = checked(&base, &realm)?;
                    let scopes = match self.scopes(ask) {
                        scopes if scopes.is_empty() => scope.iter().cloned().collect(),
                        scopes => scopes,
                    };
                    let want = Want {
                        host,
                        realm: &realm,
                        service: service.as_deref(),
                        scopes: &scopes,
                        login: login.as_ref(),
                    };
                    self.inner.tokens.fetch(&self.inner.wire, &want).await?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Response<Incoming>, RegistryFault> {
        let lost = |unsent| fault_of(unsent, &authority(url), &ask.what);
        let send = |fresh| {
            let body = full(ask.body.clone());
            let sent = self.inner.wire.send(&ask.method, url, headers, body, fresh);
            async move {
                let late = || Unsent::Lost(format!("none within {} s", ANSWER.as_secs()));
                tokio::time::timeout(ANSWER, sent).await.map_err(|_| late())?
            }
        };
        match send(false).await {
            // A kept connection that was closed meanwhile: a read is asked anew.
            Err(Unsent::Lost(_)) if matches!(ask.method, Method::GET | Method::HEAD) => {
                send(true).await.map_err(lost)
            }
            answer => answer.map_err(lost),
        }
    }

    fn authorize(&self, ask: &Ask<'_>, headers: &mut HeaderMap) {
        let Some(shown) = self.inner.tokens.of(ask.image.host(), &self.scopes(ask)) else { return };
        if let Ok(mut value) = HeaderValue::from_str(&shown) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }

    fn scopes(&self, ask: &Ask<'_>) -> Vec<String> {
        let scope =
            |image: &ImageRef, actions: &str| format!("repository:{}:{actions}", self.repository(image));
        match &ask.right {
            Right::Pull => vec![scope(ask.image, "pull")],
            Right::Push => vec![scope(ask.image, "pull,push")],
            Right::Mount(from) => vec![scope(ask.image, "pull,push"), scope(from, "pull")],
        }
    }

    /// The repository as the registry that is asked names it.
    pub(crate) fn repository(&self, image: &ImageRef) -> String {
        match self.inner.wire.route() {
            Route::Live => image.repository().to_owned(),
            Route::Practice(_) => image.name(),
        }
    }

    /// Whether an address is the registry's own, so that its login is shown there.
    fn is_home(&self, image: &ImageRef, url: &Url) -> bool {
        self.url(image, &Spot::Path(String::new())).is_ok_and(|base| base.origin() == url.origin())
    }

    fn url(&self, image: &ImageRef, spot: &Spot) -> Result<Url, RegistryFault> {
        let path = match spot {
            Spot::At(url) => return Ok(url.clone()),
            Spot::Path(path) => path,
        };
        let base = match self.inner.wire.route() {
            Route::Practice(simulator) => format!("http://{simulator}"),
            Route::Live => {
                // Docker Hub's registry has another name than its images (distribution/reference and Docker's client).
                let host = if image.host() == "docker.io" { "registry-1.docker.io" } else { image.host() };
                let scheme = if is_this_machine(host) { "http" } else { "https" };
                format!("{scheme}://{host}")
            }
        };
        Ok(read(&format!("{base}/v2/{}/{path}", self.repository(image)))?)
    }
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registries")
    }
}

/// A body that is there as a whole.
pub(crate) fn full(bytes: Bytes) -> Out {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn fault_of(unsent: Unsent, host: &str, what: &str) -> RegistryFault {
    match unsent {
        Unsent::Refused(why) => RegistryFault::Address(why),
        Unsent::Unconnected(why) => RegistryFault::Unconnected { host: host.to_owned(), why },
        Unsent::Lost(why) => RegistryFault::Lost { host: host.to_owned(), what: what.to_owned(), why },
    }
}

/// Docker's clients speak plain HTTP to registries of this machine, and so does this one.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An address that another one led to.
fn checked(from: &Url, to: &Url) -> Result<Url, RegistryFault> {
    if from.scheme() == "https" && to.scheme() != "https" {
        let why = format!("it leads from HTTPS to {}", to.scheme());
        return Err(RegistryFault::NotARegistry { host: authority(from), why });
    }
    Ok(read(to.as_str())?)
}

fn is_throttling(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// How long the registry wants one to wait; a date of HTTP counts as the back-off, since no clock is at hand to read it by.
fn wait_of(headers: &HeaderMap, tries: u32) -> Duration {
    let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    asked.map_or_else(|| backoff(tries), Duration::from_secs).min(LONGEST_WAIT)
}

fn backoff(tries: u32) -> Duration {
    WAIT * 2_u32.pow(tries.min(6))
}

/// The first code and all messages of an error, as the distribution specification writes them; else the text itself.
fn said(text: &[u8]) -> (Option<String>, Option<String>) {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(default)]
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        code: Option<String>,
        message: Option<String>,
    }
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(text)
        && !envelope.errors.is_empty()
    {
        let messages: Vec<String> = envelope.errors.iter().filter_map(|one| one.message.clone()).collect();
        let code = envelope.errors.into_iter().find_map(|one| one.code);
        let message = match (messages.join("; "), &code) {
            (message, Some(code)) if message.is_empty() => code.clone(),
            (message, Some(code)) => format!("{message} ({code})"),
            (message, None) => message,
        };
        return (code, Some(message));
    }
    let text = String::from_utf8_lossy(text);
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    (None, Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:80"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1:5000", "registry.example", "[fd00::1]"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn errors_in_the_registrys_own_words() {
        let body = br#"{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}"#;
        let expected = (Some("TAG_INVALID".into()), Some("the tag is immutable (TAG_INVALID)".into()));
        assert_eq!(said(body), expected);
        assert_eq!(said(b"<html>\nno</html>"), (None, Some("<html>no</html>".into())));
        assert_eq!(said(b""), (None, None));
    }
}
