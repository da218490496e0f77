//! The key that signs for this device.

use crate::{Vault, VaultError, atomic};
use ed25519_dalek::SigningKey;
use std::path::Path;
use zeroize::Zeroizing;

const NAME: &str = "device-key";

/// The device's Ed25519 key, made at the first call. Whoever asks at the same moment gets the same key.
///
/// # Errors
/// What the vault says; [`VaultError::Corrupt`] when the value is not a key.
pub fn device_key(vault: &dyn Vault) -> Result<SigningKey, VaultError> {
    once(vault, NAME).map(|seed| SigningKey::from_bytes(&seed))
}

/// 32 random bytes under `name`, made at the first call.
pub(crate) fn once(vault: &dyn Vault, name: &str) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let stored = match vault.get(name) {
        Ok(stored) => stored,
        Err(VaultError::Absent { .. }) => {
            let mut fresh = Zeroizing::new([0; 32]);
            atomic::random(fresh.as_mut())?;
            // When somebody else was first, theirs is the one that counts: so it is read back in either case.
            vault.create(name, fresh.as_slice())?;
            vault.get(name)?
        }
        Err(error) => return Err(error),
    };
    let bytes: [u8; 32] = stored.expose().try_into().map_err(|_| {
        VaultError::corrupt(
            Path::new(name),
            format!("it has {} bytes and a key has 32", stored.expose().len()),
        )
    })?;
    Ok(Zeroizing::new(bytes))
}
