//! The nth operation of a disk fails: it is said, nothing more is written, nothing that was acknowledged is lost, and
//! with the next start it goes on.

use crate::disk::{Disk, Fault};
use crate::journal::{append, journal, open, read, run};
use holdpoint_crash::{each, whole};
use holdpoint_ledger::{LedgerError, verify};
use holdpoint_run::chain::Stored;
use std::fmt;
use std::path::Path;

/// Appends of a story; each has as many events as this says.
const APPENDS: [usize; 8] = [1, 3, 1, 2, 5, 1, 1, 2];

struct Case {
    nth: usize,
    fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} fails: {:?}", self.nth, self.fault)
    }
}

/// Writes until something fails: how many events were acknowledged, and what was said.
fn story(folder: &Path, events: &[Stored]) -> (usize, Option<LedgerError>) {
    let ledger = match open(folder) {
        Ok(ledger) => ledger,
        Err(why) => return (0, Some(why)),
    };
    let mut done = 0;
    for count in APPENDS {
        if let Err(why) = append(&ledger, done as u64, &events[done..done + count]) {
            let after = append(&ledger, done as u64, &events[done..done + count]);
            let frozen = matches!(after, Err(LedgerError::Frozen { .. }));
            assert!(frozen, "after a write that failed the next is not refused: {after:?}");
            return (done, Some(why));
        }
        done += count;
    }
    (done, None)
}

fn check(case: &Case, events: &[Stored]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::of(folder.path());
    disk.fail(case.nth, case.fault);
    let (done, said) = story(folder.path(), events);
    let hit = disk.heal();
    match &said {
        Some(why) if !why.to_string().contains("ledger.sqlite3") => {
            return Some(format!("no file in what is said: {why}"));
        }
        // What fails while the file is closed is nobody's loss: all of it is in the log beside it.
        None if hit && done < events.len() => return Some("it failed, and nothing was said".to_owned()),
        Some(_) | None => {}
    }
    // There is space again.
    let ledger = open(folder.path()).unwrap();
    let there = read(&ledger).unwrap();
    let (verdict, _) = verify(&run(), &there, &[]);
    if !verdict.is_intact() || there.len() < done || events.get(..there.len()) != Some(there.as_slice()) {
        return Some(format!("{done} were acknowledged; {} are there, {verdict}", there.len()));
    }
    if let Err(why) = append(&ledger, there.len() as u64, &events[there.len()..]) {
        return Some(format!("it does not go on: {why}"));
    }
    (read(&ledger).unwrap() != events).then(|| "the rest is not there".to_owned())
}

#[test]
fn a_write_that_fails_is_said_and_loses_nothing() {
    let events = journal(APPENDS.iter().sum::<usize>() as u64, 900);
    let quiet = tempfile::tempdir().unwrap();
    let disk = Disk::of(quiet.path());
    assert_eq!(story(quiet.path(), &events), (events.len(), None));
    let operations = disk.operations();
    assert!(operations > 40, "{operations} operations are no story");
    let nth = if whole() { 1 } else { 3 };
    let cases: Vec<Case> = [Fault::Full, Fault::Io, Fault::Short]
        .into_iter()
        .enumerate()
        .flat_map(|(first, fault)| (1 + first..=operations).step_by(nth).map(move |nth| Case { nth, fault }))
        .collect();
    each("R2", "the nth operation on the ledger's disk fails", &cases, |case| check(case, &events));
}
