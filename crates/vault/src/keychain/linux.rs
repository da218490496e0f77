//! Linux: the Secret Service on the session bus.

use super::fault::Cause;
use super::{OsStatus, Shape};
use keyring_core::CredentialStore;
use secret_service::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;

pub(super) const SHAPE: Shape = Shape::SECRET_SERVICE;

/// Connects to the session bus and opens an encrypted session with whoever keeps secrets there.
pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

/// What the store's error stands on.
pub(super) fn cause(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Cause {
    if let Some(OsStatus(code)) = error.downcast_ref() {
        return Cause::Mac(*code);
    }
    match error.downcast_ref() {
        Some(Error::Locked) => Cause::BusLocked,
        Some(Error::Prompt | Error::PromptDisconnected) => Cause::BusDismissed,
        Some(Error::NoResult) => Cause::BusNoCollection,
        Some(Error::Unavailable) => Cause::BusAbsent,
        Some(other) if no_bus(other) => Cause::BusAbsent,
        Some(other) => bus_name(&other.to_string()),
        None => Cause::Other(error.to_string()),
    }
}

/// Whether the bus' socket is not there, or nobody listens on it any more.
fn no_bus(error: &Error) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        let io = error
            .downcast_ref::<io::Error>()
            .or_else(|| error.downcast_ref::<Arc<io::Error>>().map(|e| &**e));
        if let Some(io) = io {
            return matches!(
                io.kind(),
                ErrorKind::NotFound
                    | ErrorKind::ConnectionRefused
                    | ErrorKind::ConnectionReset
                    | ErrorKind::BrokenPipe
            );
        }
        next = error.source();
    }
    false
}

/// The first word that is a D-Bus error's name, without the colon after it.
fn bus_name(said: &str) -> Cause {
    let name = said.split([' ', ':']).find(|word| word.starts_with("org.freedesktop."));
    name.map_or_else(|| Cause::Other(said.to_owned()), |name| Cause::Bus(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Cause, Error, cause};

    #[test]
    fn errors_of_the_bus_go_by_their_name() {
        let table = [
            (Error::Locked, Cause::BusLocked),
            (Error::Prompt, Cause::BusDismissed),
            (Error::NoResult, Cause::BusNoCollection),
            (Error::Unavailable, Cause::BusAbsent),
            (Error::Crypto("bad padding"), Cause::Other("Crypto error: bad padding".to_owned())),
        ];
        for (error, expected) in table {
            assert_eq!(cause(&error), expected);
        }
        let said = "zbus error: org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable";
        assert_eq!(super::bus_name(said), Cause::Bus("org.freedesktop.DBus.Error.ServiceUnknown".to_owned()));
    }
}
