//! What curl and wget print of an answer, and what a search through it can want of a check: the body is one thing, the
//! status line and the headers are another.

use super::Call;
use super::flags::Options;
use super::verdict::{Draft, Keep, keep};
use serde_json::{Value, json};

/// What a program prints of an answer, which is what a search after it looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prints {
    Body,
    /// The status line and the headers.
    Head,
    /// Both, the head first.
    HeadAndBody,
    /// The status code and nothing else.
    Code,
    /// Something else, or nothing.
    Other,
}

/// Of curl's options.
pub(crate) fn by_curl(options: &Options) -> Prints {
    let thrown = options.one("--output") == Some("/dev/null");
    // What `--verbose` says comes along where both outputs go into one, and every hop of `--location` has a head of its own.
    let mixed = options.has("--verbose");
    let heads = options.has("--head") || options.has("--include");
    match options.one("--write-out") {
        _ if mixed || (heads && options.has("--location")) => Prints::Other,
        Some(format) if thrown => match format.replace("\\n", "").trim() {
            "%{http_code}" | "%{response_code}" => Prints::Code,
            _ => Prints::Other,
        },
        Some(_) => Prints::Other,
        None if thrown => Prints::Other,
        None if options.has("--head") => Prints::Head,
        None if options.has("--include") => Prints::HeadAndBody,
        None => Prints::Body,
    }
}

/// Of wget's options.
pub(crate) fn by_wget(options: &Options) -> Prints {
    let body = options.one("--output-document") == Some("-");
    match body && !options.has("--spider") && !options.has("--server-response") {
        true => Prints::Body,
        false => Prints::Other,
    }
}

/// What a search after the request wants, where a check can want the same of what is looked through.
pub(crate) fn searched(
    call: &Call<'_, '_>,
    draft: &mut Draft,
    prints: Prints,
    text: &str,
    any_case: bool,
) -> Result<(), Keep> {
    match prints {
        Prints::Body if any_case => keep("it searches the answer without regard to capital letters"),
        Prints::Body => {
            draft.expect.insert("body_contains".into(), json!([text]));
            Ok(())
        }
        Prints::Code => match status_code(text) {
            Some(code) => wants_status(draft, code),
            None => keep("it searches the status code for something that is none"),
        },
        Prints::Head | Prints::HeadAndBody => {
            if let Some(code) = status_line(text) {
                if text.contains('/') {
                    call.values().guess("the version of HTTP is not compared");
                }
                return wants_status(draft, code);
            }
            let Some(name) = text.strip_suffix(':').filter(|name| is_header_name(name)) else {
                return keep("it searches the headers of the answer for a text that is no whole name of one");
            };
            let headers = draft.expect.entry("headers").or_insert_with(|| json!({}));
            if let Some(headers) = headers.as_object_mut() {
                headers.entry(name.to_lowercase()).or_insert(Value::Bool(true));
            }
            Ok(())
        }
        Prints::Other => keep("what it searches is not the answer's body"),
    }
}

/// The command itself says which status it looks for; what a comment says of it must be the same.
fn wants_status(draft: &mut Draft, code: u64) -> Result<(), Keep> {
    match draft.expect.insert("status".into(), code.into()) {
        Some(other) if other != json!(code) => {
            keep("it searches for another status than the text says should come")
        }
        Some(_) | None => Ok(()),
    }
}

fn status_code(text: &str) -> Option<u64> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|code| digits && (100..600).contains(code))
}

/// `HTTP/2 200`, `HTTP/1.1 200 OK`, `200 OK`: a number alone may stand in any header.
fn status_line(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [version, code] if version.starts_with("HTTP/") => status_code(code),
        [version, code, "OK"] if version.starts_with("HTTP/") => {
            status_code(code).filter(|code| *code == 200)
        }
        [code, "OK"] => status_code(code).filter(|code| *code == 200),
        _ => None,
    }
}

fn is_header_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
