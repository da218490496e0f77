//! Where the browser comes back to: one path on one random port of 127.0.0.1, for the time of one sign-in.

use super::error::SignInError;
use holdpoint_redact::Secret;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue, REFERRER_POLICY,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

const PATH: &str = "/oauth/callback";
/// A client that has not sent its request by then is cut off.
const PATIENCE: Duration = Duration::from_secs(10);
/// The port stays so long after the answer came, for its page to arrive.
const LINGER: Duration = Duration::from_millis(500);
/// So many foreign answers are told; who sends more is a program, and the person knows by now.
const MOST_FOREIGN: usize = 20;
/// Connections at a time: a browser opens a few.
const MOST: usize = 32;

/// Something came.
#[derive(Debug)]
pub(crate) enum Landed {
    /// The authorization code of this sign-in.
    Code(Secret),
    /// The person or AWS said no (RFC 6749, 4.1.2.1).
    Error {
        /// `access_denied` and others.
        error: String,
        /// In words.
        why: String,
    },
    /// The answer to another sign-in, or somebody's guess.
    Foreign,
}

/// A listener for one sign-in; dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Landing {
    address: SocketAddr,
    landed: mpsc::UnboundedReceiver<Landed>,
    server: JoinHandle<()>,
}

impl Landing {
    /// Listens from now on for the answer that carries `state`.
    pub(crate) async fn open(state: &str) -> Result<Self, SignInError> {
        let no_port = |error: std::io::Error| SignInError::NoPort { why: error.to_string() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let (say, landed) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            host: address.to_string(),
            state: state.to_owned(),
            is_done: AtomicBool::new(false),
            foreign: AtomicUsize::new(0),
            say,
        });
        Ok(Self { address, landed, server: tokio::spawn(serve(listener, desk)) })
    }

    /// The address to come back to.
    pub(crate) fn address(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The next answer.
    pub(crate) async fn next(&mut self) -> Landed {
        match self.landed.recv().await {
            Some(landed) => landed,
            // The server ends with this alone: until then there is nothing to tell.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // The last page may still be on its way to the browser.
        let server = self.server.abort_handle();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return server.abort() };
        runtime.spawn(async move {
            tokio::time::sleep(LINGER).await;
            server.abort();
        });
    }
}

struct Desk {
    host: String,
    state: String,
    is_done: AtomicBool,
    foreign: AtomicUsize,
    say: mpsc::UnboundedSender<Landed>,
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST => {
                let Ok((stream, _)) = accepted else { continue };
                let desk = desk.clone();
                connections.spawn(async move {
                    let answer = hyper::service::service_fn(move |request| {
                        let desk = desk.clone();
                        async move { Ok::<_, Infallible>(desk.answer(&request)) }
                    });
                    let served = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(PATIENCE)
                        .max_buf_size(32 * 1024)
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                    if let Err(error) = served {
                        tracing::debug!(%error, "a browser's connection broke off");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Desk {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
        // A page can be led to 127.0.0.1 under a name of its own; its Host header tells.
        if host != Some(self.host.as_bytes()) {
            return page(StatusCode::MISDIRECTED_REQUEST, "Not here", "Ask by address.");
        }
        if request.uri().path() != PATH {
            return page(StatusCode::NOT_FOUND, "Not here", "Holdpoint waits for a sign-in at another path.");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "Not so", "A browser comes back with GET.");
        }
        match read(request.uri().query().unwrap_or_default(), &self.state) {
            None => {
                page(StatusCode::BAD_REQUEST, "Nothing to read", "This address says nothing of a sign-in.")
            }
            Some(Landed::Foreign) => {
                if self.foreign.fetch_add(1, Ordering::SeqCst) < MOST_FOREIGN {
                    self.tell(Landed::Foreign);
                }
                page(
                    StatusCode::FORBIDDEN,
                    "Another sign-in",
                    "This answer does not belong to the sign-in that Holdpoint waits for. It was turned away; go on in the newest page.",
                )
            }
            Some(landed) => {
                if self.is_done.swap(true, Ordering::SeqCst) {
                    return page(
                        StatusCode::OK,
                        "Already answered",
                        "Holdpoint has had this answer. You may close this page.",
                    );
                }
                let (title, text) = match &landed {
                    Landed::Code(_) => {
                        ("Back to Holdpoint", "Holdpoint goes on with the sign-in. You may close this page.")
                    }
                    Landed::Error { .. } | Landed::Foreign => {
                        ("Not signed in", "AWS or you said no. You may close this page; Holdpoint shows why.")
                    }
                };
                self.tell(landed);
                page(StatusCode::OK, title, text)
            }
        }
    }

    fn tell(&self, landed: Landed) {
        if self.say.send(landed).is_err() {
            tracing::debug!("an answer of a browser found nobody waiting");
        }
    }
}

/// What a query says; `None` when it is of no sign-in at all.
fn read(query: &str, state: &str) -> Option<Landed> {
    let one = |name: &str| {
        let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.into_owned());
        // Twice is once too often: one of the two is not from AWS.
        (first, found.next().is_some())
    };
    let (given, twice_state) = one("state");
    let (code, twice_code) = one("code");
    let (error, _) = one("error");
    if given.is_none() && code.is_none() && error.is_none() {
        return None;
    }
    if twice_state || twice_code {
        return Some(Landed::Foreign);
    }
    // An error may come without a state, as the request may have been unreadable; never with a wrong one.
    let fits = match &given {
        Some(given) => bool::from(given.as_bytes().ct_eq(state.as_bytes())),
        None => error.is_some() && code.is_none(),
    };
    if !fits {
        return Some(Landed::Foreign);
    }
    match (error, code) {
        (Some(error), _) => {
            let why: String = one("error_description").0.unwrap_or_default();
            Some(Landed::Error { error: plain(&error), why: plain(&why) })
        }
        (None, Some(code)) if !code.is_empty() => Some(Landed::Code(Secret::new(code))),
        (None, _) => Some(Landed::Foreign),
    }
}

/// Words of a stranger: short and without control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn page(status: StatusCode, title: &str, text: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;\
         color:#1c2733;background:#f6f8fa}}h1{{font-size:1.25rem;font-weight:600}}\
         @media(prefers-color-scheme:dark){{body{{color:#dde5ee;background:#10161d}}}}</style>\
         <h1>{title}</h1><p>{text}</p></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &str) -> String {
        match read(query, "right") {
            None => "nothing".to_owned(),
            Some(Landed::Foreign) => "foreign".to_owned(),
            Some(Landed::Code(code)) => format!("code {}", code.expose()),
            Some(Landed::Error { error, why }) => format!("{error}: {why}"),
        }
    }

    #[test]
    fn only_the_right_answer_is_one() {
        for (query, expected) in [
            ("code=c&state=right", "code c"),
            ("state=right&code=a%2Bb&other=1", "code a+b"),
            ("", "nothing"),
            ("utm=1", "nothing"),
            ("code=c", "foreign"),
            ("code=c&state=", "foreign"),
            ("code=c&state=wrong", "foreign"),
            ("code=c&state=righ", "foreign"),
            ("code=c&state=right&state=right", "foreign"),
            ("code=c&code=d&state=right", "foreign"),
            ("code=&state=right", "foreign"),
            ("state=right", "foreign"),
            (
                "error=access_denied&state=right&error_description=The%20person%0Asaid+no",
                "access_denied: The personsaid no",
            ),
            ("error=access_denied", "access_denied: "),
            ("error=access_denied&state=wrong", "foreign"),
            ("error=invalid_scope&state=right&code=c", "invalid_scope: "),
        ] {
            assert_eq!(shown(query), expected, "{query}");
        }
    }
}
