//! The access portal: all accounts and roles, at its pace, and nothing forgotten.

use super::office::Office;
use holdpoint_identity::{Account, Portal, PortalError, SharedClock, SystemClock, Tokens, TreeUpdate};
use serde_json::{Value, json};
use std::sync::Mutex;

fn portal(office: &Office, tokens: &Tokens) -> Portal {
    Portal::new(&office.env(), &office.places(), tokens, SharedClock::new(SystemClock::new()))
}

fn accounts(count: usize, roles: usize) -> Value {
    let names: Vec<String> = (0..roles).map(|role| format!("Role{role:02}")).collect();
    let one = |number: usize| {
        let name = format!("account-{number:03}");
        json!({"id": format!("{:012}", 100_000_000_000_usize + number), "name": name,
            "email": format!("{name}@corp.example"), "roles": names})
    };
    Value::Array((0..count).map(one).collect())
}

/// What was told, in words.
fn words(told: &[TreeUpdate]) -> Vec<String> {
    told.iter()
        .map(|update| match update {
            TreeUpdate::Accounts(accounts) => format!("{} accounts", accounts.len()),
            TreeUpdate::Roles { roles, .. } => format!("{} roles", roles.len()),
            TreeUpdate::Done(accounts) => format!("done {}", accounts.len()),
            TreeUpdate::Failed { .. } => "failed".to_owned(),
        })
        .collect()
}

async fn tree(portal: &Portal, office: &Office) -> (Result<Vec<Account>, PortalError>, Vec<TreeUpdate>) {
    let told = Mutex::new(Vec::new());
    let session = office.session("corp").await;
    let done = portal.tree(&session, &|update| told.lock().unwrap().push(update)).await;
    (done, told.into_inner().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_first_and_then_their_roles_and_all_are_known_next_time() {
    let office = Office::with(accounts(120, 3)).await;
    office.behave(json!({"rate": {"per_second": 0}})).await;
    let tokens = office.tokens();
    let session = office.session("corp").await;
    let portal = portal(&office, &tokens);
    assert!(matches!(tree(&portal, &office).await.0, Err(PortalError::Token(_))));
    office.sign_in(&tokens).await;
    let (done, told) = tree(&portal, &office).await;
    let done = done.unwrap();
    assert_eq!(done.len(), 120);
    assert!(done.iter().all(|account| account.roles == ["Role00", "Role01", "Role02"]));
    let told = words(&told);
    assert_eq!(told[..2], ["100 accounts", "120 accounts"]);
    assert_eq!(told[2..122], vec!["3 roles"; 120]);
    assert_eq!(told[122..], ["done 120"]);
    assert_eq!(portal.known(&session), done);
    // The next time everything is there at once.
    let (_, again) = tree(&portal, &office).await;
    assert_eq!(again[0], TreeUpdate::Accounts(done));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_pace_is_waited_out_as_long_as_it_says() {
    let office = Office::with(accounts(40, 1)).await;
    // Far below the pace that we begin with: every account is told all the same.
    office.behave(json!({"rate": {"per_second": 10, "retry_after": 1}})).await;
    let tokens = office.tokens();
    office.sign_in(&tokens).await;
    let (done, _) = tree(&portal(&office, &tokens), &office).await;
    let done = done.unwrap();
    assert!(done.iter().all(|account| account.roles.len() == 1 && account.known_since.is_some()));
    let refused = office.look("record").await["throttled"].clone();
    assert!(refused.as_object().is_some_and(|calls| !calls.is_empty()), "the portal refused some: {refused}");
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_forgotten_when_a_refresh_fails_and_what_is_gone_goes_when_it_does_not() {
    let office = Office::with(accounts(5, 2)).await;
    let tokens = office.tokens();
    office.sign_in(&tokens).await;
    let session = office.session("corp").await;
    let portal = portal(&office, &tokens);
    let before = tree(&portal, &office).await.0.unwrap();
    // The session ends: nothing can be asked.
    office.expire("session").await;
    let (failed, told) = tree(&portal, &office).await;
    assert!(matches!(failed, Err(PortalError::Ended { .. })), "{failed:?}");
    assert_eq!(words(&told), ["5 accounts", "failed"]);
    assert_eq!(portal.known(&session), before);
    office.admin("furnish", &json!({
        "account": "111122223333", "region": "eu-west-1", "people": [{"name": "Ada"}],
        "sso": {"instances": [{"start_url": super::office::START, "region": "eu-west-1", "people": ["Ada"],
            "accounts": accounts(3, 1)}]},
    })).await;
    let lock = office.places().home.join("sso").join(format!("{}.sign-in.lock", session.key()));
    std::fs::write(lock, "").unwrap();
    office.sign_in(&tokens).await;
    let now = tree(&portal, &office).await.0.unwrap();
    assert_eq!(now.len(), 3);
    assert!(now.iter().all(|account| account.roles == ["Role00"]));
    assert_eq!(portal.known(&session), now);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_during_a_refresh_takes_its_result() {
    let office = Office::with(accounts(8, 1)).await;
    let tokens = office.tokens();
    office.sign_in(&tokens).await;
    let portal = portal(&office, &tokens);
    let (first, second, third) =
        tokio::join!(tree(&portal, &office), tree(&portal, &office), tree(&portal, &office));
    assert_eq!(first.0.unwrap().len(), 8);
    assert_eq!(second.0.unwrap().len(), 8);
    assert_eq!(third.0.unwrap().len(), 8);
    assert!(office.answered("sso:ListAccounts").await <= 2);
    office.close().await;
}
