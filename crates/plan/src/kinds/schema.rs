//! JSON Schema of what stands in a plan's YAML, and the page of kinds, both from the table.

use super::table::{KindSpec, kinds};
use serde_json::{Map, Value, json};

/// JSON Schema (2020-12) of the front matter's `holdpoint`, a `yaml stage` fence and a `yaml step` fence, under `$defs`
/// `holdpoint`, `stage` and `step`. A scalar of `with` and `expect` may be a template wherever it is not text.
pub fn json_schema() -> Value {
    let mut step_kinds = Vec::new();
    let mut reads = Vec::new();
    let mut defs = Map::new();
    for kind in kinds() {
        let name = kind.name.replace('.', "_");
        defs.insert(format!("{name}_with"), loosened(kind.with_schema()));
        defs.insert(format!("{name}_expect"), loosened(kind.expect_schema()));
        let requires = required(kind.with_schema());
        let rule = json!({
            "if": { "properties": { "uses": { "const": kind.name } } },
            "then": {
                "properties": {
                    "with": { "$ref": format!("#/$defs/{name}_with") },
                    "expect": { "$ref": format!("#/$defs/{name}_expect") },
                },
                "required": if requires { vec!["with"] } else { vec![] },
            },
        });
        if !kind.effect.changes() {
            reads.push(kind.name);
        }
        step_kinds.push(rule);
    }
    let names: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
    let action = |uses: &[&str]| {
        json!({
            "uses": { "enum": uses },
            "with": { "type": "object" },
            "expect": { "type": "object" },
        })
    };
    let mut step = action(&names);
    extend(
        &mut step,
        json!({
            "id": { "$ref": "#/$defs/id" },
            "when": { "type": "string", "description": "An expression that decides whether the step runs." },
            "needs": { "type": "array", "items": { "$ref": "#/$defs/id" }, "description": "Steps or stages that must be done before." },
            "effect": { "enum": ["read", "idempotent", "once", "destructive"] },
            "outputs": { "type": "object", "additionalProperties": { "$ref": "#/$defs/output" } },
            "hold": { "$ref": "#/$defs/hold" },
            "estimate": { "$ref": "#/$defs/estimate" },
            "timeout": { "$ref": "#/$defs/duration" },
            "retry": { "type": "integer", "minimum": 0, "maximum": 10 },
            "after": { "type": "array", "items": { "$ref": "#/$defs/check" } },
            "undo": { "$ref": "#/$defs/undo" },
            "schema": object(
                json!({
                    "old_version": { "enum": ["works", "breaks", "unknown"], "description": "Whether the version that ran before works with the schema as it is after; unknown when absent." },
                    "why": { "type": "string", "description": "What changes." },
                }),
                &["why"],
            ),
            "practice": {
                "type": "object",
                "properties": { "command": { "type": "string" }, "skip": { "type": "string" } },
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        }),
    );
    let mut check = action(&reads);
    extend(&mut check, json!({ "timeout": { "$ref": "#/$defs/duration" } }));
    let changes: Vec<&str> =
        kinds().iter().filter(|kind| kind.effect.changes()).map(|kind| kind.name).collect();
    let own = json!({
        "id": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$" },
        "duration": { "type": "string", "pattern": DURATION },
        "estimate": { "type": "string", "pattern": format!("^{0}( ?\\.\\. ?{0})?$", DURATION.trim_matches(['^', '$'])) },
        "output": object(json!({ "secret": { "type": "boolean" }, "pointer": { "type": "string" } }), &[]),
        "hold": object(
            json!({
                "signatures": { "type": "integer", "minimum": 1, "description": "How many different people must sign; 1 when absent." },
                "by_someone_else": { "type": "boolean", "description": "None of them may be who started the run." },
                "by": { "type": "array", "items": { "type": "string" }, "uniqueItems": true, "description": "Of whom the signatures must come; anybody when absent." },
                "covers": { "type": "array", "items": { "type": "string" }, "description": "Expressions whose values a signature covers." },
                "valid": { "$ref": "#/$defs/duration", "description": "How long a signature counts; a day when absent." },
                "break_glass": { "type": "boolean", "description": "Whether one person may pass it in an emergency, with a reason that stays in sight; so when absent." },
            }),
            &[],
        ),
        "check": with_rules(object(check, &["uses"]), &step_kinds),
        "undo": with_rules(object(action(&changes), &["uses"]), &step_kinds),
        "step": with_rules(object(step, &["id", "uses"]), &step_kinds),
        "stage": object(
            json!({
                "id": { "$ref": "#/$defs/id" },
                "role": { "enum": ["before", "deploy", "verify", "after", "rollback", "reference"] },
                "needs": { "type": "array", "items": { "$ref": "#/$defs/id" } },
                "estimate": { "$ref": "#/$defs/estimate" },
                "hold": { "$ref": "#/$defs/hold" },
            }),
            &["id"],
        ),
        "holdpoint": object(
            json!({
                "version": { "const": 1 },
                "title": { "type": "string" },
                "target": object(
                    json!({
                        "account": { "type": "string", "pattern": "^[0-9]{12}$" },
                        "region": { "type": "string" },
                        "role": { "type": "string" },
                    }),
                    &["account", "region"],
                ),
                "vars": {
                    "type": "object",
                    "additionalProperties": object(
                        json!({ "default": true, "secret": { "type": "boolean" }, "description": { "type": "string" } }),
                        &[],
                    ),
                },
                "estimate": { "$ref": "#/$defs/estimate" },
                "together": {
                    "type": "array",
                    "items": object(
                        json!({
                            "steps": { "type": "array", "items": { "$ref": "#/$defs/id" }, "minItems": 2 },
                            "why": { "type": "string", "description": "What must be one." },
                        }),
                        &["steps", "why"],
                    ),
                    "description": "Steps that go back together or not at all.",
                },
            }),
            &["version"],
        ),
    });
    if let Value::Object(own) = own {
        defs.extend(own);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Holdpoint plan, format version 1",
        "type": "object",
        "properties": { "holdpoint": { "$ref": "#/$defs/holdpoint" } },
        "$defs": defs,
    })
}

/// The page of kinds, in Markdown.
pub fn kinds_page() -> String {
    let mut page = String::from(
        "<!-- Generated from crates/plan/src/kinds; `UPDATE=1 cargo test -p holdpoint-plan` writes it. -->\n\n# Kinds of step\n\n\
         What may stand after `uses:`. *Effect* is what repeating a step would do, unless the step states another; *practice* is what\n\
         happens in a practice run. How a plan is written is in [plan-format.md](plan-format.md).\n\n\
         | kind | what it does | effect | practice |\n|---|---|---|---|\n",
    );
    for kind in kinds() {
        page.push_str(&format!(
            "| [`{0}`](#{1}) | {2} | {3} | {4} |\n",
            kind.name,
            kind.name.replace('.', ""),
            kind.doc,
            crate::rules::word(kind.effect),
            kind.practice.as_str(),
        ));
    }
    for kind in kinds() {
        one(&mut page, kind);
    }
    page
}

const DURATION: &str = "^([0-9]+(ms|s|m|h|d))+$";

fn one(page: &mut String, kind: &KindSpec) {
    page.push_str(&format!("\n## {}\n\n{}\n", kind.name, kind.doc));
    let undo = kind.default_undo.unwrap_or(if kind.effect.changes() {
        "must be written"
    } else {
        "nothing to undo"
    });
    page.push_str(&format!(
        "Effect: {}. Undo: {undo}. Practice: {}.",
        crate::rules::word(kind.effect),
        kind.practice.as_str()
    ));
    page.push_str(if kind.takes_script {
        " The code fence after the step is its script.\n"
    } else {
        " A code fence after the step is the command that it replaces.\n"
    });
    fields(page, "with", kind.with_schema());
    fields(page, "expect", kind.expect_schema());
    if !kind.outputs.is_empty() || kind.open_outputs {
        page.push_str("\n| output | |\n|---|---|\n");
        for output in kind.outputs {
            page.push_str(&format!("| `{}` | {} |\n", output.name, output.doc));
        }
        if kind.name == "manual" {
            page.push_str("| each of `fields` | What was entered. |\n");
        } else if kind.family == "terraform" {
            if kind.open_outputs {
                page.push_str("| each Terraform output | Its value; a sensitive one is a secret. |\n");
            }
        } else if kind.open_outputs {
            page.push_str("| each of `outputs` | What the step declares. |\n");
        }
    }
}

fn fields(page: &mut String, title: &str, schema: &Value) {
    let Some(properties) =
        schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty())
    else {
        return;
    };
    page.push_str(&format!("\n| `{title}` | type | |\n|---|---|---|\n"));
    for (name, field) in properties {
        row(page, name, field, schema, 0);
    }
}

fn row(page: &mut String, name: &str, field: &Value, parent: &Value, depth: usize) {
    let needed = parent
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|key| key == name));
    let about = field.get("description").and_then(Value::as_str).unwrap_or("").replace('\n', " ");
    let lead = "&nbsp;&nbsp;".repeat(depth);
    page.push_str(&format!(
        "| {lead}`{name}`{} | {} | {} |\n",
        if needed { " (required)" } else { "" },
        type_of(field),
        about.replace('|', "\\|"),
    ));
    let inner = inner_object(field);
    if depth < 2
        && let Some(properties) = inner.and_then(|inner| inner.get("properties")).and_then(Value::as_object)
    {
        for (name, field) in properties {
            row(page, name, field, inner.unwrap_or(&Value::Null), depth + 1);
        }
    }
}

/// The object in a field: itself, the entry of a list or mapping, or the branch that is not null.
fn inner_object(field: &Value) -> Option<&Value> {
    if field.get("properties").is_some() {
        return Some(field);
    }
    let branches = field.get("anyOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    field
        .get("items")
        .or_else(|| field.get("additionalProperties"))
        .into_iter()
        .chain(branches)
        .find_map(|inner| inner.is_object().then(|| inner_object(inner)).flatten())
}

fn type_of(field: &Value) -> String {
    if field.get("format").and_then(Value::as_str) == Some("holdpoint-duration") {
        return "length of time".to_owned();
    }
    if let Some(branches) = field.get("anyOf").or_else(|| field.get("oneOf")).and_then(Value::as_array) {
        let mut names: Vec<String> = branches
            .iter()
            .map(|branch| match branch.get("const").and_then(Value::as_str) {
                Some(word) => format!("`{word}`"),
                None => type_of(branch),
            })
            .filter(|name| name != "null" && !name.is_empty())
            .collect();
        names.dedup();
        return names.join(" or ");
    }
    let single;
    let types: &[Value] = match field.get("type") {
        Some(Value::Array(many)) => many,
        Some(one) => {
            single = [one.clone()];
            &single
        }
        None => return "anything".to_owned(),
    };
    let names: Vec<String> = types
        .iter()
        .filter_map(|name| match name.as_str()? {
            "string" => Some("text".to_owned()),
            "integer" => Some("whole number".to_owned()),
            "number" => Some("number".to_owned()),
            "boolean" => Some("true or false".to_owned()),
            "object" => match field.get("additionalProperties").filter(|more| more.is_object()) {
                Some(more) => Some(format!("mapping to {}", type_of(more))),
                None => Some("mapping".to_owned()),
            },
            "array" => Some(match field.get("items") {
                Some(items) => format!("list of {}", type_of(items)),
                None => "list".to_owned(),
            }),
            "null" => Some("null".to_owned()),
            _ => None,
        })
        .filter(|name| name != "null" || types.len() == 1)
        .collect();
    names.join(" or ")
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn with_rules(mut schema: Value, rules: &[Value]) -> Value {
    extend(&mut schema, json!({ "allOf": rules }));
    schema
}

fn extend(to: &mut Value, from: Value) {
    if let (Value::Object(to), Value::Object(from)) = (to, from) {
        to.extend(from);
    }
}

fn required(schema: &Value) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

/// The same schema with a template allowed wherever something other than text is wanted.
fn loosened(schema: &Value) -> Value {
    let Value::Object(map) = schema else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in map {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                Value::Object(fields.iter().map(|(name, field)| (name.clone(), or_template(field))).collect())
            }
            ("items" | "additionalProperties", Value::Object(_)) => or_template(value),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}

fn or_template(field: &Value) -> Value {
    let loose = loosened(field);
    let text = match field.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => !field.is_object() || field.as_object().is_some_and(Map::is_empty),
    };
    let narrow = field.get("pattern").is_some();
    if text && !narrow {
        return loose;
    }
    json!({ "anyOf": [loose, { "type": "string", "pattern": "\\{\\{" }] })
}
