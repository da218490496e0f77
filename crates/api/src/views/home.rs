//! The first screen, and what is pushed to the page.

use super::{
    DriverView, Identity, LockView, LogLine, NoticeView, ObligationView, RunView, SignInView, StandingNote,
    Weight,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a run stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Something goes on.
    Running,
    /// Signatures are wanted.
    Held,
    /// A person is asked.
    WaitingForPerson,
    /// It failed, is unknown, stale or a no-go: an operator decides.
    NeedsDecision,
    /// The set is being put back.
    RollingBack,
    /// Open, and nobody drives it.
    Interrupted,
    /// Every step is done.
    Succeeded,
    /// It stopped here and cannot go on.
    Failed,
    /// It was put back.
    RolledBack,
    /// The operator gave up.
    Aborted,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunSummary {
    /// Its id.
    pub run: String,
    /// The plan's title.
    pub title: String,
    /// Where the plan was opened.
    pub plan_path: String,
    /// Live or practice.
    #[ts(type = "Mode")]
    pub mode: holdpoint_run::Mode,
    /// Where it stands.
    pub status: RunStatus,
    /// The account that it is pinned to.
    pub account: String,
    /// Its alias.
    pub alias: Option<String>,
    /// How careful to be.
    pub weight: Weight,
    /// The weight is guessed from names: nobody marked the account.
    pub weight_guessed: bool,
    /// When it began.
    pub started_at: String,
    /// Who began it.
    pub started_by: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Steps that are done.
    pub steps_done: u32,
    /// Steps that are walked.
    pub steps_total: u32,
    /// Somebody passed a hold alone in an emergency.
    pub glass_broken: bool,
    /// What it waits for, or how it ended.
    pub said: String,
    /// When something of it was stored last.
    pub updated_at: String,
    /// Who drives it, where that is not this process.
    pub driven_by: Option<DriverView>,
    /// What is known and what is not, where it is open and nobody drives it.
    pub standing: Vec<StandingNote>,
}

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
    /// A hold.
    Hold,
    /// A decision.
    Failure,
    /// A person's work.
    Person,
    /// A driver.
    Interrupted,
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Waiting {
    /// Which run.
    pub run: String,
    /// What kind.
    pub kind: WaitingKind,
    /// What.
    pub title: String,
    /// The plan's title.
    #[ts(rename = "plan")]
    pub plan: String,
    /// The account.
    #[serde(rename = "where")]
    pub place: String,
    /// Since when.
    pub since: String,
    /// Who asks.
    pub by: Option<String>,
}

/// A plan opened before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecentPlan {
    /// Where it is.
    pub path: String,
    /// Its title then.
    pub title: String,
    /// When.
    pub opened_at: String,
    /// It is not there any more.
    pub missing: bool,
}

/// The first screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Home {
    /// What waits for a person.
    pub waiting: Vec<Waiting>,
    /// What runs left for later: what is due first, first; practice last.
    pub obligations: Vec<ObligationView>,
    /// Runs that are not over.
    pub open: Vec<RunSummary>,
    /// Runs that are, the newest of them.
    pub past: Vec<RunSummary>,
    /// How many there are.
    pub past_count: u32,
    /// Plans opened before, the newest first.
    pub recent: Vec<RecentPlan>,
    /// Plans that come with Holdpoint.
    pub examples: Vec<RecentPlan>,
    /// The identity chosen last.
    pub identity: Option<Identity>,
    /// A plan that the program was started with.
    pub open_at_start: Option<String>,
}

/// What is pushed to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    /// A run has changed; the newest replaces older.
    Run {
        /// All of it.
        view: Box<RunView>,
    },
    /// New lines of a log.
    Log {
        /// Which run.
        run: String,
        /// Which step.
        step: String,
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// Lists have changed.
    Home,
    /// Sessions, accounts, profiles or secrets have changed: ask `accounts.view` anew.
    Accounts,
    /// A sign-in has gone on.
    SignIn {
        /// Where it stands.
        view: Box<SignInView>,
    },
    /// The identity chosen has changed, or STS has answered.
    Identity {
        /// Who one is now.
        view: Box<Identity>,
    },
    /// The lock was closed or opened, or no longer waits.
    Lock {
        /// Where it stands.
        view: LockView,
    },
    /// Something is to be known before it is too late.
    Notice {
        /// What.
        view: NoticeView,
    },
}
