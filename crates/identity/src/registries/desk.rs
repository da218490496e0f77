//! The one who answers for registries: logins by profile and region, in memory, renewed at half of their life.

use super::host::{BadHost, host_of, registry_of};
use super::map::{Registries, Unowned};
use super::token::{MintError, RegistryToken, mint};
use crate::{Clock, Env, Session, SessionError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use holdpoint_redact::{REDACTED, SHORTEST, Secret};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Opens the session of a profile, in a region when the profile need not name one.
pub type OpenSession = Arc<
    dyn Fn(String, Option<String>) -> Pin<Box<dyn Future<Output = Result<Session, SessionError>> + Send>>
        + Send
        + Sync,
>;

/// Answers for registries. Nothing of it is ever written to a disk.
pub struct RegistryDesk {
    registries: Registries,
    open: OpenSession,
    /// The identity of the child that is answered: it answers for ECR's hosts that nobody mapped.
    own: Option<Session>,
    held: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Held>>>>,
    /// What a child's `docker login` left, for its own time.
    kept: Mutex<BTreeMap<String, Login>>,
    /// Every password that was had or kept, as it is and in base64. The run's own filter knows more forms, and takes
    /// too long to learn a value of several kilobytes while a client waits.
    seen: Mutex<BTreeSet<String>>,
    /// Bytes of the longest of them.
    longest: AtomicUsize,
}

/// A user and a password for a registry.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub secret: Secret,
    /// When it ends, where that is known.
    pub ends_at: Option<SystemTime>,
}

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Text that is no host.
    #[error(transparent)]
    Host(#[from] BadHost),
    /// Nobody answers for the host; [`Unowned::NotOurs`] alone lets a client go on without a login.
    #[error(transparent)]
    Unowned(#[from] Unowned),
    /// The profile gives no session.
    #[error("{host} is mapped to the profile `{profile}`: {why}")]
    Session {
        /// The host.
        host: String,
        /// The profile.
        profile: String,
        /// Why it gives none.
        why: Box<SessionError>,
    },
    /// ECR gave none.
    #[error("no login for {host}: {why}")]
    Mint {
        /// The host.
        host: String,
        /// Why not.
        why: Box<MintError>,
    },
    /// A password that would have to be kept.
    #[error(
        "Holdpoint keeps no passwords of registries, so the login of {host} was not stored: use another credential helper for this host"
    )]
    NotKept {
        /// The host.
        host: String,
    },
}

impl RegistryError {
    /// Whether a client should go on without a login: only for a host that is nobody's.
    pub fn is_nobodys(&self) -> bool {
        matches!(self, Self::Unowned(Unowned::NotOurs { .. }))
    }
}

/// Sessions by [`Session::live`].
pub fn live_sessions(env: &Env) -> OpenSession {
    let env = env.clone();
    Arc::new(move |profile, region| {
        let env = env.clone();
        Box::pin(async move { Session::live(&env, Some(&profile), region.as_deref()).await })
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// `None`: the child's own identity.
    profile: Option<String>,
    /// `None`: the session's own region.
    region: Option<String>,
    /// Had from ECR's endpoint of validated cryptography.
    fips: bool,
}

#[derive(Default)]
struct Held {
    session: Option<Session>,
    token: Option<RegistryToken>,
}

impl RegistryDesk {
    /// For the operator, who has no identity but those of profiles.
    pub fn new(registries: Registries, open: OpenSession) -> Self {
        Self {
            registries,
            open,
            own: None,
            held: Mutex::default(),
            kept: Mutex::default(),
            seen: Mutex::default(),
            longest: AtomicUsize::new(0),
        }
    }

    /// For a child with an identity: it answers for every host of ECR that is not mapped, and what the child logs in
    /// to by itself is remembered for its time.
    pub fn of_child(registries: Registries, open: OpenSession, own: Session) -> Self {
        Self { own: Some(own), ..Self::new(registries, open) }
    }

    /// Who answers for which host.
    pub fn registries(&self) -> &Registries {
        &self.registries
    }

    /// The child's identity.
    pub fn own(&self) -> Option<&Session> {
        self.own.as_ref()
    }

    /// A login for a host.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn login(&self, asked: &str) -> Result<Login, RegistryError> {
        let host = host_of(asked)?;
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&host) {
            return Ok(kept.clone());
        }
        let token = self.token(&host).await?;
        Ok(Login { username: token.username, secret: token.secret, ends_at: Some(token.ends_at) })
    }

    /// A client has logged in by itself. ECR's own logins are not remembered, since there is a newer one whenever it
    /// is asked for; others are, for a child and its time.
    ///
    /// # Errors
    /// [`RegistryError::NotKept`] outside of a child.
    pub fn store(&self, asked: &str, login: Login) -> Result<(), RegistryError> {
        let host = host_of(asked)?;
        if self.is_minted(&host) {
            return Ok(());
        }
        if self.own.is_none() {
            return Err(RegistryError::NotKept { host });
        }
        self.learn(&login.secret);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(host, login);
        Ok(())
    }

    /// A client logs out: what it has logged in to by itself is forgotten.
    ///
    /// # Errors
    /// [`RegistryError::Host`].
    pub fn erase(&self, asked: &str) -> Result<(), RegistryError> {
        let host = host_of(asked)?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&host);
        Ok(())
    }

    /// Hosts with their users: those that a client may ask for one after the other. A child is told only of what it
    /// has logged in to, since clients give up all of a build when one of the list has no login.
    pub fn list(&self) -> BTreeMap<String, String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hosts: BTreeMap<String, String> =
            kept.iter().map(|(host, login)| (host.clone(), login.username.clone())).collect();
        if self.own.is_none() {
            hosts.extend(self.registries.mapped().keys().map(|host| (host.clone(), "AWS".to_owned())));
        }
        hosts
    }

    /// The ends of the logins that are held. They are renewed without a person as long as their identity is.
    pub fn clocks(&self) -> Vec<Clock> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = |(key, held): (&Key, &Arc<tokio::sync::Mutex<Held>>)| {
            let held = held.try_lock().ok()?;
            let region = key.region.as_deref().or_else(|| Some(held.session.as_ref()?.region()))?;
            let source = match &key.profile {
                Some(profile) => format!("ECR of {region} with profile `{profile}`"),
                None => format!("ECR of {region}"),
            };
            Some(Clock { ends_at: held.token.as_ref()?.ends_at, renews: true, source })
        };
        held.iter().filter_map(clock).collect()
    }

    /// Text without any password that was given to who asked: a program may print what it was told.
    pub fn veiled<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut veiled = Cow::Borrowed(text);
        for form in seen.iter().filter(|form| text.contains(form.as_str())) {
            veiled = Cow::Owned(veiled.replace(form.as_str(), REDACTED));
        }
        veiled
    }

    /// Bytes of the longest password that was given; 0 before the first.
    pub fn longest(&self) -> usize {
        self.longest.load(Ordering::SeqCst)
    }

    /// Forgets every login, but not what must be veiled.
    pub fn forget(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn learn(&self, secret: &Secret) {
        let secret_text = secret.expose();
        if secret_text.len() >= SHORTEST {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.extend(in_base64(secret_text));
            seen.insert(secret_text.to_owned());
        }
        self.longest.fetch_max(secret.expose().len(), Ordering::SeqCst);
    }

    /// Whether logins of this host are ECR's own.
    fn is_minted(&self, host: &str) -> bool {
        registry_of(host).is_some() || self.registries.mapped().contains_key(host)
    }

    async fn token(&self, host: &str) -> Result<RegistryToken, RegistryError> {
        let registry = registry_of(host);
        let region = registry.as_ref().map(|registry| registry.region.clone());
        let mapped = self.registries.mapped().contains_key(host);
        let profile = match (&self.own, &registry) {
            (Some(_), Some(_)) if !mapped => None,
            (Some(_) | None, Some(_) | None) => Some(self.registries.owner(host)?.profile),
        };
        let fips = registry.as_ref().is_some_and(|registry| registry.fips);
        let key = Key { profile, region, fips };
        let place = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.entry(key.clone()).or_default().clone()
        };
        // Held over the call: who comes meanwhile waits for it and does not start another.
        let mut held = place.lock().await;
        let session = match (&held.session, &self.own, &key.profile) {
            (Some(session), _, _) | (None, Some(session), None) => session.clone(),
            (None, _, profile) => {
                let profile = profile.clone().unwrap_or_default();
                let opened = (self.open)(profile.clone(), key.region.clone()).await;
                opened.map_err(|why| RegistryError::Session {
                    host: host.to_owned(),
                    profile,
                    why: Box::new(why),
                })?
            }
        };
        let now = session.config().time_source().map_or(SystemTime::UNIX_EPOCH, |clock| clock.now());
        held.session = Some(session.clone());
        if let Some(token) = held.token.as_ref().filter(|token| !token.is_half_spent(now)) {
            return Ok(token.clone());
        }
        match (mint(&session, registry.as_ref()).await, &held.token) {
            (Ok(token), _) => {
                self.learn(&token.secret);
                held.token = Some(token.clone());
                Ok(token)
            }
            // The one in hand is good to its end.
            (Err(why), Some(token)) if !token.has_ended(now) => {
                tracing::warn!(%why, host, "a registry's login was not renewed; the one in hand is used to its end");
                Ok(token.clone())
            }
            (Err(why), _) => Err(RegistryError::Mint { host: host.to_owned(), why: Box::new(why) }),
        }
    }
}

/// What of a text in base64 is the same whatever stands before and after it: one form for each offset.
fn in_base64(text: &str) -> impl Iterator<Item = String> {
    (0..3_usize).map(move |offset| {
        let bytes = [&[0_u8; 2][..offset], text.as_bytes()].concat();
        let form = STANDARD_NO_PAD.encode(&bytes);
        let from = if offset == 0 { 0 } else { offset + 1 };
        let until = form.len() - usize::from(bytes.len() % 3 != 0);
        form.get(from..until).unwrap_or_default().to_owned()
    })
}

impl fmt::Debug for RegistryDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryDesk").field("registries", &self.registries).finish_non_exhaustive()
    }
}
