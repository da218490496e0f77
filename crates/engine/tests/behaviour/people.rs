//! People, their identities, and time that passes only when it is waited for.

use crate::world::World;
use async_trait::async_trait;
use holdpoint_engine::{Clock, Desk, Lapse, RunFolder, Seals};
use holdpoint_run::{At, Checked, Diagnosis, Person};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Kim starts the run; Kim and Lee sign.
pub(crate) struct TwoPeople {
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<HandClock>,
}

/// What STS says of somebody.
pub(crate) fn checked(name: &str) -> Checked {
    Checked {
        account: "111122223333".into(),
        arn: format!("arn:aws:sts::111122223333:assumed-role/Deployer/{name}"),
        user_id: format!("AROAEXAMPLE:{name}"),
        region: "eu-central-1".into(),
        request_id: "0412".into(),
        at: At(0),
        person: Person {
            name: name.into(),
            instance: Some("https://shop.example.com".into()),
            verified: true,
        },
    }
}

#[async_trait]
impl Desk for TwoPeople {
    async fn assert_pin(&self) -> Result<Checked, Diagnosis> {
        match self.world.answers() {
            true => Ok(checked("kim")),
            false => Err(Diagnosis::of("ExpiredToken")),
        }
    }

    async fn signer(&self, who: &str) -> Result<Checked, Diagnosis> {
        match self.signers().iter().any(|signer| signer == who) {
            true => Ok(Checked { at: self.clock.now(), ..checked(who) }),
            false => Err(Diagnosis::of(format!("nobody here is called {who}"))),
        }
    }

    fn signers(&self) -> Vec<String> {
        vec!["kim".into(), "lee".into()]
    }

    async fn left(&self) -> Option<Duration> {
        None
    }

    async fn lapsed(&self) -> Option<Lapse> {
        let said = "the sign-in `shop` is over: sign in again".to_owned();
        self.world.is_signed_out().then(|| Lapse { session: Some("shop".into()), said, mended: false })
    }

    async fn renewed(&self) {
        self.world.signed_in().await;
    }
}

/// A clock by which waiting takes no time, and that somebody may put forward and back.
#[derive(Default)]
pub(crate) struct HandClock {
    millis: AtomicU64,
    /// Reading at which it jumps, and how many milliseconds. Waiting does not notice.
    jumps: BTreeMap<u64, i64>,
    readings: AtomicU64,
}

impl HandClock {
    pub(crate) fn jumping(jumps: BTreeMap<u64, i64>) -> Self {
        Self { jumps, ..Self::default() }
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> At {
        let reading = self.readings.fetch_add(1, Ordering::Relaxed);
        let jumped: i64 = self.jumps.range(..=reading).map(|(_, jump)| jump).sum();
        At(i64::try_from(self.millis.fetch_add(1, Ordering::Relaxed)).unwrap() + jumped)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        self.millis.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// Originals in a drawer.
#[derive(Default)]
pub(crate) struct Drawer(Mutex<Vec<Vec<u8>>>);

#[async_trait]
impl Seals for Drawer {
    async fn seal(&self, _folder: &RunFolder, plain: &[u8]) -> Result<String, String> {
        let mut sealed = self.0.lock().unwrap();
        sealed.push(plain.to_vec());
        Ok((sealed.len() - 1).to_string())
    }

    async fn open(&self, _folder: &RunFolder, digest: &str) -> Result<Vec<u8>, String> {
        let number: usize = digest.parse().map_err(|_| format!("{digest} names nothing"))?;
        self.0.lock().unwrap().get(number).cloned().ok_or_else(|| format!("nothing is sealed as {digest}"))
    }
}
