//! The whole lifecycle as a table: a row for each status, a column for each thing that can happen.

use holdpoint_run::Status::{self, *};
use holdpoint_run::{StepFact, advance};

const STATUSES: [Status; 14] = [
    Pending,
    Running,
    Asking,
    Sent,
    Waiting,
    Verifying,
    Succeeded,
    Failed,
    Unknown,
    RolledBackByAws,
    Superseded,
    Skipped,
    Compensated,
    NotPractised,
];

#[test]
fn every_cell_is_as_the_table_says() {
    // `.` cannot happen; otherwise the first letter of what becomes of it.
    let columns: [(&str, StepFact); 20] = [
        ("intended, asks", StepFact::Intended { asks: true, acts: true }),
        ("intended, acts", StepFact::Intended { asks: false, acts: true }),
        ("intended, reads", StepFact::Intended { asks: false, acts: false }),
        ("answered, acts", StepFact::Answered { acts: true }),
        ("answered", StepFact::Answered { acts: false }),
        ("sending", StepFact::Sending),
        ("not sent", StepFact::NotSent),
        ("received", StepFact::Received { last: false }),
        ("received last", StepFact::Received { last: true }),
        ("verifying", StepFact::Verifying),
        ("became unknown", StepFact::BecameUnknown),
        ("retried", StepFact::Retried),
        ("skipped", StepFact::Skipped),
        ("undone", StepFact::Undone),
        ("succeeded", StepFact::Concluded(Succeeded)),
        ("failed", StepFact::Concluded(Failed)),
        ("superseded", StepFact::Concluded(Superseded)),
        ("not practised", StepFact::Concluded(NotPractised)),
        ("replied, acts", StepFact::Replied { acts: true }),
        ("replied", StepFact::Replied { acts: false }),
    ];
    let table = "
        Pending          Asking Running Waiting . . . . . . . . . Skipped Compensated . Failed . NotPractised . .
        Running          . . . . . Sent . . . . . . . Compensated . Failed . NotPractised . .
        Asking           . . . Running Waiting . . . . . . Pending Skipped Compensated . Failed . NotPractised . .
        Sent             . . . . . . Running Running Waiting . Unknown . . . . . . . . .
        Waiting          . . . . . . . . . Verifying . . . Compensated Succeeded Failed Superseded NotPractised Running Waiting
        Verifying        . . . . . . . . . Verifying . . . Compensated Succeeded Failed Superseded NotPractised . .
        Succeeded        . . . . . . . . . . . Pending . Compensated . . . . . .
        Failed           . . . . . . . . . . . Pending Skipped Compensated . . . . . .
        Unknown          . . . . . . Running Running Waiting . . Pending Skipped Compensated . . . . . .
        RolledBackByAws  . . . . . . . . . . . Pending Skipped Compensated . . . . . .
        Superseded       . . . . . . . . . . . Pending Skipped Compensated . . . . . .
        Skipped          . . . . . . . . . . . Pending . Compensated . . . . . .
        Compensated      . . . . . . . . . . . . . Compensated . . . . . .
        NotPractised     . . . . . . . . . . . Pending . Compensated . . . . . .";
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
        .collect();
    assert_eq!(rows.len(), STATUSES.len());
    for (row, status) in rows.iter().zip(STATUSES) {
        assert_eq!(row[0], format!("{status:?}"));
        assert_eq!(row.len(), columns.len() + 1, "{row:?}");
        for (wanted, (name, fact)) in row[1..].iter().zip(columns) {
            let found = advance(status, fact).map_or(".".into(), |status| format!("{status:?}"));
            assert_eq!(found, *wanted, "{status:?}, {name}");
        }
    }
}

#[test]
fn nothing_ends_as_what_is_not_an_end() {
    for status in STATUSES {
        for end in [Pending, Running, Asking, Sent, Waiting, Verifying, Skipped, Compensated] {
            assert!(advance(status, StepFact::Concluded(end)).is_err(), "{status:?} cannot end {end:?}");
        }
    }
}

#[test]
fn a_status_is_done_active_or_a_question_and_never_two() {
    for status in STATUSES {
        let kinds = [status.is_done(), status.is_active(), status.needs_decision()];
        let count = kinds.iter().filter(|kind| **kind).count();
        let none = matches!(status, Pending | Compensated);
        assert_eq!(count, usize::from(!none), "{status:?}");
    }
}
