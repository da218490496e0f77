//! What is printed. Much of it is somebody else's text (of containers, scripts, registries, AWS), so that nothing that is
//! printed as lines moves a terminal. A pipe that is closed is no error: nobody reads any more. Anything else that keeps
//! words from being written is: what a script asked for is not there.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something could not be written on standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether all that was printed could be written.
pub(crate) fn is_whole() -> bool {
    !LOST.load(Ordering::Relaxed)
}

/// A line, or some, on standard output.
pub(crate) fn line(text: impl Display) {
    written(writeln!(io::stdout(), "{}", lines(&text.to_string())));
}

fn written(done: io::Result<()>) {
    if let Err(why) = done
        && why.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        error(&format!("standard output takes nothing more: {why}"));
    }
}

fn lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// A line that a terminal may be shown: without escape sequences, and with what is left of control characters, and those
/// that turn the direction of reading, written out.
fn plain(text: &str) -> String {
    let stripped = anstream::adapter::strip_str(text).to_string();
    let turns = |one: char| matches!(one, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |one: char| match (one.is_control() && one != '\t') || turns(one) {
        true => one.escape_unicode().to_string(),
        false => one.to_string(),
    };
    stripped.chars().map(shown).collect()
}

/// A question on standard output, behind which is answered.
pub(crate) fn question(text: &str) {
    raw(&format!("{} ", lines(text)));
}

/// Text on standard output, as it is.
pub(crate) fn raw(text: &str) {
    bytes(text.as_bytes());
}

/// Bytes of a file on standard output, as they are.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut out = io::stdout();
    written(out.write_all(bytes).and_then(|()| out.flush()));
}

/// A line on standard error.
pub(crate) fn error(text: &str) {
    // Where standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "holdpoint: {}", lines(text));
}

/// A line on standard error that is no error.
pub(crate) fn note(text: impl Display) {
    // As above.
    let _ = writeln!(std::io::stderr(), "{}", lines(&text.to_string()));
}

/// Whether a person sits at standard input and sees standard output.
pub(crate) fn has_person() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Whether a person sits at standard input and sees standard error: standard output may be another program's.
pub(crate) fn has_person_at_stderr() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// JSON on standard output.
pub(crate) fn json<T: serde::Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => written(writeln!(io::stdout(), "{text}")),
        Err(problem) => error(&problem.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{lines, plain};

    #[test]
    fn a_log_line_moves_no_terminal() {
        let table = [
            ("plain \t text ✓", "plain \t text ✓"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}rest", "rest"),
            ("\u{1b}P1;2|junk\u{1b}\\rest", "rest"),
            ("over\rwritten", "over\\u{d}written"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ];
        for (said, shown) in table {
            assert_eq!(plain(said), shown, "{said:?}");
        }
        assert_eq!(lines("one\n\u{1b}[2Jtwo\r\n"), "one\ntwo\\u{d}\n");
    }
}
