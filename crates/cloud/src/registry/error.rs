//! Why a registry did not do what it was asked, and whether it may have done it nevertheless.

use super::digest::Digest;
use super::reference::BadReference;
use crate::address::Unreachable;

/// A failed question or change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    /// Text that names no image.
    #[error(transparent)]
    Reference(#[from] BadReference),
    /// An address that is never asked.
    #[error(transparent)]
    Address(#[from] Unreachable),
    /// No connection: nothing was sent.
    #[error("{host} cannot be reached: {why}")]
    Unconnected {
        /// Host and port.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// It was sent and the answer was lost.
    #[error("{what} was sent to {host} and the answer was lost: {why}")]
    Lost {
        /// Host and port.
        host: String,
        /// What was asked.
        what: String,
        /// What went wrong.
        why: String,
    },
    /// There is no login, although there should be one.
    #[error("there is no login for {host}: {why}")]
    NoLogin {
        /// The host.
        host: String,
        /// Why not.
        why: String,
    },
    /// The registry wants a login that nobody gave, or does not let this one.
    #[error("{host} refused {what}: {message}")]
    Denied {
        /// The host.
        host: String,
        /// What was asked.
        what: String,
        /// The registry's words.
        message: String,
        /// Whether it was asked with a login.
        with_login: bool,
    },
    /// It is not there.
    #[error("{what} is not there: {message}")]
    Missing {
        /// What was asked.
        what: String,
        /// The registry's words.
        message: String,
    },
    /// Throttled so often that it was given up; nothing took effect.
    #[error("{host} throttled {what} {tries} times in a row: wait, then retry")]
    Throttled {
        /// The host.
        host: String,
        /// What was asked.
        what: String,
        /// How often it was sent.
        tries: u32,
    },
    /// Another refusal.
    #[error("{host} answered {what} with {status}: {message}")]
    Answered {
        /// The host.
        host: String,
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// The registry's code, `UNKNOWN` where it gives none.
        code: String,
        /// The registry's words.
        message: String,
    },
    /// An answer that no registry gives.
    #[error("{host} does not answer as a registry does: {why}")]
    NotARegistry {
        /// The host.
        host: String,
        /// What was wrong.
        why: String,
    },
    /// A manifest that cannot be read.
    #[error("the manifest of {what} cannot be read: {why}")]
    BadManifest {
        /// Whose.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A manifest of a type that this version does not know.
    #[error("{what} is no image that this version knows: its type is {media_type}")]
    UnknownManifest {
        /// What was asked.
        what: String,
        /// Its type.
        media_type: String,
    },
    /// Content that is not what its digest says.
    #[error(
        "{what} from {host} is not what it should be: expected {expected}, got {found}; nothing was tagged"
    )]
    Lying {
        /// A layer, the configuration, a manifest.
        what: String,
        /// The registry that gave it.
        host: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// Content that is shorter or longer than its manifest says.
    #[error("{what} {expected} from {host} has {found} bytes, its manifest says {size}; nothing was tagged")]
    Size {
        /// A layer, the configuration.
        what: String,
        /// The registry that gave it.
        host: String,
        /// Its digest.
        expected: Digest,
        /// Bytes of it.
        size: u64,
        /// Bytes that came, or that the registry announced.
        found: u64,
    },
    /// The image is not for the platform.
    #[error("{what} is not for {wanted}: it is for {offered}")]
    Platform {
        /// The image.
        what: String,
        /// The platform.
        wanted: String,
        /// What there is instead.
        offered: String,
    },
}

impl RegistryFault {
    /// Whether what was asked may have taken effect.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Answered { status, .. } => *status >= 500,
            Self::Reference(_)
            | Self::Address(_)
            | Self::Unconnected { .. }
            | Self::NoLogin { .. }
            | Self::Denied { .. }
            | Self::Missing { .. }
            | Self::Throttled { .. }
            | Self::NotARegistry { .. }
            | Self::BadManifest { .. }
            | Self::UnknownManifest { .. }
            | Self::Lying { .. }
            | Self::Size { .. }
            | Self::Platform { .. } => false,
        }
    }

    /// Whether it says that something is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether asking once more may help.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unconnected { .. })
            || matches!(self, Self::Answered { status, .. } if *status >= 500 && *status != 501)
    }
}
