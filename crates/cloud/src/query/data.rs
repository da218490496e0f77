//! The RDS Data API: one statement, by the name of a cluster and of a secret. Only what reads is sent.

use super::{Service, Speech};
use crate::wire::Nature;
use crate::{CallError, Cloud};
use serde_json::{Map, Value, json};

/// A statement that only reads, for a cluster whose Data API is switched on. Who calls has looked at its text.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// ARN of the cluster.
    pub cluster: &'a str,
    /// ARN of the secret that it signs in with.
    pub secret: &'a str,
    /// Database; the cluster's own when absent.
    pub database: Option<&'a str>,
    /// The text, with `:name` for each of `values`.
    pub sql: &'a str,
    /// Texts by name.
    pub values: &'a [(&'a str, &'a str)],
}

/// What came of it: an object a row, by the columns' labels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Labels of the columns, in order.
    pub columns: Vec<String>,
    /// Values in the order of the columns. What is no null, text, number, truth or list is its JSON.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// The rows as objects. Of two columns of one label the last one counts.
    pub fn objects(&self) -> Vec<Map<String, Value>> {
        let object = |row: &Vec<Value>| self.columns.iter().cloned().zip(row.iter().cloned()).collect();
        self.rows.iter().map(object).collect()
    }
}

impl Cloud {
    /// Has a statement executed that only reads. The answer is at most 1 MiB; AWS refuses a larger one.
    pub async fn read_rows(&self, statement: Statement<'_>) -> Result<Rows, CallError> {
        let mut input = json!({
            "resourceArn": statement.cluster, "secretArn": statement.secret, "sql": statement.sql,
            "includeResultMetadata": true,
        });
        if let Some(database) = statement.database {
            input["database"] = json!(database);
        }
        if !statement.values.is_empty() {
            let values = statement.values.iter();
            input["parameters"] =
                values.map(|(name, value)| json!({"name": name, "value": {"stringValue": value}})).collect();
        }
        let speech = Speech::Rest { path: "/Execute" };
        let answer = self.ask(Nature::Read, Service::Data, "ExecuteStatement", &speech, &input).await?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let label = |column: &Value| {
            let label = column["label"].as_str().filter(|label| !label.is_empty());
            label.or(column["name"].as_str()).unwrap_or_default().to_owned()
        };
        Ok(Rows {
            columns: list(&answer.body["columnMetadata"]).iter().map(label).collect(),
            rows: list(&answer.body["records"])
                .iter()
                .map(|row| list(row).into_iter().map(field).collect())
                .collect(),
        })
    }
}

/// A field, which has one member by its type.
fn field(field: Value) -> Value {
    let Value::Object(members) = field else { return Value::Null };
    match members.into_iter().next() {
        None => Value::Null,
        Some((kind, _)) if kind == "isNull" => Value::Null,
        // `{"arrayValue": {"stringValues": […]}}`
        Some((kind, Value::Object(of))) if kind == "arrayValue" => {
            of.into_iter().next().map_or(Value::Null, |(_, values)| values)
        }
        Some((_, value)) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_only_member() {
        let table = [
            (json!({"isNull": true}), Value::Null),
            (json!({"stringValue": "a"}), json!("a")),
            (json!({"longValue": 7}), json!(7)),
            (json!({"booleanValue": false}), json!(false)),
            (json!({"arrayValue": {"stringValues": ["a", "b"]}}), json!(["a", "b"])),
            (json!({}), Value::Null),
        ];
        for (given, expected) in table {
            assert_eq!(field(given.clone()), expected, "{given}");
        }
    }
}
