//! `exec`: whatever a program does, it is the one identity that it was started with.

use crate::center::{Center, Ran, await_file, has};
use std::process::Stdio;

const ARN: &str = "AWSReservedSSO_Deployer_";

fn exec<'a>(profile: &'a str, program: &[&'a str]) -> Vec<&'a str> {
    [&["exec", "--profile", profile, "--"], program].concat()
}

#[test]
fn the_environment_has_no_secret_and_no_other_way() {
    let center = Center::signed_in();
    let planted = [
        ("AWS_ACCESS_KEY_ID", "AKIAPLANTED000000001"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
        ("AWS_SESSION_TOKEN", "planted-token"),
        ("AWS_PROFILE", "unassigned"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"),
        ("AWS_LOGIN_CACHE_DIRECTORY", "/nowhere"),
        ("BOTO_CONFIG", "/nowhere"),
        ("HOLDPOINT_SECRET_PASSWORD", "planted-password"),
        ("EDITOR", "ed"),
        ("AWS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt"),
    ];
    let args = exec("deploy", &["env"]);
    let args: Vec<&str> =
        args[..3].iter().chain(&["--region", "eu-north-1"]).chain(&args[3..]).copied().collect();
    let ran = center.run_with(&planted, &args).exits(0);
    let ran = ran.says(&[
        "AWS_REGION=eu-north-1\n",
        "AWS_DEFAULT_REGION=eu-north-1\n",
        "AWS_EC2_METADATA_DISABLED=true\n",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=",
        "HOLDPOINT_PROFILE=deploy\n",
        "EDITOR=ed\n",
        "AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
        &format!("AWS_ENDPOINT_URL={}\n", center.endpoint()),
    ]);
    for gone in ["planted", "PLANTED", "/nowhere", "AWS_PROFILE=", "AWS_SECRET_ACCESS_KEY", "ASIA"] {
        assert!(!ran.out.contains(gone), "{gone} in\n{}", ran.out);
    }
}

#[test]
fn words_codes_and_streams_are_the_programs_own() {
    let center = Center::signed_in();
    let odd = "a b\t'\"$HOME\\ *\nü";
    let ran = center.run(&exec("deploy", &["printf", "%s|", odd, "", "--profile", "-x"])).exits(0);
    assert_eq!(ran.out, format!("{odd}||--profile|-x|"));
    let ran = center.run(&exec("deploy", &["sh", "-c", "echo out; echo err >&2; exit 7"])).exits(7);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("out\n", "err\n"), "nothing of ours in between");
    center.run(&exec("deploy", &["sh", "-c", "kill -9 $$"])).exits(137);
    center.run(&exec("deploy", &["no-such-program"])).exits(127).complains(&["no program `no-such-program`"]);
    let plain = center.file("plain", "");
    center.run(&exec("deploy", &[plain.to_str().unwrap()])).exits(126).complains(&["may not be started"]);
    center.run(&["exec", "--profile", "deploy"]).exits(2);
}

#[test]
fn a_program_is_not_started_without_an_identity() {
    let center = Center::new();
    let ran = center.run(&exec("deploy", &["sh", "-c", "echo started"])).exits(1);
    assert_eq!(ran.out, "");
    ran.complains(&["holdpoint login --profile deploy"]);
}

#[test]
fn a_signal_is_passed_on_and_the_endpoint_ends_with_the_program() {
    let center = Center::signed_in();
    let note = center.home().join("note");
    // It tells that it listens, and waits for the signal.
    let script = format!(
        "trap 'echo caught; exit 5' TERM; env | grep ^AWS_CONTAINER > {0}.new; mv {0}.new {0}; while :; do sleep 0.05; done",
        note.display()
    );
    let args = exec("deploy", &["sh", "-c", &script]);
    let mut command = center.command(env!("CARGO_BIN_EXE_holdpoint"), &args);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let told = await_file(&note);
    let id = child.id().to_string();
    assert_eq!(Ran::of(center.command("kill", &["-TERM", &id])).code, Some(0));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(output.stdout, b"caught\n");
    let of =
        |name: &str| told.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
    assert!(!std::path::Path::new(&of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")).exists());
    let uri = of("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let address = uri.trim_start_matches("http://").split('/').next().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "{address} is closed");
}

#[test]
fn the_aws_cli_is_the_pin_by_whatever_profile() {
    let center = Center::signed_in();
    if !has(&center, "aws", &["--version"]) {
        return;
    }
    // `target` is another role in another account, and `unassigned` would fail: both lead to the pin.
    let script = "set -e\nwho='aws sts get-caller-identity --query Arn --output text'\n$who\n$who --profile target\nAWS_PROFILE=unassigned $who\nAWS_PROFILE=target $who --region us-east-1\n";
    let ran = center.run(&exec("deploy", &["sh", "-c", script])).exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines.iter().all(|line| line.contains(ARN) && line.contains("111122223333")), "{lines:?}");
    let other = center.run(&exec("deploy", &["aws", "sts", "get-caller-identity", "--profile", "no-such"]));
    assert_ne!(other.code, Some(0), "a profile that no file has is not found");
}

#[test]
fn boto3_is_the_pin_by_whatever_profile_and_all_share_one_fetch() {
    let center = Center::signed_in();
    if !has(&center, "python3", &["-c", "import boto3"]) {
        return;
    }
    let script = "import boto3\nfor name in [None, 'deploy', 'target', 'unassigned']:\n  print(boto3.Session(profile_name=name).client('sts').get_caller_identity()['Arn'])\n";
    let ran = center.run(&exec("deploy", &["python3", "-c", script])).exits(0);
    assert_eq!(ran.out.matches(ARN).count(), 4, "{ran:?}");
    assert_eq!(center.answered("sso:GetRoleCredentials"), 1, "one for all of them");
}

#[test]
fn terraform_runs_programs_under_the_pin() {
    let center = Center::signed_in();
    if !has(&center, "terraform", &["version"]) {
        return;
    }
    if !has(&center, "aws", &["--version"]) {
        return;
    }
    // Without a provider from a registry, what Terraform starts still gets its environment from it.
    let folder = center.home().join("terraform");
    std::fs::create_dir(&folder).unwrap();
    let main = "resource \"terraform_data\" \"who\" {\n  provisioner \"local-exec\" {\n    command = \"aws sts get-caller-identity --query Arn --output text --profile target\"\n  }\n}\n";
    std::fs::write(folder.join("main.tf"), main).unwrap();
    let script = "set -e\ncd terraform\nterraform init -input=false -no-color >/dev/null\nterraform apply -auto-approve -input=false -no-color\n";
    center.run(&exec("deploy", &["sh", "-c", script])).exits(0).says(&[ARN, "Apply complete"]);
}

/// The long-term keys of the simulator's user, as variables.
fn long_term(center: &Center) -> [(&'static str, String); 3] {
    let user = &center.post("furnish", &serde_json::json!({}))["users"][0];
    let text = |name: &str| user[name].as_str().unwrap().to_owned();
    [
        ("AWS_ACCESS_KEY_ID", text("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
        ("AWS_REGION", "eu-west-1".to_owned()),
    ]
}

/// A profile `long` of those keys.
fn with_long_term(center: &Center) -> String {
    let [(_, key), (_, secret), _] = long_term(center);
    let file = format!("[long]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    std::fs::write(center.home().join(".aws/credentials"), file).unwrap();
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "\n[profile long]\nregion = eu-west-1\n").unwrap();
    key
}

#[test]
fn long_term_keys_are_exchanged_for_temporary_ones() {
    let center = Center::new();
    let key = with_long_term(&center);
    if has(&center, "curl", &["--version"]) {
        let script = "curl -sSfH \"Authorization: $(cat \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\")\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"";
        let given = center.run(&exec("long", &["sh", "-c", script])).exits(0);
        let given = given.says(&["\"AccessKeyId\":\"ASIA", "\"Token\":\"", "\"Expiration\":\""]);
        assert!(!given.out.contains(&key) && !given.out.contains("\"Token\":\"\""), "{}", given.out);
        assert_eq!(center.answered("sts:GetSessionToken"), 1);
    }
    let me = "arn:aws:iam::111122223333:user/deploy.bot";
    if has(&center, "aws", &["--version"]) {
        let who = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        center.run(&exec("long", &who)).exits(0).says(&[me]);
    }
    if has(&center, "python3", &["-c", "import boto3"]) {
        let script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";
        center.run(&exec("long", &["python3", "-c", script])).exits(0).says(&[me]);
    }
    // And Holdpoint itself in it: the SDK for Rust.
    center.run(&exec("long", &[env!("CARGO_BIN_EXE_holdpoint"), "whoami"])).exits(0).says(&[me]);
}

#[test]
fn long_term_keys_that_sts_does_not_exchange_start_nothing() {
    let center = Center::new();
    let key = with_long_term(&center);
    center.behave(&serde_json::json!({"faults": [{
        "match": {"service": "sts", "operation": "GetSessionToken"},
        "effect": {"kind": "error", "code": "AccessDenied", "status": 403, "message": "with an explicit deny"},
    }]}));
    let ran = center.run(&exec("long", &["echo", "started"])).exits(1);
    assert_eq!(ran.out, "");
    ran.complains(&[&key, "explicit deny", "sts:GetSessionToken", "takes on a role"]);
}

#[test]
fn a_prompt_is_told_whose_identity_it_is() {
    let center = Center::signed_in();
    let keys = long_term(&center);
    let mut with: Vec<(&str, &str)> = keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let show = ["exec", "--", "sh", "-c", "echo \"$HOLDPOINT_PROFILE\""];
    let words = "the access keys of the environment\n";
    assert_eq!(center.run_with(&with, &show).exits(0).out, words);
    with.push(("AWS_PROFILE", "deploy"));
    assert_eq!(center.run_with(&with, &show).exits(0).out, words, "they come before AWS_PROFILE");
    assert_eq!(center.run_with(&with[3..], &show).exits(0).out, "deploy\n");
    let named = exec("deploy", &show[2..]);
    assert_eq!(center.run_with(&with[..3], &named).exits(0).out, "deploy\n");
}

#[test]
fn what_is_no_region_is_told_with_its_place() {
    let center = Center::signed_in();
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let deploy = "sso_role_name = Deployer\nregion = ";
    assert!(text.contains(deploy));
    std::fs::write(&config, text.replace(&format!("{deploy}eu-west-1"), &format!("{deploy}EU_West")))
        .unwrap();
    let started = ["echo", "started"];
    for (env, args, says) in [
        (vec![], exec("deploy", &started), ["`region` of profile `deploy`", "EU_West"]),
        (vec![("AWS_REGION", "eu-west-1/x")], exec("deploy", &started), ["AWS_REGION", "eu-west-1/x"]),
        (
            vec![("AWS_DEFAULT_REGION", "a b")],
            vec!["whoami", "--profile", "deploy"],
            ["AWS_DEFAULT_REGION", "a b"],
        ),
        (vec![], vec!["env", "--profile", "deploy", "--region", "x@y"], ["that was given", "x@y"]),
    ] {
        let ran = center.run_with(&env, &args);
        assert_ne!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert_eq!(ran.out, "", "{args:?}");
        ran.complains(&says);
    }
    center.run_with(&[("AWS_REGION", "xx-newpart-north-12")], &["env", "--profile", "deploy"]).exits(0);
}

#[test]
fn what_a_killed_exec_left_is_swept_by_the_next() {
    let center = Center::signed_in();
    let place = center.home().join("tmp");
    std::fs::create_dir(&place).unwrap();
    let folders = || {
        let entries = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path());
        entries.collect::<std::collections::BTreeSet<_>>()
    };
    let start = |note: &std::path::Path| {
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", note.display());
        let mut command =
            center.command(env!("CARGO_BIN_EXE_holdpoint"), &exec("deploy", &["sh", "-c", &script]));
        let child = command.env("TMPDIR", &place).stdin(Stdio::null()).spawn().unwrap();
        (child, await_file(note).trim().to_owned())
    };
    let (mut killed, orphan) = start(&center.home().join("one"));
    let first = folders();
    let config = std::fs::read_to_string(first.first().unwrap().join("aws-config")).unwrap();
    assert!(config.starts_with("# Written by Holdpoint for one program"), "{config}");
    let (mut running, program) = start(&center.home().join("two"));
    assert!(folders().is_superset(&first) && folders().len() == 2, "who runs keeps its own: {:?}", folders());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(folders().len(), 2, "nobody could clean up");
    let others = place.join("holdpoint-exec-by-hand");
    std::fs::create_dir(&others).unwrap();
    let tmp = [("TMPDIR", place.to_str().unwrap())];
    center.run_with(&tmp, &exec("deploy", &["true"])).exits(0);
    assert!(folders().is_disjoint(&first) && folders().len() == 2 && others.exists(), "{:?}", folders());
    for id in [orphan, program] {
        Ran::of(center.command("kill", &["-KILL", &id])).exits(0);
    }
    running.wait().unwrap();
    assert_eq!(folders(), std::collections::BTreeSet::from([others]));
}
