//! Five real notes, where they are at hand: what becomes of each command, which findings stand where, and what each need of
//! their authors became. The expected texts hold lines, kinds and codes, and none of their text.

use crate::common::{home, same};
use crate::notes::{Note, notes};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Mistakes that a reader of the notes found by hand: the note, the finding that names each, and all of its lines there
/// (of a step, the first line that belongs to it).
const MISTAKES: [(&str, &str, &[usize]); 10] = [
    ("000", "log-group", &[281, 339, 772]),
    ("000", "secret-on-command-line", &[654, 767]),
    ("000", "unreviewed-apply", &[212, 780]),
    ("002", "query-editor", &[34]),
    ("003", "old-revision", &[166]),
    ("004", "half-a-set", &[294]),
    ("004", "previous-revision", &[305]),
    ("004", "rollback-behind-terraform", &[311]),
    ("004", "task-definition-in-place", &[84]),
    ("004", "wait-proves-nothing", &[161]),
];

#[test]
fn real_notes_become_what_is_written_here() {
    let Some(notes) = notes() else { return };
    let (mut all, mut found) = (String::new(), Vec::new());
    for note in &notes {
        let _ = write!(all, "{}\n{}", note.number, shown(note));
        for (code, lines) in note.findings() {
            found.push((note.number.clone(), code, lines));
        }
    }
    for code in MISTAKES.map(|(_, code, _)| code) {
        let wanted: Vec<_> = MISTAKES.iter().filter(|one| one.1 == code).collect();
        let wanted: Vec<_> = wanted.iter().map(|one| (one.0, one.2.to_vec())).collect();
        let found: Vec<_> =
            found.iter().filter(|one| one.1 == code).map(|one| (one.0.as_str(), one.2.clone())).collect();
        assert_eq!(found, wanted, "{code} stands where the mistake is, and nowhere else");
    }
    let mut problems = Vec::new();
    same(&all, &home().join("tests/guides/real-notes-imported.txt"), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What became of each command and which findings are left, by lines of the note.
fn shown(note: &Note) -> String {
    let mut groups: BTreeMap<String, Vec<usize>> =
        note.commands().into_iter().map(|(what, lines)| (what, lines.into_iter().collect())).collect();
    groups.extend(note.findings().into_iter().map(|(code, lines)| (format!("finding {code}"), lines)));
    let mut out = String::new();
    for (group, mut lines) in groups {
        lines.sort_unstable();
        let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
        let _ = writeln!(out, "  {} {group}: {}", lines.len(), lines.join(" "));
    }
    out
}

/// Programs whose every command must have an answer.
const PROGRAMS: [&str; 6] = ["aws", "terraform", "tofu", "docker", "docker-compose", "podman"];

/// How many lines of each note call one of them, in a fence or in a sentence, counted without the importer.
const CALLS: [(&str, usize); 5] = [("000", 22), ("001", 0), ("002", 0), ("003", 21), ("004", 26)];

/// Every line that calls AWS's CLI, Terraform or Docker was lifted, kept or left alone with a reason.
#[test]
fn every_command_of_the_real_notes_has_an_answer() {
    let Some(notes) = notes() else { return };
    let mut counted = Vec::new();
    for note in &notes {
        let lines = calls(&note.done.base);
        let answered = note.answered();
        let missing: Vec<&usize> = lines.difference(&answered).collect();
        assert!(missing.is_empty(), "{}: nothing became of lines {missing:?}", note.number);
        counted.push((note.number.as_str(), lines.len()));
    }
    assert_eq!(counted, CALLS);
}

/// Lines that call a program: in a fence where a command begins, elsewhere in inline code.
fn calls(text: &str) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut fence: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let marks = bare.len() - bare.trim_start_matches('`').len();
        match fence {
            None if marks >= 3 => fence = bare.get(..marks),
            Some(open) if bare.trim_end() == open => fence = None,
            Some(_) if !bare.starts_with('#') && has_call(bare) => {
                found.insert(at + 1);
            }
            Some(_) => {}
            // Every second part of a line stands between two backticks.
            None if line.split('`').skip(1).step_by(2).any(|code| code.contains(' ') && has_call(code)) => {
                found.insert(at + 1);
            }
            None => {}
        }
    }
    found
}

/// Whether a program is called in it: at its begin, after a pipe or another operator, in `$(…)`, or behind what only says who
/// runs it.
fn has_call(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.iter().enumerate().any(|(at, word)| {
        let inner = word.rsplit(['(', '\'', '"', '=']).next().unwrap_or(word);
        let opens = word.contains("$(") || word.starts_with('\'');
        let before = words.get(..at).and_then(<[&str]>::last);
        let first =
            words.iter().take(at).all(|word| word.contains('=') || ["$", "time", "sudo"].contains(word));
        let follows = before.is_some_and(|word| ["|", "&&", "||", ";", "--"].contains(word));
        PROGRAMS.contains(&inner) && (opens || ((first || follows) && inner == *word))
    })
}

/// The rows of the table: number, lines of notes, what they became, and why nothing did where nothing did.
struct Row {
    number: String,
    places: String,
    why: String,
}

const TABLE: &str = "tests/guides/real-notes-needs.txt";

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(home().join(TABLE)).expect("the table");
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [number, places, _, why] = cells.as_slice() else { panic!("{line}: a row has four cells") };
        Row { number: (*number).to_owned(), places: (*places).to_owned(), why: (*why).to_owned() }
    })
    .collect()
}

/// Each need that stands in the notes has a row; the others (of the catalogue and of the importer) stand in no note.
#[test]
fn every_need_has_a_row() {
    let text = std::fs::read_to_string(home().join("../../docs/requirements.md")).expect("the requirements");
    let needs: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|number| {
            number.starts_with(['A', 'B', 'C', 'D', 'E', 'Z']) && number[1..].parse::<u8>().is_ok()
        })
        .collect();
    assert!(needs.len() > 100);
    let rows = rows();
    assert_eq!(rows.iter().map(|row| row.number.as_str()).collect::<Vec<_>>(), needs);
}

/// What the lines of each need became, as the table says; where nothing did, it says why.
#[test]
fn the_needs_of_the_real_notes_became_what_the_table_says() {
    let Some(notes) = notes() else { return };
    let outcomes: BTreeMap<&str, _> =
        notes.iter().map(|note| (note.number.as_str(), note.outcomes())).collect();
    let mut out = String::new();
    let text = std::fs::read_to_string(home().join(TABLE)).expect("the table");
    for line in text.lines().take_while(|line| line.starts_with('#') || line.is_empty()) {
        let _ = writeln!(out, "{line}");
    }
    for Row { number, places, why } in rows() {
        let mut became = Vec::new();
        for place in places.split(' ') {
            let (note, ranges) = place.split_once(':').expect("a note and its lines");
            let ranges: Vec<(usize, usize)> = ranges
                .split(',')
                .map(|range| {
                    let (from, to) = range.split_once('-').unwrap_or((range, range));
                    (from.parse().expect("a line"), to.parse().expect("a line"))
                })
                .collect();
            for (what, lines) in &outcomes[note] {
                let inside = |line: &&usize| ranges.iter().any(|(from, to)| (from..=to).contains(line));
                let lines: Vec<String> = lines.iter().filter(inside).map(usize::to_string).collect();
                if !lines.is_empty() {
                    became.push(format!("{what} {}", lines.join(" ")));
                }
            }
        }
        assert!(!became.is_empty() || !why.is_empty(), "{number}: nothing became of {places}: say why");
        let row = format!("{number} | {places} | {} | {why}", became.join("; "));
        let _ = writeln!(out, "{}", row.trim_end());
    }
    let mut problems = Vec::new();
    same(&out, &home().join(TABLE), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
