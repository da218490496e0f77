//! The whole sweeps of crashes, of which the tests of every day run a sample, and the table of what they came to.

use crate::place::{root, target};
use crate::setup;
use crate::tool::{Failure, Tool, cargo, folder};
use serde_json::Value;
use std::path::Path;

/// Rows of the table, and the modules of tests that are about each.
const ROWS: [(&str, &[&str]); 6] = [
    ("R1", &["points::", "calls::", "moments::", "practised::"]),
    ("R2", &["starved::", "full::"]),
    ("R3", &["power::"]),
    ("R4", &["records::", "bytes::"]),
    ("R11", &["seeded::"]),
    ("R12", &["releases::"]),
];
/// Where those modules are.
const SUITES: [&str; 3] = ["sweeps", "damage", "behaviour"];
/// Where the table stands, and between which lines.
const PAGE: &str = "docs/how-it-is-tested.md";
const BEGIN: &str = "<!-- crash: figures of `cargo xtask crash --record` -->";
const END: &str = "<!-- crash: end -->";
const HEAD: &str = "| row | sweep | cases | violations | on |\n|---|---|---:|---:|---|\n";

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
    let mut words = vec!["test", "--workspace", "--no-fail-fast"];
    words.extend(SUITES.iter().flat_map(|suite| ["--test", suite]));
    words.push("--");
    words.extend(chosen.iter().flat_map(|(_, modules)| modules.iter().copied()));
    let tests = cargo(words).env("HOLDPOINT_CRASH", "whole").env("HOLDPOINT_CRASH_SEEDS", seeds.to_string());
    let outcome = tests.env("HOLDPOINT_CRASH_FIGURES", &figures).run();
    let sweeps = read(&figures)?;
    println!("\n{HEAD}{}", lines(&sweeps, "").concat());
    if record {
        keep(&chosen, &sweeps)?;
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

/// A line for each sweep, with the day.
fn lines(sweeps: &[Sweep], day: &str) -> Vec<String> {
    let line = |Sweep { row, what, cases, violations }: &Sweep| {
        format!("| {row} | {what} | {cases} | {violations} | {day} |\n")
    };
    sweeps.iter().map(line).collect()
}

/// Writes the lines into the page, in place of what stands there of the same rows.
fn keep(chosen: &[(&str, &[&str])], sweeps: &[Sweep]) -> Result<(), Failure> {
    let page = root().join(PAGE);
    let file = |source| Failure::File { what: "read", path: PAGE.to_owned(), source };
    let text = std::fs::read_to_string(&page).map_err(file)?;
    let day = Tool::new("date", ["-u", "+%F"]).output()?;
    let rows: Vec<&str> = chosen.iter().map(|(row, _)| *row).collect();
    let Some(text) = placed(&text, &rows, &lines(sweeps, day.trim())) else {
        return Err(Failure::Other(format!("{PAGE} has no lines `{BEGIN}` and `{END}`")));
    };
    write(&page, &text)
}

/// The page with these lines for these rows; those of other rows stay.
fn placed(page: &str, rows: &[&str], lines: &[String]) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (old, after) = rest.split_once(END)?;
    let row_of = |line: &str| line.split('|').nth(1).map(|row| row.trim().to_owned());
    let place = |line: &str| row_of(line).and_then(|row| ROWS.iter().position(|(name, _)| *name == row));
    let kept = old.lines().filter(|line| {
        place(line).is_some() && row_of(line).is_some_and(|row| !rows.contains(&row.as_str()))
    });
    let mut all: Vec<String> = kept.map(|line| format!("{line}\n")).chain(lines.iter().cloned()).collect();
    all.sort_by_key(|line| place(line));
    Some(format!("{before}{BEGIN}\n{HEAD}{}{END}{after}", all.concat()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = |source| Failure::File { what: "write", path: path.display().to_string(), source };
    std::fs::write(path, text).map_err(file)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, HEAD, chosen, placed};

    #[test]
    fn figures_take_the_place_of_older_ones_of_their_rows() {
        let page = |lines: &str| format!("a\n{BEGIN}\n{lines}{END}\nb\n");
        let line = |row: &str, cases: u32| format!("| {row} | what | {cases} | 0 | 2026-01-01 |\n");
        let first = placed(&page(""), &["R4"], &[line("R4", 1)]).unwrap_or_default();
        assert_eq!(first, page(&format!("{HEAD}{}", line("R4", 1))));
        let both = placed(&first, &["R1"], &[line("R1", 2)]).unwrap_or_default();
        assert_eq!(both, page(&format!("{HEAD}{}{}", line("R1", 2), line("R4", 1))));
        let anew = placed(&both, &["R4", "R1"], &[line("R4", 3)]).unwrap_or_default();
        assert_eq!(anew, page(&format!("{HEAD}{}", line("R4", 3))));
        assert_eq!(placed("a\n", &[], &[]), None);
    }

    #[test]
    fn rows_are_chosen_by_name() {
        let rows = |only| chosen(only).map(|rows| rows.iter().map(|(row, _)| *row).collect::<Vec<_>>());
        assert_eq!(rows(Some("r4, R1")).ok(), Some(vec!["R4", "R1"]));
        assert_eq!(rows(None).ok().map(|rows| rows.len()), Some(6));
        assert!(rows(Some("r9")).is_err());
    }
}
