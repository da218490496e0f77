//! What a database has, against what was expected, what a model says, and what it had before.

use super::{Read, Tables};
use crate::look::{equal, judged, list};
use holdpoint_plan::kinds::{SchemaCheck, SchemaExpect, TableExpect};
use holdpoint_plan::sql::Column;
use holdpoint_run::Judgement;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is different from an earlier look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// `orders` for a table, `orders.total` for a column of one that was there.
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Column, what it was, what it is.
    pub(super) changed: Vec<(String, String, String)>,
}

/// Compares two looks.
pub(super) fn compared(before: &Tables, now: &Tables) -> Change {
    let mut change = Change { added: only(now, before), removed: only(before, now), changed: Vec::new() };
    for (table, columns) in now {
        for (name, is) in columns {
            if let Some(was) =
                before.get(table).and_then(|columns| columns.get(name)).filter(|was| *was != is)
            {
                change.changed.push((format!("{table}.{name}"), was.to_string(), is.to_string()));
            }
        }
    }
    change
}

/// Tables, and columns of tables that both have, that only the first one has.
fn only(these: &Tables, those: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for (table, columns) in these {
        match those.get(table) {
            None => found.push(table.clone()),
            Some(others) => {
                let own = columns.keys().filter(|name| !others.contains_key(*name));
                found.extend(own.map(|name| format!("{table}.{name}")));
            }
        }
    }
    found
}

/// What a model has and the database has not, or not so.
pub(super) fn lacking(model: &Tables, live: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for (table, columns) in model {
        let Some(there) = live.get(table) else {
            found.push(format!("{table} (no such table{})", meant(table, live.keys())));
            continue;
        };
        for (name, expected) in columns {
            match there.get(name) {
                None => found.push(format!("{table}.{name} (not there{})", meant(name, there.keys()))),
                Some(is) if !expected.fits(is) => {
                    found.push(format!("{table}.{name} (is {is}, not {expected})"))
                }
                Some(_) => {}
            }
        }
    }
    found
}

/// Everything that was expected. `model` is its file and what of it is lacking.
pub(super) fn judgements(
    expect: &SchemaExpect,
    with: &SchemaCheck,
    read: &Read,
    change: Option<&Change>,
    model: Option<(&str, &[String])>,
) -> Vec<Judgement> {
    let mut all = Vec::new();
    for (name, table) in &expect.tables {
        of_table(name, table, &read.tables, &mut all);
    }
    if let Some((file, lacking)) = model {
        let found =
            if lacking.is_empty() { "all".to_owned() } else { format!("not: {}", lacking.join(", ")) };
        all.push(judged(format!("columns of {file}"), "all", found, lacking.is_empty()));
    }
    of_migrations(expect, with, read, &mut all);
    if let Some(change) = change {
        let changed: Vec<String> = change.changed.iter().map(|(column, ..)| column.clone()).collect();
        let of = [
            ("added", &expect.added, &change.added),
            ("removed", &expect.removed, &change.removed),
            ("changed", &expect.changed, &changed),
        ];
        for (what, wanted, found) in of {
            if let Some(wanted) = wanted {
                let mut wanted = wanted.clone();
                wanted.sort();
                let mut found = found.clone();
                found.sort();
                let words = |names: &[String]| list(names.iter().map(String::as_str));
                all.push(equal(format!("{what} since the earlier look"), words(&wanted), words(&found)));
            }
        }
    }
    if let Some(wanted) = &expect.rows {
        all.push(of_rows(wanted, &read.rows));
    }
    all
}

fn of_table(name: &str, expect: &TableExpect, tables: &Tables, all: &mut Vec<Judgement>) {
    let what = format!("table {name}");
    let exists = expect.exists.unwrap_or(true);
    let Some(live) = tables.get(name) else {
        let found = format!("does not exist{}", meant(name, tables.keys()));
        all.push(judged(what, if exists { "exists" } else { "does not exist" }, found, !exists));
        return;
    };
    if !exists {
        all.push(judged(what, "does not exist", "exists", false));
        return;
    }
    if expect.columns.is_empty() && expect.lacks.is_empty() {
        all.push(judged(what, "exists", "exists", true));
    }
    for (column, wanted) in &expect.columns {
        let (found, holds) = match live.get(column) {
            None => (format!("not there{}", meant(column, live.keys())), false),
            Some(is) => (is.to_string(), Column::read(wanted).fits(is)),
        };
        all.push(judged(format!("{name}.{column}"), wanted, found, holds));
    }
    for column in &expect.lacks {
        let found = live.get(column).map_or_else(|| "not there".to_owned(), Column::to_string);
        all.push(judged(format!("{name}.{column}"), "not there", found, !live.contains_key(column)));
    }
    if expect.exactly {
        let others: Vec<&str> =
            live.keys().filter(|column| !expect.columns.contains_key(*column)).map(String::as_str).collect();
        all.push(judged(
            format!("other columns of {name}"),
            "none",
            list(others.iter().copied()),
            others.is_empty(),
        ));
    }
}

fn of_migrations(expect: &SchemaExpect, with: &SchemaCheck, read: &Read, all: &mut Vec<Judgement>) {
    let asked = expect.migration.is_some() || !expect.applied.is_empty() || !expect.pending.is_empty();
    if let Some(migrations) =
        with.migrations.as_ref().filter(|of| asked && !read.tables.contains_key(&of.table))
    {
        let found = format!("does not exist{}", meant(&migrations.table, read.tables.keys()));
        all.push(judged(
            format!("table {}", migrations.table),
            "exists",
            found,
            expect.migration.is_none() && expect.applied.is_empty(),
        ));
    }
    if let Some(wanted) = &expect.migration {
        all.push(equal("migration", wanted, read.migrations.last().map_or("none", String::as_str)));
    }
    for (names, word, wanted) in [(&expect.applied, "applied", true), (&expect.pending, "not applied", false)]
    {
        for name in names {
            let is = read.migrations.contains(name);
            let found = if is { "applied" } else { "not applied" };
            all.push(judged(format!("migration {name}"), word, found, is == wanted));
        }
    }
}

fn of_rows(wanted: &[BTreeMap<String, Value>], rows: &[Map<String, Value>]) -> Judgement {
    let fits = |wanted: &BTreeMap<String, Value>, row: &Map<String, Value>| {
        wanted.iter().all(|(name, value)| row.get(name).is_some_and(|is| same(value, is)))
    };
    let holds = wanted.len() == rows.len() && wanted.iter().zip(rows).all(|(wanted, row)| fits(wanted, row));
    let shown = |rows: Vec<String>| match rows.len() {
        0 => "none".to_owned(),
        count if count > 5 => {
            format!("{} and {} more", rows.iter().take(5).cloned().collect::<Vec<_>>().join(" "), count - 5)
        }
        _ => rows.join(" "),
    };
    let wanted = wanted.iter().map(|row| serde_json::json!(row).to_string()).collect();
    let rows = rows.iter().map(|row| Value::Object(row.clone()).to_string()).collect();
    judged("rows of `sql`", shown(wanted), shown(rows), holds)
}

/// A number of a plan is the same as the text that a database makes of one: decimals come as texts.
fn same(wanted: &Value, is: &Value) -> bool {
    wanted == is
        || wanted.as_f64().is_some_and(|wanted| {
            is.as_f64() == Some(wanted) || is.as_str().and_then(|text| text.parse().ok()) == Some(wanted)
        })
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    holdpoint_plan::near(name, known.map(String::as_str))
        .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(of: &[(&str, &[(&str, &str)])]) -> Tables {
        let columns = |columns: &[(&str, &str)]| {
            columns.iter().map(|(name, column)| ((*name).to_owned(), Column::read(column))).collect()
        };
        of.iter().map(|(table, of)| ((*table).to_owned(), columns(of))).collect()
    }

    #[test]
    fn a_look_is_compared_with_an_earlier_one() {
        let before =
            tables(&[("orders", &[("id", "uuid not null"), ("note", "text")]), ("old", &[("id", "int")])]);
        let now = tables(&[("orders", &[("id", "uuid"), ("total", "numeric")]), ("new", &[("id", "int")])]);
        let change = compared(&before, &now);
        assert_eq!(change.added, ["new", "orders.total"]);
        assert_eq!(change.removed, ["old", "orders.note"]);
        assert_eq!(change.changed, [("orders.id".to_owned(), "uuid not null".to_owned(), "uuid".to_owned())]);
        assert_eq!(compared(&now, &now), Change::default());
    }

    #[test]
    fn what_a_model_has_and_the_database_has_not_is_named() {
        let model = tables(&[
            ("orders", &[("id", "uuid not null"), ("custmer", "text"), ("total", "int")]),
            ("item", &[]),
        ]);
        let live = tables(&[
            ("orders", &[("id", "uuid not null"), ("customer", "text"), ("total", "text null")]),
            ("items", &[]),
        ]);
        assert_eq!(
            lacking(&model, &live),
            [
                "item (no such table; did you mean `items`?)",
                "orders.custmer (not there; did you mean `customer`?)",
                "orders.total (is text null, not integer)",
            ]
        );
    }
}
