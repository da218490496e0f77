//! Sign-in with a code.

use super::office::{Does, Office, Person, START, word};
use holdpoint_identity::{Cancel, How, SignInEvent, Standing};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_shown_and_answered_in_every_way() {
    for (switches, outcome, slower) in [
        (json!({"approve": "auto:Ada"}), "signed in", 0),
        (json!({"approve": "auto:Ada", "pending": 2}), "signed in", 0),
        (json!({"approve": "auto:Ada", "slow_down": 1}), "signed in", 1),
        (json!({"approve": "deny"}), "denied", 0),
        (json!({"approve": "auto:Nobody"}), "denied", 0),
        (json!({"approve": "never", "device_seconds": 2}), "code expired", 0),
    ] {
        let office = Office::open().await;
        office.behave(switches.clone()).await;
        let (tokens, session) = (office.tokens(), office.session("corp").await);
        let person = Person::new(Does::Follows);
        let done = tokens.sign_in(&session, How::Device, "a test", &person, &Cancel::new()).await;
        assert_eq!(word(&done), outcome, "{switches}: {done:?}");
        let told = person.told();
        let [SignInEvent::Code { url, url_complete, user_code, .. }, more @ ..] = told.as_slice() else {
            panic!("{switches}: {told:?}")
        };
        assert!(url_complete.contains(user_code) && url_complete.starts_with(url.as_str()), "{told:?}");
        assert_eq!(more.len(), slower, "{told:?}");
        if slower > 0 {
            assert_eq!(more, [SignInEvent::Slower { interval: Duration::from_secs(6) }]);
        }
        assert_eq!(person.tabs(), 0);
        assert_eq!(office.file(&session).exists(), outcome == "signed in");
        if outcome == "signed in" {
            assert!(matches!(done, Ok(Standing::SignedIn { renews: true, .. })));
        }
        office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_profile_is_signed_in_by_a_code_and_never_renewed() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session(START).await);
    assert!(session.legacy && session.profiles == 1);
    let person = Person::new(Does::Follows);
    // Asked for a browser: there is none for these.
    let done = tokens.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await.unwrap();
    let Standing::SignedIn { renews: false, session_ends: Some(ends), expires_at, .. } = done else {
        panic!("{done:?}")
    };
    assert_eq!(ends, expires_at);
    assert_eq!(person.tabs(), 0);
    assert!(office.read(&session).get("refreshToken").is_none());
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_the_code_while_the_program_waits() {
    let office = Office::open().await;
    office.behave(json!({"approve": "hand"})).await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    let (person, cancel) = (Person::new(Does::Follows), Cancel::new());
    let typing = async {
        let SignInEvent::Code { user_code, .. } =
            person.hears(|event| matches!(event, SignInEvent::Code { .. })).await
        else {
            panic!("a code is shown")
        };
        let form = format!("user_code={user_code}&decision=allow&person=Grace");
        let url = format!("{}/_holdpoint/device", office.endpoint());
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let reply = super::office::ask("POST", &url, &form, &kind).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    };
    let (done, ()) = tokio::join!(tokens.sign_in(&session, How::Device, "a test", &person, &cancel), typing);
    assert_eq!(word(&done), "signed in");
    assert_eq!(office.look("sso").await["sessions"][0]["person"], "Grace");
    office.close().await;
}
