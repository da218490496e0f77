//! Rendered values as their kind wants them: a variable given on a command line is text, where a count is wanted.

use super::table::{KindSpec, kind};
use crate::{Action, RenderError, render};
use serde_json::{Map, Value};

/// Renders `with` and `expect` of an action, each scalar as its kind wants it where that loses nothing: `"2"` becomes 2
/// where a number is wanted, 8080 becomes `"8080"` where text is. What does not fit stays as it is, for
/// [`typed`](crate::typed) to refuse by name.
pub fn render_action(action: &Action, context: &Value) -> Result<(Value, Value), RenderError> {
    let (with, expect) = (render(&action.with, context)?, render(&action.expect, context)?);
    Ok(match kind(&action.uses) {
        Some(kind) => fitted(kind, with, expect),
        None => (with, expect),
    })
}

fn fitted(kind: &KindSpec, with: Value, expect: Value) -> (Value, Value) {
    (fit(with, kind.with_schema()), fit(expect, kind.expect_schema()))
}

fn fit(value: Value, schema: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields = branch(schema, "object");
            let inner = |name: &str| {
                let field = fields.get("properties").and_then(|properties| properties.get(name));
                field.or_else(|| fields.get("additionalProperties"))
            };
            let fit_in = |(name, value): (String, Value)| {
                let value = match inner(&name) {
                    Some(schema) => fit(value, schema),
                    None => value,
                };
                (name, value)
            };
            Value::Object(map.into_iter().map(fit_in).collect::<Map<_, _>>())
        }
        Value::Array(list) => match branch(schema, "array").get("items") {
            Some(items) => Value::Array(list.into_iter().map(|item| fit(item, items)).collect()),
            None => Value::Array(list),
        },
        Value::String(text) if !allows(schema, "string") => {
            number_or_flag(&text, schema).unwrap_or(Value::String(text))
        }
        Value::Number(number) if only_text(schema) => Value::String(number.to_string()),
        Value::Bool(flag) if only_text(schema) => Value::String(flag.to_string()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn number_or_flag(text: &str, schema: &Value) -> Option<Value> {
    if allows(schema, "integer") {
        // A leading zero would be lost, so such a text is not taken for a number.
        let number = text.parse::<i64>().ok()?;
        return (number.to_string() == text).then(|| number.into());
    }
    match text {
        "true" if allows(schema, "boolean") => Some(true.into()),
        "false" if allows(schema, "boolean") => Some(false.into()),
        _ => None,
    }
}

/// The part of a schema that is about one type: itself, or a branch of its choices, which may have choices again.
fn branch<'s>(schema: &'s Value, kind: &str) -> &'s Value {
    leaves(schema).into_iter().find(|leaf| names(leaf, kind)).unwrap_or(schema)
}

fn allows(schema: &Value, kind: &str) -> bool {
    leaves(schema).into_iter().any(|leaf| names(leaf, kind))
}

fn leaves(schema: &Value) -> Vec<&Value> {
    match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        Some(branches) => branches.iter().flat_map(leaves).collect(),
        None => vec![schema],
    }
}

fn only_text(schema: &Value) -> bool {
    allows(schema, "string") && !["integer", "number", "boolean"].iter().any(|kind| allows(schema, kind))
}

/// Whether a schema names a type. One that names none takes anything.
fn names(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(many)) => many.iter().any(|one| one == kind),
        _ => match schema.get("enum").or_else(|| schema.get("const")) {
            Some(_) => kind == "string",
            None => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn action(uses: &str, with: Value, expect: Value) -> (Value, Value) {
        let action = Action { uses: uses.to_owned(), with, expect, script: None };
        let context =
            json!({ "vars": { "count": "2", "port": 8080, "flag": "true", "zero": "007", "any": "5" } });
        render_action(&action, &context).unwrap()
    }

    #[test]
    fn scalars_become_what_is_wanted() {
        let (with, _) = action(
            "ecs.deploy",
            json!({ "cluster": "{{ vars.port }}", "service": "{{ vars.count }}", "desired_count": "{{ vars.count }}", "force": "{{ vars.flag }}" }),
            json!({}),
        );
        assert_eq!(with, json!({ "cluster": "8080", "service": "2", "desired_count": 2, "force": true }));
        let (_, expect) = action(
            "http.check",
            json!({}),
            json!({ "status": ["{{ vars.count }}"], "json": { "n": "{{ vars.any }}" }, "headers": { "x": "{{ vars.flag }}" }, "body_contains": ["{{ vars.port }}"] }),
        );
        assert_eq!(
            expect,
            json!({ "status": [2], "json": { "n": "5" }, "headers": { "x": "true" }, "body_contains": ["8080"] })
        );
        let (with, _) = action("shell", json!({ "env": { "A": "{{ vars.port }}" } }), json!({}));
        assert_eq!(with, json!({ "env": { "A": "8080" } }));
        let (with, _) = action("ecs.scale", json!({ "desired_count": "{{ vars.zero }}" }), json!({}));
        assert_eq!(with, json!({ "desired_count": "007" }));
        let (with, _) = action(
            "ecs.register",
            json!({ "definition": { "cpu": "{{ vars.port }}", "n": "{{ vars.any }}" } }),
            json!({}),
        );
        assert_eq!(with, json!({ "definition": { "cpu": 8080, "n": "5" } }));
    }
}
