//! The file itself is damaged: each byte flipped, cut at each length. Whatever is read is what was written, or the damage
//! is told; what is below the last anchor is never missing unseen.

use crate::journal::{FILE, anchor, append, journal, open, read, run, wait};
use holdpoint_crash::{each, whole};
use holdpoint_ledger::{Anchor, Ledger as _, SqliteLedger, verify};
use holdpoint_run::chain::Stored;
use std::fmt;

/// Events of the file, and up to which of them they are anchored.
const EVENTS: usize = 200;
const ANCHORED: usize = 190;

#[derive(Debug, Clone, Copy)]
enum Damage {
    Flipped(usize, u8),
    Cut(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flipped(at, bits) => write!(f, "byte {at} flipped by {bits:#04x}"),
            Self::Cut(length) => write!(f, "cut to {length} bytes"),
        }
    }
}

/// The bytes of a ledger's file after it was closed.
fn file(events: &[Stored]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    append(&ledger, 0, events).unwrap();
    drop(ledger);
    let path = folder.path().join(FILE);
    // Its writer may still be closing it; then nothing is left beside the file.
    let other = rusqlite::Connection::open(&path).unwrap();
    let moved = "PRAGMA wal_checkpoint(TRUNCATE)";
    while other.query_row(moved, [], |row| row.get::<_, i64>(0)).unwrap() != 0 {
        std::thread::yield_now();
    }
    std::fs::read(path).unwrap()
}

fn check(damage: Damage, file: &[u8], events: &[Stored], anchors: &[Anchor]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = file.to_vec();
    match damage {
        Damage::Flipped(at, bits) => bytes[at] ^= bits,
        Damage::Cut(length) => bytes.truncate(length),
    }
    std::fs::write(folder.path().join(FILE), &bytes).unwrap();
    let ledger = open(folder.path()).ok()?;
    // Listing looks at other pages than reading does: neither may panic.
    drop(wait(ledger.runs()));
    match read(&ledger) {
        Ok(there) => told(&there, events, anchors).or_else(|| recovered(&ledger, events, Some(&there))),
        Err(_) => recovered(&ledger, events, None),
    }
}

/// Nothing is read as intact that is not what was written.
fn told(there: &[Stored], events: &[Stored], anchors: &[Anchor]) -> Option<String> {
    let (verdict, opened) = verify(&run(), there, anchors);
    let valid = valid(there, events);
    if verdict.is_intact() && (valid < ANCHORED || valid < there.len()) {
        return Some(format!("{verdict}; {valid} are as they were written"));
    }
    (opened.len() != valid).then(|| format!("{} are read as valid, {valid} are", opened.len()))
}

/// What is left is found, at least as far as reading comes, and nothing else.
fn recovered(ledger: &SqliteLedger, events: &[Stored], there: Option<&[Stored]>) -> Option<String> {
    let least = there.map_or(0, |there| valid(there, events));
    if least == events.len() {
        return None;
    }
    let left = wait(ledger.salvage(&run()));
    let valid = valid(&left, events);
    (valid != left.len() || valid < least)
        .then(|| format!("{} are recovered, of which {valid} are good; reading has {least}", left.len()))
}

/// How many of the first are as they were written.
fn valid(there: &[Stored], events: &[Stored]) -> usize {
    there.iter().zip(events).take_while(|(one, other)| one == other).count()
}

fn sweep(what: &str, damages: &[Damage], file: &[u8], events: &[Stored]) {
    let anchors = [anchor(events, ANCHORED)];
    each("R4", what, damages, |damage| check(*damage, file, events, &anchors));
}

#[test]
fn a_flipped_byte_of_the_file_is_told_or_changes_nothing() {
    let events = journal(EVENTS as u64, 0);
    let file = file(&events);
    let step = if whole() { 5 } else { 997 };
    // The first hundred bytes say what the file is; of the others a sample.
    let places = (0..100).chain((100..file.len()).step_by(step));
    let damages: Vec<Damage> = places.map(|at| Damage::Flipped(at, 1 << (at % 8))).collect();
    sweep("bytes of a ledger's file flipped, every fifth", &damages, &file, &events);
}

#[test]
fn a_file_that_was_cut_is_told() {
    let events = journal(EVENTS as u64, 0);
    let file = file(&events);
    let step = if whole() { 29 } else { 3_989 };
    let damages: Vec<Damage> = (0..file.len()).step_by(step).map(Damage::Cut).collect();
    sweep("a ledger's file cut, at every 29th length", &damages, &file, &events);
}

#[test]
fn what_is_before_the_damage_is_recovered() {
    let events = journal(EVENTS as u64, 0);
    let file = file(&events);
    for nth in [0, 57, 199] {
        let text = &events[nth].bytes;
        let at = file.windows(text.len()).position(|there| there == text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = file.clone();
        bytes[at + 10] ^= 1;
        std::fs::write(folder.path().join(FILE), &bytes).unwrap();
        let ledger = open(folder.path()).unwrap();
        let left = wait(ledger.salvage(&run()));
        assert_eq!(left, events[..nth], "what is before event {}", nth + 1);
        let (verdict, _) = verify(&run(), &read(&ledger).unwrap(), &[]);
        assert!(verdict.to_string().contains(&format!("event {} was altered", nth + 1)), "{verdict}");
    }
}

#[test]
fn a_damaged_index_loses_nothing() {
    let events = journal(EVENTS as u64, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut bytes = file(&events);
    std::fs::write(&path, &bytes).unwrap();
    let root: usize = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE type = 'index'", [], |row| row.get(0))
        .unwrap();
    bytes[(root - 1) * 4096..root * 4096].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let ledger = open(folder.path()).unwrap();
    assert!(read(&ledger).is_err(), "the index is gone");
    assert_eq!(wait(ledger.salvage(&run())), events);
}
