//! Renewal: once for all who ask, beside others who write, and what happens when AWS says no.

use super::office::{Does, Office, Person};
use holdpoint_identity::{Cancel, How, SignInEvent, Standing, TokenError, Trouble};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;

/// Tokens given from now on last an hour; the one before is due for renewal and still good.
async fn due(office: &Office) {
    office.behave(json!({"access_token_seconds": 500})).await;
    office.sign_in(&office.tokens()).await;
    office.behave(json!({"access_token_seconds": 3600})).await;
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_renews_once_for_all_who_ask() {
    let office = Office::open().await;
    due(&office).await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    let before = office.read(&session);
    let all: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, session) = (tokens.clone(), session.clone());
            tokio::spawn(async move { tokens.token(&session).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for one in all {
        given.push(one.await.unwrap());
    }
    assert!(given.iter().all(|token| *token == given[0]));
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    let after = office.read(&session);
    assert_eq!(after["accessToken"], given[0].secret.expose());
    for rotated in ["accessToken", "refreshToken", "expiresAt"] {
        assert_ne!(after[rotated], before[rotated], "{rotated}");
    }
    for same in ["clientId", "clientSecret", "registrationExpiresAt", "startUrl", "region"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    // An hour is left: nobody asks again.
    tokens.token(&session).await.unwrap();
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_processes_renew_once() {
    let office = Office::open().await;
    due(&office).await;
    let given = digests(&office, 10).await;
    assert!(given.iter().all(|digest| digest.len() == 64 && *digest == given[0]), "{given:?}");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(office.look("sso").await["reused_refresh_tokens"], 0);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_goes_on_when_its_asker_has_gone() {
    let office = Office::open().await;
    due(&office).await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    // Polled once, and dropped: the refresh token may already be spent.
    let mut asked = Box::pin(tokens.token(&session));
    tokio::select! {
        biased;
        _ = &mut asked => {}
        () = tokio::task::yield_now() => {}
    }
    drop(asked);
    let token = tokens.token(&session).await.unwrap();
    assert_eq!(office.read(&session)["accessToken"], token.secret.expose());
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(office.look("sso").await["reused_refresh_tokens"], 0);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_ended_is_told_apart() {
    for (ends, is_told) in [
        ("refresh", "invalid grant"),
        ("session", "invalid grant"),
        ("client", "expired"),
        // An access token that ended is renewed.
        ("access", "renewed"),
    ] {
        let office = Office::open().await;
        due(&office).await;
        office.expire(ends).await;
        let session = office.session("corp").await;
        let first = office.read(&session)["accessToken"].as_str().unwrap().to_owned();
        // While the old token lasts it is used, and not asked for again within half a minute.
        let tokens = office.tokens();
        for _ in 0..3 {
            let token = tokens.token(&session).await.unwrap();
            assert_eq!(token.secret.expose() != first, ends == "access", "{ends}");
        }
        let calls = office.answered("sso-oidc:CreateToken").await;
        assert!(calls <= 2, "{ends}: {calls}");
        // Later it has ended.
        let later = office.tokens_ahead(Duration::from_secs(700));
        let told = match later.token(&session).await {
            Ok(_) => "renewed",
            Err(TokenError::InvalidGrant { .. }) => "invalid grant",
            Err(TokenError::Expired { .. }) => "expired",
            Err(_) => "something else",
        };
        assert_eq!(told, is_told, "{ends}");
        if ends != "access" {
            assert!(matches!(later.standing(&session), Standing::Expired { .. }));
            assert!(office.file(&session).exists(), "a token that ended is not removed");
        }
        office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_has_ended_is_not_even_tried() {
    let office = Office::open().await;
    office.behave(json!({"client_seconds": 1000, "access_token_seconds": 500})).await;
    office.sign_in(&office.tokens()).await;
    let session = office.session("corp").await;
    let later = office.tokens_ahead(Duration::from_secs(1100));
    assert!(matches!(later.standing(&session), Standing::Expired { renews: false, .. }));
    let error = later.token(&session).await.unwrap_err();
    assert!(matches!(&error, TokenError::Expired { why, .. } if why.contains("registration")), "{error}");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_tool_wrote_meanwhile_wins_over_a_refusal() {
    let office = Office::open().await;
    due(&office).await;
    let session = office.session("corp").await;
    let ours = std::fs::read(office.file(&session)).unwrap();
    // Another tool renews, and its file is not there yet when we look: we hold what is spent.
    let newer = {
        office.tokens().token(&session).await.unwrap();
        std::fs::read(office.file(&session)).unwrap()
    };
    std::fs::write(office.file(&session), &ours).unwrap();
    clear_notes(&office);
    let (tokens, file) = (office.tokens(), office.file(&session));
    let of = session.clone();
    let asked = tokio::spawn(async move { tokens.token(&of).await });
    // The refusal is counted by the simulator; then the other tool's file comes.
    while office.look("sso").await["reused_refresh_tokens"] == 0 {
        tokio::task::yield_now().await;
    }
    std::fs::write(&file, &newer).unwrap();
    let newer: Value = serde_json::from_slice(&newer).unwrap();
    assert_eq!(asked.await.unwrap().unwrap().secret.expose(), newer["accessToken"].as_str().unwrap());
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_nobody_here_knows_survive_a_renewal() {
    let office = Office::open().await;
    due(&office).await;
    let session = office.session("corp").await;
    let mut kept = office.read(&session);
    kept["ofAnotherTool"] = json!({"a": [1, 2]});
    std::fs::write(office.file(&session), kept.to_string()).unwrap();
    office.tokens().token(&session).await.unwrap();
    let after = office.read(&session);
    assert_ne!(after["accessToken"], kept["accessToken"]);
    assert_eq!(after["ofAnotherTool"], kept["ofAnotherTool"]);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_file_is_named_left_and_replaced_by_a_sign_in() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    office.sign_in(&tokens).await;
    let whole = std::fs::read_to_string(office.file(&session)).unwrap();
    for torn in ["", &whole[..whole.len() / 2], "{}", "[1]"] {
        std::fs::write(office.file(&session), torn).unwrap();
        assert!(
            matches!(tokens.standing(&session), Standing::Torn { path, .. } if path == office.file(&session))
        );
        let error = tokens.token(&session).await.unwrap_err();
        assert!(matches!(&error, TokenError::Torn { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(office.file(&session)).unwrap(), torn);
    }
    office.sign_in(&tokens).await;
    assert!(matches!(tokens.standing(&session), Standing::SignedIn { .. }));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_token_that_cannot_be_written_is_held_and_written_later() {
    let office = Office::open().await;
    due(&office).await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    // The vault of the test below fails as a disk does; of the shared folder the way to its file is taken away while
    // the call is on its way, which needs no permissions that root would pass by.
    let vault = super::vault::Failing::new();
    let places = holdpoint_identity::Places { vault: Some(vault.clone()), ..office.places() };
    let of_vault = holdpoint_identity::Tokens::new(
        &office.env(),
        &places,
        holdpoint_identity::SharedClock::new(holdpoint_identity::SystemClock::new()),
    );
    of_vault.keep(&session, holdpoint_identity::Keeping::Vault).await.unwrap();
    assert!(!office.file(&session).exists());
    // The trial before the renewal finds room, and what the renewal brings does not.
    vault.has_room_for(1);
    let fresh = of_vault.token(&session).await.unwrap();
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    // Asked again it is the held one, and nothing is renewed twice.
    assert_eq!(of_vault.token(&session).await.unwrap(), fresh);
    vault.has_room_for(usize::MAX);
    assert_eq!(of_vault.token(&session).await.unwrap(), fresh);
    let text = String::from_utf8(vault.kept("sso/").unwrap()).unwrap();
    assert!(text.contains(fresh.secret.expose()), "it was written once that was possible");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    drop(tokens);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_away_is_named_and_a_good_token_is_used() {
    let office = Office::open().await;
    due(&office).await;
    let session = office.session("corp").await;
    let mut vars = office.vars();
    // A port that nothing listens on.
    vars.push(("AWS_ENDPOINT_URL_SSO_OIDC".to_owned(), "http://127.0.0.1:9".to_owned()));
    let env = holdpoint_identity::Env::new(vars);
    let clock = || holdpoint_identity::SharedClock::new(holdpoint_identity::SystemClock::new());
    let away = holdpoint_identity::Tokens::new(&env, &office.places(), clock());
    assert!(away.token(&session).await.is_ok());
    let person = Person::new(Does::Follows);
    office.tokens().sign_out(&session).await.unwrap();
    clear_notes(&office);
    std::fs::remove_dir_all(office.cache()).unwrap();
    let done = away.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
    let Err(holdpoint_identity::SignInError::Trouble(Trouble::Unreachable { endpoint, .. })) = &done else {
        panic!("{done:?}")
    };
    assert_eq!(endpoint, "http://127.0.0.1:9");
    assert!(!person.told().iter().any(|event| matches!(event, SignInEvent::Open { .. })));
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_is_told_to_aws_and_touches_nothing_of_others() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    office.sign_in(&tokens).await;
    let role = office.folder.path().join("home/.aws/cli/cache");
    std::fs::create_dir_all(&role).unwrap();
    // Made by Python from {"accountId":"111122223333","roleName":"Deployer","sessionName":"corp"}, compact and sorted.
    let ours = role.join("f9a38a1557eae9f8e8fea0e20941911f497052f8.json");
    std::fs::write(&ours, r#"{"ProviderType":"sso","Credentials":{}}"#).unwrap();
    let others = [role.join("other.json"), office.cache().join("other.json")];
    for other in &others {
        std::fs::write(
            other,
            r#"{"ProviderType":"sso","accessToken":"x","expiresAt":"2030-01-01T00:00:00Z"}"#,
        )
        .unwrap();
    }
    tokens.sign_out(&session).await.unwrap();
    assert_eq!(tokens.standing(&session), Standing::SignedOut);
    assert!(!ours.exists() && others.iter().all(|other| other.exists()));
    assert_eq!(office.answered("sso:Logout").await, 1);
    assert_eq!(office.look("sso").await["sessions"][0]["open"], false);
    // Signed out twice is signed out.
    tokens.sign_out(&session).await.unwrap();
    office.close().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_no_refresh_token_is_spent_and_nothing_is_torn() {
    use sha2::Digest as _;
    let office = Office::open().await;
    due(&office).await;
    let session = office.session("corp").await;
    let before = std::fs::read(office.file(&session)).unwrap();
    let ended = on_a_full_disk(&office).await;
    let old = office.read(&session)["accessToken"].as_str().unwrap().to_owned();
    let digest: String = sha2::Sha256::digest(&old).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(String::from_utf8(ended.stdout).unwrap().trim(), digest, "the token that is still good");
    assert_eq!(std::fs::read(office.file(&session)).unwrap(), before);
    assert_eq!(std::fs::read_dir(office.cache()).unwrap().count(), 2, "nothing half-written is left");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    // One that has ended says what is in the way, and its refresh token is not spent either.
    let mut kept = office.read(&session);
    kept["expiresAt"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(office.file(&session), kept.to_string()).unwrap();
    let ended = on_a_full_disk(&office).await;
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(!ended.status.success() && said.contains("could not be written"), "{said}");
    assert_eq!(office.read(&session), kept);
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    // With room again it is renewed.
    let renewed = digests(&office, 1).await;
    assert!(renewed[0].len() == 64 && renewed != [digest], "{renewed:?}");
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(office.look("sso").await["reused_refresh_tokens"], 0);
    office.close().await;
}

/// What a process says that needs the token. A limit on the length of files, which the system refuses to pass as a
/// full disk does: at most 1 KiB.
#[cfg(unix)]
async fn on_a_full_disk(office: &Office) -> std::process::Output {
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" corp";
    tokio::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_sso-token")])
        .env_clear()
        .envs(office.vars())
        .output()
        .await
        .unwrap()
}

/// Digests of the tokens that so many processes are given at once.
pub(crate) async fn digests(office: &Office, count: usize) -> Vec<String> {
    let children: Vec<_> = (0..count)
        .map(|_| {
            tokio::process::Command::new(env!("CARGO_BIN_EXE_sso-token"))
                .arg("corp")
                .env_clear()
                .envs(office.vars())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut given = Vec::new();
    for child in children {
        let ended = child.wait_with_output().await.unwrap();
        given.push(String::from_utf8(ended.stdout).unwrap().trim().to_owned());
    }
    given
}

/// Nobody tried a moment ago.
fn clear_notes(office: &Office) {
    for lock in std::fs::read_dir(office.places().home.join("sso")).unwrap() {
        std::fs::write(lock.unwrap().path(), "").unwrap();
    }
}
