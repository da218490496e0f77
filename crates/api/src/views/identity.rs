//! Identities as shown: names, ARNs and expiry times, never a secret.

use crate::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How careful to be: decides the colour of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Unmistakable.
    Production,
    /// In between.
    Staging,
    /// A place to play.
    Sandbox,
    /// Nobody said.
    Unknown,
    /// The simulator.
    Practice,
}

impl Weight {
    /// Guesses from a profile's name; a guess errs towards care only where the name says so.
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if says(&["prod", "prd", "live"]) && !says(&["nonprod", "non-prod", "preprod", "pre-prod"]) {
            Self::Production
        } else if says(&["stag", "stg", "preprod", "pre-prod", "uat", "nonprod", "non-prod"]) {
            Self::Staging
        } else if says(&["sandbox", "dev", "test", "play", "lab"]) {
            Self::Sandbox
        } else {
            Self::Unknown
        }
    }
}

/// Who one is, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Identity {
    /// The profile; the person's name in practice.
    pub profile: Option<String>,
    /// Twelve digits.
    pub account: String,
    /// What the operator or the organisation calls the account, where that is known.
    pub alias: Option<String>,
    /// Role or permission set.
    pub role: Option<String>,
    /// Region that calls go to.
    pub region: String,
    /// The caller's ARN, once STS was asked.
    pub arn: Option<String>,
    /// How careful to be.
    pub weight: Weight,
    /// The weight is guessed from names: nobody marked the account.
    pub weight_guessed: bool,
    /// Colour chosen for the account.
    pub colour: Option<String>,
    /// Whether STS vouches for it.
    pub standing: IdentityStanding,
    /// Why STS does not vouch for it, with the next action.
    pub problem: Option<Problem>,
    /// The SSO session's key, when a sign-in gives the credentials.
    pub session: Option<String>,
    /// When STS was asked.
    pub checked_at: Option<String>,
    /// What expires, and when.
    pub clocks: Vec<IdentityClock>,
}

/// Whether STS vouches for an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStanding {
    /// What the files say; STS is being asked.
    Checking,
    /// STS has said so.
    Checked,
    /// STS could not be asked, or said no; `problem` says why.
    Refused,
}

/// What expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The sign-in: after it a person signs in anew.
    Sso,
    /// The access token of the sign-in.
    Token,
    /// The role's credentials.
    Role,
    /// A registry's token.
    Registry,
}

/// Something that expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Clock")]
pub struct IdentityClock {
    /// What.
    pub what: ClockKind,
    /// When it ends.
    pub ends_at: String,
    /// Whether it renews itself.
    pub renews: bool,
    /// Where it comes from, in words: "SSO session corp".
    pub source: String,
}

/// A profile of the configuration files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where its credentials come from, in words.
    pub kind: String,
    /// Its account, where the files say.
    pub account: Option<String>,
    /// Its role, where the files say.
    pub role: Option<String>,
    /// Its region, where the files say.
    pub region: Option<String>,
    /// The SSO session's key, when a sign-in gives its credentials.
    pub session: Option<String>,
    /// What the operator calls its account.
    pub alias: Option<String>,
    /// Colour chosen for its account.
    pub colour: Option<String>,
    /// How careful to be.
    pub weight: Weight,
    /// The weight is guessed from names: nobody marked the account.
    pub weight_guessed: bool,
    /// First among the others.
    pub favourite: bool,
    /// When it was last switched to.
    pub last_used: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// All profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Profiles {
    /// In order of the files.
    pub profiles: Vec<Profile>,
    /// Why there are none, or what else is to be known.
    pub explanation: Option<String>,
    /// Which one is used when none is named.
    pub default: Option<String>,
}

/// A person as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Person")]
pub struct PersonView {
    /// The name.
    pub name: String,
    /// Whether AWS vouches for it.
    pub verified: bool,
}
