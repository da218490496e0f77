//! Why a call failed, and whether it may have taken effect nevertheless.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS refused it.
    #[error("{call} was refused: {message} ({code})")]
    Refused {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// AWS's error code, e.g. `ServiceNotFoundException`.
        code: String,
        /// What AWS says.
        message: String,
        /// To be found in CloudTrail.
        request_id: Option<String>,
    },
    /// The role has no right to it.
    #[error("{call} was denied: {message}. Give the role that right, or work with a role that has it.")]
    Denied {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// What AWS says.
        message: String,
        /// To be found in CloudTrail.
        request_id: Option<String>,
    },
    /// The credentials are over.
    #[error("{call}: the credentials have expired ({message}). Sign in again, then continue the same step.")]
    Expired {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// Who says so.
        message: String,
    },
    /// Throttled so often that it was given up; nothing took effect.
    #[error("{call} was throttled {tries} times in a row: wait for the account's other traffic, then retry.")]
    Throttled {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// How often it was sent.
        tries: u32,
    },
    /// It certainly never reached AWS.
    #[error("{call} was not sent: {why}. Check the network and the credentials, then retry.")]
    Unreachable {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// What went wrong.
        why: String,
    },
    /// It was sent and its answer was lost: it may have taken effect.
    #[error("{call} was sent and its answer was lost: {why}")]
    Ambiguous {
        /// E.g. `ecs:UpdateService`.
        call: String,
        /// What went wrong.
        why: String,
    },
    /// It was answered whole, and a member of the answer is of another type than the API's model says.
    #[error(
        "{call} was answered, and the answer cannot be read: {why}. Look at the thing in the console, and for a newer version of Holdpoint."
    )]
    Unreadable {
        /// E.g. `ecs:DescribeServices`.
        call: String,
        /// Which member, and what it is.
        why: String,
    },
}

impl CallError {
    /// Of an answer that is whole and not what the API's model says.
    pub(crate) fn unreadable(call: &str, why: impl ToString) -> Self {
        Self::Unreadable { call: call.to_owned(), why: why.to_string() }
    }

    /// Whether the call may have taken effect.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Ambiguous { .. } | Self::Unreadable { .. } => true,
            Self::Refused { .. }
            | Self::Denied { .. }
            | Self::Expired { .. }
            | Self::Throttled { .. }
            | Self::Unreachable { .. } => false,
        }
    }

    /// AWS's error code, where AWS refused the call.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Denied { .. }
            | Self::Expired { .. }
            | Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::Ambiguous { .. }
            | Self::Unreadable { .. } => None,
        }
    }

    /// Whether a role without the right, or an endpoint without the operation, is the cause: a caller that has another
    /// way to know goes that way.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Denied { .. } => true,
            Self::Refused { code, .. } => {
                matches!(code.as_str(), "UnsupportedFeatureException" | "UnknownOperationException")
            }
            Self::Expired { .. }
            | Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::Ambiguous { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether sending a read once more may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Ambiguous { .. } => true,
            Self::Refused { .. }
            | Self::Denied { .. }
            | Self::Expired { .. }
            | Self::Throttled { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

/// How far a call came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Nothing was handed to the network.
    Nothing,
    /// It was handed to the connector.
    Network,
}

/// Says what an SDK failure means. The SDK's variants alone do not tell: credentials that cannot be had are a
/// `DispatchFailure` as a reset connection is, so `reached` decides first.
pub(crate) fn classify<E>(
    call: &str,
    reached: Reached,
    request_id: Option<String>,
    error: &SdkError<E, HttpResponse>,
) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let call = call.to_owned();
    let why = words(error);
    match reached {
        Reached::Nothing if says_expired(&why) => return CallError::Expired { call, message: why },
        Reached::Nothing => return CallError::Unreachable { call, why },
        Reached::Network => {}
    }
    match error {
        SdkError::ConstructionFailure(_) => CallError::Unreachable { call, why },
        SdkError::DispatchFailure(failure) if never_connected(failure.as_connector_error()) => {
            CallError::Unreachable { call, why }
        }
        SdkError::ServiceError(answer) => {
            let meta = answer.err().meta();
            let status = answer.raw().status().as_u16();
            answered(call, status, meta.code(), meta.message(), request_id)
        }
        SdkError::ResponseError(answer) if answer.raw().status().as_u16() == 429 => {
            CallError::Throttled { call, tries: 1 }
        }
        // Everything else, variants of a later SDK too: it was handed to the network, so it may have arrived.
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
            CallError::Ambiguous { call, why }
        }
    }
}

fn answered(
    call: String,
    status: u16,
    code: Option<&str>,
    message: Option<&str>,
    request_id: Option<String>,
) -> CallError {
    let code = code.unwrap_or_default();
    let message = message.unwrap_or("AWS gives no message").trim_end_matches('.').to_owned();
    if THROTTLING.contains(&code) || status == 429 {
        return CallError::Throttled { call, tries: 1 };
    }
    if EXPIRED.contains(&code) {
        return CallError::Expired { call, message };
    }
    if code.is_empty() {
        return CallError::Ambiguous { call, why: format!("status {status} without an AWS error code") };
    }
    if status >= 500 {
        // The simulator and some endpoints refuse what they do not know with 501: that is certain.
        if status == 501 {
            return CallError::Refused { call, code: code.to_owned(), message, request_id };
        }
        return CallError::Ambiguous { call, why: format!("status {status}: {message} ({code})") };
    }
    if DENIED.contains(&code) {
        return CallError::Denied { call, message, request_id };
    }
    CallError::Refused { call, code: code.to_owned(), message, request_id }
}

/// Codes that say "not now": nothing took effect. From aws-runtime's retry classifier (THROTTLING_ERRORS).
const THROTTLING: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException.Throttled",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "ForbiddenException",
];

/// Whether the connection was never made: refused, no such host, no route, TLS refused, connect timed out.
fn never_connected(error: Option<&aws_smithy_runtime_api::client::result::ConnectorError>) -> bool {
    let mut next = error.map(|error| error as &(dyn Error + 'static));
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>()
            && error.is_connect()
        {
            return true;
        }
        next = error.source();
    }
    false
}

fn says_expired(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    why.contains("expired")
}

/// The error with its causes, each once.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str) -> CallError {
        answered("ecs:UpdateService".into(), status, (!code.is_empty()).then_some(code), Some("m"), None)
    }

    #[test]
    fn only_a_lost_answer_may_have_taken_effect() {
        let table = [
            (400, "ThrottlingException", "throttled", false),
            (429, "", "throttled", false),
            (503, "SlowDown", "throttled", false),
            (400, "ExpiredTokenException", "expired", false),
            (400, "AccessDeniedException", "denied", false),
            (400, "ServiceNotFoundException", "refused", false),
            (501, "UnknownOperationException", "refused", false),
            (500, "ServerException", "lost", true),
            (503, "ServiceUnavailable", "lost", true),
            (502, "", "lost", true),
            (403, "", "lost", true),
        ];
        for (status, code, word, effect) in table {
            let error = of(status, code);
            assert!(error.to_string().contains(word), "{status} {code}: {error}");
            assert_eq!(error.may_have_taken_effect(), effect, "{status} {code}");
        }
    }
}
