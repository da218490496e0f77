//! Planted secrets in every form, at every split, and ordinary text that must stay as it is.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use holdpoint_redact::{REDACTED, Redactor, Secret};
use serde_json::{Value, json};

const VALUES: [&str; 6] = [
    "hunter2-Planted",
    "p@ss/w0rd+with=odd&chars<>",
    "quote\"back\\slash'tab\tend",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "gültig-🔑-geheim",
    "line one of it\nline two of it\nand a third line",
];

/// The forms as other programs write them, made here by other means than the product's.
fn written(value: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut say = |name: &str, text: String| all.push((name.to_owned(), text));
    say("plain", value.to_owned());
    for (name, engine) in
        [("std", &STANDARD), ("std-", &STANDARD_NO_PAD), ("url", &URL_SAFE), ("url-", &URL_SAFE_NO_PAD)]
    {
        for before in ["", "u", "us", "user:", "AWS:x"] {
            for after in ["", "\n", ";b"] {
                say(
                    &format!("base64 {name} {before}…{after:?}"),
                    engine.encode(format!("{before}{value}{after}")),
                );
            }
        }
    }
    let wrapped = STANDARD.encode(value);
    say("wrapped", wrapped.as_bytes().chunks(76).map(|c| String::from_utf8_lossy(c) + "\n").collect());
    let text = serde_json::to_string(value).unwrap();
    say("json in json", serde_json::to_string(&text).unwrap());
    say("json", text);
    let percent = |kept: &str| -> String {
        let one = |b: u8| {
            let c = char::from(b);
            if b.is_ascii_alphanumeric() || kept.contains(c) { c.to_string() } else { format!("%{b:02X}") }
        };
        value.bytes().map(one).collect()
    };
    say("url", percent("-._~"));
    say("form", percent("-._*").replace("%20", "+"));
    say("hex", value.bytes().map(|b| format!("{b:02x}")).collect());
    all
}

/// The longest run of the value's or a form's own bytes that may be left standing.
fn leaks(out: &str, form: &str) -> bool {
    let form: Vec<char> = form.chars().filter(|c| !c.is_whitespace()).collect();
    let out: String = out.chars().filter(|c| !c.is_whitespace()).collect();
    form.windows(form.len().min(8)).any(|part| out.contains(&part.iter().collect::<String>()))
}

fn in_filter(redactor: &Redactor, text: &[u8], chunk: usize) -> String {
    let mut filter = redactor.filter();
    let mut out = Vec::new();
    for part in text.chunks(chunk) {
        out.extend(filter.push(part));
    }
    out.extend(filter.finish());
    String::from_utf8(out).unwrap()
}

#[test]
fn no_form_of_a_value_gets_through() {
    let secrets = VALUES.map(Secret::new);
    let redactor = Redactor::new(&secrets);
    let mut seen = 0;
    for value in VALUES {
        for (name, form) in written(value) {
            let text = format!("before {form} after\nnext line\n");
            let out = redactor.redact_str(&text);
            // Around base64 in a longer text up to 7 digits stay: those of the bytes before and after.
            let own =
                if name.starts_with("base64") && name != "plain" { middle(&form) } else { form.clone() };
            assert!(!leaks(&out, &own), "{name}: {out}");
            assert!(out.starts_with("before ") && out.ends_with("after\nnext line\n"), "{name}: {out}");
            seen += 1;
        }
    }
    assert!(seen > 390, "{seen}");
}

/// Base64 without what the neighbours share in: eight digits at each end.
fn middle(form: &str) -> String {
    let digits = form.trim_end_matches('=');
    digits[8.min(digits.len() / 2)..digits.len() - 8.min(digits.len() / 2)].to_owned()
}

#[test]
fn no_split_lets_a_value_through() {
    let secrets = VALUES.map(Secret::new);
    let redactor = Redactor::new(&secrets);
    for value in VALUES {
        for (name, form) in written(value) {
            let text = format!("a {form} z");
            let whole = redactor.redact_str(&text).into_owned();
            for at in 0..=text.len() {
                let mut filter = redactor.filter();
                let mut out = filter.push(&text.as_bytes()[..at]);
                out.extend(filter.settle());
                out.extend(filter.push(&text.as_bytes()[at..]));
                out.extend(filter.finish());
                let out = String::from_utf8_lossy(&out).into_owned();
                assert!(!out.contains(value), "{name} at {at}: {out}");
                if !name.starts_with("base64") && name != "wrapped" {
                    assert_eq!(out, whole, "{name} at {at}");
                }
            }
            assert_eq!(in_filter(&redactor, text.as_bytes(), 1), whole, "{name} byte by byte");
        }
    }
}

#[test]
fn colours_inside_a_value_do_not_hide_it() {
    let redactor = Redactor::new(&[Secret::new("hunter2-Planted")]);
    for sequence in
        ["\x1b[31m", "\x1b[0;1;38;5;200m", "\x1b]8;;http://x\x07", "\x1b]8;;http://x\x1b\\", "\x1b(B"]
    {
        let text = format!("x {}{sequence}{} y\n", "hunter2", "-Planted");
        assert_eq!(redactor.redact_str(&text), format!("x {REDACTED} y\n"), "{sequence:?}");
        for chunk in 1..text.len() {
            assert_eq!(
                in_filter(&redactor, text.as_bytes(), chunk),
                format!("x {REDACTED} y\n"),
                "{sequence:?}"
            );
        }
        let plain = format!("no {sequence}secret here\n");
        assert_eq!(in_filter(&redactor, plain.as_bytes(), 3), plain, "sequences stay");
    }
}

#[test]
fn values_that_overlap_leave_nothing() {
    let redactor =
        Redactor::new(&[Secret::new("abcdefXYZ"), Secret::new("XYZuvwxyz"), Secret::new("defXYZu")]);
    assert_eq!(redactor.redact_str("1 abcdefXYZuvwxyz 2"), format!("1 {REDACTED} 2"));
}

#[test]
fn a_value_learned_later_is_known_to_running_filters() {
    let redactor = Redactor::new(&[]);
    let mut filter = redactor.filter();
    assert_eq!(filter.push(b"planted-later\n"), b"planted-later\n");
    assert!(redactor.clone().add(&[Secret::new("planted-later")]));
    assert_eq!(filter.push(b"planted-later\n"), format!("{REDACTED}\n").as_bytes());
    assert!(!redactor.add(&[Secret::new("abc")]), "too short to be looked for, and said so");
    assert_eq!(redactor.redact_str("abcabc"), "abcabc");
    assert!(!format!("{redactor:?} {filter:?} {:?}", Secret::new("planted")).contains("planted"));
}

/// What is secret by its look: in, out.
const LOOKS: &[(&str, &str)] = &[
    ("Authorization: Bearer abcdefghijklmnop.qrs", "Authorization: Bearer ‹redacted›"),
    ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic ‹redacted›"),
    ("DB_PASSWORD=s3cret! next", "DB_PASSWORD=‹redacted› next"),
    ("password: 's3cret with space'", "password: '‹redacted›'"),
    (r#"{"password":"a \" b","port":5432}"#, r#"{"password":"‹redacted›","port":5432}"#),
    (r#"{\"password\": \"s3cret\"}"#, r#"{\"password\": \"‹redacted›\"}"#),
    (
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1",
        "export AWS_SECRET_ACCESS_KEY=‹redacted›",
    ),
    (
        r#""SecretAccessKey": "wJalrXUtnFEMI/K7MDENG","SessionToken": "IQoJ""#,
        r#""SecretAccessKey": "‹redacted›","SessionToken": "‹redacted›""#,
    ),
    ("aws_access_key_id = AKIAIOSFODNN7EXAMPLE", "aws_access_key_id = AKIAIOSFODNN7EXAMPLE"),
    (
        "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY end",
        "AKIAIOSFODNN7EXAMPLE ‹redacted› end",
    ),
    ("x-amz-security-token: FwoGZXIvYXdzEXAMPLE", "x-amz-security-token: ‹redacted›"),
    (
        "GET /?X-Amz-Signature=0123abcd&X-Amz-Date=20300101",
        "GET /?X-Amz-Signature=‹redacted›&X-Amz-Date=20300101",
    ),
    ("GET /?X-Amz-Security-Token=IQoJb3%2F&x=1", "GET /?X-Amz-Security-Token=‹redacted›&x=1"),
    ("postgres://app:s3cret@db.internal:5432/x", "postgres://app:‹redacted›@db.internal:5432/x"),
    (r#"{"auths":{"h":{"auth":"QVdTOnBhc3M="}}}"#, r#"{"auths":{"h":{"auth":"‹redacted›"}}}"#),
    ("docker login --password s3cretvalue host", "docker login --password ‹redacted› host"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N end", "jwt ‹redacted› end"),
    ("key -----BEGIN PRIVATE KEY-----\\nMIIEvQ\\n-----END PRIVATE KEY----- end", "key ‹redacted› end"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\nabcd==\n-----END RSA PRIVATE KEY-----\nafter\n",
        "-----BEGIN RSA PRIVATE KEY-----\n‹redacted›\n‹redacted›\n-----END RSA PRIVATE KEY-----\nafter\n",
    ),
    ("token ghp_0123456789abcdefghijABCDEFGHIJ012345", "token ‹redacted›"),
    // What stays: references, ids, ordinary words, and hashes.
    (
        "\"secret_key\": \"arn:aws:secretsmanager:eu-central-1:111122223333:secret:x\"",
        "\"secret_key\": \"arn:aws:secretsmanager:eu-central-1:111122223333:secret:x\"",
    ),
    ("password = ${var.password}", "password = ${var.password}"),
    ("3 tokens left, basic check, secret created", "3 tokens left, basic check, secret created"),
    (
        "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    (
        "arn:aws:ecs:eu-central-1:111122223333:service/prod/api",
        "arn:aws:ecs:eu-central-1:111122223333:service/prod/api",
    ),
    ("https://api.example.com:8443/health?x=1", "https://api.example.com:8443/health?x=1"),
];

#[test]
fn what_looks_secret_is_and_what_does_not_stays() {
    let redactor = Redactor::new(&[]);
    for (text, expected) in LOOKS {
        assert_eq!(redactor.redact_str(text), *expected, "{text}");
        for chunk in [1, 7, 64] {
            assert_eq!(
                in_filter(&redactor, text.as_bytes(), chunk),
                *expected,
                "{text} in chunks of {chunk}"
            );
        }
    }
}

#[test]
fn values_of_json_are_cleaned_by_name_and_by_content() {
    let redactor = Redactor::new(&[Secret::new("hunter2-Planted"), Secret::new("8675309001")]);
    let cases: [(Value, Value); 5] = [
        (json!({"a": ["x hunter2-Planted"], "n": 1}), json!({"a": [format!("x {REDACTED}")], "n": 1})),
        (json!({"hunter2-Planted": true}), json!({REDACTED: true})),
        (json!({"pin": 8675309001_u64}), json!({"pin": REDACTED})),
        (
            json!({"password": "x", "secret_key": "arn:aws:ssm:…", "port": 1}),
            json!({"password": REDACTED, "secret_key": "arn:aws:ssm:…", "port": 1}),
        ),
        (
            json!([{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "80"}]),
            json!([{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "PORT", "value": "80"}]),
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(redactor.redact_value(value.clone()), expected, "{value}");
    }
}

#[test]
fn bombs_are_held_only_so_far_and_lose_nothing() {
    let redactor = Redactor::new(&[Secret::new("hunter2-Planted")]);
    let line = "x".repeat(5_000_000) + " hunter2-Planted " + &"y".repeat(100_000);
    let expected = line.replace("hunter2-Planted", REDACTED);
    assert!(in_filter(&redactor, line.as_bytes(), 8192) == expected);
    let endless = format!("password={} after", "s".repeat(1_000_000));
    assert_eq!(in_filter(&redactor, endless.as_bytes(), 8192), format!("password={REDACTED} after"));
    let invalid = b"\xff\xfe hunter2-Planted \x80\n";
    let out = redactor.redact_bytes(invalid).into_owned();
    assert_eq!(out, [b"\xff\xfe ", REDACTED.as_bytes(), b" \x80\n"].concat());
    let escape = "\x1b[".repeat(10_000) + "hunter2-Planted";
    assert!(!in_filter(&redactor, escape.as_bytes(), 100).contains("hunter2"));
}

#[test]
fn a_prompt_is_shown_when_the_stream_pauses() {
    let redactor = Redactor::new(&[Secret::new("hunter2-Planted")]);
    let mut filter = redactor.filter();
    assert!(filter.push(b"Proceed? ").is_empty());
    assert_eq!(filter.settle(), b"Proceed? ");
    assert!(filter.push(b"hunter2-").is_empty());
    assert!(filter.settle().is_empty(), "what may be a value stays back");
    assert_eq!(filter.push(b"x\n"), b"hunter2-x\n");
    assert!(filter.push(b"and password=").is_empty());
    assert_eq!(filter.settle(), b"and password=");
    assert!(filter.push(b"s3c").is_empty());
    assert_eq!(
        filter.settle(),
        REDACTED.as_bytes(),
        "what was shown still counts as the beginning of the line"
    );
    assert_eq!(filter.push(b"ret now\n"), b" now\n");
}

/// Numbers without a pattern, the same at every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn five_hundred_values_in_one_torn_and_coloured_stream() {
    let mut numbers = Numbers(7);
    let alphabet: Vec<char> = ('!'..='~').collect();
    let secrets: Vec<String> = (0..500)
        .map(|_| {
            let length = 8 + numbers.next() % 60;
            (0..length).map(|_| alphabet[(numbers.next() % alphabet.len() as u64) as usize]).collect()
        })
        .collect();
    let redactor = Redactor::new(&secrets.iter().map(Secret::new).collect::<Vec<_>>());
    let mut stream = String::new();
    for (i, secret) in secrets.iter().enumerate() {
        let form = match i % 6 {
            0 => secret.clone(),
            1 => STANDARD.encode(secret),
            2 => URL_SAFE_NO_PAD.encode(format!("AWS:{secret}")),
            3 => serde_json::to_string(&json!({ "error": secret })).unwrap(),
            4 => secret.bytes().map(|b| format!("%{b:02X}")).collect(),
            _ => {
                let (head, tail) = secret.split_at(secret.len() / 2);
                format!("{head}\x1b[1;31m{tail}\x1b[0m")
            }
        };
        stream.push_str(&format!("2030-01-01T00:00:00Z step {i} said {form} and went on\n"));
    }
    let mut filter = redactor.filter();
    let mut out = Vec::new();
    let mut rest = stream.as_bytes();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.len().min(1 + (numbers.next() % 40) as usize));
        out.extend(filter.push(part));
        if numbers.next().is_multiple_of(5) {
            out.extend(filter.settle());
        }
        rest = after;
    }
    out.extend(filter.finish());
    let out = String::from_utf8(out).unwrap();
    let bare: String = out.replace("\x1b[1;31m", "").replace("\x1b[0m", "");
    for (i, secret) in secrets.iter().enumerate() {
        assert!(!bare.contains(secret), "value {i} is plain");
        assert!(!bare.contains(&STANDARD.encode(secret)), "value {i} in base64");
        assert!(bare.contains(&format!("step {i} said ")), "the text around value {i} is lost");
    }
    assert_eq!(out.matches(" and went on\n").count(), 500);
    assert!(out.matches(REDACTED).count() >= 500);
}
