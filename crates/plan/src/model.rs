//! The plan as meant: what a run walks.

use crate::{Diagnostic, ItemId, Span, StageId, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What reading a file gives: always a plan (at worst an empty guide) and every finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The decoded text all spans point into. Never repaired: see `repaired`.
    pub text: String,
    /// The plan as meant.
    pub plan: Plan,
    /// Every finding, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// Text repaired for viewing only, when the bytes are damaged, with the damage named.
    pub repaired: Option<Repaired>,
}

/// Text whose mojibake was undone for viewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// The text to show. Line numbers are those of the original.
    pub text: String,
    /// What happened to the file, for the banner, e.g. "UTF-8 read as MacRoman, 41 places".
    pub damage: String,
    /// How many places were repaired.
    pub places: usize,
    /// How many of them had lost bytes and were completed from a table of likely symbols.
    pub guessed: usize,
}

/// How exact a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Any Markdown: prose, checklists and commands that can be read and signed.
    Guide,
    /// `holdpoint:` front matter: every executable line belongs to a step.
    Checked,
}

/// A deployment plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How exact it is.
    pub level: Level,
    /// From the front matter, else the first heading, else "Untitled plan".
    pub title: String,
    /// The account a run is pinned to; a plan without one asks for it.
    pub target: Option<Target>,
    /// Variables, in order of the file.
    pub vars: Vec<Var>,
    /// How long the author thinks it takes.
    pub estimate: Option<Estimate>,
    /// Stages in order of the file. Only those with steps or a role are here; plain prose is not.
    pub stages: Vec<Stage>,
    /// Steps that go back together or not at all.
    pub together: Vec<Together>,
    /// SHA-256 of the file's bytes, lowercase hex.
    pub digest: String,
}

impl Plan {
    /// All steps, in order of the file.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| stage.steps.iter())
    }

    /// The step of that name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps().find(|step| &step.id == id)
    }

    /// The stage that a step stands in.
    pub fn stage_of(&self, id: &StepId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.steps.iter().any(|step| &step.id == id))
    }

    /// The stage of that name.
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| &stage.id == id)
    }
}

/// Steps whose undos go together: putting only some of them back would leave none, or two, of what must be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    /// At least two.
    pub steps: Vec<StepId>,
    /// What must be one, in the author's words.
    pub why: String,
    /// Where it is written.
    pub span: Span,
}

/// The account, region and role that a run is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Twelve digits; a string because leading zeros matter.
    pub account: String,
    /// AWS region name.
    pub region: String,
    /// Role name, or the permission set's name for an Identity Center role.
    pub role: Option<String>,
}

/// A variable of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Var {
    /// Name as used in `vars.<name>`.
    pub name: String,
    /// Used when nobody gives another value. Never present for a secret.
    pub default: Option<Value>,
    /// Asked for when needed, in memory only, redacted everywhere.
    pub secret: bool,
    /// What the operator is asked, when there is something to say.
    pub description: Option<String>,
}

/// From–to, as the author wrote it (`20m..40m`, or one value for both).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Shortest.
    #[serde(with = "seconds")]
    pub from: Duration,
    /// Longest.
    #[serde(with = "seconds")]
    pub to: Duration,
}

/// What a section of the plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Checks before anything changes.
    Before,
    /// Changes.
    Deploy,
    /// Checks of what changed.
    Verify,
    /// What remains when it is done.
    After,
    /// How to undo: shown, walked only by a rollback.
    Rollback,
    /// Prose to look things up in (troubleshooting, success criteria, costs): never walked.
    Reference,
}

/// A stage: a section with steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique name.
    pub id: StageId,
    /// The heading's text.
    pub title: String,
    /// What it is for.
    pub role: Role,
    /// Stages that must be done before.
    pub needs: Vec<StageId>,
    /// How long the author thinks it takes.
    pub estimate: Option<Estimate>,
    /// Signatures wanted before its first step.
    pub hold: Option<Hold>,
    /// Steps in order of the file.
    pub steps: Vec<Step>,
    /// The whole section.
    pub span: Span,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unique name.
    pub id: StepId,
    /// What to call it: the nearest heading's text, or the id in words.
    pub title: String,
    /// What it does, and with what.
    pub action: Action,
    /// Expression (minijinja, without braces) that decides whether it runs at all.
    pub when: Option<String>,
    /// Steps or stages that must be done before; also makes this one stale when they change.
    pub needs: Vec<Need>,
    /// What repeating it would do.
    pub effect: Effect,
    /// Names of outputs and how each is had; secret ones stay in memory.
    pub outputs: BTreeMap<String, Output>,
    /// Signatures wanted before it.
    pub hold: Option<Hold>,
    /// How long the author thinks it takes.
    pub estimate: Option<Estimate>,
    /// When to give up waiting; it never kills what AWS is doing.
    #[serde(with = "maybe_seconds")]
    pub timeout: Option<Duration>,
    /// How often a failed attempt may be repeated without asking; only for effects `read` and `idempotent`.
    pub retry: u32,
    /// Read-only checks that belong to the step: a failing one fails it.
    pub after: Vec<Check>,
    /// What undoes it; `None` where the kind has its own default or none.
    pub undo: Option<Action>,
    /// What it does to the schema of a database, which the undo of other steps does not take back.
    pub schema: Option<SchemaChange>,
    /// What stands in for it in practice.
    pub practice: Option<Practice>,
    /// Items to sign, for a checklist.
    pub items: Vec<Item>,
    /// The prose between the last heading or step and this step, as written.
    pub prose: Option<Span>,
    /// The step's fence (or checklist, or guide command).
    pub span: Span,
}

/// A change of a database's schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaChange {
    /// Whether the version that ran before works with the schema as it is after.
    pub old_version: OldVersion,
    /// What changes, in the author's words.
    pub why: String,
}

/// Whether the version that ran before a schema change works after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldVersion {
    /// It does: rolling back is safe.
    Works,
    /// It does not.
    Breaks,
    /// Nobody has said: it is asked before a rollback.
    Unknown,
}

/// A kind of step with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Kind, e.g. `ecs.deploy`; always one of `kinds()` in a plan without errors.
    pub uses: String,
    /// Arguments as written: an object; any string in it may hold `{{ … }}` templates.
    pub with: Value,
    /// What must hold of its result: an object, templates as in `with`.
    pub expect: Value,
    /// The script of a `shell`, or the original command that the step replaces (shown, never run).
    pub script: Option<Script>,
}

impl Action {
    /// Whether Terraform changes something by it, and would do so again at its next apply.
    pub fn is_terraform_apply(&self) -> bool {
        self.uses == "terraform.apply"
    }
}

/// A code fence that belongs to a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// First word after the fence's ticks, e.g. `bash`.
    pub language: String,
    /// The text between the fences, exactly.
    pub text: String,
    /// Where the text stands.
    pub span: Span,
}

/// A check that runs after a step, by a kind whose effect is `read`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked.
    pub action: Action,
    /// When to give up.
    #[serde(with = "maybe_seconds")]
    pub timeout: Option<Duration>,
    /// Where it is written.
    pub span: Span,
}

/// A step or a stage that must be done before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A step.
    Step(StepId),
    /// All steps of a stage.
    Stage(StageId),
}

/// What repeating a step would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Twice is as once.
    Idempotent,
    /// Twice is twice.
    Once,
    /// Destroys something.
    Destructive,
}

impl Effect {
    /// Whether it changes anything at all.
    pub fn changes(self) -> bool {
        match self {
            Self::Read => false,
            Self::Idempotent | Self::Once | Self::Destructive => true,
        }
    }
}

/// An output that the plan declares for a step (a `shell` step; other kinds have their own).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// In memory only, never stored, redacted everywhere.
    pub secret: bool,
    /// For `shell`: JSON pointer into standard output read as JSON; `None` is the trimmed text.
    pub pointer: Option<String>,
}

/// A point that work may not pass without signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// How many different people must sign.
    pub signatures: u32,
    /// None of them may be who started the run.
    pub by_someone_else: bool,
    /// Names of people, of whom the signatures must come; empty is anybody.
    pub by: Vec<String>,
    /// Expressions whose values a signature covers, beside plan digest, account and target: `steps.x.outputs.y`.
    pub covers: Vec<String>,
    /// How long a signature counts, from when it was given until the work behind it begins; [`Hold::VALID`] where the
    /// plan does not say.
    #[serde(with = "seconds")]
    pub valid: Duration,
    /// Whether one person may pass it in an emergency, with a reason that stays in sight for ever.
    pub break_glass: bool,
    /// Where it is written.
    pub span: Span,
}

impl Hold {
    /// How long a signature counts where the plan does not say: what was decided yesterday was decided of another day.
    pub const VALID: Duration = Duration::from_secs(24 * 60 * 60);
}

/// What a step does in practice instead of its script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Practice {
    /// A command that stands in, run by the step's shell.
    pub command: Option<String>,
    /// Why it is not practised, where the author says so.
    pub skip: Option<String>,
}

/// One item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Unique name.
    pub id: ItemId,
    /// Its text without the box and the comment, normalised white space.
    pub text: String,
    /// `[x]` in the file: the author's claim; shown, never counted.
    pub claimed: bool,
    /// Ticks itself when this step succeeds.
    pub from: Option<StepId>,
    /// Evidence that a signature of it must bring, e.g. `screenshot`, `note`.
    pub evidence: Option<String>,
    /// May be left open.
    pub optional: bool,
    /// May be left open for now: what is not ticked then becomes an obligation.
    pub later: Option<Later>,
    /// Where it is written.
    pub span: Span,
}

/// When something that may be left for later is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// How long after the checklist is signed.
    #[serde(with = "seconds")]
    pub within: Duration,
    /// Who sees to it.
    pub owner: Option<String>,
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

mod maybe_seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&value.as_secs_f64()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(from)?
            .map(|seconds| Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom))
            .transpose()
    }
}
