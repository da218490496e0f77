//! `schema.check`: the tables, columns and migrations of a database, as they are, against what they must be.
//!
//! A database in a VPC is read by the Data API where its cluster has it. Where not, an `ecs.run_task` prints the columns
//! inside of the VPC and this reads what was printed. Nothing connects to a database from here.

mod judge;
mod live;
mod printed;

use super::assuming;
use crate::failure::arguments;
use crate::files::Files;
use crate::look::{Found, Look};
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{SchemaCheck, SchemaExpect};
use holdpoint_plan::sql::{self, Column};
use holdpoint_run::Diagnosis;
use judge::{Change, compared, judgements, lacking};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Columns by name, by table.
pub(super) type Tables = BTreeMap<String, BTreeMap<String, Column>>;

/// The kind `schema.check`.
pub(crate) struct Schemas {
    pub(crate) cloud: Cloud,
    pub(crate) files: Files,
    pub(crate) assumed: bool,
}

/// What was read of a database.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) tables: Tables,
    /// As they are written down; none where nobody asked.
    pub(super) migrations: Vec<String>,
    pub(super) rows: Vec<Map<String, Value>>,
    venue: &'static str,
    /// What one should know of how it was read.
    note: Option<String>,
}

/// Rows of `sql` that an output keeps.
const KEPT: usize = 100;

#[async_trait]
impl Look for Schemas {
    fn kind(&self) -> &'static str {
        "schema.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: SchemaCheck = arguments(&task.with)?;
        let expect: SchemaExpect = arguments(&task.expect)?;
        let correct = |why: &str| Err(Diagnosis::of(why).hint("Correct the step in the plan."));
        let place = match (&with.cluster, &with.secret, &with.log) {
            (Some(cluster), Some(_), None) => format!("of {cluster}, by the Data API"),
            (None, None, Some(log)) => format!("that were printed to {}", log.group),
            _ => {
                return correct(
                    "`schema.check` wants `cluster` and `secret`, for the Data API, or `log`, which an `ecs.run_task` wrote",
                );
            }
        };
        if with.before.is_none()
            && (expect.added.is_some() || expect.removed.is_some() || expect.changed.is_some())
        {
            return correct(
                "`added`, `removed` and `changed` want `before`: the output `schema` of an earlier step",
            );
        }
        if let Some(before) = &with.before {
            earlier(before)?;
        }
        match &with.sql {
            Some(_) if with.log.is_some() => {
                return correct("`sql` goes by the Data API: a task that prints the columns runs its own");
            }
            Some(text) => {
                if let Err(why) = sql::only_reads(text) {
                    return correct(&format!("`sql` is not sent: {why}"));
                }
            }
            None if expect.rows.is_some() => return correct("`rows` wants `sql`, whose rows they are"),
            None => {}
        }
        Ok(format!("Look at the tables {place}"))
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: SchemaCheck = arguments(&task.with)?;
        let expect: SchemaExpect = arguments(&task.expect)?;
        let model = self.model(task, &with).await?;
        let read = match &with.log {
            Some(log) => printed::read(&self.cloud, task, log).await?,
            None => live::read(&self.cloud, task, &with).await?,
        };
        let before = with.before.as_ref().map(earlier).transpose()?;
        let change = before.as_ref().map(|before| compared(before, &read.tables));
        let missing = model.as_ref().map(|model| lacking(model, &read.tables));
        let of_model = with.model.as_deref().zip(missing.as_deref());
        let mut judgements = judgements(&expect, &with, &read, change.as_ref(), of_model);
        assuming(&mut judgements, self.assumed);
        let note = read.note.clone().or_else(|| {
            read.tables
                .is_empty()
                .then(|| "No table is seen: there is none in this schema, or the user may see none".into())
        });
        Ok(Found { outputs: outputs(&read, change, missing), judgements, note })
    }
}

impl Schemas {
    async fn model(&self, task: &Task, with: &SchemaCheck) -> Result<Option<Tables>, Diagnosis> {
        let Some(path) = &with.model else { return Ok(None) };
        let Some(bytes) = self.files.read(&task.folder, path).await? else {
            return Err(Diagnosis::of(format!("There is no file `{path}` in the plan's folder"))
                .hint("Name a file of `CREATE TABLE` statements, or write the columns in `expect.tables`."));
        };
        let tables = sql::tables(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            Diagnosis::of(format!("`{path}`: {error}")).hint("Write it as the database would take it.")
        })?;
        match tables.is_empty() {
            false => Ok(Some(tables)),
            true => Err(Diagnosis::of(format!("`{path}` makes no table"))
                .hint("It must have a `CREATE TABLE` for each table: `pg_dump --schema-only` writes them, as most tools do.")),
        }
    }
}

/// What an earlier step found: its output `schema`.
fn earlier(before: &Value) -> Result<Tables, Diagnosis> {
    let strange = || {
        Diagnosis::of("`before` is not what `schema.check` gives as its output `schema`")
            .hint("Write `before: \"{{ steps.<id>.outputs.schema }}\"`.")
    };
    let mut tables = Tables::new();
    for (table, columns) in before.as_object().ok_or_else(strange)? {
        let mut of = BTreeMap::new();
        for (name, column) in columns.as_object().ok_or_else(strange)? {
            of.insert(name.clone(), Column::read(column.as_str().ok_or_else(strange)?));
        }
        tables.insert(table.clone(), of);
    }
    Ok(tables)
}

fn outputs(read: &Read, change: Option<Change>, missing: Option<Vec<String>>) -> Vec<(&'static str, Value)> {
    let columns = |columns: &BTreeMap<String, Column>| -> Map<String, Value> {
        columns.iter().map(|(name, column)| (name.clone(), json!(column.to_string()))).collect()
    };
    let schema: Map<String, Value> =
        read.tables.iter().map(|(name, of)| (name.clone(), Value::Object(columns(of)))).collect();
    let change = change.unwrap_or_default();
    let changed = change.changed.iter();
    vec![
        ("schema", Value::Object(schema)),
        ("migration", json!(read.migrations.last())),
        ("migrations", json!(read.migrations)),
        ("added", json!(change.added)),
        ("removed", json!(change.removed)),
        (
            "changed",
            changed.map(|(column, was, is)| json!({"column": column, "was": was, "is": is})).collect(),
        ),
        ("missing", json!(missing.unwrap_or_default())),
        ("rows", json!(read.rows.iter().take(KEPT).collect::<Vec<_>>())),
        ("venue", json!(read.venue)),
    ]
}
