//! What a database's tables look like: `schema.check`.

use super::Dur;
use super::table::{KindSpec, OutputSpec, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `with` of `schema.check`: `cluster` and `secret`, by the Data API, or `log`, of a task that was run inside the VPC.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaCheck {
    /// Identifier of an Aurora cluster whose Data API is switched on.
    pub cluster: Option<String>,
    /// Name or ARN of the secret with the user and the password that the Data API signs in with. Its value is not read.
    pub secret: Option<String>,
    /// What an `ecs.run_task` printed of the columns, one a line.
    pub log: Option<SchemaLog>,
    /// Database in the cluster; with MySQL also the schema that is looked at.
    pub database: Option<String>,
    /// Schema of PostgreSQL; `public` when absent.
    pub schema: Option<String>,
    /// Where migrations are written down.
    pub migrations: Option<Migrations>,
    /// File of `CREATE TABLE` statements, relative to the plan's folder: every column of it must be there.
    pub model: Option<String>,
    /// The output `schema` of an earlier step, which `added`, `removed` and `changed` are told against.
    pub before: Option<Value>,
    /// One more statement, by the Data API; its text must be one that only reads.
    pub sql: Option<String>,
}

/// Lines that a task printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaLog {
    /// Log group: the output `log_group` of the `ecs.run_task`.
    pub group: String,
    /// Log stream: its output `log_stream`.
    pub stream: String,
    /// How long the last line is waited for; 30 s when absent. CloudWatch shows lines late.
    pub within: Option<Dur>,
}

/// The table of a tool that migrates, with one row, or one row a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrations {
    /// E.g. `alembic_version`, `schema_migrations`.
    pub table: String,
    /// Column with the name or number: `version_num`, `version`.
    pub column: String,
}

/// `expect` of `schema.check`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaExpect {
    /// What tables must be, by name.
    pub tables: BTreeMap<String, TableExpect>,
    /// The highest migration that is written down.
    pub migration: Option<String>,
    /// Migrations that must be written down.
    pub applied: Vec<String>,
    /// Migrations that must not be written down yet.
    pub pending: Vec<String>,
    /// Exactly these were added since `before`: `orders.customer_id`, or `orders` for a whole table.
    pub added: Option<Vec<String>>,
    /// Exactly these were removed since `before`.
    pub removed: Option<Vec<String>>,
    /// Exactly these columns have another type since `before`.
    pub changed: Option<Vec<String>>,
    /// Rows of `sql`, in order, each by the columns that it names.
    pub rows: Option<Vec<BTreeMap<String, Value>>>,
}

/// What a table must be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TableExpect {
    /// Whether there is such a table; true when absent.
    pub exists: Option<bool>,
    /// Columns that it has, by name: `uuid`, `varchar(255) not null`, `any null`. What is not said is not compared.
    pub columns: BTreeMap<String, String>,
    /// Columns that it does not have.
    pub lacks: Vec<String>,
    /// Whether it has no columns but `columns`; false when absent.
    pub exactly: bool,
}

pub(super) fn list() -> [KindSpec; 1] {
    const fn output(name: &'static str, doc: &'static str) -> OutputSpec {
        OutputSpec { name, doc }
    }
    [KindSpec {
        outputs: const {
            &[
                output("schema", "Columns by name, by table: `{\"orders\": {\"id\": \"uuid not null\"}}`."),
                output("migration", "The highest migration that is written down, or null."),
                output("migrations", "All of them."),
                output("added", "What is there and was not in `before`."),
                output("removed", "What was in `before` and is not there."),
                output(
                    "changed",
                    "Columns that have another type than in `before`: `{column, was, is}` each.",
                ),
                output("missing", "Columns of `model` that are not there, or not so."),
                output("rows", "Rows of `sql`, each by its columns; at most 100 of them."),
                output("venue", "How it was read: `data_api` or `ecs.run_task`."),
            ]
        },
        ..spec::<SchemaCheck, SchemaExpect>(
            "schema.check",
            "checks",
            "The tables, columns and migrations of a database, against what is expected, a model, or an earlier look.",
            Effect::Read,
        )
    }]
}
