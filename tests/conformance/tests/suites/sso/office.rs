//! An organisation with two people, a home folder, and a browser that does what a case says.

use holdpoint_identity::{
    Cancel, Env, How, Places, SharedClock, SignInError, SignInEvent, SignInEvents, SsoSession, Standing,
    SystemClock, Tokens,
};
use holdpoint_sim::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const START: &str = "https://practice.example/start";

pub(crate) struct Office {
    pub(crate) folder: TempDir,
    running: holdpoint_sim::Running,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Office {
    /// Two accounts; Ada and Grace may sign in, and do so without being asked.
    pub(crate) async fn open() -> Self {
        let roles = json!(["ReadOnly", "Deployer"]);
        Self::with(json!([
            {"id": "111122223333", "name": "till", "email": "till@corp.example", "roles": roles},
            {"id": "444455556666", "name": "ledger", "email": "ledger@corp.example", "roles": ["ReadOnly"]},
        ]))
        .await
    }

    pub(crate) async fn with(accounts: Value) -> Self {
        let folder = TempDir::new().unwrap();
        let running = holdpoint_sim::serve(Options::new(folder.path().join("sim"))).await.unwrap();
        let office = Self { folder, running };
        office
            .admin(
                "furnish",
                &json!({
                    "account": "111122223333", "region": "eu-west-1", "people": [{"name": "Ada"}, {"name": "Grace"}],
                    "sso": {"instances": [{
                        "start_url": START, "region": "eu-west-1", "people": ["Ada", "Grace"], "accounts": accounts,
                    }]},
                }),
            )
            .await;
        office.behave(json!({"approve": "auto:Ada"})).await;
        let config = "[sso-session corp]\nsso_start_url = https://practice.example/start\nsso_region = eu-west-1\n\
            sso_registration_scopes = sso:account:access\n\n\
            [profile till]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\n\n\
            [profile old]\nsso_start_url = https://practice.example/start\nsso_region = eu-west-1\n\
            sso_account_id = 111122223333\nsso_role_name = ReadOnly\n";
        std::fs::create_dir_all(office.folder.path().join("home/.aws")).unwrap();
        std::fs::write(office.folder.path().join("home/.aws/config"), config).unwrap();
        office
    }

    pub(crate) fn endpoint(&self) -> String {
        self.running.endpoint()
    }

    pub(crate) async fn close(self) {
        self.running.shutdown();
        self.running.finished().await.unwrap();
    }

    /// What a program is started with.
    pub(crate) fn vars(&self) -> Vec<(String, String)> {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        vec![
            ("HOME".to_owned(), at("home")),
            ("HOLDPOINT_HOME".to_owned(), at("holdpoint")),
            ("AWS_ENDPOINT_URL".to_owned(), self.endpoint()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
        ]
    }

    pub(crate) fn env(&self) -> Env {
        Env::new(self.vars())
    }

    pub(crate) fn places(&self) -> Places {
        Places { home: self.folder.path().join("holdpoint"), vault: None }
    }

    /// The tokens of a process of its own.
    pub(crate) fn tokens(&self) -> Tokens {
        self.tokens_ahead(Duration::ZERO)
    }

    /// The same, with a clock that is ahead.
    pub(crate) fn tokens_ahead(&self, ahead: Duration) -> Tokens {
        Tokens::new(&self.env(), &self.places(), SharedClock::new(Ahead(ahead)))
    }

    pub(crate) async fn session(&self, name: &str) -> SsoSession {
        let sessions = holdpoint_identity::sso_sessions(&self.env()).await.unwrap();
        sessions.into_iter().find(|session| session.name == name).unwrap()
    }

    /// Signs in to `corp` as whoever is approved.
    pub(crate) async fn sign_in(&self, tokens: &Tokens) -> Standing {
        let session = self.session("corp").await;
        let person = Person::new(Does::Follows);
        tokens.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await.unwrap()
    }

    pub(crate) async fn behave(&self, sso: Value) {
        self.admin("behave", &json!({"sso": sso})).await;
    }

    pub(crate) async fn expire(&self, what: &str) {
        self.admin("sso/expire", &json!({"what": what})).await;
    }

    pub(crate) async fn admin(&self, action: &str, body: &Value) -> Value {
        let url = format!("{}/_holdpoint/{action}", self.endpoint());
        let reply = ask("POST", &url, &body.to_string(), &[]).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    pub(crate) async fn look(&self, action: &str) -> Value {
        let reply = ask("GET", &format!("{}/_holdpoint/{action}", self.endpoint()), "", &[]).await;
        serde_json::from_str(&reply.body).unwrap()
    }

    /// How often the simulator has answered a call.
    pub(crate) async fn answered(&self, call: &str) -> u64 {
        self.look("record").await["answered"][call].as_u64().unwrap_or_default()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("home/.aws/sso/cache")
    }

    /// The token's file of a session.
    pub(crate) fn file(&self, session: &SsoSession) -> PathBuf {
        self.cache().join(format!("{}.json", session.key()))
    }

    pub(crate) fn read(&self, session: &SsoSession) -> Value {
        serde_json::from_slice(&std::fs::read(self.file(session)).unwrap()).unwrap()
    }
}

/// A clock that is ahead.
#[derive(Debug)]
pub(crate) struct Ahead(pub(crate) Duration);

impl aws_smithy_async::time::TimeSource for Ahead {
    fn now(&self) -> SystemTime {
        aws_smithy_async::time::TimeSource::now(&SystemClock::new()) + self.0
    }
}

/// What the browser does when it is opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Does {
    /// Goes where it is sent.
    Follows,
    /// Opens, and nobody ever comes back.
    Nothing,
    /// Cannot be opened.
    Fails,
    /// Comes with these queries first, `STATE` being the right state, and then goes where it is sent.
    Brings(Vec<&'static str>),
    /// Comes back twice with the same answer.
    ComesTwice,
}

/// A person who is told things, and whose browser acts.
#[derive(Clone)]
pub(crate) struct Person {
    does: Does,
    told: Arc<Mutex<Vec<SignInEvent>>>,
    /// What the browser was shown.
    pub(crate) seen: Arc<Mutex<Vec<Reply>>>,
    arrived: Arc<tokio::sync::Semaphore>,
}

impl Person {
    pub(crate) fn new(does: Does) -> Self {
        Self {
            does,
            told: Arc::default(),
            seen: Arc::default(),
            arrived: Arc::new(tokio::sync::Semaphore::new(0)),
        }
    }

    pub(crate) fn told(&self) -> Vec<SignInEvent> {
        self.told.lock().unwrap().clone()
    }

    /// Returns once something was told that fits.
    pub(crate) async fn hears(&self, fits: impl Fn(&SignInEvent) -> bool) -> SignInEvent {
        loop {
            if let Some(found) = self.told().iter().find(|event| fits(event)) {
                return found.clone();
            }
            self.arrived.acquire().await.unwrap().forget();
        }
    }

    /// How often a browser was sent off.
    pub(crate) fn tabs(&self) -> usize {
        self.told().iter().filter(|event| matches!(event, SignInEvent::Open { .. })).count()
    }

    pub(crate) async fn seen_at_least(&self, count: usize) {
        while self.seen.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl SignInEvents for Person {
    fn tell(&self, event: &SignInEvent) {
        self.told.lock().unwrap().push(event.clone());
        self.arrived.add_permits(1);
    }

    fn open(&self, url: &str) -> Result<(), String> {
        if self.does == Does::Fails {
            return Err("there is no browser on this machine".to_owned());
        }
        let (person, url) = (self.clone(), url.to_owned());
        if self.does != Does::Nothing {
            tokio::spawn(async move { person.browses(&url).await });
        }
        Ok(())
    }
}

impl Person {
    async fn browses(&self, url: &str) {
        let keep = |reply: Reply| self.seen.lock().unwrap().push(reply);
        let given = url::Url::parse(url).unwrap();
        let parameter = |name: &str| given.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let (back, state) = (parameter("redirect_uri"), parameter("state"));
        if let Does::Brings(queries) = &self.does {
            for query in queries {
                keep(ask("GET", &format!("{back}?{}", query.replace("STATE", &state)), "", &[]).await);
            }
        }
        let sent = ask("GET", url, "", &[]).await;
        let Some(location) = sent.headers.get("location").cloned() else {
            keep(sent);
            return;
        };
        keep(ask("GET", &location, "", &[]).await);
        if self.does == Does::ComesTwice {
            keep(ask("GET", &location, "", &[]).await);
        }
    }
}

/// One request as a browser sends it, redirects not followed. The headers given replace its own.
pub(crate) async fn ask(method: &str, url: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
    let url = url::Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {host}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(&host).await.unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Reply { status, headers, body: body.to_owned() }
}

/// How an attempt ended, in one word.
pub(crate) fn word(outcome: &Result<Standing, SignInError>) -> &'static str {
    match outcome {
        Ok(Standing::SignedIn { .. }) => "signed in",
        Ok(_) => "not signed in",
        Err(SignInError::Denied { .. }) => "denied",
        Err(SignInError::Cancelled { .. }) => "cancelled",
        Err(SignInError::BrowserNever { .. }) => "browser never",
        Err(SignInError::CodeExpired) => "code expired",
        Err(SignInError::BadState { .. }) => "bad state",
        Err(SignInError::Refused { .. }) => "refused",
        Err(SignInError::NoPort { .. }) => "no port",
        Err(SignInError::NoPortal { .. }) => "no portal",
        Err(SignInError::Trouble(_)) => "trouble",
    }
}
