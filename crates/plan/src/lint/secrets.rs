//! Secrets in the text of a plan. They are told by their place; no message or excerpt repeats one.

use super::scene::Scene;
use crate::findings::Findings;
use crate::{Severity, Span};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Most places that are told; somebody who pasted a log has seen the point by then.
const MOST: usize = 50;

/// Tokens whose look says all, beside those that are redacted everywhere: long-lived access key ids name who called and
/// stay in logs, but in a plan they come with their secret.
static LOOKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(?:AKIA[A-Z0-9]{16}|glpat-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|AIza[A-Za-z0-9_-]{35}|sk-(?:ant|proj)-[A-Za-z0-9_-]{20,}|hvs\.[A-Za-z0-9_-]{20,}|dop_v1_[a-f0-9]{64}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})\b").ok()
});

/// One of these stands in every text that has one of `LOOKS`.
const BEGINNINGS: [&str; 9] =
    ["AKIA", "glpat-", "npm_", "AIza", "sk-ant-", "sk-proj-", "hvs.", "dop_v1_", "SG."];

/// Beginnings of what is secret whatever stands around it.
const CERTAIN: [&str; 13] = [
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghr_",
    "ghu_",
    "github_pat_",
    "xox",
    "sk_live_",
    "-----BEGIN",
    "IQoJ",
    "FwoG",
    "FQoG",
];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut places: Vec<Range<usize>> = holdpoint_redact::looks_secret(scene.text);
    if BEGINNINGS.iter().any(|start| scene.text.contains(start)) {
        places.extend(LOOKS.iter().flat_map(|looks| looks.find_iter(scene.text)).map(|found| found.range()));
    }
    places.retain(|place| {
        scene
            .text
            .get(place.clone())
            .is_some_and(|text| is_real(text, scene.text.get(place.end..).unwrap_or_default()))
    });
    places.extend(super::prose::passwords(scene.text));
    places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    places.dedup_by(|next, kept| next.start < kept.end);
    findings.hide(&places);
    for place in places.into_iter().take(MOST) {
        let what = scene.text.get(place.clone()).map_or("a secret", name_of);
        findings.add(
            Severity::Warning,
            "secret-in-plan",
            Span::from(place),
            format!("{what} stands in the text of the plan, for everybody who can read it"),
            Some(
                "Revoke it, for it is in the history of the file now. Make it a variable `{ secret: true }`, or read it from Secrets Manager where it is used."
                    .to_owned(),
            ),
            None,
        );
    }
}

fn name_of(text: &str) -> &'static str {
    match text {
        _ if text.starts_with("AKIA") => "an access key of AWS",
        _ if text.starts_with("eyJ") => "a signed token (JWT)",
        _ if text.starts_with("gh") && text.contains('_') => "a token of GitHub",
        _ if text.starts_with("xox") => "a token of Slack",
        _ if text.starts_with("-----BEGIN") => "a private key",
        _ => "what looks like a password or a token",
    }
}

/// Whether it is a secret rather than the name of one, an example, or something that was to be filled in.
fn is_real(text: &str, after: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let example = [
        "example",
        "changeme",
        "change_me",
        "change-me",
        "replace",
        "your",
        "placeholder",
        "redacted",
        "xxxx",
        "****",
        "...",
        "…",
        "todo",
        "dummy",
        "sample",
        "1password",
        "lastpass",
        "bitwarden",
        "keepass",
    ];
    if example.iter().any(|word| lower.contains(word))
        || text.contains(['<', '>', '$', '{', '}', '(', ')', '%'])
        || same_throughout(text)
    {
        return false;
    }
    if CERTAIN.iter().any(|start| text.starts_with(start))
        || LOOKS.as_ref().is_some_and(|looks| looks.is_match(text))
    {
        return true;
    }
    let local = ["@localhost", "@127.0.0.1"].iter().any(|host| after.starts_with(host));
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let signs = text.bytes().any(|byte| b"!@#^&*+=~".contains(&byte));
    // Words with something between them are the name of a secret in a store; a version or an address is none.
    let words = text
        .split(['-', '_', '/', '.', ':'])
        .filter(|word| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()));
    text.len() >= 8
        && letters
        && (digits || signs)
        && words.count() < 2
        && !local
        && !text.starts_with(['/', '.', '~'])
}

fn same_throughout(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| text.bytes().all(|byte| byte == first))
}

#[cfg(test)]
mod tests {
    use super::{LOOKS, is_real};

    #[test]
    fn names_of_secrets_are_none() {
        assert!(LOOKS.is_some());
        for name in [
            "shop/db-password-2",
            "prod-api-token",
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxx1",
            "stored",
            "YOUR_TOKEN_1",
            "00000000",
        ] {
            assert!(!is_real(name, ""), "{name}");
        }
        for secret in ["hunter2hunter2", "Sup3r+Geheim", "ghp_0123456789abcdefghijABCDEFGHIJ"] {
            assert!(is_real(secret, ""), "{secret}");
        }
    }
}
