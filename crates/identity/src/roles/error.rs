//! Why a chain of roles gives no keys, each told apart by what repairs it.

use crate::whoami::in_words;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;

/// Why there are no role credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// The sign-in of the SSO session is over, or never was.
    #[error("the sign-in of {session} is over ({why}): run `holdpoint login {session}` and try again")]
    SignIn {
        /// The SSO session's name.
        session: String,
        /// What was found.
        why: String,
    },
    /// Signed in, and Identity Center gives this person no such role.
    #[error(
        "Identity Center gives no credentials for {role} in account {account} ({why}): `holdpoint accounts {session}` lists what is assigned to you"
    )]
    NotAssigned {
        /// The SSO session's name.
        session: String,
        /// Twelve digits.
        account: String,
        /// The permission set.
        role: String,
        /// AWS's words.
        why: String,
    },
    /// STS refuses the role.
    #[error("STS refuses the role {role_arn} of profile `{profile}`: {message} ({code}); {next}")]
    Refused {
        /// The profile that names the role.
        profile: String,
        /// The role.
        role_arn: String,
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
        /// What to do.
        next: &'static str,
    },
    /// The role wants a second factor, and nobody can be asked.
    #[error(
        "profile `{profile}` asks for a code of {device}, and nobody can be asked here: use `holdpoint exec --profile {profile}` in a terminal"
    )]
    NobodyToAsk {
        /// The profile.
        profile: String,
        /// Its `mfa_serial`.
        device: String,
    },
    /// The person gave no code.
    #[error("no code of {device} was given for profile `{profile}`: try again with the code that it shows")]
    NoCode {
        /// The profile.
        profile: String,
        /// Its `mfa_serial`.
        device: String,
    },
    /// The sign-in by `aws login` is over, or never was.
    #[error("profile `{profile}` uses `aws login`, {why}: run `aws login --profile {profile}` and try again")]
    AwsLogin {
        /// The profile.
        profile: String,
        /// What was found.
        why: String,
    },
    /// A file, variable or program that the chain starts from gives nothing.
    #[error("profile `{profile}`: {why}")]
    Source {
        /// The profile.
        profile: String,
        /// What was found, and what to do.
        why: String,
    },
    /// No connection.
    #[error("{endpoint} cannot be reached ({why}): check the network, the proxy and AWS_ENDPOINT_URL")]
    Unreachable {
        /// The service.
        endpoint: String,
        /// The system's words.
        why: String,
    },
    /// Asked too often, also after some patience.
    #[error("{endpoint} is asked too often: wait for other traffic, then try again ({message})")]
    Throttled {
        /// The service.
        endpoint: String,
        /// AWS's words.
        message: String,
    },
    /// The credentials of the step before have ended.
    #[error(
        "the credentials that would take on {role_arn} have expired: get new ones from where they came ({message})"
    )]
    Expired {
        /// The role.
        role_arn: String,
        /// AWS's words.
        message: String,
    },
    /// This machine's clock is off.
    #[error("this machine's clock is too far from AWS's: set it and try again ({message})")]
    ClockSkew {
        /// AWS's words.
        message: String,
    },
}

impl From<RoleError> for CredentialsError {
    fn from(error: RoleError) -> Self {
        Self::provider_error(error)
    }
}

impl RoleError {
    /// What STS says of a role that is to be taken on. An error of the step before comes through as it is.
    pub(crate) fn of_sts<E>(profile: &str, role_arn: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        if let Some(before) = Self::within(error) {
            return before.clone();
        }
        let endpoint = || "STS".to_owned();
        if let SdkError::ServiceError(answer) = error {
            let meta = answer.err().meta();
            let code = meta.code().unwrap_or("no code").to_owned();
            let message = meta.message().unwrap_or("no message").to_owned();
            let role_arn = role_arn.to_owned();
            let skewed =
                message.contains("Signature expired") || message.contains("Signature not yet current");
            return match code.as_str() {
                "ExpiredToken" | "ExpiredTokenException" => Self::Expired { role_arn, message },
                "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => {
                    Self::ClockSkew { message }
                }
                "SignatureDoesNotMatch" | "InvalidSignatureException" if skewed => {
                    Self::ClockSkew { message }
                }
                "Throttling"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "TooManyRequestsException" => Self::Throttled { endpoint: endpoint(), message },
                _ => {
                    let next = next_of(&code, &message);
                    Self::Refused { profile: profile.to_owned(), role_arn, code, message, next }
                }
            };
        }
        Self::Unreachable { endpoint: endpoint(), why: in_words(error) }
    }

    /// The error of ours behind what the SDK says.
    pub(crate) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        crate::whoami::cause(error)
    }
}

fn next_of(code: &str, message: &str) -> &'static str {
    if message.contains("MultiFactorAuthentication") {
        return "the code was wrong or already used: wait for the next one and try again";
    }
    if message.contains("DurationSeconds") || message.contains("session limit") {
        return "lower duration_seconds in the profile: a role taken on from a role lasts one hour at most";
    }
    match code {
        "AccessDenied" | "AccessDeniedException" => {
            "check that the role exists, that its trust policy names the caller, and external_id and mfa_serial if it asks for them"
        }
        "InvalidIdentityToken" | "IDPRejectedClaim" | "ExpiredIdentityToken" | "ExpiredTokenException" => {
            "get a new web identity token into the file that the profile names"
        }
        "RegionDisabledException" => "have STS activated in this region, or choose another region",
        "InvalidClientTokenId" => "the access key of the profile that it starts from is unknown: renew it",
        _ => "correct the profile",
    }
}
