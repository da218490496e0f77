//! The Accounts screen: sign-ins, accounts and roles, and where secrets are kept. Never a secret.

use super::{Profile, SignInView, VaultView, Weight};
use crate::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// All of the screen but the doctor, which is run when asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AccountsView {
    /// The SSO sessions of the configuration files, in their order.
    pub sessions: Vec<SessionView>,
    /// Profiles that no SSO session gives credentials to.
    pub profiles: Vec<Profile>,
    /// What is kept, and where.
    pub secrets: Vec<SecretView>,
    /// The store of secrets.
    pub vault: VaultView,
    /// Why there is nothing, or what else is to be known of the files.
    pub explanation: Option<String>,
}

/// Where a sign-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StandingKind {
    /// There is a token, or it can be renewed without a person.
    SignedIn,
    /// It was signed in, and a person has to sign in anew.
    Expired,
    /// Nobody is signed in.
    SignedOut,
    /// The cache file cannot be read; it is left as it is.
    Torn,
    /// The vault does not open.
    Locked,
}

/// Where a session's token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeptIn {
    /// In the AWS CLI's cache: one sign-in serves both.
    Shared,
    /// In the vault alone.
    Vault,
}

/// An SSO session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// What calls name it by.
    pub key: String,
    /// Name of its `[sso-session]`; the start URL of a legacy profile.
    pub name: String,
    /// Where one signs in.
    pub start_url: String,
    /// Region of Identity Center.
    pub region: String,
    /// Where it stands.
    pub standing: StandingKind,
    /// The same in words, with the next action.
    pub said: String,
    /// When the token ends.
    pub ends_at: Option<String>,
    /// Whether it renews itself.
    pub renews: bool,
    /// When the client's registration ends: after it no token is renewed.
    pub registration_ends_at: Option<String>,
    /// When the sign-in itself ends, where that is known.
    pub session_ends_at: Option<String>,
    /// Where the token is kept.
    pub kept: KeptIn,
    /// Written into profiles in the old form, without `[sso-session]`: it never renews.
    pub legacy: bool,
    /// How many profiles use it.
    pub profiles: u32,
    /// Accounts, as known.
    pub accounts: Vec<AccountView>,
    /// What a refresh of the accounts waits for; null when there is none under way.
    pub loading: Option<String>,
    /// When the accounts were asked for last.
    pub known_since: Option<String>,
    /// Why the last refresh did not end well. What was known stays.
    pub problem: Option<Problem>,
    /// A sign-in that is under way.
    pub sign_in: Option<SignInView>,
}

/// An account of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountView {
    /// Twelve digits.
    pub id: String,
    /// Its name in the organisation.
    pub name: String,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Roles, by name.
    pub roles: Vec<RoleView>,
    /// Whether the roles were asked for; without, `roles` is what profiles name.
    pub roles_known: bool,
    /// First among the others.
    pub favourite: bool,
    /// Colour chosen for it, as in `prefs.set`.
    pub colour: Option<String>,
    /// How careful to be.
    pub weight: Weight,
    /// The weight is guessed from names: nobody marked the account.
    pub weight_guessed: bool,
    /// When a profile of it was last switched to.
    pub last_used: Option<String>,
}

/// A role that one may take in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoleView {
    /// Name of the permission set.
    pub name: String,
    /// Profiles that lead to it.
    pub profiles: Vec<String>,
}

/// What ends a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretAction {
    /// `sso.sign_out`, with `session`.
    SignOut,
    /// `secrets.forget`, with `what`.
    Forget,
    /// Nothing here: another tool's, or needed by Holdpoint itself.
    None,
}

/// Something secret that is kept. Its value is nowhere on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretView {
    /// What calls name it by.
    pub what: String,
    /// In words: "SSO session corp".
    pub title: String,
    /// Where, in words.
    pub store: String,
    /// When it ends.
    pub ends_at: Option<String>,
    /// How it is ended by hand.
    pub action: SecretAction,
    /// The session's key, of a sign-in.
    pub session: Option<String>,
}
