//! Who is calling: STS GetCallerIdentity, and the reasons for which it has no answer.

use crate::{RoleError, arn};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::RequestId;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::{Duration, SystemTime};

/// One attempt at STS answers within this, or counts as lost.
const ATTEMPT: Duration = Duration::from_secs(8);
/// All attempts together, the credentials' own calls included.
const TOTAL: Duration = Duration::from_secs(25);

/// Who AWS says is calling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The unique id, for a role `<role id>:<session name>`.
    pub user_id: String,
    /// `aws`, `aws-cn`, …, from the ARN.
    pub partition: String,
    /// STS's request id, to be found in CloudTrail.
    pub request_id: Option<String>,
    /// When STS was asked, by the SDK's clock.
    pub at: SystemTime,
}

/// Why there is no caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoamiError {
    /// The profile's sign-in is over, or never was.
    #[error(
        "the sign-in of profile `{profile}` is over ({why}): run `holdpoint login --profile {profile}` and try again"
    )]
    SignInExpired {
        /// The profile.
        profile: String,
        /// The SDK's words.
        why: String,
    },
    /// Signed in, and Identity Center gives no credentials for this account and role.
    #[error(
        "Identity Center gives profile `{profile}` no credentials ({why}): `holdpoint accounts` lists what is assigned to you"
    )]
    NotAssigned {
        /// The profile.
        profile: String,
        /// The SDK's words.
        why: String,
    },
    /// A role on the way, or what it starts from, gives no credentials.
    #[error(transparent)]
    Role(RoleError),
    /// There are no credentials, or their source failed.
    #[error("there are no credentials to call with: {why}; choose another profile or repair its source")]
    NoCredentials {
        /// The SDK's words.
        why: String,
    },
    /// The credentials' time is over.
    #[error("the credentials have expired: get new ones from where they came ({message})")]
    Expired {
        /// AWS's words.
        message: String,
    },
    /// AWS does not know the access key.
    #[error("AWS does not know the access key: it was deleted, or belongs to another partition ({message})")]
    UnknownKey {
        /// AWS's words.
        message: String,
    },
    /// The secret does not fit the key.
    #[error("the signature does not fit: the secret key is not the one of this access key ({message})")]
    Signature {
        /// AWS's words.
        message: String,
    },
    /// This machine's clock is off.
    #[error("this machine's clock is {} AWS's: set it and try again ({message})", off(*.seconds))]
    ClockSkew {
        /// AWS's words.
        message: String,
        /// How far this machine is ahead, in seconds; negative when it is behind. `None` when AWS's answer had no date.
        seconds: Option<i64>,
    },
    /// A policy forbids even this.
    #[error("AWS refuses to say who is calling: a policy denies it ({message})")]
    Denied {
        /// AWS's words.
        message: String,
    },
    /// No connection to the endpoint.
    #[error("{endpoint} cannot be reached ({why}): check the network, the proxy and AWS_ENDPOINT_URL")]
    Unreachable {
        /// Where STS was asked for.
        endpoint: String,
        /// The system's words.
        why: String,
    },
    /// The endpoint did not answer in time.
    #[error("{endpoint} did not answer in time: check the network and try again")]
    Timeout {
        /// Where STS was asked for.
        endpoint: String,
    },
    /// Something that is not STS answered.
    #[error("{endpoint} did not answer as STS does ({why}): check AWS_ENDPOINT_URL and the proxy")]
    NotSts {
        /// Where STS was asked for.
        endpoint: String,
        /// What was wrong with the answer.
        why: String,
    },
    /// Asked too often, also after some patience.
    #[error("STS is asked too often by this account: wait for its other traffic, then try again ({message})")]
    Throttled {
        /// AWS's words.
        message: String,
    },
    /// AWS answered with another error.
    #[error("STS answered {code}: {message} (request {request_id})")]
    Service {
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
        /// To be found in CloudTrail and quoted to AWS support; `none` when there is none.
        request_id: String,
    },
}

/// Asks STS who the credentials of this configuration are. It needs no permission.
///
/// # Errors
/// [`WhoamiError`]; a caller that knows the profile says more with [`crate::Session::whoami`].
pub async fn whoami(config: &SdkConfig) -> Result<Caller, WhoamiError> {
    let at = config.time_source().map_or(SystemTime::UNIX_EPOCH, |clock| clock.now());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(TOTAL);
    let conf = aws_sdk_sts::config::Builder::from(config)
        .timeout_config(timeouts.build())
        .retry_config(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200)),
        )
        .build();
    let endpoint = endpoint_of(config);
    let answer = match Client::from_conf(conf).get_caller_identity().send().await {
        Ok(answer) => answer,
        Err(error) => return Err(explain(&error, endpoint, config.time_source().map(|clock| clock.now()))),
    };
    let request_id = answer.request_id().map(str::to_owned);
    let missing = |why: &str| WhoamiError::NotSts { endpoint: endpoint.clone(), why: why.to_owned() };
    let arn = answer.arn().ok_or_else(|| missing("no Arn"))?;
    let account = answer.account().ok_or_else(|| missing("no Account"))?;
    let user_id = answer.user_id().ok_or_else(|| missing("no UserId"))?;
    let (partition, of, _) = arn::caller(arn).ok_or_else(|| missing("an Arn that is none of a caller"))?;
    if of != account {
        return Err(missing("Arn and Account name different accounts"));
    }
    Ok(Caller {
        account: account.to_owned(),
        arn: arn.to_owned(),
        user_id: user_id.to_owned(),
        partition: partition.to_owned(),
        request_id,
        at,
    })
}

fn explain(
    error: &SdkError<GetCallerIdentityError, HttpResponse>,
    endpoint: String,
    now: Option<SystemTime>,
) -> WhoamiError {
    if let Some(failed) = cause::<CredentialsError>(error) {
        return of_credentials(failed);
    }
    match error {
        SdkError::TimeoutError(_) => WhoamiError::Timeout { endpoint },
        SdkError::DispatchFailure(failure) if failure.is_timeout() => WhoamiError::Timeout { endpoint },
        SdkError::DispatchFailure(_) => WhoamiError::Unreachable { endpoint, why: in_words(error) },
        SdkError::ResponseError(_) => WhoamiError::NotSts { endpoint, why: in_words(error) },
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            of_service(answer.err(), status, endpoint, ahead(answer.raw(), now))
        }
        SdkError::ConstructionFailure(_) => WhoamiError::NoCredentials { why: in_words(error) },
        other => WhoamiError::NotSts { endpoint, why: in_words(other) },
    }
}

/// Codes: STS API reference, "Common Errors", and what STS answers in fact.
fn of_service(
    error: &GetCallerIdentityError,
    status: u16,
    endpoint: String,
    seconds: Option<i64>,
) -> WhoamiError {
    let meta = error.meta();
    let message = meta.message().unwrap_or("no message").to_owned();
    let Some(code) = meta.code() else {
        return WhoamiError::NotSts { endpoint, why: format!("HTTP {status} without an error code") };
    };
    let skewed = message.contains("Signature expired") || message.contains("Signature not yet current");
    match code {
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => {
            WhoamiError::ClockSkew { message, seconds }
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "InvalidSignature" if skewed => {
            WhoamiError::ClockSkew { message, seconds }
        }
        "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidSignature"
        | "IncompleteSignature" => WhoamiError::Signature { message },
        "ExpiredToken" | "ExpiredTokenException" => WhoamiError::Expired { message },
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" => {
            WhoamiError::UnknownKey { message }
        }
        "MissingAuthenticationToken" => WhoamiError::NoCredentials { why: message },
        "AccessDenied" | "AccessDeniedException" => WhoamiError::Denied { message },
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown" => WhoamiError::Throttled { message },
        code => WhoamiError::Service {
            code: code.to_owned(),
            message,
            request_id: error.request_id().unwrap_or("none").to_owned(),
        },
    }
}

/// Where the configuration sends STS calls, in words.
fn endpoint_of(config: &SdkConfig) -> String {
    match (config.endpoint_url(), config.region()) {
        (Some(url), _) => format!("STS at {}", url.split('?').next().unwrap_or(url)),
        (None, Some(region)) => format!("STS of {region}"),
        (None, None) => "STS".to_owned(),
    }
}

/// What a source of credentials says, told apart where the source is ours.
pub(crate) fn of_credentials(error: &CredentialsError) -> WhoamiError {
    match RoleError::within(error) {
        Some(RoleError::SignIn { session, why }) => {
            WhoamiError::SignInExpired { profile: session.clone(), why: why.clone() }
        }
        Some(RoleError::NotAssigned { session, why, .. }) => {
            WhoamiError::NotAssigned { profile: session.clone(), why: why.clone() }
        }
        Some(RoleError::Unreachable { endpoint, why }) => {
            WhoamiError::Unreachable { endpoint: endpoint.clone(), why: why.clone() }
        }
        Some(RoleError::Throttled { message, .. }) => WhoamiError::Throttled { message: message.clone() },
        Some(other) => WhoamiError::Role(other.clone()),
        None => WhoamiError::NoCredentials { why: in_words(error) },
    }
}

/// How far this machine's clock is ahead of the answer's date, in seconds.
fn ahead(answer: &HttpResponse, now: Option<SystemTime>) -> Option<i64> {
    let date = DateTime::from_str(answer.headers().get("date")?, Format::HttpDate).ok()?;
    let now = DateTime::from(now?);
    Some(now.secs() - date.secs())
}

fn off(seconds: Option<i64>) -> String {
    match seconds {
        None => "too far from".to_owned(),
        Some(seconds) => {
            let (much, where_) = (seconds.unsigned_abs(), if seconds < 0 { "behind" } else { "ahead of" });
            match much {
                0..120 => format!("{much} s {where_}"),
                _ => format!("{} min {where_}", much / 60),
            }
        }
    }
}

pub(crate) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        at = error.source();
    }
    None
}

/// An error and its causes, each once, as one sentence.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut at = Some(error);
    while let Some(error) = at {
        let said = error.to_string();
        if !words.iter().any(|w| w.contains(&said)) {
            words.push(said);
        }
        at = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::off;

    #[test]
    fn a_skew_is_said_in_words() {
        for (seconds, said) in [
            (None, "too far from"),
            (Some(90), "90 s ahead of"),
            (Some(-119), "119 s behind"),
            (Some(1230), "20 min ahead of"),
            (Some(-7200), "120 min behind"),
        ] {
            assert_eq!(off(seconds), said);
        }
    }
}
