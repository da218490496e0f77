//! Texts with gaps: where a script names a variable, the step's text gets a template. Until a step is complete, the gap is
//! an expression between two marks that no script holds, so that it can be told from braces that the script has itself.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// A gap that an expression of the plan fills, e.g. `vars.service`.
pub(crate) fn gap(expression: &str) -> String {
    format!("{OPEN}{expression}{CLOSE}")
}

/// Whether a text has a gap.
pub(crate) fn has_gap(text: &str) -> bool {
    text.contains(OPEN)
}

/// Whether a text is one gap and nothing else.
pub(crate) fn is_gap(text: &str) -> bool {
    text.strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix(CLOSE))
        .is_some_and(|inner| !inner.contains([OPEN, CLOSE]))
}

/// The text with each gap filled by what is known of its expression; `None` where one is not known.
pub(crate) fn filled<'v>(text: &str, known: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (inner, following) = after.split_once(CLOSE)?;
        out.push_str(before);
        out.push_str(known(inner)?);
        rest = following;
    }
    out.push_str(rest);
    Some(out)
}

/// Names of the plan variables that the gaps of a text are filled by, in order.
pub(crate) fn gaps_of_variables(text: &str) -> impl Iterator<Item = &str> {
    let gaps = text.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE));
    gaps.filter_map(|(inner, _)| inner.strip_prefix("vars."))
}

/// Whether a text of a script could be taken for one with gaps.
pub(crate) fn is_strange(text: &str) -> bool {
    text.contains([OPEN, CLOSE])
}

/// The text as a plan writes it: gaps as templates, and braces of the script's own so that they stay braces.
pub(crate) fn written(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (before, after) = rest.split_at(at);
        out.push_str(&escaped(before));
        let after = after.strip_prefix(OPEN).unwrap_or(after);
        let (inner, following) = after.split_once(CLOSE).unwrap_or((after, ""));
        out.push_str("{{ ");
        out.push_str(inner);
        out.push_str(" }}");
        rest = following;
    }
    out.push_str(&escaped(rest));
    out
}

/// The same for every text in a value, names of members too.
pub(crate) fn written_in(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(written(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(written_in).collect()),
        Value::Object(map) => Value::Object(written_map(map)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// The same for a mapping.
pub(crate) fn written_map(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().map(|(name, value)| (name, written_in(value))).collect()
}

/// Names of the plan variables that a finished value refers to.
pub(crate) fn variables(value: &impl serde::Serialize) -> BTreeSet<String> {
    let text = serde_json::to_string(value).unwrap_or_default();
    let named = text.split("{{ vars.").skip(1).filter_map(|rest| rest.split_once(" }}"));
    named.map(|(name, _)| name.to_owned()).collect()
}

fn escaped(text: &str) -> String {
    if !(text.contains("{{") || text.contains("{%") || text.contains("{#")) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('{', Some(next @ ('{' | '%' | '#'))) => {
                chars.next();
                out.push_str(&format!("{{{{ '{{{next}' }}}}"));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_become_templates_and_braces_stay() {
        assert_eq!(written(&format!("a-{}:1", gap("vars.b"))), "a-{{ vars.b }}:1");
        let text = written("{{.Architecture}} {% x");
        assert_eq!(text, "{{ '{{' }}.Architecture}} {{ '{%' }} x");
        let back = crate::render(&Value::String(text), &Value::Null).unwrap();
        assert_eq!(back, Value::String("{{.Architecture}} {% x".into()));
    }
}
