//! One request and its answer, over a connection to an address that was checked.

use holdpoint_cloud::address::{Unreachable, allow, read};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, LOCATION};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::Url;

/// Longest body that is read: a check looks at an answer, it does not download.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
/// Redirects that are followed when the plan asks for it.
const HOPS: usize = 10;

/// Where requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// To the URL's host.
    Live,
    /// To the simulator, whatever the URL's host is: it is told the host. Nothing else is reachable.
    Practice(SocketAddr),
}

/// Headers that say what is wanted, and go wherever a redirect leads.
const HARMLESS: [&str; 5] = ["accept", "accept-encoding", "accept-language", "range", "user-agent"];

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) follow_redirects: bool,
    pub(crate) timeout: Duration,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// By lowercase name; several of one name are joined by a comma.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) truncated: bool,
    /// Host of `location`, where there is one.
    pub(crate) redirect_host: Option<String>,
    /// The address that answered.
    pub(crate) url: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoReply {
    /// The address is refused; nothing was sent to it.
    #[error(transparent)]
    Refused(#[from] Unreachable),
    /// The request cannot be made of the arguments.
    #[error("the request cannot be made: {0}")]
    Malformed(String),
    /// No connection: nothing was sent.
    #[error("no connection to {host}: {why}")]
    Unconnected {
        /// Host and port.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// It was sent and the answer was lost.
    #[error("the answer of {host} was lost: {why}")]
    Lost {
        /// Host and port.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// A redirect too many.
    #[error("more than {HOPS} redirects")]
    TooManyRedirects,
}

impl NoReply {
    /// Whether the request may have arrived.
    pub(crate) fn may_have_arrived(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::TooManyRedirects => true,
            Self::Refused(_) | Self::Malformed(_) | Self::Unconnected { .. } => false,
        }
    }
}

/// Sends, and follows redirects only when asked to; every hop is checked anew.
pub(crate) async fn exchange(route: Route, ask: &Ask) -> Result<Reply, NoReply> {
    let mut ask = ask.clone();
    for _ in 0..=HOPS {
        let url = read(&ask.url)?;
        let reply = one(route, &url, &ask).await?;
        let location = reply.headers.get("location").and_then(|location| url.join(location).ok());
        let redirect = matches!(reply.status, 301 | 302 | 303 | 307 | 308);
        let Some(location) = location.filter(|_| redirect && ask.follow_redirects) else { return Ok(reply) };
        if matches!(reply.status, 301..=303) && ask.method != "HEAD" {
            "GET".clone_into(&mut ask.method);
            ask.body.clear();
        }
        if location.origin() != url.origin() {
            // What the plan sends goes to the host that it names, not to where that host points: any header may be a secret.
            ask.headers.retain(|(name, _)| HARMLESS.contains(&name.to_ascii_lowercase().as_str()));
            if !ask.body.is_empty() {
                return Ok(reply);
            }
        }
        ask.url = location.to_string();
    }
    Err(NoReply::TooManyRedirects)
}

async fn one(route: Route, url: &Url, ask: &Ask) -> Result<Reply, NoReply> {
    let host = place(url);
    let connect = tokio::time::timeout(ask.timeout, connect(route, url));
    let stream = connect.await.map_err(|_| NoReply::Unconnected {
        host: host.clone(),
        why: format!("none within {} s", ask.timeout.as_secs_f32()),
    })??;
    let request = request(url, ask)?;
    let lost = |why: String| NoReply::Lost { host: host.clone(), why };
    let answer = tokio::time::timeout(ask.timeout, talk(stream, request, url));
    match answer.await {
        Ok(reply) => reply.map_err(lost),
        Err(_) => Err(lost(format!("none within {} s", ask.timeout.as_secs_f32()))),
    }
}

fn request(url: &Url, ask: &Ask) -> Result<Request<Full<Bytes>>, NoReply> {
    let malformed = |why: String| NoReply::Malformed(why);
    let method = Method::from_bytes(ask.method.as_bytes())
        .map_err(|_| malformed(format!("method `{}`", ask.method)))?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder().method(method).uri(target);
    if !ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header(HOST, authority(url));
    }
    if !ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
        request = request.header("user-agent", concat!("holdpoint/", env!("CARGO_PKG_VERSION")));
    }
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    // The builder's own message would show a header's value, which may be a secret.
    request
        .body(Full::new(Bytes::from(ask.body.clone())))
        .map_err(|_| malformed("a header's name or value has characters that HTTP does not allow".into()))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(route: Route, url: &Url) -> Result<Box<dyn Stream>, NoReply> {
    let host = place(url);
    let unconnected = |why: String| NoReply::Unconnected { host: host.clone(), why };
    let tcp = match route {
        Route::Practice(simulator) => {
            let stream = TcpStream::connect(simulator).await;
            return Ok(Box::new(
                stream.map_err(|error| unconnected(format!("the simulator does not answer: {error}")))?,
            ));
        }
        Route::Live => {
            let port = url.port_or_known_default().unwrap_or(443);
            let name = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let found = tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| unconnected(error.to_string()))?;
            first(found.collect(), url, &host).await?
        }
    };
    if url.scheme() == "http" {
        return Ok(Box::new(tcp));
    }
    let name = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(|error| unconnected(error.to_string()))?;
    let tls = tls().map_err(unconnected)?;
    Ok(Box::new(tls.connect(name, tcp).await.map_err(|error| unconnected(error.to_string()))?))
}

/// Connects to the first address that answers; one forbidden address among them forbids the name.
async fn first(addresses: Vec<SocketAddr>, url: &Url, host: &str) -> Result<TcpStream, NoReply> {
    for address in &addresses {
        allow(address.ip(), url.host_str().unwrap_or_default())?;
    }
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(NoReply::Unconnected { host: host.to_owned(), why })
}

async fn talk(stream: Box<dyn Stream>, request: Request<Full<Bytes>>, url: &Url) -> Result<Reply, String> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status: StatusCode = answer.status();
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all| *all = format!("{all}, {value}"))
            .or_insert(value);
    }
    let redirect_host = answer
        .headers()
        .get(LOCATION)
        .and_then(|location| url.join(location.to_str().ok()?).ok())
        .and_then(|location| location.host_str().map(str::to_owned));
    let (body, truncated) = match Limited::new(answer.into_body(), BODY_LIMIT).collect().await {
        Ok(body) => (body.to_bytes().to_vec(), false),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => (Vec::new(), true),
        Err(error) => return Err(error.to_string()),
    };
    driven.abort();
    Ok(Reply { status: status.as_u16(), headers, body, truncated, redirect_host, url: url.to_string() })
}

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

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn place(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// What two hosts were sent: the first answers `status` and leads to the second.
    async fn sent(status: u16, method: &str, body: &str) -> (Reply, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let route = Route::Practice(listener.local_addr().unwrap());
        let hosts = tokio::spawn(async move {
            let mut requests: Vec<String> = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = String::new();
                while !request.contains("\r\n\r\n") || request.contains("POST") && !request.ends_with('}') {
                    let mut chunk = [0; 4096];
                    let count = stream.read(&mut chunk).await.unwrap();
                    request.push_str(&String::from_utf8_lossy(&chunk[..count]));
                }
                let last = request.contains("host: b.example");
                requests.push(request);
                let answer = match last {
                    true => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
                    false => format!(
                        "HTTP/1.1 {status} Elsewhere\r\nlocation: http://b.example/there\r\ncontent-length: 0\r\n\r\n"
                    ),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
                if last {
                    break;
                }
            }
            requests
        });
        let headers = [("x-broker-key", "hush"), ("Authorization", "Bearer hush"), ("Accept", "text/plain")];
        let ask = Ask {
            url: "http://a.example/here".into(),
            method: method.into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: body.into(),
            follow_redirects: true,
            timeout: Duration::from_secs(60),
        };
        let reply = exchange(route, &ask).await.unwrap();
        if reply.status != 200 {
            hosts.abort();
            return (reply, Vec::new());
        }
        (reply, hosts.await.unwrap())
    }

    #[tokio::test]
    async fn what_the_plan_sends_stays_with_the_host_that_it_names() {
        for (status, method, body) in [(302, "GET", ""), (307, "GET", ""), (303, "POST", "{}")] {
            let (reply, requests) = sent(status, method, body).await;
            assert_eq!((reply.status, reply.url.as_str()), (200, "http://b.example/there"), "{status}");
            assert!(requests[0].contains("x-broker-key: hush"), "{requests:?}");
            assert!(!requests[1].contains("hush") && requests[1].contains("text/plain"), "{requests:?}");
        }
        // A body is not carried on: the redirect itself is the answer.
        let (reply, _) = sent(307, "POST", "{}").await;
        assert_eq!((reply.status, reply.redirect_host.as_deref()), (307, Some("b.example")));
    }
}
