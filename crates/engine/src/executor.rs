//! What a kind of step must be able to do: [`Executor`].
//!
//! An executor changes the world only in [`Executor::act`], only by the action that it is given, and only after the
//! engine has stored the intent. Everything else reads. It keeps nothing between calls: after a crash a new process
//! calls it with what the journal holds.

use crate::{Asks, Clock, Progress, Safe, Stops};
use async_trait::async_trait;
use holdpoint_plan::{Action, Step};
use holdpoint_redact::Secret;
use holdpoint_run::{
    Answer, At, Diagnosis, Intent, Judgement, Mode, OutputValue, Pin, Receipt, RunId, Said, Work,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What an executor is told about the step in hand. All templates are rendered.
#[derive(Clone)]
pub struct Task {
    /// The run.
    pub run: RunId,
    /// Live or practice.
    pub mode: Mode,
    /// Which step, and which way it is walked.
    pub work: Work,
    /// Counts up from 1.
    pub attempt: u32,
    /// The step as the plan says; for an `after` check or an undo, the step that it belongs to.
    pub step: Arc<Step>,
    /// Kind.
    pub uses: String,
    /// Arguments, rendered, secrets among them in plain: never store or log it.
    pub with: Value,
    /// Expectations, rendered.
    pub expect: Value,
    /// The script of a `shell`, exactly as written.
    pub script: Option<String>,
    /// The region that the run is pinned to.
    pub region: String,
    /// The account that the run is pinned to.
    pub account: String,
    /// Folder of the plan file: relative paths start here.
    pub folder: PathBuf,
    /// What was before the run changed it.
    pub pins: Arc<BTreeMap<String, Pin>>,
    /// For each step begun: when its newest intent was stored, and its receipts. `since: <step>` is read here.
    pub began: Arc<BTreeMap<String, Began>>,
    /// The answer of a person, once there is one. Secret fields are in `secrets`.
    pub answer: Option<Answer>,
    /// Values of secret variables and fields, in memory only.
    pub secrets: Arc<BTreeMap<String, Secret>>,
    /// When to give up waiting, counted from now by the clock; the kind's own default where the plan says nothing.
    pub timeout: Option<Duration>,
    /// The only clock. It divides durations in practice.
    pub clock: Arc<dyn Clock>,
    /// Where progress and log lines go.
    pub progress: Progress,
    /// Where a person is asked while the step is followed.
    pub asks: Arc<dyn Asks>,
    /// Where it hears that somebody wants it stopped; heeded by kinds that [`Executor::can_stop`].
    pub stops: Stops,
    /// Where originals are sealed and evidence is kept.
    pub safe: Arc<dyn Safe>,
    /// A folder of this step alone in the run's folder, for working files: there, mode 0700, until the run closes. The
    /// folders of a run's steps lie side by side.
    pub scratch: PathBuf,
}

impl Task {
    /// Text that marks what this attempt creates (an AWS tag's value): `<run>/<step>/<attempt>`, with the lane.
    pub fn mark(&self) -> String {
        let lane = match self.work.lane {
            holdpoint_run::Lane::Forward => "",
            holdpoint_run::Lane::Undo => "/undo",
        };
        format!("{}/{}{lane}/{}", self.run, self.work.step, self.attempt)
    }
}

/// When a step began, and what it received.
#[derive(Debug, Clone, PartialEq)]
pub struct Began {
    /// When its newest intent was stored.
    pub at: At,
    /// Its receipts so far.
    pub receipts: Vec<Receipt>,
    /// Its intent's view of the world before.
    pub world: Value,
}

/// Why an action has no receipt.
#[derive(Debug, Clone, PartialEq)]
pub enum ActError {
    /// It certainly took no effect: refused, invalid, never connected.
    Refused(Diagnosis),
    /// It may have taken effect: reset, silence, 5xx, truncated answer.
    Ambiguous(Diagnosis),
}

/// What the world shows of an action whose answer was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// It took effect: this is its receipt.
    TookEffect(Receipt),
    /// It did not: it may be sent.
    TookNoEffect {
        /// How that is known.
        why: String,
    },
    /// The world does not settle it: the operator decides, shown this.
    Unsettled(Diagnosis),
}

/// How following ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// What was asked for is what is.
    Succeeded {
        /// Outputs by name, with plain values of secrets in `secret_outputs` only.
        outputs: BTreeMap<String, OutputValue>,
        /// Secret outputs, in memory only.
        secret_outputs: BTreeMap<String, Secret>,
        /// What was expected and what was found; one that does not hold makes the step fail.
        judgements: Vec<Judgement>,
        /// Worth knowing.
        note: Option<String>,
    },
    /// It is not.
    Failed(Diagnosis),
    /// AWS put back what ran before.
    RolledBackByAws(Diagnosis),
    /// Somebody else's took its place.
    Superseded(Diagnosis),
    /// Practice cannot do it.
    NotPractised(String),
}

impl Ending {
    /// A success with outputs that may be seen.
    pub fn outputs(outputs: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), OutputValue::plain(value)));
        Self::Succeeded {
            outputs: outputs.collect(),
            secret_outputs: BTreeMap::new(),
            judgements: Vec::new(),
            note: None,
        }
    }
}

/// A kind of step.
#[async_trait]
pub trait Executor: Send + Sync {
    /// Name of the kind, e.g. `ecs.deploy`.
    fn kind(&self) -> &'static str;

    /// What undoes this step where the plan does not say: a step of another kind, as data. Templates are allowed.
    fn undo(&self, _action: &Action) -> Option<Action> {
        None
    }

    /// Whether this kind heeds [`Task::stops`]. What goes on in AWS is not stopped by stopping here.
    fn can_stop(&self) -> bool {
        false
    }

    /// Keys of what this step changes, for the rollback set, e.g. `ecs/<cluster>/<service>`. Called with rendered
    /// arguments at the start; keys whose arguments cannot be rendered yet are left out.
    fn pins(&self, _with: &Value) -> Vec<String> {
        Vec::new()
    }

    /// Reads what a key of [`Self::pins`] is now; `None` where it does not exist.
    async fn pin(&self, _task: &Task, key: &str) -> Result<Option<Value>, Diagnosis> {
        Err(Diagnosis::of(format!("{} cannot keep {key}", self.kind())))
    }

    /// Reads the world and says what exactly will be done. Changes nothing.
    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis>;

    /// Sends action number `action` of the intent, once, without repeating it whatever comes back, save a throttled one.
    /// `receipts` are those of the actions before.
    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        receipts: &[Receipt],
    ) -> Result<Receipt, ActError>;

    /// Says from the world, by reading alone, whether action number `action` took effect.
    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        receipts: &[Receipt],
    ) -> Result<Observation, Diagnosis>;

    /// Follows what was started to its true end and judges `expect`. Reads only; may be called again after a crash.
    /// With an intent without actions this is the whole step.
    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending;

    /// What of its outputs says why a judgement does not hold: for who reads the diagnosis, and for what is known of it.
    fn explains(&self, _outputs: &BTreeMap<String, OutputValue>) -> Vec<Said> {
        Vec::new()
    }
}
