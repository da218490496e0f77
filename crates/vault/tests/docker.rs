//! The docker credential-helper protocol as a table: what comes in, what is understood, what goes out.

use holdpoint_redact::Secret;
use holdpoint_vault::docker::{
    Answer, BadRequest, LONGEST_INPUT, NOT_FOUND, Request, Server, Verb, parse, print, verb,
};
use std::collections::BTreeMap;

#[test]
fn verbs_are_the_only_argument() {
    let table: [(&[&str], Result<Verb, BadRequest>); 12] = [
        (&["get"], Ok(Verb::Get)),
        (&["store"], Ok(Verb::Store)),
        (&["erase"], Ok(Verb::Erase)),
        (&["list"], Ok(Verb::List)),
        (&["version"], Ok(Verb::Version)),
        (&["--version"], Ok(Verb::Version)),
        (&[], Err(BadRequest::Verb)),
        (&["GET"], Err(BadRequest::Verb)),
        (&[""], Err(BadRequest::Verb)),
        (&["get", "registry.example"], Err(BadRequest::Verb)),
        (&["login"], Err(BadRequest::Verb)),
        (&["--help"], Err(BadRequest::Verb)),
    ];
    for (arguments, expected) in table {
        assert_eq!(verb(arguments), expected, "{arguments:?}");
    }
    assert!([Verb::Get, Verb::Store, Verb::Erase].iter().all(|verb| verb.reads_input()));
    assert!(![Verb::List, Verb::Version].iter().any(|verb| verb.reads_input()), "nothing to wait for");
}

const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

#[test]
fn registries_are_understood_however_they_are_written() {
    let table = [
        (ECR.to_owned(), ECR),
        (format!("{ECR}\n"), ECR),
        (format!("  {ECR}\r\n"), ECR),
        (format!("https://{ECR}"), ECR),
        (format!("HTTPS://{}/v2/app?x#y", ECR.to_uppercase()), ECR),
        ("https://index.docker.io/v1/".to_owned(), "index.docker.io"),
        ("http://localhost:5000/".to_owned(), "localhost:5000"),
        ("localhost:5000".to_owned(), "localhost:5000"),
        ("127.0.0.1:65535".to_owned(), "127.0.0.1:65535"),
        ("[::1]:5000".to_owned(), "[::1]:5000"),
        ("[::1]".to_owned(), "[::1]"),
        ("registry_one.example".to_owned(), "registry_one.example"),
    ];
    for (input, host) in table {
        for (verb, name) in [(Verb::Get, "get"), (Verb::Erase, "erase")] {
            let request = parse(verb, input.as_bytes()).unwrap();
            let (Request::Get(server) | Request::Erase(server)) = request else { panic!("{name} {input:?}") };
            assert_eq!(
                server,
                Server { url: input.trim().to_owned(), host: host.to_owned() },
                "{name} {input:?}"
            );
        }
    }
}

#[test]
fn junk_is_refused_in_words_and_never_repeated() {
    let megabyte = vec![b'a'; 1 << 20];
    let just_too_long = vec![b'a'; LONGEST_INPUT + 1];
    let table: [(&[u8], &str); 22] = [
        (b"", "no registry was named"),
        (b" \r\n\t", "no registry was named"),
        (&megabyte, "longer than 65536"),
        (&just_too_long, "longer than 65536"),
        (b"planted\xff\xfe.example", "not UTF-8"),
        (b"planted\0.example", "control characters"),
        (b"planted.example\nother.example", "several lines"),
        (b"planted.example\x1b[2J", "control characters"),
        (b"https://", "no host"),
        (b"https:///v1", "no host"),
        (b"/v1", "no host"),
        (b":5000", "no host"),
        (b"[]:5000", "no host"),
        (b"a:b:5000", "no host"),
        (b"a]b", "no host"),
        (b"ftp://planted.example", "scheme"),
        (b"file:///planted", "scheme"),
        (b"planted.example:0", "port"),
        (b"planted.example:65536", "port"),
        (b"planted.example:", "port"),
        (b"user:planted@registry.example", "characters that no host has"),
        ("plänted.example".as_bytes(), "characters that no host has"),
    ];
    for (input, said) in table {
        for verb in [Verb::Get, Verb::Erase] {
            let error = parse(verb, input).unwrap_err();
            let shown = error.to_string();
            assert!(
                shown.contains(said),
                "{:?}: {shown}",
                String::from_utf8_lossy(&input[..input.len().min(40)])
            );
            assert!(!shown.contains("planted") && !shown.contains(NOT_FOUND), "{shown}");
            let output = print(&Answer::Failed(shown.clone()));
            assert_eq!((output.stdout.expose(), output.code), (format!("{shown}\n").as_bytes(), 1));
        }
    }
}

#[test]
fn a_login_to_store_is_json() {
    let good =
        format!(r#"{{"ServerURL": "https://{ECR}/", "Username": "AWS", "Secret": "planted\n", "New": [1]}}"#);
    let Request::Store { server, username, secret } = parse(Verb::Store, good.as_bytes()).unwrap() else {
        panic!("not a store")
    };
    assert_eq!((server.host.as_str(), username.as_str(), secret.expose()), (ECR, "AWS", "planted\n"));
    assert!(!format!("{:?}", parse(Verb::Store, good.as_bytes()).unwrap()).contains("planted"));
    let empty = format!(r#"{{"ServerURL": "{ECR}", "Username": "AWS"}}"#);
    assert!(parse(Verb::Store, empty.as_bytes()).is_ok(), "an empty secret is one: docker sends it so");

    let table = [
        ("", "no registry"),
        ("planted", "not a JSON object"),
        ("[]", "not a JSON object"),
        (r#"["a.example", "u", "planted"]"#, "not a JSON object"),
        ("null", "not a JSON object"),
        (r#"{"ServerURL": "#, "not a JSON object"),
        (r#"{"ServerURL": 1, "Username": "AWS", "Secret": "planted"}"#, "not a JSON object"),
        (r#"{"ServerURL": "a.example", "Username": "u", "Secret": {"planted": 1}}"#, "not a JSON object"),
        (r#"{"Username": "AWS", "Secret": "planted"}"#, "ServerURL is missing"),
        (r#"{"ServerURL": " ", "Username": "AWS", "Secret": "planted"}"#, "ServerURL is missing"),
        (r#"{"ServerURL": "a.example", "Secret": "planted"}"#, "Username is missing"),
        (r#"{"ServerURL": "a b", "Username": "AWS", "Secret": "planted"}"#, "characters that no host has"),
        (r#"{"serverurl": "a.example", "username": "AWS", "secret": "planted"}"#, "ServerURL is missing"),
    ];
    for (input, said) in table {
        let shown = parse(Verb::Store, input.as_bytes()).unwrap_err().to_string();
        assert!(shown.contains(said) && !shown.contains("planted"), "{input}: {shown}");
    }
    let deep = "[".repeat(LONGEST_INPUT);
    assert!(
        matches!(parse(Verb::Store, deep.as_bytes()), Err(BadRequest::Login(_))),
        "no stack is exhausted"
    );
}

#[test]
fn list_and_version_read_nothing() {
    for junk in [&b""[..], b"\0\xff", &[b'a'; LONGEST_INPUT + 1]] {
        assert!(matches!(parse(Verb::List, junk), Ok(Request::List)));
        assert!(matches!(parse(Verb::Version, junk), Ok(Request::Version)));
    }
}

#[test]
fn answers_are_what_docker_reads() {
    let login = Answer::Login {
        url: format!("https://{ECR}"),
        username: "AWS".to_owned(),
        secret: Secret::new("pl\"ant\\ed é"),
    };
    let output = print(&login);
    assert_eq!(output.code, 0);
    assert!(!format!("{login:?} {output:?}").contains("ant"), "no secret in Debug");
    let read: serde_json::Value = serde_json::from_slice(output.stdout.expose()).unwrap();
    let expected = serde_json::json!({
        "ServerURL": format!("https://{ECR}"), "Username": "AWS", "Secret": "pl\"ant\\ed é",
    });
    assert_eq!(read, expected);
    assert_eq!(output.stdout.expose().iter().filter(|byte| **byte == b'\n').count(), 1, "one line");

    let logins = BTreeMap::from([(ECR.to_owned(), "AWS".to_owned())]);
    let table = [
        (Answer::Done, String::new(), 0),
        (Answer::NotOurs, format!("{NOT_FOUND}\n"), 1),
        (Answer::List(logins), format!("{{\"{ECR}\":\"AWS\"}}\n"), 0),
        (Answer::List(BTreeMap::new()), "{}\n".to_owned(), 0),
        (Answer::Version("holdpoint 0.1.0".to_owned()), "holdpoint 0.1.0\n".to_owned(), 0),
        (
            Answer::Failed("the session\n\tcorp\u{1b} ended".to_owned()),
            "the session corp ended\n".to_owned(),
            1,
        ),
    ];
    for (answer, text, code) in table {
        let output = print(&answer);
        assert_eq!(
            (String::from_utf8_lossy(output.stdout.expose()).as_ref(), output.code),
            (text.as_str(), code)
        );
    }
}

#[test]
fn a_failure_is_never_told_as_not_found() {
    for said in [
        "",
        " \n ",
        NOT_FOUND,
        " credentials not found in native keychain\n",
        "no credentials server URL",
        "no credentials\nusername",
    ] {
        let output = print(&Answer::Failed(said.to_owned()));
        let text = String::from_utf8_lossy(output.stdout.expose()).into_owned();
        assert_eq!(output.code, 1);
        assert!(text.contains("holdpoint doctor"), "{text}");
    }
}
