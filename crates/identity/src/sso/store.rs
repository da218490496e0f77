//! Where the tokens of sessions are: the shared folder, or the vault.

use super::cache::{self, Found};
use super::document::Document;
use super::error::Trouble;
use super::places::Places;
use super::registration::{self, Registration};
use super::session::SsoSession;
use super::standing::Keeping;
use crate::{Env, Prefs};
use holdpoint_vault::{ItemNote, Vault, VaultError};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Finds, keeps and removes tokens. Its calls read and write files and may ask a keychain: they block.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) places: Option<Places>,
}

/// What can be told of a token in the vault without opening it.
pub(crate) struct Told {
    pub(crate) ends_at: Option<SystemTime>,
    pub(crate) renews: bool,
    note: ItemNote,
}

impl Told {
    /// Whether the item still holds this token. Its end does not tell: two tokens of one second end in one second.
    pub(crate) fn is_of(&self, session: &SsoSession, document: &Document) -> bool {
        self.note == note_of(session, document)
    }
}

impl Store {
    pub(crate) fn new(env: &Env, places: Option<Places>) -> Self {
        Self { folder: cache::folder(env), places }
    }

    /// Where the session's token is to be kept.
    pub(crate) fn keeping(&self, session: &SsoSession) -> Result<Keeping, Trouble> {
        let Some(places) = &self.places else { return Ok(Keeping::Shared) };
        let alone = Prefs::open(&places.home)?.is_in_vault(&session.key());
        Ok(if alone { Keeping::Vault } else { Keeping::Shared })
    }

    /// The file that is shared with the AWS CLI.
    pub(crate) fn shared_file(&self, session: &SsoSession) -> Result<PathBuf, Trouble> {
        let folder = self.folder.as_deref().ok_or(Trouble::NoHome)?;
        Ok(cache::file_of(folder, &session.key()))
    }

    pub(crate) fn vault(&self, session: &SsoSession) -> Result<&Arc<dyn Vault>, Trouble> {
        let vault = self.places.as_ref().and_then(|places| places.vault.as_ref());
        vault.ok_or_else(|| Trouble::NoVault { session: session.name.clone() })
    }

    pub(crate) fn load(&self, session: &SsoSession, keeping: Keeping) -> Result<Found<Document>, Trouble> {
        match keeping {
            Keeping::Shared => cache::read(&self.shared_file(session)?),
            Keeping::Vault => match self.vault(session)?.get(&item_of(session)) {
                Ok(value) => Ok(match Document::read(value.expose()) {
                    Ok(document) => Found::One(document),
                    Err(why) => Found::Torn { path: PathBuf::from(item_of(session)), why },
                }),
                Err(VaultError::Absent { .. }) => Ok(Found::Nothing),
                Err(error) => Err(error.into()),
            },
        }
    }

    pub(crate) fn save(
        &self,
        session: &SsoSession,
        keeping: Keeping,
        document: &Document,
    ) -> Result<(), Trouble> {
        match keeping {
            Keeping::Shared => cache::write(&self.shared_file(session)?, document.write().expose()),
            Keeping::Vault => {
                let note = note_of(session, document);
                Ok(self.vault(session)?.put_noted(&item_of(session), document.write().expose(), &note)?)
            }
        }
    }

    /// Whether a token could be kept, found out before a person is sent to sign in.
    pub(crate) fn probe(&self, session: &SsoSession, keeping: Keeping) -> Result<(), Trouble> {
        match keeping {
            Keeping::Shared => cache::probe(self.folder.as_deref().ok_or(Trouble::NoHome)?),
            // A listing opens nothing and fails where a vault is locked or gone.
            Keeping::Vault => self.vault(session)?.list().map(drop).map_err(Trouble::from),
        }
    }

    /// Whether a successor of the token that is kept could be kept in its place, found out before its refresh token is
    /// spent: a disk that takes a listing or a lock may yet be full. The caller holds the session's lock.
    pub(crate) fn probe_over(
        &self,
        session: &SsoSession,
        keeping: Keeping,
        kept: &Document,
    ) -> Result<(), Trouble> {
        match keeping {
            Keeping::Shared => self.probe(session, keeping),
            // A vault has no place for a trial: what is there is written once more.
            Keeping::Vault => self.save(session, keeping, kept),
        }
    }

    /// What the vault tells of the session's token; `None` when it has none.
    pub(crate) fn told(&self, session: &SsoSession) -> Result<Option<Told>, Trouble> {
        let item = item_of(session);
        let listed = self.vault(session)?.list()?;
        Ok(listed.into_iter().find(|listed| listed.name == item).map(|found| Told {
            ends_at: found.note.ends_at.and_then(at_second),
            renews: found.note.what.starts_with(RENEWING),
            note: found.note,
        }))
    }

    pub(crate) fn remove(&self, session: &SsoSession, keeping: Keeping) -> Result<(), Trouble> {
        match keeping {
            Keeping::Shared => cache::remove(&self.shared_file(session)?),
            Keeping::Vault => match self.vault(session)?.delete(&item_of(session)) {
                Ok(()) | Err(VaultError::Absent { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// A client that was registered before and may still be used, by the AWS CLI or by Holdpoint.
    pub(crate) fn registration(
        &self,
        session: &SsoSession,
        keeping: Keeping,
        browser: bool,
        now: SystemTime,
    ) -> Option<Registration> {
        match keeping {
            // What cannot be read is registered anew: that costs one call and no person's time.
            Keeping::Shared => registration::read(self.folder.as_deref()?, session)
                .filter(|found| found.is_for(browser) && found.lasts(now)),
            // In the vault it is a part of its token's item, one item a session, and each sign-in registers its own.
            Keeping::Vault => None,
        }
    }

    /// A client that AWS did not take is registered anew the next time. One that another tool has registered in its
    /// place since stays.
    pub(crate) fn forget_registration(&self, session: &SsoSession, keeping: Keeping, client: &str) {
        let (Keeping::Shared, Some(folder)) = (keeping, self.folder.as_deref()) else { return };
        if registration::read(folder, session).is_none_or(|kept| kept.id != client) {
            return;
        }
        if let Err(error) = self.remove_registration(session) {
            tracing::warn!(%error, "a registration that AWS does not take could not be removed");
        }
    }

    /// Removes the session's registration from the shared folder.
    pub(crate) fn remove_registration(&self, session: &SsoSession) -> Result<(), Trouble> {
        let folder = self.folder.as_deref().ok_or(Trouble::NoHome)?;
        cache::remove(&registration::file_of(folder, session))
    }

    pub(crate) fn save_registration(
        &self,
        session: &SsoSession,
        keeping: Keeping,
        found: &Registration,
    ) -> Result<(), Trouble> {
        match keeping {
            Keeping::Shared => {
                let folder = self.folder.as_deref().ok_or(Trouble::NoHome)?;
                cache::write(&registration::file_of(folder, session), found.write().expose())
            }
            Keeping::Vault => Ok(()),
        }
    }
}

/// How the note of an item begins whose token is renewed without a person.
const RENEWING: &str = "SSO session, renews: ";
const ENDING: &str = "SSO session: ";

pub(crate) fn item_of(session: &SsoSession) -> String {
    format!("sso/{}", session.key())
}

fn note_of(session: &SsoSession, document: &Document) -> ItemNote {
    let is_renewing =
        document.refresh.is_some() && document.client.as_ref().is_some_and(|c| c.ends.is_some());
    let kind = if is_renewing { RENEWING } else { ENDING };
    let ends_at = document.expires_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    // Of a secret that cannot be guessed these few digits tell nothing but whether it is another one.
    let digest = Sha256::digest(document.access.expose());
    let revision: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    ItemNote {
        what: format!("{kind}{}, revision {revision}", session.name),
        ends_at: i64::try_from(ends_at).ok(),
    }
}

fn at_second(seconds: i64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
