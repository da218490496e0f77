//! What a keychain's refusal means: the systems' numbers and names, as one table that every system tests.
//!
//! Numbers of macOS as in `Security/SecBase.h`, of Windows as in `winerror.h`, names of the Secret Service as in its
//! specification and in D-Bus'.

use crate::{StoreName, VaultError};
use keyring_core::Error;

/// A status of macOS' Security framework, as our store for it reports failures through keyring-core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OsStatus(pub i32);

impl std::fmt::Display for OsStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OSStatus {}", self.0)
    }
}

impl std::error::Error for OsStatus {}

impl OsStatus {
    /// The keyring-core error that carries this status.
    pub fn into_error(self) -> Error {
        match self.0 {
            -25300 => Error::NoEntry,
            _ => Error::PlatformFailure(Box::new(self)),
        }
    }
}

/// What a system said, without its types.
#[cfg_attr(
    not(any(target_os = "linux", test)),
    expect(dead_code, reason = "the table is whole on every system; only Linux meets what a bus says")
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    Mac(i32),
    Windows(u32),
    /// The Secret Service is there and the item, or its collection, is locked.
    BusLocked,
    /// A question of the Secret Service was dismissed.
    BusDismissed,
    /// The Secret Service has no collection to write into.
    BusNoCollection,
    /// No session bus.
    BusAbsent,
    /// An error of D-Bus or of the Secret Service, by its name.
    Bus(String),
    Other(String),
}

/// The state of a refusal. `name` is our name of the item, `len` the value's length when one was being stored.
pub(super) fn state(store: StoreName, name: &str, len: usize, error: Error) -> VaultError {
    let item = || name.to_owned();
    match error {
        Error::NoEntry => VaultError::Absent { name: item() },
        Error::Ambiguous(_) => VaultError::Duplicate { store, name: item() },
        Error::BadEncoding(bytes) => {
            drop(crate::SecretBytes::new(bytes));
            VaultError::Damaged { store, name: item(), what: "it is not text" }
        }
        Error::BadDataFormat(bytes, _) => {
            drop(crate::SecretBytes::new(bytes));
            VaultError::Damaged { store, name: item(), what: "its form is unknown" }
        }
        Error::TooLong(_, limit) => VaultError::TooLong { name: item(), len, limit: limit as usize },
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => {
            of_cause(store, name, len, super::system::cause(cause.as_ref()))
        }
        Error::BadStoreFormat(why) | Error::NotSupportedByStore(why) => VaultError::Keychain { store, why },
        Error::Invalid(what, why) => VaultError::Keychain { store, why: format!("{what} {why}") },
        Error::NoDefaultStore => VaultError::NoStore { store, why: "none is set".to_owned() },
        // The library's list is open: a new kind is told by its own words, which hold no value.
        other => VaultError::Keychain { store, why: other.to_string() },
    }
}

fn of_cause(store: StoreName, name: &str, len: usize, cause: Cause) -> VaultError {
    let item = || name.to_owned();
    let no_store = |why: &str| VaultError::NoStore { store, why: why.to_owned() };
    match cause {
        Cause::Mac(code) => match code {
            -25300 => VaultError::Absent { name: item() },
            -25299 => VaultError::Duplicate { store, name: item() },
            -25244 | -25243 => VaultError::ForeignOwner { store, name: item() },
            // -25315: interaction is required, and cannot be had here; -25320: the machine sleeps with its lid shut.
            -25308 | -25315 | -25320 => VaultError::NoInteraction { store },
            // -61: no write permission; -25292: the keychain is read-only.
            -25293 | -61 | -25292 => VaultError::AuthFailed { store },
            -128 => VaultError::Cancelled { store },
            -34018 => VaultError::MissingEntitlement { store },
            -25291 => no_store("no keychain is available in this session (-25291)"),
            -25294 => no_store("the keychain is not there (-25294)"),
            -25295 => no_store("the keychain is damaged (-25295)"),
            -25307 => no_store("there is no default keychain (-25307)"),
            _ => VaultError::Keychain { store, why: format!("OSStatus {code}") },
        },
        Cause::Windows(code) => match code {
            1168 => VaultError::Absent { name: item() },
            1312 => no_store("this logon has no credential set, as over SSH or in a service (error 1312)"),
            5 => VaultError::AuthFailed { store },
            1223 => VaultError::Cancelled { store },
            // RPC_X_BAD_STUB_DATA: what older systems say of a value that is too long.
            1783 => VaultError::TooLong { name: item(), len, limit: super::WINDOWS_LIMIT },
            _ => VaultError::Keychain { store, why: format!("Windows error {code}") },
        },
        Cause::BusLocked => VaultError::KeychainLocked { store },
        Cause::BusDismissed => VaultError::Cancelled { store },
        Cause::BusNoCollection => {
            no_store("it has no login keyring to write into; make one in Passwords and Keys")
        }
        Cause::BusAbsent => no_store("there is no session bus, as over SSH, in WSL or in a container"),
        Cause::Bus(said) => match said.as_str() {
            "org.freedesktop.Secret.Error.IsLocked" => VaultError::KeychainLocked { store },
            "org.freedesktop.Secret.Error.NoSuchObject"
            | "org.freedesktop.DBus.Error.UnknownObject"
            | "org.freedesktop.DBus.Error.UnknownMethod" => VaultError::Absent { name: item() },
            "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
                no_store("nothing on the session bus keeps secrets (no gnome-keyring, KWallet or KeePassXC)")
            }
            "org.freedesktop.DBus.Error.Spawn.ServiceNotFound"
            | "org.freedesktop.DBus.Error.Spawn.ExecFailed"
            | "org.freedesktop.DBus.Error.Spawn.ChildExited"
            | "org.freedesktop.DBus.Error.Spawn.Failed"
            | "org.freedesktop.DBus.Error.NoServer"
            | "org.freedesktop.DBus.Error.Disconnected" => {
                no_store(&format!("it cannot be started ({said})"))
            }
            "org.freedesktop.DBus.Error.AccessDenied" | "org.freedesktop.DBus.Error.AuthFailed" => {
                VaultError::AuthFailed { store }
            }
            _ => VaultError::Keychain { store, why: said },
        },
        Cause::Other(why) => VaultError::Keychain { store, why },
    }
}

/// The number in the words of the Windows store, whose own error type is private.
#[cfg_attr(not(any(target_os = "windows", test)), expect(dead_code, reason = "tested on every system"))]
pub(super) fn windows_words(said: &str) -> Cause {
    let code = match said {
        "Windows ERROR_NO_SUCH_LOGON_SESSION" => Some(1312),
        "Windows ERROR_NOT_FOUND" => Some(1168),
        "Windows ERROR_BAD_USERNAME" => Some(2202),
        "Windows ERROR_INVALID_FLAGS" => Some(1004),
        "Windows ERROR_INVALID_PARAMETER" => Some(87),
        other => other.strip_prefix("Windows error code ").and_then(|code| code.parse().ok()),
    };
    code.map_or_else(|| Cause::Other(said.to_owned()), Cause::Windows)
}

#[cfg(test)]
mod tests {
    use super::{Cause, OsStatus, of_cause, state, windows_words};
    use crate::StoreName::{CredentialManager, MacKeychain, SecretService};
    use keyring_core::Error;

    #[test]
    fn each_number_and_name_is_its_own_state_with_its_own_repair() {
        let bus = |name: &str| Cause::Bus(format!("org.freedesktop.{name}"));
        let table = [
            (MacKeychain, Cause::Mac(-25300), "vault_absent", "sign in or store it again"),
            (
                MacKeychain,
                Cause::Mac(-25299),
                "keychain_duplicate",
                "in Keychain Access, search for `holdpoint`",
            ),
            (MacKeychain, Cause::Mac(-25244), "keychain_foreign_owner", "another signature"),
            (MacKeychain, Cause::Mac(-25243), "keychain_foreign_owner", "another signature"),
            (MacKeychain, Cause::Mac(-25308), "keychain_no_interaction", "security unlock-keychain"),
            (MacKeychain, Cause::Mac(-25315), "keychain_no_interaction", "security unlock-keychain"),
            (MacKeychain, Cause::Mac(-25293), "keychain_auth_failed", "a wrong password"),
            (MacKeychain, Cause::Mac(-61), "keychain_auth_failed", "a wrong password"),
            (MacKeychain, Cause::Mac(-128), "keychain_cancelled", "allow it"),
            (MacKeychain, Cause::Mac(-34018), "keychain_missing_entitlement", "install the signed build"),
            (MacKeychain, Cause::Mac(-25307), "keychain_no_store", "encrypted file"),
            (MacKeychain, Cause::Mac(-25291), "keychain_no_store", "encrypted file"),
            (MacKeychain, Cause::Mac(-50), "keychain_failed", "OSStatus -50"),
            (CredentialManager, Cause::Windows(1168), "vault_absent", "sign in or store it again"),
            (CredentialManager, Cause::Windows(1312), "keychain_no_store", "over SSH"),
            (CredentialManager, Cause::Windows(5), "keychain_auth_failed", "at the machine itself"),
            (CredentialManager, Cause::Windows(1223), "keychain_cancelled", "allow it"),
            (CredentialManager, Cause::Windows(1783), "vault_too_long", "takes 2560"),
            (CredentialManager, Cause::Windows(8), "keychain_failed", "Windows error 8"),
            (SecretService, Cause::BusLocked, "keychain_locked", "gnome-keyring-daemon --unlock"),
            (SecretService, Cause::BusDismissed, "keychain_cancelled", "no screen to ask on"),
            (SecretService, Cause::BusNoCollection, "keychain_no_store", "no login keyring"),
            (SecretService, Cause::BusAbsent, "keychain_no_store", "no session bus"),
            (SecretService, bus("Secret.Error.IsLocked"), "keychain_locked", "unlock it"),
            (SecretService, bus("Secret.Error.NoSuchObject"), "vault_absent", "sign in"),
            (
                SecretService,
                bus("DBus.Error.ServiceUnknown"),
                "keychain_no_store",
                "nothing on the session bus",
            ),
            (SecretService, bus("DBus.Error.AccessDenied"), "keychain_auth_failed", "refused access"),
            (SecretService, bus("DBus.Error.NoReply"), "keychain_failed", "NoReply"),
            (SecretService, Cause::Other("odd".to_owned()), "keychain_failed", "odd"),
        ];
        for (store, cause, code, said) in table {
            let error = of_cause(store, "sso/corp", 9000, cause.clone());
            assert_eq!(error.code(), code, "{cause:?}");
            assert!(error.to_string().contains(said), "{cause:?}: {error}");
            assert!(error.to_string().contains(';'), "names no next action: {error}");
        }
    }

    #[test]
    fn the_library_is_told_apart_and_its_bytes_are_never_shown() {
        let planted = b"planted".to_vec();
        let cases = [
            (Error::NoEntry, "vault_absent"),
            (Error::Ambiguous(Vec::new()), "keychain_duplicate"),
            (Error::BadEncoding(planted.clone()), "keychain_damaged"),
            (Error::BadDataFormat(planted, Box::new(OsStatus(1))), "keychain_damaged"),
            (Error::TooLong("secret".to_owned(), 2560), "vault_too_long"),
            (Error::NotSupportedByStore("search".to_owned()), "keychain_failed"),
            (Error::NoDefaultStore, "keychain_no_store"),
            (OsStatus(-25308).into_error(), "keychain_no_interaction"),
            (OsStatus(-25300).into_error(), "vault_absent"),
        ];
        for (error, code) in cases {
            let state = state(MacKeychain, "a", 3000, error);
            assert_eq!(state.code(), code);
            assert!(!format!("{state} {state:?}").contains("planted"), "{state:?}");
        }
    }

    #[test]
    fn windows_words_are_its_numbers() {
        assert_eq!(windows_words("Windows ERROR_NO_SUCH_LOGON_SESSION"), Cause::Windows(1312));
        assert_eq!(windows_words("Windows error code 5"), Cause::Windows(5));
        assert_eq!(windows_words("odd"), Cause::Other("odd".to_owned()));
    }
}
