//! Sign-ins as the page follows them.

use super::console::Desk;
use crate::sso::office::Office;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_followed_to_its_end_and_the_accounts_come_behind_it() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    let before = desk.session().await;
    assert_eq!((&before["standing"], &before["kept"]), (&json!("signed_out"), &json!("shared")));
    assert_eq!(before["accounts"][0]["roles"], json!([{"name": "Deployer", "profiles": ["till"]}]));
    assert_eq!(before["accounts"][0]["roles_known"], false);

    let corp = before["key"].as_str().unwrap().to_owned();
    let begun = desk.call("sso.sign_in", json!({"session": corp, "device": false})).await;
    assert_eq!((&begun["state"], &begun["asked_by"]), (&json!("starting"), &json!(["the console"])));
    let shown = desk.hears("sign_in", |view| view["state"] == "browser").await;
    let done = desk.hears("sign_in", |view| view["state"] == "signed_in").await;
    assert_eq!(done["attempt"], begun["attempt"]);
    assert_eq!(*desk.opened.lock().unwrap(), [shown["url"].as_str().unwrap()]);

    let session = desk.settles().await;
    assert_eq!((&session["standing"], &session["renews"]), (&json!("signed_in"), &json!(true)));
    assert_eq!(session["sign_in"], json!(null), "it is over");
    let accounts: Vec<_> = session["accounts"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(accounts, ["ledger", "till"]);
    assert_eq!(
        session["accounts"][1]["roles"],
        json!([{"name": "Deployer", "profiles": ["till"]}, {"name": "ReadOnly", "profiles": []}])
    );
    let view = desk.call("accounts.view", json!({})).await;
    assert_eq!(view["secrets"][0]["title"], "SSO session corp");
    assert_eq!(view["secrets"][0]["action"], "sign_out");
    let cache = std::fs::read_to_string(office.file(&office.session("corp").await)).unwrap();
    let token = serde_json::from_str::<serde_json::Value>(&cache).unwrap()["accessToken"].clone();
    assert!(!view.to_string().contains(token.as_str().unwrap()), "no secret is on the screen");

    desk.call("sso.sign_out", json!({"session": corp})).await;
    assert_eq!(desk.session().await["standing"], "signed_out");
    assert_eq!(desk.session().await["accounts"].as_array().unwrap().len(), 2, "what was known stays");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_ask_share_one_sign_in_and_a_cancel_reaches_them() {
    let office = Office::open().await;
    office.behave(json!({"approve": "hand"})).await;
    let mut desk = Desk::open(&office);
    let corp = desk.corp().await;
    let first = desk.call("sso.sign_in", json!({"session": corp, "device": true})).await;
    let code = desk.hears("sign_in", |view| view["state"] == "code").await;
    assert!(code["url_complete"].as_str().unwrap().contains(code["user_code"].as_str().unwrap()));
    let second =
        desk.call("sso.sign_in", json!({"session": corp, "device": false, "asked_by": "run X"})).await;
    assert_eq!(second["attempt"], first["attempt"]);
    assert_eq!(second["asked_by"], json!(["the console", "run X"]));
    assert_eq!(second["user_code"], code["user_code"], "whoever joins sees the code at once");
    assert_eq!(desk.session().await["sign_in"]["attempt"], first["attempt"]);

    desk.call("sso.cancel", json!({"session": corp})).await;
    let done = desk.hears("sign_in", |view| view["state"] != "code").await;
    assert_eq!((&done["state"], &done["problem"]), (&json!("cancelled"), &json!(null)));
    assert!(desk.opened.lock().unwrap().is_empty(), "a code needs no browser here");
    desk.call("sso.cancel", json!({"session": corp})).await;

    office.behave(json!({"approve": "deny"})).await;
    let again = desk.call("sso.sign_in", json!({"session": corp, "device": true})).await;
    assert_eq!(again["attempt"].as_u64(), first["attempt"].as_u64().map(|number| number + 1));
    let failed = desk.hears("sign_in", |view| view["state"] == "failed").await;
    assert!(failed["problem"]["message"].as_str().unwrap().contains("refused"), "{failed}");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_anew_directly_after_a_cancel_joins_none_that_ends() {
    let office = Office::open().await;
    office.behave(json!({"approve": "hand"})).await;
    let mut desk = Desk::open(&office);
    let corp = desk.corp().await;
    let mut last =
        desk.call("sso.sign_in", json!({"session": corp, "device": true})).await["attempt"].as_u64();
    for _ in 0..5 {
        desk.call("sso.cancel", json!({"session": corp})).await;
        let again =
            desk.call("sso.sign_in", json!({"session": corp, "device": true})).await["attempt"].as_u64();
        assert_eq!(again, last.map(|number| number + 1));
        last = again;
    }
    desk.hears("sign_in", |view| view["state"] == "code" && view["attempt"].as_u64() == last).await;
    desk.call("sso.cancel", json!({"session": corp})).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_moves_to_the_vault_without_a_new_sign_in() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    desk.sign_in().await;
    let (corp, session) = (desk.corp().await, office.session("corp").await);
    assert!(office.file(&session).exists());
    desk.call("prefs.set", json!({"set": "keeping", "session": corp, "kept": "vault"})).await;
    assert!(!office.file(&session).exists());
    let shown = desk.session().await;
    assert_eq!((&shown["standing"], &shown["kept"]), (&json!("signed_in"), &json!("vault")));
    desk.call("accounts.refresh", json!({"session": corp})).await;
    assert_eq!(desk.settles().await["problem"], json!(null));
    desk.call("prefs.set", json!({"set": "keeping", "session": corp, "kept": "shared"})).await;
    assert!(office.file(&session).exists());
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let office = Office::open().await;
    let desk = Desk::open(&office);
    for (call, args, code) in [
        ("sso.sign_in", json!({"session": "nobody", "device": false}), Some("not_found")),
        ("sso.open", json!({"session": desk.corp().await}), Some("not_found")),
        ("accounts.refresh", json!({"session": "nobody"}), Some("not_found")),
        ("secrets.forget", json!({"what": "everything"}), Some("not_found")),
        (
            "prefs.set",
            json!({"set": "account", "account": "12", "mark": {"alias": null, "colour": null, "production": null, "favourite": true}}),
            Some("usage"),
        ),
        ("prefs.set", json!({"set": "registry", "host": "https://x/", "profile": "till"}), Some("usage")),
        ("prefs.set", json!({"set": "idle", "minutes": 100_000}), Some("usage")),
        ("draft.apply", json!({"id": "7"}), Some("not_found")),
        ("doctor.preview", json!({"code": "none", "place": null}), Some("not_found")),
        ("vault.choose", json!({"store": "pocket", "passphrase": null}), Some("usage")),
    ] {
        let problem = desk.try_call(call, args.clone()).await.unwrap_err();
        assert_eq!(problem.code.as_deref(), code, "{call} {args}: {problem}");
    }
    office.close().await;
}
