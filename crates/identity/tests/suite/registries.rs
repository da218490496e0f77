//! Registries: hosts, owners, logins of ECR, and the endpoint for helpers.

use crate::server::{Answer, Server};
use holdpoint_identity::registries::{
    By, EcrRegistry, Login, OpenSession, Question, Registries, RegistryDesk, RegistryEndpoint, RegistryError,
    Reply, Unowned, ask, host_of, live_sessions, registry_of,
};
use holdpoint_identity::{Env, Keeper, Opening, PracticeCredentials, Session, profiles};
use holdpoint_redact::Secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

#[test]
fn hosts() {
    let table = [
        ("registry.example", Some("registry.example")),
        ("Registry.Example", Some("registry.example")),
        (" https://registry.example/v2/ ", Some("registry.example")),
        ("HTTP://registry.example:5000/a/b", Some("registry.example:5000")),
        ("registry.example:443", Some("registry.example")),
        ("localhost:5000", Some("localhost:5000")),
        ("127.0.0.1:5000", Some("127.0.0.1:5000")),
        ("[::1]:5000", Some("[::1]:5000")),
        ("https://index.docker.io/v1/", Some("index.docker.io")),
        ("", None),
        ("https://", None),
        ("a b", None),
        ("-registry.example", None),
        ("user@registry.example", None),
        ("registry.example:0", None),
        ("registry.example:65536", None),
        ("registry.example:", None),
        ("[::1", None),
        ("[nothing]:5000", None),
        ("registry\0.example", None),
        ("rägistry.example", None),
    ];
    for (asked, expected) in table {
        assert_eq!(host_of(asked).ok().as_deref(), expected, "{asked:?}");
    }
    assert!(host_of(&"a".repeat(300)).is_err());
    let said = host_of("someone:hunter2@registry.example").unwrap_err().to_string();
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn registries_of_ecr() {
    let table = [
        (HOST, Some(("eu-west-1", "aws", false, false))),
        (
            "https://111122223333.DKR.ecr.eu-west-1.amazonaws.com/v2/",
            Some(("eu-west-1", "aws", false, false)),
        ),
        ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com", Some(("us-east-1", "aws", true, false))),
        (
            "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
            Some(("us-gov-west-1", "aws-us-gov", false, false)),
        ),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", Some(("cn-north-1", "aws-cn", false, false))),
        ("111122223333.dkr-ecr.eu-west-1.on.aws", Some(("eu-west-1", "aws", false, true))),
        ("111122223333.dkr-ecr-fips.us-east-1.on.aws", Some(("us-east-1", "aws", true, true))),
        (
            "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            Some(("eusc-de-east-1", "aws-eusc", false, false)),
        ),
        ("public.ecr.aws", None),
        ("11112222333.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("11112222333x.dkr.ecr.eu-west-1.amazonaws.com", None),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example", None),
        ("111122223333.dkr.ecr.eu-west-1.evil.example", None),
        ("111122223333.dkr.ecr.evil.example", None),
        ("111122223333.dkr.ecr..amazonaws.com", None),
        ("111122223333.dkr.ecrx.eu-west-1.amazonaws.com", None),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com:8443", None),
        ("x.111122223333.dkr.ecr.eu-west-1.amazonaws.com", None),
    ];
    for (asked, expected) in table {
        let found = registry_of(asked);
        let found = found.as_ref().map(|r| (r.region.as_str(), r.partition, r.fips, r.dual_stack));
        assert_eq!(found, expected, "{asked}");
    }
    // Every spelling that we give to clients is one that we know.
    for region in ["eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"] {
        for host in EcrRegistry::hosts("111122223333", region) {
            let found = registry_of(&host).unwrap();
            assert_eq!((found.region.as_str(), found.account.as_str()), (region, "111122223333"), "{host}");
        }
    }
}

#[tokio::test]
async fn owners() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    let profile = |name: &str, account: &str| {
        format!(
            "[profile {name}]\nregion = eu-west-1\nrole_arn = arn:aws:iam::{account}:role/R\nsource_profile = base\n"
        )
    };
    let text = [
        profile("one", "111122223333"),
        profile("two-a", "222233334444"),
        profile("two-b", "222233334444"),
        "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n".to_owned(),
    ]
    .concat();
    std::fs::write(&config, text).unwrap();
    let env = |chosen: &str| {
        Env::new([
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
            ("AWS_PROFILE", chosen),
        ])
    };
    let found = profiles(&env("")).await.unwrap();
    let mapped = [
        ("Registry.Example:5000".to_owned(), "base".to_owned()),
        ("not a host".to_owned(), "one".to_owned()),
    ];
    let at = |chosen: &str| Registries::new(mapped.clone(), Some(&found), &env(chosen));
    let two = "222233334444.dkr.ecr.eu-west-1.amazonaws.com";
    let owner = |chosen: &str, host: &str| at(chosen).owner(host).map(|owner| (owner.profile, owner.by));
    assert_eq!(owner("", HOST), Ok(("one".to_owned(), By::Account)));
    assert_eq!(owner("", "registry.example:5000"), Ok(("base".to_owned(), By::Mapping)));
    assert_eq!(owner("two-b", two), Ok(("two-b".to_owned(), By::Choice)));
    assert_eq!(
        owner("one", "registry.example"),
        Err(Unowned::NotOurs { host: "registry.example".to_owned() })
    );
    assert_eq!(owner("", "public.ecr.aws"), Err(Unowned::NotOurs { host: "public.ecr.aws".to_owned() }));
    let Err(ambiguous @ Unowned::Ambiguous { .. }) = owner("one", two) else {
        panic!("two profiles are of it")
    };
    let said = ambiguous.to_string();
    assert!(said.contains("two-a, two-b") && said.contains("holdpoint registry map"), "{said}");
    let none = owner("", "999988887777.dkr.ecr.eu-west-1.amazonaws.com").unwrap_err();
    assert!(matches!(none, Unowned::NoProfile { .. }), "{none}");
    let over = Registries::new([(HOST.to_owned(), "two-a".to_owned())], Some(&found), &env(""));
    assert_eq!(over.owner(HOST).unwrap().profile, "two-a");
}

/// ECR's answer for a password, with its end.
pub(crate) fn token(password: &str, ends_in: i64) -> Answer {
    let body = json!({"authorizationData": [{
        "authorizationToken": base64_of::encode(&format!("AWS:{password}")),
        "expiresAt": now() + ends_in,
        "proxyEndpoint": format!("https://{HOST}"),
    }]});
    Answer::Http(200, body.to_string())
}

/// Seconds since 1970, of the machine: what the SDK's clock says too.
fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the server under test speaks of this machine's time")]
    let now = SystemTime::now();
    i64::try_from(now.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Base64, independent of what is tested.
pub(crate) mod base64_of {
    pub(crate) fn encode(text: &str) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for part in text.as_bytes().chunks(3) {
            let bits =
                part.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
            for at in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
                out.push(if at <= part.len() { char::from(letter) } else { '=' });
            }
        }
        out
    }
}

fn session(server: &Server) -> Session {
    let keys = PracticeCredentials {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: Secret::new("example"),
        session_token: None,
    };
    Session::practice(&server.endpoint, &keys, "eu-west-1").unwrap()
}

pub(crate) fn nobody() -> OpenSession {
    live_sessions(&Env::new([("AWS_CONFIG_FILE", "/nowhere"), ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")]))
}

pub(crate) fn child(server: &Server) -> RegistryDesk {
    RegistryDesk::of_child(Registries::default(), nobody(), session(server))
}

#[tokio::test]
async fn a_login_is_had_once_and_kept_until_half_of_its_life() {
    let server = Server::start(token("pw-of-ecr", 43_200)).await;
    let desk = Arc::new(child(&server));
    let many: Vec<_> = (0..10)
        .map(|_| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.login(HOST).await.unwrap() })
        })
        .collect();
    for one in many {
        let login = one.await.unwrap();
        assert_eq!((login.username.as_str(), login.secret.expose()), ("AWS", "pw-of-ecr"));
    }
    assert_eq!(server.asked().len(), 1);
    assert!(server.asked()[0].contains("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
    // The same region: the same login. Another region: another one.
    desk.login("222233334444.dkr.ecr.eu-west-1.amazonaws.com").await.unwrap();
    assert_eq!(server.asked().len(), 1);
    desk.login("111122223333.dkr.ecr.eu-central-1.amazonaws.com").await.unwrap();
    assert_eq!(server.asked().len(), 2);
    assert!(server.asked()[1].contains("/eu-central-1/ecr/"), "signed for the registry's region");
    let mut sources: Vec<_> = desk.clocks().into_iter().map(|clock| clock.source).collect();
    sources.sort();
    assert_eq!(sources, ["ECR of eu-central-1", "ECR of eu-west-1"]);
    desk.forget();
    desk.login(HOST).await.unwrap();
    assert_eq!(server.asked().len(), 3);
    // A login whose life is half over when it comes is asked for again each time.
    let spent = Server::start(token("pw-of-ecr", 0)).await;
    let desk = child(&spent);
    for _ in 0..2 {
        desk.login(HOST).await.unwrap();
    }
    assert_eq!(spent.asked().len(), 2);
}

#[tokio::test]
async fn what_ecr_answers_is_said_and_never_as_not_found() {
    let error = |status, code: &str, message: &str| {
        Answer::Http(status, json!({"__type": code, "message": message}).to_string())
    };
    let table = [
        (error(400, "AccessDeniedException", "not authorized"), "allow it ecr:GetAuthorizationToken"),
        (error(400, "ExpiredTokenException", "expired"), "sign in again"),
        (error(403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2"), "clock"),
        (error(400, "UnrecognizedClientException", "security token invalid"), "UnrecognizedClientException"),
        (Answer::Http(200, "{}".to_owned()), "no authorizationData"),
        (
            Answer::Http(200, r#"{"authorizationData":[{"authorizationToken":"%%%"}]}"#.to_owned()),
            "no base64",
        ),
        (
            Answer::Http(
                200,
                json!({"authorizationData":[{"authorizationToken": base64_of::encode("no-colon")}]})
                    .to_string(),
            ),
            "without user and password",
        ),
        (Answer::Http(200, "<html>".to_owned()), "did not answer as ECR does"),
    ];
    for (answer, expected) in table {
        let server = Server::start(answer).await;
        let error = child(&server).login(HOST).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(expected) && said.contains(HOST), "{said}");
        assert!(!error.is_nobodys(), "{said}");
    }
    let server = Server::start(Answer::Close).await;
    let error = child(&server).login("registry.example").await.unwrap_err();
    assert!(error.is_nobodys(), "{error}");
    assert_eq!(server.asked().len(), 0);
}

pub(crate) fn login(user: &str, password: &str) -> Login {
    Login { username: user.to_owned(), secret: Secret::new(password), ends_at: None }
}

#[tokio::test]
async fn what_a_child_logs_in_to_is_kept_for_its_time_alone() {
    let server = Server::start(token("pw-of-ecr", 43_200)).await;
    let desk = child(&server);
    desk.store("registry.example", login("someone", "typed")).unwrap();
    // ECR's own is not kept: the next question gets a newer one.
    desk.store(HOST, login("AWS", "piped-into-docker-login")).unwrap();
    assert_eq!(desk.login("https://registry.example/").await.unwrap().secret.expose(), "typed");
    assert_eq!(desk.login(HOST).await.unwrap().secret.expose(), "pw-of-ecr");
    assert_eq!(desk.list(), BTreeMap::from([("registry.example".to_owned(), "someone".to_owned())]));
    desk.erase("registry.example").unwrap();
    assert!(desk.login("registry.example").await.unwrap_err().is_nobodys());
    // Outside of a child nothing is kept, and that is said.
    let mapped = Registries::new([("mapped.example".to_owned(), "p".to_owned())], None, &Env::default());
    let own = RegistryDesk::new(mapped, nobody());
    assert!(matches!(own.store("registry.example", login("a", "b")), Err(RegistryError::NotKept { .. })));
    own.store("mapped.example", login("AWS", "b")).unwrap();
    assert_eq!(own.list(), BTreeMap::from([("mapped.example".to_owned(), "AWS".to_owned())]));
    let error = own.login("mapped.example").await.unwrap_err();
    assert!(error.to_string().contains("`p`") && !error.is_nobodys(), "{error}");
}

/// The helper's side blocks: it is a process of its own.
pub(crate) async fn asks(file: &Path, question: Question) -> Result<Reply, String> {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || ask(&file, &question).map_err(|e| e.to_string())).await.unwrap()
}

pub(crate) fn get(host: &str) -> Question {
    Question::Get { host: host.to_owned() }
}

#[tokio::test]
async fn a_helper_asks_its_parent() {
    let server = Server::start(token("pw-of-ecr", 43_200)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("where");
    let endpoint = RegistryEndpoint::open(Arc::new(child(&server)), &file).await.unwrap();
    let reply = asks(&file, get(HOST)).await.unwrap();
    let Reply::Login { username, secret } = &reply else { panic!("{reply:?}") };
    assert_eq!((username.as_str(), secret.as_str()), ("AWS", "pw-of-ecr"));
    assert!(!format!("{reply:?}").contains("pw-of-ecr"));
    assert!(matches!(asks(&file, get("registry.example")).await, Ok(Reply::Nobodys)));
    assert!(matches!(asks(&file, get("a b")).await, Ok(Reply::Failed { .. })));
    let store =
        Question::Store { host: "r.example".into(), username: "u".into(), secret: "s".repeat(40_000) };
    assert!(matches!(asks(&file, store).await, Ok(Reply::Done)));
    assert!(matches!(asks(&file, Question::List).await, Ok(Reply::Hosts { hosts }) if hosts.len() == 1));
    assert!(matches!(asks(&file, Question::Erase { host: "r.example".into() }).await, Ok(Reply::Done)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Whoever guesses the port gets nothing without the token, nor by another name for this machine.
    let place: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let address = place["address"].as_str().unwrap().to_owned();
    let own = place["token"].as_str().unwrap();
    for (host, token) in [(address.as_str(), "wrong"), ("evil.example", own), (address.as_str(), "")] {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\nauthorization: {token}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        let answer = raw(&address, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("pw-of-ecr"), "{answer}");
    }
    // A page's form cannot set the header; a question that is junk is refused.
    for junk in ["{", "[]", "{\"ask\":\"get\"}", "{\"ask\":\"get\",\"host\":1}", "\u{0}\u{1}"] {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nauthorization: {own}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{junk}",
            junk.len()
        );
        assert!(raw(&address, head.as_bytes()).await.starts_with("HTTP/1.1 400"), "{junk:?}");
    }
    drop(endpoint);
    assert!(!file.exists());
    let gone = asks(&file, get(HOST)).await.unwrap_err();
    assert!(gone.contains("has ended"), "{gone}");
    // A file that leads elsewhere is not followed.
    std::fs::write(&file, json!({"address": "192.0.2.1:80", "token": "t"}).to_string()).unwrap();
    assert!(asks(&file, get(HOST)).await.unwrap_err().contains("another machine"));
    std::fs::write(&file, "junk").unwrap();
    assert!(asks(&file, get(HOST)).await.unwrap_err().contains("cannot be read"));
}

#[tokio::test]
async fn a_locked_screen_closes_it() {
    let server = Server::start(token("pw-of-ecr", 43_200)).await;
    let folder = tempfile::tempdir().unwrap();
    let env = Env::new([
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_ECR", server.endpoint.as_str()),
        ("AWS_CONFIG_FILE", "/nowhere"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
    ]);
    let keeper = Keeper::new();
    let opening = Opening { keeper: Some(&keeper), ..Opening::new(&env) };
    let session = Session::open(&opening).await.unwrap();
    let desk = Arc::new(RegistryDesk::of_child(Registries::default(), nobody(), session));
    let file = folder.path().join("where");
    let endpoint = RegistryEndpoint::open(desk.clone(), &file).await.unwrap();
    assert!(matches!(asks(&file, get(HOST)).await, Ok(Reply::Login { .. })));
    let place: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let (address, own) = (place["address"].as_str().unwrap(), place["token"].as_str().unwrap());
    assert_eq!(keeper.forget().endpoints, 1);
    assert!(!file.exists() && desk.clocks().is_empty());
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nauthorization: {own}\r\ncontent-length: 14\r\nconnection: close\r\n\r\n{{\"ask\":\"list\"}}"
    );
    let answer = raw(address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("locked"), "{answer}");
    assert_eq!(server.asked().len(), 1);
    drop(endpoint);
}

async fn raw(address: &str, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
