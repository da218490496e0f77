//! A column by its type and whether it may be null, as plans write it: `uuid not null`.

use std::fmt;

/// What is known, or expected, of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its type by the name that PostgreSQL or MySQL shows it with, without length or precision; empty: any.
    pub base: String,
    /// Length or precision, e.g. `255` or `10,2`.
    pub size: Option<String>,
    /// Whether it may be null.
    pub nullable: Option<bool>,
}

impl Column {
    /// Reads `uuid`, `varchar(255) not null`, `any null`, `not null`.
    pub fn read(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words = lower.split_whitespace().collect::<Vec<_>>().join(" ");
        let (kind, nullable) = match words.strip_suffix("not null") {
            Some(kind) => (kind, Some(false)),
            None => words.strip_suffix("null").map_or((words.as_str(), None), |kind| (kind, Some(true))),
        };
        let kind = kind.trim();
        let (base, size) = match (kind.find('('), kind.find(')')) {
            (Some(open), Some(close)) if open < close => {
                let inner = kind.get(open + 1..close).unwrap_or_default();
                let around =
                    [kind.get(..open), kind.get(close + 1..)].map(|part| part.unwrap_or_default().trim());
                let base =
                    around.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
                (base, Some(inner.replace(' ', "")))
            }
            _ => (kind.to_owned(), None),
        };
        let base = if base == "any" { String::new() } else { known_as(&base).to_owned() };
        Self { base, size, nullable }
    }

    /// Whether a live column is what this one expects: what is not said is not compared.
    pub fn fits(&self, live: &Self) -> bool {
        (self.base.is_empty() || self.base == live.base)
            && self.size.as_ref().is_none_or(|size| live.size.as_ref() == Some(size))
            && self.nullable.is_none_or(|nullable| live.nullable == Some(nullable))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.base.is_empty() { "any" } else { &self.base })?;
        if let Some(size) = &self.size {
            write!(f, "({size})")?;
        }
        match self.nullable {
            Some(false) => f.write_str(" not null"),
            Some(true) => f.write_str(" null"),
            None => Ok(()),
        }
    }
}

/// A type by the name that the catalogue of PostgreSQL gives it; what is not among them is called the same.
fn known_as(name: &str) -> &str {
    match name {
        "int" | "int4" | "serial" | "serial4" => "integer",
        "int8" | "bigserial" | "serial8" => "bigint",
        "int2" | "smallserial" | "serial2" => "smallint",
        "varchar" => "character varying",
        "char" | "bpchar" => "character",
        "bool" => "boolean",
        "decimal" => "numeric",
        "float4" => "real",
        "float8" | "double" | "float" => "double precision",
        "timestamptz" => "timestamp with time zone",
        "timestamp" => "timestamp without time zone",
        "timetz" => "time with time zone",
        "time" => "time without time zone",
        other => other,
    }
}
