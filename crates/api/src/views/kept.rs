//! What the operator chose, the store of secrets, the lock, and what is told before it is too late.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// What the operator chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PrefsView {
    /// Profiles that come first.
    pub favourites: Vec<String>,
    /// Profiles switched to, the newest first.
    pub recent: Vec<RecentProfile>,
    /// What is marked, by account id.
    pub accounts: BTreeMap<String, AccountMark>,
    /// Minutes without a touch before the console locks; 0 is never.
    pub idle_minutes: u32,
    /// Profiles by registry host.
    pub registries: BTreeMap<String, String>,
}

/// A profile switched to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecentProfile {
    /// Its name.
    pub profile: String,
    /// When.
    pub at: String,
}

/// What the operator marked an account with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountMark {
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Its colour, one of `Colour`.
    pub colour: Option<String>,
    /// Production, or certainly not; null is unmarked.
    pub production: Option<bool>,
    /// First among the others.
    pub favourite: bool,
}

/// Where the store of secrets stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// It opens.
    Open,
    /// A passphrase or the desktop's own unlocking is wanted.
    Locked,
    /// It does not open; `said` names the repair.
    Failed,
}

/// The store of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VaultView {
    /// `keychain` or `file`.
    pub store: String,
    /// In words: "Secret Service, login keyring".
    pub title: String,
    /// Whether it opens.
    pub state: VaultState,
    /// Why it is this one, or why it does not open, with the repair.
    pub said: Option<String>,
    /// Whether a passphrase was set.
    pub passphrase: bool,
}

/// The lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LockView {
    /// The screen is covered, and commands are refused until it is opened.
    pub locked: bool,
    /// Since when.
    pub since: Option<String>,
    /// Why credentials are still held although it is locked: "step migrate of run … needs them until it ends".
    pub waits_for: Option<String>,
    /// Opening asks for the vault's passphrase; else any key will do.
    pub passphrase: bool,
    /// Minutes without a touch before it locks; 0 is never.
    pub idle_minutes: u32,
}

/// What kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Something ends soon.
    Ending,
    /// It has ended.
    Ended,
    /// Good to know.
    Note,
}

/// Told before it is too late. The same notice is told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoticeView {
    /// What kind.
    pub kind: NoticeKind,
    /// In a few words.
    pub title: String,
    /// With the next action.
    pub said: String,
    /// The session to sign in to, when that helps.
    pub session: Option<String>,
    /// When it ends.
    pub ends_at: Option<String>,
}
