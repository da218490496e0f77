//! Windows: Credential Manager.

use super::fault::{Cause, windows_words};
use super::{OsStatus, Shape};
use keyring_core::CredentialStore;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHAPE: Shape = Shape::WINDOWS;

/// The store whose entries are named `holdpoint:ACCOUNT@holdpoint`.
pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    let names = HashMap::from([("prefix", "holdpoint:"), ("divider", "@"), ("service_no_divider", "true")]);
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new_with_configuration(&names)?;
    Ok(store)
}

/// What the store's error stands on.
pub(super) fn cause(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Cause {
    match error.downcast_ref() {
        Some(OsStatus(code)) => Cause::Mac(*code),
        None => windows_words(&error.to_string()),
    }
}
