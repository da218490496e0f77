//! What may name a secret, and how long a secret may be; the same for every store.

use crate::{LONGEST_NAME, LONGEST_VALUE, VaultError};

/// Refuses a name that not every store takes.
pub(crate) fn check(name: &str) -> Result<(), VaultError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._/@:+-".contains(&b);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
        let shown = name.chars().take(LONGEST_NAME).filter(|c| !c.is_control()).collect();
        return Err(VaultError::BadName { name: shown });
    }
    Ok(())
}

/// Refuses a value that is too long for a vault.
pub(crate) fn check_length(name: &str, value: &[u8]) -> Result<(), VaultError> {
    if value.len() > LONGEST_VALUE {
        return Err(VaultError::TooLong { name: name.to_owned(), len: value.len(), limit: LONGEST_VALUE });
    }
    Ok(())
}
