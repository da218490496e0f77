//! Where a redirect points to, in parts: the authorize URL of a sign-in (OAuth 2.0, RFC 6749 and PKCE, RFC 7636).

use super::exchange::Reply;
use super::judge::of;
use holdpoint_plan::kinds::{HeaderRule, RedirectRule};
use holdpoint_run::Judgement;
use std::collections::BTreeMap;
use url::Url;

/// Parameters whose values are not shown: they are good for a sign-in while it lasts.
const UNSHOWN: &[&str] =
    &["state", "nonce", "code", "code_challenge", "id_token_hint", "login_hint", "request"];

/// Every part that is asked for, with what was found.
pub(crate) fn judge(rule: &RedirectRule, reply: &Reply) -> Vec<Judgement> {
    let location = reply.headers.get("location");
    let url = location.and_then(|location| Url::parse(&reply.url).ok()?.join(location).ok());
    let Some(url) = url.filter(|_| matches!(reply.status, 301 | 302 | 303 | 307 | 308)) else {
        let found =
            format!("status {}{}", reply.status, if location.is_some() { "" } else { ", no location" });
        return vec![of("redirect", "a redirect", found, false)];
    };
    let mut judged = Vec::new();
    let host = url.host_str().unwrap_or_default();
    if let Some(scheme) = &rule.scheme {
        judged.push(of("redirect's scheme", scheme, url.scheme(), url.scheme().eq_ignore_ascii_case(scheme)));
    }
    if let Some(wanted) = &rule.host {
        judged.push(of("redirect's host", wanted, host, host.eq_ignore_ascii_case(wanted)));
    }
    if let Some(path) = &rule.path {
        judged.push(of("redirect's path", path, url.path(), url.path() == path));
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        query.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    for (name, wanted) in &rule.query {
        judged.push(parameter(name, wanted, query.get(name)));
    }
    if let Some(wanted) = &rule.redirect_uri_host {
        judged.push(redirect_uri(wanted, query.get("redirect_uri")));
    }
    if !rule.scopes.is_empty() {
        let found: Vec<&str> =
            query.get("scope").into_iter().flatten().flat_map(|scope| scope.split(' ')).collect();
        let holds = rule.scopes.iter().all(|scope| found.contains(&scope.as_str()));
        let told = if found.is_empty() { "none".to_owned() } else { found.join(" ") };
        judged.push(of("scopes", &rule.scopes.join(" "), told, holds));
    }
    if rule.pkce {
        judged.push(pkce(&query));
    }
    judged
}

fn parameter(name: &str, wanted: &HeaderRule, found: Option<&Vec<String>>) -> Judgement {
    let what = format!("redirect's {name}");
    let told = match found.map(Vec::as_slice) {
        None | Some([]) => "absent".to_owned(),
        Some(_) if UNSHOWN.contains(&name) => "present".to_owned(),
        Some([one]) => one.clone(),
        Some(many) => format!("{} times: {}", many.len(), many.join(", ")),
    };
    match wanted {
        HeaderRule::Present => of(&what, "present", told, found.is_some()),
        HeaderRule::Absent => of(&what, "absent", told, found.is_none()),
        // A parameter that stands twice is read differently by different servers (RFC 6749, 3.1).
        HeaderRule::Is(value) => {
            of(&what, value, told, found.is_some_and(|found| found.as_slice() == std::slice::from_ref(value)))
        }
    }
}

fn redirect_uri(wanted: &str, found: Option<&Vec<String>>) -> Judgement {
    let what = "redirect_uri's host";
    let Some([uri]) = found.map(Vec::as_slice) else {
        return of(what, wanted, "there is not exactly one redirect_uri", false);
    };
    let Some(host) = Url::parse(uri).ok().and_then(|uri| uri.host_str().map(str::to_owned)) else {
        return of(what, wanted, format!("{uri} is no address"), false);
    };
    let holds = host.eq_ignore_ascii_case(wanted);
    let local = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    let told = match (holds, local) {
        (false, true) => format!("{host}: the value of a developer's machine, or a fallback in the code"),
        _ => host,
    };
    of(what, wanted, told, holds)
}

fn pkce(query: &BTreeMap<String, Vec<String>>) -> Judgement {
    let method = query.get("code_challenge_method").map(|method| method.join(", "));
    let challenge = query.get("code_challenge").and_then(|challenge| challenge.first());
    // The challenge of S256 is the base64url of 32 bytes, without padding (RFC 7636, 4.2).
    let whole = challenge.is_some_and(|challenge| {
        challenge.len() == 43
            && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    let told = match (&method, challenge) {
        (_, None) => "no code_challenge".to_owned(),
        (None, Some(_)) => "a code_challenge without a method, which means plain".to_owned(),
        (Some(method), Some(_)) if whole => method.clone(),
        (Some(method), Some(_)) => format!("{method}, with a code_challenge that is no SHA-256"),
    };
    of("PKCE", "S256", told, whole && method.as_deref() == Some("S256"))
}

#[cfg(test)]
mod tests {

    use super::*;
    use serde_json::{Value, json};

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn holds(location: &str, status: u16, rule: Value) -> bool {
        let reply = Reply {
            status,
            headers: [("location".to_owned(), location.to_owned())].into(),
            body: Vec::new(),
            truncated: false,
            redirect_host: None,
            url: "https://api.shop.example/login".into(),
        };
        judge(&serde_json::from_value(rule).unwrap(), &reply).iter().all(|judgement| judgement.holds)
    }

    #[test]
    fn an_authorize_url_is_judged_part_by_part() {
        let url = format!(
            "https://id.example/oauth2/authorize?client_id=shop&redirect_uri=https%3A%2F%2Fapi.shop.example%2Fcallback&\
             scope=openid+email&code_challenge={CHALLENGE}&code_challenge_method=S256&state=x"
        );
        let table = [
            (json!({"host": "ID.example", "path": "/oauth2/authorize", "scheme": "https"}), true),
            (json!({"host": "other.example"}), false),
            (json!({"query": {"client_id": "shop", "state": true, "prompt": false}}), true),
            (json!({"query": {"client_id": "other"}}), false),
            (json!({"query": {"state": false}}), false),
            (json!({"redirect_uri_host": "api.shop.example"}), true),
            (json!({"redirect_uri_host": "app.shop.example"}), false),
            (json!({"scopes": ["email", "openid"], "pkce": true}), true),
            (json!({"scopes": ["profile"]}), false),
        ];
        for (rule, expected) in table {
            assert_eq!(holds(&url, 302, rule.clone()), expected, "{rule}");
        }
        assert!(!holds(&url, 200, json!({"host": "id.example"})), "200 is no redirect");
        assert!(holds("/login?a=1", 303, json!({"host": "api.shop.example", "path": "/login"})), "relative");
    }

    #[test]
    fn a_weak_or_missing_proof_key_does_not_hold() {
        for query in [
            "".to_owned(),
            format!("code_challenge={CHALLENGE}"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            "code_challenge=short&code_challenge_method=S256".to_owned(),
        ] {
            assert!(!holds(&format!("https://id.example/a?{query}"), 302, json!({"pkce": true})), "{query}");
        }
        let twice = "https://id.example/a?client_id=a&client_id=b";
        assert!(!holds(twice, 302, json!({"query": {"client_id": "a"}})));
    }
}
