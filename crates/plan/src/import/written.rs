//! YAML of stages and steps, as a person would write it: short things on one line, long ones below each other.

use serde_json::{Map, Value};

/// Longest line that a mapping or list is put on.
const WIDTH: usize = 110;

/// A fence `yaml <role>` with a mapping, line by line.
pub(super) fn fence(role: &str, map: &Map<String, Value>, ascii: bool) -> Vec<String> {
    let mut lines = vec![format!("```yaml {role}")];
    lines.extend(mapping(map, ascii));
    lines.push("```".to_owned());
    lines
}

/// A mapping, line by line.
pub(super) fn mapping(map: &Map<String, Value>, ascii: bool) -> Vec<String> {
    let mut writer = Writer { lines: Vec::new(), ascii };
    writer.map(map, 0);
    writer.lines
}

struct Writer {
    lines: Vec<String>,
    /// Whether the file's encoding has ASCII only for sure.
    ascii: bool,
}

impl Writer {
    fn map(&mut self, map: &Map<String, Value>, depth: usize) {
        for (key, value) in map {
            let mut lead = "  ".repeat(depth);
            self.scalar_into(key, false, &mut lead);
            lead.push(':');
            self.value(lead, value, depth);
        }
    }

    fn value(&mut self, mut lead: String, value: &Value, depth: usize) {
        let flow = self.flow(value);
        let fits = || lead.chars().count() + 1 + flow.chars().count() <= WIDTH && !is_deep(value);
        match value {
            Value::Object(map) if !map.is_empty() && !fits() => {
                self.lines.push(lead);
                self.map(map, depth + 1);
            }
            Value::Array(items) if !items.is_empty() && !fits() => {
                self.lines.push(lead);
                items.iter().for_each(|item| self.item(item, depth + 1));
            }
            Value::String(text) if self.is_block(text) => {
                lead.push_str(" |-");
                self.lines.push(lead);
                let indent = "  ".repeat(depth + 1);
                for line in text.split('\n') {
                    self.lines.push(if line.is_empty() { String::new() } else { format!("{indent}{line}") });
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                lead.push(' ');
                match value.as_str() {
                    Some(text) => self.scalar_into(text, false, &mut lead),
                    None => lead.push_str(&flow),
                }
                self.lines.push(lead);
            }
        }
    }

    fn item(&mut self, item: &Value, depth: usize) {
        let indent = "  ".repeat(depth);
        let flow = self.flow(item);
        match item {
            Value::Object(map)
                if !map.is_empty() && (indent.len() + 2 + flow.len() > WIDTH || is_deep(item)) =>
            {
                let mark = self.lines.len();
                self.map(map, depth + 1);
                if let Some(first) = self.lines.get_mut(mark) {
                    first.replace_range(indent.len()..indent.len() + 2, "- ");
                }
            }
            Value::String(text) => {
                let text = self.scalar(text, false);
                self.lines.push(format!("{indent}- {text}"));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.lines.push(format!("{indent}- {flow}"));
            }
        }
    }

    /// On one line.
    fn flow(&self, value: &Value) -> String {
        let mut out = String::new();
        self.flow_into(value, &mut out);
        out
    }

    fn flow_into(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => out.push_str(&number.to_string()),
            Value::String(text) => self.scalar_into(text, true, out),
            Value::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    self.flow_into(item, out);
                }
                out.push(']');
            }
            Value::Object(map) if map.is_empty() => out.push_str("{}"),
            Value::Object(map) => {
                for (at, (key, value)) in map.iter().enumerate() {
                    out.push_str(if at == 0 { "{ " } else { ", " });
                    self.scalar_into(key, true, out);
                    out.push_str(": ");
                    self.flow_into(value, out);
                }
                out.push_str(" }");
            }
        }
    }

    fn scalar(&self, text: &str, inside: bool) -> String {
        let mut out = String::new();
        self.scalar_into(text, inside, &mut out);
        out
    }

    fn scalar_into(&self, text: &str, inside: bool, out: &mut String) {
        if is_plain(text, inside) {
            out.push_str(text);
        } else {
            out.push_str(&self.quoted(text));
        }
    }

    fn quoted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                ' '..='~' => out.push(c),
                c if !self.ascii && is_printable(c) => out.push(c),
                c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(c))),
                c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(c))),
                c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            }
        }
        out.push('"');
        out
    }

    /// Texts of several lines that a block shows exactly.
    fn is_block(&self, text: &str) -> bool {
        text.contains('\n')
            && !text.starts_with(char::is_whitespace)
            && !text.ends_with(char::is_whitespace)
            && text.chars().all(|c| c == '\n' || (' '..='~').contains(&c) || (!self.ascii && is_printable(c)))
    }
}

/// Mappings in lists in mappings are read below each other.
fn is_deep(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| depth(item) > 1),
        Value::Object(_) => depth(value) > 2,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// YAML's printable characters beyond ASCII, without those that break lines or turn text.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{200e}' | '\u{200f}'
        )
        && !('\u{202a}'..='\u{202e}').contains(&c)
        && !('\u{2066}'..='\u{2069}').contains(&c)
}

/// Whether YAML reads the text as itself without quotes. Narrower than YAML: what looks like anything else is quoted.
fn is_plain(text: &str, inside: bool) -> bool {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'_'));
    if !starts {
        return bytes.first().is_some_and(u8::is_ascii_digit)
            && text.ends_with(['s', 'm', 'h'])
            && bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b's' | b'm' | b'h' | b'.'));
    }
    let sound = bytes.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'+' | b':' | b'=' | b' ' | b'(' | b')')
            || (!inside && matches!(byte, b',' | b'\'' | b'"'))
    });
    if !sound {
        return false;
    }
    let word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = text.len() <= 5 && word.iter().any(|word| text.eq_ignore_ascii_case(word));
    !word
        && !bytes.windows(2).any(|pair| pair == b": " || pair == b"  ")
        && !matches!(bytes.last(), Some(b':' | b' '))
}

#[cfg(test)]
mod tests {
    use super::fence;
    use serde_json::json;

    #[test]
    fn values_come_back_as_they_were() {
        let value = json!({
            "id": "deploy_api",
            "with": {
                "cluster": "broker", "n": 3, "yes": "yes", "version": "15.12", "empty": "", "list": [], "none": {},
                "template": "{{ vars.x }}", "colon": "a: b", "hash": "a #b", "turned": "a\u{202e}b", "tab": "a\tb",
                "path": "environments/a.tfvars", "url": "https://api.example/x?y=1", "wild": "*", "umlaut": "Größe",
                "account": "012345678901", "long": "x".repeat(140), "quote": "it's \"so\"", "null": "null", "time": "20m..1h30m"
            },
            "text": "one\n\n  two\nthree: 4",
            "after": [
                { "uses": "ecs.wait", "with": { "cluster": "broker", "since": "deploy_api" }, "timeout": "15m" },
                { "uses": "http.check", "with": { "url": "https://x.example" }, "expect": { "status": [200, 204] } }
            ]
        });
        let map = value.as_object().unwrap();
        for ascii in [false, true] {
            let lines = fence("step", map, ascii);
            let text = format!("---\nholdpoint: {{ version: 1 }}\n---\n## A\n\n{}\n", lines.join("\n"));
            let body = crate::mapped::Mapped::at(0);
            let mut body = body;
            let yaml = lines[1..lines.len() - 1].join("\n");
            body.push(&yaml, 0..yaml.len());
            let mut findings = crate::findings::Findings::new(&text);
            let node = crate::yaml::parse(&body, &mut findings).unwrap();
            assert_eq!(node.to_value(), value, "{}", lines.join("\n"));
            assert!(findings.sorted().is_empty());
            assert!(!ascii || text.is_ascii(), "{text}");
        }
    }
}
