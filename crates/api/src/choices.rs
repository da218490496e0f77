//! What the operator chooses: favourites, marks of accounts, registries, the idle time.

use crate::Problem;
use crate::console::Console;
use crate::views::{AccountMark, KeptIn, PrefsView, RecentProfile, Update};
use holdpoint_identity::Prefs;
use serde::Deserialize;
use std::sync::{Arc, PoisonError};
use ts_rs::TS;

/// The longest alias, colour or host that is kept.
const LONGEST: usize = 256;
/// A day: longer is as good as never.
const LONGEST_IDLE: u32 = 24 * 60;

/// One choice.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(tag = "set", rename_all = "snake_case")]
pub enum PrefsSet {
    /// Puts a profile first, or no longer.
    Favourite {
        /// The profile.
        profile: String,
        /// First, or not.
        on: bool,
    },
    /// Marks an account: all of its marks at once.
    Account {
        /// Twelve digits.
        account: String,
        /// What is to be known of it.
        mark: AccountMark,
    },
    /// Keeps the token of an SSO session elsewhere, and moves it there without a new sign-in.
    Keeping {
        /// The session's key.
        session: String,
        /// Where.
        kept: KeptIn,
    },
    /// Minutes without a touch before the console locks.
    Idle {
        /// 0 is never.
        minutes: u32,
    },
    /// Maps a registry to a profile.
    Registry {
        /// The registry's host.
        host: String,
        /// The profile; null takes the mapping away.
        profile: Option<String>,
    },
}

impl Console {
    /// What the operator chose, read anew: another process may have changed it.
    pub fn choices(&self) -> Result<PrefsView, Problem> {
        let prefs = Prefs::open(&self.places.home)?;
        self.keep(prefs);
        Ok(view(&self.prefs()))
    }

    /// Makes one choice.
    pub async fn choose_pref(self: &Arc<Self>, choice: PrefsSet) -> Result<PrefsView, Problem> {
        is_sound(&choice)?;
        if let PrefsSet::Keeping { session, kept } = &choice {
            self.keep_session(session, *kept).await?;
            return self.choices();
        }
        let changed = self.change_prefs(|prefs| match choice {
            PrefsSet::Favourite { profile, on } => prefs.favour(&profile, on),
            PrefsSet::Account { account, mark } => prefs.mark(&account, |kept| {
                kept.alias = said(mark.alias);
                kept.colour = said(mark.colour);
                kept.production = mark.production;
                kept.favourite = mark.favourite;
            }),
            PrefsSet::Keeping { .. } => {}
            PrefsSet::Idle { minutes } => prefs.idle_minutes = minutes,
            PrefsSet::Registry { host, profile } => {
                let host = host.trim().to_ascii_lowercase();
                match said(profile) {
                    Some(profile) => prefs.registries.insert(host, profile),
                    None => prefs.registries.remove(&host),
                };
            }
        })?;
        self.recolour();
        self.tell(Update::Accounts);
        self.tell(Update::Home);
        Ok(view(&changed))
    }

    /// What was chosen when it was last looked at.
    pub(crate) fn prefs(&self) -> Arc<Prefs> {
        Arc::clone(&self.prefs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change_prefs(&self, change: impl FnOnce(&mut Prefs)) -> Result<Arc<Prefs>, Problem> {
        let changed = Prefs::change(&self.places.home, change)?;
        self.keep(changed);
        Ok(self.prefs())
    }

    /// Another part of this process has changed what was chosen.
    pub(crate) fn reread_prefs(&self) -> Result<(), Problem> {
        self.keep(Prefs::open(&self.places.home)?);
        Ok(())
    }

    fn keep(&self, prefs: Prefs) {
        *self.prefs.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(prefs);
    }
}

/// Nothing typed is nothing chosen.
fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn is_sound(choice: &PrefsSet) -> Result<(), Problem> {
    let refuse = |why: String| Err(Problem::new(why).code("usage"));
    let too_long = |text: Option<&String>| text.is_some_and(|text| text.chars().count() > LONGEST);
    match choice {
        PrefsSet::Favourite { profile, .. } if profile.is_empty() || too_long(Some(profile)) => {
            refuse("a favourite is the name of a profile".into())
        }
        PrefsSet::Account { account, .. }
            if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            refuse(format!("`{account}` is no account: twelve digits"))
        }
        PrefsSet::Account { mark, .. } if too_long(mark.alias.as_ref()) || too_long(mark.colour.as_ref()) => {
            refuse(format!("an alias has at most {LONGEST} characters"))
        }
        PrefsSet::Idle { minutes } if *minutes > LONGEST_IDLE => {
            refuse(format!("{minutes} minutes are more than a day: 0 is never"))
        }
        PrefsSet::Registry { host, .. }
            if host.trim().is_empty()
                || too_long(Some(host))
                || host.trim().contains(|c: char| c.is_whitespace() || c == '/' || c == '@') =>
        {
            refuse(format!(
                "`{host}` is no registry's host: as in 111122223333.dkr.ecr.eu-central-1.amazonaws.com"
            ))
        }
        PrefsSet::Favourite { .. }
        | PrefsSet::Account { .. }
        | PrefsSet::Keeping { .. }
        | PrefsSet::Idle { .. }
        | PrefsSet::Registry { .. } => Ok(()),
    }
}

fn view(prefs: &Prefs) -> PrefsView {
    let recent = prefs
        .recent
        .iter()
        .map(|recent| RecentProfile { profile: recent.profile.clone(), at: crate::times::iso(recent.at) });
    let accounts = prefs.accounts.iter().map(|(account, mark)| {
        let mark = AccountMark {
            alias: mark.alias.clone(),
            colour: mark.colour.clone(),
            production: mark.production,
            favourite: mark.favourite,
        };
        (account.clone(), mark)
    });
    PrefsView {
        favourites: prefs.favourites.clone(),
        recent: recent.collect(),
        accounts: accounts.collect(),
        idle_minutes: prefs.idle_minutes,
        registries: prefs.registries.clone(),
    }
}
