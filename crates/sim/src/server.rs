//! The sockets: loopback only, HTTP/1.1, and answers that can be cut, dripped or withheld on purpose.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::admin::{self, Identity};
use crate::core::{Core, Delivery, Reply, Request};
use crate::hosts::{self, Asked};
use crate::journal::JournalError;
use crate::protocol::{dress, is_page_path};
use crate::registry::{self, Stocked, Store};

/// Larger than any call that AWS takes here. The largest is a part of a layer: ten MiB, in base64, in JSON.
const LARGEST_BODY: usize = 32 << 20;

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("reset on purpose")]
    OnPurpose,
    #[error(transparent)]
    Http(#[from] hyper::http::Error),
}

pub(crate) type Body = BoxBody<Bytes, Cut>;

/// What all connections share.
pub(crate) struct Shared {
    core: Mutex<Core>,
    identity: Identity,
    /// Where blobs of registries are.
    pub(crate) store: Store,
    /// Something new may be due.
    wake: Notify,
    pub(crate) stop: watch::Sender<bool>,
    /// The journal could not be written: nothing is answered any more.
    failure: Mutex<Option<JournalError>>,
}

impl Shared {
    pub(crate) fn new(core: Core, identity: Identity, store: Store) -> Self {
        Self {
            core: Mutex::new(core),
            identity,
            store,
            wake: Notify::new(),
            stop: watch::Sender::new(false),
            failure: Mutex::new(None),
        }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends everything: what cannot be kept must not be answered.
    fn fail(&self, error: JournalError) {
        tracing::error!(%error, "the simulator ends");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.stop.send_replace(true);
    }

    pub(crate) fn or_fail<T>(&self, result: Result<T, JournalError>) -> Result<T, Cut> {
        result.map_err(|error| {
            self.fail(error);
            Cut::OnPurpose
        })
    }
}

/// Serves until told to stop, or idle for `idle_exit`.
pub(crate) async fn run(
    shared: Arc<Shared>,
    listener: TcpListener,
    idle_exit: Option<Duration>,
) -> Result<(), JournalError> {
    let mut stop = shared.stop.subscribe();
    let mut connections = JoinSet::new();
    let ticker = tokio::spawn(tick(Arc::clone(&shared), idle_exit));
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(Arc::clone(&shared), stream));
                }
                Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    ticker.abort();
    // Answers under way are finished; those that are withheld on purpose are not waited for.
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), finished).await;
    connections.abort_all();
    let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    match failure {
        Some(error) => Err(error),
        None => shared.core().end(),
    }
}

/// Returns when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is time to stop as well.
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// Lets things happen when they are due.
async fn tick(shared: Arc<Shared>, idle_exit: Option<Duration>) {
    loop {
        let (ticked, wait) = {
            let mut core = shared.core();
            let ticked = core.tick();
            let now = core.elapsed();
            let mut wait = Duration::from_secs(3600);
            if let Some(next) = core.world.env.schedule.next() {
                wait = wait.min(Duration::from_micros(next.saturating_sub(now)));
            }
            if let Some(idle_exit) = idle_exit {
                let idle = Duration::from_micros(now.saturating_sub(core.active_at));
                if idle >= idle_exit {
                    shared.stop.send_replace(true);
                }
                wait = wait.min(idle_exit.saturating_sub(idle));
            }
            (ticked, wait)
        };
        if let Err(error) = ticked {
            shared.fail(error);
            return;
        }
        // A millisecond more, since a timer that fires a moment early would spin.
        tokio::select! {
            () = tokio::time::sleep(wait + Duration::from_millis(1)) => {}
            () = shared.wake.notified() => {}
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let mut stop = shared.stop.subscribe();
    let _ = stream.set_nodelay(true);
    let for_requests = Arc::clone(&shared);
    let service = service_fn(move |request| respond(Arc::clone(&for_requests), request));
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        // A connection that ends in an error is one that was cut, by either side.
        _ = serving.as_mut() => {}
        () = stopped(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}

async fn respond(
    shared: Arc<Shared>,
    incoming: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Cut> {
    let (head, body) = incoming.into_parts();
    if registry::is_path(head.uri.path()) && !hosts::knows(&shared.core().world, named_host(&head)) {
        // Blobs are too large to be read whole.
        let answered = registry::respond(&shared, &head, body).await;
        shared.wake.notify_one();
        return answered;
    }
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(hyper::Response::builder().status(413).body(whole(Bytes::new()))?);
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_bytes().to_vec(),
    };
    let host = host_name(request.header("host").unwrap_or_default());
    let reply = if request.path.starts_with("/_holdpoint/") {
        let (of_page, from_elsewhere) = (is_page_path(&request.path), is_cross_site(&request));
        if from_elsewhere || !["127.0.0.1", "localhost", "[::1]"].contains(&host) {
            // A page in a browser cannot reach the admin API by a name of its own that leads to loopback.
            return Ok(hyper::Response::builder().status(403).body(whole(Bytes::new()))?);
        }
        if of_page {
            let reply = from_aws(&shared, &request).await?;
            shared.wake.notify_one();
            return deliver(reply).await;
        }
        let stocked = match stock(&shared, &request).await {
            Ok(stocked) => stocked,
            Err(reason) => return deliver(admin::mistake(&reason)).await,
        };
        let answered = {
            let mut core = shared.core();
            shared.or_fail(admin::answer(&mut core, &shared.identity, &request, stocked))?
        };
        if answered.ends {
            shared.stop.send_replace(true);
        }
        answered.reply
    } else if let Some((name, path)) = request.path.strip_prefix("/_host/").map(split_host) {
        from_host(&shared, name, &path, &request).await?
    } else if hosts::knows(&shared.core().world, host) {
        from_host(&shared, host, &request.path, &request).await?
    } else {
        from_aws(&shared, &request).await?
    };
    shared.wake.notify_one();
    deliver(reply).await
}

async fn from_aws(shared: &Shared, request: &Request) -> Result<Reply, Cut> {
    let mut reply = dress(request, served(shared, request).await?);
    if let Some(date) = shared.core().odd_date() {
        reply.headers.push(("date".to_owned(), date));
    }
    Ok(reply)
}

async fn served(shared: &Shared, request: &Request) -> Result<Reply, Cut> {
    let admitted = shared.or_fail(shared.core().admit(request))?;
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(reply) => return Ok(reply),
    };
    if let Some(ms) = admitted.delay_ms() {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let admitted = registry::layer_upload(shared, admitted).await;
    let executed = shared.core().execute(admitted);
    shared.or_fail(executed)
}

/// Makes what a world or a change says of registries, on disk, before it is journaled.
async fn stock(shared: &Arc<Shared>, request: &Request) -> Result<Vec<Stocked>, String> {
    let asked = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/_holdpoint/furnish" | "/_holdpoint/behave") => {
            shared.core().to_stock(&request.path, &request.body)
        }
        _ => None,
    };
    // Whether it can be read at all is said by whoever takes it in.
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let shared = Arc::clone(shared);
    let made = tokio::task::spawn_blocking(move || registry::stock(&shared.store, &asked)).await;
    made.map_err(|cut| cut.to_string())?
}

async fn from_host(shared: &Shared, name: &str, path: &str, request: &Request) -> Result<Reply, Cut> {
    let answer = {
        let mut core = shared.core();
        let ticked = core.tick();
        shared.or_fail(ticked)?;
        core.active_at = core.elapsed();
        let asked = Asked { method: &request.method, host: name, path, headers: &request.headers };
        let core = &mut *core;
        hosts::answer(&core.world, &mut core.traffic, &asked)
    };
    if answer.wait_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.wait_ms)).await;
    }
    Ok(Reply { status: answer.status, headers: answer.headers, body: answer.body, delivery: Delivery::Whole })
}

async fn deliver(reply: Reply) -> Result<hyper::Response<Body>, Cut> {
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let bytes = Bytes::from(reply.body);
    match reply.delivery {
        Delivery::Whole => Ok(response.body(whole(bytes))?),
        Delivery::Reset => Err(Cut::OnPurpose),
        Delivery::Silence => {
            // For as long as the client stays; its leaving drops this future.
            std::future::pending::<()>().await;
            Err(Cut::OnPurpose)
        }
        Delivery::Truncated => {
            let (mut sender, channel) = Channel::<Bytes, Cut>::new(2);
            response = response.header("content-length", bytes.len());
            tokio::spawn(async move {
                let half = bytes.slice(..bytes.len() / 2);
                if sender.send_data(half).await.is_ok() {
                    // Let the half leave before the connection is cut.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    sender.abort(Cut::OnPurpose);
                }
            });
            Ok(response.body(channel.boxed())?)
        }
        Delivery::Drip { bytes: size, every_ms } => {
            let (mut sender, channel) = Channel::<Bytes, Cut>::new(1);
            response = response.header("content-length", bytes.len());
            tokio::spawn(async move {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let piece = rest.split_to(size.clamp(1, rest.len()));
                    if sender.send_data(piece).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(every_ms)).await;
                }
            });
            Ok(response.body(channel.boxed())?)
        }
    }
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed()
}

/// Whether a page of another site sends this in a person's name. A link that a person follows may come from anywhere.
fn is_cross_site(request: &Request) -> bool {
    let from = request.header("sec-fetch-site").unwrap_or("none");
    request.method != "GET" && !["none", "same-origin"].contains(&from)
}

/// `name/rest` → name and `/rest`.
fn split_host(rest: &str) -> (&str, String) {
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    (name, format!("/{path}"))
}

fn named_host(head: &hyper::http::request::Parts) -> &str {
    let header = head.headers.get("host").and_then(|value| value.to_str().ok());
    host_name(header.unwrap_or_default())
}

/// The name in a Host header, without its port.
fn host_name(header: &str) -> &str {
    match header.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => header,
    }
}
