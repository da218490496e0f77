//! GetCallerIdentity on the wire: what is asked, by whose credentials, and what each failure is called.

use crate::server::{Answer, Server, caller, refusal};
use holdpoint_identity::{
    AssertError, Env, Person, Pin, PracticeCredentials, Session, SessionError, Source, WhoamiError,
};
use holdpoint_redact::Secret;
use std::path::Path;

const ARN: &str =
    "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/mara@example.com";

fn keys(id: &str) -> PracticeCredentials {
    PracticeCredentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new("planted-secret-key"),
        session_token: Some(Secret::new("planted-session-token")),
    }
}

fn practice(server: &Server) -> Session {
    Session::practice(&server.endpoint, &keys("ASIAPRACTICE0000001"), "eu-central-1").unwrap()
}

#[tokio::test]
async fn practice_asks_the_simulator_with_its_own_keys() {
    let server = Server::start(caller("111122223333", ARN, "AROAEXAMPLE:mara@example.com")).await;
    let session = practice(&server);
    let found = session.whoami().await.unwrap();
    assert_eq!((found.account.as_str(), found.arn.as_str()), ("111122223333", ARN));
    assert_eq!((found.partition.as_str(), found.request_id.as_deref()), ("aws", Some("req-1")));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("Action=GetCallerIdentity"), "{}", asked[0]);
    let scope = "/eu-central-1/sts/aws4_request";
    assert!(asked[0].contains("Credential=ASIAPRACTICE0000001/") && asked[0].contains(scope), "{}", asked[0]);
    let person = session.person(&found);
    assert_eq!(
        person,
        Person::IdentityCenter { user: "mara@example.com".into(), instance: Some("practice".into()) }
    );
    let shown = format!("{session:?} {found:?}");
    assert!(!shown.contains("planted"), "{shown}");
}

#[tokio::test]
async fn the_pin_stops_the_wrong_account_role_and_region() {
    let server = Server::start(caller("111122223333", ARN, "AROAEXAMPLE:mara@example.com")).await;
    let session = practice(&server);
    let right = Pin::new("111122223333", "eu-central-1", Some("Deployer")).unwrap();
    assert_eq!(session.assert(&right).await.unwrap().caller().arn, ARN);
    let wrong = Pin::new("123456789012", "us-east-1", Some("Auditor")).unwrap();
    let Err(AssertError::Mismatch(mismatch)) = session.assert(&wrong).await else { panic!("not stopped") };
    let what: Vec<_> = mismatch.differences.iter().map(|d| d.what).collect();
    assert_eq!(what, ["account", "region", "role"]);
}

#[tokio::test]
async fn every_failure_has_its_name() {
    type Is = fn(&WhoamiError) -> bool;
    let cases: Vec<(Answer, Is)> = vec![
        (refusal(403, "ExpiredToken", "The security token included in the request is expired"), |e| {
            matches!(e, WhoamiError::Expired { .. })
        }),
        (
            refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
            |e| matches!(e, WhoamiError::UnknownKey { .. }),
        ),
        (refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match"), |e| {
            matches!(e, WhoamiError::Signature { .. })
        }),
        (
            refusal(403, "SignatureDoesNotMatch", "Signature expired: 20300101T000000Z is now earlier than"),
            |e| matches!(e, WhoamiError::ClockSkew { .. }),
        ),
        (refusal(400, "Throttling", "Rate exceeded"), |e| matches!(e, WhoamiError::Throttled { .. })),
        (refusal(403, "AccessDenied", "explicit deny"), |e| matches!(e, WhoamiError::Denied { .. })),
        (
            refusal(400, "ValidationError", "odd"),
            |e| matches!(e, WhoamiError::Service { code, request_id, .. } if code == "ValidationError" && request_id == "req-1"),
        ),
        (Answer::Http(404, "<html>no such page</html>".into()), |e| matches!(e, WhoamiError::NotSts { .. })),
        (Answer::Http(200, "<html>a captive portal</html>".into()), |e| {
            matches!(e, WhoamiError::NotSts { .. })
        }),
        (Answer::Raw("SSH-2.0-not-http\r\n"), |e| {
            matches!(e, WhoamiError::Unreachable { .. } | WhoamiError::NotSts { .. })
        }),
        (Answer::Close, |e| matches!(e, WhoamiError::Unreachable { .. })),
        (caller("123456789012", ARN, "AROAEXAMPLE:x"), |e| matches!(e, WhoamiError::NotSts { .. })),
        (caller("111122223333", "not an arn", "AROAEXAMPLE:x"), |e| matches!(e, WhoamiError::NotSts { .. })),
    ];
    for (i, (answer, is)) in cases.into_iter().enumerate() {
        let server = Server::start(answer).await;
        let error = practice(&server).whoami().await.unwrap_err();
        assert!(is(&error), "case {i}: {error:?}");
        assert!(!error.to_string().contains("planted"), "case {i}: {error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unreachable() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let session = Session::practice(&gone, &keys("ASIAPRACTICE0000001"), "eu-central-1").unwrap();
    let error = session.whoami().await.unwrap_err();
    assert!(
        matches!(&error, WhoamiError::Unreachable { endpoint, .. } if endpoint.contains(&gone)),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_says_nothing_is_a_timeout() {
    let server = Server::start(Answer::Silence).await;
    let error = practice(&server).whoami().await.unwrap_err();
    assert!(matches!(error, WhoamiError::Timeout { .. }), "{error:?}");
}

#[test]
fn practice_refuses_everything_but_this_machine() {
    let good = ["http://127.0.0.1:4566", "http://127.9.9.9:1/", "http://[::1]:4566"];
    for endpoint in good {
        assert!(Session::practice(endpoint, &keys("K"), "eu-central-1").is_ok(), "{endpoint}");
    }
    let bad = [
        "https://127.0.0.1:4566",
        "http://localhost:4566",
        "http://169.254.169.254/",
        "http://sts.amazonaws.com",
        "http://0.0.0.0:80",
        "http://127.0.0.1.example.com:80",
        "http://user:planted@127.0.0.1:80",
        "http://127.0.0.1@example.com",
        "http://2130706433:80",
        "http://[::ffff:10.0.0.1]:80",
        "127.0.0.1:80",
        "",
    ];
    for endpoint in bad {
        let error = Session::practice(endpoint, &keys("K"), "eu-central-1").unwrap_err();
        assert!(matches!(error, SessionError::NotLoopback { .. }), "{endpoint}");
        assert!(!error.to_string().contains("planted"), "{error}");
    }
}

#[tokio::test]
async fn practice_cannot_leave_this_machine_whatever_a_client_is_told() {
    let server = Server::start(Answer::Close).await;
    let away = practice(&server).config().to_builder().endpoint_url("http://192.0.2.1:9").build();
    let error = holdpoint_identity::whoami(&away).await.unwrap_err();
    assert!(error.to_string().contains("only the simulator on this machine"), "{error}");
}

const CONFIG: &str = "
[default]
region = us-west-2
[profile keys]
region = eu-central-1
aws_access_key_id = AKIAPROFILE00000001
aws_secret_access_key = planted-profile-key
[profile nokeys]
region = eu-central-1
[profile sso]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Deployer
region = eu-central-1
[sso-session acme]
sso_start_url = https://acme.example.com/start/
sso_region = eu-central-1
[profile noregion]
aws_access_key_id = AKIAPROFILE00000002
aws_secret_access_key = planted-profile-key
[profile imported]
region = eu-central-1
role_arn = arn:aws:iam::111122223333:role/Deployer
credential_source = Environment
";

fn environment(home: &Path, more: &[(&str, &str)]) -> Env {
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/config"), CONFIG).unwrap();
    let home = home.to_str().unwrap();
    Env::new([("HOME", home)].into_iter().chain(more.iter().copied()))
}

/// The access key that a live session signs with.
async fn signs_with(env: &[(&str, &str)], profile: Option<&str>) -> (String, Source) {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(caller("111122223333", ARN, "AROAEXAMPLE:mara@example.com")).await;
    let sts =
        [("AWS_ENDPOINT_URL_STS", server.endpoint.as_str()), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    let env = environment(home.path(), &[env, &sts].concat());
    let session = Session::live(&env, profile, None).await.unwrap();
    session.whoami().await.unwrap();
    let asked = server.asked();
    let (_, rest) = asked[0].split_once("Credential=").unwrap();
    (rest.split('/').next().unwrap().to_owned(), session.source().clone())
}

#[tokio::test]
async fn live_uses_exactly_one_source() {
    let in_env = [
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT0001"),
        ("AWS_SECRET_ACCESS_KEY", "planted-env-key"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let profile = ("AKIAPROFILE00000001".to_owned(), Source::Profile("keys".into()));
    assert_eq!(signs_with(&in_env, Some("keys")).await, profile, "an explicit profile hides the keys");
    assert_eq!(signs_with(&[("AWS_PROFILE", "keys")], None).await, profile);
    let environment = ("AKIAENVIRONMENT0001".to_owned(), Source::Environment);
    assert_eq!(signs_with(&in_env, None).await, environment);
    let both = [in_env.as_slice(), &[("AWS_PROFILE", "keys")]].concat();
    assert_eq!(signs_with(&both, None).await, environment, "as the CLI and the SDKs have it");
}

#[tokio::test]
async fn live_says_why_there_is_no_session() {
    let home = tempfile::tempdir().unwrap();
    type Vars<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Vars<'_>, Option<&str>, &str); 8] = [
        (&[], Some("Keys"), "did you mean `keys`"),
        (&[], Some("prod"), "there are default, imported, keys"),
        (&[], Some("nokeys"), "settings and no credentials"),
        (&[], Some("noregion"), "no region for profile `noregion`"),
        (&[], Some("imported"), "source_profile"),
        (&[], None, "none of the 6 profiles"),
        (
            &[("AWS_CONFIG_FILE", "/nowhere/config")],
            None,
            "/nowhere/config, which AWS_CONFIG_FILE names, does not exist",
        ),
        (&[("HTTPS_PROXY", "http://user:planted@[")], Some("keys"), "HTTPS_PROXY"),
    ];
    for (env, profile, says) in cases {
        let env = environment(home.path(), env);
        let error = Session::live(&env, profile, None).await.unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("planted"), "{profile:?}: {error}");
    }
}

#[tokio::test]
async fn an_expired_sign_in_names_the_command_that_repairs_it() {
    let home = tempfile::tempdir().unwrap();
    let env = environment(home.path(), &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]);
    let session = Session::live(&env, Some("sso"), None).await.unwrap();
    assert_eq!(session.instance(), Some("https://acme.example.com/start/"));
    let never = session.whoami().await.unwrap_err();
    assert!(matches!(&never, WhoamiError::SignInExpired { profile, .. } if profile == "sso"), "{never:?}");
    assert!(never.to_string().contains("holdpoint login --profile sso"), "{never}");

    // The cache's name is the SHA-1 of the session's name, here of `acme`.
    let cache = home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let token = r#"{"accessToken":"planted-token","expiresAt":"2020-01-01T00:00:00Z","region":"eu-central-1","startUrl":"https://acme.example.com/start/"}"#;
    std::fs::write(cache.join("293abb6b76d7791c0732cc517d38c4b5c734b87f.json"), token).unwrap();
    let session = Session::live(&env, Some("sso"), None).await.unwrap();
    let over = session.whoami().await.unwrap_err();
    assert!(matches!(over, WhoamiError::SignInExpired { .. }), "{over:?}");
    assert!(!format!("{over:?}").contains("planted"), "{over:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn all_clients_of_a_session_share_one_renewal() {
    let sts = Server::start(caller("111122223333", ARN, "AROAEXAMPLE:mara@example.com")).await;
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    // Each start of the tool leaves a line behind.
    let script = format!(
        "[profile tool]\nregion = eu-central-1\ncredential_process = echo x >> {0}/starts; cat {0}/keys.json\n",
        home.path().display()
    );
    std::fs::write(home.path().join(".aws/config"), script).unwrap();
    let keys = |end: &str| {
        let keys = format!(
            r#"{{"Version":1,"AccessKeyId":"AKIATOOL00000000001","SecretAccessKey":"planted","SessionToken":"t","Expiration":"{end}"}}"#
        );
        std::fs::write(home.path().join("keys.json"), keys).unwrap();
    };
    let starts = || std::fs::read_to_string(home.path().join("starts")).unwrap().lines().count();
    let env = Env::new([("HOME", home.path().to_str().unwrap()), ("AWS_ENDPOINT_URL_STS", &sts.endpoint)]);
    keys("2099-01-01T00:00:00Z");
    let session = Session::live(&env, Some("tool"), None).await.unwrap();
    let (one, two, three) = tokio::join!(session.whoami(), session.whoami(), session.lasts_until());
    assert_eq!(one.unwrap().arn, two.unwrap().arn);
    assert!(three.unwrap().is_some());
    session.lasts_until().await.unwrap();
    assert_eq!(starts(), 1);
    keys("2020-01-01T00:00:00Z");
    let over = Session::live(&env, Some("tool"), None).await.unwrap();
    assert!(over.lasts_until().await.is_err(), "keys that are over are no keys");
    assert_eq!(starts(), 2);
}
