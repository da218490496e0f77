//! The ledger: durable appends, replay, and a history of ten thousand runs.

use super::table::{median, paired, row};
use crate::place::target;
use crate::tool::{Failure, Tool};
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Events that are replayed.
const EVENTS: &str = "1000000";
/// Runs of a history.
const RUNS: &str = "10000";

/// One durable append after the other, against a raw write with `fdatasync` of the same bytes in the same folder; then two
/// hundred runs that append at once.
pub(super) fn appends(home: &Path) -> Result<Vec<String>, Failure> {
    let folder = fresh(&home.join("ledger-append"))?;
    let found = measured(&["append", &folder, "2000"])?;
    let (ours, raw) = (nanos(&found, "append"), nanos(&found, "raw"));
    let ratio = format!("{:.2} ×", ours.as_secs_f64() / raw.as_secs_f64().max(1e-9));
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    let name = "durable append, median | write and fdatasync";
    Ok(vec![
        format!("{name:<44} {:>11} {:>11} {ratio:>9}   ≤ 1.25 ×", ms(ours), ms(raw)),
        format!(
            "{:<44} {:>11} {:>11} {:>9}   ≥ 50",
            "  events in the time of one sync, 200 runs",
            of(&found, "grouped"),
            "",
            ""
        ),
    ])
}

/// A million events verified and read, against SHA-256 of the same bytes.
pub(super) fn replay(home: &Path) -> Result<Vec<String>, Failure> {
    let folder = fresh(&home.join("ledger-replay"))?;
    measured(&["fill", &folder, EVENTS])?;
    let found = measured(&["replay", &folder])?;
    if of(&found, "events").to_string() != EVENTS || of(&found, "intact") != 1 {
        return Err(Failure::Other(format!("the journal was not read as it was written: {found:?}")));
    }
    let (ours, floor) = (nanos(&found, "replay"), nanos(&found, "sha256"));
    let ratio = format!("{:.2} ×", ours.as_secs_f64() / floor.as_secs_f64().max(1e-9));
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0);
    let name = "1,000,000 events verified, read | SHA-256";
    let lines = vec![
        format!("{name:<44} {:>11} {:>11} {ratio:>9}   ≤ 7 ×", ms(ours), ms(floor)),
        format!(
            "{:<44} {:>8} MB {:>11} {:>9}   ≤ 300 MB",
            "  most memory",
            of(&found, "peak") / 1_000_000,
            "",
            ""
        ),
    ];
    let _ = std::fs::remove_dir_all(home.join("ledger-replay"));
    Ok(lines)
}

/// `holdpoint runs` in a home of ten thousand runs that are over, the whole process; the first time, when nothing is kept of
/// them yet, is counted by itself.
pub(super) fn history(ours: &Path, home: &Path, pairs: usize) -> Result<Vec<String>, Failure> {
    let (one, many) = (fresh(&home.join("history-one"))?, fresh(&home.join("history-many"))?);
    let plan = "plans/ecs-migrations-at-start.plan.md";
    let words = ["run", plan, "--practice", "--trust", "--auto-sign", "--speed", "1000"];
    Tool::new(ours, words).env("HOLDPOINT_HOME", &one).output()?;
    measured(&["clone", &one, &many, RUNS])?;
    let list = || Tool::new(ours, ["runs", "--json"]).env("HOLDPOINT_HOME", &many);
    let began = Instant::now();
    list().output()?;
    let first = began.elapsed();
    let (listed, floor) = paired(pairs, list, || Tool::new(ours, ["--version"]))?;
    let lines = vec![
        row("10,000 runs listed | holdpoint --version", listed, Some(floor), "≤ 150 ms"),
        row("  the first time, nothing kept yet", median(vec![first]), None, "no goal"),
    ];
    for folder in ["history-one", "history-many"] {
        let _ = std::fs::remove_dir_all(home.join(folder));
    }
    Ok(lines)
}

fn fresh(folder: &Path) -> Result<String, Failure> {
    let _ = std::fs::remove_dir_all(folder);
    crate::tool::folder(folder)?;
    Ok(folder.display().to_string())
}

/// What the example says: a word and a number a line.
fn measured(words: &[&str]) -> Result<HashMap<String, u64>, Failure> {
    let program = target().join("release/examples").join(format!("measure{}", std::env::consts::EXE_SUFFIX));
    let said = Tool::new(&program, words).output()?;
    let pairs = said.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs.filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?))).collect())
}

fn of(found: &HashMap<String, u64>, name: &str) -> u64 {
    found.get(name).copied().unwrap_or_default()
}

fn nanos(found: &HashMap<String, u64>, name: &str) -> Duration {
    Duration::from_nanos(of(found, name))
}
