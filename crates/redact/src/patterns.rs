//! What is secret by its look: keys, tokens, passwords in assignments and URLs, private keys.
//!
//! Access key ids (AKIA…, ASIA…) stay: they name who called. Sources of the looks: IAM User Guide, "Unique
//! identifiers"; RFC 7519 (JWT), RFC 7468 (PEM), RFC 6750 (Bearer); SigV4's query parameters; docker's config.json.

use crate::redactor::Found;
use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// Cheap words without one of which no rule can apply to a line: looked for in a copy in lower case, because only then
/// does the library compare many bytes at once (its packed search knows no case).
static TRIGGERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build([
            "passw",
            "secret",
            "token",
            "api_key",
            "api-key",
            "apikey",
            "private",
            "bearer",
            "basic",
            "eyj",
            "://",
            "akia",
            "asia",
            "iqojb3jpz2lu",
            "fwogzxivyxdz",
            "fqogzxivyxdz",
            "auth",
            "signature",
            "ghp_",
            "gho_",
            "ghs_",
            "github_pat_",
            "xox",
            "sk_live_",
            "pwd=",
        ])
        .ok()
});

/// Names whose value is secret, whatever stands before them (`DB_PASSWORD`).
const NAMES: &str = r"(?:password|passwd|passphrase|secret_?access_?key|session_?token|security[-_]?token|client_?secret|api[-_]?key|access_?token|refresh_?token|id_?token|auth_?token|bearer_?token|authorization_?token|identity_?token|registry_?token|secret_?string|secret_?key|private_?key|x-amz-signature|github_?token|gitlab_?token|npm_?token|slack_?token)";

/// Rules of one group: the group is what is replaced.
static RULES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // name = value, name: value, "name": "value", also escaped once more; a quoted value may have spaces.
        &format!(
            r#"(?i){NAMES}\\*["']?\s*(?:=>|[:=])\s*(?:"(?P<a>(?:[^"\\]|\\.)+)|\\+"(?P<d>(?:[^"\\]|\\+[^"\\])+)|'(?P<b>[^']+)'|(?P<c>[^\s"'\\,;&{{}}\[\]]{{3,}}))"#
        ),
        r#"(?i)"auth"\s*:\s*"(?P<a>[A-Za-z0-9+/=_-]{4,})""#,
        r#"(?i)\\"auth\\"\s*:\s*\\"(?P<a>[A-Za-z0-9+/=_-]{4,})"#,
        r"(?i)--password[= ](?P<a>\S+)",
        r"(?i)\bpwd=(?P<a>[^\s;&]{3,})",
        r"(?i)\bbearer[ \t]+(?P<a>[A-Za-z0-9._~+/=-]{8,})",
        r#"(?i)authorization\\?["']?\s*[:=]\s*\\?["']?basic[ \t]+(?P<a>[A-Za-z0-9+/=]{4,})"#,
        r"\b(?P<a>eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)+)",
        r"\bA(?:KI|SI)A[A-Z0-9]{12,16}\b[^A-Za-z0-9/+]{1,24}(?P<a>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+]|$)",
        r"(?P<a>(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=_%-]{40,})",
        r"\bSignature=(?P<a>[0-9a-f]{64})",
        r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:(?P<a>[^\s/@]+)@",
        r"\b(?P<a>(?:gh[opsru]_|github_pat_)[A-Za-z0-9_]{20,})",
        r"\b(?P<a>xox[abeoprs]-[A-Za-z0-9-]{10,})",
        r"\b(?P<a>sk_live_[A-Za-z0-9]{10,})",
        r"(?P<a>-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?-----END [A-Z0-9 ]*PRIVATE KEY-----)",
    ]
    .iter()
    .filter_map(|rule| Regex::new(rule).ok())
    .collect()
});

/// How many rules there should be; a test compares.
#[cfg(test)]
pub(crate) const RULE_COUNT: usize = 16;

static SECRET_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(?i)(?:{NAMES}|^auth|^pwd|_pwd|_token|_secret)$")).ok());

/// Where a private key of several lines begins and ends.
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const KEY: &[u8] = b"PRIVATE KEY-----";
/// A key longer than this is none: the rest of the text is not its body.
const LONGEST_KEY: usize = 200;

static BODY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[ \t]*[A-Za-z0-9+/=]+[ \t\r]*$|[A-Za-z0-9+/=]{16,}").ok());

/// Whether a value under this name is secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    SECRET_NAME.as_ref().is_some_and(|rule| rule.is_match(name.as_bytes()))
}

/// What is remembered from line to line: how many lines of a private key may still follow.
#[derive(Default, Clone)]
pub(crate) struct InKey(usize);

impl InKey {
    /// Whether nothing is remembered, and nothing in `text` would be.
    pub(crate) fn is_idle(&self, text: &[u8]) -> bool {
        self.0 == 0 && !contains(text, BEGIN)
    }
}

/// Where a text has what is secret by its look, each place once, in order: for who must say so rather than strike it out.
pub fn looks_secret(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    find(text.as_bytes(), &mut InKey::default(), &mut found);
    let mut places: Vec<Range<usize>> = found.into_iter().map(|found| found.secret).collect();
    places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    places.dedup_by(|next, kept| next.start < kept.end);
    places
}

/// Adds to `found` what looks secret in `text`. A rule never reaches over the end of a line.
pub(crate) fn find(text: &[u8], key: &mut InKey, found: &mut Vec<Found>) {
    let ends_line = |b: &u8| *b == b'\n' || *b == b'\r';
    if let (true, Some(triggers)) = (key.is_idle(text), &*TRIGGERS) {
        // Only lines with a trigger are looked at closely.
        let mut at = 0;
        let lower = text.to_ascii_lowercase();
        while let Some(trigger) = triggers.find(&lower[at..]) {
            let hit = at + trigger.start();
            let start = memchr::memrchr2(b'\n', b'\r', &text[at..hit]).map_or(at, |n| at + n + 1);
            let end = memchr::memchr2(b'\n', b'\r', &text[hit..]).map_or(text.len(), |n| hit + n);
            apply_rules(&text[start..end], start, found);
            at = end;
        }
        return;
    }
    let mut at = 0;
    for line in text.split_inclusive(ends_line) {
        find_in_line(line, at, key, found);
        at += line.len();
    }
}

fn find_in_line(line: &[u8], at: usize, key: &mut InKey, found: &mut Vec<Found>) {
    if key.0 > 0 {
        key.0 -= 1;
        if contains(line, END) {
            key.0 = 0;
        } else if let Some(body) = &*BODY {
            found.extend(
                body.find_iter(line.trim_ascii_end()).map(|m| Found::at(at + m.start()..at + m.end())),
            );
        }
        return;
    }
    if contains(line, BEGIN) && contains(line, KEY) && !contains(line, END) {
        key.0 = LONGEST_KEY;
        return;
    }
    if !triggered(line) && !contains(line, BEGIN) {
        return;
    }
    apply_rules(line, at, found);
}

fn apply_rules(line: &[u8], at: usize, found: &mut Vec<Found>) {
    for rule in RULES.iter() {
        for captures in rule.captures_iter(line) {
            let Some(secret) = secret_of(&captures) else { continue };
            let whole = captures.get_match().range();
            found.push(Found {
                secret: at + secret.start..at + secret.end,
                context: at + whole.start..at + whole.end,
            });
        }
    }
}

/// The group that matched, unless its value is a reference to a secret or a word, and not a secret.
fn secret_of(captures: &Captures<'_>) -> Option<Range<usize>> {
    let value = ["a", "b", "c", "d"].iter().find_map(|group| captures.name(group))?;
    let text = value.as_bytes();
    let references: [&[u8]; 8] =
        [b"arn:aws", b"${", b"$(", b"{{", "‹".as_bytes(), b"/run/secrets/", b"<", b"***"];
    let words: [&[u8]; 6] = [b"null", b"true", b"false", b"none", b"None", b"(sensitive"];
    if references.iter().any(|start| text.starts_with(start)) || words.contains(&text) {
        return None;
    }
    Some(value.range())
}

fn triggered(text: &[u8]) -> bool {
    TRIGGERS.as_ref().is_none_or(|triggers| triggers.is_match(&text.to_ascii_lowercase()))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_compiles() {
        assert_eq!(super::RULES.len(), super::RULE_COUNT);
        assert!(super::SECRET_NAME.is_some() && super::BODY.is_some() && super::TRIGGERS.is_some());
    }
}
