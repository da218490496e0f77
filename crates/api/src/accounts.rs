//! The Accounts screen: sessions with their accounts, as known at once and refreshed behind.

use crate::Problem;
use crate::console::Console;
use crate::marks::{alias_of, colour_of, weight_of};
use crate::profiles::Shown;
use crate::sign_in::is_under_way;
use crate::times::{iso, iso_of};
use crate::views::{
    AccountView, AccountsView, KeptIn, RoleView, SecretAction, SecretView, SessionView, StandingKind, Update,
};
use holdpoint_identity::{Account, Keeping, Prefs, Profile, SsoSession, Standing, TreeUpdate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// The least time between two pushes of a tree that grows.
const PUSH_EVERY: Duration = Duration::from_millis(250);

/// How often is looked whether a refresh has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Refreshes of trees, by session.
#[derive(Default)]
pub(crate) struct Trees {
    loading: BTreeMap<String, String>,
    problems: BTreeMap<String, Problem>,
    /// What a refresh has found so far.
    growing: BTreeMap<String, Vec<Account>>,
}

/// What a console holds of them.
pub(crate) type Held = Mutex<Trees>;

impl Console {
    /// All of the screen, from files and memory alone.
    pub async fn accounts_view(self: &Arc<Self>) -> Result<AccountsView, Problem> {
        let found = self.read_profiles().await?;
        let sessions = self.sso_sessions().await?;
        let (console, asked) = (Arc::clone(self), sessions.clone());
        // Standings read files, and names in a vault.
        let read = tokio::task::spawn_blocking(move || {
            let of = |session: &SsoSession| {
                let tokens = &console.identities.tokens;
                let kept = tokens.keeping(session).unwrap_or(Keeping::Shared);
                (tokens.standing(session), kept, console.identities.portal.known(session))
            };
            asked.iter().map(of).collect::<Vec<_>>()
        });
        let read = read.await.map_err(|gone| Problem::new(format!("sessions could not be read: {gone}")))?;
        let prefs = self.prefs();
        let mut by_session: BTreeMap<&str, Vec<&Profile>> = BTreeMap::new();
        for profile in &found.profiles {
            if let Some(name) = &profile.sign_in {
                by_session.entry(name).or_default().push(profile);
            }
        }
        let mut secrets = Vec::new();
        let mut views = Vec::new();
        for (session, (standing, kept, known)) in sessions.iter().zip(read) {
            let profiles = by_session.get(session.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let known = self.trees().growing.get(&session.key()).cloned().unwrap_or(known);
            let view = self.session_view(session, &standing, kept, &known, profiles, &prefs);
            secrets.extend(secret_of(&view, &self.vault_view().title));
            views.push(view);
        }
        secrets.extend(self.secrets_in_memory());
        let names: BTreeSet<&str> = sessions.iter().map(|session| session.name.as_str()).collect();
        let shown = Shown::new(prefs);
        let without =
            |profile: &&Profile| !profile.sign_in.as_deref().is_some_and(|name| names.contains(name));
        Ok(AccountsView {
            sessions: views,
            profiles: found.profiles.iter().filter(without).map(|profile| shown.profile(profile)).collect(),
            secrets,
            vault: self.vault_view(),
            explanation: found.explanation.clone(),
        })
    }

    /// Asks the portal for a session's accounts anew, behind what is shown. One refresh at a time for each session.
    pub async fn refresh_accounts(self: &Arc<Self>, key: &str) -> Result<(), Problem> {
        let session = self.sso_session(key).await?;
        {
            let mut trees = self.trees();
            if trees.loading.contains_key(key) {
                return Ok(());
            }
            trees.loading.insert(key.to_owned(), "the list of accounts".into());
            trees.problems.remove(key);
        }
        self.tell(Update::Accounts);
        let console = Arc::clone(self);
        tokio::spawn(async move { console.grow(session).await });
        Ok(())
    }

    /// Returns when no refresh of the session's accounts is under way.
    pub(crate) async fn grown(&self, key: &str) {
        while self.trees().loading.contains_key(key) {
            self.clock.sleep(LOOK).await;
        }
    }

    async fn grow(self: Arc<Self>, session: SsoSession) {
        let key = session.key();
        let told = Mutex::new(self.clock.elapsed());
        let tell = |update: TreeUpdate| {
            self.trees().take(&key, update, self.system_now());
            let now = self.clock.elapsed();
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_sub(*told) >= PUSH_EVERY {
                *told = now;
                self.tell(Update::Accounts);
            }
        };
        let done = self.identities.portal.tree(&session, &tell).await;
        {
            let mut trees = self.trees();
            trees.loading.remove(&key);
            trees.growing.remove(&key);
            match done {
                Ok(_) => drop(trees.problems.remove(&key)),
                Err(error) => drop(trees.problems.insert(key, Problem::new(error.to_string()))),
            }
        }
        self.tell(Update::Accounts);
    }

    /// The session that calls name by its key.
    pub(crate) async fn sso_session(&self, key: &str) -> Result<SsoSession, Problem> {
        let sessions = self.sso_sessions().await?;
        sessions.iter().find(|session| session.key() == key).cloned().ok_or_else(|| {
            Problem::new("there is no such SSO session any more: the configuration has changed")
                .code("not_found")
                .hint("look at the Accounts screen anew")
        })
    }

    fn session_view(
        &self,
        session: &SsoSession,
        standing: &Standing,
        kept: Keeping,
        known: &[Account],
        profiles: &[&Profile],
        prefs: &Prefs,
    ) -> SessionView {
        let key = session.key();
        let trees = self.trees();
        let times = Times::of(standing);
        SessionView {
            name: session.name.clone(),
            start_url: session.start_url.clone(),
            region: session.region.clone(),
            standing: times.kind,
            said: times.said,
            ends_at: times.ends_at,
            renews: times.renews,
            registration_ends_at: times.registration_ends_at,
            session_ends_at: times.session_ends_at,
            kept: match kept {
                Keeping::Shared => KeptIn::Shared,
                Keeping::Vault => KeptIn::Vault,
            },
            legacy: session.legacy,
            profiles: u32::try_from(session.profiles).unwrap_or(u32::MAX),
            accounts: accounts_of(known, profiles, prefs),
            loading: trees.loading.get(&key).cloned(),
            known_since: known.iter().filter_map(|account| account.known_since).max().map(iso_of),
            problem: trees.problems.get(&key).cloned(),
            sign_in: self.sign_in_now(&key).filter(is_under_way),
            key,
        }
    }

    fn trees(&self) -> MutexGuard<'_, Trees> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trees {
    fn take(&mut self, key: &str, update: TreeUpdate, now: SystemTime) {
        match update {
            TreeUpdate::Accounts(accounts) => {
                let open = accounts.iter().filter(|account| account.known_since.is_none()).count();
                let waits = format!("the roles of {open} of {} accounts", accounts.len());
                self.loading.insert(key.to_owned(), waits);
                self.growing.insert(key.to_owned(), accounts);
            }
            TreeUpdate::Roles { account, roles } => {
                let Some(growing) = self.growing.get_mut(key) else { return };
                if let Some(known) = growing.iter_mut().find(|known| known.id == account) {
                    known.roles = roles;
                    known.known_since = Some(now);
                }
            }
            TreeUpdate::Done(_) | TreeUpdate::Failed { .. } => {}
        }
    }
}

/// What the portal told, and what profiles name besides.
fn accounts_of(known: &[Account], profiles: &[&Profile], prefs: &Prefs) -> Vec<AccountView> {
    let mut by_account: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    let mut used: BTreeMap<&str, i64> = BTreeMap::new();
    for profile in profiles {
        let Some(account) = profile.account.as_deref() else { continue };
        let roles = by_account.entry(account).or_default();
        roles.entry(profile.role.as_deref().unwrap_or_default()).or_default().push(profile.name.clone());
        if let Some(at) = prefs.used(&profile.name) {
            let newest = used.entry(account).or_insert(at);
            *newest = at.max(*newest);
        }
    }
    let ids: BTreeSet<&str> =
        known.iter().map(|account| account.id.as_str()).chain(by_account.keys().copied()).collect();
    let told: BTreeMap<&str, &Account> = known.iter().map(|account| (account.id.as_str(), account)).collect();
    let view = |id: &str| {
        let account = told.get(id).copied();
        let mut roles = by_account.get(id).cloned().unwrap_or_default();
        for role in account.iter().flat_map(|account| &account.roles) {
            roles.entry(role).or_default();
        }
        let name = account.map(|account| account.name.clone()).unwrap_or_default();
        let alias = alias_of(prefs, id);
        let (weight, weight_guessed) =
            weight_of(prefs, Some(id), &[&name, alias.as_deref().unwrap_or_default()]);
        AccountView {
            id: id.to_owned(),
            email: account.map(|account| account.email.clone()).filter(|email| !email.is_empty()),
            roles: roles
                .into_iter()
                .filter(|(role, _)| !role.is_empty())
                .map(|(name, profiles)| RoleView { name: name.to_owned(), profiles })
                .collect(),
            roles_known: account.is_some_and(|account| account.known_since.is_some()),
            favourite: prefs.accounts.get(id).is_some_and(|mark| mark.favourite),
            colour: colour_of(prefs, id),
            weight,
            weight_guessed,
            last_used: used.get(id).copied().map(iso),
            name,
            alias,
        }
    };
    let mut views: Vec<AccountView> = ids.into_iter().map(view).collect();
    views.sort_by_cached_key(|view| {
        let shown = view.alias.as_ref().unwrap_or(&view.name).to_lowercase();
        (!view.favourite, shown.is_empty(), shown, view.id.clone())
    });
    views
}

/// A token that is kept, as a line of the list of secrets.
fn secret_of(view: &SessionView, vault: &str) -> Option<SecretView> {
    if view.standing == StandingKind::SignedOut {
        return None;
    }
    Some(SecretView {
        what: format!("sso:{}", view.key),
        title: format!("SSO session {}", view.name),
        store: match view.kept {
            KeptIn::Shared => "the AWS CLI's cache, ~/.aws/sso/cache".to_owned(),
            KeptIn::Vault => vault.to_owned(),
        },
        ends_at: view.ends_at.clone(),
        action: SecretAction::SignOut,
        session: Some(view.key.clone()),
    })
}

/// A standing in words and times.
struct Times {
    kind: StandingKind,
    said: String,
    ends_at: Option<String>,
    renews: bool,
    registration_ends_at: Option<String>,
    session_ends_at: Option<String>,
}

impl Times {
    fn of(standing: &Standing) -> Self {
        let plain = |kind, said: String| Self {
            kind,
            said,
            ends_at: None,
            renews: false,
            registration_ends_at: None,
            session_ends_at: None,
        };
        match standing {
            Standing::SignedIn { expires_at, renews, registration_ends, session_ends, kept: _ } => Self {
                ends_at: Some(iso_of(*expires_at)),
                renews: *renews,
                registration_ends_at: registration_ends.map(iso_of),
                session_ends_at: session_ends.map(iso_of),
                ..plain(
                    StandingKind::SignedIn,
                    if *renews { "signed in, renews itself" } else { "signed in" }.to_owned(),
                )
            },
            Standing::Expired { since, renews: true } => Self {
                ends_at: Some(iso_of(*since)),
                renews: true,
                ..plain(StandingKind::SignedIn, "signed in, renews itself when it is next needed".into())
            },
            Standing::Expired { since, renews: false } => Self {
                ends_at: Some(iso_of(*since)),
                ..plain(StandingKind::Expired, "the sign-in has ended: sign in again".into())
            },
            Standing::SignedOut => plain(StandingKind::SignedOut, "signed out".into()),
            Standing::Torn { path, why } => plain(
                StandingKind::Torn,
                format!("{} cannot be read ({why}): sign in again, that replaces it", path.display()),
            ),
            Standing::VaultLocked { why } => plain(StandingKind::Locked, why.clone()),
        }
    }
}
