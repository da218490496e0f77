//! A registry of our own, in memory, which can be told to misbehave.

use crate::content::Content;
use holdpoint_cloud::registry::Digest;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// What goes wrong. Each is used up once, unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// The next blobs are cut after so many bytes.
    Cut(usize),
    /// Every blob is cut so, always.
    AlwaysCut(usize),
    /// Blobs have another byte in them, always.
    Flip,
    /// Manifests have another byte at their end, always.
    FlipManifest,
    /// Blobs are announced with another length, always.
    Announce(usize),
    /// Ranges are not understood, always.
    NoRanges,
    /// Blobs are at another address, always.
    Redirect(String),
    /// The next requests whose path contains the text are answered so, with a wait.
    Refuse(&'static str, u16, Option<&'static str>),
    /// The next upload breaks off after so many bytes, and what came is kept.
    CutUpload(usize),
    /// The next upload breaks off, and its place is forgotten.
    ForgetUpload(usize),
    /// Wants `Authorization` to be this, by Basic, always.
    Basic(String),
    /// Wants a token of this address, always; it is `t0ken`.
    Bearer(String),
    /// Neighbours' blobs are not mounted, always.
    NoMounts,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    /// By repository and tag or digest: type and bytes.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
    uploads: BTreeMap<String, Vec<u8>>,
    faults: Vec<Fault>,
    /// `METHOD path` and `Authorization`.
    seen: Vec<(String, Option<String>)>,
    count: u64,
}

/// A registry that ends with the test.
pub(crate) struct Fake {
    pub(crate) host: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) async fn start(faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State { faults: faults.to_vec(), ..State::default() }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&state), request));
                    drop(
                        hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service)
                            .await,
                    );
                });
            }
        });
        Self { host, state }
    }

    /// With an image under a name, as `app:1`.
    pub(crate) async fn with(faults: &[Fault], name: &str, content: &Content) -> Self {
        let fake = Self::start(faults).await;
        fake.hold(name, content);
        fake
    }

    pub(crate) fn hold(&self, name: &str, content: &Content) {
        let (repository, tag) = name.split_once(':').unwrap();
        let mut state = self.state.lock().unwrap();
        for blob in &content.blobs {
            state.blobs.insert(format!("{repository} {}", Digest::of(blob)), blob.clone());
        }
        for (media_type, bytes) in &content.manifests {
            state
                .manifests
                .insert(format!("{repository} {}", Digest::of(bytes)), (media_type.clone(), bytes.clone()));
        }
        let top = content.manifests.last().unwrap().clone();
        state.manifests.insert(format!("{repository} {tag}"), top);
    }

    /// `METHOD path` of every request so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.iter().map(|(line, _)| line.clone()).collect()
    }

    /// `Authorization` of every request so far.
    pub(crate) fn shown(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().seen.iter().map(|(_, shown)| shown.clone()).collect()
    }

    /// What a name leads to.
    pub(crate) fn manifest(&self, repository: &str, tag: &str) -> Option<Vec<u8>> {
        let state = self.state.lock().unwrap();
        state.manifests.get(&format!("{repository} {tag}")).map(|(_, bytes)| bytes.clone())
    }

    /// Whether a blob is in a repository.
    pub(crate) fn has(&self, repository: &str, digest: &Digest) -> bool {
        self.state.lock().unwrap().blobs.contains_key(&format!("{repository} {digest}"))
    }

    /// Uploads that are neither closed nor given up.
    pub(crate) fn open_uploads(&self) -> usize {
        self.state.lock().unwrap().uploads.len()
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }
}

impl State {
    /// Uses up the first fault that fits.
    fn take(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let at = self.faults.iter().position(fits)?;
        Some(self.faults.remove(at))
    }

    fn stands(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        self.faults.iter().find(|fault| fits(fault)).cloned()
    }
}

fn plain(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()).unwrap()
}

/// Sends what it has, then breaks the connection.
struct Breaking {
    bytes: Option<Bytes>,
    /// Turns in which what was sent gets out.
    turns: u32,
}

impl hyper::body::Body for Breaking {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.turns > 0 {
            self.turns -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::other("cut"))))
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::io::Error> {
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (shown, range, content_range) = (header("authorization"), header("range"), header("content-range"));
    let media_type = header("content-type").unwrap_or_default();
    let method = request.method().clone();
    {
        let mut state = state.lock().unwrap();
        state.seen.push((format!("{method} {path}"), shown.clone()));
        if path.starts_with("/token") {
            return Ok(plain(200, &[], r#"{"token":"t0ken","expires_in":300}"#));
        }
        if let Some(refused) = refuse(&mut state, &path, shown.as_deref()) {
            return Ok(refused);
        }
    }
    // `/v2/<repository>/<blobs|manifests>/…`
    let Some((repository, rest)) = split(&path) else { return Ok(plain(404, &[], "")) };
    if let Some(reference) = rest.strip_prefix("manifests/") {
        if method != Method::PUT {
            return Ok(get_manifest(&state.lock().unwrap(), &repository, reference));
        }
        let bytes = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes().to_vec();
        return Ok(put_manifest(&mut state.lock().unwrap(), &repository, reference, &media_type, bytes));
    }
    let Some(upload) = rest.strip_prefix("blobs/uploads/") else {
        let digest = rest.trim_start_matches("blobs/").to_owned();
        return Ok(get_blob(&mut state.lock().unwrap(), &method, &repository, &digest, range.as_deref()));
    };
    let (id, query) = upload.split_once('?').unwrap_or((upload, ""));
    match method {
        Method::POST => Ok(begin(&mut state.lock().unwrap(), &repository, query)),
        Method::PATCH => patch(&state, &repository, id, content_range.as_deref(), request.into_body()).await,
        Method::GET => Ok(match state.lock().unwrap().uploads.get(id) {
            Some(bytes) => {
                let range = format!("0-{}", bytes.len().saturating_sub(1));
                plain(204, &[("location", &place(&repository, id)), ("range", &range)], "")
            }
            None => plain(404, &[], r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"gone"}]}"#),
        }),
        Method::DELETE => {
            state.lock().unwrap().uploads.remove(id);
            Ok(plain(204, &[], ""))
        }
        _ => Ok(finish(&mut state.lock().unwrap(), &repository, id, query)),
    }
}

fn split(path: &str) -> Option<(String, String)> {
    let rest = path.strip_prefix("/v2/")?;
    let at = rest.find("/blobs/").or_else(|| rest.find("/manifests/"))?;
    Some((rest[..at].to_owned(), rest[at + 1..].to_owned()))
}

fn place(repository: &str, id: &str) -> String {
    format!("/v2/{repository}/blobs/uploads/{id}?state=kept")
}

fn refuse(state: &mut State, path: &str, shown: Option<&str>) -> Option<Response<Body>> {
    if let Some(Fault::Refuse(_, status, wait)) =
        state.take(|fault| matches!(fault, Fault::Refuse(part, ..) if path.contains(part)))
    {
        let headers: Vec<(&str, &str)> = wait.iter().map(|wait| ("retry-after", *wait)).collect();
        return Some(plain(status, &headers, r#"{"errors":[{"code":"X","message":"not now"}]}"#));
    }
    for fault in &state.faults {
        let asked = if let Fault::Basic(wanted) = fault {
            Some((r#"Basic realm="fake""#.to_owned(), wanted.clone()))
        } else if let Fault::Bearer(realm) = fault {
            let challenge = format!(r#"Bearer realm="{realm}",service="fake",scope="repository:x:pull""#);
            Some((challenge, "Bearer t0ken".to_owned()))
        } else {
            None
        };
        let Some((challenge, wanted)) = asked else { continue };
        if shown != Some(wanted.as_str()) {
            return Some(plain(401, &[("www-authenticate", &challenge)], ""));
        }
    }
    None
}

fn get_manifest(state: &State, repository: &str, reference: &str) -> Response<Body> {
    match state.manifests.get(&format!("{repository} {reference}")) {
        Some((media_type, bytes)) => {
            let mut bytes = bytes.clone();
            if state.stands(|fault| *fault == Fault::FlipManifest).is_some() {
                bytes.push(b' ');
            }
            plain(200, &[("content-type", media_type)], bytes)
        }
        None => plain(404, &[], r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#),
    }
}

/// Takes a manifest only when all that it names is there, as registries do.
fn put_manifest(
    state: &mut State,
    repository: &str,
    reference: &str,
    media_type: &str,
    bytes: Vec<u8>,
) -> Response<Body> {
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let layers = json["layers"].as_array().into_iter().flatten().chain(json.get("config"));
    let mut named = layers.filter(|layer| layer.get("urls").is_none()).map(|layer| &layer["digest"]);
    let has = |digest: &serde_json::Value| {
        state.blobs.contains_key(&format!("{repository} {}", digest.as_str().unwrap_or("")))
    };
    if !named.all(has) {
        return plain(400, &[], r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}"#);
    }
    let digest = Digest::of(&bytes).to_string();
    state.manifests.insert(format!("{repository} {digest}"), (media_type.to_owned(), bytes.clone()));
    state.manifests.insert(format!("{repository} {reference}"), (media_type.to_owned(), bytes));
    plain(201, &[("docker-content-digest", &digest)], "")
}

fn get_blob(
    state: &mut State,
    method: &Method,
    repository: &str,
    digest: &str,
    range: Option<&str>,
) -> Response<Body> {
    let Some(mut bytes) = state.blobs.get(&format!("{repository} {digest}")).cloned() else {
        return plain(404, &[], r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}"#);
    };
    if *method == Method::HEAD {
        return plain(200, &[("content-length", &bytes.len().to_string())], "");
    }
    if let Some(Fault::Redirect(to)) = state.stands(|fault| matches!(fault, Fault::Redirect(_))) {
        return plain(307, &[("location", &format!("{to}/v2/{repository}/blobs/{digest}"))], "");
    }
    if state.stands(|fault| *fault == Fault::Flip).is_some() {
        bytes[0] ^= 1;
    }
    if let Some(Fault::Announce(length)) = state.stands(|fault| matches!(fault, Fault::Announce(_))) {
        bytes.resize(length, 0);
    }
    let ranges = state.stands(|fault| *fault == Fault::NoRanges).is_none();
    let from = range
        .filter(|_| ranges)
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, bytes) = match from {
        Some(from) if from < bytes.len() => (206, bytes.split_off(from)),
        _ => (200, bytes),
    };
    let cut = state
        .stands(|fault| matches!(fault, Fault::AlwaysCut(_)))
        .or_else(|| state.take(|fault| matches!(fault, Fault::Cut(_))));
    match cut {
        Some(Fault::Cut(at) | Fault::AlwaysCut(at)) if at < bytes.len() => Response::builder()
            .status(status)
            .header("content-length", bytes.len())
            .body(
                Breaking { bytes: (at > 0).then(|| Bytes::from(bytes[..at].to_vec())), turns: 8 }
                    .boxed_unsync(),
            )
            .unwrap(),
        _ => plain(status, &[], bytes),
    }
}

fn begin(state: &mut State, repository: &str, query: &str) -> Response<Body> {
    let get = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let mounts = state.stands(|fault| *fault == Fault::NoMounts).is_none();
    if let (Some(digest), Some(from)) = (get("mount"), get("from"))
        && let Some(bytes) = state.blobs.get(&format!("{from} {digest}")).cloned().filter(|_| mounts)
    {
        state.blobs.insert(format!("{repository} {digest}"), bytes);
        return plain(201, &[], "");
    }
    state.count += 1;
    let id = format!("u{}", state.count);
    state.uploads.insert(id.clone(), Vec::new());
    plain(202, &[("location", &place(repository, &id))], "")
}

async fn patch(
    state: &Arc<Mutex<State>>,
    repository: &str,
    id: &str,
    content_range: Option<&str>,
    mut body: Incoming,
) -> Result<Response<Body>, std::io::Error> {
    let (cut, length) = {
        let mut state = state.lock().unwrap();
        let cut = state.take(|fault| matches!(fault, Fault::CutUpload(_) | Fault::ForgetUpload(_)));
        let length = state.uploads.get(id).map(Vec::len);
        (cut, length)
    };
    let Some(length) = length else { return Ok(plain(404, &[], "")) };
    let from = content_range.and_then(|range| range.split_once('-')?.0.parse().ok()).unwrap_or(0);
    if from != length {
        return Ok(plain(416, &[], ""));
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(std::io::Error::other)?;
        let mut state = state.lock().unwrap();
        let Some(kept) = state.uploads.get_mut(id) else { continue };
        kept.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        match cut {
            Some(Fault::CutUpload(at)) if kept.len() >= at => {
                kept.truncate(at);
                return Err(std::io::Error::other("cut"));
            }
            Some(Fault::ForgetUpload(at)) if kept.len() >= at => {
                state.uploads.remove(id);
                return Err(std::io::Error::other("cut"));
            }
            _ => {}
        }
    }
    Ok(plain(202, &[("location", &place(repository, id))], ""))
}

fn finish(state: &mut State, repository: &str, id: &str, query: &str) -> Response<Body> {
    let digest = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("digest="))
        .unwrap_or_default()
        .replace("%3A", ":");
    let Some(bytes) = state.uploads.remove(id) else { return plain(404, &[], "") };
    if !digest.parse::<Digest>().is_ok_and(|digest| digest.fits(&bytes)) {
        return plain(400, &[], r#"{"errors":[{"code":"DIGEST_INVALID","message":"not its digest"}]}"#);
    }
    state.blobs.insert(format!("{repository} {digest}"), bytes);
    plain(201, &[("docker-content-digest", &digest)], "")
}
