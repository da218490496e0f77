//! The SDK's way out: one client for live, one for practice that cannot leave this machine.

use crate::Env;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Plain HTTP to addresses of this machine, by number; anything else is refused before a name is resolved.
pub(crate) fn loopback_only() -> SharedHttpClient {
    SharedHttpClient::new(Loopback { plain: Builder::new().build_http() })
}

/// HTTPS through the environment's proxy, when it names one, and plain HTTP where an endpoint is one. The trust roots
/// are read at the first HTTPS request: a local endpoint never pays for them.
pub(crate) fn live(env: &Env) -> Result<SharedHttpClient, BadProxy> {
    let proxy = proxy_of(env)?;
    Ok(SharedHttpClient::new(ByScheme { plain: Builder::new().build_http(), proxy, known: Mutex::default() }))
}

/// One connector for calls that no SDK knows, over the same way out as [`live`]: each within `patience`.
pub(crate) fn connector(env: &Env, patience: Duration) -> Result<SharedHttpConnector, BadProxy> {
    let settings = HttpConnectorSettings::builder().connect_timeout(patience).read_timeout(patience).build();
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let plain =
        Connector::builder().connector_settings(settings.clone()).sleep_impl(sleep.clone()).build_http();
    let proxy = proxy_of(env)?;
    Ok(SharedHttpConnector::new(BySchemeConnector {
        plain: SharedHttpConnector::new(plain),
        tls: OnceLock::new(),
        make: Arc::new(move || {
            let tls = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            let tls = tls.connector_settings(settings.clone()).proxy_config(proxy.clone());
            SharedHttpConnector::new(tls.sleep_impl(sleep.clone()).build())
        }),
    }))
}

/// A proxy variable that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{variable} is not a proxy address that can be used: {why}; correct it or unset it")]
pub struct BadProxy {
    variable: &'static str,
    why: String,
}

/// Whether a URL's host is this machine by number. `localhost` is a name, and a name can be made to lead elsewhere.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[derive(Debug)]
struct Loopback {
    plain: SharedHttpClient,
}

impl HttpClient for Loopback {
    fn http_connector(&self, s: &HttpConnectorSettings, c: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(LoopbackConnector { plain: self.plain.http_connector(s, c) })
    }
}

#[derive(Debug)]
struct LoopbackConnector {
    plain: SharedHttpConnector,
}

impl HttpConnector for LoopbackConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match host_and_scheme(request.uri()) {
            Some(("http", host)) if is_loopback(host) => self.plain.call(request),
            Some(_) | None => {
                // The path and query are left out: a query may hold a signature.
                let to: String = request.uri().chars().take_while(|c| *c != '?').take(200).collect();
                let why = format!("practice reaches only the simulator on this machine, not {to}");
                HttpConnectorFuture::ready(Err(ConnectorError::user(why.into())))
            }
        }
    }
}

#[derive(Debug)]
struct ByScheme {
    plain: SharedHttpClient,
    proxy: ProxyConfig,
    /// One connector, and with it one pool of connections, for each set of timeouts.
    known: Mutex<HashMap<String, SharedHttpConnector>>,
}

impl HttpClient for ByScheme {
    fn http_connector(&self, s: &HttpConnectorSettings, c: &RuntimeComponents) -> SharedHttpConnector {
        let key = format!("{:?} {:?}", s.connect_timeout(), s.read_timeout());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = known.entry(key).or_insert_with(|| {
            SharedHttpConnector::new(BySchemeConnector {
                plain: self.plain.http_connector(s, c),
                tls: OnceLock::new(),
                make: Arc::new({
                    let (settings, sleep, proxy) = (s.clone(), c.sleep_impl(), self.proxy.clone());
                    move || {
                        let mut builder = Connector::builder()
                            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                            .connector_settings(settings.clone())
                            .proxy_config(proxy.clone());
                        builder.set_sleep_impl(sleep.clone());
                        SharedHttpConnector::new(builder.build())
                    }
                }),
            })
        });
        connector.clone()
    }
}

struct BySchemeConnector {
    plain: SharedHttpConnector,
    tls: OnceLock<SharedHttpConnector>,
    make: Arc<dyn Fn() -> SharedHttpConnector + Send + Sync>,
}

impl std::fmt::Debug for BySchemeConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BySchemeConnector").finish_non_exhaustive()
    }
}

impl HttpConnector for BySchemeConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match host_and_scheme(request.uri()) {
            Some(("http", _)) => self.plain.call(request),
            Some(_) | None => self.tls.get_or_init(|| (self.make)()).call(request),
        }
    }
}

/// `("http", "127.0.0.1")` of `http://127.0.0.1:4566/path`; `None` when there is a user part, which no endpoint has.
pub(crate) fn host_and_scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => &authority[..v6.find(']')? + 2],
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some((scheme, host))
}

/// `HTTPS_PROXY` or `https_proxy` with `NO_PROXY`: AWS's endpoints are HTTPS, and a plain endpoint is a local one.
fn proxy_of(env: &Env) -> Result<ProxyConfig, BadProxy> {
    let found = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(|name| env.get(name).map(|value| (name, value)));
    let Some((variable, url)) = found else { return Ok(ProxyConfig::disabled()) };
    // The error's own text may quote the address, and with it a password.
    let proxy =
        ProxyConfig::https(url).map_err(|_| BadProxy { variable, why: "it is not a URL".to_owned() })?;
    Ok(match env.get("NO_PROXY").or_else(|| env.get("no_proxy")) {
        Some(rules) => proxy.no_proxy(rules),
        None => proxy,
    })
}
