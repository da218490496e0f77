//! Changes that are shown before they are made.

use super::console::Desk;
use crate::sso::office::Office;
use serde_json::{Value, json};

fn template(name: &str) -> Value {
    json!({"name": name, "prefix": "", "region": "eu-west-1", "output": "json", "roles": [], "rename": false, "prune": false})
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_shown_written_and_taken_back() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    let corp = desk.corp().await;
    let args = |name: &str, pick: Value| json!({"session": corp, "pick": pick, "template": template(name)});
    let early = desk.try_call("profiles.generate", args("{account_name|slug}-{role|slug}", json!([]))).await;
    assert!(early.unwrap_err().message.contains("no accounts"), "nothing is known yet");
    desk.sign_in().await;
    let config = office.folder.path().join("home/.aws/config");
    let before = std::fs::read_to_string(&config).unwrap();
    let draft = desk.call("profiles.generate", args("{account_name|slug}-{role|slug}", json!([]))).await;
    assert_eq!(draft["profiles"], json!(["ledger-readonly"]), "{draft}");
    let said = draft["problems"].to_string();
    assert!(said.contains("till leads there already") && said.contains("old leads there already"), "{said}");
    assert!(draft["diff"].as_str().unwrap().contains("+[profile ledger-readonly]"), "{draft}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before, "nothing is written yet");

    let applied = desk.call("draft.apply", json!({"id": draft["id"]})).await;
    assert_eq!((&applied["applied"], &applied["can_undo"]), (&json!(true), &json!(true)));
    assert_eq!(std::fs::read_to_string(applied["backup"].as_str().unwrap()).unwrap(), before);
    let names = desk.call("profiles.list", json!({})).await.to_string();
    assert!(names.contains("ledger-readonly"));
    let undone = desk.call("draft.undo", json!({"id": draft["id"]})).await;
    assert_eq!(undone["applied"], false);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);

    let one = desk
        .call("profiles.generate", args("x-{account_id}", json!([{"account": "444455556666", "role": null}])))
        .await;
    assert_eq!(one["profiles"], json!(["x-444455556666"]));
    std::fs::write(&config, format!("# mine\n{before}")).unwrap();
    let refused = desk.try_call("draft.apply", json!({"id": one["id"]})).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("not_written"), "{refused}");
    assert!(std::fs::read_to_string(&config).unwrap().starts_with("# mine"));
    office.close().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_is_shown_before_it_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    desk.sign_in().await;
    let token = office.file(&office.session("corp").await);
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mode = || std::fs::metadata(&token).unwrap().permissions().mode() & 0o777;
    let of_token = |view: &Value| {
        let findings = view["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["where"] == token.to_str().unwrap())
    };
    let finding = of_token(&desk.call("doctor.run", json!({})).await).expect("a token that others may read");
    let draft =
        desk.call("doctor.preview", json!({"code": finding["code"], "place": finding["where"]})).await;
    assert!(draft["action"].as_str().unwrap().contains("chmod 600"), "{draft}");
    assert_eq!(mode(), 0o644, "nothing is changed yet");
    let done = desk.call("doctor.repair", json!({"id": draft["id"]})).await;
    assert_eq!((&done["applied"], &done["can_undo"]), (&json!(true), &json!(false)));
    assert_eq!(mode(), 0o600);
    assert_eq!(of_token(&desk.call("doctor.run", json!({})).await), None);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_answers_for_a_profile() {
    let office = Office::open().await;
    let desk = Desk::open(&office);
    let answers = desk.call("profiles.answers", json!({"profile": "till"})).await;
    let answers = answers.as_array().unwrap();
    assert!(answers.iter().any(|answer| answer["explicit"] == true));
    let own = answers.iter().find(|a| a["client"] == "Rust SDK, Holdpoint" && a["explicit"] == true).unwrap();
    assert_eq!((&own["source"], &own["account"]), (&json!("SSO"), &json!("111122223333")));
    assert_eq!(own["differs"], false);
    office.close().await;
}
