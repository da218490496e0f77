//! What an answer must be, and what it is.

use super::exchange::Reply;
use super::redirect;
use holdpoint_plan::kinds::{HeaderRule, HttpExpect};
use holdpoint_run::Judgement;
use serde_json::Value;
use std::time::Duration;

/// Longest text of an answer that a judgement shows.
const SHOWN: usize = 200;

/// An answer with its time, and the second one where two were asked for.
pub(crate) struct Exchanged {
    pub(crate) reply: Reply,
    pub(crate) took: Duration,
    pub(crate) second: Option<Duration>,
    /// The origin that the request said it came from.
    pub(crate) origin: Option<String>,
}

/// Every expectation with what was found. Request headers are in none of them: they may hold secrets.
pub(crate) fn judge(expect: &HttpExpect, exchanged: &Exchanged) -> Vec<Judgement> {
    let reply = &exchanged.reply;
    let mut judged = vec![status(expect, reply)];
    let text = String::from_utf8_lossy(&reply.body);
    if reply.truncated {
        judged.push(of("body", "at most 1 MiB", "longer: it was not read", false));
    }
    if let Some(wanted) = &expect.json {
        judged.extend(json(wanted, &text));
    }
    for wanted in &expect.body_contains {
        judged.push(of("body contains", wanted, shown(&text), text.contains(wanted.as_str())));
    }
    for unwanted in &expect.body_lacks {
        judged.push(of(
            "body lacks",
            unwanted,
            shown(&text),
            !reply.truncated && !text.contains(unwanted.as_str()),
        ));
    }
    for (name, rule) in &expect.headers {
        judged.push(header(name, rule, reply));
    }
    if let Some(host) = &expect.redirect_host {
        let found = reply.redirect_host.as_deref().unwrap_or("no redirect");
        judged.push(of("redirect goes to", host, found, found.eq_ignore_ascii_case(host)));
    }
    if let Some(origin) = &expect.allow_origin {
        let found = reply.headers.get("access-control-allow-origin").map_or("absent", String::as_str);
        judged.push(of("access-control-allow-origin", origin, found, found == origin || found == "*"));
    }
    if let Some(rule) = &expect.redirect {
        judged.extend(redirect::judge(rule, reply));
    }
    if let Some(origin) = &expect.allow_origin_exactly {
        let found = reply.headers.get("access-control-allow-origin").map_or("absent", String::as_str);
        judged.push(of("access-control-allow-origin", &format!("{origin}, not *"), found, found == origin));
    }
    if expect.origin_refused {
        judged.push(origin_refused(exchanged.origin.as_deref(), reply));
    }
    if !expect.allow_headers.is_empty() {
        judged.push(allow_headers(&expect.allow_headers, reply));
    }
    if let Some(limit) = expect.faster_than {
        judged.push(faster("answer within", limit.get(), Some(exchanged.took)));
    }
    if let Some(limit) = expect.second_faster_than {
        judged.push(faster("second answer within", limit.get(), exchanged.second));
    }
    judged
}

fn status(expect: &HttpExpect, reply: &Reply) -> Judgement {
    let found = reply.status.to_string();
    match &expect.status {
        Some(set) => {
            let wanted: Vec<String> = set.0.iter().map(u16::to_string).collect();
            of("status", &wanted.join(" or "), found, set.0.contains(&reply.status))
        }
        None => of("status", "below 400", found, reply.status < 400),
    }
}

fn json(wanted: &Value, text: &str) -> Vec<Judgement> {
    let found: Value = match serde_json::from_str(text) {
        Ok(found) => found,
        Err(_) => {
            return vec![of("body as JSON", &short(wanted), format!("no JSON: {}", shown(text)), false)];
        }
    };
    let mut differing = Vec::new();
    differences(wanted, &found, String::new(), &mut differing);
    if differing.is_empty() {
        return vec![of("body as JSON", &short(wanted), "contains it", true)];
    }
    let judged = differing.into_iter().map(|(path, wanted, found)| {
        let path = if path.is_empty() { "/".to_owned() } else { path };
        of(&format!("body as JSON, {path}"), &wanted, found, false)
    });
    judged.collect()
}

/// Objects may have more keys; lists and scalars must be equal. Paths are JSON pointers.
fn differences(wanted: &Value, found: &Value, path: String, into: &mut Vec<(String, String, String)>) {
    if let (Value::Object(wanted), Value::Object(found)) = (wanted, found) {
        for (name, wanted) in wanted {
            let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            match found.get(name) {
                Some(found) => differences(wanted, found, path, into),
                None => into.push((path, short(wanted), "absent".into())),
            }
        }
        return;
    }
    if wanted != found && !equal_numbers(wanted, found) {
        into.push((path, short(wanted), short(found)));
    }
}

/// 1 and 1.0 are one number.
fn equal_numbers(a: &Value, b: &Value) -> bool {
    a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b)
}

fn header(name: &str, rule: &HeaderRule, reply: &Reply) -> Judgement {
    let found = reply.headers.get(&name.to_ascii_lowercase());
    let shown = found.map_or("absent".to_owned(), |value| shown(value));
    let what = format!("header {name}");
    match rule {
        HeaderRule::Present => of(&what, "present", shown, found.is_some()),
        HeaderRule::Absent => of(&what, "absent", shown, found.is_none()),
        HeaderRule::Is(wanted) => {
            of(&what, wanted, shown, found.is_some_and(|found| found.trim() == wanted.trim()))
        }
    }
}

/// A browser lets a page of that origin read the answer when the header names it, or is `*`.
fn origin_refused(origin: Option<&str>, reply: &Reply) -> Judgement {
    let Some(origin) = origin else {
        return of(
            "an origin is refused",
            "a request with an origin",
            "none was sent: write `preflight`",
            false,
        );
    };
    let found = reply.headers.get("access-control-allow-origin").map_or("absent", String::as_str);
    let allowed = found == "*" || found.trim().eq_ignore_ascii_case(origin);
    of("access-control-allow-origin", &format!("neither {origin} nor *"), found, !allowed)
}

fn allow_headers(wanted: &[String], reply: &Reply) -> Judgement {
    let found = reply.headers.get("access-control-allow-headers").cloned().unwrap_or_else(|| "absent".into());
    let allowed: Vec<String> = found.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let holds = wanted.iter().all(|name| {
        let name = name.to_ascii_lowercase();
        // The Fetch standard: `*` does not cover Authorization.
        allowed.contains(&name) || (allowed.iter().any(|one| one == "*") && name != "authorization")
    });
    of("access-control-allow-headers", &wanted.join(", "), found, holds)
}

fn faster(what: &str, limit: Duration, took: Option<Duration>) -> Judgement {
    let found =
        took.map_or("not asked: `twice` is wanted".to_owned(), |took| format!("{} ms", took.as_millis()));
    of(what, &format!("{} ms", limit.as_millis()), found, took.is_some_and(|took| took <= limit))
}

pub(super) fn of(what: &str, expected: &str, found: impl Into<String>, holds: bool) -> Judgement {
    Judgement {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.into(),
        holds,
        assumed: false,
    }
}

fn short(value: &Value) -> String {
    shown(&value.to_string())
}

fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn exchanged(status: u16, headers: &[(&str, &str)], body: &str) -> Exchanged {
        Exchanged {
            reply: Reply {
                status,
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect::<BTreeMap<_, _>>(),
                body: body.as_bytes().to_vec(),
                truncated: false,
                redirect_host: None,
                url: "https://api.broker.example/".into(),
            },
            took: Duration::from_millis(40),
            second: None,
            origin: Some("https://evil.example".into()),
        }
    }

    fn broken(expect: Value, exchanged: &Exchanged) -> Vec<String> {
        let expect: HttpExpect = serde_json::from_value(expect).unwrap();
        judge(&expect, exchanged)
            .into_iter()
            .filter(|judged| !judged.holds)
            .map(|judged| judged.what)
            .collect()
    }

    #[test]
    fn judgements() {
        let answer = exchanged(
            200,
            &[("x-ratelimit-limit", "100"), ("access-control-allow-headers", "Authorization, X-A")],
            r#"{"status": "ok", "jobs": {"on": false, "n": 2.0}, "list": [1, 2]}"#,
        );
        let none: Vec<String> = Vec::new();
        assert_eq!(
            broken(json!({"status": [200, 204], "json": {"jobs": {"on": false, "n": 2}}}), &answer),
            none
        );
        assert_eq!(broken(json!({"json": {"jobs": {"on": true}}}), &answer), ["body as JSON, /jobs/on"]);
        assert_eq!(broken(json!({"json": {"list": [1]}}), &answer), ["body as JSON, /list"]);
        assert_eq!(broken(json!({"json": {"a/b": 1}}), &answer), ["body as JSON, /a~1b"]);
        assert_eq!(broken(json!({"headers": {"X-RateLimit-Limit": "100", "Server": false}}), &answer), none);
        assert_eq!(broken(json!({"headers": {"Server": true}}), &answer), ["header Server"]);
        assert_eq!(broken(json!({"allow_headers": ["authorization"]}), &answer), none);
        assert_eq!(
            broken(json!({"allow_origin": "https://app.example"}), &answer),
            ["access-control-allow-origin"]
        );
        assert_eq!(broken(json!({"origin_refused": true}), &answer), none);
        for (allowed, refused, exact) in
            [("*", false, false), ("https://evil.example", false, false), ("https://app.example", true, true)]
        {
            let answer = exchanged(200, &[("access-control-allow-origin", allowed)], "");
            assert_eq!(broken(json!({"origin_refused": true}), &answer).is_empty(), refused, "{allowed}");
            let exactly = json!({"allow_origin_exactly": "https://app.example"});
            assert_eq!(broken(exactly, &answer).is_empty(), exact, "{allowed}");
        }
        assert_eq!(broken(json!({"second_faster_than": "1s"}), &answer), ["second answer within"]);
        assert_eq!(broken(json!({}), &exchanged(500, &[], "")), ["status"]);
    }
}
