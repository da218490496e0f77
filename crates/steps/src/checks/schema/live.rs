//! A database read by the Data API of its cluster.

use super::{Read, Tables};
use crate::checks::databases::{absent, compare};
use crate::failure::failed;
use holdpoint_cloud::{CallError, Cloud, DatabaseCluster, Rows, Statement};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::SchemaCheck;
use holdpoint_plan::sql::Column;
use holdpoint_run::Diagnosis;
use serde_json::Value;
use std::time::Duration;

/// Rows of one answer, which has at most 1 MiB.
const PAGE: usize = 1000;
/// A cluster that slept wakes up within about half a minute.
const WAKING: Duration = Duration::from_secs(90);
/// Between two tries while it wakes up.
const PAUSE: Duration = Duration::from_secs(5);

/// The columns as PostgreSQL has them. Its catalogue's own types are no texts: hence the casts.
const OF_POSTGRES: &str = "SELECT CAST(table_name AS text), CAST(column_name AS text), CAST(data_type AS text), \
     CAST(udt_name AS text), CAST(is_nullable AS text), character_maximum_length, numeric_precision, numeric_scale \
     FROM information_schema.columns WHERE table_schema = :schema ORDER BY table_name, ordinal_position";
/// The columns as MySQL has them: `COLUMN_TYPE` has length and precision.
const OF_MYSQL: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(column_type AS CHAR), \
     CAST(data_type AS CHAR), CAST(is_nullable AS CHAR) \
     FROM information_schema.columns WHERE table_schema = :schema ORDER BY table_name, ordinal_position";

/// Reads everything that the step asks for.
pub(super) async fn read(cloud: &Cloud, task: &Task, with: &SchemaCheck) -> Result<Read, Diagnosis> {
    let cluster = reachable(cloud, with.cluster.as_deref().unwrap_or_default()).await?;
    let secret = secret(cloud, with.secret.as_deref().unwrap_or_default()).await?;
    let mysql = cluster.engine.contains("mysql");
    let database = with.database.as_deref();
    let schema = match (mysql, with.schema.as_deref().or(database)) {
        (false, _) => with.schema.as_deref().unwrap_or("public"),
        (true, Some(schema)) => schema,
        (true, None) => {
            return Err(Diagnosis::of(format!("Which database of {} is meant is not said", cluster.id))
                .hint("Name it in `database`: of MySQL that is the schema, too."));
        }
    };
    let session = Session { cloud, task, cluster: &cluster.arn, secret: &secret, database };
    let sql = if mysql { OF_MYSQL } else { OF_POSTGRES };
    let mut tables = Tables::new();
    for row in session.all("The columns", sql, &[("schema", schema)]).await? {
        let (table, name, column) = column(&row, mysql);
        tables.entry(table).or_default().insert(name, column);
    }
    let mut read = Read { venue: "data_api", ..Read::default() };
    if let Some(of) = with.migrations.as_ref().filter(|of| tables.contains_key(&of.table)) {
        let quote = if mysql { '`' } else { '"' };
        let name = |name: &str| plain(name).map(|name| format!("{quote}{name}{quote}"));
        let kind = if mysql { "CHAR" } else { "text" };
        let column = name(&of.column)?;
        let sql = format!(
            "SELECT CAST({column} AS {kind}) FROM {}.{} ORDER BY {column}",
            name(schema)?,
            name(&of.table)?
        );
        let rows = session.all("The migrations", &sql, &[]).await?;
        read.migrations = rows.iter().map(|row| text(row, 0)).collect();
        read.migrations.sort_by(|a, b| compare(a, b));
    }
    if let Some(sql) = &with.sql {
        read.rows = session.rows("The rows of `sql`", sql, &[]).await?.objects();
    }
    read.tables = tables;
    Ok(read)
}

/// The cluster, if the Data API leads to it; else what does.
async fn reachable(cloud: &Cloud, id: &str) -> Result<DatabaseCluster, Diagnosis> {
    let found = cloud.database_cluster(id).await;
    let Some(cluster) = found.map_err(|error| failed("The cluster cannot be read", &error))? else {
        let all = cloud.database_clusters().await.unwrap_or_default();
        return Err(absent("cluster", id, all.iter().map(|one| one.id.as_str())));
    };
    if cluster.data_api {
        return Ok(cluster);
    }
    let console = match cluster.engine.starts_with("aurora") {
        true => {
            "Switch the Data API on (`aws rds enable-http-endpoint`), which the console's query editor needs as well"
        }
        false => "The Data API is for Aurora only",
    };
    Err(Diagnosis::of(format!("The Data API of {id} is off: its tables cannot be looked at by it"))
        .hint("What works: an `ecs.run_task` inside of its VPC that prints the columns, and `log` in place of `cluster` and `secret`.")
        .hint(format!("{console}.")))
}

async fn secret(cloud: &Cloud, named: &str) -> Result<String, Diagnosis> {
    if named.starts_with("arn:") {
        return Ok(named.to_owned());
    }
    let found = cloud.secret(named).await;
    match found.map_err(|error| failed(&format!("The secret {named} cannot be looked for"), &error))? {
        Some(secret) if secret.deleted_date.is_none() => Ok(secret.arn),
        Some(_) => Err(Diagnosis::of(format!("The secret {named} is scheduled for deletion"))
            .hint("Restore it, or name another one.")),
        None => {
            let all = cloud.secret_names().await.unwrap_or_default();
            Err(Diagnosis::of(format!("The secret {named} {}", crate::near::absent(named, &all)))
                .hint("Name the secret with the user that may read the tables."))
        }
    }
}

/// Whom statements are sent to.
struct Session<'a> {
    cloud: &'a Cloud,
    task: &'a Task,
    cluster: &'a str,
    secret: &'a str,
    database: Option<&'a str>,
}

impl Session<'_> {
    /// All rows, a page at a time.
    async fn all(
        &self,
        what: &str,
        sql: &str,
        values: &[(&str, &str)],
    ) -> Result<Vec<Vec<Value>>, Diagnosis> {
        let mut found = Vec::new();
        loop {
            let page = format!("{sql} LIMIT {PAGE} OFFSET {}", found.len());
            let rows = self.rows(what, &page, values).await?.rows;
            let more = rows.len() == PAGE;
            found.extend(rows);
            if !more {
                return Ok(found);
            }
        }
    }

    /// The rows of one statement; a cluster that sleeps is waited for.
    async fn rows(&self, what: &str, sql: &str, values: &[(&str, &str)]) -> Result<Rows, Diagnosis> {
        let deadline = self.task.clock.elapsed() + self.task.timeout.unwrap_or(WAKING);
        loop {
            let statement = Statement {
                cluster: self.cluster,
                secret: self.secret,
                database: self.database,
                sql,
                values,
            };
            match self.cloud.read_rows(statement).await {
                Ok(rows) => return Ok(rows),
                Err(error)
                    if error.code() == Some("DatabaseResumingException")
                        && self.task.clock.elapsed() < deadline =>
                {
                    self.task.progress.says("The cluster was paused and wakes up".to_owned());
                    self.task.clock.sleep(PAUSE).await;
                }
                Err(error) => return Err(refused(what, &error)),
            }
        }
    }
}

/// What mends a statement that was refused, by AWS's codes.
fn refused(what: &str, error: &CallError) -> Diagnosis {
    let diagnosis = failed(&format!("{what} cannot be read"), error);
    let hint = match error.code() {
        Some("BadRequestException" | "DatabaseErrorException") => {
            "Compare `database`, `schema` and what the user of the secret may read; what the database itself says stands above."
        }
        Some("HttpEndpointNotEnabledException") => {
            "Switch the cluster's Data API on, or let an `ecs.run_task` print the columns and name its `log`."
        }
        Some("SecretsErrorException" | "InvalidSecretException") => {
            "The secret must hold `username` and `password` of a user of this database, and the role must be allowed `secretsmanager:GetSecretValue` of it."
        }
        Some("StatementTimeoutException") => "It took longer than 45 s, which is AWS's limit. Ask for less.",
        Some("DatabaseResumingException") => {
            "The cluster was paused and has not woken up: retry in a minute."
        }
        Some("DatabaseNotFoundException") => "There is no such database in the cluster: correct `database`.",
        Some("UnsupportedResultException") => {
            "A column has a type that the Data API cannot give: cast it to `text`."
        }
        _ => return diagnosis,
    };
    diagnosis.hint(hint)
}

/// Table, name and column of a row.
fn column(row: &[Value], mysql: bool) -> (String, String, Column) {
    let (kind, inner) = (text(row, 2), text(row, 3));
    let said = match (mysql, kind.as_str()) {
        (true, _) => kind,
        // `_text` is a list of `text`.
        (false, "ARRAY") => format!("{}[]", Column::read(inner.trim_start_matches('_')).base),
        (false, "USER-DEFINED") => inner,
        (false, "numeric") if !text(row, 6).is_empty() => {
            format!("numeric({},{})", text(row, 6), text(row, 7))
        }
        (false, _) if !text(row, 5).is_empty() => format!("{kind}({})", text(row, 5)),
        (false, _) => kind,
    };
    let nullable = Some(!text(row, 4).eq_ignore_ascii_case("no"));
    (text(row, 0), text(row, 1), Column { nullable, ..Column::read(&said) })
}

fn text(row: &[Value], at: usize) -> String {
    match row.get(at) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A name that can stand in a statement, in quotes.
fn plain(name: &str) -> Result<&str, Diagnosis> {
    match !name.is_empty() && name.chars().all(|one| one.is_alphanumeric() || one == '_' || one == '-') {
        true => Ok(name),
        false => Err(Diagnosis::of(format!("`{name}` is no name of a table, a column or a schema"))
            .hint("Write the name alone; the schema goes into `schema`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_of_the_catalogue_is_a_column() {
        let table = [
            (
                json!(["t", "a", "character varying", "varchar", "NO", 255, null, null]),
                false,
                "character varying(255) not null",
            ),
            (json!(["t", "a", "ARRAY", "_int4", "YES", null, null, null]), false, "integer[] null"),
            (
                json!(["t", "a", "USER-DEFINED", "order_state", "NO", null, null, null]),
                false,
                "order_state not null",
            ),
            (json!(["t", "a", "numeric", "numeric", "YES", null, 10, 2]), false, "numeric(10,2) null"),
            (json!(["t", "a", "integer", "int4", "NO", null, 32, 0]), false, "integer not null"),
            (json!(["t", "a", "int unsigned", "int", "YES"]), true, "int unsigned null"),
        ];
        for (row, mysql, expected) in table {
            let row = row.as_array().cloned().unwrap_or_default();
            assert_eq!(column(&row, mysql).2.to_string(), expected);
        }
    }
}
