//! A login of ECR, from a session.

use super::host::EcrRegistry;
use crate::whoami::in_words;
use crate::{Session, WhoamiError};
use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::config::retry::RetryConfig;
use aws_sdk_ecr::config::timeout::TimeoutConfig;
use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::operation::RequestId as _;
use aws_sdk_ecr::operation::get_authorization_token::GetAuthorizationTokenError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdpoint_redact::Secret;
use std::time::{Duration, SystemTime};

/// One attempt at ECR answers within this, or counts as lost.
const ATTEMPT: Duration = Duration::from_secs(8);
/// All attempts together.
const TOTAL: Duration = Duration::from_secs(25);
/// What ECR says of a token's life, for an answer without an end.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// A login of ECR. It is good for every registry that the identity may reach, not for one repository.
#[derive(Debug, Clone)]
pub struct RegistryToken {
    /// The user of the login; ECR says `AWS`.
    pub username: String,
    /// The password.
    pub secret: Secret,
    /// When it was had.
    pub from: SystemTime,
    /// When it ends.
    pub ends_at: SystemTime,
    /// The registry that ECR names for it, as `https://…`.
    pub proxy_endpoint: Option<String>,
}

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The identity has no credentials: mostly a sign-in that is over.
    #[error(transparent)]
    Identity(#[from] WhoamiError),
    /// The identity may not.
    #[error("{whom} may not log in to ECR in {region}: allow it ecr:GetAuthorizationToken ({message})")]
    Denied {
        /// Where the credentials come from.
        whom: String,
        /// The region that was asked.
        region: String,
        /// AWS's words.
        message: String,
    },
    /// The credentials' time is over.
    #[error("the credentials of {whom} have expired: sign in again ({message})")]
    Expired {
        /// Where the credentials come from.
        whom: String,
        /// AWS's words.
        message: String,
    },
    /// This machine's clock is off.
    #[error("this machine's clock is too far from AWS's: set it and try again ({message})")]
    ClockSkew {
        /// AWS's words.
        message: String,
    },
    /// Asked too often, also after some patience.
    #[error("ECR of {region} is asked too often by this account: wait, then try again ({message})")]
    Throttled {
        /// The region that was asked.
        region: String,
        /// AWS's words.
        message: String,
    },
    /// No answer.
    #[error("ECR of {region} cannot be reached ({why}): check the network, the proxy and AWS_ENDPOINT_URL")]
    Unreachable {
        /// The region that was asked.
        region: String,
        /// The system's words.
        why: String,
    },
    /// An answer that is none of ECR's.
    #[error("ECR of {region} did not answer as ECR does ({why}): check AWS_ENDPOINT_URL and the proxy")]
    NotEcr {
        /// The region that was asked.
        region: String,
        /// What was wrong with it; nothing of what may be a secret.
        why: String,
    },
    /// Another error of AWS.
    #[error("ECR of {region} answered {code}: {message} (request {request_id})")]
    Service {
        /// The region that was asked.
        region: String,
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
        /// To be quoted to AWS support; `none` when there is none.
        request_id: String,
    },
}

/// Asks ECR for a login with the credentials of a session: in the registry's region, or for a host of another name in
/// the session's own. Nothing is kept.
///
/// # Errors
/// [`MintError`]; an identity that must sign in again is told as that.
pub async fn mint(session: &Session, registry: Option<&EcrRegistry>) -> Result<RegistryToken, MintError> {
    // The credentials first: what keeps them from being had is then said in the words of the sign-in.
    session.lasts_until().await?;
    let config = session.config();
    let region = registry.map_or_else(|| session.region().to_owned(), |registry| registry.region.clone());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(TOTAL);
    let mut conf = aws_sdk_ecr::config::Builder::from(config)
        .region(Region::new(region.clone()))
        .timeout_config(timeouts.build())
        .retry_config(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200)),
        );
    // An endpoint of one's own has no variants, and the SDK refuses to look for them.
    let own =
        session.endpoint().is_some() || session.endpoint_variables().contains_key("AWS_ENDPOINT_URL_ECR");
    if registry.is_some_and(|registry| registry.fips) && !own {
        conf.set_use_fips(Some(true));
    }
    let from = config.time_source().map_or(SystemTime::UNIX_EPOCH, |clock| clock.now());
    let answer = Client::from_conf(conf.build()).get_authorization_token().send().await;
    let answer = answer.map_err(|error| explain(&error, &session.source().to_string(), &region))?;
    let not_ecr = |why: &str| MintError::NotEcr { region: region.clone(), why: why.to_owned() };
    let data = answer.authorization_data().first().ok_or_else(|| not_ecr("no authorizationData"))?;
    let token = data.authorization_token().ok_or_else(|| not_ecr("no authorizationToken"))?;
    let plain = STANDARD.decode(token).map_err(|_| not_ecr("a token that is no base64"))?;
    let plain = String::from_utf8(plain).map_err(|_| not_ecr("a token that is no text"))?;
    let (username, password) =
        plain.split_once(':').ok_or_else(|| not_ecr("a token without user and password"))?;
    if username.is_empty() || password.is_empty() {
        return Err(not_ecr("a token without user and password"));
    }
    let ends_at = data.expires_at().and_then(|end| SystemTime::try_from(*end).ok()).unwrap_or(from + LIFE);
    Ok(RegistryToken {
        username: username.to_owned(),
        secret: Secret::new(password),
        from,
        ends_at,
        proxy_endpoint: data.proxy_endpoint().map(str::to_owned),
    })
}

impl RegistryToken {
    /// Whether it is time for another: after half of its life.
    pub fn is_half_spent(&self, now: SystemTime) -> bool {
        let life = self.ends_at.duration_since(self.from).unwrap_or_default();
        now >= self.from + life / 2
    }

    /// Whether it is over.
    pub fn has_ended(&self, now: SystemTime) -> bool {
        now >= self.ends_at
    }
}

fn explain(
    error: &SdkError<GetAuthorizationTokenError, HttpResponse>,
    whom: &str,
    region: &str,
) -> MintError {
    let region = region.to_owned();
    match error {
        SdkError::TimeoutError(_) => MintError::Unreachable { region, why: "no answer in time".to_owned() },
        SdkError::DispatchFailure(_) => MintError::Unreachable { region, why: in_words(error) },
        SdkError::ServiceError(answer) => {
            let meta = answer.err().meta();
            let message = meta.message().unwrap_or("no message").to_owned();
            let Some(code) = meta.code() else {
                let why = format!("HTTP {} without an error code", answer.raw().status().as_u16());
                return MintError::NotEcr { region, why };
            };
            of_service(code, message, answer.err().meta().request_id(), whom, region)
        }
        // An answer that could not be read may hold a token: its own words are not quoted.
        SdkError::ResponseError(_) => {
            MintError::NotEcr { region, why: "an answer that cannot be read".to_owned() }
        }
        SdkError::ConstructionFailure(_) => MintError::NotEcr { region, why: in_words(error) },
        _ => MintError::NotEcr { region, why: "an error that the SDK has no words for".to_owned() },
    }
}

/// Codes: Amazon ECR API reference, "Common Errors".
fn of_service(code: &str, message: String, request: Option<&str>, whom: &str, region: String) -> MintError {
    let whom = whom.to_owned();
    let skewed = message.contains("Signature expired") || message.contains("Signature not yet current");
    match code {
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" => {
            MintError::Denied { whom, region, message }
        }
        "ExpiredToken" | "ExpiredTokenException" => MintError::Expired { whom, message },
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => MintError::ClockSkew { message },
        "InvalidSignatureException" | "SignatureDoesNotMatch" if skewed => MintError::ClockSkew { message },
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            MintError::Throttled { region, message }
        }
        code => MintError::Service {
            region,
            code: code.to_owned(),
            message,
            request_id: request.unwrap_or("none").to_owned(),
        },
    }
}
