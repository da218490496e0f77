//! Where the tools of a run come from: the edge chooses, the engine does not know AWS.

use crate::{Desk, Registry, RunFolder};
use async_trait::async_trait;
use holdpoint_plan::{Plan, Target};
use holdpoint_run::{Diagnosis, Mode, RunId, WorkingCopy};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run needs tools for.
#[derive(Clone)]
pub struct Want {
    /// Which run.
    pub run: RunId,
    /// Its folder.
    pub folder: RunFolder,
    /// Live or practice.
    pub mode: Mode,
    /// What it is pinned to; `None` to pin it to what the profile is.
    pub target: Option<Target>,
    /// A profile's name in a live run; `None` is the default one. A person's name in practice; `None` is the first.
    pub profile: Option<String>,
    /// The plan, from which the practice account is furnished.
    pub plan: Arc<Plan>,
    /// Where the plan was opened; the practice world is looked for beside it.
    pub plan_path: PathBuf,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// Divides durations, in practice.
    pub speed: f64,
}

/// The tools.
pub struct Outfit {
    /// The kinds of step.
    pub registry: Registry,
    /// Identities.
    pub desk: Arc<dyn Desk>,
    /// What the run is pinned to.
    pub target: Target,
    /// The profile, or the person, that it works as.
    pub profile: String,
}

/// Gets tools for runs.
#[async_trait]
pub trait Outfitter: Send + Sync {
    /// Tools for a run, new or gone on with. Changes nothing outside; in practice it starts the simulator, or finds the
    /// one that the run has.
    async fn outfit(&self, want: &Want) -> Result<Outfit, Diagnosis>;

    /// The run is over: what was started for it ends.
    async fn retire(&self, folder: &RunFolder) -> Result<(), Diagnosis>;

    /// The working copy that a plan's folder lies in, for the record; `None` outside of one. What cannot be told keeps no
    /// run from beginning.
    async fn working_copy(&self, _folder: &Path) -> Option<WorkingCopy> {
        None
    }
}
