//! A little SQL: `SELECT` of columns, of one table or view of the catalogue, with conditions joined by `AND`, an order, a
//! limit and an offset. What goes beyond that is refused by name, and what a database would refuse is refused in its words.

mod reader;

use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::catalogue::{Engine, Table, columns_of};
use crate::aws_error::AwsError;
use crate::behaviour::glob;
use reader::{Condition, Item, Operand, Test, Word};

/// What a statement gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// A column of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) kind: &'static str,
}

impl Column {
    pub(crate) fn is_number(&self) -> bool {
        self.kind == "int8"
    }

    /// The number of its type in JDBC.
    pub(crate) fn number(&self) -> i32 {
        if self.is_number() { -5 } else { 12 }
    }
}

/// A relation that is selected from.
struct Relation {
    name: String,
    columns: Vec<String>,
    rows: Vec<BTreeMap<String, Value>>,
}

/// Runs one statement. `schema` is where a table without a schema is looked for.
pub(crate) fn run(
    sql: &str,
    engine: Engine,
    tables: &[&Table],
    schema: Option<&str>,
    values: &Map<String, Value>,
) -> Result<Outcome, AwsError> {
    let query = reader::read(sql)?;
    let relation = match &query.from {
        Some(from) => relation(from, engine, tables, schema)?,
        None => Relation { name: String::new(), columns: Vec::new(), rows: vec![BTreeMap::new()] },
    };
    let known = |word: &Word| match relation.columns.contains(&word.text) {
        true => Ok(()),
        false => Err(no_column(engine, word)),
    };
    for condition in &query.conditions {
        known(&condition.column)?;
    }
    let mut rows = Vec::new();
    for row in relation.rows {
        let mut fits = true;
        for condition in &query.conditions {
            fits &= holds(condition, &row, values)?;
        }
        if fits {
            rows.push(row);
        }
    }
    for (word, descending) in query.order.iter().rev() {
        let by = match word.text.parse::<usize>() {
            Ok(place) => match query.items.get(place.saturating_sub(1)) {
                Some(Item::Column { word, .. }) => word.text.clone(),
                _ => {
                    return Err(AwsError::not_implemented(
                        "rds-data",
                        "ExecuteStatement of such an ORDER BY",
                    ));
                }
            },
            Err(_) => {
                known(word)?;
                word.text.clone()
            }
        };
        rows.sort_by(|a, b| {
            let order = compared(a.get(&by), b.get(&by));
            if *descending { order.reverse() } else { order }
        });
    }
    let names = |items: &[Item]| -> Vec<Column> {
        let column = |name: &str, kind| Column { name: name.to_owned(), table: relation.name.clone(), kind };
        items
            .iter()
            .flat_map(|item| match item {
                Item::All => relation.columns.iter().map(|name| column(name, "text")).collect(),
                Item::Count { label } => vec![column(label, "int8")],
                Item::Column { label, .. } => vec![column(label, "text")],
                Item::Value { label, value } => {
                    vec![column(label, if value.is_number() { "int8" } else { "text" })]
                }
            })
            .collect()
    };
    for item in &query.items {
        if let Item::Column { word, .. } = item {
            known(word)?;
        }
    }
    let columns = names(&query.items);
    let counts = query.items.iter().any(|item| matches!(item, Item::Count { .. }));
    let picked: Vec<Vec<Value>> = if counts {
        if query.items.len() > 1 {
            return Err(AwsError::not_implemented("rds-data", "ExecuteStatement of COUNT beside a column"));
        }
        vec![vec![json!(rows.len())]]
    } else {
        rows.iter().map(|row| pick(&query.items, &relation.columns, row)).collect()
    };
    let rows = picked.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).collect();
    Ok(Outcome { columns, rows })
}

fn pick(items: &[Item], columns: &[String], row: &BTreeMap<String, Value>) -> Vec<Value> {
    let of = |name: &str| row.get(name).cloned().unwrap_or_default();
    items
        .iter()
        .flat_map(|item| match item {
            Item::All => columns.iter().map(|name| of(name)).collect(),
            Item::Count { .. } => Vec::new(),
            Item::Column { word, as_text: true, .. } => vec![match of(&word.text) {
                value @ (Value::String(_) | Value::Null) => value,
                other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    json!(other.to_string())
                }
            }],
            Item::Column { word, .. } => vec![of(&word.text)],
            Item::Value { value, .. } => vec![value.clone()],
        })
        .collect()
}

fn relation(
    from: &[Word],
    engine: Engine,
    tables: &[&Table],
    schema: Option<&str>,
) -> Result<Relation, AwsError> {
    let (of, name) = match from {
        [name] => (None, name),
        [of, name] => (Some(of.text.as_str()), name),
        _ => return Err(AwsError::not_implemented("rds-data", "ExecuteStatement FROM such a name")),
    };
    if of.is_some_and(|of| of.eq_ignore_ascii_case("information_schema")) {
        let view = name.text.to_lowercase();
        let Some(columns) = columns_of(&view, engine) else {
            let what = format!("ExecuteStatement FROM information_schema.{view}");
            return Err(AwsError::not_implemented("rds-data", &what));
        };
        let rows = match view.as_str() {
            "columns" => tables.iter().flat_map(|table| table.in_columns(engine)).collect(),
            _ => tables.iter().map(|table| table.in_tables()).collect(),
        };
        return Ok(Relation { name: view, columns: columns.into_iter().map(str::to_owned).collect(), rows });
    }
    let of = of.or(schema).unwrap_or("public");
    let found = tables.iter().find(|table| {
        table.name == name.text && (table.schema == of || engine == Engine::Mysql && from.len() == 1)
    });
    let Some(table) = found else {
        let whole = from.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(".");
        let at = from.first().map_or(0, |word| word.at);
        return Err(AwsError::new(
            "DatabaseErrorException",
            match engine {
                Engine::Postgres => {
                    format!("ERROR: relation \"{whole}\" does not exist; Position: {at}; SQLState: 42P01")
                }
                Engine::Mysql => {
                    format!("Table '{of}.{}' doesn't exist; Error code: 1146; SQLState: 42S02", name.text)
                }
            },
        ));
    };
    Ok(Relation {
        name: table.name.clone(),
        columns: table.columns.keys().cloned().collect(),
        rows: table.rows.clone(),
    })
}

fn no_column(engine: Engine, word: &Word) -> AwsError {
    let (name, at) = (&word.text, word.at);
    AwsError::new(
        "DatabaseErrorException",
        match engine {
            Engine::Postgres => {
                format!("ERROR: column \"{name}\" does not exist; Position: {at}; SQLState: 42703")
            }
            Engine::Mysql => {
                format!("Unknown column '{name}' in 'field list'; Error code: 1054; SQLState: 42S22")
            }
        },
    )
}

fn holds(
    condition: &Condition,
    row: &BTreeMap<String, Value>,
    values: &Map<String, Value>,
) -> Result<bool, AwsError> {
    let is = row.get(&condition.column.text).cloned().unwrap_or_default();
    let given = |operand: &Operand| match operand {
        Operand::Value(value) => Ok(value.clone()),
        Operand::Named(name) => values.get(name).cloned().ok_or_else(|| {
            AwsError::new(
                "BadRequestException",
                format!("Parameter '{name}' is used in the statement and not given"),
            )
        }),
    };
    let orders = |operand: &Operand, fits: fn(Ordering) -> bool| {
        let wanted = given(operand)?;
        Ok(!is.is_null() && !wanted.is_null() && fits(compared(Some(&is), Some(&wanted))))
    };
    match &condition.test {
        Test::Null(wanted) => Ok(is.is_null() == *wanted),
        Test::Among(all) => {
            let mut among = false;
            for one in all {
                among |= given(one)? == is && !is.is_null();
            }
            Ok(among)
        }
        Test::Like(pattern) => match (given(pattern)?, &is) {
            (Value::String(pattern), Value::String(text)) if !pattern.contains('_') => {
                Ok(glob(&pattern.replace('%', "*"), text))
            }
            (_, Value::Null) => Ok(false),
            _ => Err(AwsError::not_implemented("rds-data", "ExecuteStatement of such a LIKE")),
        },
        Test::Equal(operand) => orders(operand, Ordering::is_eq),
        Test::Other(operand) => orders(operand, Ordering::is_ne),
        Test::Less(operand) => orders(operand, Ordering::is_lt),
        Test::More(operand) => orders(operand, Ordering::is_gt),
    }
}

/// Null is last, as PostgreSQL has it; numbers as numbers, all else as texts.
fn compared(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let null = |value: Option<&Value>| value.is_none_or(Value::is_null);
    match (null(a), null(b)) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return a.total_cmp(&b);
    }
    let text = |value: Option<&Value>| {
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    text(a).cmp(&text(b))
}

#[cfg(test)]
mod tests;
