//! Who may call: practice people with SSO sessions, and roles they assume. An access key leads to a caller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::seeded::{Seeded, digest, hex};

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Whom a call is made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
    /// The session name.
    pub(crate) name: String,
    pub(crate) access_key_id: String,
    /// Set at the first assumed role that was given one; the same along the whole chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
    /// The session was begun with a one-time code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) mfa: bool,
}

impl Caller {
    /// Somebody whose call is not signed.
    pub(crate) fn unsigned(name: &str) -> Self {
        Self {
            account: String::new(),
            arn: "anonymous".to_owned(),
            user_id: String::new(),
            name: name.to_owned(),
            access_key_id: String::new(),
            source_identity: None,
            mfa: false,
        }
    }
}

/// Credentials that the simulator gave out. They open nothing anywhere else.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) caller: Caller,
    pub(crate) secret: String,
    /// Long-term keys have none.
    pub(crate) token: Option<String>,
    /// Wall time after which they are refused.
    pub(crate) expires: Option<Micros>,
    /// Expired by the scenario.
    pub(crate) expired: bool,
}

/// All credentials of the world.
#[derive(Default)]
pub(crate) struct People {
    /// Name to current access key, in order of furnishing.
    names: Vec<(String, String)>,
    /// Users with long-term keys, likewise.
    users: Vec<(String, String)>,
    keys: BTreeMap<String, Credentials>,
}

impl People {
    pub(crate) fn find(&self, access_key_id: &str) -> Option<&Credentials> {
        self.keys.get(access_key_id)
    }

    /// Ends a key, and says whether it was good until now.
    pub(crate) fn expire(&mut self, access_key_id: &str) -> bool {
        let credentials = self.keys.get_mut(access_key_id);
        credentials.is_some_and(|credentials| !std::mem::replace(&mut credentials.expired, true))
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|(known, _)| known == name)
    }

    /// The people's current credentials, in order of furnishing.
    pub(crate) fn current(&self) -> impl Iterator<Item = (&str, &Credentials)> {
        self.names.iter().filter_map(|(name, key)| Some((name.as_str(), self.keys.get(key)?)))
    }

    /// A new SSO session of a person; the session before is worth nothing any more.
    pub(crate) fn sign_in(&mut self, ids: &mut Seeded, account: &str, role: &str, name: &str) {
        let credentials = session(ids, account, &reserved_name(account, role), name, None);
        let key = credentials.caller.access_key_id.clone();
        self.keys.insert(key.clone(), credentials);
        match self.names.iter_mut().find(|(known, _)| known == name) {
            Some((_, current)) => {
                self.keys.remove(current);
                *current = key;
            }
            None => self.names.push((name.to_owned(), key)),
        }
    }

    /// Credentials of a permission set, as the access portal gives them.
    pub(crate) fn reserved(
        &mut self,
        ids: &mut Seeded,
        account: &str,
        role: &str,
        name: &str,
        expires: Micros,
    ) -> Credentials {
        self.assume(ids, account, &reserved_name(account, role), name, expires)
    }

    /// Ends all credentials that were given for a time, of everybody or of one person.
    pub(crate) fn end_temporary(&mut self, person: Option<&str>, now: Micros) {
        for credentials in self.keys.values_mut() {
            if person.is_none_or(|name| name == credentials.caller.name)
                && let Some(expires) = &mut credentials.expires
            {
                *expires = now.min(*expires);
            }
        }
    }

    /// A user with long-term keys, unless there is one of that name.
    pub(crate) fn hire(&mut self, ids: &mut Seeded, account: &str, name: &str) {
        if self.users.iter().any(|(known, _)| known == name) {
            return;
        }
        let key = format!("AKIA{}", ids.letters(16, UPPER));
        let caller = Caller {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            user_id: format!("AIDA{}", id_of("user", account, name)),
            access_key_id: key.clone(),
            ..Caller::unsigned(name)
        };
        let keys = Credentials { caller, secret: secret(ids), token: None, expires: None, expired: false };
        self.keys.insert(key.clone(), keys);
        self.users.push((name.to_owned(), key));
    }

    /// The users' long-term keys, in order of furnishing.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&str, &Credentials)> {
        self.users.iter().filter_map(|(name, key)| Some((name.as_str(), self.keys.get(key)?)))
    }

    /// A session of a user, as GetSessionToken gives it.
    pub(crate) fn user_session(
        &mut self,
        ids: &mut Seeded,
        user: &Caller,
        mfa: bool,
        expires: Micros,
    ) -> Credentials {
        let key = format!("ASIA{}", ids.letters(16, UPPER));
        let caller = Caller { access_key_id: key.clone(), mfa, ..user.clone() };
        let session = Credentials {
            caller,
            secret: secret(ids),
            token: Some(token(ids)),
            expires: Some(expires),
            expired: false,
        };
        self.keys.insert(key, session.clone());
        session
    }

    /// A session of a role that carries a source identity.
    pub(crate) fn assume_as(
        &mut self,
        ids: &mut Seeded,
        account: &str,
        role_name: &str,
        session_name: &str,
        source_identity: Option<String>,
        expires: Micros,
    ) -> Credentials {
        let mut credentials = session(ids, account, role_name, session_name, Some(expires));
        credentials.caller.source_identity = source_identity;
        self.keys.insert(credentials.caller.access_key_id.clone(), credentials.clone());
        credentials
    }

    /// A session of a role, as AssumeRole gives it.
    pub(crate) fn assume(
        &mut self,
        ids: &mut Seeded,
        account: &str,
        role_name: &str,
        session_name: &str,
        expires: Micros,
    ) -> Credentials {
        self.assume_as(ids, account, role_name, session_name, None, expires)
    }
}

/// What is made from a user's name, and the same for each of its keys.
fn id_of(kind: &str, account: &str, name: &str) -> String {
    digest(&[kind.as_bytes(), account.as_bytes(), name.as_bytes()])
        .iter()
        .take(17)
        .map(|b| char::from(UPPER[usize::from(*b) % UPPER.len()]))
        .collect()
}

fn secret(ids: &mut Seeded) -> String {
    format!("{}{}", ids.letters(20, ANY), ids.letters(20, ANY))
}

fn token(ids: &mut Seeded) -> String {
    format!("SIM{}{}{}", ids.letters(32, ANY), ids.letters(32, ANY), ids.letters(32, ANY))
}

/// The role that a permission set becomes in an account.
fn reserved_name(account: &str, role: &str) -> String {
    let suffix = &hex(&digest(&[b"permission set", account.as_bytes(), role.as_bytes()]))[..16];
    format!("AWSReservedSSO_{role}_{suffix}")
}

fn session(
    ids: &mut Seeded,
    account: &str,
    role_name: &str,
    name: &str,
    expires: Option<Micros>,
) -> Credentials {
    // A role's id is its own, the same in each session: made from what it is, not from the stream.
    let role_id = id_of("role", account, role_name);
    Credentials {
        caller: Caller {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
            user_id: format!("AROA{role_id}:{name}"),
            name: name.to_owned(),
            access_key_id: format!("ASIA{}", ids.letters(16, UPPER)),
            source_identity: None,
            mfa: false,
        },
        secret: secret(ids),
        token: Some(token(ids)),
        expires,
        expired: false,
    }
}
