//! The state of a run and its journal, moved together: what is stored is what is known.

use crate::{Clock, Plans, Point, Points};
use holdpoint_ledger::{Anchor, AnchorError, Anchors, Ledger, LedgerError, Verdict, verify};
use holdpoint_run::chain::{self, Draft, Event, Stored};
use holdpoint_run::{Command, Fact, Mode, Refusal, RunId, State, decide};
use std::sync::Arc;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A rule says no. Nothing was stored.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be stored: the run stops here.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The anchor could not be kept: the run stops here.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The journal is damaged.
    #[error("the journal of run {run} cannot be driven: {verdict}")]
    Damaged {
        /// The run.
        run: RunId,
        /// What `verify` says.
        verdict: String,
    },
    /// The journal does not belong to the plan.
    #[error("the journal of run {run} does not fit its plan: {why}")]
    Misfit {
        /// The run.
        run: RunId,
        /// Where.
        why: String,
    },
}

/// The one writer of a run.
pub(crate) struct Journal {
    pub(crate) state: Arc<State>,
    head: [u8; 32],
    ledger: Arc<dyn Ledger>,
    anchors: Anchors,
    device: ed25519_dalek::SigningKey,
    clock: Arc<dyn Clock>,
    points: Arc<dyn Points>,
}

/// What a journal writes with.
#[derive(Clone)]
pub struct Pen {
    /// Where facts are stored.
    pub ledger: Arc<dyn Ledger>,
    /// Where signed heads are kept.
    pub anchors: Anchors,
    /// What signs them.
    pub device: ed25519_dalek::SigningKey,
    /// When it is.
    pub clock: Arc<dyn Clock>,
    /// Where tests kill the process.
    pub points: Arc<dyn Points>,
}

/// Reads and verifies a run; the state of its intact part.
pub fn fold(
    run: &RunId,
    plans: impl Into<Plans>,
    stored: &[Stored],
    anchors: &[Anchor],
) -> Result<(State, Verdict), JournalError> {
    let (verdict, events) = verify(run, stored, anchors);
    Ok((folded(run, plans, stored, &events)?, verdict))
}

fn folded(
    run: &RunId,
    plans: impl Into<Plans>,
    stored: &[Stored],
    events: &[Event],
) -> Result<State, JournalError> {
    let Plans { first, revisions } = plans.into();
    let mut state = State::new(run.clone(), first);
    revisions.into_iter().for_each(|revision| state.know(revision));
    for (event, stored) in events.iter().zip(stored) {
        state
            .evolve(event, &stored.hash)
            .map_err(|misfit| JournalError::Misfit { run: run.clone(), why: misfit.to_string() })?;
    }
    Ok(state)
}

impl Journal {
    /// Opens a run's journal for writing; a damaged one is refused. An anchor that its last writer did not come to keep is
    /// kept now.
    pub(crate) async fn open(run: &RunId, plans: impl Into<Plans>, pen: Pen) -> Result<Self, JournalError> {
        let stored = pen.ledger.read(run, 0).await?;
        let (verdict, events) = verify(run, &stored, &pen.anchors.of(run)?);
        let Verdict::Intact { anchored, .. } = verdict else {
            return Err(JournalError::Damaged { run: run.clone(), verdict: verdict.to_string() });
        };
        let state = folded(run, plans, &stored, &events)?;
        let head = stored.last().map_or_else(|| chain::genesis(run), |last| last.hash);
        let Pen { ledger, anchors, device, clock, points } = pen;
        let journal = Self { state: Arc::new(state), head, ledger, anchors, device, clock, points };
        if events.iter().any(|event| event.seq > anchored && is_anchored(&event.event)) {
            journal.anchor()?;
        }
        Ok(journal)
    }

    /// Decides and stores. When this returns, the facts are on disk.
    pub(crate) async fn carry_out(&mut self, command: Command, actor: &str) -> Result<(), JournalError> {
        let facts = decide(&self.state, command, self.clock.now())?;
        if facts.is_empty() {
            return Ok(());
        }
        let stored = self.seal(&facts, actor)?;
        let kinds: Vec<String> = facts.iter().map(kind_of).collect();
        kinds.iter().for_each(|kind| self.points.reached(&Point::BeforeAppend(kind.clone())));
        self.ledger.append(&self.state.run, self.state.seq, stored.clone()).await?;
        self.evolve(&stored)?;
        kinds.iter().for_each(|kind| self.points.reached(&Point::AfterAppend(kind.clone())));
        if facts.iter().any(is_anchored) {
            self.anchor()?;
        }
        Ok(())
    }

    /// Signs all that is stored.
    fn anchor(&self) -> Result<(), AnchorError> {
        let State { run, seq, head, .. } = &*self.state;
        self.anchors.keep(&Anchor::sign(&self.device, run, *seq, head, self.clock.now()))
    }

    fn seal(&self, facts: &[Fact], actor: &str) -> Result<Vec<Stored>, JournalError> {
        let mode = facts.iter().find_map(mode_of).unwrap_or_else(|| self.state.mode());
        let identity = self.state.started.as_ref().map(|started| started.starter.arn.clone());
        let monotonic = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut prev = self.head;
        let mut sealed = Vec::with_capacity(facts.len());
        for (fact, seq) in facts.iter().zip(self.state.seq + 1..) {
            let draft = Draft {
                at: self.clock.now(),
                monotonic,
                actor: actor.to_owned(),
                identity: identity.clone(),
                mode,
                fact: fact.clone(),
            };
            let stored =
                chain::seal(&self.state.run, seq, prev, &draft).map_err(|error| JournalError::Misfit {
                    run: self.state.run.clone(),
                    why: format!("a fact has no JSON form: {error}"),
                })?;
            prev = stored.hash;
            sealed.push(stored);
        }
        Ok(sealed)
    }

    fn evolve(&mut self, stored: &[Stored]) -> Result<(), JournalError> {
        let run = self.state.run.clone();
        let state = Arc::make_mut(&mut self.state);
        for one in stored {
            let misfit = |why: String| JournalError::Misfit { run: run.clone(), why };
            let event =
                chain::open(&run, one.seq, &self.head, one).map_err(|error| misfit(error.to_string()))?;
            state.evolve(&event, &one.hash).map_err(|error| misfit(error.to_string()))?;
            self.head = one.hash;
        }
        Ok(())
    }
}

/// What people sign or decide for good is anchored, and the end with what may follow it.
fn is_anchored(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Signed { .. }
            | Fact::GlassBroken { .. }
            | Fact::Replied { .. }
            | Fact::PlanAdopted(_)
            | Fact::ObligationMoved { .. }
            | Fact::ObligationClosed { .. }
            | Fact::Closed { .. }
    )
}

fn mode_of(fact: &Fact) -> Option<Mode> {
    match fact {
        Fact::Started(started) => Some(started.mode),
        Fact::DriverChanged { .. }
        | Fact::Pinned { .. }
        | Fact::HoldOpened { .. }
        | Fact::Signed { .. }
        | Fact::GlassBroken { .. }
        | Fact::PlanAdopted(_)
        | Fact::ObligationOpened { .. }
        | Fact::ObligationMoved { .. }
        | Fact::ObligationClosed { .. }
        | Fact::HoldVoided { .. }
        | Fact::SkippedByCondition { .. }
        | Fact::Intended { .. }
        | Fact::Answered { .. }
        | Fact::Asked { .. }
        | Fact::Withdrawn { .. }
        | Fact::Replied { .. }
        | Fact::Sending { .. }
        | Fact::NotSent { .. }
        | Fact::Received { .. }
        | Fact::Verifying { .. }
        | Fact::Concluded { .. }
        | Fact::BecameUnknown { .. }
        | Fact::Retried { .. }
        | Fact::Skipped { .. }
        | Fact::Kept { .. }
        | Fact::Ticked { .. }
        | Fact::Stopping { .. }
        | Fact::EvidenceKept { .. }
        | Fact::RollbackStarted { .. }
        | Fact::Aborted { .. }
        | Fact::Closed { .. } => None,
    }
}

/// The fact's `kind`, as stored.
fn kind_of(fact: &Fact) -> String {
    let value = serde_json::to_value(fact).unwrap_or_default();
    value.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned()
}
