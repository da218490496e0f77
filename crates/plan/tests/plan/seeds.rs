//! Five real notes, where they are at hand: what becomes of each command and which findings stand where. The snapshot
//! holds lines, kinds and codes, and none of their text.

use crate::common::{entries, home, same};
use holdpoint_plan::import::{Import, ImportOptions, ImportState, Outcome, import};
use holdpoint_plan::{Severity, apply};
use std::collections::BTreeMap;
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
    let folder = home().join("../../../shared/seeds");
    if !folder.is_dir() {
        eprintln!(
            "skipped: ../shared/seeds is not beside the repository, so the five notes were not imported"
        );
        return;
    }
    let (mut all, mut found) = (String::new(), Vec::new());
    for file in entries(&folder) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.get(..3).unwrap_or_default();
        let done = check(&std::fs::read(&file).expect("a note"));
        let _ = write!(all, "{number}\n{}", shown(&done));
        for (code, lines) in findings(&done) {
            found.push((number.to_owned(), code, lines));
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

/// The laws of an import that a note must keep, besides that nothing in it becomes an error.
fn check(bytes: &[u8]) -> Import {
    let options = ImportOptions::default();
    let done = import(bytes, &options);
    assert_eq!(done.state, ImportState::Imported);
    assert!(done.edits.iter().all(|edit| edit.span.start == edit.span.end), "only insertions");
    assert_eq!(apply(&done.base, &done.edits).expect("edits that fit"), done.text);
    let again = import(&done.bytes, &options);
    assert_eq!((again.state, &again.bytes), (ImportState::CheckedAlready, &done.bytes));
    let errors: Vec<_> =
        done.reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    done
}

/// What became of each command and which findings are left, by lines of the note.
fn shown(done: &Import) -> String {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for one in &done.proposals {
        let group = match &one.outcome {
            Outcome::Lifted { uses, .. } => format!("lifted {uses}"),
            Outcome::Kept { uses, effect, why, .. } => {
                assert!(!why.is_empty(), "line {} is kept without a reason", one.line);
                format!("kept {uses} {effect:?}")
            }
            Outcome::Absorbed { why } => {
                assert!(!why.is_empty(), "line {} is absorbed without a reason", one.line);
                "absorbed".to_owned()
            }
        };
        groups.entry(group).or_default().push(one.line);
    }
    groups.extend(findings(done).into_iter().map(|(code, lines)| (format!("finding {code}"), lines)));
    let mut out = String::new();
    for (group, mut lines) in groups {
        lines.sort_unstable();
        let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
        let _ = writeln!(out, "  {} {group}: {}", lines.len(), lines.join(" "));
    }
    out
}

/// The lines of each finding, by its code.
fn findings(done: &Import) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for finding in &done.reading.diagnostics {
        found.entry(finding.code.clone()).or_default().push(line_before(done, finding.span.start));
    }
    found
}

/// The line of the note at a place of the result; for a place inside of an insertion, the line that it stands before.
fn line_before(done: &Import, at: usize) -> usize {
    let mut shift = 0;
    for edit in &done.edits {
        let start = edit.span.start + shift;
        if start > at {
            break;
        }
        shift += edit.text.len().min(at - start);
    }
    done.base.as_bytes()[..at - shift].iter().filter(|byte| **byte == b'\n').count() + 1
}
