//! What a task inside of the VPC printed of a database: a line a column, then how many there were.

use super::{Read, Tables};
use crate::checks::databases::compare;
use crate::failure::failed;
use holdpoint_cloud::{Cloud, LogQuery};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{Dur, SchemaLog};
use holdpoint_plan::sql::Column;
use holdpoint_run::Diagnosis;
use std::time::Duration;

/// CloudWatch shows lines after a few seconds.
const POLL: Duration = Duration::from_secs(3);
/// How long the last line is waited for where the step does not say.
const WITHIN: Duration = Duration::from_secs(30);

/// Reads a log until it is whole.
pub(super) async fn read(cloud: &Cloud, task: &Task, log: &SchemaLog) -> Result<Read, Diagnosis> {
    let deadline = task.clock.elapsed() + log.within.map_or(WITHIN, Dur::get);
    let query =
        LogQuery { group: log.group.clone(), streams: vec![log.stream.clone()], prefix: None, from: None };
    loop {
        let lines = cloud.log_lines(&query).await;
        let lines = lines.map_err(|error| failed("What the task printed cannot be read", &error))?;
        let there = lines.is_some();
        let lines = lines.unwrap_or_default();
        let printed = Printed::of(lines.iter().map(|line| line.message.as_str()));
        let whole = printed.counted == Some(printed.columns);
        if whole {
            let mut migrations = printed.migrations;
            migrations.sort_by(|a, b| compare(a, b));
            return Ok(Read { tables: printed.tables, migrations, venue: "ecs.run_task", ..Read::default() });
        }
        if task.clock.elapsed() >= deadline {
            let mut told = match (there, printed.counted) {
                (false, _) => Diagnosis::of(format!("There is no log group `{}` in this account and region", log.group)),
                (true, None) => Diagnosis::of(format!(
                    "{} of {} has {} lines, and none is `columns|<count>`, which comes last",
                    log.stream, log.group, lines.len()
                )),
                (true, Some(counted)) => Diagnosis::of(format!(
                    "The task says that it printed {counted} columns, and {} are in its log",
                    printed.columns
                )),
            }
            .hint("The task prints a line `table|column|type|YES` for each column (YES: it may be null), `migration|<name>` for each migration, and `columns|<count>` last; docs/checks.md has the statements.");
            told.last_log = lines.iter().rev().take(10).rev().map(|line| line.message.clone()).collect();
            return Err(told);
        }
        task.clock.sleep(POLL).await;
    }
}

/// What the lines say.
#[derive(Debug, Default, PartialEq)]
struct Printed {
    tables: Tables,
    migrations: Vec<String>,
    /// Lines that told a column.
    columns: usize,
    /// How many the task says there are.
    counted: Option<usize>,
}

impl Printed {
    fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut printed = Self::default();
        for line in lines {
            let sign = if line.contains('\t') { '\t' } else { '|' };
            let parts: Vec<&str> = line.split(sign).map(str::trim).collect();
            match parts.as_slice() {
                ["columns", count] => printed.counted = count.parse().ok(),
                ["migration", name] => printed.migrations.push((*name).to_owned()),
                [table, name, kind, nullable] if is_answer(nullable) => {
                    let column =
                        Column { nullable: Some(nullable.eq_ignore_ascii_case("yes")), ..Column::read(kind) };
                    printed.tables.entry((*table).to_owned()).or_default().insert((*name).to_owned(), column);
                    printed.columns += 1;
                }
                _ => {}
            }
        }
        printed
    }
}

fn is_answer(word: &str) -> bool {
    word.eq_ignore_ascii_case("yes") || word.eq_ignore_ascii_case("no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_columns_migrations_and_their_count() {
        let lines = [
            "connecting …",
            "orders|id|uuid|NO",
            "orders|note|character varying(80)|YES",
            "items\tid\tbigint\tNO",
            "a|b|c|d",
            "migration|0012_totals",
            "columns|3",
        ];
        let printed = Printed::of(lines.into_iter());
        assert_eq!((printed.columns, printed.counted), (3, Some(3)));
        assert_eq!(printed.migrations, ["0012_totals"]);
        let note =
            printed.tables.get("orders").and_then(|columns| columns.get("note")).map(ToString::to_string);
        assert_eq!(note.as_deref(), Some("character varying(80) null"));
        // A log that is cut short is never taken for a database that has less.
        assert_eq!(Printed::of(["orders|id|uuid|NO"].into_iter()).counted, None);
    }
}
