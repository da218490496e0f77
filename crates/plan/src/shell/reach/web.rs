//! What a request does, by its method: `curl`, `wget`, HTTPie and their kin.

use super::arguments::{Arguments, unknown};
use super::judge::{Reach, Reached};
use std::borrow::Cow;

pub(super) fn judge(program: &str, arguments: &Arguments) -> Reached {
    let request = match program {
        "curl" => curl(arguments),
        "wget" => wget(arguments),
        "http" | "https" | "xh" => httpie(arguments),
        "aria2c" => Request { method: "GET".into(), writes: true },
        _ => Request { method: "\u{0}".into(), writes: false },
    };
    request.reached()
}

struct Request<'a> {
    method: Cow<'a, str>,
    /// Whether the answer goes into a file.
    writes: bool,
}

impl Request<'_> {
    fn reached(&self) -> Reached {
        let method = self.method.to_ascii_uppercase();
        let (reach, why): (Reach, Cow<'static, str>) = match method.as_str() {
            "GET" | "HEAD" | "OPTIONS" if self.writes => {
                (Reach::Idempotent, "it fetches something into a file".into())
            }
            "GET" | "HEAD" | "OPTIONS" => (Reach::Read, format!("a {method} request only reads").into()),
            "POST" | "PUT" | "PATCH" | "LOCK" | "MKCOL" => {
                (Reach::Change, format!("a {method} request changes something").into())
            }
            "DELETE" | "PURGE" => (Reach::Destroy, format!("a {method} request destroys something").into()),
            _ => (Reach::Unknown, "which request it makes is not known here".into()),
        };
        Reached { reach, why }
    }
}

/// Letters of curl's options that take a value, from its manual.
const CURL_VALUED: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

fn curl(arguments: &Arguments) -> Request<'_> {
    let mut method: Option<Cow<'_, str>> = None;
    let (mut data, mut upload, mut head, mut get, mut writes, mut config) =
        (false, false, false, false, false, false);
    let words = arguments.words();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if let Some(name) = word.strip_prefix("--") {
            let (name, joined) =
                name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
            let next = joined.or_else(|| words.get(at).map(String::as_str));
            match name {
                "request" => method = next.map(Cow::from),
                "head" => head = true,
                "get" => get = true,
                "upload-file" => upload = true,
                "output" => writes |= !screen(next),
                "remote-name" | "remote-name-all" => writes = true,
                "config" => config = true,
                _ => {
                    data |= name == "json"
                        || name == "form"
                        || name == "form-string"
                        || name == "data"
                        || name.starts_with("data-")
                }
            }
            let valued = matches!(
                name,
                "request" | "output" | "upload-file" | "config" | "json" | "form" | "header" | "user" | "url"
            ) || name.starts_with("data");
            at += usize::from(valued && joined.is_none());
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { continue };
        for (place, letter) in letters.char_indices() {
            let valued = CURL_VALUED.contains(letter);
            let joined = letters.get(place + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            let value = joined.or_else(|| words.get(at).map(String::as_str));
            match letter {
                'X' => method = value.map(Cow::from),
                'd' | 'F' => data = true,
                'T' => upload = true,
                'I' => head = true,
                'G' => get = true,
                'o' => writes |= !screen(value),
                'O' => writes = true,
                'K' => config = true,
                _ => {}
            }
            if valued {
                at += usize::from(joined.is_none());
                break;
            }
        }
    }
    let method = method.unwrap_or({
        Cow::Borrowed(match (config, head, get, upload, data) {
            (true, ..) => "\u{0}",
            (_, true, ..) => "HEAD",
            (_, _, true, ..) => "GET",
            (_, _, _, true, _) => "PUT",
            (_, _, _, _, true) => "POST",
            (_, _, _, _, false) => "GET",
        })
    });
    Request { method, writes }
}

fn wget(arguments: &Arguments) -> Request<'_> {
    let posts = ["--post-data", "--post-file"].iter().any(|option| arguments.has(option));
    let method =
        arguments.value("--method").map_or_else(|| if posts { "POST" } else { "GET" }.into(), Cow::from);
    let glued =
        arguments.words().iter().find_map(|word| word.strip_prefix("-qO").filter(|rest| !rest.is_empty()));
    let target = glued
        .or_else(|| arguments.value("-qO"))
        .or_else(|| arguments.value("--output-document"))
        .or_else(|| arguments.value("-O"));
    let writes = !arguments.has("--spider") && !screen(target);
    Request { method, writes }
}

fn httpie(arguments: &Arguments) -> Request<'_> {
    let operands = arguments.operands(&["-a", "--auth", "-o", "--output", "--timeout", "-A", "--session"]);
    let mut words = operands.iter().filter_map(|at| arguments.at(*at));
    let first = words.next().unwrap_or_default();
    let named = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_uppercase());
    let method = if unknown(first) && operands.len() > 1 && !first.contains('/') {
        Cow::Borrowed("\u{0}")
    } else if named {
        Cow::Borrowed(first)
    } else {
        let body = words.any(|word| {
            !word.contains("==") && (word.contains('=') || word.contains(":=") || word.contains('@'))
        });
        Cow::Borrowed(if body { "POST" } else { "GET" })
    };
    let writes = arguments.has("--download")
        || arguments.has("-d")
        || arguments.has("-o")
        || arguments.has("--output");
    Request { method, writes }
}

/// Whether a target of output is no file.
fn screen(target: Option<&str>) -> bool {
    target.is_some_and(|target| target == "-" || target.starts_with("/dev/"))
}
