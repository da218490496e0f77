//! Our two readings beside the readers that they stand for: the SDK's own loader, and botocore.

use crate::python;
use crate::texts::{Text, listed, made};
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use holdpoint_identity::FileKind;
use holdpoint_identity::config::{Grammar, Reading, SectionKind, differences, read};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

async fn sdk(kind: FileKind, text: &str) -> Result<ProfileSet, String> {
    let kind = match kind {
        FileKind::Config => EnvConfigFileKind::Config,
        FileKind::Credentials => EnvConfigFileKind::Credentials,
    };
    let files = EnvConfigFiles::builder().with_contents(kind, text).build();
    aws_config::profile::load(&Fs::from_slice(&[]), &Env::from_slice(&[]), &files, None)
        .await
        .map_err(|error| std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string))
}

/// Two headings of one meaning are merged by the SDK in the order of a hash map: there is no one answer to compare.
fn is_settled(text: &Text) -> bool {
    let mut spellings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for line in text.text.lines().filter(|line| line.starts_with('[')) {
        let heading = line.split([']', '#', ';']).next().unwrap();
        let words = heading[1..].split_whitespace().collect::<Vec<_>>().join(" ");
        spellings.entry(words).or_default().insert(line.split(']').next().unwrap());
    }
    spellings.values().all(|spellings| spellings.len() == 1)
}

async fn check_sdk(text: &Text) {
    let theirs = sdk(text.kind, &text.text).await;
    let ours = read(Grammar::Sdk, text.kind, &text.text);
    let (theirs, ours) = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(theirs), Err(ours)) => {
            let line = format!("on line {}:", ours[0].line);
            assert!(theirs.contains(&line), "{}: {theirs} but {ours:?}", text.name);
            return;
        }
        (theirs, ours) => panic!("{}: {theirs:?} but {ours:?}", text.name),
    };
    let mut keys: BTreeSet<&str> =
        ours.sections.values().flat_map(|s| s.values.keys()).map(String::as_str).collect();
    keys.extend([
        "region", "output", "key", "name", "s3", "x", "nested", "a b", "a!", "na me", "name!", "more",
    ]);
    for (kind, names) in [
        (SectionKind::Profile, theirs.profiles().collect::<BTreeSet<_>>()),
        (SectionKind::SsoSession, theirs.sso_sessions().collect()),
    ] {
        let found = ours.sections.iter().filter(|(id, _)| id.kind == kind);
        let found: BTreeMap<_, _> = found.map(|(id, section)| (id.name.as_str(), section)).collect();
        assert_eq!(names, found.keys().copied().collect(), "{}", text.name);
        for (name, section) in found {
            for key in &keys {
                let value = match kind {
                    SectionKind::Profile => theirs.get_profile(name).and_then(|p| p.get(key)),
                    SectionKind::SsoSession | SectionKind::Services => {
                        theirs.sso_session(name).and_then(|s| s.get(key))
                    }
                };
                assert_eq!(section.get(key), value, "{}: {key} of {name}", text.name);
            }
        }
    }
}

#[tokio::test]
async fn the_sdk_and_we_read_the_same() {
    for text in listed().into_iter().chain(made(4_000)).filter(is_settled) {
        check_sdk(&text).await;
    }
}

/// The SDK's own suite, where its sources lie unpacked; its answers are compared besides those of the loader.
#[tokio::test]
async fn the_golden_suite_of_the_sdk_is_read_as_it_says() {
    let Some(suite) = golden() else {
        println!("skipped: the sources of aws-runtime do not lie in Cargo's registry folder");
        return;
    };
    let cases = suite["tests"].as_array().unwrap();
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let file = |kind, key: &str| {
            let text = case["input"][key].as_str().unwrap_or_default();
            read(Grammar::Sdk, kind, text).map_err(|faults| faults[0].to_string())
        };
        let (config, credentials) =
            (file(FileKind::Config, "configFile"), file(FileKind::Credentials, "credentialsFile"));
        let expected = &case["output"];
        if expected["errorContaining"].is_string() {
            assert!(config.is_err() || credentials.is_err(), "{name}");
            continue;
        }
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut sessions: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for reading in [config.unwrap(), credentials.unwrap()] {
            for (id, section) in reading.sections {
                let into = match id.kind {
                    SectionKind::Profile => profiles.entry(id.name).or_default(),
                    SectionKind::SsoSession => sessions.entry(id.name).or_default(),
                    SectionKind::Services => continue,
                };
                into.extend(section.values.into_iter().map(|(key, value)| (key, value.text)));
            }
        }
        assert_eq!(json!(profiles), expected["config"]["profiles"], "{name}");
        if let Some(expected) = expected["config"].get("ssoSessions") {
            assert_eq!(json!(sessions), *expected, "{name}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "Cargo says where its registry is")]
fn golden() -> Option<Value> {
    let cargo = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = cargo.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let indexes = std::fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let packages =
        indexes.filter_map(|index| std::fs::read_dir(index.path()).ok()).flat_map(|dir| dir.flatten());
    let runtime =
        packages.filter(|package| package.file_name().to_string_lossy().starts_with("aws-runtime-1"));
    let path = runtime
        .map(|package| package.path().join("test-data/profile-parser-tests.json"))
        .find(|p| p.exists())?;
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

const LOADER: &str = r#"
import json, os, sys, tempfile
from botocore import configloader
from botocore.exceptions import ConfigParseError
answers = []
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    for one in json.load(sys.stdin):
        with open(path, "wb") as f:
            f.write(one["text"].encode())
        try:
            if one["credentials"]:
                answers.append({"profile": configloader.raw_config_parse(path)})
            else:
                read = configloader.load_config(path)
                answers.append({"profile": read["profiles"], "sso-session": read["sso_sessions"], "services": read["services"]})
        except ConfigParseError as error:
            answers.append({"error": str(error)})
json.dump(answers, sys.stdout)
"#;

#[test]
fn botocore_and_we_read_the_same() {
    let Some(python) = python::with_botocore() else {
        println!("skipped: there is no Python with botocore");
        return;
    };
    let texts: Vec<_> = listed().into_iter().chain(made(4_000)).collect();
    let input = |text: &Text| json!({"text": text.text, "credentials": text.kind == FileKind::Credentials});
    let answers = python::run(&python, LOADER, &texts.iter().map(input).collect());
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), texts.len());
    let (mut read_alike, mut refused) = (0, 0);
    for (text, theirs) in texts.iter().zip(answers) {
        match read(Grammar::Botocore, text.kind, &text.text) {
            Ok(ours) => {
                assert_eq!(as_json(&ours), filled(theirs), "{}", text.name);
                read_alike += 1;
            }
            Err(faults) => {
                assert!(theirs["error"].is_string(), "{}: {faults:?} but {theirs}", text.name);
                refused += 1;
            }
        }
    }
    // Both outcomes are met often, or the texts would show little.
    assert!(read_alike > 800 && refused > 800, "{read_alike} read, {refused} refused");
}

/// As botocore has it: groups of indented lines are maps.
fn as_json(reading: &Reading) -> Value {
    let mut all = json!({"profile": {}, "sso-session": {}, "services": {}});
    for (id, section) in &reading.sections {
        let mut values = serde_json::Map::new();
        for (key, value) in &section.values {
            let value = match value.text.strip_prefix('\n') {
                None => json!(value.text),
                Some(group) => {
                    let lines = group.split(|c: char| {
                        matches!(
                            c,
                            '\n' | '\u{b}' | '\u{c}' | '\u{1c}'
                                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
                        )
                    });
                    let pairs = lines.filter_map(|line| line.split_once('='));
                    let space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
                    let pairs =
                        pairs.map(|(k, v)| (k.trim_matches(space).to_owned(), json!(v.trim_matches(space))));
                    Value::Object(pairs.collect())
                }
            };
            values.insert(key.clone(), value);
        }
        let kind = serde_json::to_value(id.kind).unwrap();
        all[kind.as_str().unwrap()][&id.name] = Value::Object(values);
    }
    all
}

/// The credentials file has profiles alone.
fn filled(theirs: &Value) -> Value {
    let mut theirs = theirs.clone();
    for kind in ["sso-session", "services"] {
        theirs.as_object_mut().unwrap().entry(kind).or_insert(json!({}));
    }
    theirs
}

#[test]
fn every_difference_is_told_and_no_value_is() {
    let text = "[default]\nregion = eu-west-1 # planted\n[DEFAULT]\noutput = planted\n[profile a b]\nx = planted\n\
                [profile \"q\"]\nx = planted\n[profile plain]\nregion = planted\n a : b\n";
    let (sdk, botocore) = (
        read(Grammar::Sdk, FileKind::Config, text).unwrap(),
        read(Grammar::Botocore, FileKind::Config, text).unwrap(),
    );
    let told = differences(&sdk, &botocore);
    assert!(!format!("{told:?} {sdk:?} {botocore:?}").contains("planted"), "{told:?}");
    let lines: Vec<_> = told.iter().map(|d| (d.line, d.said.as_str())).collect();
    assert!(lines.contains(&(
        2,
        "`region` of [default] has two values: the AWS CLI takes the comment behind it as part of the value"
    )));
    assert!(lines.contains(&(4, "`output` of [default] exists for the AWS CLI and not for the AWS SDKs")));
    assert!(lines.contains(&(7, "[profile q] exists for the AWS CLI and not for the AWS SDKs")));
}
