//! Systems whose keychain is not known: the encrypted file is the store there.

use super::fault::Cause;
use super::{OsStatus, Shape};
use keyring_core::{CredentialStore, Error};
use std::sync::Arc;

pub(super) const SHAPE: Shape = Shape::SECRET_SERVICE;

/// Says that there is none.
pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(Error::NoDefaultStore)
}

/// What a store's error stands on.
pub(super) fn cause(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Cause {
    match error.downcast_ref() {
        Some(OsStatus(code)) => Cause::Mac(*code),
        None => Cause::Other(error.to_string()),
    }
}
