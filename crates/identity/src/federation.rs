//! A link that signs a browser in to the AWS console as a session's role.
//!
//! The protocol: IAM User Guide, "Enable custom identity broker access to the AWS console": temporary credentials are
//! exchanged for a sign-in token, which is good for 15 minutes, at the federation endpoint of the partition.

use crate::whoami::in_words;
use crate::{BadProxy, Env, Session, WhoamiError, http};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use holdpoint_redact::Secret;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// The endpoint answers at once, or something between is broken.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleLinkError {
    /// The session has no credentials.
    #[error(transparent)]
    Whoami(#[from] WhoamiError),
    /// Long-lived keys open no console.
    #[error(
        "the console is opened with temporary credentials, and {whom} has access keys without an end: choose a profile that takes on a role"
    )]
    NotTemporary {
        /// The source.
        whom: String,
    },
    /// A partition whose console addresses are not known.
    #[error("Holdpoint knows no console for region {region}: open it by the AWS access portal")]
    NoConsole {
        /// The region.
        region: String,
    },
    /// Neither a page of the console nor a service.
    #[error("`{0}` is not the short name of a service: letters, digits and - as in `ecs` or `cloudwatch`")]
    BadService(String),
    /// An endpoint that is no address.
    #[error("AWS_ENDPOINT_URL `{0}` is not an address: correct it or unset it")]
    BadEndpoint(String),
    /// A proxy variable cannot be used.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// No connection.
    #[error("{host} cannot be reached ({why}): check the network and the proxy")]
    Unreachable {
        /// The endpoint's host.
        host: String,
        /// The system's words.
        why: String,
    },
    /// The endpoint says no.
    #[error(
        "{host} does not take these credentials (HTTP {status}): sign in again, and check that a policy allows the console"
    )]
    Refused {
        /// The endpoint's host.
        host: String,
        /// HTTP status.
        status: u16,
    },
}

/// A link that signs a browser in as the session's role and opens the console's first page, or that of `service`
/// (`ecs`, `cloudwatch`, …). Whoever has the link is signed in: it is a secret.
///
/// # Errors
/// [`ConsoleLinkError`].
pub async fn console_link(
    session: &Session,
    env: &Env,
    service: Option<&str>,
) -> Result<Secret, ConsoleLinkError> {
    let (federation, console) = places(session)?;
    let destination = destination(&console, session.region(), service)?;
    let keys = session.credentials().await?;
    let Some(token) = keys.session_token() else {
        return Err(ConsoleLinkError::NotTemporary { whom: session.source().to_string() });
    };
    let keys = serde_json::json!({
        "sessionId": keys.access_key_id(),
        "sessionKey": keys.secret_access_key(),
        "sessionToken": token,
    });
    let host = federation.host_str().unwrap_or_default().to_owned();
    let mut ask = federation.clone();
    ask.query_pairs_mut().append_pair("Action", "getSigninToken").append_pair("Session", &keys.to_string());
    let token = signin_token(env, ask, &host).await?;
    let mut link = federation;
    link.query_pairs_mut()
        .append_pair("Action", "login")
        .append_pair("Issuer", "holdpoint")
        .append_pair("Destination", &destination)
        .append_pair("SigninToken", &token);
    Ok(Secret::new(String::from(link)))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SigninToken")]
    signin_token: String,
}

async fn signin_token(env: &Env, ask: Url, host: &str) -> Result<String, ConsoleLinkError> {
    let unreachable = |why: String| ConsoleLinkError::Unreachable { host: host.to_owned(), why };
    let connector = http::connector(env, PATIENCE)?;
    let mut request = HttpRequest::new(SdkBody::empty());
    // What may be wrong with it is not quoted: it holds the keys.
    request
        .set_uri(String::from(ask))
        .map_err(|_| unreachable("the request cannot be written".to_owned()))?;
    let mut answer = connector.call(request).await.map_err(|error| unreachable(in_words(&error)))?;
    let status = answer.status().as_u16();
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let body = http_body_util::BodyExt::collect(body).await;
    let body = body.map_err(|_| unreachable("the answer broke off".to_owned()))?.to_bytes();
    match serde_json::from_slice::<Answer>(&body) {
        Ok(answer) if status == 200 && !answer.signin_token.is_empty() => Ok(answer.signin_token),
        Ok(_) | Err(_) => Err(ConsoleLinkError::Refused { host: host.to_owned(), status }),
    }
}

/// The federation endpoint and the console of the session's partition. With an endpoint of its own, the session's
/// console is there, too.
fn places(session: &Session) -> Result<(Url, String), ConsoleLinkError> {
    if let Some(endpoint) = session.endpoint() {
        let bad = || ConsoleLinkError::BadEndpoint(endpoint.split('?').next().unwrap_or_default().to_owned());
        let url = Url::parse(endpoint).map_err(|_| bad())?;
        let federation = url.join("/federation").map_err(|_| bad())?;
        return Ok((federation, endpoint.trim_end_matches('/').to_owned()));
    }
    let region = session.region();
    let (signin, console) = match region.split('-').next().unwrap_or_default() {
        "cn" => ("https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn"),
        "us" if region.starts_with("us-gov-") => {
            ("https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com")
        }
        "us" if region.starts_with("us-iso") => {
            return Err(ConsoleLinkError::NoConsole { region: region.to_owned() });
        }
        "eusc" | "eu" if region.starts_with("eusc-") || region.starts_with("eu-iso") => {
            return Err(ConsoleLinkError::NoConsole { region: region.to_owned() });
        }
        _ => ("https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com"),
    };
    let signin = Url::parse(signin).map_err(|_| ConsoleLinkError::BadEndpoint(signin.to_owned()))?;
    Ok((signin, console.to_owned()))
}

fn destination(console: &str, region: &str, service: Option<&str>) -> Result<String, ConsoleLinkError> {
    let service = service.unwrap_or("console");
    let is_name = !service.is_empty()
        && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_name {
        return Err(ConsoleLinkError::BadService(
            service.chars().filter(|c| !c.is_control()).take(40).collect(),
        ));
    }
    Ok(format!("{console}/{service}/home?region={region}"))
}
