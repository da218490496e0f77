//! How a session stands, as far as can be told without asking AWS.

use serde::Serialize;
use std::path::PathBuf;
use std::time::SystemTime;

/// Where a session's token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// In `~/.aws/sso/cache`, where the AWS CLI and the SDKs find it.
    Shared,
    /// In the vault alone; other tools do not see it.
    Vault,
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is a token that is good for now.
    SignedIn {
        /// When the access token ends.
        expires_at: SystemTime,
        /// Whether it is renewed without a person.
        renews: bool,
        /// When the registration of the client that renews it ends, where it is known.
        registration_ends: Option<SystemTime>,
        /// Where it is kept.
        kept: Keeping,
        /// When a person must sign in again. AWS tells it for no session that renews: known only for the others.
        session_ends: Option<SystemTime>,
    },
    /// There is a token, and it has ended.
    Expired {
        /// When it ended.
        since: SystemTime,
        /// Whether it may still be renewed without a person: only AWS knows whether the session behind it goes on.
        renews: bool,
    },
    /// There is none.
    SignedOut,
    /// What is kept cannot be read. It is left as it is; a sign-in replaces it.
    Torn {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is kept in the vault, and the vault does not open.
    VaultLocked {
        /// Why, with what to do.
        why: String,
    },
}
