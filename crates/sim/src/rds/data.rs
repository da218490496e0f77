//! The RDS Data API on the wire: REST with JSON, version 2018-08-01. Statements that read are executed, as far as the
//! simulator's SQL goes; everything else is refused by name.

use serde_json::{Map, Value, json};

use super::catalogue::{Engine, Table};
use super::sql::{self, Outcome};
use super::{Databases, bare};
use crate::aws_error::AwsError;
use crate::secrets::{Lack, Secrets};
use crate::world::Env;

/// Most characters of a statement.
const LONGEST: usize = 65_536;
/// Most bytes of an answer.
const LARGEST: usize = 1024 * 1024;

/// Answers one call.
pub(crate) fn serve(
    databases: &Databases,
    secrets: &Secrets,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "ExecuteStatement" => execute(databases, secrets, env, input),
        other => Err(AwsError::not_implemented("rds-data", other)),
    }
}

fn execute(databases: &Databases, secrets: &Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let known = [
        "resourceArn",
        "secretArn",
        "sql",
        "database",
        "schema",
        "parameters",
        "transactionId",
        "includeResultMetadata",
        "continueAfterTimeout",
        "resultSetOptions",
        "formatRecordsAs",
    ];
    let unknown =
        input.as_object().into_iter().flat_map(Map::keys).find(|name| !known.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(bad(format!("Unknown parameter: {name}")));
    }
    let needed = |member: &str| {
        let value = input[member].as_str().filter(|value| !value.is_empty());
        value.ok_or_else(|| bad(format!("Parameter '{member}' must not be null or empty")))
    };
    let (resource, secret, sql) = (needed("resourceArn")?, needed("secretArn")?, needed("sql")?);
    for arn in [resource, secret] {
        if !arn.starts_with("arn:") || arn.len() > 100 {
            return Err(bad("Invalid ARN"));
        }
    }
    if sql.len() > LONGEST {
        return Err(bad("The SQL statement is too long"));
    }
    let place = databases.data_place(env, resource)?;
    may_sign_in(secrets, env, secret)?;
    if let Some(database) = input["database"].as_str()
        && place.database.is_some_and(|name| name != database)
    {
        let words = match place.engine {
            Engine::Postgres => format!("FATAL: database \"{database}\" does not exist; SQLState: 3D000"),
            Engine::Mysql => format!("Unknown database '{database}'; Error code: 1049; SQLState: 42000"),
        };
        return Err(AwsError::new("DatabaseErrorException", words));
    }
    if input["transactionId"].is_string() {
        return Err(AwsError::with_status("TransactionNotFoundException", 404, "Transaction is not found"));
    }
    let tables: Vec<&Table> = place.tables.iter().collect();
    let values = parameters(input)?;
    let outcome = sql::run(sql, place.engine, &tables, input["schema"].as_str(), &values)?;
    answer(input, &outcome)
}

/// A secret that is not there, or has no user and password, is AWS's own error, before anything reaches the database.
fn may_sign_in(secrets: &Secrets, env: &Env, secret: &str) -> Result<(), AwsError> {
    for part in ["", ":username::", ":password::"] {
        match secrets.lacks(env, &format!("{secret}{part}")) {
            None => {}
            Some(Lack::NotFound) => {
                return Err(AwsError::new(
                    "SecretsErrorException",
                    "Secrets Manager can't find the specified secret.",
                ));
            }
            Some(Lack::MarkedForDeletion) => {
                return Err(AwsError::new(
                    "SecretsErrorException",
                    "You can't perform this operation on the secret because it was marked for deletion.",
                ));
            }
            Some(Lack::NoKey(key)) => {
                return Err(AwsError::new("InvalidSecretException", format!("The secret has no {key}")));
            }
        }
    }
    Ok(())
}

fn parameters(input: &Value) -> Result<Map<String, Value>, AwsError> {
    let mut values = Map::new();
    for given in input["parameters"].as_array().into_iter().flatten() {
        let name = given["name"].as_str().ok_or_else(|| bad("Parameter name must not be null"))?;
        let field = given["value"].as_object().filter(|field| field.len() == 1);
        let (kind, value) = field
            .and_then(|field| field.iter().next())
            .ok_or_else(|| bad(format!("Parameter '{name}' must have exactly one value")))?;
        if !given["typeHint"].is_null() || ["blobValue", "arrayValue"].contains(&kind.as_str()) {
            return Err(AwsError::not_implemented("rds-data", "ExecuteStatement of such a parameter"));
        }
        let value = if kind == "isNull" { Value::Null } else { value.clone() };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

fn answer(input: &Value, outcome: &Outcome) -> Result<Value, AwsError> {
    let mut body = json!({"numberOfRecordsUpdated": 0});
    let metadata = || -> Value {
        outcome.columns.iter().map(|column| json!({
        "name": column.name, "label": column.name, "typeName": column.kind, "type": column.number(),
        "schemaName": "", "tableName": column.table, "isAutoIncrement": false, "isSigned": column.is_number(),
        "isCurrency": false, "isCaseSensitive": !column.is_number(), "nullable": 1, "precision": 0, "scale": 0,
        "arrayBaseColumnType": 0,
    })).collect()
    };
    if input["formatRecordsAs"] == "JSON" {
        let object = |row: &Vec<Value>| -> Map<String, Value> {
            outcome.columns.iter().map(|column| column.name.clone()).zip(row.iter().cloned()).collect()
        };
        let rows: Vec<Map<String, Value>> = outcome.rows.iter().map(object).collect();
        body["formattedRecords"] = json!(json!(rows).to_string());
    } else {
        body["records"] = outcome.rows.iter().map(|row| row.iter().map(field).collect::<Value>()).collect();
        if input["includeResultMetadata"] == true {
            body["columnMetadata"] = metadata();
        }
    }
    if body.to_string().len() > LARGEST {
        return Err(AwsError::new(
            "DatabaseErrorException",
            "Database returned more than the allowed response size limit",
        ));
    }
    Ok(body)
}

/// A value as the member of its type.
fn field(value: &Value) -> Value {
    match value {
        Value::Null => json!({"isNull": true}),
        Value::Bool(value) => json!({"booleanValue": value}),
        Value::Number(number) if number.is_i64() => json!({"longValue": number}),
        Value::Number(number) => json!({"doubleValue": number}),
        Value::String(text) => json!({"stringValue": text}),
        // What the world has in any other form comes as the text that a database would make of it.
        other @ (Value::Array(_) | Value::Object(_)) => json!({"stringValue": other.to_string()}),
    }
}

fn bad(message: impl Into<String>) -> AwsError {
    AwsError::new("BadRequestException", message)
}

/// Where a statement goes.
struct Place<'a> {
    engine: Engine,
    database: Option<&'a str>,
    tables: &'a [Table],
}

impl Databases {
    fn data_place(&self, env: &Env, resource: &str) -> Result<Place<'_>, AwsError> {
        let name = bare(resource);
        let here = resource == env.arn("rds", &format!("cluster:{name}"));
        let members: Vec<_> =
            self.instances.iter().filter(|one| here && one.of.cluster.as_deref() == Some(name)).collect();
        let Some(first) = members.first() else {
            return Err(bad(format!("Cluster id not found: {resource}")));
        };
        if !members.iter().any(|one| one.of.data_api) {
            return Err(AwsError::new(
                "HttpEndpointNotEnabledException",
                format!("HttpEndpoint is not enabled for resource {resource}"),
            ));
        }
        if first.of.status != "available" {
            return Err(AwsError::with_status("DatabaseUnavailableException", 504, ""));
        }
        Ok(Place {
            engine: if first.of.engine.contains("mysql") { Engine::Mysql } else { Engine::Postgres },
            database: first.of.name.as_deref(),
            tables: &first.of.tables,
        })
    }
}
