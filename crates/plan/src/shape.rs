//! Checks a `with` or an `expect` as written against the JSON Schema of its kind. Any scalar may be a template.

use crate::Span;
use crate::findings::{Findings, did_you_mean, list, near, short};
use crate::kinds::Dur;
use crate::template::is_template;
use crate::yaml::{Kind, Node};
use serde_json::{Map, Value};

/// Reports whatever in the node does not fit. `place` is where to point when the node itself is absent.
pub(crate) fn check(
    node: Option<&Node>,
    schema: &Value,
    name: &str,
    place: Span,
    findings: &mut Findings<'_>,
) {
    let Some(schema) = schema.as_object() else { return };
    match node {
        Some(node) if !matches!(node.kind, Kind::Null) => Shape { findings }.node(node, schema, name),
        Some(_) | None => missing(&[], schema, name, place, findings),
    }
}

struct Shape<'f, 't> {
    findings: &'f mut Findings<'t>,
}

impl Shape<'_, '_> {
    fn node(&mut self, node: &Node, schema: &Map<String, Value>, name: &str) {
        if node.text().is_some_and(is_template) {
            return;
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return self.any_of(node, branches, name);
        }
        if let Some(words) = words(schema) {
            return self.word(node, &words, name);
        }
        let types = types(schema);
        if types.is_empty() {
            return;
        }
        match &node.kind {
            Kind::Null if types.contains(&"null") => {}
            Kind::Map(_) if types.contains(&"object") => self.object(node, schema, name),
            Kind::List(items) if types.contains(&"array") => self.array(node, items, schema, name),
            Kind::Text(text) if types.contains(&"string") => self.text(node, text, schema, name),
            Kind::Bool(_) if types.contains(&"boolean") => {}
            Kind::Number(number, _) if types.contains(&"integer") || types.contains(&"number") => {
                self.number(node, number, schema, name);
            }
            Kind::Null | Kind::Map(_) | Kind::List(_) | Kind::Text(_) | Kind::Bool(_) | Kind::Number(..) => {
                if is_duration(schema) {
                    self.no_duration(node, name);
                } else {
                    self.wrong(node, &types, name);
                }
            }
        }
    }

    fn any_of(&mut self, node: &Node, branches: &[Value], name: &str) {
        let branches: Vec<&Map<String, Value>> = branches.iter().filter_map(Value::as_object).collect();
        if let Some(branch) = branches.iter().find(|branch| accepts(node, branch)) {
            return self.node(node, branch, name);
        }
        if branches.iter().any(|branch| is_duration(branch)) {
            return self.no_duration(node, name);
        }
        let all: Vec<&str> = branches.iter().flat_map(|branch| types(branch)).collect();
        if let Some(branch) = branches.iter().find(|branch| words(branch).is_some()) {
            return self.node(node, branch, name);
        }
        self.wrong(node, &all, name);
    }

    fn word(&mut self, node: &Node, words: &[&str], name: &str) {
        match node.text() {
            Some(text) if words.contains(&text) => {}
            Some(text) => self.findings.error_hint(
                "unknown-word",
                node.span,
                format!("`{}` is no {name}", short(text)),
                did_you_mean(text, words).or_else(|| Some(format!("There are: {}.", list(words)))),
            ),
            None => self.wrong(node, &["string"], name),
        }
    }

    fn object(&mut self, node: &Node, schema: &Map<String, Value>, name: &str) {
        let Kind::Map(entries) = &node.kind else { return };
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let more = schema.get("additionalProperties");
        for entry in entries {
            if let Some(inner) = properties.get(&entry.key) {
                if let Some(inner) = inner.as_object() {
                    self.node(&entry.value, inner, &entry.key);
                }
                continue;
            }
            match more {
                Some(Value::Bool(false)) => {
                    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                    let hint = did_you_mean(&entry.key, &names)
                        .or_else(|| (!names.is_empty()).then(|| format!("There are: {}.", list(&names))));
                    self.findings.error_hint(
                        "unknown-key",
                        entry.key_span,
                        format!("`{}` is no key of {name}", short(&entry.key)),
                        hint,
                    );
                }
                Some(Value::Object(inner)) => self.node(&entry.value, inner, &entry.key),
                _ => {}
            }
        }
        // A misspelt key is one slip, not two: what it was meant to be is not missing as well.
        let names = || properties.keys().map(String::as_str);
        let meant = entries
            .iter()
            .filter(|entry| !properties.contains_key(&entry.key))
            .filter_map(|entry| near(&entry.key, names()));
        let present: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).chain(meant).collect();
        missing(&present, schema, name, node.span, self.findings);
    }

    fn array(&mut self, node: &Node, items: &[Node], schema: &Map<String, Value>, name: &str) {
        if let Some(inner) = schema.get("items").and_then(Value::as_object) {
            for item in items {
                self.node(item, inner, name);
            }
        }
        if schema.get("minItems").and_then(Value::as_u64).is_some_and(|least| (items.len() as u64) < least) {
            self.findings.error("wrong-type", node.span, format!("`{name}` must have at least one entry"));
        }
    }

    fn text(&mut self, node: &Node, text: &str, schema: &Map<String, Value>, name: &str) {
        if is_duration(schema) && text.parse::<Dur>().is_err() {
            self.no_duration(node, name);
        }
    }

    fn no_duration(&mut self, node: &Node, name: &str) {
        self.findings.error_hint(
            "wrong-type",
            node.span,
            format!("`{name}` must be a length of time, and this is {}", node.what()),
            "Write `90s`, `5m` or `1h30m`.".to_owned(),
        );
    }

    fn number(&mut self, node: &Node, number: &serde_json::Number, schema: &Map<String, Value>, name: &str) {
        let whole = types(schema).contains(&"integer") && !types(schema).contains(&"number");
        if whole && number.as_i64().is_none() && number.as_u64().is_none() {
            self.findings.error(
                "wrong-type",
                node.span,
                format!("`{name}` must be a whole number, and this is {number}"),
            );
            return;
        }
        let Some(value) = number.as_f64() else { return };
        let beyond = |key: &str| schema.get(key).and_then(Value::as_f64);
        if let Some(least) = beyond("minimum").filter(|least| value < *least) {
            self.findings.error(
                "out-of-range",
                node.span,
                format!("`{name}` must be at least {least}, and this is {number}"),
            );
        } else if let Some(most) =
            beyond("maximum").or_else(|| format_maximum(schema)).filter(|most| value > *most)
        {
            self.findings.error(
                "out-of-range",
                node.span,
                format!("`{name}` must be at most {most}, and this is {number}"),
            );
        }
    }

    fn wrong(&mut self, node: &Node, types: &[&str], name: &str) {
        let hint = match &node.kind {
            Kind::Number(_, spelling) if types.contains(&"string") => {
                Some(format!("Quote it: \"{}\".", short(spelling)))
            }
            Kind::Bool(value) if types.contains(&"string") => Some(format!("Quote it: \"{value}\".")),
            Kind::Text(text) if types.contains(&"array") => Some(format!("Write `[{}]`.", short(text))),
            Kind::Text(text) if types.contains(&"boolean") => match text.as_str() {
                "yes" | "on" => Some("Write `true`.".to_owned()),
                "no" | "off" => Some("Write `false`.".to_owned()),
                _ => None,
            },
            Kind::Text(text) if types.contains(&"integer") && text.parse::<i64>().is_ok() => {
                Some(format!("Write it without quotes: {text}."))
            }
            Kind::Map(entries) if looks_like_template(entries) => {
                Some("Quote the template: \"{{ … }}\"; without quotes, braces are a YAML mapping.".to_owned())
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(..) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                None
            }
        };
        self.findings.error_hint(
            "wrong-type",
            node.span,
            format!("`{name}` must be {}, and this is {}", wanted(types), node.what()),
            hint,
        );
    }
}

/// `{{ x }}` without quotes is a mapping with a mapping as key, which the reader has dropped.
fn looks_like_template(entries: &[crate::yaml::Entry]) -> bool {
    entries.is_empty()
}

fn missing(
    present: &[&str],
    schema: &Map<String, Value>,
    name: &str,
    place: Span,
    findings: &mut Findings<'_>,
) {
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for key in required.iter().filter_map(Value::as_str).filter(|key| !present.contains(key)) {
        let about = schema
            .get("properties")
            .and_then(|properties| properties.get(key)?.get("description")?.as_str())
            .map(|about| format!("`{key}`: {}", about.replace('\n', " ")));
        findings.error_hint("missing-key", place, format!("{name} has no `{key}`"), about);
    }
}

fn is_duration(schema: &Map<String, Value>) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("holdpoint-duration")
}

fn accepts(node: &Node, schema: &Map<String, Value>) -> bool {
    if words(schema).is_some() {
        return node.text().is_some();
    }
    let types = types(schema);
    let wanted: &[&str] = match &node.kind {
        Kind::Null => &["null"],
        Kind::Bool(_) => &["boolean"],
        Kind::Number(..) => &["integer", "number"],
        Kind::Text(_) => &["string"],
        Kind::List(_) => &["array"],
        Kind::Map(_) => &["object"],
    };
    types.is_empty() || types.iter().any(|kind| wanted.contains(kind))
}

fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Words of an enum, documented (`oneOf` of constants) or not.
fn words(schema: &Map<String, Value>) -> Option<Vec<&str>> {
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return Some(list.iter().filter_map(Value::as_str).collect());
    }
    let branches = schema.get("oneOf").and_then(Value::as_array)?;
    branches.iter().map(|branch| branch.get("const").and_then(Value::as_str)).collect()
}

fn wanted(types: &[&str]) -> String {
    let mut names: Vec<&str> = types
        .iter()
        .filter_map(|kind| match *kind {
            "string" => Some("text"),
            "integer" => Some("a whole number"),
            "number" => Some("a number"),
            "boolean" => Some("true or false"),
            "array" => Some("a list"),
            "object" => Some("a mapping"),
            _ => None,
        })
        .collect();
    names.dedup();
    names.join(" or ")
}

/// schemars says the width of an integer by its format.
fn format_maximum(schema: &Map<String, Value>) -> Option<f64> {
    match schema.get("format").and_then(Value::as_str)? {
        "uint8" => Some(f64::from(u8::MAX)),
        "uint16" => Some(f64::from(u16::MAX)),
        "uint32" => Some(f64::from(u32::MAX)),
        "int32" => Some(f64::from(i32::MAX)),
        _ => None,
    }
}
