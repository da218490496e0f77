//! The helper by itself: the protocol's words, what is not ours, what has ended, and junk.

use crate::place::Place;
use crate::servers::{PASSWORD, Simulator};
use serde_json::{Value, json};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
/// The one text on which a client goes on without a login.
const NOT_FOUND: &str = "credentials not found in native keychain\n";

#[test]
fn it_mints_for_the_profile_that_a_host_is_mapped_to() {
    let mut place = Place::new();
    let simulator = Simulator::start(&place);
    place.profile("deployer", &simulator.endpoint, &simulator.people[0]);
    place.holdpoint(&["registry", "map", HOST, "deployer"]).exits(0).says(&[HOST, "deployer"]);
    let got = place.helper("get", format!("https://{HOST}\n").as_bytes()).exits(0);
    let login: Value = serde_json::from_str(&got.out).unwrap();
    let expected = json!({"ServerURL": format!("https://{HOST}"), "Username": "AWS", "Secret": PASSWORD});
    assert_eq!((login, got.err.as_str()), (expected, ""));
    // What a client's own login leaves is taken and not kept; a later answer is ECR's.
    let stored = json!({"ServerURL": HOST, "Username": "AWS", "Secret": "of docker login"}).to_string();
    place.helper("store", stored.as_bytes()).exits(0);
    place.helper("get", HOST.as_bytes()).exits(0).says(&[PASSWORD]);
    place.helper("erase", HOST.as_bytes()).exits(0);
    let listed: Value = serde_json::from_str(&place.helper("list", b"").exits(0).out).unwrap();
    assert_eq!(listed, json!({HOST: "AWS"}));
    place.helper("version", b"").exits(0).says(&["docker-credential-holdpoint"]);
    let checked = place.holdpoint(&["registry", "check", HOST, "--json"]).exits(0).hides(&[PASSWORD]);
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!((&checked["profile"], &checked["user"]), (&json!("deployer"), &json!("AWS")));
    assert!(simulator.answered("ecr:GetAuthorizationToken") >= 3);
    place.holdpoint(&["registry", "list"]).exits(0).says(&[HOST, "deployer", "mapped"]);
    place.holdpoint(&["registry", "unmap", HOST]).exits(0);
    place.holdpoint(&["registry", "unmap", HOST]).exits(2).says(&["is not mapped"]);
    place.no_keychain();
}

#[test]
fn only_what_is_nobodys_is_said_to_be_not_found() {
    let place = Place::new();
    for host in ["registry.example", "https://index.docker.io/v1/", "public.ecr.aws", "127.0.0.1:5000"] {
        let got = place.helper("get", host.as_bytes()).exits(1);
        assert_eq!((got.out.as_str(), got.err.as_str()), (NOT_FOUND, ""), "{host}");
    }
    // ECR's own, and nobody is known for it: there is no pull without a login.
    let got = place.helper("get", HOST.as_bytes()).exits(1).says(&["holdpoint registry map"]);
    assert!(got.out != NOT_FOUND && got.err.contains("111122223333"), "{got:?}");
    // Another registry's password is not ours to keep, and that is said.
    let stored =
        json!({"ServerURL": "registry.example", "Username": "u", "Secret": "s3cret-word"}).to_string();
    place.helper("store", stored.as_bytes()).exits(1).says(&["keeps no passwords"]).hides(&["s3cret-word"]);
}

#[test]
fn junk_is_refused_in_words() {
    let place = Place::new();
    let long = vec![b'a'; 1 << 20];
    let table: [(&str, &[u8]); 11] = [
        ("get", b""),
        ("get", b" \n"),
        ("get", b"a b"),
        ("get", b"\0"),
        ("get", b"\xff\xfe"),
        ("get", &long),
        ("get", b"https://"),
        ("store", b"{"),
        ("store", b"[]"),
        ("store", &long),
        ("erase", b"-"),
    ];
    for (verb, input) in table {
        let got = place.helper(verb, input).exits(1);
        assert!(got.out != NOT_FOUND && got.out.len() > 20, "{verb} {input:.20?}: {got:?}");
        assert!(!got.out.contains("panicked") && !got.err.contains("panicked"), "{got:?}");
    }
    place.helper("", b"").exits(1).says(&["get, store, erase, list"]);
    place.helper("get --all", b"").exits(1).says(&["get, store, erase, list"]);
}

#[test]
fn a_sign_in_that_is_over_is_said_to_be_over() {
    let place = Place::new();
    place.expired_sign_in();
    // The only profile of the account answers for its registry without being mapped.
    let got = place.helper("get", HOST.as_bytes()).exits(1).hides(&["an-old-token"]);
    assert!(got.out != NOT_FOUND, "{got:?}");
    for said in [&got.out, &got.err] {
        assert!(said.contains("corp") && said.contains("holdpoint login"), "{got:?}");
    }
    place.holdpoint(&["registry", "check", HOST]).exits(1).says(&["holdpoint login", "corp"]);
}

#[test]
fn two_profiles_of_an_account_are_not_guessed_between() {
    let place = Place::new();
    let role = |name: &str| {
        format!(
            "[profile {name}]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/{name}\nsource_profile = base\n"
        )
    };
    let base = "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n";
    place.file(".aws/config", &[role("reader"), role("writer"), base.to_owned()].concat());
    place.helper("get", HOST.as_bytes()).exits(1).says(&["reader, writer", "holdpoint registry map"]);
    place.holdpoint(&["registry", "map", "a b", "reader"]).exits(2).says(&["is not the host of a registry"]);
    place.holdpoint(&["registry", "map", HOST, "nobody"]).exits(2).says(&["no profile `nobody`"]);
    place.holdpoint(&["registry", "map", "public.ecr.aws", "reader"]).exits(2).says(&["without a login"]);
    let other = "222233334444.dkr.ecr.eu-west-1.amazonaws.com";
    place.holdpoint(&["registry", "map", other, "reader"]).exits(0).says(&["222233334444", "111122223333"]);
}

#[test]
fn the_operators_own_docker_is_changed_only_when_asked() {
    let place = Place::new();
    let before = place.own_docker().to_string();
    let file = place.path().join(".docker/config.json");
    let read = || std::fs::read_to_string(&file).unwrap();
    place.holdpoint(&["registry", "install"]).exits(2).says(&["none is mapped"]);
    // Nobody agrees: the difference is shown, nothing is written.
    place.holdpoint(&["registry", "install", HOST]).exits(2).says(&["+", "credHelpers", "--yes"]);
    assert_eq!(read(), before);
    let link = place.path().join("links");
    let link = link.to_str().unwrap();
    let shown = ["registry", "install", HOST, "--yes", "--link", link];
    place.holdpoint(&shown).exits(0).says(&["credHelpers", "docker-credential-holdpoint", "made"]);
    let after: Value = serde_json::from_str(&read()).unwrap();
    assert_eq!(after["credHelpers"], json!({HOST: "holdpoint"}));
    assert_eq!(
        (&after["credsStore"], &after["auths"]),
        (&json!("osxkeychain"), &json!({"other.example": {"auth": "cGxhbjpwbGFudGVkLXdvcmQ="}}))
    );
    assert!(std::path::Path::new(link).join("docker-credential-holdpoint").exists());
    place.holdpoint(&shown).exits(0).says(&["as it should be"]);
    place.holdpoint(&["registry", "uninstall", "--yes"]).exits(0);
    assert_eq!(read(), before);
}
