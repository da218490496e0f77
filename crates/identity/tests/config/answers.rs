//! Which identity each client would use: a table of environments and files, the AWS CLI's library asked beside it.

use crate::python;
use holdpoint_identity::Env;
use holdpoint_identity::config::{Client, Origin, answers};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// One case of `answers.json`.
struct Case {
    name: String,
    env: Vec<(String, String)>,
    config: String,
    credentials: String,
    profile: Option<String>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let cases: Value = serde_json::from_str(include_str!("answers.json")).unwrap();
    let text = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let case = |case: &Value| Case {
        name: text(case, "name"),
        env: case["env"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
            .collect(),
        config: text(case, "config"),
        credentials: text(case, "credentials"),
        profile: case["profile"].as_str().map(str::to_owned),
        expected: case["expected"].clone(),
    };
    cases.as_array().unwrap().iter().map(case).collect()
}

impl Case {
    fn env(&self, folder: &Path) -> Env {
        fs::write(folder.join("config"), &self.config).unwrap();
        fs::write(folder.join("credentials"), &self.credentials).unwrap();
        let files = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
        let files =
            files.map(|(name, file)| (name.to_owned(), folder.join(file).to_str().unwrap().to_owned()));
        Env::new(self.env.iter().cloned().chain(files))
    }
}

/// `source[ account][ @region]`, as the table has it.
fn short(source: Origin, account: Option<&str>, region: Option<&str>) -> String {
    let source = serde_json::to_value(source).unwrap();
    let mut short = source.as_str().unwrap().to_owned();
    for (mark, part) in [(" ", account), (" @", region)] {
        if let Some(part) = part {
            short.push_str(mark);
            short.push_str(part);
        }
    }
    short
}

fn key(client: Client) -> String {
    serde_json::to_value(client).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_client_answers_by_its_own_rules() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let told = answers(&case.env(folder.path()), case.profile.as_deref()).await.unwrap();
        assert!(!serde_json::to_string(&told).unwrap().contains("planted"), "{}", case.name);
        let asked = if case.profile.is_some() { 12 } else { 6 };
        assert_eq!(told.answers.len(), asked, "{}", case.name);
        for answer in &told.answers {
            let how = if answer.explicit { "explicit" } else { "by_env" };
            let expected = &case.expected[how];
            let expected = expected[key(answer.client)]
                .as_str()
                .or(expected["all"].as_str())
                .unwrap_or_else(|| panic!("{}: nothing expected of {:?}", case.name, answer.client));
            let found = short(answer.source, answer.account.as_deref(), answer.region.as_deref());
            assert_eq!(found, expected, "{} {how} {:?}: {}", case.name, answer.client, answer.why);
            assert!(!answer.why.is_empty());
        }
        assert_eq!(
            told.differ.is_empty(),
            case.expected["differ"] != json!(true),
            "{}: {:?}",
            case.name,
            told.differ
        );
    }
}

const ASK: &str = r#"
import json, os, sys, tempfile
answers = []
KINDS = {"env": "environment", "assume-role": "assume_role", "assume-role-with-web-identity": "web_identity", "sso": "sso",
         "login": "login", "custom-process": "process", "shared-credentials-file": "keys", "config-file": "keys",
         "container-role": "container", "iam-role": "instance"}
clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
with tempfile.TemporaryDirectory() as folder:
    for one in json.load(sys.stdin):
        os.environ.clear()
        os.environ.update(clean)
        os.environ["HOME"] = folder
        for name in ("config", "credentials"):
            with open(os.path.join(folder, name), "w") as f:
                f.write(one[name])
        os.environ["AWS_CONFIG_FILE"] = os.path.join(folder, "config")
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.path.join(folder, "credentials")
        os.environ.update(one["env"])
        import botocore.credentials
        import botocore.session
        # What would run a program or go to the network is only named.
        botocore.credentials.ProcessProvider._retrieve_credentials_using = lambda self, process: {"access_key": "a", "secret_key": "s", "token": "t", "expiry_time": "2999-01-01T00:00:00Z"}
        botocore.credentials.ContainerProvider._retrieve_or_fail = lambda self: botocore.credentials.Credentials("a", "s", method="container-role")
        botocore.credentials.InstanceMetadataProvider.load = lambda self: None if os.environ.get("AWS_EC2_METADATA_DISABLED") == "true" else botocore.credentials.Credentials("a", "s", method="iam-role")
        found = {}
        for how, profile in (("by_env", None), ("explicit", one["profile"])):
            if how == "by_env" and one["profile"]:
                os.environ["AWS_PROFILE"] = one["profile"]
                os.environ.pop("AWS_DEFAULT_PROFILE", None)
            if how == "explicit" and not profile:
                continue
            if how == "explicit":
                os.environ.pop("AWS_PROFILE", None)
                os.environ.update(one["env"])
            try:
                session = botocore.session.Session(profile=profile)
                credentials = session.get_credentials()
                source = KINDS[credentials.method] if credentials else "nothing"
                region = session.get_config_variable("region")
                found[how] = source + (" @" + region if region else "")
            except Exception as error:
                found[how] = "fails"
        answers.append(found)
json.dump(answers, sys.stdout)
"#;

#[test]
fn botocore_itself_answers_as_the_table_says() {
    let Some(python) = python::with_botocore() else {
        println!("skipped: there is no Python with botocore");
        return;
    };
    let cases = cases();
    let input = |case: &Case| {
        let env: serde_json::Map<_, _> = case.env.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        json!({"env": env, "config": case.config, "credentials": case.credentials, "profile": case.profile})
    };
    let told = python::run(&python, ASK, &cases.iter().map(input).collect());
    let mut met = 0;
    for (case, told) in cases.iter().zip(told.as_array().unwrap()) {
        for (how, theirs) in told.as_object().unwrap() {
            let expected = &case.expected[how];
            let expected = expected["boto3"].as_str().or(expected["all"].as_str()).unwrap();
            // botocore does not tell the account.
            let parts: Vec<_> = expected
                .split(' ')
                .filter(|part| part.starts_with('@') || !part.starts_with(|c: char| c.is_ascii_digit()))
                .collect();
            let expected = parts.join(" ");
            let expected = if expected.starts_with("fails") { "fails".to_owned() } else { expected };
            assert_eq!(*theirs, json!(expected), "{} {how}", case.name);
            met += 1;
        }
    }
    assert!(met >= 30, "{met}");
}
