//! The tables of a world's database, and the catalogue that tells of them (`information_schema`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Which of the two catalogues a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Mysql,
}

/// A table of a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Schema of PostgreSQL, or database of MySQL.
    #[serde(default = "public")]
    pub(crate) schema: String,
    /// Type by name, in their order: `uuid not null`, `character varying(255)`.
    pub(crate) columns: Map<String, Value>,
    /// Rows, each by the columns that it has a value for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rows: Vec<BTreeMap<String, Value>>,
}

fn public() -> String {
    "public".to_owned()
}

/// A type of PostgreSQL: the name that plans and people write, `data_type`, `udt_name`.
const TYPES: [(&str, &str, &str); 24] = [
    ("int", "integer", "int4"),
    ("integer", "integer", "int4"),
    ("bigint", "bigint", "int8"),
    ("smallint", "smallint", "int2"),
    ("text", "text", "text"),
    ("varchar", "character varying", "varchar"),
    ("character varying", "character varying", "varchar"),
    ("char", "character", "bpchar"),
    ("character", "character", "bpchar"),
    ("bool", "boolean", "bool"),
    ("boolean", "boolean", "bool"),
    ("uuid", "uuid", "uuid"),
    ("numeric", "numeric", "numeric"),
    ("decimal", "numeric", "numeric"),
    ("real", "real", "float4"),
    ("double precision", "double precision", "float8"),
    ("date", "date", "date"),
    ("timestamp", "timestamp without time zone", "timestamp"),
    ("timestamp without time zone", "timestamp without time zone", "timestamp"),
    ("timestamptz", "timestamp with time zone", "timestamptz"),
    ("timestamp with time zone", "timestamp with time zone", "timestamptz"),
    ("json", "json", "json"),
    ("jsonb", "jsonb", "jsonb"),
    ("bytea", "bytea", "bytea"),
];

impl Table {
    /// Whether every column has a type, and every value a column.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some((column, _)) = self.columns.iter().find(|(_, kind)| !kind.is_string()) {
            return Err(format!("{}.{column} has no type", self.name));
        }
        let stranger =
            self.rows.iter().flat_map(BTreeMap::keys).find(|name| !self.columns.contains_key(*name));
        match stranger {
            Some(name) => Err(format!("{} has a row with `{name}`, and no such column", self.name)),
            None => Ok(()),
        }
    }

    /// The rows of `information_schema.columns` that tell of this table.
    pub(crate) fn in_columns(&self, engine: Engine) -> Vec<BTreeMap<String, Value>> {
        let row = |(at, (column, kind)): (usize, (&String, &Value))| {
            let kind = kind.as_str().unwrap_or_default().trim();
            let never = kind.to_lowercase().ends_with("not null");
            let bare = kind.to_lowercase();
            let bare = bare
                .strip_suffix("not null")
                .or(bare.strip_suffix("null"))
                .unwrap_or(&bare)
                .trim()
                .to_owned();
            let mut row = BTreeMap::from([
                ("table_catalog".to_owned(), json!("def")),
                ("table_schema".to_owned(), json!(self.schema)),
                ("table_name".to_owned(), json!(self.name)),
                ("column_name".to_owned(), json!(column)),
                ("ordinal_position".to_owned(), json!(at + 1)),
                ("column_default".to_owned(), Value::Null),
                ("is_nullable".to_owned(), json!(if never { "NO" } else { "YES" })),
            ]);
            row.extend(of_type(engine, &bare));
            row
        };
        self.columns.iter().enumerate().map(row).collect()
    }

    /// The row of `information_schema.tables` that tells of this table.
    pub(crate) fn in_tables(&self) -> BTreeMap<String, Value> {
        let of = [
            ("table_schema", self.schema.as_str()),
            ("table_name", &self.name),
            ("table_type", "BASE TABLE"),
        ];
        of.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

/// The columns of a view of `information_schema` that the simulator has.
pub(crate) fn columns_of(view: &str, engine: Engine) -> Option<Vec<&'static str>> {
    match view {
        "tables" => Some(vec!["table_schema", "table_name", "table_type"]),
        "columns" => {
            let mut all = vec![
                "table_catalog",
                "table_schema",
                "table_name",
                "column_name",
                "ordinal_position",
                "column_default",
                "is_nullable",
                "data_type",
                "character_maximum_length",
                "numeric_precision",
                "numeric_scale",
            ];
            all.push(if engine == Engine::Postgres { "udt_name" } else { "column_type" });
            Some(all)
        }
        _ => None,
    }
}

fn of_type(engine: Engine, kind: &str) -> Vec<(String, Value)> {
    let (base, size) = match kind.split_once('(') {
        Some((base, rest)) => (base.trim(), rest.split(')').next().unwrap_or_default()),
        None => (kind, ""),
    };
    let mut sizes = size.split(',').map(|part| part.trim().parse::<i64>().ok());
    let (first, second) = (sizes.next().flatten(), sizes.next().flatten());
    let (data_type, inner) = match (engine, base.strip_suffix("[]")) {
        (Engine::Mysql, _) => (base.split(' ').next().unwrap_or_default().to_owned(), kind.to_owned()),
        (Engine::Postgres, Some(of)) => ("ARRAY".to_owned(), format!("_{}", named(of).1)),
        (Engine::Postgres, None) => named(base),
    };
    let of_text = data_type.contains("char");
    let of_number = data_type == "numeric" || data_type == "decimal";
    vec![
        ("data_type".to_owned(), json!(data_type)),
        ("character_maximum_length".to_owned(), json!(first.filter(|_| of_text))),
        ("numeric_precision".to_owned(), json!(first.filter(|_| of_number))),
        ("numeric_scale".to_owned(), json!(second.or(first.map(|_| 0)).filter(|_| of_number))),
        (if engine == Engine::Postgres { "udt_name" } else { "column_type" }.to_owned(), json!(inner)),
    ]
}

/// A type that PostgreSQL does not bring is the user's own.
fn named(base: &str) -> (String, String) {
    let known = TYPES.iter().find(|(written, ..)| *written == base);
    known.map_or_else(
        || ("USER-DEFINED".to_owned(), base.to_owned()),
        |(_, data_type, udt)| ((*data_type).to_owned(), (*udt).to_owned()),
    )
}
