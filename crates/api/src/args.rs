//! What calls are asked with, and what is answered where no view is.

use crate::views::TargetView;
use holdpoint_run::{Decision, Mode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Arguments of a call that has none.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(type = "Record<string, never>")]
pub struct Nothing {}

/// A plan file.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanAt {
    /// Where.
    pub path: String,
}

/// A plan file with the content that was shown.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanShown {
    /// Where.
    pub path: String,
    /// SHA-256 of what was shown.
    pub digest: String,
}

/// A profile.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProfileRef {
    /// Its name; null is the default.
    pub profile: Option<String>,
}

/// A new run.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// The plan file.
    pub path: String,
    /// SHA-256 of what was shown.
    pub digest: String,
    /// Live or practice.
    #[ts(type = "Mode")]
    pub mode: Mode,
    /// Profile; in practice, the person.
    pub profile: Option<String>,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// Divides durations, in practice.
    pub speed: f64,
    /// Target for a plan that names none.
    pub target: Option<TargetView>,
    /// Variables by name; secret ones among them.
    pub vars: BTreeMap<String, String>,
}

/// A run.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// Its id.
    pub run: String,
}

/// A run that somebody else may drive.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunTakeOver {
    /// Its id.
    pub run: String,
    /// Shut out a driver that does not answer.
    pub force: bool,
}

/// A run with a reason.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunReason {
    /// Its id.
    pub run: String,
    /// Why.
    pub reason: String,
}

/// Something that a run left for later, and is done.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ObligationClose {
    /// The run's id.
    pub run: String,
    /// Its id in the run.
    pub id: String,
    /// What was done.
    pub reason: String,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
}

/// Something that a run left for later, and is put off or handed on.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ObligationMove {
    /// The run's id.
    pub run: String,
    /// Its id in the run.
    pub id: String,
    /// How long from now, e.g. `7d`; as it is when null.
    pub within: Option<String>,
    /// Who sees to it; as it is when null.
    pub owner: Option<String>,
    /// Why.
    pub reason: String,
}

/// A hold that one person passes in an emergency.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunGlass {
    /// Its id.
    pub run: String,
    /// The hold: `stage:<id>` or `step:<id>`.
    pub hold: String,
    /// Whose: a profile, or a person in practice.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// A run, or some of its steps.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunPart {
    /// Its id.
    pub run: String,
    /// Only these steps; all when null.
    pub only: Option<Vec<String>>,
}

/// A run that is to be rolled back.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunRollback {
    /// Its id.
    pub run: String,
    /// Why.
    pub reason: String,
    /// Only these steps; all when null.
    pub only: Option<Vec<String>>,
    /// Cautions that are accepted, by id, each with its reason.
    pub accepts: BTreeMap<String, String>,
}

/// A run whose step is to be stopped.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunStop {
    /// Its id.
    pub run: String,
    /// Why, where somebody says it.
    pub reason: Option<String>,
}

/// A signature.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunSign {
    /// Its id.
    pub run: String,
    /// `stage:<id>` or `step:<id>`.
    pub hold: String,
    /// Go or no-go.
    #[ts(type = "\"go\" | \"no_go\"")]
    pub decision: Decision,
    /// Profile; in practice, the person.
    pub person: String,
    /// Why; wanted for a no-go.
    pub reason: Option<String>,
}

/// A signature of somebody who signs in for it.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunGuest {
    /// Its id.
    pub run: String,
    /// `stage:<id>` or `step:<id>`.
    pub hold: String,
    /// Go or no-go.
    #[ts(type = "\"go\" | \"no_go\"")]
    pub decision: Decision,
    /// Why; wanted for a no-go.
    pub reason: Option<String>,
}

/// A tick.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunTick {
    /// Its id.
    pub run: String,
    /// The checklist.
    pub step: String,
    /// The item.
    pub item: String,
    /// Ticked, or not.
    pub on: bool,
    /// Why by hand.
    pub reason: Option<String>,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
}

/// An answer.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunAnswer {
    /// Its id.
    pub run: String,
    /// The step that asks.
    pub step: String,
    /// Values of its fields.
    pub fields: BTreeMap<String, String>,
    /// The option.
    pub option: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The phrase, where one is to be typed.
    pub phrase: Option<String>,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
    /// Who signs the answer to what is asked while a step is followed: a profile, or a practice person's name; the run's
    /// own where it is absent.
    #[serde(default)]
    #[ts(optional)]
    pub who: Option<String>,
}

/// A decision.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunChoose {
    /// Its id.
    pub run: String,
    /// The step.
    pub step: String,
    /// `retry`, `skip`, `settle_succeeded` or `settle_failed`.
    pub choice: String,
    /// Why.
    pub reason: Option<String>,
}

/// A phrase, typed.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunConfirm {
    /// Its id.
    pub run: String,
    /// The step that asks.
    pub step: String,
    /// As typed.
    pub phrase: String,
}

/// A secret that a run waits for. It goes to memory and nowhere else.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunSecret {
    /// Its id.
    pub run: String,
    /// Its name, as in `wants`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A place in a log.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunLog {
    /// Its id.
    pub run: String,
    /// The step.
    pub step: String,
    /// Lines after this one.
    pub after_line: u64,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// Markdown.
    Markdown,
    /// One self-contained file.
    Html,
    /// For programs.
    Json,
}

/// Where a report goes.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReportArgs {
    /// The run's id.
    pub run: String,
    /// Its form.
    pub format: ReportFormat,
    /// The file.
    pub path: String,
}

/// A report, written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReportFile {
    /// The file.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: String,
}

/// Where secrets are to be kept.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VaultChoose {
    /// `keychain` or `file`.
    #[ts(type = "\"keychain\" | \"file\"")]
    pub store: String,
    /// Opens the file from now on; without one, a key file does.
    pub passphrase: Option<String>,
}

/// An SSO session.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SessionRef {
    /// Its key; of a sign-in for one signature, the view's `session`.
    pub session: String,
}

/// A sign-in.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The session's key.
    pub session: String,
    /// By a code, for a browser that is elsewhere.
    pub device: bool,
    /// Who asks, for the others who wait; else the console.
    #[serde(default)]
    #[ts(optional)]
    pub asked_by: Option<String>,
}

/// A profile by its name.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProfileNamed {
    /// Its name.
    pub profile: String,
}

/// A change that was shown.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DraftRef {
    /// Its id.
    pub id: String,
}

/// A finding of the last examination.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FindingRef {
    /// Its code.
    pub code: String,
    /// Where it is, as its `where`.
    pub place: Option<String>,
}

/// Something secret.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// As in its view.
    pub what: String,
}

/// What opens the lock.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LockOpen {
    /// The vault's passphrase, where there is one.
    pub passphrase: Option<String>,
}

/// What `verify` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Verified {
    /// Nothing is wrong.
    pub intact: bool,
    /// In words.
    pub said: String,
}
