//! A loopback endpoint at which a child's credential helper asks for logins: the helper then needs no session, no
//! sign-in and no call of its own.

use super::ask::{LONGEST, Question, Reply};
use super::desk::{Login, RegistryDesk};
use crate::Session;
use crate::endpoint::write_private;
use crate::keeper;
use crate::loopback::{self, PATIENCE};
use holdpoint_redact::Secret;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running endpoint. Dropping it revokes it: connections are cut, its file is removed, its logins are forgotten.
#[derive(Debug)]
pub struct RegistryEndpoint {
    file: PathBuf,
    server: JoinHandle<()>,
    desk: Arc<RegistryDesk>,
}

impl RegistryEndpoint {
    /// Opens it on a random port of 127.0.0.1. Its address and a random token are written to `file`, which is made
    /// with mode 0600 and must not be there.
    ///
    /// # Errors
    /// No port, no randomness, or no file.
    pub async fn open(desk: Arc<RegistryDesk>, file: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let said = serde_json::json!({ "address": address.to_string(), "token": token });
        write_private(file, said.to_string().as_bytes())?;
        let door = Arc::new(Door {
            desk: desk.clone(),
            token,
            address,
            file: file.to_owned(),
            closed: AtomicBool::new(false),
        });
        if let Some(keeper) = desk.own().and_then(Session::keeper) {
            let door: Arc<dyn keeper::Door> = door.clone();
            keeper.watch_door(Arc::downgrade(&door));
        }
        let server = tokio::spawn(loopback::serve(listener, move |request| {
            let door = Arc::clone(&door);
            async move { door.answer(request).await }
        }));
        Ok(Self { file: file.to_owned(), server, desk })
    }

    /// The file that tells a helper where to ask, and with which token.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Who answers.
    pub fn desk(&self) -> &RegistryDesk {
        &self.desk
    }
}

impl Drop for RegistryEndpoint {
    fn drop(&mut self) {
        self.server.abort();
        self.desk.forget();
        // Without its server the token opens nothing; a file that cannot be removed is no reason to stop.
        drop(std::fs::remove_file(&self.file));
    }
}

struct Door {
    desk: Arc<RegistryDesk>,
    token: String,
    address: SocketAddr,
    file: PathBuf,
    /// Set when the screen locked.
    closed: AtomicBool,
}

impl keeper::Door for Door {
    fn close(&self) -> bool {
        self.desk.forget();
        // As in the endpoint's own drop.
        drop(std::fs::remove_file(&self.file));
        !self.closed.swap(true, Ordering::SeqCst)
    }
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let header = |name: HeaderName| request.headers().get(name).map(HeaderValue::as_bytes);
        // A page in a browser can be led to 127.0.0.1 under a name of its own; its Host header tells.
        if header(HOST) != Some(self.address.to_string().as_bytes()) {
            return reply(StatusCode::MISDIRECTED_REQUEST, &said("ask by address"));
        }
        let given = header(AUTHORIZATION).unwrap_or_default();
        if !bool::from(given.ct_eq(self.token.as_bytes())) {
            return reply(StatusCode::FORBIDDEN, &said("the authorization token does not fit"));
        }
        if request.method() != Method::POST || request.uri().path() != "/" {
            return reply(StatusCode::NOT_FOUND, &said("nothing here"));
        }
        if self.closed.load(Ordering::SeqCst) {
            let why = "the screen was locked and with it the logins of this process: start it again";
            return reply(StatusCode::FORBIDDEN, &said(why));
        }
        let body = Limited::new(request.into_body(), LONGEST).collect();
        let body = match tokio::time::timeout(PATIENCE, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => {
                return reply(StatusCode::BAD_REQUEST, &said("the question did not arrive whole"));
            }
        };
        match serde_json::from_slice::<Question>(&body) {
            Ok(question) => reply(StatusCode::OK, &self.reply(question).await),
            // The error's own words may quote a password.
            Err(_) => reply(StatusCode::BAD_REQUEST, &said("the question cannot be read")),
        }
    }

    async fn reply(&self, question: Question) -> Reply {
        let done = match question {
            Question::Get { host } => match self.desk.login(&host).await {
                Ok(login) => {
                    return Reply::Login {
                        username: login.username,
                        secret: login.secret.expose().to_owned(),
                    };
                }
                Err(error) => Err(error),
            },
            Question::Store { host, username, secret } => {
                self.desk.store(&host, Login { username, secret: Secret::new(secret), ends_at: None })
            }
            Question::Erase { host } => self.desk.erase(&host),
            Question::List => return Reply::Hosts { hosts: self.desk.list() },
        };
        match done {
            Ok(()) => Reply::Done,
            Err(error) if error.is_nobodys() => Reply::Nobodys,
            Err(error) => Reply::Failed { said: error.to_string() },
        }
    }
}

fn said(text: &str) -> Reply {
    Reply::Failed { said: text.to_owned() }
}

fn reply(status: StatusCode, body: &Reply) -> Response<Full<Bytes>> {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
