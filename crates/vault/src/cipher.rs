//! XChaCha20-Poly1305 with a fresh random nonce a message: `nonce ‖ ciphertext ‖ tag`.

use crate::{SecretBytes, VaultError, atomic};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Length of a key in bytes.
pub(crate) const KEY: usize = 32;
/// Length of a nonce in bytes; 192 bits may be drawn at random for ever (draft-irtf-cfrg-xchacha §3.1).
pub(crate) const NONCE: usize = 24;

/// A key, wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; KEY]>;

/// Encrypts `plain`, bound to `about`.
pub(crate) fn seal(key: &Key, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE];
    atomic::random(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let body = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: about })
        .map_err(|_| VaultError::NoRandom("encryption failed".to_owned()))?;
    Ok([nonce.as_slice(), &body].concat())
}

/// Decrypts what [`seal`] made; `None` when a bit of it, the key or `about` differs.
pub(crate) fn open(key: &Key, about: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: about }).ok()?;
    Some(SecretBytes::new(plain))
}

/// A new random key.
pub(crate) fn new_key() -> Result<Key, VaultError> {
    let mut key = Zeroizing::new([0; KEY]);
    atomic::random(key.as_mut())?;
    Ok(key)
}
