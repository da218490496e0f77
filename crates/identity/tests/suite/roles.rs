//! Chains of roles on the wire: what STS is asked, what is asked once more, and what is forgotten.

use crate::server::{Answer, Server, refusal};
use holdpoint_identity::{
    ChildAccess, ChildFiles, CredentialsEndpoint, Env, Keeper, MfaAsk, MfaAsker, Opening, RoleError, RunTag,
    Session, WhoamiError, child_env, program_env,
};
use holdpoint_redact::Secret;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const CONFIG: &str = "
[profile keys]
region = eu-west-1
aws_access_key_id = AKIAEXAMPLE000000001
aws_secret_access_key = planted-secret
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = keys
[profile named]
region = eu-west-1
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = keys
role_session_name = as-the-trust-wants
external_id = x-1
duration_seconds = 900
[profile second]
region = eu-west-1
role_arn = arn:aws:iam::555566667777:role/Second
source_profile = role
[profile factor]
region = eu-west-1
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/bot
[profile odd]
region = eu-west-1
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = keys
duration_seconds = long
[profile places]
region = eu-west-1
aws_access_key_id = AKIAEXAMPLE000000001
aws_secret_access_key = planted-secret
endpoint_url = http://127.0.0.1:1
services = local
[services local]
s3 =
  endpoint_url = http://127.0.0.1:2
dynamodb =
  endpoint_url = http://127.0.0.1:3
[services other]
ecs =
  endpoint_url = http://127.0.0.1:4
";

fn env(home: &Path, more: &[(&str, &str)]) -> Env {
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/config"), CONFIG).unwrap();
    let own = [("HOME", home.to_str().unwrap()), ("HOLDPOINT_HOME", home.to_str().unwrap())];
    Env::new(own.into_iter().chain(more.iter().copied()))
}

/// A role's keys, named by the role that was asked for.
fn keys(asked: &str) -> Answer {
    let key = if asked.contains("Second") { "ASIASECOND0000000001" } else { "ASIATARGET0000000001" };
    Answer::Http(
        200,
        format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>planted</SecretAccessKey><SessionToken>planted-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
        ),
    )
}

fn without_source_identity(asked: &str) -> Answer {
    if asked.contains("SourceIdentity") {
        return refusal(
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/bot is not authorized to perform: sts:SetSourceIdentity on resource: arn:aws:iam::444455556666:role/Target",
        );
    }
    keys(asked)
}

async fn open(env: &Env, profile: &str, run: Option<&str>) -> Session {
    let opening = Opening { run: run.map(RunTag::new), ..Opening::new(env).profile(Some(profile)) };
    Session::open(&opening).await.unwrap()
}

#[tokio::test]
async fn a_runs_name_is_in_its_roles() {
    let sts = Server::start(Answer::By(keys)).await;
    let home = tempfile::tempdir().unwrap();
    let env = env(home.path(), &[("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    let session = open(&env, "role", Some("01J9ZRUN")).await;
    session.lasts_until().await.unwrap();
    session.lasts_until().await.unwrap();
    let asked = sts.asked();
    assert_eq!(asked.len(), 1, "held until it ends");
    for part in ["RoleSessionName=holdpoint-01J9ZRUN", "SourceIdentity=01J9ZRUN", "AKIAEXAMPLE000000001"] {
        assert!(asked[0].contains(part), "{part}: {}", asked[0]);
    }
    assert!(!session.is_untraced());
    // What the profile says may be what the trust asks for.
    open(&env, "named", Some("01J9ZRUN")).await.lasts_until().await.unwrap();
    let named = sts.asked().pop().unwrap();
    for part in [
        "RoleSessionName=as-the-trust-wants",
        "SourceIdentity=01J9ZRUN",
        "ExternalId=x-1",
        "DurationSeconds=900",
    ] {
        assert!(named.contains(part), "{part}: {named}");
    }
    open(&env, "role", None).await.lasts_until().await.unwrap();
    let plain = sts.asked().pop().unwrap();
    assert!(
        plain.contains("RoleSessionName=holdpoint&") || plain.ends_with("RoleSessionName=holdpoint"),
        "{plain}"
    );
    assert!(!plain.contains("SourceIdentity"), "{plain}");
}

#[tokio::test]
async fn a_role_that_takes_no_source_identity_is_taken_on_without() {
    let sts = Server::start(Answer::By(without_source_identity)).await;
    let home = tempfile::tempdir().unwrap();
    let env = env(home.path(), &[("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    let session = open(&env, "second", Some("01J9ZRUN")).await;
    session.lasts_until().await.unwrap();
    assert!(session.is_untraced());
    let asked = sts.asked();
    let with: Vec<bool> = asked.iter().map(|one| one.contains("SourceIdentity")).collect();
    assert_eq!(with, [true, false, true, false], "each role of the chain is asked once with it");
    assert!(asked[3].contains("ASIATARGET0000000001"), "the second role is taken on by the first");
    session.forget();
    session.lasts_until().await.unwrap();
    let next = sts.asked().split_off(4);
    assert!(
        next.len() == 2 && next.iter().all(|one| !one.contains("SourceIdentity")),
        "and remembers: {next:?}"
    );
}

#[tokio::test]
async fn another_refusal_is_one() {
    let said = "User: arn:aws:iam::111122223333:user/bot is not authorized to perform: sts:AssumeRole";
    let sts = Server::start(refusal(403, "AccessDenied", said)).await;
    let home = tempfile::tempdir().unwrap();
    let env = env(home.path(), &[("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    let error = open(&env, "role", Some("01J9ZRUN")).await.whoami().await.unwrap_err();
    assert!(
        matches!(&error, WhoamiError::Role(RoleError::Refused { code, .. }) if code == "AccessDenied"),
        "{error:?}"
    );
    assert!(error.to_string().contains("trust policy"), "{error}");
    assert_eq!(sts.asked().len(), 1);
    let odd = Session::live(&env, Some("odd"), None).await.unwrap_err().to_string();
    assert!(odd.contains("duration_seconds of `odd` is `long`"), "{odd}");
}

#[derive(Default)]
struct Asker(Mutex<Vec<MfaAsk>>, Option<&'static str>);

impl MfaAsker for Asker {
    fn code(&self, ask: &MfaAsk) -> Option<Secret> {
        self.0.lock().unwrap().push(ask.clone());
        self.1.map(|code| Secret::new(code.to_owned()))
    }
}

#[tokio::test]
async fn a_code_is_asked_for_once_and_by_name() {
    let sts = Server::start(Answer::By(keys)).await;
    let home = tempfile::tempdir().unwrap();
    let env = env(home.path(), &[("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    let opened = async |asker: &Arc<Asker>| {
        let mfa: Arc<dyn MfaAsker> = Arc::clone(asker) as Arc<dyn MfaAsker>;
        let opening = Opening { mfa: Some(mfa), ..Opening::new(&env).profile(Some("factor")) };
        Session::open(&opening).await.unwrap()
    };
    let asker = Arc::new(Asker(Mutex::default(), Some(" 123456 ")));
    let session = opened(&asker).await;
    session.lasts_until().await.unwrap();
    session.lasts_until().await.unwrap();
    let asked = asker.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].profile.as_str(), asked[0].device.as_str()),
        ("factor", "arn:aws:iam::111122223333:mfa/bot")
    );
    let sent = sts.asked().pop().unwrap();
    assert!(sent.contains("TokenCode=123456") && sent.contains("SerialNumber=arn"), "{sent}");

    let nobody = Arc::new(Asker::default());
    let error = opened(&nobody).await.whoami().await.unwrap_err();
    assert!(matches!(error, WhoamiError::Role(RoleError::NoCode { .. })), "{error:?}");
    let error = open(&env, "factor", None).await.whoami().await.unwrap_err();
    assert!(matches!(error, WhoamiError::Role(RoleError::NobodyToAsk { .. })), "{error:?}");
    assert_eq!(sts.asked().len(), 1, "nothing is sent without a code");
}

/// The answer of an endpoint to who has its token.
async fn fetch(endpoint: &CredentialsEndpoint, token: &str) -> String {
    let uri = endpoint.uri();
    let address = uri.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /credentials HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_locked_screen_forgets_keys_and_closes_endpoints() {
    let sts = Server::start(Answer::By(keys)).await;
    let (home, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let env = env(home.path(), &[("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    let keeper = Keeper::new();
    let opening = Opening { keeper: Some(&keeper), ..Opening::new(&env).profile(Some("role")) };
    let session = Session::open(&opening).await.unwrap();
    assert_eq!(session.clocks().role, None, "nothing is held yet");
    let endpoint = CredentialsEndpoint::open(&session, run.path()).await.unwrap();
    let token = std::fs::read_to_string(endpoint.token_file()).unwrap();
    assert!(fetch(&endpoint, &token).await.contains("ASIATARGET0000000001"));
    assert!(session.clocks().role.is_some_and(|clock| clock.renews && clock.source.contains("role")));
    assert_eq!(keeper.endpoints(), 1);

    assert_eq!(keeper.forget_credentials(), 1);
    assert!(fetch(&endpoint, &token).await.contains("ASIATARGET0000000001"), "a step that runs goes on");
    assert_eq!(sts.asked().len(), 2, "with keys of their own");

    let forgotten = keeper.forget();
    assert_eq!((forgotten.credentials, forgotten.endpoints), (1, 1));
    assert_eq!(session.clocks().role, None);
    assert!(!endpoint.token_file().exists());
    let answer = fetch(&endpoint, &token).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("Revoked"), "{answer}");
    assert!(!answer.contains("planted"), "{answer}");
    session.lasts_until().await.unwrap();
    assert_eq!(sts.asked().len(), 3, "the console itself goes on by asking anew");
    assert!(fetch(&endpoint, &token).await.contains("Revoked"), "closed is closed");
}

#[tokio::test]
async fn a_childs_calls_go_where_the_sessions_go() {
    let (home, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:3"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2"),
    ];
    let by_env = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:8"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:3"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
    ];
    let ignored = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    type Vars<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Vars<'_>, Vars<'_>); 4] = [
        ("keys", &[], &[]),
        ("places", &[], &all),
        (
            "places",
            &[("AWS_ENDPOINT_URL", "http://127.0.0.1:8"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")],
            &by_env,
        ),
        (
            "places",
            &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:8")],
            &ignored,
        ),
    ];
    for (profile, more, expected) in cases {
        let env = env(home.path(), more);
        let session = Session::live(&env, Some(profile), None).await.unwrap();
        let endpoint = CredentialsEndpoint::open(&session, run.path()).await.unwrap();
        let files = ChildFiles::write(run.path(), ["keys"], "eu-west-1", None).unwrap();
        let access = ChildAccess { endpoint: &endpoint, files: &files, region: "eu-west-1", practice: None };
        let step = child_env(&env, &access, &BTreeMap::new()).unwrap();
        for child in [step, program_env(&env, &access, profile)] {
            let is_place =
                |name: &&std::ffi::OsString| name.to_str().is_some_and(|name| name.contains("ENDPOINT_URL"));
            let found: Vec<_> = child
                .keys()
                .filter(is_place)
                .map(|name| (name.as_os_str(), child[name].as_os_str()))
                .collect();
            let mut wanted: Vec<_> =
                expected.iter().map(|(name, url)| (OsStr::new(name), OsStr::new(url))).collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{profile} {more:?}");
        }
    }
}
