//! What all kinds share that change a service at AWS: what is kept of it, what undoes them, how an action is found, sent
//! and settled. A kind says only in what it differs.

use crate::failure::strange;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::Value;

/// The services of one part of AWS, as steps change them.
#[async_trait]
pub(crate) trait Family: 'static {
    /// What an intent keeps of the world that it was made in.
    type World: Send + Sync;

    /// Keys of the service that these arguments name, for the rollback set.
    fn keys(with: &Value) -> Vec<String>;

    /// Content of a pin; `None` for a service that does not exist.
    async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis>;

    /// The undo of what changes a service: back to what was pinned.
    fn rollback(action: &Action) -> Action;

    /// The world of an intent.
    fn world(stored: &Value) -> Result<Self::World, Diagnosis>;

    /// Sends an action as its intent says it.
    async fn send(cloud: &Cloud, doing: &Doing<'_, Self::World>) -> Result<Receipt, ActError>;

    /// Whether an action took effect, as its intent says it.
    async fn settle(cloud: &Cloud, doing: &Doing<'_, Self::World>) -> Result<Observation, Diagnosis>;
}

/// One action of an intent, and what it is done in.
pub(crate) struct Doing<'a, W> {
    pub(crate) task: &'a Task,
    pub(crate) world: &'a W,
    pub(crate) planned: &'a ActionPlan,
    /// Receipts of the actions before.
    pub(crate) receipts: &'a [Receipt],
}

/// What a step goes on from once its actions are done.
pub(crate) struct Done<'a, W> {
    pub(crate) task: &'a Task,
    pub(crate) world: W,
    /// Why nothing was left to do.
    pub(crate) already: Option<String>,
    /// Receipts of all actions.
    pub(crate) receipts: &'a [Receipt],
}

/// A kind of step that changes a service. Its name and `prepare` and `follow` are its own; the rest is its family's, save
/// where it says otherwise.
#[async_trait]
pub(crate) trait Change: Send + Sync {
    /// Whose services.
    type Of: Family;

    /// As [`Executor::kind`].
    fn kind(&self) -> &'static str;

    /// The account.
    fn cloud(&self) -> &Cloud;

    /// As [`Executor::undo`].
    fn undo(&self, action: &Action) -> Option<Action> {
        Some(Self::Of::rollback(action))
    }

    /// As [`Executor::pins`].
    fn pins(&self, with: &Value) -> Vec<String> {
        Self::Of::keys(with)
    }

    /// As [`Executor::prepare`].
    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis>;

    /// As [`Executor::act`].
    async fn act(&self, doing: &Doing<'_, <Self::Of as Family>::World>) -> Result<Receipt, ActError> {
        Self::Of::send(self.cloud(), doing).await
    }

    /// As [`Executor::observe`].
    async fn observe(
        &self,
        doing: &Doing<'_, <Self::Of as Family>::World>,
    ) -> Result<Observation, Diagnosis> {
        Self::Of::settle(self.cloud(), doing).await
    }

    /// As [`Executor::follow`].
    async fn follow(&self, done: Done<'_, <Self::Of as Family>::World>) -> Result<Ending, Diagnosis>;
}

/// A [`Change`] as the engine knows it.
pub(crate) struct ServiceStep<K>(pub(crate) K);

#[async_trait]
impl<K: Change> Executor for ServiceStep<K> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        self.0.undo(action)
    }

    fn pins(&self, with: &Value) -> Vec<String> {
        self.0.pins(with)
    }

    async fn pin(&self, _: &Task, key: &str) -> Result<Option<Value>, Diagnosis> {
        K::Of::content(self.0.cloud(), key).await
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        self.0.prepare(task).await
    }

    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        receipts: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let world = K::Of::world(&intent.world).map_err(ActError::Refused)?;
        let planned = planned(intent, action).map_err(ActError::Refused)?;
        self.0.act(&Doing { task, world: &world, planned, receipts }).await
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        receipts: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let world = K::Of::world(&intent.world)?;
        self.0.observe(&Doing { task, world: &world, planned: planned(intent, action)?, receipts }).await
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        let ending = match K::Of::world(&intent.world) {
            Ok(world) => self.0.follow(Done { task, world, already: intent.already.clone(), receipts }).await,
            Err(diagnosis) => Err(diagnosis),
        };
        ending.unwrap_or_else(Ending::Failed)
    }
}

fn planned(intent: &Intent, action: usize) -> Result<&ActionPlan, Diagnosis> {
    intent.actions.get(action).ok_or_else(|| strange("it has no such action"))
}
