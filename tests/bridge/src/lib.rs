//! The second host, for tests only: the same calls over HTTP and a WebSocket on loopback.
//!
//! `POST /rpc/<name>` with the arguments as JSON answers 200 with the reply or 409 with the problem; `/updates` sends
//! arrays of updates; everything else is a file of the built page, under the window's own policy. Whoever can connect
//! to the port can call: it is no part of the product.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Path as InPath, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use holdpoint_api::{Console, Problem, dispatch};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// The window's policy, but for the one line that says where the page may connect to.
pub const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct Bridge {
    console: Arc<Console>,
    page: Arc<Path>,
    /// `127.0.0.1:port`: another name for it is somebody's rebinding.
    host: Arc<str>,
}

/// The server's routes. `page` is the folder of the built page; `host` is what it is reached by.
pub fn router(console: Arc<Console>, page: PathBuf, host: &str) -> Router {
    let bridge = Bridge { console, page: page.into(), host: host.into() };
    Router::new()
        .route("/rpc/{name}", post(call))
        .route("/updates", any(updates))
        .fallback(file)
        .layer(axum::middleware::from_fn_with_state(bridge.clone(), own_page_only))
        .with_state(bridge)
}

async fn call(State(bridge): State<Bridge>, InPath(name): InPath<String>, body: Bytes) -> Response {
    let answer = match serde_json::from_slice(&body) {
        Ok(args) => dispatch(&bridge.console, &name, args).await,
        Err(error) => {
            Err(Problem::new(format!("the arguments of {name} are no JSON: {error}")).code("usage"))
        }
    };
    match answer {
        Ok(reply) => axum::Json(reply).into_response(),
        Err(problem) => (StatusCode::CONFLICT, axum::Json(problem)).into_response(),
    }
}

async fn updates(State(bridge): State<Bridge>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| push(bridge, socket))
}

async fn push(bridge: Bridge, mut socket: WebSocket) {
    let mut updates = bridge.console.updates();
    loop {
        let update = tokio::select! {
            update = updates.recv() => update,
            heard = socket.recv() => match heard {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
        };
        let message = match update {
            Ok(update) => serde_json::to_string(&[update]),
            // A page that was too slow asks anew.
            Err(RecvError::Lagged(_)) => Ok(r#"[{"type":"home"}]"#.to_owned()),
            Err(RecvError::Closed) => return,
        };
        match message {
            Ok(message) => {
                if socket.send(Message::text(message)).await.is_err() {
                    return;
                }
            }
            Err(error) => tracing::error!(%error, "an update cannot be told"),
        }
    }
}

async fn file(State(bridge): State<Bridge>, uri: Uri) -> Response {
    let path = Path::new(uri.path().trim_start_matches('/'));
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let path = if path.as_os_str().is_empty() { Path::new("index.html") } else { path };
    match tokio::fs::read(bridge.page.join(path)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, content_type(path))], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Refuses requests that come from another page or under another name, and adds the policy to every answer.
async fn own_page_only(State(bridge): State<Bridge>, request: Request, next: Next) -> Response {
    if !is_own(request.headers(), &bridge.host) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    response
}

fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let of = |name| headers.get(name).and_then(|value| value.to_str().ok());
    of(header::HOST) == Some(host)
        && of(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some(_) | None => "application/octet-stream",
    }
}
