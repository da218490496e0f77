//! A wire to the simulator that writes down every call as it passes, reads too, with all of its arguments.
//!
//! The simulator's own record has the calls that change something, and of their arguments what may be shown. What a command
//! and a step asked can only be compared where they asked it.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Headers by which a client tells of itself and of its connection.
const CLIENTS_OWN: [&str; 7] =
    ["host", "user-agent", "accept-encoding", "connection", "content-length", "te", "proxy-connection"];

/// A call as its client sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name of the service in its signature: `ecs`; of a request that is no call of AWS, its host.
    pub service: String,
    /// `DescribeServices`; of a request that is no call of AWS, method and path.
    pub operation: String,
    /// What it says, as the service reads it.
    pub arguments: Value,
}

/// The wire.
pub struct Tap {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    listens: JoinHandle<()>,
}

impl Tap {
    /// Opens one that leads to `to`.
    pub async fn open(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let written = Arc::clone(&calls);
        let listens = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let written = Arc::clone(&written);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(to).await else { return };
                    let ((asks, answered), (answers, asked)) = (client.into_split(), server.into_split());
                    tokio::spawn(pass(answers, answered, |_| ()));
                    let mut seen = Vec::new();
                    pass(asks, asked, |bytes| {
                        seen.extend_from_slice(bytes);
                        while let Some((request, length)) = Request::first(&seen) {
                            written.lock().unwrap().extend(request.call());
                            seen.drain(..length);
                        }
                    })
                    .await;
                });
            }
        });
        Self { address, calls, listens }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The calls since this was asked last.
    pub fn taken(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.listens.abort();
    }
}

/// Passes bytes on as they come; `seen` has them before the other side does, so that who has its answer finds its call.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: impl FnMut(&[u8])) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        seen(&bytes[..count]);
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    // The other side may still have something to say.
    let _ = to.shutdown().await;
}

/// A request of HTTP/1.1.
struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// The first one of what came so far, when it is whole, and its length.
    fn first(bytes: &[u8]) -> Option<(Self, usize)> {
        let head = position(bytes, b"\r\n\r\n")?;
        let text = String::from_utf8_lossy(&bytes[..head]);
        let mut lines = text.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[head + 4..];
        let (body, length) = if headers.get("transfer-encoding").is_some_and(|how| how.contains("chunked")) {
            chunked(rest)?
        } else {
            let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
            (rest.get(..length)?.to_vec(), length)
        };
        Some((Self { method, path, headers, body }, head + 4 + length))
    }

    /// What it asks; `None` for what the test itself asks of the simulator.
    fn call(&self) -> Option<Call> {
        if self.path.starts_with("/_holdpoint/") {
            return None;
        }
        let header = |name: &str| self.headers.get(name).map(String::as_str).unwrap_or_default();
        // Credential=KEY/20260101/eu-west-1/ecs/aws4_request
        let signed = header("authorization").split_once("Credential=").map(|(_, scope)| scope);
        let service = signed.and_then(|scope| scope.split('/').nth(3)).map(str::to_owned);
        let text = String::from_utf8_lossy(&self.body);
        if let Some((_, operation)) = header("x-amz-target").split_once('.') {
            let arguments = serde_json::from_str(&text).unwrap();
            return Some(Call { service: service?, operation: operation.to_owned(), arguments });
        }
        if service.is_some() && header("content-type").starts_with("application/x-www-form-urlencoded") {
            let mut pairs: Map<String, Value> = url::form_urlencoded::parse(&self.body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            pairs.remove("Version");
            let operation = pairs.remove("Action")?.as_str()?.to_owned();
            return Some(Call { service: service?, operation, arguments: Value::Object(pairs) });
        }
        // Its one operation that is there: REST names it by the path.
        if service.as_deref() == Some("rds-data") && self.path == "/Execute" {
            let arguments = serde_json::from_str(&text).unwrap();
            return Some(Call { service: service?, operation: "ExecuteStatement".to_owned(), arguments });
        }
        // Who takes it for a proxy says the whole address.
        let mut host = header("host");
        let path = self.path.strip_prefix("http://").and_then(|rest| rest.strip_prefix(host));
        let mut path = path.unwrap_or(&self.path).to_owned();
        // A practice account has all registries at one address, each under its own host.
        if let Some((registry, rest)) = self.path.strip_prefix("/v2/").and_then(|name| name.split_once('/'))
            && registry.contains('.')
        {
            (host, path) = (registry, format!("/v2/{rest}"));
        }
        let mut headers = self.headers.clone();
        if let Some(secret) = headers.get_mut("authorization") {
            *secret = Sha256::digest(&*secret).iter().map(|byte| format!("{byte:02x}")).collect();
        }
        headers.retain(|name, value| {
            !CLIENTS_OWN.contains(&name.as_str()) && (name != "accept" || value != "*/*")
        });
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()));
        Some(Call {
            service: host.to_owned(),
            operation: format!("{} {path}", self.method),
            arguments: json!({ "headers": headers, "body": body }),
        })
    }
}

/// The body of a request that comes in pieces, and its length with all that is around them.
fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = position(bytes.get(at..)?, b"\r\n")?;
        let size = String::from_utf8_lossy(&bytes[at..at + line]);
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            return Some((body, at + position(bytes.get(at..)?, b"\r\n")? + 2));
        }
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
