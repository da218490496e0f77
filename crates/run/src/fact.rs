//! What happened in a run. Facts are numbered, stored and never changed; progress is not a fact.

use crate::{
    Accepted, Actor, Adoption, Answer, At, Checked, Covered, Diagnosis, Evidence, How, Intent, Mode,
    Obligation, Outcome, Pin, Question, Receipt, Signature, StepChange, UndoItem,
};
use holdpoint_plan::{ItemId, StageId, StepId, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Where a hold stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKey {
    /// Before a stage's first step.
    Stage(StageId),
    /// Before a step.
    Step(StepId),
}

impl fmt::Display for HoldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(id) => write!(f, "stage {id}"),
            Self::Step(id) => write!(f, "step {id}"),
        }
    }
}

/// Which way a step is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// As the plan says.
    Forward,
    /// Its undo, in a rollback.
    Undo,
}

/// A step walked one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Work {
    /// The step.
    pub step: StepId,
    /// Which way.
    pub lane: Lane,
}

impl Work {
    /// The step as the plan says.
    pub fn forward(step: StepId) -> Self {
        Self { step, lane: Lane::Forward }
    }

    /// The step's undo.
    pub fn undo(step: StepId) -> Self {
        Self { step, lane: Lane::Undo }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lane {
            Lane::Forward => write!(f, "{}", self.step),
            Lane::Undo => write!(f, "undo of {}", self.step),
        }
    }
}

/// When the world was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// At the start of the run.
    Start,
    /// Immediately before the first change.
    BeforeFirstChange,
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The plan's title.
    pub title: String,
    /// SHA-256 of the plan's bytes, hex; the bytes are kept in the run's folder.
    pub plan_digest: String,
    /// Where the plan was opened, for people.
    pub plan_path: String,
    /// Live or practice.
    pub mode: Mode,
    /// What the run is pinned to.
    pub target: Target,
    /// The profile whose credentials it uses; the practice person's name in practice.
    pub profile: String,
    /// Who started it, as STS said.
    pub starter: Checked,
    /// Scenario of the simulator, in practice.
    pub scenario: Option<String>,
    /// Factor that divides durations in practice; 1 in a live run.
    pub speed: f64,
    /// Values of the variables that are not secret.
    pub vars: BTreeMap<String, Value>,
    /// Short commit id of the plan's folder, `-dirty` appended when it is, if it is a git work tree.
    pub git_sha: Option<String>,
    /// The working copy that the plan lay in; `None` outside of one, and in journals of versions that did not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_copy: Option<WorkingCopy>,
    /// Version of Holdpoint.
    pub version: String,
    /// Who drives: process id and host.
    pub driver: String,
    /// What can be undone, resolved at the start: step → what undoes it.
    pub undo: Vec<UndoItem>,
}

/// What the folder of a plan was at when a run began, as git tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingCopy {
    /// The commit that is checked out; `None` before the first.
    pub commit: Option<String>,
    /// The branch; `None` when none is checked out.
    pub branch: Option<String>,
    /// Files of the plan's folder that differ from the commit, or are new, the first of them.
    pub changed: Vec<String>,
    /// How many more there are.
    pub more: u64,
    /// Why nothing of this is known, where git did not tell.
    pub unknown: Option<String>,
}

/// A revision of the plan that an open run goes on with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    /// SHA-256 of its bytes, hex; they are kept in the run's folder.
    pub digest: String,
    /// Where it was opened, for people.
    pub path: String,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// What it changes, as it was shown.
    pub changes: Vec<StepChange>,
    /// What becomes of each changed step that had a result.
    pub fates: BTreeMap<StepId, Adoption>,
    /// Values of variables that are new.
    pub vars: BTreeMap<String, Value>,
    /// What is now of things that the revision touches and nothing had pinned.
    pub pins: Vec<Pin>,
    /// What can be undone from now on: step → what undoes it.
    pub undo: Vec<UndoItem>,
}

/// A value that a step used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// E.g. `steps.register_api.outputs.task_definition`.
    pub name: String,
    /// SHA-256 of its JSON, hex.
    pub digest: String,
}

/// A fact. `kind` and `body` of the stored event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Fact {
    /// The run began. Always the first, and only the first.
    Started(Box<Started>),
    /// Another process drives now; intents of older epochs are no longer its own.
    DriverChanged {
        /// Counts up from 1.
        epoch: u32,
        /// Process id and host.
        driver: String,
        /// Why: resumed, taken over.
        reason: String,
    },
    /// What was before.
    Pinned {
        /// When.
        moment: Moment,
        /// All keys of the rollback set.
        pins: Vec<Pin>,
    },
    /// The run arrived at a hold: this is what signatures cover.
    HoldOpened {
        /// Which.
        hold: HoldKey,
        /// What is covered.
        covers: Vec<Covered>,
    },
    /// Somebody signed.
    Signed {
        /// Which hold.
        hold: HoldKey,
        /// The signature.
        signature: Signature,
    },
    /// One person passed the hold in an emergency. It stays in sight wherever the run is shown.
    GlassBroken {
        /// Which hold.
        hold: HoldKey,
        /// Who, and why; it covers what stood there.
        signature: Box<Signature>,
    },
    /// What is covered has changed, or time is up: the signatures so far are void.
    HoldVoided {
        /// Which hold.
        hold: HoldKey,
        /// Names of what changed.
        why: String,
    },
    /// A step's condition says no.
    SkippedByCondition {
        /// Which step.
        step: StepId,
        /// The condition.
        condition: String,
    },
    /// What will be done. Stored before anything is.
    Intended {
        /// Of what.
        work: Work,
        /// Counts up from 1.
        attempt: u32,
        /// Of which driver.
        epoch: u32,
        /// What exactly.
        intent: Box<Intent>,
        /// The identity asserted for it; `None` for a read.
        identity: Option<Checked>,
        /// Which values went into it.
        used: Vec<Used>,
    },
    /// An answer of a person, before an action or instead of one.
    Answered {
        /// To which work.
        work: Work,
        /// What.
        answer: Answer,
        /// By whom.
        by: Actor,
    },
    /// A person is asked while the step is followed.
    Asked {
        /// By which work.
        work: Work,
        /// What.
        question: Box<Question>,
    },
    /// What was asked is settled without an answer of this run: by time, by somebody elsewhere, by its end.
    Withdrawn {
        /// By which work.
        work: Work,
        /// Which question.
        key: String,
        /// How it was settled.
        why: String,
    },
    /// Somebody answered and signed. The option's action follows those of the intent.
    Replied {
        /// To which work.
        work: Work,
        /// To which question.
        key: String,
        /// Which option.
        option: String,
        /// By whom.
        signature: Box<Signature>,
    },
    /// An action is about to be sent. Its receipt, or its absence, is what a crash is judged by.
    Sending {
        /// Of what.
        work: Work,
        /// Index into the intent's actions.
        action: usize,
    },
    /// An action certainly took no effect (refused, throttled, never sent): it may be sent again.
    NotSent {
        /// Of what.
        work: Work,
        /// Index into the intent's actions.
        action: usize,
        /// How that is known.
        why: String,
    },
    /// What came back of an action.
    Received {
        /// Of what.
        work: Work,
        /// Index into the intent's actions.
        action: usize,
        /// What.
        receipt: Receipt,
        /// How it was come by.
        how: How,
    },
    /// Its result is judged and its checks run.
    Verifying {
        /// Of what.
        work: Work,
    },
    /// It ended.
    Concluded {
        /// What.
        work: Work,
        /// How.
        outcome: Box<Outcome>,
    },
    /// The answer to an action was lost and the world does not settle it.
    BecameUnknown {
        /// What.
        work: Work,
        /// What is known.
        diagnosis: Box<Diagnosis>,
    },
    /// Once more.
    Retried {
        /// What.
        work: Work,
        /// By whom.
        by: Actor,
        /// What was mended, or why.
        reason: Option<String>,
    },
    /// Left out, or left as it is.
    Skipped {
        /// What.
        work: Work,
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// A stale result is kept.
    Kept {
        /// Of which step.
        step: StepId,
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// An item of a checklist was ticked or unticked.
    Ticked {
        /// The checklist.
        step: StepId,
        /// The item.
        item: ItemId,
        /// Ticked, or not.
        on: bool,
        /// By whom; a step that ticks its item is `through: step`.
        by: Actor,
        /// Why by hand, where a step should have done it.
        reason: Option<String>,
        /// A note, or the digest of a file.
        evidence: Option<String>,
        /// SHA-256 of the item's text: the signature covers it.
        text_digest: String,
    },
    /// Somebody has what goes on stopped. How it ends is told by its end.
    Stopping {
        /// What.
        work: Work,
        /// Ended, whatever it was doing; asked to end before.
        hard: bool,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
    /// A file was kept.
    EvidenceKept {
        /// Of what.
        work: Work,
        /// Which.
        evidence: Evidence,
    },
    /// Rolling back began.
    RollbackStarted {
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
        /// What, in this order.
        set: Vec<UndoItem>,
        /// Steps that changed something and stay, because only a part goes back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<StepId>,
        /// What was known to speak against it, and why it was done all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accepted: Vec<Accepted>,
    },
    /// An edited plan takes the place of the one that was walked so far.
    PlanAdopted(Box<Adopted>),
    /// Something is left for later.
    ObligationOpened {
        /// What.
        obligation: Box<Obligation>,
    },
    /// It is due at another time, or somebody else sees to it.
    ObligationMoved {
        /// Which.
        id: String,
        /// By when now.
        due: Option<At>,
        /// Who sees to it now.
        owner: Option<String>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// It is done, or need not be. May follow the end of the run.
    ObligationClosed {
        /// Which.
        id: String,
        /// By whom.
        by: Actor,
        /// What was done.
        reason: String,
        /// A note, or the digest of a file.
        evidence: Option<String>,
    },
    /// The operator gave up.
    Aborted {
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The run is over. Nothing follows but what becomes of its obligations.
    Closed {
        /// How.
        end: crate::RunEnd,
    },
}
