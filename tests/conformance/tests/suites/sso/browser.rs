//! Sign-in by a browser, and everything that a browser may do wrong.

use super::office::{Does, Office, Person, ask, word};
use holdpoint_identity::{Cancel, How, SignInError, SignInEvent, Standing, TokenError, Trouble};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_and_the_cli_could_not_tell_the_difference() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    assert_eq!(tokens.standing(&session), Standing::SignedOut);
    assert!(matches!(tokens.token(&session).await, Err(TokenError::SignedOut { .. })));
    let person = Person::new(Does::Follows);
    let done = tokens.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await.unwrap();
    assert!(matches!(done, Standing::SignedIn { renews: true, session_ends: None, .. }), "{done:?}");
    assert_eq!(tokens.standing(&session), done);
    assert!(matches!(person.told().as_slice(), [SignInEvent::Open { .. }, SignInEvent::Returned]));
    person.seen_at_least(1).await;
    let page = person.seen.lock().unwrap().pop().unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Back to Holdpoint") && !page.body.contains("<script"), "{}", page.body);
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
    // The token as the AWS CLI writes it, and the registration where it looks for one.
    let kept = office.read(&session);
    let mut members: Vec<&str> = kept.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "accessToken",
            "clientId",
            "clientSecret",
            "expiresAt",
            "refreshToken",
            "region",
            "registrationExpiresAt",
            "startUrl"
        ]
    );
    assert_eq!(tokens.token(&session).await.unwrap().secret.expose(), kept["accessToken"].as_str().unwrap());
    assert_eq!(std::fs::read_dir(office.cache()).unwrap().count(), 2);
    // The second sign-in uses the registration of the first.
    forget_the_last(&office).await;
    office.sign_in(&office.tokens()).await;
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 2);
    assert_eq!(office.answered("sso-oidc:RegisterClient").await, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_browser_brings_only_the_right_answer_signs_in() {
    let office = Office::open().await;
    for (does, outcome, foreign, pages) in [
        (Does::ComesTwice, "signed in", 0, vec![200, 200]),
        (Does::Brings(vec!["code=x&state=wrong"]), "signed in", 1, vec![403, 200]),
        (Does::Brings(vec!["code=x", "code=x&state=STATE&state=STATE"]), "signed in", 2, vec![403, 403, 200]),
        (Does::Brings(vec!["error=access_denied&state=wrong"]), "signed in", 1, vec![403, 200]),
        (Does::Brings(vec!["hello=there"]), "signed in", 0, vec![400, 200]),
        // The state is right and the code is not AWS's: AWS says so.
        (Does::Brings(vec!["code=invented&state=STATE"]), "bad state", 0, vec![200]),
        (Does::Brings(vec!["error=access_denied&state=STATE"]), "denied", 0, vec![200]),
        (Does::Brings(vec!["error=invalid_scope&state=STATE"]), "refused", 0, vec![200]),
    ] {
        let (tokens, session) = (office.tokens(), office.session("corp").await);
        tokens.sign_out(&session).await.unwrap();
        forget_the_last(&office).await;
        let person = Person::new(does.clone());
        let done = tokens.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
        assert_eq!(word(&done), outcome, "{does:?}: {done:?}");
        let is_foreign = |event: &&SignInEvent| matches!(event, SignInEvent::Foreign);
        assert_eq!(person.told().iter().filter(is_foreign).count(), foreign, "{does:?}");
        person.seen_at_least(pages.len()).await;
        let seen: Vec<u16> = person.seen.lock().unwrap().iter().map(|page| page.status).collect();
        assert_eq!(seen[..pages.len()], pages, "{does:?}");
        assert_eq!(office.file(&session).exists(), outcome == "signed in", "{does:?}");
    }
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_answers_one_path_of_one_address_and_nothing_else() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    let (person, cancel) = (Person::new(Does::Nothing), Cancel::new());
    let signing = async { tokens.sign_in(&session, How::Browser, "a test", &person, &cancel).await };
    let trying = async {
        let SignInEvent::Open { url } = person.hears(|event| matches!(event, SignInEvent::Open { .. })).await
        else {
            panic!("a page is opened")
        };
        let url = url::Url::parse(&url).unwrap();
        let back = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
        let root = back.trim_end_matches("/oauth/callback");
        assert!(root.starts_with("http://127.0.0.1:"), "{root}");
        for (method, at, host, status) in [
            ("GET", format!("{root}/favicon.ico"), None, 404),
            ("GET", format!("{root}/"), None, 404),
            ("GET", format!("{root}/oauth/callback/"), None, 404),
            ("POST", back.clone(), None, 405),
            ("GET", back.clone(), None, 400),
            ("GET", format!("{back}?code=a&state=b"), Some("evil.example"), 421),
            ("GET", format!("{back}?code=a&state=b"), Some("localhost"), 421),
        ] {
            let headers: Vec<(&str, &str)> = host.map(|host| ("Host", host)).into_iter().collect();
            assert_eq!(ask(method, &at, "", &headers).await.status, status, "{method} {at} {host:?}");
        }
        cancel.cancel();
    };
    let (done, ()) = tokio::join!(signing, trying);
    assert_eq!(word(&done), "cancelled");
    assert!(
        !person.told().contains(&SignInEvent::Foreign),
        "a stranger under another name is not even foreign"
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_never_comes_back_is_given_up_and_one_that_cannot_be_opened_gives_way_to_a_code() {
    let office = Office::open().await;
    office.behave(json!({"approve": "never"})).await;
    let session = office.session("corp").await;
    let tokens = office.tokens().waiting(Duration::from_millis(300));
    let done =
        tokens.sign_in(&session, How::Browser, "a test", &Person::new(Does::Follows), &Cancel::new()).await;
    assert_eq!(word(&done), "browser never");
    assert!(done.unwrap_err().to_string().contains("--device"));
    office.behave(json!({"approve": "auto:Grace"})).await;
    let person = Person::new(Does::Fails);
    let done = office.tokens().sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
    assert_eq!(word(&done), "signed in");
    let told = person.told();
    let [SignInEvent::Open { .. }, SignInEvent::NoBrowser { why }, SignInEvent::Code { user_code, .. }] =
        told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert!(why.contains("no browser") && !user_code.is_empty());
    office.close().await;
}

/// AWS answers with an error page that leads nowhere: the person gives up, or ten minutes pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_aws_has_forgotten_is_registered_anew() {
    for gives_up in ["a renewal is refused", "the sign-in is cancelled", "nobody comes back"] {
        let office = Office::open().await;
        let (tokens, session) = (office.tokens(), office.session("corp").await);
        office.sign_in(&tokens).await;
        forget_the_last(&office).await;
        office.expire("client").await;
        let person = Person::new(Does::Follows);
        match gives_up {
            "a renewal is refused" => {
                let late = office.tokens_ahead(Duration::from_secs(8 * 3600 + 60));
                let error = late.token(&session).await.unwrap_err();
                assert!(matches!(error, TokenError::Expired { .. }), "{error}");
            }
            "the sign-in is cancelled" => {
                let cancel = Cancel::new();
                let gives_up = async {
                    person.seen_at_least(1).await;
                    cancel.cancel();
                };
                let signing = tokens.sign_in(&session, How::Browser, "a test", &person, &cancel);
                let (done, ()) = tokio::join!(signing, gives_up);
                assert_eq!(word(&done), "cancelled", "{done:?}");
                assert_eq!(person.seen.lock().unwrap()[0].status, 400);
            }
            _ => {
                let hasty = office.tokens().waiting(Duration::from_millis(300));
                let done = hasty.sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
                assert_eq!(word(&done), "browser never", "{done:?}");
            }
        }
        office.sign_in(&office.tokens()).await;
        assert_eq!(office.answered("sso-oidc:RegisterClient").await, 2, "{gives_up}");
        office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_joins_one_sign_in_and_one_cancel_reaches_all() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    let first = Person::new(Does::Nothing);
    let others: Vec<Person> = (0..20).map(|_| Person::new(Does::Follows)).collect();
    let (cancel, never) = (Cancel::new(), Cancel::new());
    let begin = async {
        first.hears(|event| matches!(event, SignInEvent::Open { .. })).await;
        assert_eq!(tokens.signing_in(&session).as_deref(), Some("the console"));
        let all = others.iter().map(|person| {
            let (tokens, session, never) = (tokens.clone(), session.clone(), never.clone());
            let person = person.clone();
            tokio::spawn(
                async move { tokens.sign_in(&session, How::Browser, "another", &person, &never).await },
            )
        });
        let all: Vec<_> = all.collect();
        for person in &others {
            let waits = person.hears(|event| matches!(event, SignInEvent::Waiting { .. })).await;
            assert_eq!(waits, SignInEvent::Waiting { asked_by: "the console".to_owned() });
            // Told of the page as well, and not asked to open it.
            person.hears(|event| matches!(event, SignInEvent::Open { .. })).await;
        }
        cancel.cancel();
        for one in all {
            assert_eq!(word(&one.await.unwrap()), "cancelled");
        }
    };
    let (done, ()) =
        tokio::join!(tokens.sign_in(&session, How::Browser, "the console", &first, &cancel), begin);
    assert_eq!(word(&done), "cancelled");
    assert_eq!(tokens.signing_in(&session), None);
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 0);
    assert!(
        others.iter().all(|person| person.seen.lock().unwrap().is_empty()),
        "no browser was opened for them"
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_reaches_those_who_wait_in_other_processes() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    let (first, cancel) = (Person::new(Does::Nothing), Cancel::new());
    let holder = office.tokens();
    let cancelling = async {
        first.hears(|event| matches!(event, SignInEvent::Open { .. })).await;
        // Each with tokens of its own, as processes have.
        let others: Vec<Person> = (0..5).map(|_| Person::new(Does::Follows)).collect();
        let all = others.iter().map(|person| {
            let (tokens, session, person) = (office.tokens(), session.clone(), person.clone());
            tokio::spawn(async move {
                tokens.sign_in(&session, How::Browser, "another", &person, &Cancel::new()).await
            })
        });
        let all: Vec<_> = all.collect();
        for person in &others {
            let waits = person.hears(|event| matches!(event, SignInEvent::Waiting { .. })).await;
            assert_eq!(waits, SignInEvent::Waiting { asked_by: "the console".to_owned() });
        }
        cancel.cancel();
        for one in all {
            let done = one.await.unwrap();
            assert_eq!(word(&done), "cancelled", "{done:?}");
        }
        assert_eq!(others.iter().map(Person::tabs).sum::<usize>(), 0, "no second tab");
    };
    let signing = holder.sign_in(&session, How::Browser, "the console", &first, &cancel);
    let (done, ()) = tokio::join!(signing, cancelling);
    assert_eq!(word(&done), "cancelled");
    // Whoever asks after the cancel is not meant by it.
    office.sign_in(&office.tokens()).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_ends_without_a_word_is_followed_by_the_next() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    let (tokens, person) = (office.tokens(), Person::new(Does::Follows));
    let folder = office.places().home.join("sso");
    std::fs::create_dir_all(&folder).unwrap();
    // The lock as a process holds it that is killed: its own name is the last word in it.
    let path = folder.join(format!("{}.sign-in.lock", session.key()));
    std::fs::write(&path, "holdpoint login (process 4711)").unwrap();
    let held = std::fs::File::open(&path).unwrap();
    held.lock().unwrap();
    let killing = async {
        let waits = person.hears(|event| matches!(event, SignInEvent::Waiting { .. })).await;
        assert_eq!(waits, SignInEvent::Waiting { asked_by: "holdpoint login (process 4711)".to_owned() });
        drop(held);
    };
    let never = Cancel::new();
    let signing = tokens.sign_in(&session, How::Browser, "a test", &person, &never);
    let (done, ()) = tokio::join!(signing, killing);
    assert_eq!(word(&done), "signed in", "{done:?}");
    assert_eq!(person.tabs(), 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_processes_open_one_tab() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    // Each with tokens of its own, as processes have: they meet at the lock alone.
    let all = (0..20).map(|number| {
        let (tokens, session) = (office.tokens(), session.clone());
        tokio::spawn(async move {
            let person = Person::new(Does::Follows);
            let name = format!("process {number}");
            let done = tokens.sign_in(&session, How::Browser, &name, &person, &Cancel::new()).await;
            assert_eq!(word(&done), "signed in", "{done:?}");
            (person.tabs(), tokens.token(&session).await.unwrap())
        })
    });
    let mut given = Vec::new();
    for one in all.collect::<Vec<_>>() {
        given.push(one.await.unwrap());
    }
    assert_eq!(given.iter().map(|(tabs, _)| tabs).sum::<usize>(), 1);
    assert!(given.iter().all(|(_, token)| *token == given[0].1));
    assert_eq!(office.answered("sso-oidc:CreateToken").await, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_no_longer_waits_takes_the_sign_in_along_when_nobody_else_does() {
    let office = Office::open().await;
    let (tokens, session) = (office.tokens(), office.session("corp").await);
    let person = Person::new(Does::Nothing);
    let (of, with, by) = (tokens.clone(), session.clone(), person.clone());
    let waiting =
        tokio::spawn(async move { of.sign_in(&with, How::Browser, "a window", &by, &Cancel::new()).await });
    person.hears(|event| matches!(event, SignInEvent::Open { .. })).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    // The lock between processes is free again: another signs in.
    office.sign_in(&office.tokens()).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_said_before_a_browser_opens() {
    let office = Office::open().await;
    let session = office.session("corp").await;
    std::fs::create_dir_all(office.cache().parent().unwrap()).unwrap();
    // Where the folder should be stands a file, which not even root writes into.
    std::fs::write(office.cache(), "in the way").unwrap();
    let person = Person::new(Does::Follows);
    let done = office.tokens().sign_in(&session, How::Browser, "a test", &person, &Cancel::new()).await;
    let Err(SignInError::Trouble(Trouble::Unwritable { path, .. })) = &done else { panic!("{done:?}") };
    assert_eq!(path, &office.cache());
    assert_eq!(person.tabs(), 0);
    office.close().await;
}

/// A sign-in that ended a moment ago is taken for one that is asked for now; the cases here want their own.
async fn forget_the_last(office: &Office) {
    let session = office.session("corp").await;
    let lock = office.places().home.join("sso").join(format!("{}.sign-in.lock", session.key()));
    if lock.exists() {
        std::fs::write(lock, "").unwrap();
    }
}
