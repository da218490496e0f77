//! A step's life, in one match.

use serde::{Deserialize, Serialize};

/// Where a piece of work stands. Blocked, ready and held are derived: see [`crate::standing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not yet begun.
    Pending,
    /// Intended; no action sent, or between two actions.
    Running,
    /// A person is asked.
    Asking,
    /// An action was sent and its answer has not been stored.
    Sent,
    /// All actions are answered; what they started goes on outside.
    Waiting,
    /// Its result is judged and its checks run.
    Verifying,
    /// What was asked for is what is.
    Succeeded,
    /// It is not.
    Failed,
    /// Nobody knows.
    Unknown,
    /// AWS put back what ran before.
    RolledBackByAws,
    /// Somebody else's took its place.
    Superseded,
    /// Left out.
    Skipped,
    /// It was done, and undone by a rollback.
    Compensated,
    /// Practice cannot do it.
    NotPractised,
}

impl Status {
    /// Whether the run may go on behind it.
    pub fn is_done(self) -> bool {
        match self {
            Self::Succeeded | Self::Skipped | Self::NotPractised => true,
            Self::Pending
            | Self::Running
            | Self::Asking
            | Self::Sent
            | Self::Waiting
            | Self::Verifying
            | Self::Failed
            | Self::Unknown
            | Self::RolledBackByAws
            | Self::Superseded
            | Self::Compensated => false,
        }
    }

    /// Whether an operator must decide.
    pub fn needs_decision(self) -> bool {
        match self {
            Self::Failed | Self::Unknown | Self::RolledBackByAws | Self::Superseded => true,
            Self::Pending
            | Self::Running
            | Self::Asking
            | Self::Sent
            | Self::Waiting
            | Self::Verifying
            | Self::Succeeded
            | Self::Skipped
            | Self::Compensated
            | Self::NotPractised => false,
        }
    }

    /// Whether it has begun and not ended.
    pub fn is_active(self) -> bool {
        match self {
            Self::Running | Self::Asking | Self::Sent | Self::Waiting | Self::Verifying => true,
            Self::Pending
            | Self::Succeeded
            | Self::Failed
            | Self::Unknown
            | Self::RolledBackByAws
            | Self::Superseded
            | Self::Skipped
            | Self::Compensated
            | Self::NotPractised => false,
        }
    }
}

/// What can happen to a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepFact {
    /// An intent was stored.
    Intended {
        /// A person is asked first.
        asks: bool,
        /// It has actions to send.
        acts: bool,
    },
    /// The person answered.
    Answered {
        /// It has actions to send.
        acts: bool,
    },
    /// A question of a step that is followed was answered.
    Replied {
        /// The answer has an action to send.
        acts: bool,
    },
    /// An action is about to be sent.
    Sending,
    /// It certainly took no effect.
    NotSent,
    /// Its receipt was stored.
    Received {
        /// It was the last one.
        last: bool,
    },
    /// Judging began.
    Verifying,
    /// It ended in this status.
    Concluded(Status),
    /// Its answer was lost.
    BecameUnknown,
    /// Once more.
    Retried,
    /// Left out.
    Skipped,
    /// Its undo succeeded.
    Undone,
}

/// A fact that cannot follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fact:?} cannot happen to a step that is {status:?}")]
pub struct Illegal {
    /// Where the step stood.
    pub status: Status,
    /// What was to happen.
    pub fact: StepFact,
}

/// The whole life of a step.
pub fn advance(status: Status, fact: StepFact) -> Result<Status, Illegal> {
    use Status as S;
    use StepFact as F;
    match (status, fact) {
        (S::Pending, F::Intended { asks: true, .. }) => Ok(S::Asking),
        (S::Pending, F::Intended { asks: false, acts: true }) => Ok(S::Running),
        (S::Pending, F::Intended { asks: false, acts: false }) => Ok(S::Waiting),
        (S::Asking, F::Answered { acts: true }) => Ok(S::Running),
        (S::Asking, F::Answered { acts: false }) => Ok(S::Waiting),
        (S::Waiting, F::Replied { acts: true }) => Ok(S::Running),
        (S::Waiting, F::Replied { acts: false }) => Ok(S::Waiting),
        // What is unknown is settled before anything is sent again.
        (S::Running, F::Sending) => Ok(S::Sent),
        (S::Sent | S::Unknown, F::NotSent) => Ok(S::Running),
        (S::Sent | S::Unknown, F::Received { last: false }) => Ok(S::Running),
        (S::Sent | S::Unknown, F::Received { last: true }) => Ok(S::Waiting),
        (S::Sent, F::BecameUnknown) => Ok(S::Unknown),
        (S::Waiting | S::Verifying, F::Verifying) => Ok(S::Verifying),
        // Only what was followed to its end has succeeded, been rolled back or superseded.
        (
            S::Waiting | S::Verifying,
            F::Concluded(
                end @ (S::Succeeded
                | S::Failed
                | S::Unknown
                | S::RolledBackByAws
                | S::Superseded
                | S::NotPractised),
            ),
        ) => Ok(end),
        // A step may fail before its intent: a value is missing, the identity is wrong, preparing was refused. An
        // action on its way must be answered for first: refused, received, or unknown.
        (S::Pending | S::Running | S::Asking, F::Concluded(end @ (S::Failed | S::NotPractised))) => Ok(end),
        // What is asked is asked anew where the plan was replaced meanwhile.
        (
            S::Asking
            | S::Failed
            | S::Unknown
            | S::RolledBackByAws
            | S::Superseded
            | S::Succeeded
            | S::Skipped
            | S::NotPractised,
            F::Retried,
        ) => Ok(S::Pending),
        (
            S::Pending | S::Asking | S::Failed | S::Unknown | S::RolledBackByAws | S::Superseded,
            F::Skipped,
        ) => Ok(S::Skipped),
        // A step of the rollback set has touched something, wherever a retry, a skip or an earlier undo left it.
        (
            S::Pending
            | S::Running
            | S::Asking
            | S::Waiting
            | S::Verifying
            | S::Succeeded
            | S::Failed
            | S::Unknown
            | S::RolledBackByAws
            | S::Superseded
            | S::Skipped
            | S::Compensated
            | S::NotPractised,
            F::Undone,
        ) => Ok(S::Compensated),
        (
            S::Pending
            | S::Running
            | S::Asking
            | S::Sent
            | S::Waiting
            | S::Verifying
            | S::Succeeded
            | S::Failed
            | S::Unknown
            | S::RolledBackByAws
            | S::Superseded
            | S::Skipped
            | S::Compensated
            | S::NotPractised,
            F::Intended { .. }
            | F::Answered { .. }
            | F::Replied { .. }
            | F::Sending
            | F::NotSent
            | F::Received { .. }
            | F::Verifying
            | F::Concluded(_)
            | F::BecameUnknown
            | F::Retried
            | F::Skipped
            | F::Undone,
        ) => Err(Illegal { status, fact }),
    }
}
