//! `login`, `logout`, `accounts`: a sign-in serves everybody, ends everywhere, and is said to be over as that.

use crate::center::{Center, Ran};
use serde_json::{Value, json};
use std::path::PathBuf;

const ARN: &str = "mara.example";

/// The AWS CLI's file of the session's token: the SHA-1 of `corp`.
fn token(center: &Center) -> PathBuf {
    let cache = center.home().join(".aws/sso/cache");
    let files = std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    let is_token = |path: &PathBuf| {
        serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap().get("accessToken").is_some()
    };
    files.into_iter().find(is_token).unwrap()
}

#[test]
fn a_code_signs_in_and_every_profile_of_the_session_is_somebody() {
    let center = Center::new();
    center
        .run(&["whoami", "--profile", "deploy"])
        .exits(1)
        .complains(&["nobody is signed in", "holdpoint login --profile deploy"]);
    let signed_in = center.run(&["login", "corp", "--device"]).exits(0).says(&["signed in to corp until"]);
    assert!(signed_in.err.contains("/_holdpoint/device"), "the code is always shown: {}", signed_in.err);
    center.run(&["whoami", "--profile", "deploy"]).exits(0).says(&["111122223333", ARN]);
    let target = center.run(&["whoami", "--profile", "target"]).exits(0);
    target.says(&["assumed-role/Target/holdpoint", "eu-central-1"]);
}

#[test]
fn a_browser_signs_in_and_comes_back() {
    let center = Center::new();
    // A browser: it follows where it is sent, and leaves the page that it ends at.
    let page = center.home().join("page.html");
    let browser = center.script(
        "browser",
        &format!(
            "#!/usr/bin/env python3\nimport sys, urllib.request\nopen({page:?}, 'wb').write(urllib.request.urlopen(sys.argv[1]).read())\n"
        ),
    );
    let browser = browser.to_str().unwrap();
    center.run_with(&[("BROWSER", browser)], &["login"]).exits(0).says(&["renewed without you"]);
    assert!(std::fs::read_to_string(page).unwrap().contains("close this page"));
    center.run(&["whoami", "--profile", "deploy"]).exits(0).says(&[ARN]);
    assert_eq!(center.answered("sso-oidc:CreateToken"), 1);
}

#[test]
fn without_a_browser_a_code_follows_by_itself() {
    let center = Center::new();
    let ran = center.run_with(&[("BROWSER", "/nowhere/browser")], &["login"]).exits(0);
    ran.complains(&["no browser could be opened", "/nowhere/browser", "a code follows"]);
}

#[test]
fn who_says_no_is_told_so() {
    let center = Center::new();
    center.behave(&json!({"sso": {"approve": "deny"}}));
    center.run(&["login", "--device"]).exits(1).complains(&["refused", "sign in again"]);
    center.run(&["whoami", "--profile", "deploy"]).exits(1);
}

#[test]
fn a_session_that_is_not_there_or_not_clear_is_a_matter_of_words() {
    let center = Center::new();
    center.run(&["login", "nowhere"]).exits(2).complains(&["no SSO session `nowhere`", "corp"]);
    center.run(&["login", "--profile", "by-web"]).exits(2).complains(&["signs in to no SSO session"]);
    center.run(&["login", "--profile", "nobody"]).exits(2).complains(&["no profile `nobody`"]);
    let config = center.home().join(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let more = "\n[sso-session shop]\nsso_start_url = https://shop.example/start\nsso_region = eu-west-1\n";
    std::fs::write(&config, text + more).unwrap();
    center.run(&["login"]).exits(2).complains(&["several SSO sessions", "corp, shop"]);
    center.run(&["login", "https://corp.example/start/#/", "--device"]).exits(0).says(&["corp"]);
    std::fs::write(&config, "").unwrap();
    center.run(&["login"]).exits(2).complains(&["no SSO session", "aws configure sso"]);
}

#[test]
fn out_is_out_here_and_at_aws() {
    let center = Center::signed_in();
    let kept = std::fs::read(token(&center)).unwrap();
    let path = token(&center);
    center.run(&["logout"]).exits(0).says(&["signed out of corp"]);
    assert!(!path.exists(), "the token is gone from the shared folder");
    center.run(&["whoami", "--profile", "deploy"]).exits(1).complains(&["nobody is signed in"]);
    // Who kept a copy has nothing: AWS was told.
    std::fs::write(&path, kept).unwrap();
    center.run(&["whoami", "--profile", "deploy"]).exits(1).complains(&["holdpoint login"]);
    center.run(&["logout", "--all"]).exits(0);
}

#[test]
fn an_ended_session_and_a_role_that_is_not_assigned_are_two_things() {
    let center = Center::signed_in();
    let unassigned = center.run(&["whoami", "--profile", "unassigned"]).exits(1);
    unassigned
        .complains(&["Identity Center gives profile `unassigned` no credentials", "holdpoint accounts"]);
    center.expire("session");
    let over = center.run(&["whoami", "--profile", "deploy"]).exits(1);
    assert!(over.err.contains("holdpoint login --profile deploy"), "{}", over.err);
    assert!(!over.err.contains("not assigned") && !over.err.contains("holdpoint accounts"), "{}", over.err);
}

#[test]
fn a_token_that_ended_is_renewed_by_whoever_comes_next() {
    let center = Center::signed_in();
    center.expire("access");
    let path = token(&center);
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    kept["expiresAt"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, kept.to_string()).unwrap();
    center.run(&["whoami", "--profile", "deploy"]).exits(0).says(&[ARN]);
    let renewed: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_ne!(renewed["accessToken"], kept["accessToken"]);
}

#[test]
fn the_tree_is_listed_and_what_was_known_outlives_a_sign_out() {
    let center = Center::signed_in();
    let tree = center.run(&["accounts"]).exits(0);
    let tree =
        tree.says(&["111122223333  orders  orders@corp.example", "  Deployer  (profile deploy)", "  Reader"]);
    assert_eq!(tree.out.matches("444455556666").count(), 1, "{}", tree.out);
    let json: Value =
        serde_json::from_str(&center.run(&["accounts", "corp", "--json"]).exits(0).out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2, "{json}");
    assert_eq!(json[0]["roles"][0], json!({"role": "Deployer", "profiles": ["deploy"]}), "{json}");
    center.run(&["logout"]).exits(0);
    let kept = center.run(&["accounts"]).exits(1).says(&["orders@corp.example"]);
    kept.complains(&["known before", "holdpoint login corp"]);
}

#[test]
fn the_aws_cli_uses_what_holdpoint_signed_in() {
    let center = Center::signed_in();
    if !crate::center::has(&center, "aws", &["--version"]) {
        return;
    }
    let args = ["sts", "get-caller-identity", "--profile", "deploy", "--output", "json"];
    Ran::of(center.command("aws", &args)).exits(0).says(&[ARN]);
    let before = center.answered("sso-oidc:CreateToken");
    assert_eq!(before, 1, "nobody signed in a second time");
}
