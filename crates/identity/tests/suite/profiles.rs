//! A folder a case: `config` and `credentials` as found, `expected` as told. `expected` is written anew when
//! it is missing, and the test fails so that somebody reads it.

use holdpoint_identity::{Env, FileKind, Kind, profiles};
use std::fmt::Write as _;
use std::path::Path;

#[tokio::test]
async fn every_folder_is_told_as_expected() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<_> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name())
        .collect();
    names.sort();
    assert!(names.len() >= 13, "{names:?}");
    for name in names {
        let folder = cases.join(&name);
        let told = told(&folder).await.replace(folder.to_str().unwrap(), "CASE");
        assert!(!told.contains("planted"), "{name:?}: {told}");
        let expected = folder.join("expected");
        if !expected.exists() {
            std::fs::write(&expected, &told).unwrap();
            panic!("{name:?} had no `expected`: read what was written");
        }
        assert_eq!(told, std::fs::read_to_string(&expected).unwrap(), "{name:?}");
    }
}

async fn told(folder: &Path) -> String {
    let env = Env::new([
        ("AWS_CONFIG_FILE", folder.join("config")),
        ("AWS_SHARED_CREDENTIALS_FILE", folder.join("credentials")),
    ]);
    let found = match profiles(&env).await {
        Ok(found) => found,
        Err(error) => return format!("refused: {error}\n"),
    };
    let mut out = String::new();
    for profile in &found.profiles {
        let kind = serde_json::to_value(&profile.kind).unwrap();
        write!(out, "{} {}", profile.name, kind["kind"].as_str().unwrap()).unwrap();
        if let Some(source) = kind["source"].as_str() {
            write!(out, " from {source}").unwrap();
        }
        let fields = [
            ("account", &profile.account),
            ("role", &profile.role),
            ("region", &profile.region),
            ("session", &profile.sso_session),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                write!(out, " {name}={value}").unwrap();
            }
        }
        for place in &profile.from {
            write!(out, " @{}:{}", file(place.file), place.line).unwrap();
        }
        out.push('\n');
        for problem in &profile.problems {
            writeln!(out, "  - {problem}").unwrap();
        }
    }
    for problem in &found.problems {
        writeln!(out, "{}:{}: {}", file(problem.place.file), problem.place.line, problem.text).unwrap();
    }
    if let Some(explanation) = &found.explanation {
        writeln!(out, "{explanation}").unwrap();
    }
    out
}

fn file(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Config => "config",
        FileKind::Credentials => "credentials",
    }
}

#[tokio::test]
async fn the_home_folder_is_where_the_files_are() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), "[profile one]\nregion = eu-central-1\n").unwrap();
    let path = home.path().to_str().unwrap();
    for env in [
        Env::new([("HOME", path)]),
        Env::new([("USERPROFILE", path)]),
        Env::new([("HOMEDRIVE", ""), ("HOMEPATH", path)]),
        Env::new([("HOME", path), ("AWS_CONFIG_FILE", "~/.aws/config")]),
        Env::new([("HOME", path), ("AWS_CONFIG_FILE", "")]),
    ] {
        let found = profiles(&env).await.unwrap();
        assert_eq!(found.profiles.len(), 1, "{env:?}");
        assert_eq!(found.profiles[0].kind, Kind::RegionOnly);
    }
    let nowhere = profiles(&Env::default()).await.unwrap();
    assert!(nowhere.explanation.unwrap().contains("HOME is not set"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_be_read_is_not_an_empty_one() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    std::fs::write(&path, "[profile one]\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        // The superuser reads everything; the case exists for everybody else.
        return;
    }
    let error = profiles(&Env::new([("AWS_CONFIG_FILE", &path)])).await.unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn ten_thousand_profiles_are_all_there_in_order() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let mut text = String::from(
        "[sso-session acme]\nsso_start_url = https://acme.example.com/start\nsso_region = eu-central-1\n",
    );
    for i in 0..10_000 {
        writeln!(text, "[profile p{i}]\nsso_session = acme\nsso_account_id = {i:012}\nsso_role_name = Deployer\nregion = eu-central-1\n").unwrap();
    }
    std::fs::write(&path, text).unwrap();
    let found = profiles(&Env::new([("AWS_CONFIG_FILE", &path)])).await.unwrap();
    assert_eq!(found.profiles.len(), 10_000);
    for (i, profile) in found.profiles.iter().enumerate() {
        assert_eq!(profile.name, format!("p{i}"));
        assert_eq!((&profile.kind, profile.problems.len()), (&Kind::SsoSession, 0), "{profile:?}");
    }
}
