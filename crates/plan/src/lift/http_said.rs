//! What a text says of an answer: `# Should return 200 OK`, a JSON body, a header that must be there.

use super::http_status::Statuses;
use super::said::{Said, short};
use serde_json::{Map, Value, json};

/// What was understood.
#[derive(Debug, Default)]
pub(crate) struct Understood {
    pub(crate) expect: Map<String, Value>,
    pub(crate) guessed: Vec<String>,
    /// Whether something was said that was not understood.
    pub(crate) missed: bool,
}

/// Takes statuses out that a request which fails at 400 and more never ends well with; true if no other is wanted.
pub(crate) fn drops_failures(expect: &mut Map<String, Value>) -> bool {
    let Some(status) = expect.get("status") else { return false };
    let codes: Vec<u64> = match status.as_array() {
        Some(list) => list.iter().filter_map(Value::as_u64).collect(),
        None => status.as_u64().into_iter().collect(),
    };
    let good: Vec<u64> = codes.iter().copied().filter(|code| *code < 400).collect();
    let status = match good.as_slice() {
        [] => return true,
        [one] => json!(one),
        many => json!(many),
    };
    expect.insert("status".into(), status);
    false
}

/// The expectation of a request; for a preflight, headers that it grants are told as such.
pub(crate) fn expectation(said: &Said, preflight: bool) -> Understood {
    let mut found = Understood::default();
    if let Some((value, _)) = body(said) {
        let mut left_out = Vec::new();
        if let Some(value) = steady(value, "", &mut left_out) {
            found.expect.insert("json".into(), value);
        }
        for name in left_out {
            found.guessed.push(format!("`{name}` of the answer is another each time, and not compared"));
        }
    }
    let inside = body(said).map(|(_, lines)| lines).unwrap_or_default();
    let mut headers = Map::new();
    let mut statuses = Statuses::default();
    for (at, line) in said.lines.iter().enumerate() {
        if inside.contains(&at) {
            continue;
        }
        let line = line.trim();
        let mut used = line.is_empty() || line.ends_with(':');
        let lower = line.to_lowercase();
        let negated =
            [" not ", "never", "no longer", "n't "].iter().any(|word| format!(" {lower} ").contains(word));
        if negated {
            found.guessed.push(format!("“{}” is not compared", short(line)));
            found.missed = true;
            continue;
        }
        used |= statuses.line(line);
        if let Some((name, value)) = header(line) {
            used = true;
            match (preflight, name.as_str(), value) {
                (true, "access-control-allow-headers", Some(value)) => {
                    let list: Vec<String> = value.split(',').map(|name| name.trim().to_lowercase()).collect();
                    found.expect.insert("allow_headers".into(), json!(list));
                }
                (true, "access-control-allow-origin", Some(value)) => {
                    found.expect.insert("allow_origin".into(), value.into());
                }
                (_, _, Some(value)) => {
                    headers.insert(name, value.into());
                }
                (_, _, None) => {
                    headers.insert(name, true.into());
                }
            }
        }
        if !used {
            found.missed = true;
            found.guessed.push(format!("“{}” is not compared", short(line)));
        }
    }
    if !headers.is_empty() {
        found.expect.insert("headers".into(), headers.into());
    }
    let (statuses, unsure) = statuses.taken();
    if unsure {
        found.missed = true;
        found.guessed.push("which status should come is not said clearly, and not compared".to_owned());
    }
    match statuses.as_slice() {
        [] => {}
        [one] => {
            found.expect.insert("status".into(), (*one).into());
        }
        many => {
            found.expect.insert("status".into(), json!(many));
        }
    }
    found
}

/// `X-RateLimit-Limit header`, `Access-Control-Allow-Headers: X-Sandbox`.
fn header(line: &str) -> Option<(String, Option<String>)> {
    let is_name = |word: &str| {
        word.contains('-')
            && word.len() > 3
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !word.ends_with('-')
    };
    let bare = line.replace(['`', '"'], "");
    if let Some((before, value)) = bare.rsplit_once(": ")
        && let Some(name) = before.split_whitespace().last().filter(|word| is_name(word))
        && !value.trim().is_empty()
    {
        let name = name.to_lowercase();
        let value = value.trim();
        // A type may come with its character set, and what has dots or marks stands for something.
        let loose = name == "content-type"
            || value.contains("...")
            || value.contains(['<', '>', '…', '*']) && value != "*";
        return Some((name, (!loose).then(|| value.to_owned())));
    }
    let lower = bare.to_lowercase();
    if !lower.contains("header") {
        return None;
    }
    let mut names = bare.split_whitespace().filter(|word| is_name(word));
    match (names.next(), names.next()) {
        (Some(name), None) => Some((name.to_lowercase(), None)),
        _ => None,
    }
}

/// The JSON object among the lines, and which lines it stands in.
fn body(said: &Said) -> Option<(Value, Vec<usize>)> {
    let start =
        said.lines.iter().position(|line| line.trim_start().starts_with('{') || line.contains(": {"))?;
    let first = said.lines.get(start)?;
    let mut text = first.get(first.find('{')?..)?.to_owned();
    let mut lines = vec![start];
    for (at, line) in said.lines.iter().enumerate().skip(start).take(200) {
        if at > start {
            text.push('\n');
            text.push_str(line);
            lines.push(at);
        }
        if let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(&text) {
            return Some((value, lines));
        }
    }
    None
}

/// What of an answer is the same each time: no times, ids, dots or placeholders.
fn steady(value: Value, path: &str, left_out: &mut Vec<String>) -> Option<Value> {
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (name, value) in map {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if let Some(value) = is_steady(&name, &value).then_some(value) {
                    if let Some(value) = steady(value, &inner, left_out) {
                        kept.insert(name, value);
                    }
                } else {
                    left_out.push(inner);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(list) => {
            let count = left_out.len();
            let items: Vec<Value> =
                list.into_iter().filter_map(|item| steady(item, path, left_out)).collect();
            // A list must be equal: one with a part left out cannot be compared.
            if left_out.len() > count {
                left_out.push(path.to_owned());
                None
            } else {
                Some(Value::Array(items))
            }
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => Some(other),
    }
}

fn is_steady(name: &str, value: &Value) -> bool {
    let lower = name.to_lowercase();
    let word = [
        "time",
        "timestamp",
        "date",
        "uptime",
        "duration",
        "latency",
        "token",
        "id",
        "uuid",
        "expires",
        "created",
        "updated",
        "count",
        "total",
        "version",
        "commit",
        "sha",
        "build",
        "memory",
        "pid",
        "hostname",
        "elapsed",
    ]
    .iter()
    .any(|word| {
        lower == *word
            || lower.ends_with(&format!("_{word}"))
            || lower.ends_with(&format!("-{word}"))
            || lower.starts_with(&format!("{word}_"))
    }) || ["At", "Id", "Time", "Ms"].iter().any(|end| name.ends_with(end));
    match value {
        Value::String(text) => {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            !word
                && digits < 6
                && !text.contains("...")
                && !text.contains('…')
                && !text.contains(['<', '>'])
                && !text.contains("YOUR_")
        }
        Value::Number(number) => !word && number.as_i64().is_some_and(|number| number.abs() < 1_000_000),
        Value::Null | Value::Bool(_) => true,
        Value::Array(_) | Value::Object(_) => true,
    }
}
