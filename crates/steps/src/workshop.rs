//! What a run is walked with: the executors and the desk, for AWS or for practice.

use crate::access::Access;
use crate::desks::{LiveDesk, PracticeDesk};
use crate::files::{Assert, Files};
use crate::look::Reader;
use crate::practice::{Furnished, Simulator};
use crate::shell::Child;
use crate::{apprunner, checks, ecs, express, git, http, image, local, logs, person, shell, soak, terraform};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Pace};
use holdpoint_engine::{Clock, Desk, Executor, Registry};
use holdpoint_identity::{BadPin, Env, Pin, RunTag, Session, SessionError, profiles};
use holdpoint_plan::{Effect, Target, kinds};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Executors and desk of one run.
#[derive(Clone)]
pub struct Workshop {
    /// Executors by kind.
    pub registry: Registry,
    /// Who works and who signs.
    pub desk: Arc<dyn Desk>,
}

/// Why there is no workshop; nothing was called.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// The target cannot be a pin.
    #[error(transparent)]
    Pin(#[from] BadPin),
    /// There is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Practice without anybody in it.
    #[error("the practice world has nobody called `{0}`: add the name to its `people`")]
    Nobody(String),
}

/// A workshop on AWS.
pub struct Live {
    /// The environment.
    pub env: Env,
    /// What sessions of this process share.
    pub access: Access,
    /// The run, for the names of role sessions.
    pub run: Option<RunTag>,
    /// The profile that the run works with.
    pub profile: Option<String>,
    /// What the run is pinned to.
    pub target: Target,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The run's folder: files for child processes are made here.
    pub folder: PathBuf,
    /// `holdpoint`, which is also the credential helper of Docker's clients.
    pub program: PathBuf,
}

/// A workshop in a practice account.
pub struct Practice {
    /// The environment, of which a child gets what is harmless.
    pub env: Env,
    /// The simulator.
    pub simulator: Simulator,
    /// What it answered when it was furnished.
    pub furnished: Furnished,
    /// The person that the run works as; the first one where nobody is named.
    pub operator: Option<String>,
    /// What the run is pinned to.
    pub target: Target,
    /// The world was made from the plan's own expectations.
    pub assumed: bool,
    /// Time, with the run's speed.
    pub clock: Arc<dyn Clock>,
    /// The run's folder: files for child processes are made here.
    pub folder: PathBuf,
    /// `holdpoint`, which is also the credential helper of Docker's clients.
    pub program: PathBuf,
}

impl Live {
    /// Opens it. No call is made: credentials may still prove expired.
    pub async fn open(self) -> Result<Workshop, WorkshopError> {
        let pin = pin(&self.target)?;
        let (profile, region) = (self.profile.as_deref(), Some(self.target.region.as_str()));
        let session = self.access.session(&self.env, profile, region, self.run.clone()).await?;
        let names = profiles(&self.env).await.map(|found| found.profiles).unwrap_or_default();
        let profiles: Vec<String> = names.into_iter().map(|profile| profile.name).collect();
        let cloud = Cloud::new(session.config(), Arc::new(ClockPace(Arc::clone(&self.clock))));
        let child = Child {
            env: self.env.clone(),
            session: session.clone(),
            folder: self.folder,
            profiles: profiles.clone(),
            practice: None,
            simulator: None,
            program: self.program,
            open: self.access.opens(&self.env, self.run),
        };
        let registry = registry(&cloud, http::Route::Live, false, child, &self.clock);
        let own = self.profile.unwrap_or_else(|| session.source().to_string());
        let (clock, region) = (self.clock, self.target.region);
        let desk =
            LiveDesk { env: self.env, access: self.access, own, profiles, session, pin, region, clock };
        Ok(Workshop { registry, desk: Arc::new(desk) })
    }
}

impl Practice {
    /// Opens it. Nothing but the simulator on this machine is reachable from it.
    pub fn open(self) -> Result<Workshop, WorkshopError> {
        let pin = pin(&self.target)?;
        let endpoint = self.simulator.endpoint();
        let mut people = Vec::new();
        for (name, credentials) in &self.furnished.people {
            people.push((name.clone(), Session::practice(&endpoint, credentials, &self.furnished.region)?));
        }
        let wanted = self.operator.as_deref();
        let at = people.iter().position(|(name, _)| wanted.is_none_or(|wanted| wanted == name));
        let at = at.ok_or_else(|| WorkshopError::Nobody(self.operator.clone().unwrap_or_default()))?;
        let own = people.remove(at);
        people.insert(0, own.clone());
        let cloud = Cloud::new(own.1.config(), Arc::new(ClockPace(Arc::clone(&self.clock))));
        let child = Child {
            env: self.env,
            session: own.1,
            folder: self.folder,
            profiles: Vec::new(),
            practice: Some(endpoint),
            simulator: Some(self.simulator.clone()),
            program: self.program,
            // Nothing is mapped in practice, and an empty environment leads nowhere.
            open: Access::default().opens(&Env::default(), None),
        };
        let registry = registry(
            &cloud,
            http::Route::Practice(self.simulator.address()),
            self.assumed,
            child,
            &self.clock,
        );
        Ok(Workshop { registry, desk: Arc::new(PracticeDesk::new(self.simulator, people, pin, self.clock)) })
    }
}

fn registry(
    cloud: &Cloud,
    route: http::Route,
    assumed: bool,
    child: Child,
    clock: &Arc<dyn Clock>,
) -> Registry {
    let registries = image::registries(route, &child, clock);
    let cloud = &cloud.clone().with_registries(registries.clone());
    let mut executors: Vec<Arc<dyn Executor>> = ecs::executors(cloud, &registries);
    executors.extend(express::executors(cloud));
    executors.extend(apprunner::executors(cloud, &registries));
    let files = if child.practice.is_some() { Files::practice(&child.folder) } else { Files::live() };
    executors.extend(checks::executors(cloud, &files, assumed));
    executors.extend(person::executors());
    executors.extend(http::executors(cloud, route, assumed));
    executors.push(Arc::new(logs::Logs { cloud: cloud.clone(), assumed }));
    executors.extend(git::executors(&child.env, &files));
    executors.push(Arc::new(Reader(local::Local { env: child.env.clone() })));
    executors.push(Arc::new(Reader(Assert { files })));
    executors.extend(image::executors(cloud, &registries, child.clone()));
    executors.extend(terraform::executors(cloud, Arc::new(child.clone())));
    executors.push(Arc::new(shell::Scripts::new(child)));
    let reads = |executor: &&Arc<dyn Executor>| {
        kinds::kind(executor.kind()).is_some_and(|kind| kind.effect == Effect::Read)
    };
    let reads: Registry = executors.iter().filter(reads).cloned().collect();
    executors.push(Arc::new(soak::Soaking { reads }));
    executors.into_iter().collect()
}

pub(crate) struct ClockPace(pub(crate) Arc<dyn Clock>);

#[async_trait]
impl Pace for ClockPace {
    async fn pause(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

pub(crate) fn pin(target: &Target) -> Result<Pin, BadPin> {
    Pin::new(&target.account, &target.region, target.role.as_deref())
}
