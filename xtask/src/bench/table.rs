//! Paired runs and their rows.

use crate::tool::{Failure, Tool};
use std::time::{Duration, Instant};

pub(super) fn against_floor(measure: &str, ours: Duration, floor: Duration, goal: &str) -> String {
    let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1000.0);
    let ratio = format!("{:.2} ×", ours.as_secs_f64() / floor.as_secs_f64().max(1e-9));
    format!("{measure:<44} {:>11} {:>11} {ratio:>9}   {goal}", ms(ours), ms(floor))
}

/// Medians of runs that take turns, after one of each that is not counted.
pub(super) fn paired(
    pairs: usize,
    ours: impl Fn() -> Tool,
    peer: impl Fn() -> Tool,
) -> Result<(Duration, Duration), Failure> {
    let time = |tool: Tool| {
        let started = Instant::now();
        tool.output().map(|_| started.elapsed())
    };
    time(ours())?;
    time(peer())?;
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        mine.push(time(ours())?);
        theirs.push(time(peer())?);
    }
    Ok((median(mine), median(theirs)))
}

pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(super) fn row(measure: &str, ours: Duration, peer: Option<Duration>, goal: &str) -> String {
    let ms = |duration: Duration| match duration.as_secs_f64() * 1000.0 {
        small if small < 1.0 => format!("{small:.2} ms"),
        other => format!("{other:.1} ms"),
    };
    let (shown, ratio) = match peer {
        Some(peer) => (ms(peer), format!("{:.1} ×", peer.as_secs_f64() / ours.as_secs_f64().max(1e-9))),
        None => ("–".to_owned(), "–".to_owned()),
    };
    format!("{measure:<44} {:>11} {shown:>11} {ratio:>9}   {goal}", ms(ours))
}
