//! What a child process is told: its environment, its files, and the endpoint that it gets credentials from.

use crate::server::{Answer, Server, caller};
use holdpoint_identity::{
    ChildAccess, ChildError, ChildFiles, CredentialsEndpoint, Env, Practice, PracticeCredentials, Session,
    Source, child_env,
};
use holdpoint_redact::Secret;
use std::collections::BTreeMap;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ARN: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/mara";
const REGION: &str = "eu-central-1";

fn session(endpoint: &str) -> Session {
    let keys = PracticeCredentials {
        access_key_id: "ASIAPRACTICE0000001".to_owned(),
        secret_access_key: Secret::new("planted-secret-key"),
        session_token: Some(Secret::new("planted-session-token")),
    };
    Session::practice(endpoint, &keys, REGION).unwrap()
}

/// The operator's environment: everything that could lead elsewhere is in it.
fn operator() -> Env {
    Env::new([
        ("PATH", "/usr/bin"),
        ("HOME", "/home/op"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "C"),
        ("HTTPS_PROXY", "http://proxy.example.com:3128"),
        ("NO_PROXY", "internal.example.com"),
        ("AWS_CA_BUNDLE", "/etc/ca.pem"),
        ("DOCKER_HOST", "unix:///run/docker.sock"),
        ("TF_VAR_size", "3"),
        ("AWS_ACCESS_KEY_ID", "AKIAOPERATOR0000001"),
        ("AWS_SECRET_ACCESS_KEY", "planted"),
        ("AWS_SESSION_TOKEN", "planted"),
        ("AWS_PROFILE", "other-account"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "https://elsewhere.example.com"),
        ("AWS_ENDPOINT_URL_S3", "https://elsewhere.example.com"),
        ("AWS_CONFIG_FILE", "/home/op/.aws/config"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/Other"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"),
        ("AWS_VAULT", "prod"),
        ("GITHUB_TOKEN", "planted"),
        ("DATABASE_URL", "planted"),
        ("LD_PRELOAD", "/x.so"),
    ])
}

fn named(vars: &[(&str, &str)]) -> BTreeMap<String, String> {
    vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// The environment as text, with what is random named.
fn golden(
    env: &BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    folder: &Path,
    endpoint: &CredentialsEndpoint,
) -> String {
    let token = endpoint.token_file().to_str().unwrap();
    let line = |(k, v): (&std::ffi::OsString, &std::ffi::OsString)| {
        let value = v.to_str().unwrap().replace(token, "TOKEN").replace(&endpoint.uri(), "ENDPOINT");
        format!("{}={}\n", k.to_str().unwrap(), value.replace(folder.to_str().unwrap(), "RUN"))
    };
    env.iter().map(line).collect()
}

#[tokio::test]
async fn a_live_child_knows_what_is_listed_and_no_more() {
    let run = tempfile::tempdir().unwrap();
    let endpoint = CredentialsEndpoint::open(&session("http://127.0.0.1:9"), run.path()).await.unwrap();
    let files = ChildFiles::write(run.path(), ["prod"], REGION, None).unwrap();
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: REGION, practice: None };
    let env =
        child_env(&operator(), &access, &named(&[("STAGE", "a b;$(x)"), ("AWS_PROFILE", "prod")])).unwrap();
    let expected = "\
AWS_CA_BUNDLE=/etc/ca.pem
AWS_CONFIG_FILE=RUN/aws-config
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=TOKEN
AWS_CONTAINER_CREDENTIALS_FULL_URI=ENDPOINT
AWS_DEFAULT_REGION=eu-central-1
AWS_EC2_METADATA_DISABLED=true
AWS_PAGER=
AWS_PROFILE=prod
AWS_REGION=eu-central-1
AWS_SHARED_CREDENTIALS_FILE=RUN/aws-credentials
DOCKER_HOST=unix:///run/docker.sock
HOME=/home/op
HTTPS_PROXY=http://proxy.example.com:3128
LANG=de_DE.UTF-8
LC_ALL=C
NO_PROXY=internal.example.com,127.0.0.1
PATH=/usr/bin
STAGE=a b;$(x)
TF_VAR_size=3
no_proxy=internal.example.com,127.0.0.1
";
    assert_eq!(golden(&env, run.path(), &endpoint), expected);
    let config = std::fs::read_to_string(files.config()).unwrap();
    assert!(
        config.contains("[default]\nregion = eu-central-1\n[profile prod]\nregion = eu-central-1\n"),
        "{config}"
    );
    let (config, credentials) = (files.config().to_owned(), files.credentials().to_owned());
    assert_eq!(std::fs::read(&credentials).unwrap(), b"");
    drop(files);
    assert!(!config.exists() && !credentials.exists());
}

#[tokio::test]
async fn a_practice_child_reaches_only_the_simulator() {
    let run = tempfile::tempdir().unwrap();
    let endpoint = CredentialsEndpoint::open(&session("http://127.0.0.1:9"), run.path()).await.unwrap();
    let practice = Practice { simulator: "http://127.0.0.1:9", home: Path::new("/run/home") };
    let files = ChildFiles::write(run.path(), ["prod"], REGION, Some(practice)).unwrap();
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: REGION, practice: Some(practice) };
    let env = child_env(&operator(), &access, &BTreeMap::new()).unwrap();
    let expected = "\
AWS_CA_BUNDLE=/etc/ca.pem
AWS_CONFIG_FILE=RUN/aws-config
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=TOKEN
AWS_CONTAINER_CREDENTIALS_FULL_URI=ENDPOINT
AWS_DEFAULT_REGION=eu-central-1
AWS_EC2_METADATA_DISABLED=true
AWS_ENDPOINT_URL=http://127.0.0.1:9
AWS_PAGER=
AWS_REGION=eu-central-1
AWS_SHARED_CREDENTIALS_FILE=RUN/aws-credentials
HOME=/run/home
LANG=de_DE.UTF-8
LC_ALL=C
PATH=/usr/bin
TF_VAR_size=3
";
    assert_eq!(golden(&env, run.path(), &endpoint), expected);
    let config = std::fs::read_to_string(files.config()).unwrap();
    assert!(
        config.contains("[profile prod]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:9\n"),
        "{config}"
    );
}

#[tokio::test]
async fn a_step_cannot_lead_around_the_pin() {
    let run = tempfile::tempdir().unwrap();
    let endpoint = CredentialsEndpoint::open(&session("http://127.0.0.1:9"), run.path()).await.unwrap();
    let files = ChildFiles::write(run.path(), [], REGION, None).unwrap();
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: REGION, practice: None };
    let refusal = |name: &str, value: &str| child_env(&operator(), &access, &named(&[(name, value)])).err();
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_ROLE_ARN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_ECS",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        assert_eq!(refusal(name, "x"), Some(ChildError::LeadsAround { name: name.to_owned() }), "{name}");
    }
    assert!(matches!(refusal("AWS_REGION", "us-east-1"), Some(ChildError::OtherRegion { .. })));
    assert_eq!(refusal("AWS_REGION", REGION), None);
    for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0y")] {
        assert!(matches!(refusal(name, value), Some(ChildError::NotAVariable { .. })), "{name:?}");
    }
    for name in ["a b", "x]\n[profile y", "", "#", "ü"] {
        let refused = ChildFiles::write(run.path(), [name], REGION, None).unwrap_err();
        assert!(matches!(refused, ChildError::BadProfile { .. }), "{name:?}");
    }
}

/// Sends bytes and gives the whole answer.
async fn ask(uri: &str, head: &str) -> String {
    let address = uri.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.replace("HOST", address).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_endpoint_answers_only_whom_it_should() {
    let run = tempfile::tempdir().unwrap();
    let endpoint = CredentialsEndpoint::open(&session("http://127.0.0.1:9"), run.path()).await.unwrap();
    let uri = endpoint.uri();
    let token = std::fs::read_to_string(endpoint.token_file()).unwrap();
    assert_eq!(token.len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(endpoint.token_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let good = format!("GET /credentials HTTP/1.1\r\nHost: HOST\r\nAuthorization: {token}\r\n\r\n");
    let answer = ask(&uri, &good).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["AccessKeyId"], "ASIAPRACTICE0000001");
    assert_eq!(body["SecretAccessKey"], "planted-secret-key");
    assert_eq!(body["Token"], "planted-session-token");
    assert!(body["Expiration"].as_str().unwrap().ends_with('Z'), "{body}");

    let port = uri.rsplit(':').next().unwrap().split('/').next().unwrap();
    let short = &token[..63];
    let refused = [
        ("no token", good.replace(&format!("Authorization: {token}\r\n"), ""), "403"),
        ("empty token", good.replace(&token, ""), "403"),
        ("half a token", good.replace(&token, short), "403"),
        ("a longer token", good.replace(&token, &format!("{token}0")), "403"),
        ("another token", good.replace(&token, &"0".repeat(64)), "403"),
        ("another path", good.replace("/credentials", "/"), "404"),
        ("another method", good.replace("GET", "POST"), "405"),
        ("a name for the host", good.replace("HOST", &format!("localhost:{port}")), "421"),
        ("a page's host", good.replace("HOST", &format!("evil.example.com:{port}")), "421"),
    ];
    for (name, request, status) in refused {
        let answer = ask(&uri, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {answer}");
        assert!(!answer.contains("planted") && !answer.contains(short), "{name}: {answer}");
    }

    let token_file = endpoint.token_file().to_owned();
    drop(endpoint);
    assert!(!token_file.exists());
    let address = uri.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    // The task is gone once the runtime has seen the abort, which a connection attempt lets it do.
    let mut tries = 0;
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
        tries += 1;
        assert!(tries < 1000, "still open");
    }
}

#[tokio::test]
async fn the_sdk_in_a_child_finds_the_pin_by_any_profile_of_the_plan() {
    let sts = Server::start(caller("111122223333", ARN, "AROAEXAMPLE:mara")).await;
    let run = tempfile::tempdir().unwrap();
    let endpoint = CredentialsEndpoint::open(&session(&sts.endpoint), run.path()).await.unwrap();
    let practice = Practice { simulator: &sts.endpoint, home: run.path() };
    let files = ChildFiles::write(run.path(), ["prod"], REGION, Some(practice)).unwrap();
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: REGION, practice: Some(practice) };
    let child = Env::new(child_env(&operator(), &access, &BTreeMap::new()).unwrap());
    let inside = Session::live(&child, None, None).await.unwrap();
    assert_eq!(inside.source(), &Source::Container);
    assert_eq!(inside.whoami().await.unwrap().arn, ARN);
    assert!(sts.asked()[0].contains("Credential=ASIAPRACTICE0000001/"));
}

#[tokio::test]
async fn a_source_that_fails_is_told_to_the_child_without_a_secret() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let config = "[profile broken]\nregion = eu-central-1\ncredential_process = echo planted >&2; exit 3\n";
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let unused = Server::start(Answer::Close).await;
    let env = Env::new([("HOME", home.path().to_str().unwrap()), ("AWS_ENDPOINT_URL", &unused.endpoint)]);
    let session = Session::live(&env, Some("broken"), None).await.unwrap();
    let endpoint = CredentialsEndpoint::open(&session, home.path()).await.unwrap();
    let token = std::fs::read_to_string(endpoint.token_file()).unwrap();
    let request = format!("GET /credentials HTTP/1.1\r\nHost: HOST\r\nAuthorization: {token}\r\n\r\n");
    let answer = ask(&endpoint.uri(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("CredentialsNotLoaded"), "{answer}");
}
