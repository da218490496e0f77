//! Parts of a test run: each is named, timed, and ends in one of three ways.

use crate::tool::Failure;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How a part ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It did its work and found nothing.
    Passed,
    /// It found something, or could not do its work.
    Failed(String),
    /// It did not run; this is why.
    Skipped(String),
}

/// A part of the run.
pub(crate) struct Part {
    /// Its name; its beginning is for `--only`.
    pub(crate) name: &'static str,
    /// Its work.
    pub(crate) work: fn() -> Result<Ended, Failure>,
}

/// Runs the parts in order, all of them whatever happens, and sums up. The last line is the count alone.
pub(crate) fn run_all(parts: &[Part], only: Option<&str>) -> ExitCode {
    let chosen: Vec<&Part> =
        parts.iter().filter(|part| only.is_none_or(|only| part.name.starts_with(only))).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
        println!("no part is called that; there are: {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let mut ended = Vec::new();
    for (index, part) in chosen.iter().enumerate() {
        println!("\n==== {} ({} of {}) ====", part.name, index + 1, chosen.len());
        let started = Instant::now();
        let outcome = (part.work)().unwrap_or_else(|failure| Ended::Failed(failure.to_string()));
        println!("==== {}: {} ====", part.name, word(&outcome));
        ended.push((part.name, outcome, started.elapsed()));
    }
    let (text, success) = summary(&ended);
    println!("\n{text}");
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The table, the failures, the parts left out, and the count on a line of its own.
fn summary(ended: &[(&'static str, Ended, Duration)]) -> (String, bool) {
    let mut lines: Vec<String> = ended
        .iter()
        .map(|(name, outcome, took)| format!("{:>8.1} s  {:<8} {name}", took.as_secs_f64(), word(outcome)))
        .collect();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome, _) in ended {
        match outcome {
            Ended::Passed => passed += 1,
            Ended::Failed(why) => {
                failed += 1;
                lines.push(format!("FAILED   {name}: {why}"));
            }
            Ended::Skipped(why) => {
                skipped += 1;
                lines.push(format!("skipped: {name}: {why}"));
            }
        }
    }
    let left_out = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    lines.push(format!("{passed} passed, {failed} failed{left_out}"));
    (lines.join("\n"), failed == 0)
}

fn word(outcome: &Ended) -> &'static str {
    match outcome {
        Ended::Passed => "passed",
        Ended::Failed(_) => "FAILED",
        Ended::Skipped(_) => "skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, summary};
    use std::time::Duration;

    #[test]
    fn the_last_line_is_the_count_alone() {
        let second = Duration::from_secs(1);
        let ended = [("a", Ended::Passed, second), ("b", Ended::Failed("no".to_owned()), second)];
        let (text, success) = summary(&ended);
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
        assert!(!success);

        let ended = [("a", Ended::Passed, second), ("b", Ended::Skipped("no python".to_owned()), second)];
        let (text, success) = summary(&ended);
        let last: Vec<&str> = text.lines().rev().take(2).collect();
        assert_eq!(last, ["1 passed, 0 failed, 1 skipped", "skipped: b: no python"]);
        assert!(success);
    }
}
