//! Why there is no token, and what to do about it.

use crate::{BadProxy, PrefsError};
use holdpoint_vault::VaultError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why a session has no token to give.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// Nobody has signed in.
    #[error("nobody is signed in to SSO session `{session}`; run `holdpoint login {session}`")]
    SignedOut {
        /// The session.
        session: String,
    },
    /// The token has ended and cannot be renewed: it has no refresh token, or the client's registration has ended.
    #[error("the sign-in of SSO session `{session}` has expired ({why}); run `holdpoint login {session}`")]
    Expired {
        /// The session.
        session: String,
        /// What has ended.
        why: String,
    },
    /// AWS no longer takes the refresh token: the session behind it has ended, or somebody signed out.
    #[error(
        "AWS does not renew the sign-in of SSO session `{session}` any more: the session has ended, or was ended elsewhere; run `holdpoint login {session}`"
    )]
    InvalidGrant {
        /// The session.
        session: String,
    },
    /// What is kept cannot be read.
    #[error("{} is not a token ({why}); run `holdpoint login {session}`, which replaces it", path.display())]
    Torn {
        /// The session.
        session: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What a sign-in and a renewal have in common.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a sign-in did not end in a token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SignInError {
    /// The person, or an administrator's rule, said no.
    #[error("the sign-in to SSO session `{session}` was refused{}; sign in again and allow it", said(why))]
    Denied {
        /// The session.
        session: String,
        /// AWS's words.
        why: String,
    },
    /// It was cancelled here.
    #[error("the sign-in to SSO session `{session}` was cancelled; nothing was changed")]
    Cancelled {
        /// The session.
        session: String,
    },
    /// No browser came back in time.
    #[error(
        "no browser came back within {} minutes; sign in again, or with `holdpoint login {session} --device` when the browser is on another machine", after.as_secs() / 60
    )]
    BrowserNever {
        /// The session.
        session: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The code was not typed in time.
    #[error("the code was not confirmed in time; sign in again for a new one")]
    CodeExpired,
    /// The answer of the browser or of AWS does not belong to this sign-in.
    #[error(
        "AWS does not take the answer that the browser brought for SSO session `{session}` ({why}); sign in again"
    )]
    BadState {
        /// The session.
        session: String,
        /// What does not fit.
        why: String,
    },
    /// No port of this machine could be listened on.
    #[error("no port on 127.0.0.1 could be opened for the browser to come back to: {why}; use `--device`")]
    NoPort {
        /// The system's words.
        why: String,
    },
    /// The start URL leads to no Identity Center.
    #[error("the start URL {url} leads to no AWS access portal: {why}; correct sso_start_url")]
    NoPortal {
        /// As configured.
        url: String,
        /// What was found.
        why: String,
    },
    /// AWS does not register a client for this session.
    #[error(
        "AWS does not take the sign-in of SSO session `{session}`: {why}; check sso_start_url, sso_region and sso_registration_scopes"
    )]
    Refused {
        /// The session.
        session: String,
        /// AWS's words.
        why: String,
    },
    /// What a sign-in and a renewal have in common.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a sign-out did not end as it should.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SignOutError {
    /// The token was removed here, and AWS does not know it: it stays good until it ends.
    #[error("signed out here, but AWS could not be told ({why}); the session there ends by itself")]
    NotTold {
        /// Why.
        why: String,
    },
    /// What is kept could not be removed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// What can go wrong with every way to a token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    /// AWS cannot be reached.
    #[error(
        "AWS ({endpoint}) cannot be reached: {why}; check the network, the proxy and AWS_CA_BUNDLE, then try again"
    )]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// What happened.
        why: String,
    },
    /// AWS is asked too often.
    #[error("AWS ({endpoint}) is being asked too often; wait a minute and try again")]
    Throttled {
        /// The endpoint.
        endpoint: String,
    },
    /// AWS answered with an error of its own.
    #[error(
        "AWS ({endpoint}) answered: {why}; try again, and look at the AWS Health Dashboard when it stays"
    )]
    Answered {
        /// The endpoint.
        endpoint: String,
        /// Its code and words.
        why: String,
    },
    /// The vault said no.
    #[error(transparent)]
    Vault(Arc<VaultError>),
    /// The token is kept in the vault, and none was opened.
    #[error(
        "the token of SSO session `{session}` is kept in the vault, and no vault is open; open it, or choose to share the token with the AWS CLI"
    )]
    NoVault {
        /// The session.
        session: String,
    },
    /// The disk is full.
    #[error("{} could not be written: the disk is full; make room and try again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let it be written or read.
    #[error("{} could not be {did}: {why}; make the folder yours and try again", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// `written`, `read`, `removed` or `locked`.
        did: &'static str,
        /// The system's words.
        why: String,
    },
    /// There is no folder to keep a token in.
    #[error(
        "there is no home folder to keep a token in: set HOME, and HOLDPOINT_HOME when Holdpoint's folder is elsewhere"
    )]
    NoHome,
    /// Where tokens are to be kept cannot be read.
    #[error(transparent)]
    Prefs(Arc<PrefsError>),
    /// A proxy variable cannot be used.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes ({why}); try again")]
    NoRandom {
        /// The system's words.
        why: String,
    },
    /// The task that did it broke off.
    #[error("it broke off inside Holdpoint ({why}); try again, and report it")]
    Broke {
        /// What is known.
        why: String,
    },
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<PrefsError> for Trouble {
    fn from(error: PrefsError) -> Self {
        Self::Prefs(Arc::new(error))
    }
}

impl From<VaultError> for TokenError {
    fn from(error: VaultError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Trouble {
    /// Sorts the system's refusals: a full disk is its own state.
    pub(crate) fn io(path: &std::path::Path, did: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            return Self::DiskFull { path: path.to_owned() };
        }
        Self::Unwritable { path: path.to_owned(), did, why: error.to_string() }
    }
}

fn said(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" ({why})") }
}
