//! Somebody who signs in for one signature: known by name, and gone without a trace.

use super::office::{Does, Office, Person, START};
use holdpoint_identity::{Cancel, GuestError, Person as Known, SignInEvent, Standing, guest};
use serde_json::json;
use std::path::Path;

/// Everything below a folder, with its content.
fn below(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => below(&path, all),
            false => all.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
    all.sort();
}

fn kept(office: &Office) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for name in ["home", "holdpoint"] {
        below(&office.folder.path().join(name), &mut all);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_asked_who_they_are_and_forgotten() {
    // In an account of theirs, and when they have no role in the account that is signed for.
    for account in ["444455556666", "999988887777"] {
        let office = Office::open().await;
        let (tokens, session) = (office.tokens(), office.session("corp").await);
        office.sign_in(&tokens).await;
        let before = kept(&office);
        office.behave(json!({"approve": "auto:Grace"})).await;
        let shown = Person::new(Does::Fails);
        let came =
            guest(&office.env(), &session, account, "eu-west-1", &shown, &Cancel::new()).await.unwrap();
        let expected = Known::IdentityCenter { user: "Grace".into(), instance: Some(START.into()) };
        assert_eq!(came.person, expected, "{account}");
        assert!(came.caller.arn.ends_with("/Grace") && came.caller.request_id.is_some(), "{:?}", came.caller);
        assert!(matches!(shown.told().as_slice(), [SignInEvent::Code { .. }, ..]), "{:?}", shown.told());
        assert_eq!(kept(&office), before, "{account}: something of the guest is left, or of Ada is gone");
        assert!(matches!(tokens.standing(&session), Standing::SignedIn { .. }), "Ada is still signed in");
        let sessions = office.look("sso").await["sessions"].clone();
        let open = |name: &str| {
            let all = sessions.as_array().unwrap().iter();
            all.filter(|one| one["person"] == name && one["open"] == true).count()
        };
        assert_eq!((open("Ada"), open("Grace")), (1, 0), "{account}: {sessions}");
        office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_says_no_signs_nothing() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    office.behave(json!({"approve": "deny"})).await;
    let (shown, cancel) = (Person::new(Does::Fails), Cancel::new());
    let came = guest(&office.env(), &session, "111122223333", "eu-west-1", &shown, &cancel).await;
    assert!(matches!(came, Err(GuestError::SignIn(_))), "{came:?}");
    office.close().await;
}
