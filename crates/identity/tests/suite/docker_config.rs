//! The isolated configuration of Docker, and our helper in the operator's own.

use crate::registries::{HOST, asks, base64_of, child, get, login, token};
use crate::server::Server;
use holdpoint_identity::Env;
use holdpoint_identity::registries::{
    DockerConfig, EcrRegistry, HELPER_PROGRAM, HelperDraft, InstallError, RegistryAccess, Reply,
    docker_auth_config, reads_auth_config,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[test]
fn an_isolated_configuration_keeps_settings_and_no_login() {
    let folder = tempfile::tempdir().unwrap();
    let operators = folder.path().join("docker");
    for inner in ["cli-plugins", "contexts/meta", "buildx/instances"] {
        std::fs::create_dir_all(operators.join(inner)).unwrap();
    }
    std::fs::write(operators.join("cli-plugins/docker-buildx"), "a plugin").unwrap();
    std::fs::write(operators.join("ca.pem"), "a certificate").unwrap();
    let config = json!({
        "auths": {"registry.example": {"auth": "c2VjcmV0LXdvcmQ="}},
        "credsStore": "osxkeychain",
        "credHelpers": {
            "gcr.example": "gcloud",
            "other.example": "secretservice",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login",
        },
        "currentContext": "remote",
        "proxies": {"default": {"httpProxy": "http://proxy.example:3128"}},
        "plugins": {"buildx": {"hints": "true"}},
        "psFormat": "table {{.ID}}",
    });
    std::fs::write(operators.join("config.json"), config.to_string()).unwrap();
    let program = folder.path().join("holdpoint");
    std::fs::write(&program, "a program").unwrap();
    let at = folder.path().join("isolated");
    let hosts = [HOST.to_owned(), "registry.example:5000".to_owned()];
    let made = DockerConfig::write(&at, Some(&operators), hosts, &program).unwrap();
    let written = std::fs::read_to_string(made.file()).unwrap();
    assert!(!written.contains("c2VjcmV0LXdvcmQ=") && !written.contains("osxkeychain"), "{written}");
    let written: Value = serde_json::from_str(&written).unwrap();
    let expected = json!({
        "currentContext": "remote",
        "proxies": {"default": {"httpProxy": "http://proxy.example:3128"}},
        "plugins": {"buildx": {"hints": "true"}},
        "psFormat": "table {{.ID}}",
        "credsStore": "holdpoint",
        "credHelpers": {
            HOST: "holdpoint",
            "registry.example:5000": "holdpoint",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com": "holdpoint",
            "gcr.example": "gcloud",
        },
    });
    assert_eq!(written, expected);
    assert_eq!(std::fs::read_to_string(at.join("cli-plugins/docker-buildx")).unwrap(), "a plugin");
    assert!(
        at.join("contexts/meta").is_dir()
            && at.join("buildx/instances").is_dir()
            && at.join("ca.pem").is_file()
    );
    assert_eq!(std::fs::read_to_string(made.bin().join(HELPER_PROGRAM)).unwrap(), "a program");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&at), mode(&made.file())), (0o700, 0o600));
    }
    assert!(DockerConfig::write(&at, None, [], &program).is_err(), "a folder that is there is somebody's");
    drop(made);
    assert!(!at.exists());
    assert_eq!(std::fs::read_to_string(operators.join("cli-plugins/docker-buildx")).unwrap(), "a plugin");
    assert_eq!(std::fs::read_to_string(&program).unwrap(), "a program");
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_and_still_isolated() {
    for junk in ["{", "[]", "\u{feff}{}", "{\"auths\": {}} trailing", "\0"] {
        let folder = tempfile::tempdir().unwrap();
        let (operators, program) = (folder.path().join("docker"), folder.path().join("holdpoint"));
        std::fs::create_dir(&operators).unwrap();
        std::fs::write(operators.join("config.json"), junk).unwrap();
        let made = DockerConfig::write(&folder.path().join("x"), Some(&operators), [], &program).unwrap();
        assert_eq!(made.remarks().len(), 1, "{junk:?}");
        assert!(made.remarks()[0].contains("config.json"), "{:?}", made.remarks());
        let written: Value = serde_json::from_slice(&std::fs::read(made.file()).unwrap()).unwrap();
        assert_eq!(written, json!({"credsStore": "holdpoint", "credHelpers": {}}));
    }
}

#[tokio::test]
async fn a_child_is_led_to_it() {
    let server = Server::start(token("pw-of-ecr", 43_200)).await;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("holdpoint");
    let at = folder.path().join("docker");
    let access = RegistryAccess::open(
        Arc::new(child(&server)),
        &at,
        None,
        Some(("111122223333", "eu-west-1")),
        &program,
    );
    let access = access.await.unwrap();
    let text = std::fs::read_to_string(access.config().file()).unwrap();
    assert!(EcrRegistry::hosts("111122223333", "eu-west-1").iter().all(|host| text.contains(host)), "{text}");
    let mut env =
        BTreeMap::from([("PATH".into(), "/usr/bin".into()), ("DOCKER_AUTH_CONFIG".into(), "{}".into())]);
    access.furnish(&mut env, &BTreeMap::new());
    let path = env[std::ffi::OsStr::new("PATH")].to_str().unwrap().to_owned();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    assert_eq!(folders, [at.join("bin"), "/usr/bin".into()]);
    assert_eq!(env[std::ffi::OsStr::new("DOCKER_CONFIG")], at.as_os_str());
    assert!(!env.contains_key(std::ffi::OsStr::new("DOCKER_AUTH_CONFIG")));
    let file = RegistryAccess::file_in(&Env::new(env.clone())).unwrap();
    assert!(matches!(asks(&file, get(HOST)).await, Ok(Reply::Login { .. })));
    // What a step names stays as it is, and without a PATH there is no working folder in it.
    let named = BTreeMap::from([("DOCKER_CONFIG".to_owned(), "/plan/docker".to_owned())]);
    let mut env = BTreeMap::from([("DOCKER_CONFIG".into(), "/plan/docker".into())]);
    access.furnish(&mut env, &named);
    assert_eq!(env[std::ffi::OsStr::new("DOCKER_CONFIG")], "/plan/docker");
    assert_eq!(env[std::ffi::OsStr::new("PATH")], at.join("bin").as_os_str());
    drop(access);
    assert!(!at.exists());
}

#[test]
fn docker_auth_configs() {
    let value = docker_auth_config([(HOST, &login("AWS", "pw"))]);
    let expected = json!({"auths": {HOST: {"auth": base64_of::encode("AWS:pw")}}});
    assert_eq!(serde_json::from_str::<Value>(value.expose()).unwrap(), expected);
    let table = [
        ("Docker version 28.3.0, build 38b7060", true),
        ("Docker version 28.2.2, build e6534b4", false),
        ("29.0.1", true),
        ("28.10.0-rc.1", true),
        ("28.3", true),
        ("27.5.1+dfsg", false),
        ("podman version 5.4.0", false),
        ("Docker version", false),
        ("", false),
        ("99999999999.0", false),
    ];
    for (said, expected) in table {
        assert_eq!(reads_auth_config(said), expected, "{said}");
    }
}

/// What the helper's entry for [`HOST`] makes of a file, and that taking it out gives the file back.
#[test]
fn our_helper_in_the_operators_own_configuration() {
    let table = [
        ("", "{\n\t\"credHelpers\": {\n\t\t\"H\": \"holdpoint\"\n\t}\n}\n", false),
        ("{}", "{\n\t\"credHelpers\": {\n\t\t\"H\": \"holdpoint\"\n\t}\n}", true),
        (
            "{\n\t\"auths\": {},\n\t\"currentContext\": \"x\"\n}",
            "{\n\t\"auths\": {},\n\t\"currentContext\": \"x\",\n\t\"credHelpers\": {\n\t\t\"H\": \"holdpoint\"\n\t}\n}",
            true,
        ),
        ("{\"auths\":{}}", "{\"auths\":{},\"credHelpers\":{\n\t\t\"H\": \"holdpoint\"\n\t}}", true),
        (
            "{\n  \"credHelpers\": {\n    \"g.example\": \"gcloud\"\n  },\n  \"psFormat\": \"\\\"},{\"\n}\n",
            "{\n  \"credHelpers\": {\n    \"g.example\": \"gcloud\",\n    \"H\": \"holdpoint\"\n  },\n  \"psFormat\": \"\\\"},{\"\n}\n",
            true,
        ),
        (
            "{\"credHelpers\":{\"a.example\":\"x\",\"H\":\"ecr-login\"}}",
            "{\"credHelpers\":{\"a.example\":\"x\",\"H\":\"holdpoint\"}}",
            false,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (at, (before, after, comes_back)) in table.into_iter().enumerate() {
        let [before, after] = [before, after].map(|text| text.replace("\"H\"", &format!("\"{HOST}\"")));
        let path = folder.path().join(format!("{at}.json"));
        if !before.is_empty() {
            std::fs::write(&path, &before).unwrap();
        }
        let draft = HelperDraft::add(&path, &[HOST.to_owned()]).unwrap();
        assert_eq!(draft.after, after);
        assert_eq!(draft.before, before);
        assert!(draft.changes() && draft.diff.contains("+"), "{}", draft.diff);
        assert_eq!(path.exists(), !before.is_empty(), "a draft writes nothing");
        let done = draft.apply(&folder.path().join("backups")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        let kept = done.backup.map(|kept| std::fs::read_to_string(kept).unwrap()).unwrap_or_default();
        assert_eq!(kept, before);
        assert!(!HelperDraft::add(&path, &[HOST.to_owned()]).unwrap().changes());
        if comes_back {
            let back = HelperDraft::remove(&path, None).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&back.after).unwrap(),
                serde_json::from_str::<Value>(&before).unwrap()
            );
            if before.len() > 2 {
                assert_eq!(back.after, before);
            }
        }
    }
}

#[test]
fn a_configuration_of_docker_that_is_none_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    for junk in [
        "[]",
        "{",
        "{} {}",
        "{\"credHelpers\": []}",
        "{\"credHelpers\": {}, \"credHelpers\": {}}",
        "{\"credHelpers\": {\"a.example\": \"x\", \"a.example\": \"y\"}}",
    ] {
        std::fs::write(&path, junk).unwrap();
        let error = HelperDraft::add(&path, &["a.example".to_owned()]).unwrap_err();
        assert!(matches!(error, InstallError::NotDockers { .. }), "{junk}: {error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), junk);
    }
    // Somebody else writes between the draft and its use.
    std::fs::write(&path, "{}").unwrap();
    let draft = HelperDraft::add(&path, &["a.example".to_owned()]).unwrap();
    std::fs::write(&path, "{ }").unwrap();
    assert!(matches!(draft.apply(folder.path()), Err(InstallError::Changed { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ }");
}
