//! Who works and who signs, in AWS and in practice: every answer is STS's.

use crate::access::Access;
use crate::practice::Simulator;
use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use holdpoint_engine::{Clock, Desk, Invitation, Lapse};
use holdpoint_identity::{
    Caller, Cancel, Env, Person, Pin, RoleError, Session, SignInEvent, SignInEvents, SsoSession, WhoamiError,
    guest,
};
use holdpoint_run::{At, Checked, Diagnosis};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// How often STS is asked, by three tries each, before being throttled is told: at 95 % throttling one in a hundred.
const THROTTLED: u32 = 30;
/// Half the wait before STS is asked a second time.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// 50 ms × 2⁶ is the longest wait.
const DOUBLINGS: u32 = 6;

/// How often is looked whether somebody has signed in. While the sign-in is over this reads a file and calls nobody.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A run in AWS.
pub(crate) struct LiveDesk {
    pub(crate) env: Env,
    pub(crate) access: Access,
    pub(crate) own: String,
    pub(crate) profiles: Vec<String>,
    pub(crate) session: Session,
    pub(crate) pin: Pin,
    pub(crate) region: String,
    pub(crate) clock: Arc<dyn Clock>,
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

    async fn guest(&self, show: &(dyn Fn(Invitation) + Send + Sync)) -> Result<Checked, Diagnosis> {
        let Some(sso) = self.session.sso() else {
            return Err(Diagnosis::of(
                "this run does not work through IAM Identity Center, so nobody else can sign in for it here",
            )
            .hint("sign with a profile of the person's own"));
        };
        let (on, cancel) = (Shown(show), Cancel::new());
        let came = guest(&self.env, sso, &self.pin.account, &self.region, &on, &cancel).await;
        let came =
            came.map_err(|error| Diagnosis::of(format!("Nobody signed in for this signature: {error}")))?;
        Ok(checked_as(came.person, &self.region, &came.caller))
    }

    fn signers(&self) -> Vec<String> {
        let others = self.profiles.iter().filter(|name| **name != self.own).cloned();
        std::iter::once(self.own.clone()).chain(others).collect()
    }

    async fn left(&self) -> Option<Duration> {
        left(&self.session).await
    }

    async fn lapsed(&self) -> Option<Lapse> {
        let mut error = is_over(&self.session).await?;
        if matches!(error, WhoamiError::Expired { .. }) {
            // AWS ended keys before their time, and they are still held here.
            self.session.forget();
            match is_over(&self.session).await {
                Some(still) => error = still,
                None => {
                    let said = "AWS ended the keys before their time; new ones are there".to_owned();
                    return Some(Lapse { session: None, said, mended: true });
                }
            }
        }
        let session = self.session.sso().map(SsoSession::key);
        Some(Lapse { session, said: error.to_string(), mended: false })
    }

    async fn renewed(&self) {
        while self.lapsed().await.is_some() {
            self.clock.sleep(LOOK_AGAIN).await;
        }
    }
}

/// Tells where a guest signs in.
struct Shown<'a>(&'a (dyn Fn(Invitation) + Send + Sync));

impl SignInEvents for Shown<'_> {
    fn tell(&self, event: &SignInEvent) {
        if let SignInEvent::Code { url_complete, user_code, expires_at, .. } = event {
            let ends = expires_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            self.0(Invitation {
                url: url_complete.clone(),
                user_code: user_code.clone(),
                ends_at: i64::try_from(ends).unwrap_or(i64::MAX),
            });
        }
    }

    fn open(&self, _url: &str) -> Result<(), String> {
        Err("the browser of whoever sits here knows somebody else".to_owned())
    }
}

/// A run in a practice account.
pub(crate) struct PracticeDesk {
    simulator: Simulator,
    /// The run's own first.
    people: Vec<(String, Session)>,
    pin: Pin,
    clock: Arc<dyn Clock>,
    signed_in: Notify,
}

impl PracticeDesk {
    /// `people` has the run's own first.
    pub(crate) fn new(
        simulator: Simulator,
        people: Vec<(String, Session)>,
        pin: Pin,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { simulator, people, pin, clock, signed_in: Notify::new() }
    }

    fn own(&self) -> Result<&(String, Session), Diagnosis> {
        self.people.first().ok_or_else(|| Diagnosis::of("There is nobody in this practice account"))
    }

    async fn sign_in_as(&self, name: &str, session: &Session) -> Result<(), Diagnosis> {
        let keys = self.simulator.sign_in(name).await.map_err(|error| Diagnosis::of(error.to_string()))?;
        session.renew_practice(&keys);
        Ok(())
    }
}

#[async_trait]
impl Desk for PracticeDesk {
    async fn assert_pin(&self) -> Result<Checked, Diagnosis> {
        assert_pin(&self.own()?.1, &self.pin, self.clock.as_ref()).await
    }

    async fn signer(&self, who: &str) -> Result<Checked, Diagnosis> {
        let Some((name, session)) = self.people.iter().find(|(name, _)| name == who) else {
            let nobody = Diagnosis::of(format!("There is nobody called `{who}` in this practice account"));
            return Err(nobody.hint(format!("There are: {}.", self.signers().join(", "))));
        };
        // To sign is to sign in: whoever signs is there.
        if is_over(session).await.is_some() {
            self.sign_in_as(name, session).await?;
        }
        whoami(session, self.clock.as_ref()).await
    }

    fn signers(&self) -> Vec<String> {
        self.people.iter().map(|(name, _)| name.clone()).collect()
    }

    async fn left(&self) -> Option<Duration> {
        None
    }

    async fn lapsed(&self) -> Option<Lapse> {
        let (name, session) = self.own().ok()?;
        is_over(session).await?;
        let said = format!("the practice sign-in of {name} is over: sign in again, and the run goes on");
        Some(Lapse { session: None, said, mended: false })
    }

    async fn sign_in(&self) -> Result<(), Diagnosis> {
        let (name, session) = self.own()?;
        // Who is signed in keeps the keys: calls under way use them.
        if is_over(session).await.is_some() {
            self.sign_in_as(name, session).await?;
        }
        self.signed_in.notify_one();
        Ok(())
    }

    async fn renewed(&self) {
        self.signed_in.notified().await;
    }
}

/// Why the session's sign-in is over; `None` when AWS answers it, or cannot be asked.
async fn is_over(session: &Session) -> Option<WhoamiError> {
    let error = session.whoami().await.err()?;
    let over = matches!(
        error,
        WhoamiError::SignInExpired { .. }
            | WhoamiError::Role(RoleError::SignIn { .. })
            | WhoamiError::Expired { .. }
    );
    over.then_some(error)
}

pub(crate) async fn assert_pin(
    session: &Session,
    pin: &Pin,
    clock: &dyn Clock,
) -> Result<Checked, Diagnosis> {
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
    checked_as(session.person(caller), session.region(), caller)
}

fn checked_as(person: Person, region: &str, caller: &Caller) -> Checked {
    let (name, instance, verified) = match person {
        Person::IdentityCenter { user, instance } => (user, instance, true),
        Person::SourceIdentity { name } => (name, Some(caller.account.clone()), true),
        Person::Unverified { arn } => (arn.rsplit('/').next().unwrap_or(&arn).to_owned(), None, false),
    };
    let since = caller.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Checked {
        account: caller.account.clone(),
        arn: caller.arn.clone(),
        user_id: caller.user_id.clone(),
        region: region.to_owned(),
        request_id: caller.request_id.clone().unwrap_or_default(),
        at: At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        person: holdpoint_run::Person { name, instance, verified },
    }
}

/// What a stage can count on. A sign-in that renews itself gives new keys as long as it lasts, where its end is known;
/// one that does not gives keys until it ends, and those last a while longer.
async fn left(session: &Session) -> Option<Duration> {
    let clocks = session.clocks();
    let now = session.config().time_source()?.now();
    let provider = session.config().credentials_provider()?;
    let role = provider.provide_credentials().await.ok()?.expiry();
    let ends = match (clocks.sso, clocks.token) {
        (Some(sso), _) => Some(sso.ends_at),
        (None, Some(token)) if token.renews => None,
        (None, Some(token)) => role.max(Some(token.ends_at)),
        (None, None) => role,
    };
    ends.map(|ends| ends.duration_since(now).unwrap_or_default())
}
