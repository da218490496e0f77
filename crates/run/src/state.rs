//! What is known about a run.

use crate::{
    Accepted, Actor, Answer, At, Checked, Covered, Evidence, HoldKey, Intent, Lane, Mode, Moment,
    ObligationState, Outcome, OutputValue, Pin, Question, Receipt, RunId, Signature, Started, Status,
    UndoItem, Used, Work,
};
use holdpoint_plan::{ItemId, Plan, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every step is done.
    Done,
    /// It was rolled back, wholly.
    RolledBack,
    /// It was rolled back with undos left out.
    PartlyRolledBack,
    /// The operator gave up.
    Aborted,
}

impl RunEnd {
    /// In words, after "it is".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RolledBack => "rolled back",
            Self::PartlyRolledBack => "rolled back in part",
            Self::Aborted => "aborted",
        }
    }
}

/// A fold over the facts of a run.
#[derive(Debug, Clone)]
pub struct State {
    /// Which run.
    pub run: RunId,
    /// Its plan: as it was when the run began, or the revision adopted last.
    pub plan: Arc<Plan>,
    /// Revisions of the plan that may be adopted, by digest. What is not known cannot be folded.
    pub revisions: BTreeMap<String, Arc<Plan>>,
    /// What can be undone: step → what undoes it.
    pub undo: Vec<UndoItem>,
    /// Values of the variables that are not secret.
    pub vars: BTreeMap<String, Value>,
    /// How it began; `None` before the first fact.
    pub started: Option<Arc<Started>>,
    /// When it began.
    pub started_at: Option<At>,
    /// When the newest fact happened.
    pub updated_at: Option<At>,
    /// Number of the newest event; 0 before the first.
    pub seq: u64,
    /// Hash of the newest event, hex.
    pub head: String,
    /// Counts drivers, from 1.
    pub epoch: u32,
    /// Who drives, as of the journal.
    pub driver: String,
    /// The steps.
    pub steps: BTreeMap<StepId, StepState>,
    /// Holds that the run arrived at.
    pub holds: BTreeMap<HoldKey, HoldState>,
    /// Holds that one person passed in an emergency, for ever.
    pub broken: Vec<(HoldKey, Signature)>,
    /// What is left for later, by id.
    pub obligations: BTreeMap<String, ObligationState>,
    /// What was before.
    pub pins: BTreeMap<String, Pin>,
    /// Which moments are pinned, and when.
    pub pinned_at: BTreeMap<Moment, At>,
    /// Evidence kept.
    pub evidence: Vec<(Work, Evidence)>,
    /// The rollback, once begun.
    pub rollback: Option<Rollback>,
    /// Who gave up, and why.
    pub aborted: Option<(Actor, String)>,
    /// How and when it ended.
    pub end: Option<(RunEnd, At)>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepState {
    /// As the plan says.
    pub forward: WorkState,
    /// Its undo.
    pub undo: WorkState,
    /// Names of used outputs that have changed since.
    pub stale: Vec<String>,
    /// Ticks of its items.
    pub items: BTreeMap<ItemId, ItemState>,
    /// Whether it ever got as far as sending something.
    pub touched: bool,
}

/// A step walked one way.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkState {
    /// Where it stands.
    pub status: Status,
    /// Counts up from 1; 0 before the first.
    pub attempt: u32,
    /// Driver of the newest intent.
    pub epoch: u32,
    /// The newest intent.
    pub intent: Option<Intent>,
    /// The identity asserted for it.
    pub identity: Option<Checked>,
    /// Receipts of its actions so far.
    pub receipts: Vec<Receipt>,
    /// The answer of a person.
    pub answer: Option<(Answer, Actor)>,
    /// What is asked while it is followed.
    pub question: Option<Question>,
    /// Keys of the questions of this attempt that were answered, with the option.
    pub replies: Vec<(String, String)>,
    /// How many actions of the intent were added by such answers: the last ones.
    pub added: usize,
    /// Whether somebody has this attempt stopped; true when hard.
    pub stopping: Option<bool>,
    /// Values used.
    pub used: Vec<Used>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Outputs of a success.
    pub outputs: BTreeMap<String, OutputValue>,
    /// Who left it out, and why.
    pub skipped: Option<(Option<Actor>, String)>,
    /// When the newest intent was stored.
    pub began_at: Option<At>,
    /// When it ended.
    pub ended_at: Option<At>,
}

impl Default for WorkState {
    fn default() -> Self {
        Self {
            status: Status::Pending,
            attempt: 0,
            epoch: 0,
            intent: None,
            identity: None,
            receipts: Vec::new(),
            answer: None,
            question: None,
            replies: Vec::new(),
            added: 0,
            stopping: None,
            used: Vec::new(),
            outcome: None,
            outputs: BTreeMap::new(),
            skipped: None,
            began_at: None,
            ended_at: None,
        }
    }
}

impl WorkState {
    /// Whether this action was added by the answer to a question.
    pub fn is_reply(&self, action: usize) -> bool {
        let actions = self.intent.as_ref().map_or(0, |intent| intent.actions.len());
        action < actions && action + self.added >= actions
    }

    /// Forgets what was asked in an earlier attempt.
    pub(crate) fn unasked(&mut self) {
        self.question = None;
        self.replies.clear();
        self.added = 0;
    }
}

/// A hold that the run arrived at.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldState {
    /// What signatures cover now.
    pub covers: Vec<Covered>,
    /// Valid signatures.
    pub signatures: Vec<Signature>,
    /// Signatures that became void, and why.
    pub voided: Vec<(Signature, String)>,
    /// What it covered is void, and what it covers next is not known before the run arrives again.
    pub lapsed: bool,
    /// When the run arrived.
    pub opened_at: At,
    /// Since when every signature is there.
    pub satisfied_at: Option<At>,
}

impl HoldState {
    /// The no-go that stands, if one does.
    pub fn no_go(&self) -> Option<&Signature> {
        self.signatures.iter().rev().find(|one| one.decision == crate::Decision::NoGo)
    }
}

/// An item's tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemState {
    /// Ticked, or not.
    pub on: bool,
    /// By whom.
    pub by: Actor,
    /// Why by hand.
    pub reason: Option<String>,
    /// A note, or a digest.
    pub evidence: Option<String>,
    /// When.
    pub at: At,
}

/// A rollback.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// What, in this order.
    pub set: Vec<UndoItem>,
    /// Steps that changed something and stay.
    pub left: Vec<StepId>,
    /// Cautions that were accepted.
    pub accepted: Vec<Accepted>,
    /// Since when.
    pub at: At,
}

impl State {
    /// A run of which nothing has happened.
    pub fn new(run: RunId, plan: Arc<Plan>) -> Self {
        let steps = plan.steps().map(|step| (step.id.clone(), StepState::default())).collect();
        let head = crate::chain::hex(&crate::chain::genesis(&run));
        Self {
            run,
            plan,
            revisions: BTreeMap::new(),
            undo: Vec::new(),
            vars: BTreeMap::new(),
            started: None,
            started_at: None,
            updated_at: None,
            seq: 0,
            head,
            epoch: 0,
            driver: String::new(),
            steps,
            holds: BTreeMap::new(),
            broken: Vec::new(),
            obligations: BTreeMap::new(),
            pins: BTreeMap::new(),
            pinned_at: BTreeMap::new(),
            evidence: Vec::new(),
            rollback: None,
            aborted: None,
            end: None,
        }
    }

    /// Makes a revision of the plan known, so that it can be adopted, and a journal that adopted it folded.
    pub fn know(&mut self, revision: Arc<Plan>) {
        self.revisions.insert(revision.digest.clone(), revision);
    }

    /// Live or practice, once begun.
    pub fn mode(&self) -> Mode {
        self.started.as_ref().map_or(Mode::Live, |started| started.mode)
    }

    /// A piece of work.
    pub fn work(&self, work: &Work) -> Option<&WorkState> {
        let step = self.steps.get(&work.step)?;
        Some(match work.lane {
            Lane::Forward => &step.forward,
            Lane::Undo => &step.undo,
        })
    }

    /// Where a step stands, as the plan says.
    pub fn status(&self, step: &StepId) -> Status {
        self.steps.get(step).map_or(Status::Pending, |step| step.forward.status)
    }

    /// What a rollback would do now: the undos of all steps that have touched something, last first.
    pub fn rollback_set(&self) -> Vec<UndoItem> {
        let undo = |step: &StepId| self.undo.iter().find(|item| &item.step == step).cloned();
        let mut set: Vec<_> = self
            .plan
            .steps()
            .filter(|step| self.is_touched(&step.id))
            .filter_map(|step| undo(&step.id))
            .collect();
        set.reverse();
        set
    }
}
