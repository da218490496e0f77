//! The lines of a log that tell why something failed: those around the first error, and the last.

/// Lines of a log that are read at most.
pub(crate) const READ: u32 = 1_000;
/// A log of so many lines is shown whole.
const WHOLE: usize = 30;
/// Lines that are shown before the first error and after it.
const AROUND: (usize, usize) = (3, 4);
/// Lines of a trace that are shown before the error that it ends with.
const TRACE: usize = 12;
/// Last lines that are shown in any case.
const LAST: usize = 8;

/// What of a log is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// The lines around the first error and the last lines; what is left out between them is said in a line.
    pub(crate) shown: Vec<String>,
    /// The first line that looks like an error, and its number from 1.
    pub(crate) error: Option<(usize, String)>,
}

impl Words {
    /// Chooses among the lines of a log, oldest first.
    pub(crate) fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let lines: Vec<&str> = lines.into_iter().map(str::trim_end).collect();
        let (from, error) = match first_error(&lines) {
            Some((from, error)) => (from, Some(error)),
            None => (lines.len(), None),
        };
        let text = |at: usize| lines.get(at).copied().unwrap_or_default().to_owned();
        if lines.len() <= WHOLE {
            let shown = lines.iter().map(|line| (*line).to_owned()).collect();
            return Self { shown, error: error.map(|at| (at + 1, text(at))) };
        }
        let tail = lines.len() - LAST;
        let around = error.map_or(tail..tail, |at| {
            let first = from.max(at.saturating_sub(TRACE)).saturating_sub(AROUND.0).min(tail);
            first..(at + AROUND.1 + 1).min(tail)
        });
        let mut shown = Vec::new();
        let left_out = |count: usize, shown: &mut Vec<String>| {
            if count > 0 {
                shown.push(format!("… {count} lines left out …"));
            }
        };
        left_out(around.start, &mut shown);
        shown.extend(around.clone().map(text));
        left_out(tail - around.end, &mut shown);
        shown.extend((tail..lines.len()).map(text));
        Self { shown, error: error.map(|at| (at + 1, text(at))) }
    }
}

/// How bad a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Error,
    Warning,
    Plain,
}

/// What a line looks like, by its level where it has one, else by its words. Inner lines of a trace are no errors of their own.
pub(crate) fn weight(line: &str) -> Weight {
    let is_inner = line.starts_with([' ', '\t']);
    let warns = is_error(line, &["warn"]);
    // A level at the beginning counts before any word after it.
    let levels: Vec<String> = line
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(10)
        .map(str::to_ascii_lowercase)
        .collect();
    let level = levels.iter().find_map(|word| match word.as_str() {
        "warn" | "warning" => Some(Weight::Warning),
        "error" | "fatal" | "critical" | "err" | "crit" | "panic" => Some(Weight::Error),
        "info" | "debug" | "trace" | "notice" => Some(Weight::Plain),
        _ => None,
    });
    match level {
        _ if is_inner => Weight::Plain,
        Some(Weight::Error) if is_error(line, PLAIN) || is_error(line, &["err", "crit"]) => Weight::Error,
        Some(Weight::Warning) if warns => Weight::Warning,
        Some(_) => Weight::Plain,
        None if is_error(line, PLAIN) => Weight::Error,
        None if warns => Weight::Warning,
        None => Weight::Plain,
    }
}

/// Words of which each tells an error.
const PLAIN: &[&str] =
    &["error", "exception", "traceback", "fatal", "panic", "critical", "segmentation fault", "out of memory"];

/// Where the first error begins, and the line that names it: of a trace that begins with its header, the last.
fn first_error(lines: &[&str]) -> Option<(usize, usize)> {
    const WEAK: &[&str] = &[
        "fail",
        "denied",
        "refused",
        "cannot ",
        "can't ",
        "could not ",
        "unable to",
        "no such file",
        "command not found",
        ": not found",
        "unbound variable",
        "timed out",
        "killed",
        "abort",
    ];
    let first = |words: &[&str]| lines.iter().position(|line| is_error(line, words));
    let from = first(PLAIN).or_else(|| first(WEAK))?;
    if !lines.get(from)?.to_ascii_lowercase().contains("traceback") {
        return Some((from, from));
    }
    let is_inner = |line: &str| line.is_empty() || line.starts_with([' ', '\t']);
    let named = lines.iter().skip(from + 1).position(|line| !is_inner(line));
    Some((from, named.map_or(from, |after| from + 1 + after)))
}

/// Whether a line has one of the words, is of no lower level, and does not say that all is well.
fn is_error(line: &str, words: &[&str]) -> bool {
    const WELL: &[&str] = &[
        "0 error",
        "no error",
        "without error",
        "0 fail",
        "errors: 0",
        "errors=0",
        "error: null",
        "error=null",
        "failed: 0",
        "failed=0",
    ];
    let lower = line.to_ascii_lowercase();
    let begins_a_word =
        |at: usize| !lower.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
    let is_well = |phrase: &&str| lower.match_indices(*phrase).any(|(at, _)| begins_a_word(at));
    // A level stands at the beginning, behind a time at most.
    let mut begins =
        lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).take(10);
    words.iter().any(|word| lower.contains(word))
        && !begins.any(|word| matches!(word, "info" | "debug" | "trace"))
        && !WELL.iter().any(is_well)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize, at: &[(usize, &str)]) -> Vec<String> {
        let line =
            |number: usize| at.iter().find(|(place, _)| *place == number).map(|(_, text)| (*text).to_owned());
        (1..=count).map(|number| line(number).unwrap_or_else(|| format!("line {number}"))).collect()
    }

    fn of(lines: &[String]) -> Words {
        Words::of(lines.iter().map(String::as_str))
    }

    #[test]
    fn a_short_log_is_shown_whole() {
        let lines = numbered(30, &[(5, "Error: no queue")]);
        assert_eq!(of(&lines), Words { shown: lines, error: Some((5, "Error: no queue".into())) });
        assert_eq!(of(&[]), Words::default());
    }

    #[test]
    fn lines_are_weighed_by_level_and_by_words() {
        let table = [
            ("2026-01-01T00:00:00Z ERROR orders: no stock", Weight::Error),
            (r#"{"level":"error","msg":"no stock"}"#, Weight::Error),
            (r#"{"level":"info","msg":"error page rendered"}"#, Weight::Plain),
            ("[WARN] slow query: 2 s", Weight::Warning),
            ("WARNING: error budget half spent", Weight::Warning),
            ("Traceback (most recent call last):", Weight::Error),
            ("  File \"app.py\", line 3, in error", Weight::Plain),
            ("thread 'main' panicked at src/main.rs:1", Weight::Error),
            ("INFO 0 errors, 0 warnings", Weight::Plain),
            ("done with 0 errors", Weight::Plain),
            ("GET /health 200", Weight::Plain),
        ];
        for (line, expected) in table {
            assert_eq!(weight(line), expected, "{line}");
        }
    }

    #[test]
    fn a_long_one_is_shown_around_its_first_error_and_at_its_end() {
        let lines = numbered(200, &[(50, "FATAL: no queue"), (120, "Error: shut down")]);
        let words = of(&lines);
        assert_eq!(words.error, Some((50, "FATAL: no queue".into())));
        assert_eq!(
            words.shown[..5],
            ["… 46 lines left out …", "line 47", "line 48", "line 49", "FATAL: no queue"]
        );
        assert_eq!(
            words.shown[5..10],
            ["line 51", "line 52", "line 53", "line 54", "… 138 lines left out …"]
        );
        assert_eq!(words.shown[10..], lines[192..]);
    }

    #[test]
    fn without_an_error_the_last_lines_are_shown() {
        let words = of(&numbered(40, &[]));
        assert_eq!((words.shown.len(), words.error), (9, None));
        assert_eq!(words.shown[0], "… 32 lines left out …");
    }

    #[test]
    fn an_error_among_the_last_lines_is_shown_once() {
        for at in [190, 195, 200] {
            let words = of(&numbered(200, &[(at, "KeyError: 'QUEUE'")]));
            assert_eq!(words.shown.iter().filter(|line| line.contains("KeyError")).count(), 1, "{at}");
            assert_eq!(words.shown.last().unwrap(), if at == 200 { "KeyError: 'QUEUE'" } else { "line 200" });
            let gaps: Vec<&String> = words.shown.iter().filter(|line| line.contains("left out")).collect();
            assert_eq!(gaps.len(), 1, "{at}: {gaps:?}");
        }
    }

    #[test]
    fn a_trace_is_named_by_the_line_that_it_ends_with() {
        let lines = [
            "starting",
            "Traceback (most recent call last):",
            "  File \"/app/main.py\", line 41, in <module>",
            "    check_schema(connection)",
            "psycopg.errors.UndefinedTable: relation \"tasks\" does not exist",
            "During handling of the above exception, another exception occurred:",
        ];
        let words = Words::of(lines);
        assert_eq!(words.error, Some((5, lines[4].to_owned())));
    }

    #[test]
    fn what_is_well_is_no_error_and_a_plain_error_comes_before_a_weak_one() {
        let table = [
            (&["migrated, 0 errors", "INFO error handler set", "listening"][..], None),
            (&["could not read the cache", "panic: no queue"], Some((2, "panic: no queue"))),
            (&["HTTP 500 Error", "on it"], Some((1, "HTTP 500 Error"))),
            (
                &["2026-01-02T03:04:05Z INFO retry on error", "connection error"],
                Some((2, "connection error")),
            ),
            (&["connection refused", "bye"], Some((1, "connection refused"))),
            (&["exec /app/run: exec format error"], Some((1, "exec /app/run: exec format error"))),
        ];
        for (lines, error) in table {
            let found = Words::of(lines.iter().copied()).error;
            assert_eq!(found, error.map(|(at, text): (usize, &str)| (at, text.to_owned())), "{lines:?}");
        }
    }
}
