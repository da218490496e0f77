//! A script, statement by statement.

use super::cursor::{Broken, Cursor, Lost, Read};
use super::dialect::{Dialect, foreign};
use super::heredoc::fulfil;
use super::model::{Command, Script, Shape, Statement};
use super::{recovery, session};
use crate::Span;

/// Bytes that may be looked at for each byte of a script. After that no statement is read beyond its line, so that a
/// text made of marks that never close costs no more than this.
const BUDGET: usize = 24;

/// Reads the text of a fence: POSIX shell, bash or zsh, also behind prompts and with output typed below. Any text, never
/// a panic, in time that grows with its length.
pub fn parse(script: &str) -> Script {
    parse_as(script, Dialect::Unsaid)
}

/// As [`parse`], where the fence says which language it holds.
pub fn parse_as(script: &str, dialect: Dialect) -> Script {
    if let Dialect::Other(language) = dialect {
        return unread(script, language);
    }
    counted(script, dialect).0
}

/// As [`parse_as`], and how many bytes were looked at.
pub(super) fn counted(script: &str, dialect: Dialect) -> (Script, usize) {
    let session = session::read(script, dialect);
    let mut cursor = Cursor::new(&session.text, &session.prompts);
    let mut reader =
        Reader { statements: Vec::new(), prompts: session.prompts.clone(), barriers: &session.barriers };
    while reader.next(&mut cursor) {}
    crate::work::spend(cursor.steps);
    let mut found = Script {
        statements: reader.statements,
        comments: cursor.comments,
        problems: cursor.problems,
        output: session.output,
        prompts: reader.prompts,
    };
    found.comments.sort_by_key(|comment| comment.span.start);
    found.problems.sort_by_key(|problem| problem.span.start);
    (found, cursor.steps)
}

/// A script in a language that is not read: one statement.
fn unread(script: &str, language: &str) -> Script {
    let bare = script.trim();
    let start = script.len() - script.trim_start().len();
    let mut found = Script::default();
    if !bare.is_empty() {
        let cursor = Cursor::new(script, &[]);
        let span = Span { start, end: start + bare.len() };
        let lines = cursor.line_of(span.start)..cursor.line_of(span.end - 1) + 1;
        let shape = Shape::NotUnderstood(format!("it is written for {language}, which is not read here"));
        found.statements.push(Statement { span, lines, shape, background: false });
    }
    found
}

struct Reader<'s> {
    statements: Vec<Statement>,
    prompts: Vec<Span>,
    /// Starts of lines that no statement reaches into.
    barriers: &'s [usize],
}

impl Reader<'_> {
    /// Reads the next statement; false at the end.
    fn next(&mut self, cursor: &mut Cursor<'_>) -> bool {
        cursor.limit = cursor.text.len();
        cursor.depth = 0;
        // Nothing can be pending here, so this cannot fail.
        if cursor.lines().is_err() || cursor.byte().is_none() {
            return false;
        }
        self.prompt(cursor);
        if cursor.byte().is_none() {
            return false;
        }
        let start = cursor.at;
        if let Some((language, length)) = foreign(cursor.rest()) {
            cursor.skip(length.max(1));
            let why = format!("it is written for {language}, which is not read here");
            self.push(cursor, start, cursor.at, Shape::NotUnderstood(why), false);
            return true;
        }
        let barrier = self.barriers.partition_point(|barrier| *barrier <= start);
        cursor.limit = self.barriers.get(barrier).copied().unwrap_or(cursor.text.len());
        let spent = cursor.steps > BUDGET * cursor.text.len() + 4096;
        if spent {
            cursor.limit = recovery::logical_line(cursor, start);
        }
        let (comments, problems) = (cursor.comments.len(), cursor.problems.len());
        let heredocs = cursor.heredocs.len();
        match statement(cursor, start) {
            Ok((shape, background, end)) => self.push(cursor, start, end, shape, background),
            Err(broken) => {
                cursor.comments.truncate(comments);
                cursor.problems.truncate(problems);
                cursor.heredocs.truncate(heredocs);
                self.give_up(cursor, start, &broken, spent);
            }
        }
        true
    }

    /// Steps over a `$ ` at the start of a statement, in a script that is otherwise without prompts.
    fn prompt(&mut self, cursor: &mut Cursor<'_>) {
        while cursor.starts("$ ") {
            let start = cursor.at;
            let length =
                cursor.rest().bytes().skip(1).take_while(|byte| matches!(byte, b' ' | b'\t')).count() + 1;
            cursor.skip(length);
            self.prompts.push(Span { start, end: cursor.at });
            if cursor.lines().is_err() {
                return;
            }
        }
    }

    fn give_up(&mut self, cursor: &mut Cursor<'_>, start: usize, broken: &Broken, spent: bool) {
        let delimiters: Vec<String> = cursor.pending.drain(..).map(|pending| pending.delimiter).collect();
        let in_block = cursor.depth > 0;
        let end =
            if spent { cursor.limit } else { recovery::end(cursor, start, broken, in_block, &delimiters) };
        let end = start + cursor.slice(start, end).trim_end().len().max(1);
        cursor.at = end;
        cursor.limit = cursor.text.len();
        while !cursor.text.is_char_boundary(cursor.at) {
            cursor.at += 1;
        }
        let end = cursor.at;
        cursor.at = cursor.line_end(end);
        self.push(cursor, start, end, Shape::NotUnderstood(broken.why.clone()), false);
    }

    fn push(&mut self, cursor: &mut Cursor<'_>, start: usize, end: usize, shape: Shape, background: bool) {
        let lines = cursor.line_of(start)..cursor.line_of(end.saturating_sub(1).max(start)) + 1;
        let mut made = Statement { span: Span { start, end }, lines, shape, background };
        if begins_with_option(&made.shape) {
            let why =
                "it begins with an option: the line above lacks its backslash, or something stands between";
            made.shape = Shape::NotUnderstood(why.to_owned());
            if let Some(before) = self.statements.last()
                && adjoins(
                    cursor.slice(before.span.end, start),
                    cursor.slice(before.span.start, before.span.end),
                )
            {
                made.span.start = before.span.start;
                made.lines.start = before.lines.start;
                self.statements.pop();
            }
        }
        self.statements.push(made);
    }
}

/// One statement with the bodies below it: what it says, whether it ends in `&`, one past its last byte.
fn statement(cursor: &mut Cursor<'_>, start: usize) -> Read<(Shape, bool, usize)> {
    let first = cursor.heredocs.len();
    let (mut shape, background, mut end) = cursor.list(&[])?;
    cursor.comment();
    if cursor.byte() == Some(b'\n') {
        cursor.newline()?;
    }
    if let Some(pending) = cursor.pending.first() {
        let why = format!("the text that ends with `{}` is missing", pending.delimiter);
        return Err(Broken { at: pending.at, why, lost: Lost::Rest });
    }
    if cursor.heredocs.len() > first {
        let body_end = start + cursor.slice(start, cursor.at).trim_end_matches(['\n', '\r']).len();
        end = end.max(body_end);
    }
    each_command(&mut shape, &mut |command| fulfil(command, &cursor.heredocs));
    Ok((shape, background, end))
}

fn each_command(shape: &mut Shape, act: &mut impl FnMut(&mut Command)) {
    match shape {
        Shape::Assignments(_) | Shape::NotUnderstood(_) => {}
        Shape::Simple(command) => act(command),
        Shape::Pipeline(commands) | Shape::Compound { commands, .. } => commands.iter_mut().for_each(act),
        Shape::List(items) => items.iter_mut().for_each(|(_, shape)| each_command(shape, act)),
    }
}

fn begins_with_option(shape: &Shape) -> bool {
    let word = first_command(shape).and_then(|command| command.words.first()).and_then(|word| word.literal());
    word.as_ref()
        .and_then(|word| word.strip_prefix('-'))
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-'))
}

fn first_command(shape: &Shape) -> Option<&Command> {
    match shape {
        Shape::Assignments(_) | Shape::NotUnderstood(_) => None,
        Shape::Simple(command) => Some(command),
        Shape::Pipeline(commands) | Shape::Compound { commands, .. } => commands.first(),
        Shape::List(items) => items.iter().find_map(|(_, shape)| first_command(shape)),
    }
}

/// Whether a line that begins with an option belongs to the statement above it.
fn adjoins(between: &str, above: &str) -> bool {
    let blank = between.split('\n').skip(1).filter(|line| line.trim().is_empty()).count() > 1;
    above.ends_with('\\') || !blank
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What never closes, closes late or nests, over and over.
    const HOSTILE: [&str; 34] = [
        "aws ecs describe-services --cluster a | jq .\n",
        "'",
        "a 'b\n",
        "echo $(\n",
        "$(",
        "\"$(",
        "`",
        "\\ ",
        "\\\n",
        "(",
        "((",
        "( ",
        "{ ",
        "{",
        "{{ vars.",
        "${",
        "[",
        "[[ ",
        "<a",
        "<a-b> ",
        "\"<a-b>",
        "cat <<A\n A\n",
        "cat <<A\n",
        "for i in a; do\n",
        "if a\n",
        "case a in\n",
        "a() ",
        "a &&\n",
        "$ a \\\nb\n",
        "$env:X = {\n",
        "-x\n",
        "“",
        "https://a?",
        "a b=(\n",
    ];

    #[test]
    fn bytes_looked_at_grow_with_the_length() {
        for piece in HOSTILE {
            let text = piece.repeat(40_000 / piece.len());
            let (script, steps) = counted(&text, Dialect::Unsaid);
            assert!(
                !script.statements.is_empty() || !script.problems.is_empty() || piece == "\\\n",
                "{piece:?}"
            );
            // What one statement looks at after the budget is spent is at most a few times its own bytes.
            assert!(
                steps <= (BUDGET + 8) * text.len() + 8192,
                "{piece:?}: {steps} steps for {} bytes",
                text.len()
            );
        }
    }

    #[test]
    fn a_megabyte_of_ordinary_lines_is_looked_at_about_twice() {
        let line =
            "aws ecs update-service --cluster \"$CLUSTER\" --service api \\\n  --force-new-deployment # ü\n";
        let text = line.repeat(1_000_000 / line.len());
        let (script, steps) = counted(&text, Dialect::Unsaid);
        assert_eq!(script.statements.len(), text.len() / line.len());
        assert!(steps <= 3 * text.len(), "{steps} steps for {} bytes", text.len());
    }
}
