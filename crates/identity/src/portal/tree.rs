//! Accounts and roles of a session, asked for at the portal's pace.

use super::asker::Asker;
use super::kept;
use crate::Env;
use crate::sso::{Places, SharedClock, SsoSession, TokenError, Tokens, Trouble};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;

/// Calls whose answers are waited for at a time: at 20 a second, those of almost a second.
const IN_FLIGHT: usize = 16;

/// An account that the session reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// As the organisation calls it.
    pub name: String,
    /// Of its root user.
    pub email: String,
    /// Names of permission sets, sorted.
    pub roles: Vec<String>,
    /// When the roles were asked for; `None` when they never were.
    pub known_since: Option<SystemTime>,
}

/// A piece of the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum TreeUpdate {
    /// All accounts known so far, with the roles known so far: first what was kept, then after each page.
    Accounts(Vec<Account>),
    /// The roles of one account as they are now.
    Roles {
        /// Its id.
        account: String,
        /// Sorted.
        roles: Vec<String>,
    },
    /// Everything was asked for: what the portal no longer has is gone from these.
    Done(Vec<Account>),
    /// Not everything could be asked for. Nothing that was known is forgotten.
    Failed {
        /// In words, with the next action.
        why: String,
    },
}

/// Why the tree is not whole.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PortalError {
    /// There is no token to ask with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The portal does not take the token any more.
    #[error(
        "the portal no longer knows the sign-in of SSO session `{session}`; run `holdpoint login {session}`"
    )]
    Ended {
        /// The session.
        session: String,
    },
    /// The portal has no answer.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// Some accounts did not tell their roles.
    #[error(
        "the roles of {missing} of {all} accounts could not be read ({why}); what was known of them is kept, refresh to try again"
    )]
    Partly {
        /// So many.
        missing: usize,
        /// Of so many.
        all: usize,
        /// The first reason.
        why: String,
    },
}

/// The access portal, for all sessions of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Portal {
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    env: Env,
    home: PathBuf,
    tokens: Tokens,
    clock: SharedClock,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// One refresh of a session at a time; who comes meanwhile takes its result.
#[derive(Debug, Default)]
struct Line {
    gate: tokio::sync::Mutex<u64>,
    begun: std::sync::atomic::AtomicU64,
}

impl Portal {
    /// The portal by these tokens; what it tells is kept below `places.home`.
    pub fn new(env: &Env, places: &Places, tokens: &Tokens, clock: SharedClock) -> Self {
        Self {
            desk: Arc::new(Desk {
                env: env.clone(),
                home: places.home.clone(),
                tokens: tokens.clone(),
                clock,
                lines: Mutex::default(),
            }),
        }
    }

    /// The accounts as they were known last. Asks no network.
    pub fn known(&self, session: &SsoSession) -> Vec<Account> {
        kept::read(&self.desk.home, &session.key()).unwrap_or_default()
    }

    /// Tells the accounts that are known, then asks the portal for all, tells them as they come, and keeps them. A
    /// refresh that fails, or in part, forgets nothing; one that is dropped keeps what it found up to its last whole
    /// listing of accounts.
    ///
    /// # Errors
    /// [`PortalError`], which was also told as [`TreeUpdate::Failed`].
    pub async fn tree(
        &self,
        session: &SsoSession,
        tell: &(dyn Fn(TreeUpdate) + Send + Sync),
    ) -> Result<Vec<Account>, PortalError> {
        use std::sync::atomic::Ordering;
        let known = self.known(session);
        if !known.is_empty() {
            tell(TreeUpdate::Accounts(known));
        }
        let line = self.desk.line(session);
        let asked_at = line.begun.load(Ordering::SeqCst);
        let mut whole = line.gate.lock().await;
        if *whole > asked_at {
            // A refresh that began after this one was asked for has ended well.
            let known = self.known(session);
            tell(TreeUpdate::Done(known.clone()));
            return Ok(known);
        }
        let number = line.begun.fetch_add(1, Ordering::SeqCst) + 1;
        match self.desk.refresh(session, tell).await {
            Ok(accounts) => {
                *whole = number;
                tell(TreeUpdate::Done(accounts.clone()));
                Ok(accounts)
            }
            Err(error) => {
                tell(TreeUpdate::Failed { why: error.to_string() });
                Err(error)
            }
        }
    }
}

impl Desk {
    fn line(&self, session: &SsoSession) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(session.key()).or_default().clone()
    }

    async fn refresh(
        self: &Arc<Self>,
        session: &SsoSession,
        tell: &(dyn Fn(TreeUpdate) + Send + Sync),
    ) -> Result<Vec<Account>, PortalError> {
        let asker = Arc::new(Asker::new(&self.env, &self.tokens, session).await?);
        let before: BTreeMap<String, Account> = kept::read(&self.home, &session.key())
            .unwrap_or_default()
            .into_iter()
            .map(|account| (account.id.clone(), account))
            .collect();
        let mut growing = Growing { before, found: BTreeMap::new(), open: Vec::new() };
        let mut calls: JoinSet<(String, Result<Vec<String>, PortalError>)> = JoinSet::new();
        let mut next = Some(None);
        let mut failed: Option<PortalError> = None;
        let mut missing = 0;
        let mut why = String::new();
        loop {
            // Pages first: every account is seen within a second, and its roles come after.
            if let Some(token) = next.take() {
                match asker.accounts(token).await {
                    Ok((page, more)) => {
                        growing.take_page(page);
                        next = more.map(Some);
                        tell(TreeUpdate::Accounts(growing.merged(false)));
                    }
                    Err(error) => failed = Some(error),
                }
            }
            while failed.is_none() && calls.len() < IN_FLIGHT {
                let Some(account) = growing.open.pop() else { break };
                let asker = asker.clone();
                calls.spawn(async move {
                    let roles = asker.roles(&account).await;
                    (account, roles)
                });
            }
            if next.is_some() && failed.is_none() {
                continue;
            }
            match calls.join_next().await {
                None => break,
                Some(Ok((account, Ok(roles)))) => {
                    growing.take_roles(&account, &roles, self.clock.now());
                    tell(TreeUpdate::Roles { account, roles });
                }
                Some(Ok((_, Err(error)))) => {
                    missing += 1;
                    if why.is_empty() {
                        why = error.to_string();
                    }
                    // Without a sign-in or a network every further call fails as this one did.
                    if error.is_general() {
                        failed.get_or_insert(error);
                    }
                }
                Some(Err(error)) => {
                    missing += 1;
                    why = error.to_string();
                }
            }
        }
        let all = growing.found.len();
        let failed = failed.or_else(|| (missing > 0).then_some(PortalError::Partly { missing, all, why }));
        // Only a whole listing tells what is gone.
        let merged = growing.merged(failed.is_none());
        if !merged.is_empty() || failed.is_none() {
            kept::write(&self.home, &session.key(), &merged)?;
        }
        match failed {
            None => Ok(merged),
            Some(error) => Err(error),
        }
    }
}

/// What was known, and what has been found.
struct Growing {
    before: BTreeMap<String, Account>,
    found: BTreeMap<String, Account>,
    /// Accounts whose roles are still to be asked for; the next one last.
    open: Vec<String>,
}

impl Growing {
    fn take_page(&mut self, page: Vec<Account>) {
        let mut ids = Vec::new();
        for mut account in page {
            if let Some(before) = self.before.get(&account.id) {
                account.roles.clone_from(&before.roles);
                account.known_since = before.known_since;
            }
            if self.found.insert(account.id.clone(), account.clone()).is_none() {
                ids.push(account.id);
            }
        }
        // In the order of the listing, after those of the pages before.
        ids.reverse();
        self.open.splice(0..0, ids);
    }

    fn take_roles(&mut self, account: &str, roles: &[String], now: SystemTime) {
        if let Some(found) = self.found.get_mut(account) {
            found.roles = roles.to_vec();
            // Whole seconds, as they are kept.
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            found.known_since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since));
        }
    }

    /// By name, then id; with those that were known and not found, unless the listing is whole.
    fn merged(&self, whole: bool) -> Vec<Account> {
        let gone = self.before.values().filter(|account| !whole && !self.found.contains_key(&account.id));
        let mut all: Vec<Account> = self.found.values().chain(gone).cloned().collect();
        all.sort_by(|a, b| (a.name.to_lowercase(), &a.id).cmp(&(b.name.to_lowercase(), &b.id)));
        all
    }
}

impl PortalError {
    /// Whether it is about the sign-in or the network, and not about one account.
    fn is_general(&self) -> bool {
        match self {
            Self::Token(_)
            | Self::Ended { .. }
            | Self::Trouble(Trouble::Unreachable { .. } | Trouble::Throttled { .. }) => true,
            Self::Trouble(_) | Self::Partly { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, name: &str, roles: &[&str]) -> Account {
        Account {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{name}@corp.example"),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            known_since: None,
        }
    }

    #[test]
    fn a_partial_listing_forgets_nothing_and_a_whole_one_does() {
        let before = [account("1", "till", &["Old"]), account("2", "gone", &["Deploy"])];
        let mut growing = Growing {
            before: before.into_iter().map(|a| (a.id.clone(), a)).collect(),
            found: BTreeMap::new(),
            open: Vec::new(),
        };
        growing.take_page(vec![account("3", "Alpha", &[]), account("1", "till", &[])]);
        growing.take_page(vec![account("4", "zeta", &[])]);
        assert_eq!(growing.open, ["4", "1", "3"], "the next one last, by the order of the listing");
        let names = |whole| growing.merged(whole).into_iter().map(|a| a.name).collect::<Vec<_>>();
        assert_eq!(names(false), ["Alpha", "gone", "till", "zeta"]);
        assert_eq!(names(true), ["Alpha", "till", "zeta"]);
        let till = growing.merged(true).into_iter().find(|a| a.id == "1").unwrap();
        assert_eq!(till.roles, ["Old"], "until they are asked for, roles are what they were");
        growing.take_roles("1", &["New".to_owned()], SystemTime::UNIX_EPOCH);
        let till = growing.merged(true).into_iter().find(|a| a.id == "1").unwrap();
        assert_eq!((till.roles, till.known_since), (vec!["New".to_owned()], Some(SystemTime::UNIX_EPOCH)));
    }
}
