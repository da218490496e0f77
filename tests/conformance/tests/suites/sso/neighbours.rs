//! The AWS CLI and boto3 on the same cache: they use what Holdpoint signed in, Holdpoint uses theirs, and all renew at
//! once.

use super::office::Office;
use super::renewal::digests;
use serde_json::{Value, json};
use std::process::{Output, Stdio};

/// Prints the digest of the token that botocore gives, as `sso-token` does.
const BOTOCORE: &str = "
import hashlib, sys
import botocore.session
session = botocore.session.Session(profile='till')
token = session.get_auth_token()
print(hashlib.sha256(token.get_frozen_token().token.encode()).hexdigest())
";

/// Fetches role credentials as every program with boto3 does.
const ROLE: &str = "
import botocore.session
session = botocore.session.Session(profile='till')
keys = session.get_credentials().get_frozen_credentials()
print(keys.access_key)
";

#[tokio::test(flavor = "multi_thread")]
async fn botocore_uses_what_holdpoint_signed_in_and_the_other_way_round() {
    let office = Office::open().await;
    if !has_botocore(&office).await {
        return;
    }
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    office.sign_in(&tokens).await;
    let ended = python(&office, ROLE).await;
    assert!(said(&ended).starts_with("ASIA"), "{ended:?}");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    // As botocore writes it: its own keys in its own order, `json.dumps` of a refreshed token.
    office.behave(json!({"access_token_seconds": 500})).await;
    clear(&office);
    office.sign_in(&tokens).await;
    office.behave(json!({"access_token_seconds": 3600})).await;
    let theirs = said(&python(&office, BOTOCORE).await);
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 3, "botocore renewed it");
    assert_eq!(digests(&office, 1).await, [theirs], "and Holdpoint takes it as it is");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 3);
    assert!(office.read(&session)["refreshToken"].is_string());
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_renew_at_once_and_nothing_is_lost() {
    let office = Office::open().await;
    if !has_botocore(&office).await {
        return;
    }
    let session = office.session("corp").await;
    for round in 0..3 {
        office.behave(json!({"access_token_seconds": 500})).await;
        clear(&office);
        office.sign_in(&office.tokens()).await;
        office.behave(json!({"access_token_seconds": 3600})).await;
        clear(&office);
        let (ours, a, b, c) = tokio::join!(
            digests(&office, 5),
            python(&office, BOTOCORE),
            python(&office, BOTOCORE),
            python(&office, BOTOCORE),
        );
        assert!(ours.iter().all(|digest| digest.len() == 64), "{round}: {ours:?}");
        for theirs in [&a, &b, &c] {
            assert_eq!(said(theirs).len(), 64, "{round}: {theirs:?}");
        }
        // What is in the file afterwards is good: its token opens the portal and its refresh token renews.
        let kept: Value = office.read(&session);
        let url = format!("{}/assignment/accounts?max_result=1", office.endpoint());
        let token = kept["accessToken"].as_str().unwrap();
        let reply = super::office::ask("GET", &url, "", &[("x-amz-sso_bearer_token", token)]).await;
        assert_eq!(reply.status, 200, "{round}: {}", reply.body);
        clear(&office);
        let later = office.tokens_ahead(std::time::Duration::from_secs(3300));
        let renewed = later.token(&session).await.unwrap();
        assert_ne!(renewed.secret.expose(), token, "{round}");
    }
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cli_reaches_an_account_by_a_session_of_ours() {
    let office = Office::open().await;
    if !has_botocore(&office).await {
        return;
    }
    office.sign_in(&office.tokens()).await;
    let mut command = tokio::process::Command::new("aws");
    command.args([
        "sts",
        "get-caller-identity",
        "--profile",
        "till",
        "--region",
        "eu-west-1",
        "--output",
        "json",
    ]);
    let Ok(child) = office_child(&office, command).spawn() else {
        println!("skipped: there is no `aws` on this machine");
        return;
    };
    let ended = child.wait_with_output().await.unwrap();
    let told: Value =
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(told["Account"], "111122223333");
    assert!(told["Arn"].as_str().unwrap().contains("/AWSReservedSSO_Deployer_"), "{told}");
    office.close().await;
}

async fn has_botocore(office: &Office) -> bool {
    let mut probe = tokio::process::Command::new("python3");
    probe.args(["-c", "import botocore.session"]);
    let is_there = office_child(office, probe).status().await.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: Python with botocore is needed, as tests/clients/requirements.txt names it");
    }
    is_there
}

async fn python(office: &Office, program: &str) -> Output {
    let mut command = tokio::process::Command::new("python3");
    command.args(["-c", program]);
    office_child(office, command).spawn().unwrap().wait_with_output().await.unwrap()
}

fn office_child(office: &Office, mut command: tokio::process::Command) -> tokio::process::Command {
    command
        .env_clear()
        .envs(office.vars())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}

/// Nobody signed in or tried a moment ago.
fn clear(office: &Office) {
    let Ok(locks) = std::fs::read_dir(office.places().home.join("sso")) else { return };
    for lock in locks {
        std::fs::write(lock.unwrap().path(), "").unwrap();
    }
}
