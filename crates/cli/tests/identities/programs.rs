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
