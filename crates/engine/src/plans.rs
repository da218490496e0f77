//! The plan of a run, and the revisions that an open run may go on with.

use crate::context::Secrets;
use crate::desktop::Desktop;
use crate::handle::{Message, RunHandle};
use crate::start::undo_items;
use crate::tools::{EngineError, Tools};
use crate::worker::{read_pins, veil_pins};
use holdpoint_plan::{Plan, StepId};
use holdpoint_run::{Actor, Adopted, Adoption, Command, Pin, State, StepChange, UndoItem, differences};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A run's plan as it was when the run began, and the revisions of it that are at hand.
#[derive(Debug, Clone)]
pub struct Plans {
    /// As it was when the run began.
    pub first: Arc<Plan>,
    /// What took its place, or may; in any order.
    pub revisions: Vec<Arc<Plan>>,
}

impl From<Arc<Plan>> for Plans {
    fn from(first: Arc<Plan>) -> Self {
        Self { first, revisions: Vec::new() }
    }
}

/// An edited plan, looked at beside an open run.
#[derive(Debug, Clone)]
pub struct Revision {
    /// As it is read.
    pub plan: Arc<Plan>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it was opened, for people.
    pub path: String,
}

impl RunHandle {
    /// What a revision would change for this run.
    ///
    /// # Errors
    /// [`EngineError::Journal`] with a refusal where the run cannot go on with it.
    pub fn differences(&self, revision: &Plan) -> Result<Vec<StepChange>, EngineError> {
        differences(&self.state(), revision)
            .map_err(|unfit| EngineError::Journal(crate::JournalError::Refused(unfit.into())))
    }

    /// Goes on with an edited plan. `changes` are those that were shown, `fates` what becomes of each changed step that
    /// has a result.
    ///
    /// # Errors
    /// A refusal; a folder that cannot keep the revision; what runs now and cannot be kept for a rollback.
    pub async fn adopt(
        &self,
        revision: Revision,
        changes: Vec<StepChange>,
        fates: BTreeMap<StepId, Adoption>,
        by: Actor,
        reason: String,
    ) -> Result<(), EngineError> {
        let state = self.state();
        let Revision { plan, bytes, path } = revision;
        self.tools.folder.keep_revision(&plan.digest, &bytes)?;
        let ahead = ahead(&state, &plan);
        let pins = new_pins(&self.tools, &state, ahead).await?;
        let adopted = Adopted {
            digest: plan.digest.clone(),
            path,
            undo: undo_of(&self.tools, &state, &plan, &fates),
            vars: new_vars(&state, &plan),
            pins,
            by: by.clone(),
            reason,
            changes,
            fates,
        };
        self.inbox.send(Message::Know(plan)).map_err(|_| self.gone())?;
        self.command(Command::Adopt(Box::new(adopted)), &by.name).await
    }
}

/// The run as it would be, as far as pins are concerned.
fn ahead(state: &State, plan: &Arc<Plan>) -> State {
    let mut ahead = state.clone();
    for step in plan.steps() {
        ahead.steps.entry(step.id.clone()).or_default();
    }
    ahead.vars.extend(new_vars(state, plan));
    ahead.plan = Arc::clone(plan);
    ahead
}

/// What a revision touches that nothing has pinned yet. What is pinned stays as it was before this run changed it.
async fn new_pins(tools: &Tools, state: &State, ahead: State) -> Result<Vec<Pin>, EngineError> {
    let (link, _from) = mpsc::unbounded_channel();
    let (notes, _heard) = mpsc::unbounded_channel();
    let desk = Desktop {
        tools: tools.clone(),
        state: Arc::new(ahead),
        pins: Arc::new(state.pins.clone()),
        secrets: Arc::new(Secrets::new()),
        notes,
        link,
        backlog: Arc::default(),
        resent: 0,
        stops: crate::Stops::never(),
    };
    let identity = |diagnosis| EngineError::Identity(Box::new(diagnosis));
    let mut pins = read_pins(&desk).await.map_err(identity)?;
    pins.retain(|pin| !state.pins.contains_key(&pin.key));
    veil_pins(tools, &pins).await.map_err(identity)
}

/// Variables that the revision adds, with their defaults.
fn new_vars(state: &State, plan: &Plan) -> BTreeMap<String, Value> {
    let new = plan.vars.iter().filter(|var| !var.secret && !state.vars.contains_key(&var.name));
    new.filter_map(|var| Some((var.name.clone(), var.default.clone()?))).collect()
}

/// What can be undone from now on. What was done by the plan as it was is undone as it said then.
fn undo_of(tools: &Tools, state: &State, plan: &Plan, fates: &BTreeMap<StepId, Adoption>) -> Vec<UndoItem> {
    let done = |step: &StepId| {
        state.steps.get(step).is_some_and(|known| known.touched) && fates.get(step) != Some(&Adoption::Again)
    };
    let old = state.undo.iter().filter(|item| done(&item.step)).cloned();
    let new = undo_items(tools, plan).into_iter().filter(|item| !done(&item.step));
    old.chain(new).collect()
}
