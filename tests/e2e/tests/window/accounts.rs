//! Identities in the window: a sign-in by code, the tree that it opens, a switch, profiles made and taken back, the doctor, the lock.

use crate::simulator::Simulator;
use crate::stage::{Stage, Window};
use serde_json::{Value, json};

/// What an operator's `~/.aws/config` says; the order and the comment are still there at the end.
const CONFIG: &str = "# ours\n[sso-session corp]\nsso_start_url = https://practice.example/start\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n\n[profile broker-prod]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\nregion = eu-central-1\n\n[profile broker-stg]\nsso_session = corp\nsso_account_id = 222233334444\nsso_role_name = Deployer\nregion = eu-west-1\n";

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn an_operator_signs_in_switches_and_makes_profiles() {
    let Some(mut stage) = Stage::set("accounts") else { return };
    let config = stage.file(".aws/config");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, CONFIG).unwrap();
    let simulator = Simulator::start(&stage, &world()).await;
    simulator.post("/_holdpoint/behave", &json!({ "sso": { "interval": 0 } }));
    stage.set_env("AWS_ENDPOINT_URL", simulator.endpoint());
    // No browser is on this machine: the address shows, and a code works from any other.
    stage.set_env("BROWSER", "false".to_owned());
    let window = stage.window(&[]).await;

    window.click("nav-accounts").await;
    window.until("the session, signed out", &standing("signed_out")).await;
    window.picture("accounts-signed-out").await;
    sign_in(&window, &simulator).await;

    window
        .until("the accounts", "return document.querySelector('[data-account=\"222233334444\"]') !== null")
        .await;
    window.until("the doctor", "return document.querySelector('[data-testid=findings]') !== null").await;
    window.picture("accounts").await;
    window.fill("[data-testid=search]", "3333-4444").await;
    window
        .until(
            "the one account that fits",
            "return [...document.querySelectorAll('[data-account]')].map((one) => one.dataset.account).join() === '222233334444'",
        )
        .await;
    window.fill("[data-testid=search]", "broker").await;

    switch_to(&window, "broker-stg", "2222-3333-4444").await;
    window.picture("accounts-switched").await;
    make_profiles_and_take_them_back(&window, &config).await;

    window.click("lock").await;
    window.until("the lock", "return document.querySelector('[data-testid=lock-cover]') !== null").await;
    window.picture("locked").await;
    window.click("unlock").await;
    window
        .until("the lock to open", "return document.querySelector('[data-testid=lock-cover]') === null")
        .await;

    window.click("sign-out").await;
    window.until("the session, signed out", &standing("signed_out")).await;
    window.close().await;
}

/// Two accounts with a profile each, and more without.
fn world() -> Value {
    let mut accounts = vec![
        json!({ "id": "111122223333", "name": "broker-production", "email": "production@accounts.example", "roles": ["Deployer", "ReadOnly"] }),
        json!({ "id": "222233334444", "name": "broker-staging", "email": "staging@accounts.example", "roles": ["Deployer"] }),
    ];
    accounts.extend((0..30).map(|n| json!({ "id": format!("4000000000{n:02}"), "name": format!("unit-{n}"), "email": format!("unit-{n}@accounts.example"), "roles": ["ReadOnly"] })));
    json!({ "sso": { "instances": [{ "start_url": "https://practice.example/start", "region": "eu-central-1", "people": ["practice.operator"], "accounts": accounts }] } })
}

/// Signs in by a code that is allowed elsewhere.
async fn sign_in(window: &Window, simulator: &Simulator) {
    window.click("sign-in").await;
    // Where no browser opens, the core goes over to a code by itself, perhaps before one could ask for it.
    let look = "document.querySelector('[data-testid=use-a-code]:not(:disabled)')?.click(); return document.querySelector('[data-testid=user-code]')?.innerText || null";
    let code = window.until("the code", look).await;
    window.picture("accounts-sign-in").await;
    simulator.allow(code.as_str().unwrap(), "practice.operator");
    window.click("sign-in-done").await;
    window.until("the session, signed in", &standing("signed_in")).await;
}

/// Switches by letters, as a person does, and waits until STS vouches for it.
async fn switch_to(window: &Window, profile: &str, account: &str) {
    window.click("identity").await;
    window.fill("dialog[open] [role=combobox]", profile).await;
    window
        .until(
            "the profile in the list",
            &format!(
                "const one = document.querySelector('dialog[open] [role=option][aria-selected=true]'); if (one?.innerText.includes({profile:?})) {{ one.click(); return true }} return false"
            ),
        )
        .await;
    window
        .until(
            "the identity, vouched for",
            &format!(
                "const bar = document.querySelector('[data-testid=identity]'); return bar.innerText.includes({account:?}) && bar.dataset.standing === 'checked'"
            ),
        )
        .await;
}

/// Writes profiles after their diff was shown, and takes them back: the file is what it was, to the byte.
async fn make_profiles_and_take_them_back(window: &Window, config: &std::path::Path) {
    window.click("generate").await;
    window.until("the diff", "return document.querySelector('[data-testid=draft] .diff') !== null").await;
    window.picture("accounts-generate").await;
    assert_eq!(std::fs::read_to_string(config).unwrap(), CONFIG, "the preview wrote the file");
    window.click("apply").await;
    window
        .until(
            "the profiles, written",
            "return document.querySelector('[data-testid=draft][data-applied=true]') !== null",
        )
        .await;
    let written = std::fs::read_to_string(config).unwrap();
    assert!(written.contains(CONFIG.trim_end()), "what was there is not there any more:\n{written}");
    assert!(written.contains("sso_role_name = ReadOnly"), "no profile was written:\n{written}");
    window.click("undo").await;
    window
        .until("the profiles, taken back", "return document.querySelector('[data-testid=undo]') === null")
        .await;
    assert_eq!(std::fs::read_to_string(config).unwrap(), CONFIG);
    window
        .until("the dialog to close", "document.querySelector('dialog[open] [aria-label=Close]')?.click(); return document.querySelector('dialog[open]') === null")
        .await;
}

/// A script that says whether the first session has a standing.
fn standing(wanted: &str) -> String {
    format!("return document.querySelector('[data-testid=session]')?.dataset.standing === {wanted:?}")
}
