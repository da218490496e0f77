//! Where reading goes on after a statement that could not be read.
//!
//! What might belong to it is lost with it: a line taken for a command of its own though it stood inside of a quote or a loop
//! would be worse than a line that is not understood.

use super::cursor::{Broken, Cursor, Lost};
use super::reach::known_program;

/// One past the last byte that a broken statement takes with it, without the end of the line.
pub(super) fn end(
    cursor: &mut Cursor<'_>,
    start: usize,
    broken: &Broken,
    in_block: bool,
    delimiters: &[String],
) -> usize {
    let lost = if in_block && broken.lost == Lost::Quote { Lost::Block } else { broken.lost };
    let mut end = match lost {
        Lost::Line => logical_line(cursor, broken.at.max(start)),
        Lost::Quote => open_quote(cursor, start),
        Lost::Block => block(cursor, start),
        Lost::Rest => return cursor.limit,
    };
    for delimiter in delimiters {
        end = below(cursor, end, delimiter);
    }
    end
}

/// The end of a line with those that it is continued on.
pub(super) fn logical_line(cursor: &Cursor<'_>, at: usize) -> usize {
    let mut end = cursor.line_end(at);
    while end < cursor.limit && cursor.slice(at, end).trim_end_matches('\r').ends_with('\\') {
        end = cursor.line_end(end + 1);
    }
    end
}

/// An open quote goes on until a blank line, a comment or the name of a program at the start of a line.
fn open_quote(cursor: &mut Cursor<'_>, start: usize) -> usize {
    let mut end = logical_line(cursor, start);
    while end < cursor.limit {
        let next = cursor.line_end(end + 1);
        let line = cursor.slice(end + 1, next);
        let word = line.split([' ', '\t', '\r']).next().unwrap_or_default();
        cursor.steps += line.len();
        if line.trim().is_empty() || line.starts_with('#') || known_program(word) {
            break;
        }
        end = next;
    }
    end
}

/// A compound goes on until as many of its words have closed as were opened.
fn block(cursor: &mut Cursor<'_>, start: usize) -> usize {
    let mut at = start;
    let mut open = 0_usize;
    while at < cursor.limit {
        let end = cursor.line_end(at);
        let line = cursor.slice(at, end).trim();
        cursor.steps += line.len() + 1;
        for word in line.split([' ', '\t', ';', '(', ')']) {
            match word {
                "for" | "while" | "until" | "if" | "case" | "select" | "{" => open += 1,
                "done" | "fi" | "esac" | "}" => open = open.saturating_sub(1),
                _ => {}
            }
        }
        if open == 0 {
            return end;
        }
        at = end + 1;
    }
    cursor.limit
}

/// The end of the line that closes a heredoc, or where it already is if there is none.
fn below(cursor: &mut Cursor<'_>, end: usize, delimiter: &str) -> usize {
    let mut at = end + 1;
    while at < cursor.limit {
        let next = cursor.line_end(at);
        cursor.steps += next - at + 1;
        if cursor.slice(at, next).trim() == delimiter {
            return next;
        }
        at = next + 1;
    }
    end
}
