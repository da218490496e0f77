//! Who one is: switched at once, vouched for behind it.

use super::console::Desk;
use crate::sso::office::Office;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn switching_answers_from_the_files_and_sts_follows() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    let at_once = desk.call("identity.use", json!({"profile": "till"})).await;
    assert_eq!(at_once["standing"], "checking");
    assert_eq!((&at_once["account"], &at_once["role"]), (&json!("111122223333"), &json!("Deployer")));
    assert_eq!(at_once["session"], json!(desk.corp().await));
    let refused = desk.hears("identity", |view| view["standing"] == "refused").await;
    assert_eq!(refused["problem"]["code"], "signed_out", "{refused}");

    // The sign-in is what was missing: the identity is asked for again by itself.
    desk.sign_in().await;
    desk.console.updates();
    let checked = desk.call("home.view", json!({})).await["identity"].clone();
    let checked = if checked["standing"] == "checked" {
        checked
    } else {
        desk.hears("identity", |view| view["standing"] == "checked").await
    };
    assert!(checked["arn"].as_str().unwrap().ends_with("/Ada"), "{checked}");
    assert_eq!((&checked["role"], &checked["region"]), (&json!("Deployer"), &json!("eu-west-1")));
    let clocks = desk.call("identity.clocks", json!({})).await;
    let what: Vec<_> = clocks.as_array().unwrap().iter().map(|clock| &clock["what"]).collect();
    assert_eq!(what, ["token", "role"], "{clocks}");
    assert_eq!(clocks[0]["renews"], true);
    let profiles = desk.call("profiles.list", json!({})).await;
    let till = &profiles["profiles"].as_array().unwrap().iter().find(|one| one["name"] == "till").unwrap();
    assert!(till["last_used"].is_string());
    let missing = desk.try_call("identity.use", json!({"profile": "nobody"})).await.unwrap_err();
    assert_eq!(missing.code.as_deref(), Some("not_found"));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_wins_over_the_guess_and_shows_at_once() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    let before = desk.call("identity.use", json!({"profile": "till"})).await;
    assert_eq!((&before["weight"], &before["weight_guessed"]), (&json!("unknown"), &json!(true)));
    let mark = json!({"alias": "till, live", "colour": "red", "production": true, "favourite": true});
    desk.call("prefs.set", json!({"set": "account", "account": "111122223333", "mark": mark})).await;
    let marked = desk.hears("identity", |view| view["weight"] == "production").await;
    assert_eq!((&marked["weight_guessed"], &marked["alias"]), (&json!(false), &json!("till, live")));
    let account = desk.session().await["accounts"][0].clone();
    assert_eq!((&account["favourite"], &account["colour"]), (&json!(true), &json!("red")));
    let kept = desk.call("prefs.view", json!({})).await;
    assert_eq!(kept["accounts"]["111122223333"], mark);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_read_again() {
    let office = Office::open().await;
    let desk = Desk::open(&office);
    let count = |view: serde_json::Value| view["profiles"].as_array().unwrap().len();
    assert_eq!(count(desk.call("profiles.list", json!({})).await), 2);
    let config = office.folder.path().join("home/.aws/config");
    let more = std::fs::read_to_string(&config).unwrap() + "\n[profile new]\nregion = eu-west-1\n";
    std::fs::write(&config, more).unwrap();
    assert_eq!(count(desk.call("profiles.list", json!({})).await), 3);
    office.close().await;
}
