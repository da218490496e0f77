//! Credentials for a child process by a container-credentials endpoint on loopback: none on its command line, in its
//! environment or on disk.
//!
//! The protocol: AWS SDKs reference, "Container credential provider": `AWS_CONTAINER_CREDENTIALS_FULL_URI` is asked
//! with the content of `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` as its Authorization header.

mod exchange;

use crate::Session;
use crate::keeper::Door;
use crate::loopback;
use crate::whoami::{cause, in_words};
use aws_sdk_sts::config::Credentials;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use exchange::Exchange;
pub use exchange::NoExchange;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const PATH: &str = "/credentials";
/// Keys that have a token and do not say their end are handed out with this one, since some clients (botocore) require an end.
const ASSUMED_LIFE: Duration = Duration::from_secs(15 * 60);

/// A running endpoint. Dropping it revokes it: connections are cut, and the token's file is removed.
#[derive(Debug)]
pub struct CredentialsEndpoint {
    address: SocketAddr,
    token_file: PathBuf,
    server: JoinHandle<()>,
    variables: BTreeMap<String, String>,
    desk: Arc<Desk>,
}

/// Why no endpoint could be opened; the child was not started.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The session has nothing to hand out.
    #[error("the session has no credentials to hand to a child process; sign in and try again")]
    NoCredentials,
    /// The loopback interface gave no port.
    #[error(
        "no port on 127.0.0.1 could be opened for the child's credentials: {0}; close other programs and try again"
    )]
    NoPort(std::io::Error),
    /// The token's file could not be written.
    #[error("{path} could not be written: {why}; the child was not started")]
    NoTokenFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// The session's keys have no end, and STS exchanges them for none that do.
    #[error(transparent)]
    NoExchange(NoExchange),
}

impl CredentialsEndpoint {
    /// Opens an endpoint that hands out the session's credentials, on a random port of 127.0.0.1, its random token in
    /// a new file with mode 0600 in `folder`.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub async fn open(session: &Session, folder: &Path) -> Result<Self, EndpointError> {
        let config = session.config();
        let provider = config.credentials_provider().ok_or(EndpointError::NoCredentials)?;
        let clock = config.time_source().ok_or(EndpointError::NoCredentials)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(EndpointError::NoPort)?;
        let address = listener.local_addr().map_err(EndpointError::NoPort)?;
        let token = random_hex(32).map_err(|why| failed(folder, why))?;
        let name = random_hex(8).map_err(|why| failed(folder, why))?;
        let token_file = folder.join(format!("credentials-token-{name}"));
        write_private(&token_file, token.as_bytes()).map_err(|e| failed(&token_file, e.to_string()))?;
        let desk = Arc::new(Desk {
            exchange: Exchange::new(config, provider, clock.clone()),
            clock,
            token,
            host: address.to_string(),
            token_file: token_file.clone(),
            closed: AtomicBool::new(false),
        });
        if let Some(keeper) = session.keeper() {
            let door: Arc<dyn Door> = Arc::clone(&desk) as Arc<dyn Door>;
            keeper.watch_door(Arc::downgrade(&door));
            keeper.watch_source(desk.exchange.held());
        }
        let answering = Arc::clone(&desk);
        let server = tokio::spawn(loopback::serve(listener, move |request| {
            let desk = Arc::clone(&answering);
            async move { desk.answer(&request).await }
        }));
        let variables = session.endpoint_variables().clone();
        Ok(Self { address, token_file, server, variables, desk })
    }

    /// Finds out before a program starts whether its keys can be handed out: long-term ones are exchanged for temporary
    /// ones, which STS may refuse. Why a source gives none at all is for the session to say.
    ///
    /// # Errors
    /// [`EndpointError::NoExchange`].
    pub async fn ready(&self) -> Result<(), EndpointError> {
        match self.desk.exchange.keys().await {
            Ok(_) => Ok(()),
            Err(error) => match cause::<NoExchange>(&error) {
                Some(refused) => Err(EndpointError::NoExchange(refused.clone())),
                None => Ok(()),
            },
        }
    }

    /// The value of `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The value of `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// Variables of the endpoints that replace AWS's own in the session: a child's calls go where the session's go.
    pub(crate) fn endpoint_variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

impl Drop for CredentialsEndpoint {
    fn drop(&mut self) {
        self.server.abort();
        // Without its server the token opens nothing; a file that cannot be removed is no reason to stop.
        drop(std::fs::remove_file(&self.token_file));
    }
}

/// What a request needs to be answered.
struct Desk {
    exchange: Exchange,
    clock: SharedTimeSource,
    token: String,
    host: String,
    token_file: PathBuf,
    /// Set when the screen locked.
    closed: AtomicBool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk(…)")
    }
}

impl Door for Desk {
    fn close(&self) -> bool {
        // As in the endpoint's own drop.
        drop(std::fs::remove_file(&self.token_file));
        !self.closed.swap(true, Ordering::SeqCst)
    }
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let header =
            |name| request.headers().get(name).map(|value: &hyper::header::HeaderValue| value.as_bytes());
        // A page in a browser can be led to 127.0.0.1 under a name of its own; its Host header tells.
        if header(HOST) != Some(self.host.as_bytes()) {
            return refuse(StatusCode::MISDIRECTED_REQUEST, "HostNotAllowed", "ask by address");
        }
        if request.method() != Method::GET {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "only GET");
        }
        let given = header(AUTHORIZATION).unwrap_or_default();
        if !bool::from(given.ct_eq(self.token.as_bytes())) {
            return refuse(StatusCode::FORBIDDEN, "AccessDenied", "the authorization token does not fit");
        }
        if request.uri().path() != PATH {
            return refuse(StatusCode::NOT_FOUND, "NotFound", "nothing here");
        }
        if self.closed.load(Ordering::SeqCst) {
            return refuse(
                StatusCode::FORBIDDEN,
                "Revoked",
                "the screen was locked: start the program again after it was opened",
            );
        }
        match self.credentials().await {
            Ok((keys, until)) => self.hand_out(&keys, until),
            Err(why) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "CredentialsNotLoaded", &why),
        }
    }

    /// The session's provider keeps what it has until shortly before its end.
    async fn credentials(&self) -> Result<(Credentials, SystemTime), String> {
        let keys = self.exchange.keys().await.map_err(|error| in_words(&error))?;
        let until = keys.expiry().unwrap_or_else(|| self.clock.now() + ASSUMED_LIFE);
        Ok((keys, until))
    }

    fn hand_out(&self, keys: &Credentials, until: SystemTime) -> Response<Full<Bytes>> {
        let Ok(until) = DateTime::from(until).fmt(Format::DateTime) else {
            return refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "BadExpiration",
                "the expiry cannot be written",
            );
        };
        let body = serde_json::json!({
            "AccessKeyId": keys.access_key_id(),
            "SecretAccessKey": keys.secret_access_key(),
            "Token": keys.session_token().unwrap_or_default(),
            "Expiration": until,
        });
        reply(StatusCode::OK, &body)
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    reply(status, &serde_json::json!({ "code": code, "message": message }))
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}

fn random_hex(bytes: usize) -> Result<String, String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|e| e.to_string())?;
    Ok(random.iter().map(|b| format!("{b:02x}")).collect())
}

fn failed(path: &Path, why: String) -> EndpointError {
    EndpointError::NoTokenFile { path: path.to_owned(), why }
}

/// A new file that only its owner reads.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}
