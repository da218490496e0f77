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
        }
    }
}

/// Credentials that the simulator gave out. They open nothing anywhere else.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) caller: Caller,
    pub(crate) secret: String,
    pub(crate) token: String,
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
    keys: BTreeMap<String, Credentials>,
}

impl People {
    pub(crate) fn find(&self, access_key_id: &str) -> Option<&Credentials> {
        self.keys.get(access_key_id)
    }

    pub(crate) fn expire(&mut self, access_key_id: &str) {
        if let Some(credentials) = self.keys.get_mut(access_key_id) {
            credentials.expired = true;
        }
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

    /// A session of a role, as AssumeRole gives it.
    pub(crate) fn assume(
        &mut self,
        ids: &mut Seeded,
        account: &str,
        role_name: &str,
        session_name: &str,
        expires: Micros,
    ) -> Credentials {
        let credentials = session(ids, account, role_name, session_name, Some(expires));
        self.keys.insert(credentials.caller.access_key_id.clone(), credentials.clone());
        credentials
    }
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
    let role_id: String = digest(&[b"role", account.as_bytes(), role_name.as_bytes()])
        .iter()
        .take(17)
        .map(|b| char::from(UPPER[usize::from(*b) % UPPER.len()]))
        .collect();
    Credentials {
        caller: Caller {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
            user_id: format!("AROA{role_id}:{name}"),
            name: name.to_owned(),
            access_key_id: format!("ASIA{}", ids.letters(16, UPPER)),
        },
        secret: format!("{}{}", ids.letters(20, ANY), ids.letters(20, ANY)),
        token: format!("SIM{}{}{}", ids.letters(32, ANY), ids.letters(32, ANY), ids.letters(32, ANY)),
        expires,
        expired: false,
    }
}
