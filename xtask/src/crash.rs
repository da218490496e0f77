//! The whole sweeps of crashes, of which the tests of every day run a sample, and the table of what they came to.

use crate::place::{root, target};
use crate::setup;
use crate::tool::{Failure, Tool, cargo, folder};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// Rows of the table, and the modules of tests that are about each.
const ROWS: [(&str, &[&str]); 5] = [
    ("R1", &["points::", "calls::", "moments::", "practised::"]),
    ("R2", &["starved::", "full::"]),
    ("R3", &["power::"]),
    ("R4", &["records::", "bytes::"]),
    ("R12", &["releases::"]),
];
/// Where the table stands, and between which lines.
const PAGE: &str = "docs/how-it-is-tested.md";
const BEGIN: &str = "<!-- crash: figures of `cargo xtask crash --record` -->";
const END: &str = "<!-- crash: end -->";

/// A sweep and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sweep {
    row: String,
    what: String,
    cases: u64,
    violations: u64,
}

/// Runs the sweeps of all rows, or of those named (`r1,r4`), each with that many random cases, and prints the table.
pub(crate) fn run(only: Option<&str>, seeds: u32, record: bool) -> Result<(), Failure> {
    let chosen = chosen(only)?;
    setup::system(true)?;
    cargo(["build", "--workspace", "--bin", "holdpoint"]).run()?;
    let kept = target().join("crash");
    folder(&kept)?;
    let figures = kept.join("figures.jsonl");
    write(&figures, "")?;
    let mut words =
        vec!["test", "--workspace", "--no-fail-fast", "--test", "sweeps", "--test", "damage", "--"];
    words.extend(chosen.iter().flat_map(|(_, modules)| modules.iter().copied()));
    let tests = cargo(words).env("HOLDPOINT_CRASH", "whole").env("HOLDPOINT_CRASH_SEEDS", seeds.to_string());
    let outcome = tests.env("HOLDPOINT_CRASH_FIGURES", &figures).run();
    let sweeps = read(&figures)?;
    let table = table(&sweeps);
    println!("\n{table}");
    if record {
        keep(&sweeps, &table)?;
    }
    let violations: u64 = sweeps.iter().map(|sweep| sweep.violations).sum();
    if violations > 0 {
        return Err(Failure::Other(format!("{violations} violations; the cases stand above")));
    }
    outcome
}

fn chosen(only: Option<&str>) -> Result<Vec<(&'static str, &'static [&'static str])>, Failure> {
    let Some(only) = only else { return Ok(ROWS.to_vec()) };
    let wanted = only.split(',').map(|name| {
        let row = ROWS.iter().find(|(row, _)| row.eq_ignore_ascii_case(name.trim()));
        row.copied().ok_or_else(|| {
            let rows: Vec<&str> = ROWS.iter().map(|(row, _)| *row).collect();
            Failure::Other(format!("no row `{name}`; there are {}", rows.join(", ")))
        })
    });
    wanted.collect()
}

/// The sweeps by row; those of one name, which several tests share, together.
fn read(figures: &Path) -> Result<Vec<Sweep>, Failure> {
    let file = |source| Failure::File { what: "read", path: figures.display().to_string(), source };
    let text = std::fs::read_to_string(figures).map_err(file)?;
    let mut sweeps: Vec<Sweep> = Vec::new();
    for line in text.lines() {
        let told: Value = serde_json::from_str(line).map_err(|why| Failure::Other(why.to_string()))?;
        let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| told[name].as_u64().unwrap_or_default();
        let (row, what) = (word("row"), word("what"));
        match sweeps.iter_mut().find(|sweep| sweep.row == row && sweep.what == what) {
            Some(sweep) => {
                sweep.cases += number("cases");
                sweep.violations += number("violations");
            }
            None => {
                sweeps.push(Sweep { row, what, cases: number("cases"), violations: number("violations") });
            }
        }
    }
    let place = |sweep: &Sweep| ROWS.iter().position(|(row, _)| *row == sweep.row);
    sweeps.sort_by(|one, other| place(one).cmp(&place(other)).then_with(|| one.what.cmp(&other.what)));
    Ok(sweeps)
}

fn table(sweeps: &[Sweep]) -> String {
    let mut text = String::from("| row | sweep | cases | violations |\n|---|---|---:|---:|\n");
    for Sweep { row, what, cases, violations } in sweeps {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {row} | {what} | {cases} | {violations} |");
    }
    text
}

/// Writes the table into the page, in place of what stands there; a part of the rows is refused.
fn keep(sweeps: &[Sweep], table: &str) -> Result<(), Failure> {
    if let Some((row, _)) = ROWS.iter().find(|(row, _)| sweeps.iter().all(|sweep| sweep.row != *row)) {
        return Err(Failure::Other(format!(
            "nothing was found of {row}: only all rows together are recorded"
        )));
    }
    let page = root().join(PAGE);
    let file = |source| Failure::File { what: "read", path: PAGE.to_owned(), source };
    let text = std::fs::read_to_string(&page).map_err(file)?;
    let day = Tool::new("date", ["-u", "+%F"]).output()?;
    let figures = format!("`cargo xtask crash`, {}:\n\n{table}", day.trim());
    let Some(text) = placed(&text, &figures) else {
        return Err(Failure::Other(format!("{PAGE} has no lines `{BEGIN}` and `{END}`")));
    };
    write(&page, &text)
}

fn placed(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{figures}{END}{after}"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = |source| Failure::File { what: "write", path: path.display().to_string(), source };
    std::fs::write(path, text).map_err(file)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, chosen, placed};

    #[test]
    fn figures_take_the_place_of_older_ones() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(placed(&page, "new\n"), Some(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
        assert_eq!(placed("a\n", "new\n"), None);
    }

    #[test]
    fn rows_are_chosen_by_name() {
        let rows = |only| chosen(only).map(|rows| rows.iter().map(|(row, _)| *row).collect::<Vec<_>>());
        assert_eq!(rows(Some("r4, R1")).ok(), Some(vec!["R4", "R1"]));
        assert_eq!(rows(None).ok().map(|rows| rows.len()), Some(5));
        assert!(rows(Some("r9")).is_err());
    }
}
