//! `credential-process`, `env`, `console`: secrets go where they were asked for, and nowhere else.

use crate::center::{Center, Ran, await_file, has};
use serde_json::Value;

#[test]
fn a_process_prints_exact_keys_and_nothing_else() {
    let center = Center::signed_in();
    let ran = center.run(&["credential-process", "--profile", "deploy"]).exits(0);
    assert_eq!(ran.err, "");
    let keys: Value = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&str> = keys.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"]
    );
    assert_eq!((&keys["Version"], &keys["AccountId"]), (&1.into(), &"111122223333".into()));
    assert!(keys["Expiration"].as_str().unwrap().ends_with('Z'), "{}", keys["Expiration"]);
    center.run(&["logout"]).exits(0);
    let over = center.run(&["credential-process", "--profile", "deploy"]).exits(1);
    assert_eq!(over.out, "", "what reads it must not take words for keys");
    over.complains(&["holdpoint login --profile deploy"]);
}

#[test]
fn a_process_asks_nobody_for_a_code() {
    let center = Center::signed_in();
    let ran = center.run(&["credential-process", "--profile", "second-factor"]).exits(1);
    assert_eq!(ran.out, "");
    ran.complains(&["mfa/deploy.bot", "nobody can be asked", "holdpoint exec"]);
}

#[test]
fn the_aws_cli_takes_them() {
    let center = Center::signed_in();
    if !has(&center, "aws", &["--version"]) {
        return;
    }
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let program = env!("CARGO_BIN_EXE_holdpoint");
    let more = format!(
        "\n[profile for-tools]\nregion = eu-west-1\ncredential_process = {program} credential-process --profile target\n"
    );
    std::fs::write(&config, text + &more).unwrap();
    let args = ["sts", "get-caller-identity", "--profile", "for-tools"];
    Ran::of(center.command("aws", &args)).exits(0).says(&["444455556666", "assumed-role/Target/holdpoint"]);
    // And Holdpoint itself, through a profile that starts it.
    center.run(&["whoami", "--profile", "for-tools"]).exits(0).says(&["444455556666"]);
    center.run(&["logout"]).exits(0);
    let over = Ran::of(center.command("aws", &args));
    assert_ne!(over.code, Some(0));
    over.complains(&["holdpoint login --profile target"]);
}

#[test]
fn variables_are_secrets_only_when_asked_for() {
    let center = Center::signed_in();
    let ran = center.run(&["env", "--profile", "target"]).exits(0);
    let ran = ran.says(&[
        "unset AWS_ACCESS_KEY_ID\n",
        "export AWS_PROFILE='target'\n",
        "export AWS_REGION='eu-central-1'\n",
    ]);
    assert!(!ran.out.contains("ASIA"), "{}", ran.out);
    assert_eq!(center.answered("sso:GetRoleCredentials"), 0, "choosing a profile fetches nothing");
    let script = "eval \"$(\"$0\" env --profile target --credentials)\" && env | grep ^AWS_";
    let program = env!("CARGO_BIN_EXE_holdpoint");
    let mut command = center.command("sh", &["-c", script, program]);
    command.env("AWS_PROFILE", "deploy").env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    let ran = Ran::of(command).exits(0).says(&[
        "AWS_ACCESS_KEY_ID=ASIA",
        "AWS_SESSION_TOKEN=",
        "AWS_REGION=eu-central-1",
    ]);
    assert!(!ran.out.contains("AWS_PROFILE") && !ran.out.contains("/nowhere"), "{}", ran.out);
    let json = center.run(&["env", "--profile", "target", "--shell", "json"]).exits(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["set"]["AWS_PROFILE"], "target");
}

#[test]
fn a_link_signs_the_browser_in_and_is_printed_only_when_asked_for() {
    let center = Center::signed_in();
    let note = center.home().join("opened");
    let browser = center.script(
        "browser",
        &format!("#!/bin/sh\nprintf %s \"$1\" > {0}.new; mv {0}.new {0}\n", note.display()),
    );
    let browser = browser.to_str().unwrap();
    let args = ["console", "--profile", "deploy", "--service", "ecs"];
    let ran = center.run_with(&[("BROWSER", browser)], &args).exits(0);
    assert!(!format!("{}{}", ran.out, ran.err).contains("SigninToken"), "{ran:?}");
    let link = await_file(&note);
    assert!(link.contains("SigninToken=") && link.contains("ecs%2Fhome%3Fregion%3Deu-west-1"), "{link}");
    if has(&center, "curl", &["--version"]) {
        Ran::of(center.command("curl", &["-sSL", &link])).exits(0).says(&["mara.example"]);
    }
    let printed = center.run(&["console", "--profile", "deploy", "--print"]).exits(0);
    assert_eq!(printed.out.matches("SigninToken=").count(), 1);
    center.run(&["console", "--profile", "deploy", "--service", "../x"]).exits(1).complains(&["short name"]);
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE000000001"),
        ("AWS_SECRET_ACCESS_KEY", "planted"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let long = center.run_with(&keys, &["console", "--print"]).exits(1);
    long.complains(&["temporary credentials", "takes on a role"]);
}

#[test]
fn a_profile_that_starts_holdpoint_for_itself_is_refused() {
    let center = Center::signed_in();
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let program = env!("CARGO_BIN_EXE_holdpoint");
    // Each start leaves a line.
    let starts = center.home().join("starts");
    let start = |of: &str| {
        format!(
            "credential_process = echo {of} >> {}; {program} credential-process --profile {of}",
            starts.display()
        )
    };
    let more = format!(
        "\n[profile self]\nregion = eu-west-1\n{}\n\n[profile one]\nregion = eu-west-1\n{}\n\n[profile two]\n{}\n\n[profile role]\nrole_arn = arn:aws:iam::444455556666:role/Target\nsource_profile = through\nregion = eu-west-1\n\n[profile through]\n{}\n\n[profile good]\nregion = eu-west-1\n{}\n\n[profile better]\n{}\n",
        start("self"),
        start("two"),
        start("one"),
        start("role"),
        start("better"),
        start("deploy")
    );
    std::fs::write(&config, text + &more).unwrap();
    for (profile, at_fault, count) in [("self", "self", 1), ("one", "one", 2), ("role", "through", 1)] {
        // A file that is not there is none.
        let _ = std::fs::remove_file(&starts);
        let line = format!(
            "the line `credential_process` of [profile {at_fault}] leads back to `{at_fault}` itself"
        );
        center.run(&["whoami", "--profile", profile]).exits(1).complains(&[&line]);
        assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), count, "{profile}");
    }
    center.run(&["whoami", "--profile", "good"]).exits(0).says(&["111122223333"]);
}

#[test]
fn of_what_a_program_wrote_the_end_is_told_without_secrets() {
    let center = Center::new();
    let wrote = (1..40).map(|n| format!("line-{n}.\n")).collect::<String>();
    let noise =
        center.file("noise", &format!("{wrote}\u{1b}[31mpassword=planted-secret-word\u{1b}[0m\nexpired\n"));
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let more = format!(
        "\n[profile noisy]\nregion = eu-west-1\ncredential_process = cat {} >&2; exit 3\n",
        noise.display()
    );
    std::fs::write(&config, text + &more).unwrap();
    let ran = center.run(&["whoami", "--profile", "noisy"]).exits(1);
    let ran = ran.complains(&["… / line-38. / line-39. / ", "‹redacted›", "expired", "by hand"]);
    for gone in ["planted", "\u{1b}", "line-37."] {
        assert!(!ran.err.contains(gone), "{gone:?} in\n{}", ran.err);
    }
}
