//! What a run is walked with: the executors and the desk, for AWS or for practice.

use crate::access::Access;
use crate::practice::{Furnished, Simulator};
use crate::shell::Child;
use crate::{ecs, http, logs, person, shell, soak};
use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use holdpoint_cloud::{Cloud, Pace};
use holdpoint_engine::{Clock, Desk, Executor, Lapse, Registry};
use holdpoint_identity::{
    BadPin, Caller, Env, Person, Pin, RoleError, RunTag, Session, SessionError, SsoSession, WhoamiError,
    profiles,
};
use holdpoint_plan::{Effect, Target, kinds};
use holdpoint_run::{At, Checked, Diagnosis};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often STS is asked, by three tries each, before being throttled is told: at 95 % throttling one in a hundred.
const THROTTLED: u32 = 30;
/// Half the wait before STS is asked a second time.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// 50 ms × 2⁶ is the longest wait.
const DOUBLINGS: u32 = 6;

/// How often is looked whether somebody has signed in. While the sign-in is over this reads a file and calls nobody.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

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
        let session = self.access.session(&self.env, profile, region, self.run).await?;
        let names = profiles(&self.env).await.map(|found| found.profiles).unwrap_or_default();
        let profiles: Vec<String> = names.into_iter().map(|profile| profile.name).collect();
        let cloud = Cloud::new(session.config(), Arc::new(ClockPace(Arc::clone(&self.clock))));
        let child = Child {
            env: self.env.clone(),
            session: session.clone(),
            folder: self.folder,
            profiles: profiles.clone(),
            practice: None,
            program: self.program,
        };
        let registry = registry(&cloud, http::Route::Live, false, child);
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
            program: self.program,
        };
        let registry = registry(&cloud, http::Route::Practice(self.simulator.address()), self.assumed, child);
        Ok(Workshop { registry, desk: Arc::new(PracticeDesk { people, pin, clock: self.clock }) })
    }
}

fn registry(cloud: &Cloud, route: http::Route, assumed: bool, child: Child) -> Registry {
    let mut executors: Vec<Arc<dyn Executor>> = ecs::executors(cloud);
    executors.extend(person::executors());
    executors.extend(http::executors(route, assumed));
    executors.push(Arc::new(logs::Logs { cloud: cloud.clone(), assumed }));
    executors.push(Arc::new(shell::Scripts::new(child)));
    let reads = |executor: &&Arc<dyn Executor>| {
        kinds::kind(executor.kind()).is_some_and(|kind| kind.effect == Effect::Read)
    };
    let reads: Registry = executors.iter().filter(reads).cloned().collect();
    executors.push(Arc::new(soak::Soaking { reads }));
    executors.into_iter().collect()
}

struct ClockPace(Arc<dyn Clock>);

#[async_trait]
impl Pace for ClockPace {
    async fn pause(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

struct LiveDesk {
    env: Env,
    access: Access,
    own: String,
    profiles: Vec<String>,
    session: Session,
    pin: Pin,
    region: String,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Desk for LiveDesk {
    async fn assert_pin(&self) -> Result<Checked, Diagnosis> {
        assert_pin(&self.session, &self.pin, self.clock.as_ref()).await
    }

    async fn signer(&self, who: &str) -> Result<Checked, Diagnosis> {
        if who == self.own {
            return whoami(&self.session, self.clock.as_ref()).await;
        }
        let session = self.access.session(&self.env, Some(who), Some(&self.region), None).await;
        let session =
            session.map_err(|error| Diagnosis::of(format!("Nobody can sign as `{who}`: {error}")))?;
        whoami(&session, self.clock.as_ref()).await
    }

    fn signers(&self) -> Vec<String> {
        let others = self.profiles.iter().filter(|name| **name != self.own).cloned();
        std::iter::once(self.own.clone()).chain(others).collect()
    }

    async fn left(&self) -> Option<Duration> {
        left(&self.session).await
    }

    async fn lapsed(&self) -> Option<Lapse> {
        let error = self.session.whoami().await.err()?;
        let over = matches!(
            error,
            WhoamiError::SignInExpired { .. }
                | WhoamiError::Role(RoleError::SignIn { .. })
                | WhoamiError::Expired { .. }
        );
        let session = self.session.sso().map(SsoSession::key);
        over.then(|| Lapse { session, said: error.to_string() })
    }

    async fn renewed(&self) {
        while self.lapsed().await.is_some() {
            self.clock.sleep(LOOK_AGAIN).await;
        }
    }
}

struct PracticeDesk {
    /// The run's own first.
    people: Vec<(String, Session)>,
    pin: Pin,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Desk for PracticeDesk {
    async fn assert_pin(&self) -> Result<Checked, Diagnosis> {
        match self.people.first() {
            Some((_, session)) => assert_pin(session, &self.pin, self.clock.as_ref()).await,
            None => Err(Diagnosis::of("There is nobody in this practice account")),
        }
    }

    async fn signer(&self, who: &str) -> Result<Checked, Diagnosis> {
        match self.people.iter().find(|(name, _)| name == who) {
            Some((_, session)) => whoami(session, self.clock.as_ref()).await,
            None => Err(Diagnosis::of(format!("There is nobody called `{who}` in this practice account"))
                .hint(format!("There are: {}.", self.signers().join(", ")))),
        }
    }

    fn signers(&self) -> Vec<String> {
        self.people.iter().map(|(name, _)| name.clone()).collect()
    }

    async fn left(&self) -> Option<Duration> {
        None
    }
}

async fn assert_pin(session: &Session, pin: &Pin, clock: &dyn Clock) -> Result<Checked, Diagnosis> {
    let caller = patiently(session, clock).await?;
    match pin.assert(&caller, session.region()) {
        Ok(pinned) => Ok(checked(session, pinned.caller())),
        Err(error) => {
            let diagnosis = Diagnosis::of(
                "The credentials lead to another account, region or role than the plan's target",
            );
            Err(diagnosis
                .says("The pin", error.to_string())
                .says("Caller", error.arn.clone())
                .hint("Choose the profile that leads to the plan's target, then go on."))
        }
    }
}

async fn whoami(session: &Session, clock: &dyn Clock) -> Result<Checked, Diagnosis> {
    Ok(checked(session, &patiently(session, clock).await?))
}

/// Asks STS who is calling. To be throttled is no answer: it is asked again, ever less often, so that an account that
/// is busy with something else holds a run up and does not fail it.
async fn patiently(session: &Session, clock: &dyn Clock) -> Result<Caller, Diagnosis> {
    let mut asked = 1;
    loop {
        match session.whoami().await {
            Ok(caller) => return Ok(caller),
            Err(WhoamiError::Throttled { .. }) if asked < THROTTLED => {
                clock.sleep(FIRST_WAIT * 2_u32.pow(asked.min(DOUBLINGS))).await;
                asked += 1;
            }
            Err(error) => return Err(unknown(&error)),
        }
    }
}

fn unknown(error: &WhoamiError) -> Diagnosis {
    Diagnosis::of(format!("STS does not say who is calling: {error}"))
}

fn checked(session: &Session, caller: &Caller) -> Checked {
    let (name, instance, verified) = match session.person(caller) {
        Person::IdentityCenter { user, instance } => (user, instance, true),
        Person::SourceIdentity { name } => (name, Some(caller.account.clone()), true),
        Person::Unverified { arn } => (arn.rsplit('/').next().unwrap_or(&arn).to_owned(), None, false),
    };
    let since = caller.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Checked {
        account: caller.account.clone(),
        arn: caller.arn.clone(),
        user_id: caller.user_id.clone(),
        region: session.region().to_owned(),
        request_id: caller.request_id.clone().unwrap_or_default(),
        at: At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        person: holdpoint_run::Person { name, instance, verified },
    }
}

async fn left(session: &Session) -> Option<Duration> {
    let provider = session.config().credentials_provider()?;
    let expiry = provider.provide_credentials().await.ok()?.expiry()?;
    let now = session.config().time_source()?.now();
    Some(expiry.duration_since(now).unwrap_or_default())
}

fn pin(target: &Target) -> Result<Pin, BadPin> {
    Pin::new(&target.account, &target.region, target.role.as_deref())
}
