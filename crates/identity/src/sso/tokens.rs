//! The one door of a process to the tokens of SSO sessions.

use super::cache::Found;
use super::document::Document;
use super::error::{TokenError, Trouble};
use super::places::Places;
use super::session::SsoSession;
use super::sign_in::UnderWay;
use super::standing::{Keeping, Standing};
use super::store::Store;
use super::{SharedClock, SystemClock, lock, refresh};
use crate::portal::Pacer;
use crate::{Env, Prefs};
use holdpoint_redact::Secret;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A token with less than this left is renewed before it is given out: sooner than the SDKs (5 minutes), so that
/// their own renewals, which take no lock, are rarely needed.
pub(crate) const AHEAD: Duration = Duration::from_secs(10 * 60);

/// As the AWS CLI waits for a browser (`AuthCodeFetcher._OVERALL_TIMEOUT`).
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The tokens of this process. Cheap to clone; all clones share what they know.
#[derive(Clone)]
pub struct Tokens {
    pub(crate) desk: Arc<Desk>,
}

/// A token that was good when it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessToken {
    /// The token.
    pub secret: Secret,
    /// When it ends.
    pub expires_at: SystemTime,
    /// The region of the instance that gave it: for a start URL of a company's own, where it led.
    pub region: String,
}

pub(crate) struct Desk {
    pub(crate) env: Env,
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    /// How long a browser is waited for.
    pub(crate) patience: Duration,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// What one session has in this process.
#[derive(Default)]
pub(crate) struct Line {
    /// Held over a renewal, a sign-out and a move: one at a time.
    pub(crate) gate: tokio::sync::Mutex<()>,
    pub(crate) held: Mutex<Held>,
    /// The sign-in that everybody joins.
    pub(crate) under: Mutex<Option<Arc<UnderWay>>>,
    /// Of the calls to the portal.
    pacer: Arc<Pacer>,
}

/// What is known without reading.
#[derive(Default)]
pub(crate) struct Held {
    /// From the vault, which is opened once; or what could not be written.
    pub(crate) document: Option<Document>,
    /// Whether `document` is still to be written.
    pub(crate) is_unsaved: bool,
    /// When a renewal was tried last.
    pub(crate) tried: Option<SystemTime>,
}

impl Tokens {
    /// The tokens below the home folder and the vault of these places.
    pub fn new(env: &Env, places: &Places, clock: SharedClock) -> Self {
        Self::with(env, Some(places.clone()), clock, PATIENCE)
    }

    /// The tokens that the environment leads to, without a vault, by the system's clock.
    pub fn of(env: &Env) -> Self {
        Self::with(env, Places::of(env), SharedClock::new(SystemClock::new()), PATIENCE)
    }

    /// The same, to wait this long for a browser instead of ten minutes. Nothing that is held goes along.
    #[must_use]
    pub fn waiting(&self, patience: Duration) -> Self {
        Self::with(&self.desk.env, self.desk.store.places.clone(), self.desk.clock.clone(), patience)
    }

    fn with(env: &Env, places: Option<Places>, clock: SharedClock, patience: Duration) -> Self {
        let store = Store::new(env, places);
        let lines = Mutex::default();
        Self { desk: Arc::new(Desk { env: env.clone(), store, clock, patience, lines }) }
    }

    /// How the session stands. Reads files and no more than the names in a vault; asks no network. What AWS ended in
    /// the meantime is not seen: only a call tells.
    pub fn standing(&self, session: &SsoSession) -> Standing {
        let now = self.desk.clock.now();
        match self.desk.standing(session, now) {
            Ok(standing) => standing,
            Err(Trouble::Prefs(error)) => {
                let path = self.desk.home().map(|home| home.join("identities.json")).unwrap_or_default();
                Standing::Torn { path, why: error.to_string() }
            }
            Err(trouble @ (Trouble::Vault(_) | Trouble::NoVault { .. })) => {
                Standing::VaultLocked { why: trouble.to_string() }
            }
            Err(Trouble::NoHome) => Standing::SignedOut,
            Err(trouble) => Standing::Torn {
                path: self.desk.store.shared_file(session).unwrap_or_default(),
                why: trouble.to_string(),
            },
        }
    }

    /// A token with some life left: the one that is kept, or a renewed one. All who ask meanwhile, in any number of
    /// processes, share one renewal; who stops waiting does not stop it, as its refresh token is good for one use.
    ///
    /// # Errors
    /// [`TokenError`], each with its next action.
    pub async fn token(&self, session: &SsoSession) -> Result<AccessToken, TokenError> {
        let (desk, of) = (self.desk.clone(), session.clone());
        let kept = blocking(move || desk.load(&of)).await?;
        if let (_, Found::One(document)) = &kept
            && document.left(self.desk.clock.now()) > AHEAD
        {
            return Ok(AccessToken::of(document, session));
        }
        let (desk, of) = (self.desk.clone(), session.clone());
        let renewal = tokio::spawn(async move { refresh::renewed(&desk, &of, None).await });
        match renewal.await {
            Ok(done) => done.map(|document| AccessToken::of(&document, session)),
            Err(error) => Err(Trouble::Broke { why: error.to_string() }.into()),
        }
    }

    /// A token in the place of one that AWS has refused before its time: another that is there meanwhile, or a renewed
    /// one.
    ///
    /// # Errors
    /// [`TokenError`]: the sign-in is over, and whoever signs in next is asked anew.
    pub(crate) async fn token_after(
        &self,
        session: &SsoSession,
        refused: &AccessToken,
    ) -> Result<AccessToken, TokenError> {
        let (desk, of, secret) = (self.desk.clone(), session.clone(), refused.secret.clone());
        let renewal = tokio::spawn(async move { refresh::renewed(&desk, &of, Some(&secret)).await });
        match renewal.await {
            Ok(Ok(document)) => Ok(AccessToken::of(&document, session)),
            Ok(Err(error)) => {
                self.desk.forget_last_sign_in(session);
                Err(error)
            }
            Err(error) => Err(Trouble::Broke { why: error.to_string() }.into()),
        }
    }

    /// Forgets what this process holds of vault-kept tokens, for a locked screen. What is kept stays kept.
    pub fn forget(&self) {
        let lines = self.desk.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.values() {
            let mut held = line.held();
            // What could not be written yet is nowhere else.
            if !held.is_unsaved {
                held.document = None;
            }
        }
    }

    /// The pace of this process's calls to the session's portal.
    pub(crate) fn pacer(&self, session: &SsoSession) -> Arc<Pacer> {
        self.desk.line(session).pacer.clone()
    }

    /// Where the session's token is kept, or is to be kept.
    ///
    /// # Errors
    /// [`Trouble::Prefs`].
    pub fn keeping(&self, session: &SsoSession) -> Result<Keeping, Trouble> {
        self.desk.store.keeping(session)
    }

    /// Keeps the session's token elsewhere from now on, and moves the one that is there: no new sign-in. It is first
    /// written to its new place and then removed from the old one.
    ///
    /// # Errors
    /// [`Trouble`]; the token is then in at least one of the two places.
    pub async fn keep(&self, session: &SsoSession, keeping: Keeping) -> Result<(), Trouble> {
        let line = self.desk.line(session);
        let _gate = line.gate.lock().await;
        let home = self.desk.home().ok_or(Trouble::NoHome)?.to_owned();
        let _lock = lock::take(&home, &session.key()).await?;
        let (desk, of) = (self.desk.clone(), session.clone());
        blocking(move || desk.moved(&of, &home, keeping)).await
    }
}

impl Desk {
    /// A sign-in that AWS has ended serves nobody who asks for one.
    fn forget_last_sign_in(&self, session: &SsoSession) {
        let Some(home) = self.home() else { return };
        // A sign-in that is under way writes its own note.
        if let Ok(lock::Try::Held(lock)) = lock::try_take(home, &format!("{}.sign-in", session.key())) {
            lock.leave("");
        }
    }

    pub(crate) fn line(&self, session: &SsoSession) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(session.key()).or_default().clone()
    }

    pub(crate) fn home(&self) -> Option<&Path> {
        self.store.places.as_ref().map(|places| places.home.as_path())
    }

    /// The token as it is kept, and where. A vault is opened once: its token is held afterwards.
    pub(crate) fn load(&self, session: &SsoSession) -> Result<(Keeping, Found<Document>), Trouble> {
        let keeping = self.store.keeping(session)?;
        let line = self.line(session);
        let held = line.held().document.clone();
        if let Some(document) = held {
            if line.held().is_unsaved {
                self.save_late(session, keeping, &line, &document);
                return Ok((keeping, Found::One(document)));
            }
            if keeping == Keeping::Vault {
                return Ok((keeping, Found::One(document)));
            }
        }
        self.reload(session, keeping)
    }

    /// The token as it is kept, whatever is held.
    pub(crate) fn reload(
        &self,
        session: &SsoSession,
        keeping: Keeping,
    ) -> Result<(Keeping, Found<Document>), Trouble> {
        let found = self.store.load(session, keeping)?;
        let kept = match (&found, keeping) {
            (Found::One(document), Keeping::Vault) => Some(document.clone()),
            (Found::One(_) | Found::Nothing | Found::Torn { .. }, _) => None,
        };
        let line = self.line(session);
        let mut held = line.held();
        held.document = kept;
        held.is_unsaved = false;
        Ok((keeping, found))
    }

    /// Writes a token; one that cannot be written is held, so that the renewal is not lost.
    pub(crate) fn save(
        &self,
        session: &SsoSession,
        keeping: Keeping,
        document: &Document,
    ) -> Result<(), Trouble> {
        let saved = self.store.save(session, keeping, document);
        let line = self.line(session);
        let mut held = line.held();
        held.is_unsaved = saved.is_err();
        held.document = (held.is_unsaved || keeping == Keeping::Vault).then(|| document.clone());
        saved
    }

    /// Tries again to write what could not be written, unless somebody else has written since.
    fn save_late(&self, session: &SsoSession, keeping: Keeping, line: &Line, document: &Document) {
        let newer = match self.store.load(session, keeping) {
            Ok(Found::One(kept)) => kept.expires_at >= document.expires_at,
            Ok(Found::Nothing | Found::Torn { .. }) => false,
            Err(_) => return,
        };
        if newer || self.store.save(session, keeping, document).is_ok() {
            let mut held = line.held();
            held.is_unsaved = false;
            if keeping == Keeping::Shared || newer {
                held.document = None;
            }
        }
    }

    fn standing(&self, session: &SsoSession, now: SystemTime) -> Result<Standing, Trouble> {
        let keeping = self.store.keeping(session)?;
        let held = self.line(session).held().document.clone();
        if let Some(document) = held.filter(|document| document.left(now) > Duration::ZERO) {
            return Ok(standing_of(&document, keeping, now));
        }
        if keeping == Keeping::Vault {
            let Some(told) = self.store.told(session)? else { return Ok(Standing::SignedOut) };
            if let Some(ends_at) = told.ends_at {
                return Ok(if ends_at > now {
                    Standing::SignedIn {
                        expires_at: ends_at,
                        renews: told.renews,
                        registration_ends: None,
                        kept: keeping,
                        session_ends: (!told.renews).then_some(ends_at),
                    }
                } else {
                    Standing::Expired { since: ends_at, renews: told.renews }
                });
            }
        }
        Ok(match self.store.load(session, keeping)? {
            Found::Nothing => Standing::SignedOut,
            Found::Torn { path, why } => Standing::Torn { path, why },
            Found::One(document) => standing_of(&document, keeping, now),
        })
    }

    fn moved(&self, session: &SsoSession, home: &Path, to: Keeping) -> Result<(), Trouble> {
        let (from, found) = self.load(session)?;
        if from == to {
            return Ok(());
        }
        match found {
            Found::One(document) => self.save(session, to, &document)?,
            // What is torn is not moved and not removed.
            Found::Torn { .. } | Found::Nothing => {}
        }
        Prefs::change(home, |prefs| prefs.keep_in_vault(&session.key(), to == Keeping::Vault))?;
        if matches!(self.store.load(session, to)?, Found::One(_)) {
            self.store.remove(session, from)?;
            if from == Keeping::Shared {
                self.store.remove_registration(session)?;
            }
        }
        Ok(())
    }
}

impl Line {
    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a token tells of its session.
pub(crate) fn standing_of(document: &Document, kept: Keeping, now: SystemTime) -> Standing {
    let renews = document.renewal(now).is_ok();
    if document.left(now) == Duration::ZERO {
        return Standing::Expired { since: document.expires_at, renews };
    }
    Standing::SignedIn {
        expires_at: document.expires_at,
        renews,
        registration_ends: document.client.as_ref().and_then(|client| client.ends),
        kept,
        session_ends: (!renews).then_some(document.expires_at),
    }
}

/// Work that reads files or asks a keychain.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Trouble> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Trouble::Broke { why: error.to_string() }.into()),
    }
}

impl AccessToken {
    fn of(document: &Document, session: &SsoSession) -> Self {
        let region = document.region.clone().unwrap_or_else(|| session.region.clone());
        Self { secret: document.access.clone(), expires_at: document.expires_at, region }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}
