//! Values of a Terraform file, by path.

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Body;
use serde_json::{Map, Number, Value};

/// Deepest nesting that is read: the parser recurses.
const DEEPEST: usize = 100;

/// Reads a file.
pub(crate) fn parse(text: &str) -> Result<Body, String> {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
    }
    hcl_edit::parser::parse_body(text).map_err(|error| error.to_string())
}

/// Splits a path at its dots; a segment with dots stands in quotes: `resource.aws_route53_record."a.example".ttl`.
pub(crate) fn segments(path: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for c in path.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => found.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    found.push(word);
    if quoted || found.iter().any(String::is_empty) {
        return Err(format!("`{path}` is no path: write `resource.aws_db_instance.main.engine_version`"));
    }
    Ok(found)
}

/// Every value that stands at a path: blocks of one name may be there more than once.
pub(crate) fn at(body: &Body, path: &[String]) -> Vec<Value> {
    let Some((first, rest)) = path.split_first() else { return vec![Value::Bool(true)] };
    let mut found: Vec<Value> = body
        .get_attribute(first)
        .into_iter()
        .filter_map(|attribute| inside(&value(&attribute.value), rest))
        .collect();
    let blocks: Vec<_> = body.get_blocks(first).collect();
    // A number chooses among blocks of one name that have no labels.
    if let Some((number, after)) = rest.split_first()
        && let Ok(number) = number.parse::<usize>()
    {
        found.extend(blocks.get(number).into_iter().flat_map(|block| at(&block.body, after)));
        return found;
    }
    for block in blocks {
        let labels = block.labels.len();
        let named = rest
            .get(..labels)
            .is_some_and(|names| names.iter().zip(&block.labels).all(|(name, label)| name == label.as_str()));
        if named {
            found.extend(at(&block.body, rest.get(labels..).unwrap_or_default()));
        }
    }
    found
}

fn inside(value: &Value, path: &[String]) -> Option<Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value.clone()) };
    let next = match value {
        Value::Object(members) => members.get(first),
        Value::Array(items) => first.parse::<usize>().ok().and_then(|at| items.get(at)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    inside(next?, rest)
}

/// Literals as what they are; everything else as it is written.
fn value(expression: &Expression) -> Value {
    match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(flag) => Value::Bool(*flag.value()),
        Expression::Number(number) => {
            let number = number.value();
            let whole = number.as_i64().map(Number::from);
            whole.or_else(|| Number::from_f64(number.as_f64()?)).map_or(Value::Null, Value::Number)
        }
        Expression::String(text) => Value::String(text.value().clone()),
        Expression::Array(items) => items.iter().map(value).collect(),
        Expression::Object(members) => {
            let pairs = members.iter().map(|(name, member)| (key(name), value(member.expr())));
            Value::Object(pairs.collect::<Map<_, _>>())
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
        | Expression::ForExpr(_) => written(expression),
    }
}

fn key(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(text)) => text.value().clone(),
        ObjectKey::Expression(other) => other.to_string().trim().to_owned(),
    }
}

fn written(expression: &Expression) -> Value {
    let text = expression.to_string();
    Value::String(text.trim().trim_matches('"').to_owned())
}
