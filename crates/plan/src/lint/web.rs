//! What browsers and sign-ins are let do in the end: wildcards that stay, addresses of somebody's own machine.

use super::scene::{Scene, contains_ignoring_case};
use crate::findings::{Findings, short};
use crate::{Severity, Span};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

/// `CORS_ALLOWED_ORIGINS = "…"`, `"AllowedOrigins": ["…"]`, `OKTA_REDIRECT_URI: …`, `Access-Control-Allow-Origin: …`.
static SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)([a-z0-9_.-]*(?:origins?|redirect_?(?:uri|url)s?|callback_?(?:uri|url)s?|cors)[a-z0-9_]*)["']?\s*[:=]\s*([^\n]+)"#).ok()
});

/// Words of `http.check` and of requests, which set nothing.
const ASKED: [&str; 10] = [
    "origin",
    "allow_origin",
    "allow_origin_exactly",
    "origin_refused",
    "redirect_uri_host",
    "redirect_uri",
    "cors",
    "id",
    "access-control-allow-origin",
    "origins",
];

/// A setting as it is written at one place.
struct Setting<'t> {
    value: &'t str,
    at: Range<usize>,
}

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut last: BTreeMap<String, Setting<'_>> = BTreeMap::new();
    for line in lines_about(scene) {
        let written = scene.text.get(line.start..line.end).unwrap_or_default();
        for captures in SETTING.iter().flat_map(|setting| setting.captures_iter(written)) {
            let (Some(name), Some(value)) = (captures.get(1), captures.get(2)) else { continue };
            let key = name.as_str().to_ascii_lowercase();
            // A header of a request, or a word of a check.
            if ASKED.contains(&key.as_str()) || scene.is_local(line.start) {
                continue;
            }
            let at = line.start + name.start()..line.start + name.end();
            // In "**Origins:** https://…" the first asterisks only close what is bold.
            let value = value.as_str().trim();
            let value = value.strip_prefix("** ").unwrap_or(value);
            last.insert(key, Setting { value, at });
        }
    }
    for (name, setting) in last {
        if is_wildcard(setting.value) {
            findings.add(
                Severity::Warning,
                "wildcard-left",
                Span::from(setting.at),
                format!("`{}` ends as a wildcard: any site may use it", short(&name)),
                Some("Write the exact addresses in the last stage, or at least a date and a name for doing so.".to_owned()),
                None,
            );
        } else if is_local(setting.value) {
            findings.add(
                Severity::Warning,
                "localhost-left",
                Span::from(setting.at),
                format!("`{}` still lets somebody's own machine in (`localhost`)", short(&name)),
                Some("Take it out of what is deployed.".to_owned()),
                None,
            );
        }
    }
    left_in_words(scene, findings);
}

/// Lines that have one of the words, each once: few, so that only these are looked at closely.
fn lines_about(scene: &Scene<'_>) -> BTreeSet<Span> {
    let places = ["origin", "redirect", "callback", "cors"]
        .into_iter()
        .flat_map(|word| scene.lower().match_indices(word));
    places.map(|(at, _)| super::deploys::line_of(scene, at)).collect()
}

/// A value that is, or has as one of several, a lone `*`.
fn is_wildcard(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or(value);
    value
        .split([',', '[', ']', '"', '\'', ' ', '`', ';', '}'])
        .any(|one| matches!(one.trim(), "*" | "https://*" | "http://*" | "*://*" | "**"))
        && !value.contains("*/")
}

fn is_local(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or(value);
    ["localhost", "127.0.0.1", "0.0.0.0"].iter().any(|host| contains_ignoring_case(value, host))
}

/// "For now: leave CORS as `*`".
fn left_in_words(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    if !scene.text.contains("`*`") && !scene.text.contains("`\"*\"`") {
        return;
    }
    const STAYS: [&str; 6] = ["leave", "keep", "stays", "stay as", "remain", "for now"];
    let mut start = 0;
    let mut fence = false;
    for line in scene.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        fence ^= line.trim_start().starts_with("```");
        if fence || !(line.contains("`*`") || line.contains("`\"*\"`")) {
            continue;
        }
        let about = contains_ignoring_case(line, "cors")
            || contains_ignoring_case(line, "origin")
            || scene.heading(at).is_some_and(|heading| contains_ignoring_case(&heading.title, "cors"));
        if about && STAYS.iter().any(|word| contains_ignoring_case(line, word)) {
            let offset = line.find("`*`").or_else(|| line.find("`\"*\"`")).unwrap_or(0);
            findings.add(
                Severity::Warning,
                "wildcard-left",
                Span { start: at + offset, end: at + offset + 3 },
                "CORS stays open for any site at the end of this plan",
                Some("Make closing it a step of this plan, or an item with a date and a name.".to_owned()),
                None,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SETTING, is_local, is_wildcard};

    #[test]
    fn a_lone_star_is_a_wildcard() {
        assert!(SETTING.is_some());
        for value in ["\"*\"", "*", "['*']", "https://a.example,*", "*  # for now"] {
            assert!(is_wildcard(value), "{value}");
        }
        for value in
            ["https://a.example", "https://*.a.example", "\"https://a.example\" # was *", "/* none */"]
        {
            assert!(!is_wildcard(value), "{value}");
        }
        assert!(is_local("https://a.example,http://LocalHost:5000") && !is_local("https://a.example"));
    }
}
