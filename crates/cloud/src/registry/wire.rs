//! Connections to registries: made to the very address that was checked, kept for the next request, streamed over.
//!
//! HTTP/1.1 by hyper itself (docs/adr/0041): bodies are handed on as they come, in both directions, so that a layer of
//! any size needs the memory of a few of its pieces.

use crate::address::{Unreachable, allow};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderMap, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::Url;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes read at once, and so the longest piece of a body: a connection needs twice that at most.
const READ: usize = 256 * 1024;
/// Connections to one origin that are kept.
const KEPT: usize = 16;

/// Where registries are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// At their hosts.
    Live,
    /// At the simulator, which serves every registry under its name. Nothing else is reachable.
    Practice(SocketAddr),
}

/// A body that is sent.
pub(crate) type Out = UnsyncBoxBody<Bytes, std::io::Error>;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The address is refused; nothing was sent to it.
    Refused(Unreachable),
    /// No connection: nothing was sent.
    Unconnected(String),
    /// It was sent, and there was no answer.
    Lost(String),
}

/// Connections, by origin.
pub(crate) struct Wire {
    route: Route,
    idle: Mutex<HashMap<String, Vec<SendRequest<Out>>>>,
}

impl Wire {
    pub(crate) fn new(route: Route) -> Self {
        Self { route, idle: Mutex::default() }
    }

    pub(crate) fn route(&self) -> Route {
        self.route
    }

    /// Sends one request. A kept connection may have been closed meanwhile: `fresh` asks for a new one.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Out,
        fresh: bool,
    ) -> Result<Response<Incoming>, Unsent> {
        let origin = url.origin().ascii_serialization();
        let mut sender = match self.kept(&origin).filter(|_| !fresh) {
            Some(sender) => sender,
            None => self.connect(url).await?,
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(HOST, authority(url));
        request = request.header(USER_AGENT, concat!("holdpoint/", env!("CARGO_PKG_VERSION")));
        if let Some(all) = request.headers_mut() {
            all.extend(headers.clone());
        }
        // The builder's own message would show a header's value, which may be a secret.
        let request = request.body(body).map_err(|_| {
            Unsent::Unconnected("a header has characters that HTTP does not allow".to_owned())
        })?;
        let answer = sender.send_request(request).await.map_err(|error| Unsent::Lost(words(&error)))?;
        self.keep(origin, sender);
        Ok(answer)
    }

    fn kept(&self, origin: &str) -> Option<SendRequest<Out>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(origin)?;
        kept.retain(|sender| !sender.is_closed());
        // One whose answer is still read is not ready yet.
        let at = kept.iter().position(SendRequest::is_ready)?;
        Some(kept.swap_remove(at))
    }

    fn keep(&self, origin: String, sender: SendRequest<Out>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(origin).or_default();
        if kept.len() < KEPT {
            kept.push(sender);
        }
    }

    async fn connect(&self, url: &Url) -> Result<SendRequest<Out>, Unsent> {
        let unconnected = |why: String| Unsent::Unconnected(why);
        let stream = tokio::time::timeout(CONNECT, self.stream(url));
        let stream =
            stream.await.map_err(|_| unconnected(format!("not within {} s", CONNECT.as_secs())))??;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(READ);
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| unconnected(words(&error)))?;
        // Its end is seen by whoever uses it.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn stream(&self, url: &Url) -> Result<Box<dyn Stream>, Unsent> {
        let unconnected = |why: String| Unsent::Unconnected(why);
        let name = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let tcp = match self.route {
            Route::Practice(simulator) => {
                let stream = TcpStream::connect(simulator).await;
                stream.map_err(|error| unconnected(format!("the simulator does not answer: {error}")))?
            }
            Route::Live => {
                let port = url.port_or_known_default().unwrap_or(443);
                let found = tokio::net::lookup_host((name, port));
                let found = found.await.map_err(|error| unconnected(error.to_string()))?;
                first(found.collect(), name).await?
            }
        };
        // Requests are small and their answers are waited for.
        drop(tcp.set_nodelay(true));
        if url.scheme() == "http" || matches!(self.route, Route::Practice(_)) {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(name.to_owned()).map_err(|error| unconnected(error.to_string()))?;
        let tls = tls().map_err(unconnected)?;
        let stream = tls.connect(name, tcp).await.map_err(|error| unconnected(error.to_string()))?;
        Ok(Box::new(stream))
    }
}

/// Connects to the first address that answers; one forbidden address among them forbids the name.
async fn first(addresses: Vec<SocketAddr>, name: &str) -> Result<TcpStream, Unsent> {
    for address in &addresses {
        allow(address.ip(), name).map_err(Unsent::Refused)?;
    }
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(Unsent::Unconnected(why))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The operator's own trust store, read once.
fn tls() -> Result<TlsConnector, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("this machine's trust store has no certificate".to_owned());
        }
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    config.clone().map(TlsConnector::from)
}

/// Host, with the port where it is not the scheme's own.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The error with its causes, each once.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = error.source();
    }
    text
}
