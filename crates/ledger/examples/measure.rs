//! What the bench measures of the ledger, each line a measure in nanoseconds or bytes: `measure append FOLDER N`,
//! `measure fill FOLDER N`, `measure replay FOLDER`, `measure clone FROM TO RUNS`.
#![expect(clippy::print_stdout, reason = "it tells its figures to whoever started it")]
#![expect(clippy::unwrap_used, reason = "a measure that cannot be made has no result")]
#![expect(clippy::disallowed_methods, reason = "a measure is its own edge: it reads the clock")]

use holdpoint_ledger::{Check, Ledger, SqliteLedger};
use holdpoint_plan::{ItemId, StepId};
use holdpoint_run::chain::{Draft, Event, Stored, genesis, open, seal};
use holdpoint_run::{Actor, At, Fact, Mode, RunId};
use sha2::{Digest as _, Sha256};
use std::fs::{File, create_dir_all};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Runs that append at the same time.
const TOGETHER: usize = 200;
/// Events that are read at once.
const PART: u64 = 4096;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["append", folder, count] => append(Path::new(folder), count.parse().unwrap()).await,
        ["fill", folder, count] => fill(Path::new(folder), count.parse().unwrap()).await,
        ["replay", folder] => replay(Path::new(folder)).await,
        ["clone", from, to, runs] => clones(Path::new(from), Path::new(to), runs.parse().unwrap()).await,
        _ => println!("append FOLDER N | fill FOLDER N | replay FOLDER | clone FROM TO RUNS"),
    }
}

fn ledger(folder: &Path) -> PathBuf {
    create_dir_all(folder).unwrap();
    folder.join("ledger.sqlite3")
}

fn id(number: usize) -> RunId {
    RunId::new(format!("{number:010}")).unwrap()
}

/// An item ticked and unticked: as long as the most frequent events are.
fn draft(number: u64) -> Draft {
    let fact = Fact::Ticked {
        step: StepId::new("before_anything_changes").unwrap(),
        item: ItemId::new("nobody_else_deploys").unwrap(),
        on: number.is_multiple_of(2),
        by: Actor { name: "ana".into(), through: "console".into() },
        reason: Some("looked at the deployments of the cluster, and asked the two who could be at it".into()),
        evidence: None,
        text_digest: "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9".into(),
    };
    Draft {
        at: At(1_790_000_000_000 + i64::try_from(number).unwrap()),
        monotonic: number,
        actor: "ana".into(),
        identity: Some(
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/ana".into(),
        ),
        mode: Mode::Live,
        fact,
    }
}

fn next(run: &RunId, last: Option<&Stored>) -> Stored {
    let (seq, prev) = last.map_or_else(|| (1, genesis(run)), |last| (last.seq + 1, last.hash));
    seal(run, seq, prev, &draft(seq)).unwrap()
}

fn median(mut times: Vec<u128>) -> u128 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// One durable append after the other, and a raw write with `fdatasync` of the same bytes, in turns; then many at once.
async fn append(folder: &Path, count: usize) {
    let path = ledger(folder);
    let ledger = Arc::new(SqliteLedger::open(&path).unwrap());
    let mut raw = File::create(folder.join("raw")).unwrap();
    let run = id(0);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut last: Option<Stored> = None;
    for _ in 0..count {
        let event = next(&run, last.as_ref());
        let began = Instant::now();
        raw.write_all(&event.bytes).unwrap();
        raw.sync_data().unwrap();
        theirs.push(began.elapsed().as_nanos());
        let began = Instant::now();
        ledger.append(&run, event.seq - 1, vec![event.clone()]).await.unwrap();
        ours.push(began.elapsed().as_nanos());
        last = Some(event);
    }
    let sync = median(theirs);
    println!("append {}", median(ours));
    println!("raw {sync}");
    let began = Instant::now();
    let mut tasks = Vec::new();
    for number in 1..=TOGETHER {
        let ledger = Arc::clone(&ledger);
        tasks.push(tokio::spawn(async move {
            let (run, mut last) = (id(number), None::<Stored>);
            for _ in 0..20 {
                let event = next(&run, last.as_ref());
                ledger.append(&run, event.seq - 1, vec![event.clone()]).await.unwrap();
                last = Some(event);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let each = began.elapsed().as_nanos() / (TOGETHER as u128 * 20);
    println!("grouped {}", sync / each.max(1));
}

/// A journal of so many events.
async fn fill(folder: &Path, count: u64) {
    let ledger = SqliteLedger::open(&ledger(folder)).unwrap();
    let run = id(0);
    let mut last: Option<Stored> = None;
    let mut left = count;
    while left > 0 {
        let mut batch = Vec::new();
        for _ in 0..left.min(10_000) {
            let event = next(&run, last.as_ref());
            last = Some(event.clone());
            batch.push(event);
        }
        left -= batch.len() as u64;
        let before = batch[0].seq - 1;
        ledger.append(&run, before, batch).await.unwrap();
    }
}

/// Verifies and reads every event, and hashes the same bytes, in turns.
async fn replay(folder: &Path) {
    let ledger = SqliteLedger::open(&ledger(folder)).unwrap();
    let run = id(0);
    let mut check = Check::new(&run, &[]);
    let (mut ours, mut theirs, mut seq, mut ticked) = (0, 0, 0, 0_u64);
    loop {
        let began = Instant::now();
        let part = ledger.part(&run, seq, PART).await.unwrap();
        for stored in &part {
            let event: Event = check.take(stored).unwrap();
            ticked += u64::from(matches!(event.event, Fact::Ticked { on: true, .. }));
        }
        ours += began.elapsed().as_nanos();
        let Some(last) = part.last() else { break };
        seq = last.seq;
        let began = Instant::now();
        let mut digest = Sha256::new();
        for stored in &part {
            digest.update(&stored.bytes);
        }
        let _ = std::hint::black_box(digest.finalize());
        theirs += began.elapsed().as_nanos();
    }
    println!("events {seq}");
    println!("ticked {ticked}");
    println!("replay {ours}");
    println!("sha256 {theirs}");
    println!("intact {}", u8::from(check.verdict().is_intact()));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    println!("peak {}", peak.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()).unwrap_or(0) * 1024);
}

/// The newest run of a home, so many times in another: its events under other names, its folder beside them.
async fn clones(from: &Path, to: &Path, runs: usize) {
    let source = SqliteLedger::open(&from.join("ledger.sqlite3")).unwrap();
    let row = source.runs().await.unwrap().remove(0);
    let stored = source.read(&row.run, 0).await.unwrap();
    let plan = std::fs::read(from.join("runs").join(row.run.as_str()).join("plan.md")).unwrap();
    let mut prev = genesis(&row.run);
    let mut events = Vec::new();
    for (one, seq) in stored.iter().zip(1..) {
        events.push(open(&row.run, seq, &prev, one).unwrap());
        prev = one.hash;
    }
    let target = SqliteLedger::open(&ledger(to)).unwrap();
    for number in 0..runs {
        let run = id(number);
        let mut prev = genesis(&run);
        let mut copies = Vec::new();
        for event in &events {
            let draft = Draft {
                at: event.at,
                monotonic: event.monotonic,
                actor: event.actor.clone(),
                identity: event.identity.clone(),
                mode: event.mode,
                fact: event.event.clone(),
            };
            let copy = seal(&run, event.seq, prev, &draft).unwrap();
            prev = copy.hash;
            copies.push(copy);
        }
        target.append(&run, 0, copies).await.unwrap();
        let folder = to.join("runs").join(run.as_str());
        create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("plan.md"), &plan).unwrap();
    }
}
