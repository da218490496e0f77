//! What of a failure is worth recognising it by, and the expression for it.

use crate::{Evidence, Place};
use holdpoint_redact::REDACTED;
use regex::Regex;
use std::sync::LazyLock;

/// Most messages that are offered.
const MOST: usize = 20;

/// Longest message that is kept as an example, in characters.
const LONGEST: usize = 600;

/// How much of a message goes into its expression, in bytes: what stands further back tells little more.
const READ: usize = 240;

/// Least letters that an expression must name: with fewer it would match what it does not know.
const LEAST: usize = 10;

/// A line of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was seen.
    pub place: Place,
    /// The line.
    pub text: String,
}

/// The lines of a failure, the one first that most likely names its cause: the first error of a log, then what AWS or a
/// command said, then what was said of tasks, then the rest.
pub fn messages(evidence: &Evidence) -> Vec<Message> {
    let rank = |place: Place, text: &str| match place {
        Place::Log | Place::Output if TELLING.as_ref().is_some_and(|telling| telling.is_match(text)) => 0,
        Place::ApiError => 1,
        Place::StoppedReason => 2,
        Place::Other => 3,
        Place::Log | Place::Output => 4,
        Place::StopCode | Place::ExitCode => 5,
    };
    let mut lines: Vec<(Place, &str)> = evidence.lines().collect();
    lines.sort_by_key(|(place, text)| rank(*place, text));
    let mut messages: Vec<Message> = Vec::new();
    for (place, text) in lines {
        let text: String = text.chars().take(LONGEST).collect();
        if messages.len() < MOST && !messages.iter().any(|known| known.text == text) {
            messages.push(Message { place, text });
        }
    }
    messages
}

static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)error|exception|fatal|panic|denied|failed|failure|cannot|could not|unable|refused|timed? ?out|not found|invalid|missing")
        .ok()
});

/// An expression for a line: its words as they are, with numbers, ids, ARNs, addresses, times and what was redacted as
/// patterns. `None` when too few words are left to tell it from anything else.
pub fn propose(message: &str) -> Option<String> {
    let tokens = TOKENS.as_ref()?;
    let mut parts: Vec<(bool, String)> = Vec::new();
    for found in tokens.captures_iter(message) {
        let Some(whole) = found.get(0) else { continue };
        if whole.start() > READ {
            break;
        }
        let name = KINDS.iter().find(|(name, _)| found.name(name).is_some());
        parts.push(match name {
            Some((_, pattern)) => (false, (*pattern).to_owned()),
            None if found.name("word").is_some() => word(whole.as_str()),
            None if whole.as_str() == " " => (false, " ".to_owned()),
            None if found.name("space").is_some() => (false, r"\s+".to_owned()),
            None => (false, literal(whole.as_str())),
        });
    }
    // What stands before the first word (a time, a number, a bracket) and after the last one tells nothing.
    let first = parts.iter().position(|(tells, _)| *tells)?;
    let last = parts.iter().rposition(|(tells, _)| *tells)?;
    let parts = parts.get(first..=last)?;
    let letters = |part: &str| part.chars().filter(|letter| letter.is_alphabetic()).count();
    let told: usize = parts.iter().filter(|(tells, _)| *tells).map(|(_, part)| letters(part)).sum();
    (told >= LEAST).then(|| parts.iter().map(|(_, part)| part.as_str()).collect())
}

/// Kinds of text that differ from one failure to the next, and the pattern for each. The names are those of [`TOKENS`].
const KINDS: &[(&str, &str)] = &[
    ("redacted", ".+"),
    ("arn", r#"arn:aws[^\s"',;)\]]*"#),
    ("date", r"\d{4}-\d\d-\d\d[\d:.,TZ+-]*"),
    ("time", r"\d\d?:\d\d:\d\d[\d.,]*"),
    ("uuid", "[0-9a-f-]{36}"),
    ("digest", "sha256:[0-9a-f]+"),
    ("address", r"\d+\.\d+\.\d+\.\d+"),
];

static TOKENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r#"(?x)
        (?P<redacted>{REDACTED})
        |(?P<arn>arn:aws[^\s"',;)\]]+)
        |(?P<date>\d{{4}}-\d\d-\d\d(?:[T]\d\d:\d\d[\d:.,]*(?:Z|[+-]\d\d:?\d\d)?)?)
        |(?P<time>\d\d?:\d\d:\d\d(?:[.,]\d+)?)
        |(?P<uuid>(?-u:\b)[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}(?-u:\b))
        |(?P<digest>sha256:[0-9a-f]{{12,64}})
        |(?P<address>\d{{1,3}}(?:\.\d{{1,3}}){{3}})
        |(?P<word>[\w][\w-]*\w|\w)
        |(?P<space>\s+)
        |(?P<other>.)"#
    ))
    .ok()
});

/// A word: whether it tells something, and its pattern.
fn word(word: &str) -> (bool, String) {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || is_code(word) {
        return (true, literal(word));
    }
    let hex = word.chars().all(|one| one.is_ascii_hexdigit());
    if digits == word.len() {
        return (false, r"\d+".to_owned());
    }
    if hex && word.len() >= 7 {
        return (false, "[0-9a-f]+".to_owned());
    }
    // `subnet-0a1b2c3d4e`, `ecs-svc-99`: the name of the kind, then an id.
    if let Some((kind, id)) = word.split_once('-')
        && !kind.is_empty()
        && kind.chars().all(|one| one.is_ascii_lowercase())
        && id.len() >= 8
        && id.chars().all(|one| one.is_ascii_hexdigit())
    {
        return (true, format!("{kind}-[0-9a-f]+"));
    }
    // Letters and digits mixed, and long: a token, or an id of a kind that we do not know.
    if word.len() >= 16 && digits >= 4 {
        return (false, r"[\w-]+".to_owned());
    }
    let mut pattern = String::new();
    let mut number = false;
    for one in word.chars() {
        match (one.is_ascii_digit(), number) {
            (true, false) => pattern.push_str(r"\d+"),
            (true, true) => {}
            (false, _) => pattern.push_str(&literal(one.encode_utf8(&mut [0; 4]))),
        }
        number = one.is_ascii_digit();
    }
    (word.chars().any(char::is_alphabetic), pattern)
}

/// The text as an expression that people can read: `regex::escape` marks what is special only inside of brackets, too.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if r"\.+*?()|[]{}^$".contains(one) {
            out.push('\\');
        }
        out.push(one);
    }
    out
}

/// `ORA-00942`, `E11000`, `P2021`: the number is the name of the error.
fn is_code(word: &str) -> bool {
    let letters: usize = word.chars().take_while(char::is_ascii_uppercase).count();
    let number = word.get(letters..).unwrap_or_default();
    let number = number.strip_prefix('-').unwrap_or(number);
    (1..=8).contains(&letters)
        && (2..=6).contains(&number.len())
        && number.chars().all(|one| one.is_ascii_digit())
}
