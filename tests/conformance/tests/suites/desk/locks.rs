//! The lock: what it refuses, what it forgets, and what opens it.

use super::console::{Desk, env_of};
use crate::sso::office::Office;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_console_shows_and_does_nothing_and_holds_nothing() {
    let office = Office::open().await;
    let mut desk = Desk::open(&office);
    desk.sign_in().await;
    desk.call("identity.check", json!({"profile": "till"})).await;
    let held = |view: &serde_json::Value| {
        view["secrets"].as_array().unwrap().iter().any(|secret| secret["what"] == "roles")
    };
    assert!(held(&desk.call("accounts.view", json!({})).await));
    let locked = desk.call("lock.now", json!({})).await;
    assert_eq!((&locked["locked"], &locked["passphrase"]), (&json!(true), &json!(false)));
    assert_eq!(locked["waits_for"], json!(null));
    for call in ["home.view", "runs.list", "prefs.view", "vault.view", "lock.view"] {
        desk.call(call, json!({})).await;
    }
    for (call, args) in [
        ("identity.use", json!({"profile": "till"})),
        ("accounts.view", json!({})),
        ("sso.sign_in", json!({"session": "x", "device": false})),
        ("run.start", json!({})),
        ("profiles.list", json!({})),
    ] {
        let refused = desk.try_call(call, args).await.unwrap_err();
        assert_eq!(refused.code.as_deref(), Some("locked"), "{call}: {refused}");
    }
    let open = desk.call("lock.open", json!({"passphrase": null})).await;
    assert_eq!(open["locked"], false);
    assert!(!held(&desk.call("accounts.view", json!({})).await), "role credentials were forgotten");
    desk.call("identity.check", json!({"profile": "till"})).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_for_long_enough_locks_and_a_touch_counts() {
    let office = Office::open().await;
    let desk = Desk::open(&office);
    desk.call("prefs.set", json!({"set": "idle", "minutes": 5})).await;
    desk.call("lock.view", json!({})).await;
    let minute = Duration::from_secs(60);
    desk.clock.goes_on(4 * minute);
    desk.call("lock.touch", json!({})).await;
    desk.clock.goes_on(4 * minute);
    assert_eq!(desk.call("lock.view", json!({})).await["locked"], false);
    // The time goes on in small pieces: a look that has just begun to wait when it jumps would wait on from there.
    let mut locked = desk.call("lock.view", json!({})).await;
    for _ in 0..10_000 {
        if locked["locked"] == true {
            break;
        }
        desk.clock.goes_on(minute / 60);
        tokio::task::yield_now().await;
        locked = desk.call("lock.view", json!({})).await;
    }
    assert_eq!((&locked["locked"], &locked["idle_minutes"]), (&json!(true), &json!(5)));
    desk.call("lock.open", json!({"passphrase": null})).await;
    desk.call("prefs.set", json!({"set": "idle", "minutes": 0})).await;
    desk.clock.goes_on(1000 * minute);
    tokio::task::yield_now().await;
    assert_eq!(desk.call("lock.view", json!({})).await["locked"], false, "0 is never");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_at_the_start_and_opens_the_lock() {
    let office = Office::open().await;
    drop(Desk::with(env_of(&office), Some("correct horse")));
    let desk = Desk::open(&office);
    let locked = desk.call("lock.view", json!({})).await;
    assert_eq!((&locked["locked"], &locked["passphrase"]), (&json!(true), &json!(true)));
    assert_eq!(desk.call("vault.view", json!({})).await["state"], "locked");
    for wrong in [json!(null), json!("battery staple")] {
        let refused = desk.try_call("lock.open", json!({"passphrase": wrong})).await.unwrap_err();
        assert_eq!(refused.code.as_deref(), Some("passphrase"), "{refused}");
    }
    let open = desk.call("lock.open", json!({"passphrase": "correct horse"})).await;
    assert_eq!(open["locked"], false);
    let vault = desk.call("vault.view", json!({})).await;
    assert_eq!((&vault["state"], &vault["store"]), (&json!("open"), &json!("file")));
    desk.call("lock.now", json!({})).await;
    assert_eq!(desk.call("vault.view", json!({})).await["state"], "locked", "the key is gone with the lock");
    desk.call("lock.open", json!({"passphrase": "correct horse"})).await;
    let plain = desk.call("vault.choose", json!({"store": "file", "passphrase": null})).await;
    assert_eq!((&plain["state"], &plain["passphrase"]), (&json!("open"), &json!(false)));
    office.close().await;
}
