//! The SDK's way out: one client for live, one for practice that cannot leave this machine.

use crate::Env;
use crate::whoami::in_words;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use base64::Engine as _;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// Plain HTTP to addresses of this machine, by number; anything else is refused before a name is resolved.
pub(crate) fn loopback_only() -> SharedHttpClient {
    SharedHttpClient::new(Loopback { plain: Builder::new().build_http() })
}

/// HTTPS through the environment's proxy, when it names one, and plain HTTP where an endpoint is one. The trust roots
/// are read at the first HTTPS request: a local endpoint never pays for them.
pub(crate) fn live(env: &Env) -> Result<SharedHttpClient, BadProxy> {
    let (proxy, bundle) = (proxy_of(env)?, bundle_of(env));
    let plain = Builder::new().build_http();
    Ok(SharedHttpClient::new(ByScheme { plain, proxy, bundle, known: Mutex::default() }))
}

/// Where an HTTPS address redirects to, asked with HEAD and followed nowhere; `None` when it answers by itself. The
/// error says why it could not be asked.
pub(crate) async fn redirect_of(env: &Env, url: &str) -> Result<Option<String>, String> {
    let proxy = proxy_of(env).map_err(|error| error.to_string())?;
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(10))
        .build();
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let connector = secured(&settings, Some(sleep), &proxy, bundle_of(env).as_deref());
    let mut request = HttpRequest::empty();
    request.set_method("HEAD").map_err(|error| error.to_string())?;
    request.set_uri(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| in_words(&error))?;
    Ok(match answer.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => answer.headers().get("location").map(str::to_owned),
        _ => None,
    })
}

/// One connector for calls that no SDK knows, over the same way out as [`live`]: each within `patience`.
pub(crate) fn connector(env: &Env, patience: Duration) -> Result<SharedHttpConnector, BadProxy> {
    let settings = HttpConnectorSettings::builder().connect_timeout(patience).read_timeout(patience).build();
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let plain =
        Connector::builder().connector_settings(settings.clone()).sleep_impl(sleep.clone()).build_http();
    let (proxy, bundle) = (proxy_of(env)?, bundle_of(env));
    Ok(SharedHttpConnector::new(BySchemeConnector {
        plain: SharedHttpConnector::new(plain),
        tls: OnceLock::new(),
        make: Arc::new(move || secured(&settings, Some(sleep.clone()), &proxy, bundle.as_deref())),
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
    /// `AWS_CA_BUNDLE`: whom to trust instead of the system's roots, as the AWS CLI has it.
    bundle: Option<PathBuf>,
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
                    let (settings, sleep) = (s.clone(), c.sleep_impl());
                    let (proxy, bundle) = (self.proxy.clone(), self.bundle.clone());
                    move || secured(&settings, sleep.clone(), &proxy, bundle.as_deref())
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

/// A connector for HTTPS. A bundle that cannot be read trusts nobody: the call then says that the certificate is of an
/// unknown issuer, and the log says why.
fn secured(
    settings: &HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    proxy: &ProxyConfig,
    bundle: Option<&Path>,
) -> SharedHttpConnector {
    let mut builder = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .connector_settings(settings.clone())
        .proxy_config(proxy.clone());
    builder.set_sleep_impl(sleep);
    if let Some(bundle) = bundle {
        match TlsContext::builder().with_trust_store(trusted_in(bundle)).build() {
            Ok(context) => builder = builder.tls_context(context),
            Err(error) => tracing::error!(%error, "AWS_CA_BUNDLE cannot be used"),
        }
    }
    SharedHttpConnector::new(builder.build())
}

/// The certificates of a bundle that can be used; the SDK's own reading panics at one that cannot.
fn trusted_in(bundle: &Path) -> TrustStore {
    let mut trusted = TrustStore::empty();
    let read = CertificateDer::pem_file_iter(bundle);
    let certificates = match read {
        Ok(certificates) => certificates,
        Err(error) => {
            tracing::error!(%error, path = %bundle.display(), "the file that AWS_CA_BUNDLE names cannot be read");
            return trusted;
        }
    };
    let mut tried = RootCertStore::empty();
    for certificate in certificates {
        let added = certificate.map_err(|error| error.to_string()).and_then(|der| {
            let pem = format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                base64::engine::general_purpose::STANDARD.encode(&der)
            );
            tried.add(der).map(|()| pem).map_err(|error| error.to_string())
        });
        match added {
            Ok(pem) => {
                trusted.add_pem_certificate(pem);
            }
            Err(error) => {
                tracing::warn!(error, path = %bundle.display(), "a certificate of AWS_CA_BUNDLE is left out");
            }
        }
    }
    trusted
}

fn bundle_of(env: &Env) -> Option<PathBuf> {
    env.get("AWS_CA_BUNDLE").map(PathBuf::from)
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_bundle_that_is_none_fails_the_call_and_not_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, text) in [("empty", ""), ("junk", "\u{0}junk"), ("bad", bad), ("cut", &bad[..40])] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let env = Env::new([("AWS_CA_BUNDLE", path.to_str().unwrap())]);
            // Port 9 of this machine: nobody listens.
            assert!(redirect_of(&env, "https://127.0.0.1:9/").await.is_err(), "{name}");
        }
        let env = Env::new([("AWS_CA_BUNDLE", "/nowhere/bundle.pem")]);
        assert!(redirect_of(&env, "https://127.0.0.1:9/").await.is_err());
    }

    #[tokio::test]
    async fn a_redirect_is_told_and_not_followed() {
        for (status, header, expected) in [
            (
                "302 Found",
                "Location: https://corp.awsapps.com/start\r\n",
                Some("https://corp.awsapps.com/start"),
            ),
            ("308 Permanent Redirect", "Location: /start\r\n", Some("/start")),
            ("302 Found", "", None),
            ("200 OK", "Location: https://corp.awsapps.com/start\r\n", None),
            ("404 Not Found", "", None),
        ] {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let url = format!("http://{}/start", listener.local_addr().unwrap());
            let serving = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 4096];
                let read = stream.read(&mut asked).await.unwrap();
                let answer =
                    format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                String::from_utf8_lossy(&asked[..read]).into_owned()
            };
            let env = Env::default();
            let (found, asked) = tokio::join!(redirect_of(&env, &url), serving);
            assert!(asked.starts_with("HEAD /start HTTP/1.1\r\n"), "{asked}");
            assert_eq!(found.unwrap().as_deref(), expected, "{status}");
        }
    }
}
