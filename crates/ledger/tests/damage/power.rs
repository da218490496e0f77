//! Power is lost: of what was written and not synced, any part may be on the disk, in any order, torn between sectors.
//! Every image that may be found is opened with the real code, and has every event that was acknowledged.
//!
//! Taken for granted, as SQLite does: a sector is old or new, never a mixture; what a write does not touch stays. A file
//! that was made or deleted may be there or not until its folder is synced, which SQLite on Unix does with the first sync
//! of each journal and log that it makes (`UNIXFILE_DIRSYNC` in its `os_unix.c`).

use crate::disk::{Disk, Op};
use crate::journal::{FILE, append, journal, open, read, run};
use holdpoint_crash::{Numbers, each, whole};
use holdpoint_ledger::verify;
use holdpoint_run::chain::Stored;
use std::collections::BTreeMap;
use std::fmt;

/// Bytes that are written whole or not at all.
const SECTOR: usize = 512;
/// So many writes that are not synced are tried in all combinations; of more, a sample.
const EXHAUSTIVE: usize = 7;
/// Where the samples come from.
const SEED: u64 = 20_260_303;

/// A file: what is certainly there, and what may be.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// Whether its name is certainly in the folder.
    named: bool,
    bytes: Option<Vec<u8>>,
    pending: Vec<Op>,
}

/// Power is lost after so many operations; which of the pending ones are there.
#[derive(Debug, Clone)]
struct Image {
    after: usize,
    choice: Choice,
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    /// All of them.
    All,
    /// Bit by bit, in their order, whole.
    These(u64),
    /// By a seed: some, in another order, some torn.
    Some(u64),
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "power lost after operation {}, {:?}", self.after, self.choice)
    }
}

/// What is on the disk, file by file, after the first operations of a log; and how many events were acknowledged.
fn disk_after(log: &[Op]) -> (BTreeMap<String, Kept>, usize) {
    let (mut files, mut acknowledged) = (BTreeMap::<String, Kept>::new(), 0);
    for op in log {
        match op {
            Op::Made(name) => {
                files.insert(name.clone(), Kept { bytes: Some(Vec::new()), ..Kept::default() });
            }
            Op::Written(name, ..) | Op::Cut(name, _) => {
                files.entry(name.clone()).or_default().pending.push(op.clone());
            }
            Op::Synced(name) => {
                let file = files.entry(name.clone()).or_default();
                let first = !file.named;
                // A sync of a file says nothing of its name.
                settle(file, |op| !matches!(op, Op::Deleted(..)));
                if first && name != FILE {
                    sync_folder(&mut files);
                }
            }
            Op::Deleted(name, synced) => {
                let file = files.entry(name.clone()).or_default();
                file.pending.push(op.clone());
                if *synced {
                    sync_folder(&mut files);
                }
            }
            Op::Acknowledged(count) => acknowledged = *count,
        }
    }
    (files, acknowledged)
}

/// What was made has its name, and what was deleted is gone.
fn sync_folder(files: &mut BTreeMap<String, Kept>) {
    for file in files.values_mut() {
        file.named = true;
        if file.pending.iter().any(|op| matches!(op, Op::Deleted(..))) {
            settle(file, |_| true);
        }
    }
}

/// What was pending is certain, but for what stays so.
fn settle(file: &mut Kept, certain: impl Fn(&Op) -> bool) {
    for op in std::mem::take(&mut file.pending) {
        match certain(&op) {
            true => apply(&mut file.bytes, &op, |_| true),
            false => file.pending.push(op),
        }
    }
}

/// Does an operation to a file, of a write those sectors that are chosen.
fn apply(file: &mut Option<Vec<u8>>, op: &Op, mut sector: impl FnMut(usize) -> bool) {
    match op {
        Op::Written(_, at, bytes) => {
            let (at, kept) = (usize::try_from(*at).unwrap(), file.get_or_insert_default());
            kept.resize(kept.len().max(at + bytes.len()), 0);
            for (offset, byte) in bytes.iter().enumerate() {
                let place = at + offset;
                if sector(place / SECTOR) {
                    kept[place] = *byte;
                }
            }
        }
        Op::Cut(_, length) => file.get_or_insert_default().resize(usize::try_from(*length).unwrap(), 0),
        Op::Deleted(..) => *file = None,
        Op::Made(_) | Op::Synced(_) | Op::Acknowledged(_) => {}
    }
}

fn files_of(image: &Image, log: &[Op]) -> (BTreeMap<String, Vec<u8>>, usize) {
    let (files, acknowledged) = disk_after(&log[..image.after]);
    let mut number = 0;
    let images = files.into_iter().map(|(name, Kept { named, mut bytes, mut pending })| {
        match image.choice {
            Choice::These(0) if !named => bytes = None,
            Choice::Some(seed) if !named && seed % 3 == 0 => bytes = None,
            Choice::All => pending.iter().for_each(|op| apply(&mut bytes, op, |_| true)),
            Choice::These(which) => {
                for op in &pending {
                    if number < 64 && which >> number & 1 == 1 {
                        apply(&mut bytes, op, |_| true);
                    }
                    number += 1;
                }
            }
            Choice::Some(seed) => {
                let mut numbers = Numbers::of(seed ^ name.len() as u64);
                for last in (1..pending.len()).rev() {
                    pending.swap(last, numbers.below(last + 1));
                }
                for op in &pending {
                    match numbers.below(3) {
                        0 => {}
                        1 => apply(&mut bytes, op, |_| true),
                        _ => {
                            let torn = numbers.any();
                            apply(&mut bytes, op, |sector| torn >> (sector % 64) & 1 == 1);
                        }
                    }
                }
            }
        }
        (name, bytes)
    });
    (images.filter_map(|(name, bytes)| Some((name, bytes?))).collect(), acknowledged)
}

/// How many operations of a log's beginning may be there or not.
fn pending(log: &[Op]) -> usize {
    disk_after(log).0.values().map(|file| file.pending.len() + usize::from(!file.named)).sum()
}

fn images(log: &[Op], every: usize, combinations: bool, sampled: usize) -> Vec<Image> {
    let mut images = Vec::new();
    for after in (0..=log.len()).rev().step_by(every) {
        let pending = pending(&log[..after]);
        let choices: Vec<Choice> = match combinations && pending <= EXHAUSTIVE {
            true => (0..1 << pending).map(Choice::These).collect(),
            false => vec![Choice::These(0), Choice::All],
        };
        images.extend(choices.into_iter().map(|choice| Image { after, choice }));
        let seeds = if pending == 0 { 0 } else { sampled };
        let seed = |nth: usize| Choice::Some(SEED + (after * 1_000 + nth) as u64);
        images.extend((0..seeds).map(|nth| Image { after, choice: seed(nth) }));
    }
    images
}

fn check(image: &Image, log: &[Op], events: &[Stored]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let (files, acknowledged) = files_of(image, log);
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let there = match open(folder.path()).and_then(|ledger| read(&ledger)) {
        Ok(there) => there,
        Err(why) => return Some(format!("{acknowledged} were acknowledged; {why}")),
    };
    let (verdict, _) = verify(&run(), &there, &[]);
    let whole = verdict.is_intact() && events.get(..there.len()) == Some(there.as_slice());
    (!whole || there.len() < acknowledged)
        .then(|| format!("{acknowledged} were acknowledged; {} are there: {verdict}", there.len()))
}

/// Appends of some events each, until all are there; then the file is closed.
fn recorded(events: &[Stored], each: usize) -> Vec<Op> {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::of(folder.path());
    let ledger = open(folder.path()).unwrap();
    for (nth, batch) in events.chunks(each).enumerate() {
        append(&ledger, (nth * each) as u64, batch).unwrap();
        disk.acknowledged(nth * each + batch.len());
    }
    disk.log()
}

#[test]
fn what_was_acknowledged_survives_a_loss_of_power() {
    let events = journal(24, 300);
    let log = recorded(&events, 2);
    let acknowledged = log.iter().filter(|op| matches!(op, Op::Acknowledged(_))).count();
    assert_eq!(acknowledged, 12);
    assert!(log.len() > 60, "{} operations are no story", log.len());
    let images = if whole() { images(&log, 1, true, 40) } else { images(&log, 3, false, 3) };
    each("R3", "small appends: images after a loss of power", &images, |image| check(image, &log, &events));
}

#[test]
fn it_survives_while_the_log_is_written_back_too() {
    // More than SQLite keeps in its log: what is in it moves to the file, and the log begins anew.
    let events = journal(90, 60_000);
    let log = recorded(&events, 3);
    let to_file = log.iter().filter(|op| matches!(op, Op::Written(name, ..) if name == FILE)).count();
    assert!(to_file > 500, "the log was written back: {to_file} writes");
    let images = if whole() { images(&log, 9, false, 3) } else { images(&log, 180, false, 1) };
    each("R3", "large appends, the log written back: images", &images, |image| check(image, &log, &events));
}

#[test]
fn a_disk_that_forgets_what_was_synced_is_caught() {
    // The same images without the syncs, so that the sweep is seen to find something.
    let events = journal(12, 300);
    let log: Vec<Op> = recorded(&events, 2).into_iter().filter(|op| !matches!(op, Op::Synced(_))).collect();
    let lost = images(&log, 1, false, 1).iter().filter(|image| check(image, &log, &events).is_some()).count();
    assert!(lost > 10, "{lost} images lost something");
}
