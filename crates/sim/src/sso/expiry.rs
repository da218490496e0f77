//! The switches that end things at once, as waiting would.

use serde::{Deserialize, Serialize};

use super::Sso;
use crate::clock::Micros;
use crate::people::People;

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ends {
    /// Access tokens.
    Access,
    /// Refresh tokens.
    Refresh,
    /// Sign-ins, and with them all their tokens.
    Session,
    /// Credentials of roles, from the portal or assumed.
    Role,
    /// Registrations of clients.
    Client,
}

/// Body of `/_holdpoint/sso/expire`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expire {
    pub(crate) what: Ends,
    /// Only what this person has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<String>,
}

/// Ends it.
pub(crate) fn expire(sso: &mut Sso, people: &mut People, now: Micros, asked: &Expire) {
    let concerned: Vec<bool> =
        sso.sessions.iter().map(|s| asked.person.as_ref().is_none_or(|person| *person == s.person)).collect();
    let is_concerned = |session: usize| concerned.get(session).copied().unwrap_or(false);
    match asked.what {
        Ends::Access => {
            for access in sso.access.values_mut().filter(|a| is_concerned(a.session)) {
                access.expires = access.expires.min(now);
            }
        }
        Ends::Refresh => {
            for refresh in sso.refresh.values_mut().filter(|r| is_concerned(r.session)) {
                refresh.ends = Some(now);
            }
        }
        Ends::Session => {
            for (session, concerned) in sso.sessions.iter_mut().zip(concerned) {
                if concerned {
                    session.ends = session.ends.min(now);
                }
            }
        }
        Ends::Role => people.end_temporary(asked.person.as_deref(), now),
        Ends::Client => {
            for client in sso.clients.values_mut() {
                client.expires = client.expires.min(now);
            }
        }
    }
}
