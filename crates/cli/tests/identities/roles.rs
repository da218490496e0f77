//! Chains of roles as STS answers them, each refusal with its repair.

use crate::center::Center;
use serde_json::json;

#[test]
fn what_sts_refuses_is_told_with_its_repair() {
    let center = Center::signed_in();
    for (profile, says) in [
        ("target-without-id", ["STS refuses the role arn:aws:iam::444455556666:role/Target", "external_id"]),
        ("too-long", ["DurationSeconds", "lower duration_seconds"]),
        ("second-factor", ["mfa/deploy.bot", "nobody can be asked"]),
    ] {
        center.run(&["whoami", "--profile", profile]).exits(1).complains(&says);
    }
}

#[test]
fn a_chain_starts_from_the_environment_and_from_a_web_identity() {
    let center = Center::signed_in();
    let missing = center.run(&["whoami", "--profile", "by-environment"]).exits(1);
    missing.complains(&["credential_source = Environment", "AWS_ACCESS_KEY_ID"]);
    let people = center.post("furnish", &json!({}));
    let person = &people["people"][0];
    let text = |name: &str| person[name].as_str().unwrap().to_owned();
    let (key, secret, token) = (text("access_key_id"), text("secret_access_key"), text("session_token"));
    let keys = [
        ("AWS_ACCESS_KEY_ID", key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", secret.as_str()),
        ("AWS_SESSION_TOKEN", token.as_str()),
    ];
    let ran = center.run_with(&keys, &["whoami", "--profile", "by-environment"]).exits(0);
    ran.says(&["arn:aws:sts::444455556666:assumed-role/Target/holdpoint"]);
    let ran = center.run(&["whoami", "--profile", "by-web"]).exits(0);
    ran.says(&["arn:aws:sts::555566667777:assumed-role/Ci/holdpoint"]);
    std::fs::remove_file(center.home().join("web-token")).unwrap();
    center.run(&["whoami", "--profile", "by-web"]).exits(1).complains(&["web-token cannot be read"]);
}

#[test]
fn aws_login_is_read_while_it_is_good() {
    let center = Center::signed_in();
    let never = center.run(&["whoami", "--profile", "by-aws-login"]).exits(1);
    never.complains(&["has not signed in", "aws login --profile by-aws-login"]);
    let people = center.post("furnish", &json!({}));
    let person = &people["people"][0];
    let folder = center.home().join("login-cache");
    std::fs::create_dir(&folder).unwrap();
    // The name is the SHA-256 of the ARN that the profile names.
    let file = folder.join("368a1f16830945af7a7770f3e74cc1123ac1c600519572636d8bc4b6a370b4ec.json");
    let cached = |end: &str| {
        json!({"accessToken": {
            "accessKeyId": person["access_key_id"], "secretAccessKey": person["secret_access_key"],
            "sessionToken": person["session_token"], "accountId": "111122223333", "expiresAt": end,
        }, "tokenType": "aws_sigv4", "refreshToken": "r", "clientId": "c", "dpopKey": "k"})
    };
    let cache = [("AWS_LOGIN_CACHE_DIRECTORY", folder.to_str().unwrap())];
    std::fs::write(&file, cached("2099-01-01T00:00:00Z").to_string()).unwrap();
    let ran = center.run_with(&cache, &["whoami", "--profile", "by-aws-login"]).exits(0);
    ran.says(&["arn:aws:sts::111122223333:assumed-role/"]);
    std::fs::write(&file, cached("2020-01-01T00:00:00Z").to_string()).unwrap();
    center
        .run_with(&cache, &["whoami", "--profile", "by-aws-login"])
        .exits(1)
        .complains(&["aws login --profile by-aws-login"]);
    std::fs::write(&file, r#"{"accessToken": {"#).unwrap();
    center.run_with(&cache, &["whoami", "--profile", "by-aws-login"]).exits(1).complains(&["cannot be read"]);
}

#[test]
fn a_clock_that_is_off_keeps_nobody_out() {
    let center = Center::signed_in();
    let keys = center.post("furnish", &json!({}));
    let person = &keys["people"][0];
    let text = |name: &str| person[name].as_str().unwrap().to_owned();
    let (key, secret, token) = (text("access_key_id"), text("secret_access_key"), text("session_token"));
    let env = [
        ("AWS_ACCESS_KEY_ID", key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", secret.as_str()),
        ("AWS_SESSION_TOKEN", token.as_str()),
        ("AWS_REGION", "eu-west-1"),
    ];
    // AWS refuses the first call and says what time it is; the second one is signed by that.
    for seconds in [1230, -1230] {
        center.behave(&json!({"skew_seconds": seconds}));
        center.run_with(&env, &["whoami"]).exits(0).says(&["111122223333"]);
    }
}
