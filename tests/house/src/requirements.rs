//! `docs/requirements.md`: a row for every need, and nothing claimed that no test shows.

use crate::{Finding, SourceFile};
use std::collections::BTreeMap;

/// The numbers of the needs: letter and how many.
pub const EXPECTED: &[(char, u32)] =
    &[('A', 43), ('B', 11), ('C', 11), ('D', 18), ('E', 19), ('Y', 20), ('X', 6), ('Z', 10)];

/// Path of the page.
const PAGE: &str = "docs/requirements.md";

/// What is wrong with the page: numbers missing or doubled, unknown states, shown-by files that do not exist.
/// `exists` says whether a path from the root does.
pub fn requirements(page: &SourceFile, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut say = |line: usize, found: String| {
        findings.push(Finding {
            place: format!("{PAGE}:{line}"),
            rule: "requirements",
            found,
            why: "the page is the promise's ledger: each need once, a state of met, part or open, and `met` only with a test that exists",
        });
    };
    for (number, line) in page.text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, need, by, shown, state] = cells.as_slice() else { continue };
        if !is_number(id) {
            continue;
        }
        if let Some(before) = seen.insert((*id).to_owned(), number) {
            say(number, format!("{id} stands in line {before} already"));
        }
        if need.is_empty() {
            say(number, format!("{id} does not say what is needed"));
        }
        let paths: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        for path in paths.iter().filter(|path| !exists(path)) {
            say(number, format!("{id} is shown by `{path}`, which does not exist"));
        }
        *states.entry(*state).or_default() += 1;
        match *state {
            "open" => {}
            "part" | "met" if by.is_empty() || *by == "–" => {
                say(number, format!("{id} is {state} by nothing"))
            }
            "part" => {}
            "met" if paths.is_empty() => say(number, format!("{id} is met, but no test file is named")),
            "met" => {}
            other => say(number, format!("{id} has the state `{other}`")),
        }
    }
    for (letter, count) in EXPECTED {
        for number in 1..=*count {
            if !seen.contains_key(&format!("{letter}{number}")) {
                say(1, format!("{letter}{number} is missing"));
            }
        }
    }
    let known = |id: &str| {
        let (letter, number) = id.split_at(1);
        EXPECTED.iter().any(|(l, count)| {
            letter.starts_with(*l) && number.parse().is_ok_and(|n: u32| n >= 1 && n <= *count)
        })
    };
    for (id, line) in seen.iter().filter(|(id, _)| !known(id)) {
        say(*line, format!("{id} is no need that anybody wrote down"));
    }
    let of = |state: &str| states.get(state).copied().unwrap_or_default();
    let tally = format!("{} met, {} in part, {} open.", of("met"), of("part"), of("open"));
    for (index, line) in page.text.lines().enumerate().filter(|(_, line)| line.ends_with(" open.")) {
        if line != tally {
            say(index + 1, format!("it says `{line}`, and its rows are {tally}"));
        }
    }
    findings
}

fn is_number(cell: &str) -> bool {
    let mut chars = cell.chars();
    chars.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && cell.len() > 1
        && chars.all(|digit| digit.is_ascii_digit())
}
