//! The forms in which a value turns up in output: as it is, encoded, escaped, wrapped.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::collections::BTreeSet;

/// A form shorter than this is not looked for: it would strike ordinary words.
const SHORTEST_FORM: usize = 6;
/// A line of a value of several lines is looked for by itself from this length on.
const SHORTEST_LINE: usize = 12;
/// Columns at which `base64`, `openssl` and MIME wrap.
const WRAPS: [usize; 2] = [76, 64];

/// Every form of `value`, each at least [`SHORTEST_FORM`] bytes.
pub(crate) fn of(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    add(&mut forms, value);
    let trimmed = value.trim();
    if trimmed != value {
        add(&mut forms, trimmed);
    }
    if trimmed.contains('\n') {
        forms.insert(trimmed.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes());
        for line in trimmed.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE) {
            add(&mut forms, line);
        }
    }
    forms.retain(|form| form.len() >= SHORTEST_FORM);
    forms
}

fn add(forms: &mut BTreeSet<Vec<u8>>, value: &str) {
    if value.len() < SHORTEST_FORM {
        return;
    }
    forms.insert(value.as_bytes().to_vec());
    for text in escaped(value) {
        forms.insert(text.into_bytes());
    }
    for text in base64(value.as_bytes()) {
        forms.insert(text.into_bytes());
    }
    let hex = |upper: bool| {
        let digit = move |b: &u8| if upper { format!("{b:02X}") } else { format!("{b:02x}") };
        value.as_bytes().iter().map(digit).collect::<String>()
    };
    forms.insert(hex(true).into_bytes());
    forms.insert(hex(false).into_bytes());
}

/// URL, JSON, XML and shell escapes, each as the common writers make them.
fn escaped(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    // RFC 3986's unreserved characters; what encodeURIComponent leaves; what encodeURI leaves.
    for kept in ["-._~", "-._~!'()*", "-._~!'()*;,/?:@&=+$#"] {
        let upper = percent(value, kept, true);
        all.push(upper.replace("%20", "+"));
        all.push(upper);
        all.push(percent(value, kept, false));
    }
    // Some writers escape every byte.
    let every = |upper: bool| {
        let one = move |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
        value.bytes().map(one).collect::<String>()
    };
    all.extend([every(true), every(false)]);
    let json = json(value);
    // A string in a string, as in a policy or a log line that is JSON again.
    let again = self::json(&json);
    all.extend([json.replace('/', "\\/"), ascii_json(&json), json, again]);
    all.push(
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;"),
    );
    all.push(
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;"),
    );
    all.push(value.replace('\'', "'\\''"));
    all.push(value.replace('\'', "'\"'\"'"));
    all
}

fn percent(value: &str, kept: &str, upper: bool) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            text.push(char::from(byte));
        } else if upper {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

/// The inside of the JSON string.
fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As Python (`ensure_ascii`) and Go (HTML-safe) write it: everything beyond ASCII and `< > &` as `\uXXXX`.
fn ascii_json(json: &str) -> String {
    let mut text = String::new();
    for c in json.chars() {
        if c.is_ascii() && !"<>&".contains(c) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// Base64 of the value standing alone, wrapped, and inside a longer text at each of the three alignments.
fn base64(value: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    for engine in [&STANDARD, &URL_SAFE] {
        let alone = engine.encode(value);
        for columns in WRAPS {
            if alone.len() > columns {
                let lines = alone.as_bytes().chunks(columns);
                all.extend(lines.map(|line| String::from_utf8_lossy(line).into_owned()));
            }
        }
        all.push(alone.trim_end_matches('=').to_owned());
        all.push(alone);
        for before in 0..3 {
            let mut padded = vec![0; before];
            padded.extend_from_slice(value);
            let text = engine.encode(&padded);
            // Digits that share bits with what stands before or after the value are not its own.
            let from = [0, 2, 3][before];
            let to = padded.len() * 8 / 6;
            if from < to {
                all.push(text[from..to].to_owned());
            }
        }
    }
    all
}
