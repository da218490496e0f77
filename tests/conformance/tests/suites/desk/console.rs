//! A console in the office, its clock in the hand of the test, and what it pushes.

use crate::sso::office::{Office, ask};
use async_trait::async_trait;
use holdpoint_api::views::Update;
use holdpoint_api::{Config, Console, Problem, dispatch};
use holdpoint_engine::Clock;
use holdpoint_identity::Env;
use holdpoint_redact::Secret;
use holdpoint_run::At;
use holdpoint_steps::{Access, AwsOutfitter, SimCommand};
use holdpoint_vault::Choice;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{broadcast, watch};

pub(crate) struct Desk {
    pub(crate) console: Arc<Console>,
    pub(crate) updates: broadcast::Receiver<Update>,
    pub(crate) clock: Arc<Hand>,
    /// Pages that were opened.
    pub(crate) opened: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    /// A console whose browser goes where it is sent.
    pub(crate) fn open(office: &Office) -> Self {
        Self::with(env_of(office), None)
    }

    pub(crate) fn with(env: Env, passphrase: Option<&str>) -> Self {
        let sim = SimCommand { program: "/nowhere/holdpoint".into(), args: Vec::new() };
        let outfitter = AwsOutfitter::new(env.clone(), sim);
        let config = Config::of(env, Arc::new(outfitter.clone()), "console", "0").unwrap();
        let config = Config { vault: Choice::File, passphrase: passphrase.map(Secret::new), ..config };
        let identities = config.open_identities();
        let access =
            Access { tokens: Some(identities.tokens.clone()), keeper: Some(identities.keeper.clone()) };
        let opened = Arc::new(Mutex::new(Vec::new()));
        let (clock, kept) = (Arc::new(Hand::new()), Arc::clone(&opened));
        let console = Console::open(Config {
            outfitter: Arc::new(outfitter.with(access)),
            identities: Some(identities),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            open_url: Arc::new(move |url| {
                kept.lock().unwrap().push(url.to_owned());
                tokio::spawn(follow(url.to_owned()));
                Ok(())
            }),
            ..config
        });
        let console = console.unwrap();
        Self { updates: console.updates(), console, clock, opened }
    }

    pub(crate) async fn try_call(&self, name: &str, args: Value) -> Result<Value, Problem> {
        dispatch(&self.console, name, args).await
    }

    pub(crate) async fn call(&self, name: &str, args: Value) -> Value {
        self.try_call(name, args).await.unwrap_or_else(|problem| panic!("{name}: {problem}"))
    }

    /// The key of session `corp`.
    pub(crate) async fn corp(&self) -> String {
        let view = self.call("accounts.view", json!({})).await;
        let sessions = view["sessions"].as_array().unwrap();
        let corp = sessions.iter().find(|session| session["name"] == "corp").unwrap();
        corp["key"].as_str().unwrap().to_owned()
    }

    /// Session `corp` as shown.
    pub(crate) async fn session(&self) -> Value {
        let view = self.call("accounts.view", json!({})).await;
        view["sessions"].as_array().unwrap().iter().find(|session| session["name"] == "corp").unwrap().clone()
    }

    /// Waits for a push of this type whose view fits.
    pub(crate) async fn hears(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let update = match self.updates.recv().await {
                Ok(update) => serde_json::to_value(update).unwrap(),
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => panic!("the console is gone"),
            };
            if update["type"] == kind && fits(&update["view"]) {
                return update["view"].clone();
            }
        }
    }

    /// Signs in to `corp`, and waits until its accounts are known.
    pub(crate) async fn sign_in(&mut self) {
        let corp = self.corp().await;
        self.call("sso.sign_in", json!({"session": corp, "device": false})).await;
        let done =
            self.hears("sign_in", |view| view["state"] == "signed_in" || view["state"] == "failed").await;
        assert_eq!(done["state"], "signed_in", "{done}");
        self.settles().await;
    }

    /// Waits until no refresh is under way and all roles are known.
    pub(crate) async fn settles(&mut self) -> Value {
        loop {
            let session = self.session().await;
            let known = session["accounts"].as_array().unwrap().iter().all(|one| one["roles_known"] == true);
            if session["loading"].is_null() && (known || !session["problem"].is_null()) {
                return session;
            }
            self.hears("accounts", |_| true).await;
        }
    }
}

/// What the console is started with.
pub(crate) fn env_of(office: &Office) -> Env {
    let region = ("AWS_REGION".to_owned(), "eu-west-1".to_owned());
    Env::new(office.vars().into_iter().chain([region]))
}

/// What a browser does: goes where it is sent, and on from there.
async fn follow(url: String) {
    if !url.contains("/authorize") {
        return;
    }
    let sent = ask("GET", &url, "", &[]).await;
    if let Some(location) = sent.headers.get("location") {
        ask("GET", location, "", &[]).await;
    }
}

/// A clock that goes on when it is told to.
pub(crate) struct Hand {
    now: watch::Sender<Duration>,
}

impl Hand {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { now: watch::Sender::new(now) }
    }

    pub(crate) fn goes_on(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> At {
        At(i64::try_from(self.now.borrow().as_millis()).unwrap())
    }

    fn elapsed(&self) -> Duration {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let until = *self.now.borrow() + duration;
        self.now.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}
