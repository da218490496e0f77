//! What can be asked of a run, and how it says no.

use crate::{
    Actor, Adopted, Answer, At, Checked, Covered, Diagnosis, Evidence, HoldKey, How, Intent, Moment, Outcome,
    Pin, Question, Receipt, RunEnd, Signature, Started, Used, Work,
};
use holdpoint_plan::{ItemId, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// A command. Operators give some, the driver and the executors the others.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin.
    Start(Box<Started>),
    /// This process drives from now on.
    TakeOver {
        /// Process id and host.
        driver: String,
        /// Why.
        reason: String,
    },
    /// Keep what is, to be able to put it back.
    Pin {
        /// When.
        moment: Moment,
        /// What.
        pins: Vec<Pin>,
    },
    /// The run stands before a hold that covers this.
    OpenHold {
        /// Which.
        hold: HoldKey,
        /// What.
        covers: Vec<Covered>,
    },
    /// Sign.
    Sign {
        /// Which hold.
        hold: HoldKey,
        /// With what.
        signature: Box<Signature>,
    },
    /// Pass a hold alone, in an emergency.
    BreakGlass {
        /// Which hold.
        hold: HoldKey,
        /// With what; it says why.
        signature: Box<Signature>,
    },
    /// A step's condition was evaluated to no.
    SkipByCondition {
        /// Which step.
        step: StepId,
    },
    /// Store what will be done.
    Intend {
        /// Of what.
        work: Work,
        /// What.
        intent: Box<Intent>,
        /// The identity asserted for it.
        identity: Option<Checked>,
        /// Values used.
        used: Vec<Used>,
        /// What the hold before it covers now.
        covers: Vec<(HoldKey, Vec<Covered>)>,
    },
    /// A person answers.
    Answer {
        /// What.
        work: Work,
        /// How.
        answer: Answer,
        /// Who.
        by: Actor,
    },
    /// A person is to be asked while the step is followed.
    Ask {
        /// By which work.
        work: Work,
        /// What.
        question: Box<Question>,
    },
    /// What was asked is settled elsewhere.
    Withdraw {
        /// By which work.
        work: Work,
        /// Which question.
        key: String,
        /// How.
        why: String,
    },
    /// Somebody answers such a question.
    Reply {
        /// To which work.
        work: Work,
        /// To which question.
        key: String,
        /// Which option.
        option: String,
        /// With what.
        signature: Box<Signature>,
    },
    /// An action is about to be sent.
    Send {
        /// Of what.
        work: Work,
        /// Which.
        action: usize,
    },
    /// It certainly took no effect.
    NotSent {
        /// Of what.
        work: Work,
        /// Which.
        action: usize,
        /// How that is known.
        why: String,
    },
    /// Its receipt.
    Receive {
        /// Of what.
        work: Work,
        /// Which.
        action: usize,
        /// What.
        receipt: Receipt,
        /// How it was come by.
        how: How,
    },
    /// Judging begins.
    Verify {
        /// Of what.
        work: Work,
    },
    /// It ended.
    Conclude {
        /// What.
        work: Work,
        /// How.
        outcome: Box<Outcome>,
    },
    /// Its answer was lost.
    BecomeUnknown {
        /// What.
        work: Work,
        /// What is known.
        diagnosis: Box<Diagnosis>,
    },
    /// The operator decides an interruption.
    Choose {
        /// Of what.
        work: Work,
        /// How.
        choice: Choice,
        /// Who.
        by: Actor,
    },
    /// Tick or untick an item.
    Tick {
        /// The checklist.
        step: StepId,
        /// The item.
        item: ItemId,
        /// Ticked, or not.
        on: bool,
        /// Who.
        by: Actor,
        /// Why by hand.
        reason: Option<String>,
        /// A note, or a digest.
        evidence: Option<String>,
    },
    /// Keep a file.
    Keep {
        /// Of what.
        work: Work,
        /// Which.
        evidence: Evidence,
    },
    /// Have what goes on stop: first gently, then hard.
    Stop {
        /// What.
        work: Work,
        /// End it, whatever it is doing.
        hard: bool,
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
    /// Roll back the whole set, or a part of it.
    RollBack {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
        /// Only these steps.
        only: Option<BTreeSet<StepId>>,
        /// Cautions that are accepted, by id, and why.
        accepts: BTreeMap<String, String>,
    },
    /// Go on with an edited plan, which the state [knows](crate::State::know).
    Adopt(Box<Adopted>),
    /// Have an obligation be due at another time, or somebody else see to it.
    MoveObligation {
        /// Which.
        id: String,
        /// By when.
        due: Option<At>,
        /// Who sees to it.
        owner: Option<String>,
        /// Who says so.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Close an obligation; may follow the end of the run.
    CloseObligation {
        /// Which.
        id: String,
        /// Who.
        by: Actor,
        /// What was done.
        reason: String,
        /// A note, or a digest.
        evidence: Option<String>,
    },
    /// Give up.
    Abort {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The run is over.
    Close {
        /// How.
        end: RunEnd,
    },
}

impl Command {
    /// Whether it may follow the end of the run: what is left for later outlives it.
    pub(crate) fn outlives_the_run(&self) -> bool {
        matches!(self, Self::CloseObligation { .. } | Self::MoveObligation { .. })
    }
}

/// What an operator decides about work that failed, is unknown or is stale.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Once more; what was mended, where something was.
    Retry {
        /// What was mended.
        mended: Option<String>,
    },
    /// Once more, from an earlier step on whose result it used. What was signed for the old result does not count.
    Again {
        /// The earlier step: one of [`crate::sources`].
        from: StepId,
        /// Why, or what was mended.
        reason: Option<String>,
    },
    /// Leave it out; a stale result is kept.
    Skip {
        /// Why.
        reason: String,
    },
    /// The unknown action did take effect.
    TookEffect {
        /// Index of the action.
        action: usize,
        /// What the world shows of it.
        receipt: Receipt,
    },
    /// The unknown action did not.
    TookNoEffect {
        /// Index of the action.
        action: usize,
        /// How the operator knows.
        reason: String,
    },
}

/// Why a command was not carried out. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run is over.
    #[error("this run is over, it is {}: start a new one", .0.in_words())]
    Over(RunEnd),
    /// It has begun already.
    #[error("this run has begun already")]
    Begun,
    /// It has not begun.
    #[error("this run has not begun")]
    NotBegun,
    /// The plan has no such thing.
    #[error("this plan has no {0}")]
    Absent(String),
    /// Not now.
    #[error("{0}")]
    NotNow(String),
    /// A signature that does not count.
    #[error("this signature does not count: {0}")]
    Signature(String),
    /// The answer is not what was asked.
    #[error("{0}")]
    Answer(String),
    /// A reason is wanted.
    #[error("say why: {0} is kept in the journal with its reason")]
    Reason(String),
    /// Something that has to be accepted before a rollback.
    #[error("{says}; say why it may be rolled back all the same ({id})")]
    Caution {
        /// Which: [`crate::Caution::id`].
        id: String,
        /// What is so.
        says: String,
    },
    /// A revision that the run cannot go on with.
    #[error(transparent)]
    Unfit(#[from] crate::Unfit),
    /// A lifecycle rule.
    #[error(transparent)]
    Illegal(#[from] crate::Illegal),
}
