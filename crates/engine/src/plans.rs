//! The plan of a run, and the revisions that an open run may go on with.

use crate::context::Secrets;
use crate::desktop::Desktop;
use crate::handle::{Message, RunHandle};
use crate::journal::Journal;
use crate::start::undo_items;
use crate::tools::{EngineError, Tools};
use crate::worker::{read_pins, veil_pins};
use holdpoint_plan::{Plan, StepId};
use holdpoint_run::{
    Actor, Adopted, Adoption, Command, Pin, RunId, State, StepChange, UndoItem, differences,
};
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

/// An edited plan that takes the place of the one that a run is walked by, as somebody decided.
#[derive(Debug, Clone)]
pub struct Adopting {
    /// The edited plan.
    pub revision: Revision,
    /// What it changes, as it was shown.
    pub changes: Vec<StepChange>,
    /// What becomes of each changed step that has a result.
    pub fates: BTreeMap<StepId, Adoption>,
    /// Who decided.
    pub by: Actor,
    /// Why; kept in the journal.
    pub reason: String,
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

    /// Goes on with an edited plan.
    ///
    /// # Errors
    /// A refusal; a folder that cannot keep the revision; what runs now and cannot be kept for a rollback.
    pub async fn adopt(&self, adopting: Adopting) -> Result<(), EngineError> {
        let plan = Arc::clone(&adopting.revision.plan);
        let Prepared { adopted, originals } = prepare(&self.tools, &self.state(), adopting).await?;
        let by = adopted.by.name.clone();
        self.inbox.send(Message::Know(plan, originals)).map_err(|_| self.gone())?;
        self.command(Command::Adopt(Box::new(adopted)), &by).await
    }
}

/// Puts an edited plan in the place of the one that an open run is walked by, while nobody drives it: whoever drives it
/// next walks the revision, and nothing of the plan before is begun in between.
///
/// # Errors
/// [`EngineError::Driven`] while somebody drives it; as [`RunHandle::adopt`].
pub async fn adopt_undriven(
    tools: Tools,
    run: &RunId,
    plans: impl Into<Plans>,
    adopting: Adopting,
) -> Result<(), EngineError> {
    let _lock = tools.folder.lock(&tools.driver)?.map_err(EngineError::Driven)?;
    let mut journal = Journal::open(run, plans, tools.pen()).await?;
    let plan = Arc::clone(&adopting.revision.plan);
    let Prepared { adopted, .. } = prepare(&tools, &journal.state, adopting).await?;
    Arc::make_mut(&mut journal.state).know(plan);
    let by = adopted.by.name.clone();
    Ok(journal.carry_out(Command::Adopt(Box::new(adopted)), &by).await?)
}

/// What is stored of an adoption, and what memory alone has of it.
struct Prepared {
    adopted: Adopted,
    originals: Vec<Pin>,
}

async fn prepare(tools: &Tools, state: &State, adopting: Adopting) -> Result<Prepared, EngineError> {
    let Adopting { revision: Revision { plan, bytes, path }, changes, fates, by, reason } = adopting;
    tools.folder.keep_revision(&plan.digest, &bytes)?;
    let ahead = ahead(state, &plan);
    let (originals, pins) = new_pins(tools, state, ahead).await?;
    let adopted = Adopted {
        digest: plan.digest.clone(),
        path,
        undo: undo_of(tools, state, &plan, &fates),
        vars: new_vars(state, &plan),
        pins,
        by,
        reason,
        changes,
        fates,
    };
    Ok(Prepared { adopted, originals })
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
/// As they are, and as the journal may have them.
async fn new_pins(tools: &Tools, state: &State, ahead: State) -> Result<(Vec<Pin>, Vec<Pin>), EngineError> {
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
    let veiled = veil_pins(tools, &pins).await.map_err(identity)?;
    Ok((pins, veiled))
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
