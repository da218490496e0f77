//! Tools for runs, for every edge: AWS by a profile, or the practice account of the run.

use crate::access::Access;
use crate::practice::{Simulator, SimulatorOptions, Spawn, furnish};
use crate::workshop::{Live, Practice, Workshop};
use async_trait::async_trait;
use holdpoint_engine::{MachineClock, Outfit, Outfitter, RunFolder, Want};
use holdpoint_identity::{Env, RunTag};
use holdpoint_plan::Target;
use holdpoint_run::{Diagnosis, Mode, WorkingCopy};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A practice account that nobody used for so long ends; it goes on where it was when its run is resumed.
const IDLES: &str = "43200";

/// The program that simulates, `holdpoint sim`; by another name it is the credential helper of Docker's clients.
#[derive(Debug, Clone)]
pub struct SimCommand {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub args: Vec<OsString>,
}

/// Gets the tools of runs from AWS, or from the simulator.
#[derive(Debug, Clone)]
pub struct AwsOutfitter {
    env: Env,
    sim: SimCommand,
    access: Access,
}

impl AwsOutfitter {
    /// With the environment as an argument, and the program that simulates.
    pub fn new(env: Env, sim: SimCommand) -> Self {
        Self { env, sim, access: Access::default() }
    }

    /// With what the sessions of this process share.
    pub fn with(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    async fn live(&self, want: &Want) -> Result<(Workshop, Target), Diagnosis> {
        let target = match &want.target {
            Some(target) => target.clone(),
            None => self.target_of(want.profile.as_deref()).await?,
        };
        let live = Live {
            access: self.access.clone(),
            run: Some(RunTag::new(want.run.as_str())),
            env: self.env.clone(),
            profile: want.profile.clone(),
            target: target.clone(),
            clock: Arc::new(MachineClock::new(1.0)),
            folder: want.folder.path().join("child"),
            program: self.sim.program.clone(),
        };
        Ok((live.open().await.map_err(told)?, target))
    }

    /// A plan that names no target is pinned to what the profile is.
    async fn target_of(&self, profile: Option<&str>) -> Result<Target, Diagnosis> {
        let session = self.access.session(&self.env, profile, None, None).await.map_err(told)?;
        let caller = session.whoami().await.map_err(told)?;
        Ok(Target { account: caller.account, region: session.region().to_owned(), role: None })
    }

    async fn practice(&self, want: &Want) -> Result<(Workshop, Target), Diagnosis> {
        let world = furnish(&want.plan, &want.plan_path).map_err(told)?;
        let kept = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT"];
        let environment =
            kept.iter().filter_map(|name| Some((OsString::from(name), self.env.os(name)?.to_owned())));
        let idle = ["--idle-exit", IDLES].map(OsString::from);
        let spawn = Spawn {
            program: self.sim.program.clone(),
            arguments: self.sim.args.iter().cloned().chain(idle).collect(),
            environment: environment.collect(),
        };
        let options = SimulatorOptions {
            state: state_of(&want.folder),
            scenario: want.scenario.clone(),
            speed: want.speed,
            seed: 1,
        };
        let simulator = Simulator::start(&spawn, &options).await.map_err(told)?;
        let furnished = simulator.furnish(&world.json).await.map_err(told)?;
        let target = want.target.clone().unwrap_or_else(|| Target {
            account: furnished.account.clone(),
            region: furnished.region.clone(),
            role: Some(furnished.role.clone()),
        });
        let practice = Practice {
            env: self.env.clone(),
            simulator,
            furnished,
            operator: want.profile.clone(),
            target: target.clone(),
            assumed: world.assumed,
            clock: Arc::new(MachineClock::new(want.speed)),
            folder: want.folder.path().join("child"),
            program: self.sim.program.clone(),
        };
        Ok((practice.open().map_err(told)?, target))
    }
}

#[async_trait]
impl Outfitter for AwsOutfitter {
    async fn outfit(&self, want: &Want) -> Result<Outfit, Diagnosis> {
        let (workshop, target) = match want.mode {
            Mode::Live => self.live(want).await?,
            Mode::Practice => self.practice(want).await?,
        };
        let own = workshop.desk.signers().into_iter().next();
        let profile = want.profile.clone().or(own).unwrap_or_default();
        Ok(Outfit { registry: workshop.registry, desk: workshop.desk, target, profile })
    }

    async fn retire(&self, folder: &RunFolder) -> Result<(), Diagnosis> {
        match Simulator::attach(&state_of(folder)).await {
            Some(simulator) => simulator.shutdown().await.map_err(told),
            None => Ok(()),
        }
    }

    async fn working_copy(&self, folder: &Path) -> Option<WorkingCopy> {
        crate::git::working_copy(&self.env, folder).await
    }
}

fn state_of(folder: &RunFolder) -> PathBuf {
    folder.path().join("sim")
}

fn told(error: impl std::error::Error) -> Diagnosis {
    Diagnosis::of(error.to_string())
}
