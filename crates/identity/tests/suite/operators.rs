//! The operator's own logins of Docker: from its file and from helpers.

use holdpoint_identity::Env;
use holdpoint_identity::registries::{OperatorsError, operators_login};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// An environment whose Docker is set up so, with the helper `test` that knows one host.
fn env(folder: &Path, config: &Value) -> Env {
    let helper = folder.join("docker-credential-test");
    let script = "#!/bin/sh\nread -r host\ncase $host in\n\
        kept.example|https://index.docker.io/v1/) printf '{\"Username\":\"u\",\"Secret\":\"of %s\"}' \"$host\";;\n\
        locked.example) echo 'the keychain is locked'; exit 1;;\n\
        *) echo 'credentials not found in native keychain'; exit 1;;\nesac\n";
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    Env::new([("DOCKER_CONFIG", folder.to_str().unwrap()), ("PATH", path.as_str())])
}

/// User and password, or none, or the error's words.
async fn check(config: Value, host: &str, expected: Result<Option<(&str, &str)>, &str>) {
    let folder = tempfile::tempdir().unwrap();
    match (operators_login(&env(folder.path(), &config), host).await, expected) {
        (Ok(found), Ok(expected)) => {
            let found = found.map(|login| (login.username.clone(), login.secret.expose().to_owned()));
            assert_eq!(found, expected.map(|(u, p)| (u.to_owned(), p.to_owned())), "{host} in {config}");
        }
        (Err(error), Err(words)) => {
            assert!(error.to_string().contains(words), "{error}");
            assert!(matches!(error, OperatorsError::Helper { .. } | OperatorsError::Unreadable { .. }));
        }
        (found, expected) => panic!("{host} in {config}: {found:?}, expected {expected:?}"),
    }
}

#[tokio::test]
async fn logins_of_the_file_and_of_helpers() {
    // `user:pass word`.
    let auth = json!({"auth": "dXNlcjpwYXNzIHdvcmQ="});
    let user = Ok(Some(("user", "pass word")));
    check(json!({"auths": {"r.example:5000": auth}}), "r.example:5000", user).await;
    check(json!({"auths": {"https://r.example/v1/": auth}}), "r.example", user).await;
    check(json!({"auths": {"r.example": auth}}), "other.example", Ok(None)).await;
    check(json!({"auths": {"https://index.docker.io/v1/": auth}}), "docker.io", user).await;
    check(json!({"auths": {"r.example": {"identitytoken": "t"}}}), "r.example", Ok(Some(("<token>", "t"))))
        .await;
    check(json!({"auths": {"r.example": {}}}), "r.example", Ok(None)).await;
    check(json!({}), "r.example", Ok(None)).await;
    let kept = Ok(Some(("u", "of kept.example")));
    check(json!({"credsStore": "test"}), "kept.example", kept).await;
    check(
        json!({"credHelpers": {"kept.example": "test"}, "auths": {"kept.example": auth}}),
        "kept.example",
        kept,
    )
    .await;
    check(json!({"credsStore": "test"}), "docker.io", Ok(Some(("u", "of https://index.docker.io/v1/"))))
        .await;
    check(json!({"credsStore": "test"}), "nobody.example", Ok(None)).await;
    check(json!({"credsStore": "test"}), "locked.example", Err("the keychain is locked")).await;
    check(json!({"credsStore": "../evil"}), "kept.example", Err("its name is none of a helper")).await;
    check(json!({"credsStore": "absent"}), "kept.example", Err("docker-credential-absent")).await;
    check(json!({"auths": 5}), "r.example", Err("cannot be read")).await;
}
