//! What sign-in hands out and remembers: client registrations, devices, codes, sessions, tokens.

use crate::clock::Micros;
use crate::seeded::Seeded;

const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Without letters that are read as others.
const CODE: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

pub(super) struct Client {
    pub(super) secret: String,
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    /// Empty: those of a client that said nothing.
    pub(super) grants: Vec<String>,
    pub(super) redirects: Vec<String>,
    /// The start URL of the instance, for clients that sign in by browser.
    pub(super) issuer: Option<String>,
    pub(super) expires: Micros,
}

/// What was decided about a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Allow(String),
    Deny,
}

pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) client: String,
    pub(super) start_url: String,
    pub(super) expires: Micros,
    /// Seconds between polls; each SlowDown adds five.
    pub(super) interval: u64,
    pub(super) polled: Option<Micros>,
    pub(super) polls: u64,
    pub(super) decision: Option<Decision>,
    /// Its token was handed out.
    pub(super) used: bool,
}

impl Device {
    pub(super) fn is_waiting(&self, now: Micros) -> bool {
        self.decision.is_none() && !self.used && now < self.expires
    }
}

/// An authorization code.
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) challenge: String,
    pub(super) start_url: String,
    pub(super) person: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Micros,
    pub(super) used: bool,
}

/// A person's sign-in.
pub(super) struct Session {
    pub(super) person: String,
    pub(super) start_url: String,
    pub(super) ends: Micros,
    pub(super) signed_out: bool,
}

impl Session {
    pub(super) fn is_open(&self, now: Micros) -> bool {
        !self.signed_out && now < self.ends
    }
}

pub(super) struct Access {
    /// Index of its session.
    pub(super) session: usize,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Micros,
}

pub(super) struct Refresh {
    pub(super) session: usize,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    /// Exchanged for the next one.
    pub(super) used: bool,
    /// Made worthless by a switch, from this moment.
    pub(super) ends: Option<Micros>,
}

impl Refresh {
    pub(super) fn is_good(&self, now: Micros) -> bool {
        !self.used && self.ends.is_none_or(|at| now < at)
    }
}

/// A token as long as AWS's are, since what keeps them has limits.
pub(super) fn long_token(ids: &mut Seeded, prefix: &str, length: usize) -> String {
    let mut token = prefix.to_owned();
    while token.len() < length {
        token.push_str(&ids.letters(32.min(length - token.len()), ANY));
    }
    token
}

/// `BCDF-GHJK`.
pub(super) fn user_code(ids: &mut Seeded) -> String {
    format!("{}-{}", ids.letters(4, CODE), ids.letters(4, CODE))
}
