//! How long an identity lasts: the sign-in, its token, the role's keys, and what registries were given.

use std::time::SystemTime;

/// The four clocks of a session. One that is not there does not apply, or is not known without a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The SSO session: when a person has to sign in again.
    pub sso: Option<Clock>,
    /// Its access token.
    pub token: Option<Clock>,
    /// The role's keys, when they are held.
    pub role: Option<Clock>,
    /// Logins of registries.
    pub registry: Vec<Clock>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// When it ends.
    pub ends_at: SystemTime,
    /// Whether it is renewed without a person.
    pub renews: bool,
    /// Whose it is, in words.
    pub source: String,
}
