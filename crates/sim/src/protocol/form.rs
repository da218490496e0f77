//! `application/x-www-form-urlencoded`, of bodies and of query strings.

use serde_json::{Map, Value, json};

/// The fields as an object of strings; the last of a name counts.
pub(crate) fn fields(body: &str) -> Value {
    let mut fields = Map::new();
    for pair in body.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.insert(decoded(name), json!(decoded(value)));
    }
    Value::Object(fields)
}

/// Percent-encodes everything but unreserved characters.
pub(crate) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Undoes percent-encoding, with `+` as a space.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        match escape {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_survive_the_round_trip() {
        for text in ["", "a b+c&d=e%", "http://127.0.0.1:80/oauth/callback?x=ü"] {
            assert_eq!(fields(&format!("k={}", encoded(text)))["k"], text);
        }
        assert_eq!(fields("a=1&a=%4&b"), json!({"a": "%4", "b": ""}));
    }
}
