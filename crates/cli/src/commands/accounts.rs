//! `accounts`: what an SSO session reaches, as it is found.

use crate::args::Accounts;
use crate::commands::sessions;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::{
    Account, Env, Places, Portal, Profile, SharedClock, SystemClock, TreeUpdate, tokens_for,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Prints the tree of a session.
pub(crate) async fn accounts(args: &Accounts, env: &Env) -> Result<Exit, Problem> {
    let session = sessions::chosen(env, args.session.as_deref(), args.profile.as_deref()).await?;
    let places = Places::of(env).ok_or_else(|| {
        Problem::new("no folder to keep things in: neither HOLDPOINT_HOME nor HOME is set")
            .hint("set HOLDPOINT_HOME to a folder of your own")
    })?;
    let tokens = tokens_for(env, &session).await;
    let portal = Portal::new(env, &places, &tokens, SharedClock::new(SystemClock::new()));
    let profiles = holdpoint_identity::profiles(env).await?.profiles;
    let of_session: Vec<Profile> =
        profiles.into_iter().filter(|profile| profile.sign_in.as_deref() == Some(&session.name)).collect();
    let tree = Mutex::new(Tree { profiles: &of_session, known: BTreeMap::new(), printed: BTreeSet::new() });
    let quiet = args.json;
    let tell = |update: TreeUpdate| {
        let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
        tree.told(update, quiet);
    };
    match portal.tree(&session, &tell).await {
        Ok(accounts) if args.json => {
            output::json(&accounts.iter().map(|account| as_json(account, &of_session)).collect::<Vec<_>>());
        }
        Ok(accounts) => {
            let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.iter().for_each(|account| tree.print(account));
            if accounts.is_empty() {
                output::note(format!("no account is assigned to you in {}", session.name));
            }
        }
        Err(error) => {
            // What is known from before is still worth having, and is said to be that.
            let known = portal.known(&session);
            if args.json {
                output::json(&known.iter().map(|account| as_json(account, &of_session)).collect::<Vec<_>>());
            } else {
                let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
                known.iter().for_each(|account| tree.print(account));
            }
            if !known.is_empty() {
                output::note("some of this is as it was known before");
            }
            return Err(Problem::new(error.to_string()));
        }
    }
    Ok(Exit::Done)
}

struct Tree<'a> {
    profiles: &'a [Profile],
    known: BTreeMap<String, Account>,
    printed: BTreeSet<String>,
}

impl Tree<'_> {
    fn told(&mut self, update: TreeUpdate, quiet: bool) {
        match update {
            TreeUpdate::Accounts(accounts) => {
                self.known.extend(accounts.into_iter().map(|account| (account.id.clone(), account)));
            }
            TreeUpdate::Roles { account, roles } => {
                if let Some(known) = self.known.get_mut(&account) {
                    known.roles = roles;
                    let known = known.clone();
                    if !quiet {
                        self.print(&known);
                    }
                }
            }
            TreeUpdate::Done(_) | TreeUpdate::Failed { .. } => {}
        }
    }

    /// An account, once.
    fn print(&mut self, account: &Account) {
        if !self.printed.insert(account.id.clone()) {
            return;
        }
        output::line(format!("{}  {}  {}", account.id, account.name, account.email));
        for role in &account.roles {
            let names = names(self.profiles, &account.id, role).join(", ");
            output::line(match names.is_empty() {
                true => format!("  {role}"),
                false => format!("  {role}  (profile {names})"),
            });
        }
    }
}

fn as_json(account: &Account, profiles: &[Profile]) -> serde_json::Value {
    let roles = account
        .roles
        .iter()
        .map(|role| json!({"role": role, "profiles": names(profiles, &account.id, role)}));
    json!({
        "id": account.id,
        "name": account.name,
        "email": account.email,
        "roles": roles.collect::<Vec<_>>(),
    })
}

/// The profiles that lead straight to a role of an account.
fn names<'a>(profiles: &'a [Profile], account: &str, role: &str) -> Vec<&'a str> {
    let leads = |profile: &&Profile| {
        profile.account.as_deref() == Some(account)
            && profile.role.as_deref() == Some(role)
            && matches!(
                profile.kind,
                holdpoint_identity::Kind::SsoSession | holdpoint_identity::Kind::LegacySso
            )
    };
    profiles.iter().filter(leads).map(|profile| profile.name.as_str()).collect()
}
