//! A variables file edited byte by byte: comments, order and layout of what is not set stay.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use holdpoint_plan::kinds::TerraformVars;
use serde_json::{Map, Value};
use std::ops::Range;

/// The text after an edit; the same text where nothing changes.
pub(super) fn edited(text: &str, with: &TerraformVars) -> Result<String, String> {
    // A byte order mark is kept where it is, and is no part of the first name.
    let (mark, body_text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let body = hcl_edit::parser::parse_body(body_text).map_err(|error| error.to_string())?;
    let newline = if body_text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    let mut added = String::new();
    for (name, value) in &with.set {
        check_name(name)?;
        if with.unset.contains(name) {
            return Err(format!("`{name}` is both set and taken away"));
        }
        match body.get_attribute(name) {
            Some(found) if plain(&found.value).as_ref() == Some(value) => {}
            Some(found) => {
                let span = found.value.span().ok_or_else(|| format!("`{name}` has no place in the file"))?;
                splices.push((span, literal(value, 0).replace('\n', newline)));
            }
            None => {
                added.push_str(&format!("{name} = {}{newline}", literal(value, 0).replace('\n', newline)))
            }
        }
    }
    for name in &with.unset {
        if let Some(found) = body.get_attribute(name) {
            let span = found.span().ok_or_else(|| format!("`{name}` has no place in the file"))?;
            splices.push((whole_lines(body_text, &span), String::new()));
        }
    }
    splices.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = body_text.to_owned();
    for (span, new) in splices {
        out.replace_range(span, &new);
    }
    if !added.is_empty() {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(newline);
        }
        out.push_str(&added);
    }
    // What cannot be read back is never written.
    hcl_edit::parser::parse_body(&out).map_err(|error| format!("the edit would break it: {error}"))?;
    Ok(format!("{mark}{out}"))
}

fn check_name(name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    match first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        true => Ok(()),
        false => Err(format!("`{name}` cannot be the name of a variable")),
    }
}

/// An attribute with the end of its line, and its own indentation.
fn whole_lines(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let start = if text[start..span.start].trim().is_empty() { start } else { span.start };
    let end = span.start + text[span.start..span.end].trim_end().len();
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    start..end
}

/// A value as HCL writes it.
pub(crate) fn literal(value: &Value, depth: usize) -> String {
    let inner = "  ".repeat(depth + 1);
    let outer = "  ".repeat(depth);
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) if list.iter().all(|one| !one.is_object() && !one.is_array()) => {
            let all: Vec<String> = list.iter().map(|one| literal(one, depth)).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Array(list) => {
            let all: String =
                list.iter().map(|one| format!("{inner}{},\n", literal(one, depth + 1))).collect();
            format!("[\n{all}{outer}]")
        }
        Value::Object(map) if map.is_empty() => "{}".into(),
        Value::Object(map) => {
            let all: String = map
                .iter()
                .map(|(key, value)| format!("{inner}{} = {}\n", key_of(key), literal(value, depth + 1)))
                .collect();
            format!("{{\n{all}{outer}}}")
        }
    }
}

fn key_of(key: &str) -> String {
    if check_name(key).is_ok() { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A template would begin here: doubled, the sign is itself.
            '$' | '%' if letters.peek() == Some(&'{') => {
                out.push(letter);
                out.push(letter);
            }
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// The plain value of an expression; `None` for what is none.
fn plain(value: &Expression) -> Option<Value> {
    match value {
        Expression::Null(_) => Some(Value::Null),
        Expression::Bool(flag) => Some(Value::Bool(*flag.value())),
        Expression::Number(number) => serde_json::from_str(&number.value().to_string()).ok(),
        Expression::String(text) => Some(Value::String(text.as_str().to_owned())),
        Expression::Array(list) => list.iter().map(plain).collect::<Option<Vec<_>>>().map(Value::Array),
        Expression::Object(object) => {
            let mut map = Map::new();
            for (key, value) in object.iter() {
                let name = match (key.as_ident(), key.as_expr()) {
                    (Some(ident), _) => ident.as_str().to_owned(),
                    (None, Some(Expression::String(text))) => text.as_str().to_owned(),
                    (None, _) => return None,
                };
                map.insert(name, plain(value.expr())?);
            }
            Some(Value::Object(map))
        }
        Expression::StringTemplate(_)
        | Expression::HeredocTemplate(_)
        | Expression::Parenthesis(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::Traversal(_)
        | Expression::UnaryOp(_)
        | Expression::BinaryOp(_)
        | Expression::ForExpr(_) => None,
    }
}

/// Both texts with the values of sensitive variables masked; a changed one still shows that it is.
pub(super) fn masked(before: &str, after: &str, secret: &[String]) -> (String, String) {
    let value = |text: &str, name: &str| -> Option<(Range<usize>, String)> {
        let body = hcl_edit::parser::parse_body(text.trim_start_matches('\u{feff}')).ok()?;
        let offset = text.len() - text.trim_start_matches('\u{feff}').len();
        let span = body.get_attribute(name)?.value.span()?;
        let span = span.start + offset..span.end + offset;
        Some((span.clone(), text.get(span)?.to_owned()))
    };
    let (mut old, mut new) = (before.to_owned(), after.to_owned());
    for name in secret {
        let (was, is) = (value(&old, name), value(&new, name));
        let changed = was.as_ref().map(|(_, text)| text) != is.as_ref().map(|(_, text)| text);
        if let Some((span, _)) = was {
            old.replace_range(span, "\"(sensitive)\"");
        }
        if let Some((span, _)) = is {
            new.replace_range(span, if changed { "\"(sensitive, another)\"" } else { "\"(sensitive)\"" });
        }
    }
    (old, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "# who owns it\nregion = \"eu-west-1\" # pinned\n\nsizes   = [1, 2]\ntags = {\n  team = \"platform\" # us\n}\nurl = \"\"";

    fn edit(text: &str, set: Value, unset: &[&str]) -> Result<String, String> {
        let with: TerraformVars =
            serde_json::from_value(json!({"file": "x.tfvars", "set": set, "unset": unset})).unwrap();
        edited(text, &with)
    }

    #[test]
    fn only_what_is_set_changes() {
        let out = edit(
            FILE,
            json!({"url": "https://api.example/${x}", "sizes": [1, 2], "new": {"a b": true}}),
            &[],
        )
        .unwrap();
        let wanted =
            FILE.replace("url = \"\"", "url = \"https://api.example/$${x}\"\nnew = {\n  \"a b\" = true\n}\n");
        assert_eq!(out, wanted);
        assert_eq!(
            edit(&out, json!({"url": "https://api.example/${x}"}), &[]).unwrap(),
            out,
            "twice is once"
        );
    }

    #[test]
    fn what_is_taken_away_takes_its_lines_and_no_others() {
        let out = edit(FILE, json!({}), &["tags", "absent"]).unwrap();
        assert_eq!(out, FILE.replace("tags = {\n  team = \"platform\" # us\n}\n", ""));
        assert_eq!(edit("a = 1", json!({}), &["a"]).unwrap(), "");
    }

    #[test]
    fn values_come_back_as_they_went_in() {
        for value in [
            json!("quote \" back \\ new\nline %{if} ${a} $ % \u{1} ä"),
            json!([{"a": [1, 2.5, -3]}, {"b": null}]),
            json!({"x-y": {"z": [true, false]}, "1a": "k"}),
            json!(12345678901234567u64),
        ] {
            let out = edit("", json!({ "v": value }), &[]).unwrap();
            let body = hcl_edit::parser::parse_body(&out).unwrap();
            assert_eq!(plain(&body.get_attribute("v").unwrap().value), Some(value), "{out}");
        }
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_stay() {
        let out = edit("\u{feff}a = 1\r\nb = 2\r\n", json!({"a": {"k": 1}, "c": 3}), &[]).unwrap();
        assert_eq!(out, "\u{feff}a = {\r\n  k = 1\r\n}\r\nb = 2\r\nc = 3\r\n");
    }

    #[test]
    fn what_is_no_variables_file_is_left_alone() {
        assert!(edit("a = {{", json!({"a": 1}), &[]).is_err());
        assert!(edit("", json!({"a b": 1}), &[]).is_err());
        assert!(edit("a = 1", json!({"a": 1}), &["a"]).is_err());
    }

    #[test]
    fn sensitive_values_are_masked_and_a_change_of_one_is_seen() {
        let (old, new) = masked("a = \"hush-1\"\nb = 1\n", "a = \"hush-2\"\nb = 1\n", &["a".into()]);
        assert!(!old.contains("hush") && !new.contains("hush"));
        assert_ne!(old, new);
    }
}
