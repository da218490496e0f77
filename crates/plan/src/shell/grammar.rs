//! Commands, pipelines and lists.

use super::cursor::{Cursor, Lost, Read};
use super::heredoc::{Pending, promised};
use super::model::{Assignment, Command, Joint, Redirect, Shape, Word, WordPart};
use super::words::name_length;
use crate::Span;

/// Words that end a list inside of a compound.
pub(super) type Stops = &'static [&'static str];

/// One piece of a pipeline.
pub(super) enum Piece {
    Assignments(Vec<Assignment>),
    Simple(Command),
    Compound { word: String, commands: Vec<Command> },
}

impl Piece {
    fn into_shape(self) -> Shape {
        match self {
            Self::Assignments(assignments) => Shape::Assignments(assignments),
            Self::Simple(command) => Shape::Simple(command),
            Self::Compound { word, commands } => Shape::Compound { word, commands },
        }
    }

    pub(super) fn into_commands(self) -> Vec<Command> {
        match self {
            Self::Assignments(assignments) => vec![only_assigns(assignments)],
            Self::Simple(command) => vec![command],
            Self::Compound { commands, .. } => commands,
        }
    }
}

impl Cursor<'_> {
    /// Reads one list up to the end of its line (or, in a compound, up to one of `stops`), whether it ends in `&`,
    /// and one past its last byte.
    pub(super) fn list(&mut self, stops: Stops) -> Read<(Shape, bool, usize)> {
        let mut items = Vec::new();
        let mut joint = Joint::First;
        let mut background = false;
        let mut end;
        loop {
            items.push((joint, Box::new(self.pipeline()?)));
            end = self.code_end;
            self.blanks();
            joint = if self.starts("&&") || self.starts("||") {
                let both = self.starts("&&");
                self.skip(2);
                self.lines()?;
                if both { Joint::And } else { Joint::Or }
            } else if self.starts(";;") || self.starts(";&") {
                break;
            } else if self.byte() == Some(b';') {
                self.skip(1);
                end = self.at;
                Joint::Then
            } else if self.byte() == Some(b'&') {
                self.entity()?;
                self.address_cut(items.last().map(|(_, shape)| shape.as_ref()));
                self.skip(1);
                background = true;
                end = self.at;
                Joint::Beside
            } else {
                break;
            };
            self.blanks();
            if matches!(joint, Joint::Then | Joint::Beside) && (self.ends_line() || self.at_stop(stops)) {
                break;
            }
            background = false;
        }
        if !self.ends_line() && !self.at_stop(stops) {
            return self.unexpected();
        }
        let shape = match items.pop() {
            Some((Joint::First, only)) => *only,
            Some(last) => {
                items.push(last);
                Shape::List(items)
            }
            None => return self.unexpected(),
        };
        Ok((shape, background, end))
    }

    fn ends_line(&self) -> bool {
        matches!(self.byte(), None | Some(b'\n' | b'#'))
    }

    /// Whether one of these words (or marks) stands here.
    pub(super) fn at_stop(&self, stops: Stops) -> bool {
        stops.iter().any(|stop| {
            self.starts(stop)
                && (matches!(*stop, ")" | ";;" | ";&") || self.ahead(stop.len()).is_none_or(ends_word))
        })
    }

    pub(super) fn unexpected<T>(&self) -> Read<T> {
        let rest = self.rest();
        let length = rest.find([' ', '\n', '\t', '\r']).unwrap_or(rest.len()).clamp(1, 20);
        let seen: String = rest.chars().take(length).take_while(|c| *c != '\n').collect();
        if seen.is_empty() {
            let lost = if self.depth > 0 { Lost::Block } else { Lost::Line };
            return self.broken("a command is missing where the line ends", lost);
        }
        self.broken(
            format!("`{seen}` is not expected here"),
            if self.depth > 0 { Lost::Block } else { Lost::Line },
        )
    }

    /// `&amp;` and its kin, left by a web page.
    fn entity(&self) -> Read<()> {
        if ["&amp;", "&lt;", "&gt;", "&quot;"].iter().any(|entity| self.starts(entity)) {
            return self.broken("it contains marks of a web page (`&amp;`, `&lt;`, `&gt;`)", Lost::Line);
        }
        Ok(())
    }

    /// An address without quotes that an `&` cuts in two.
    fn address_cut(&mut self, before: Option<&Shape>) {
        let joined = self.ahead(1).is_some_and(|byte| byte.is_ascii_alphanumeric())
            && self
                .text
                .as_bytes()
                .get(self.at.wrapping_sub(1))
                .is_some_and(|byte| !byte.is_ascii_whitespace());
        let Some(Shape::Simple(command)) = before.filter(|_| joined) else { return };
        let Some(word) = command.words.last() else { return };
        if word.span.end == self.at && word.raw(self.text).contains("://") {
            let span = word.span;
            let message = "a shell ends the command at the `&` of this address; put the address in quotes";
            self.problem(span.start, self.at + 1, message, None);
        }
    }

    fn pipeline(&mut self) -> Read<Shape> {
        self.blanks();
        let negated =
            self.byte() == Some(b'!') && self.ahead(1).is_none_or(|byte| byte.is_ascii_whitespace());
        if negated {
            self.skip(1);
            self.blanks();
        }
        let mut pieces = vec![self.piece()?];
        loop {
            self.blanks();
            if self.byte() != Some(b'|') || self.ahead(1) == Some(b'|') {
                break;
            }
            self.skip(if self.ahead(1) == Some(b'&') { 2 } else { 1 });
            self.lines()?;
            pieces.push(self.piece()?);
        }
        let simple = pieces.iter().all(|piece| matches!(piece, Piece::Simple(_)));
        let many = pieces.len() > 1;
        if negated || (many && !simple) {
            let word = if negated { "!" } else { "|" }.to_owned();
            return Ok(Shape::Compound { word, commands: flat(pieces) });
        }
        if many {
            return Ok(Shape::Pipeline(flat(pieces)));
        }
        match pieces.pop() {
            Some(piece) => Ok(piece.into_shape()),
            None => self.unexpected(),
        }
    }

    fn piece(&mut self) -> Read<Piece> {
        if let Some(piece) = self.compound()? {
            return Ok(piece);
        }
        self.simple()
    }

    fn simple(&mut self) -> Read<Piece> {
        let start = self.at;
        let mut command = Command {
            span: Span { start, end: start },
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
        };
        let mut declared = Vec::new();
        let mut declares = false;
        let mut undeclared = false;
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                command.span.end = self.code_end;
                command.redirects.push(redirect);
                continue;
            }
            // A `#` that begins a word begins a comment.
            if self.byte() == Some(b'#') || !self.at_word() {
                break;
            }
            if command.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                command.span.end = self.code_end;
                command.assignments.push(assignment);
                continue;
            }
            let at = self.at;
            let assigned = if declares { self.assignment()? } else { None };
            if let Some(assignment) = assigned {
                let lead = self.slice(at, assignment.value.span.start).to_owned();
                let mut parts = vec![WordPart::Text { text: lead, quoted: false }];
                parts.extend(assignment.value.parts.iter().cloned());
                command.words.push(Word { span: assignment.span, parts });
                declared.push(assignment);
            } else {
                let word = self.word()?;
                if self.at == at {
                    return self.unexpected();
                }
                if command.words.is_empty() {
                    declares = matches!(
                        word.raw(self.text),
                        "export" | "readonly" | "local" | "declare" | "typeset"
                    );
                } else if declares {
                    undeclared |= !matches!(word.raw(self.text), "-x" | "-r" | "-g" | "-gx" | "-rx");
                }
                command.words.push(word);
            }
            command.span.end = self.code_end;
            if command.words.len() == 1 && self.byte() == Some(b'(') {
                return self.function();
            }
        }
        self.spaced_out(&command);
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            return self.unexpected();
        }
        if self.byte() == Some(b'(') {
            return self.unexpected();
        }
        if command.redirects.is_empty() && command.words.is_empty() {
            return Ok(Piece::Assignments(command.assignments));
        }
        if declares
            && !undeclared
            && !declared.is_empty()
            && command.redirects.is_empty()
            && command.assignments.is_empty()
        {
            let words: Vec<&str> = command.words.iter().map(|word| word.raw(self.text)).collect();
            let exported = words.first() == Some(&"export")
                || words.iter().any(|word| matches!(*word, "-x" | "-gx" | "-rx"));
            declared.iter_mut().for_each(|assignment| assignment.exported = exported);
            return Ok(Piece::Assignments(declared));
        }
        Ok(Piece::Simple(command))
    }

    /// `NAME = value`, which a shell takes for a program.
    fn spaced_out(&mut self, command: &Command) {
        let [name, sign, ..] = command.words.as_slice() else { return };
        let raw = name.raw(self.text);
        let named = name_length(raw) == raw.len() && !raw.is_empty() && raw != "test" && raw != "expr";
        if named && sign.raw(self.text) == "=" {
            let message = format!(
                "for a shell `{raw}` is a program here; to set a variable, take away the blanks around `=`"
            );
            self.problem(name.span.start, sign.span.end, message, None);
        }
    }

    /// `NAME=value`, if that stands here.
    fn assignment(&mut self) -> Read<Option<Assignment>> {
        let start = self.at;
        let length = name_length(self.rest());
        let added = self.ahead(length) == Some(b'+');
        let sign = length + usize::from(added);
        if length == 0 || self.ahead(sign) != Some(b'=') {
            return Ok(None);
        }
        let name = self.slice(start, start + length).to_owned();
        self.skip(sign + 1);
        let from = self.at;
        let mut value = if self.byte() == Some(b'(') {
            self.skip(1);
            self.bracketed(b'(', b')')?;
            self.code_end = self.at;
            let text = self.slice(from, self.at).to_owned();
            Word { span: Span { start: from, end: self.at }, parts: vec![WordPart::Glob(text)] }
        } else if self.at_word() {
            self.word()?
        } else {
            self.code_end = from;
            Word { span: Span { start: from, end: from }, parts: Vec::new() }
        };
        if added {
            value.parts.insert(0, WordPart::Variable { name: name.clone(), otherwise: None, exact: true });
        }
        Ok(Some(Assignment { name, value, exported: false, span: Span { start, end: self.code_end } }))
    }

    /// A redirect, if one stands here.
    pub(super) fn redirect(&mut self) -> Read<Option<Redirect>> {
        const OPERATORS: [&str; 12] =
            ["&>>", "<<<", "<<-", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"];
        let start = self.at;
        let digits = self.rest().bytes().take(3).take_while(u8::is_ascii_digit).count();
        // Nearly every word is none: looked at before it is held against twelve operators.
        if !matches!(self.ahead(digits), Some(b'<' | b'>' | b'&')) {
            return Ok(None);
        }
        let rest = self.rest().get(digits..).unwrap_or_default();
        let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) else {
            return Ok(None);
        };
        let word_like = matches!(operator, "<" | ">") && rest.as_bytes().get(1) == Some(&b'(');
        if word_like || (digits == 0 && self.vacancy().is_some()) || (digits > 0 && operator.starts_with('&'))
        {
            return Ok(None);
        }
        self.skip(digits + operator.len());
        self.blanks();
        if !self.at_word() {
            return self.broken(
                format!("`{operator}` has no target"),
                if self.depth > 0 { Lost::Block } else { Lost::Line },
            );
        }
        let at = self.at;
        let target = self.word()?;
        let heredoc = if matches!(operator, "<<" | "<<-") {
            let raw = self.slice(at, self.code_end);
            let expands = !raw.contains(['\'', '"', '\\']);
            let delimiter = raw.replace(['\'', '"', '\\'], "");
            let number = self.next_heredoc();
            self.pending.push(Pending { delimiter, strips: operator == "<<-", expands, at: start });
            Some(promised(number))
        } else {
            None
        };
        let operator = self.slice(start, start + digits + operator.len()).to_owned();
        Ok(Some(Redirect { span: Span { start, end: self.code_end }, operator, target, heredoc }))
    }
}

pub(super) fn ends_word(byte: u8) -> bool {
    b" \t\r\n;&|()<>".contains(&byte)
}

pub(super) fn only_assigns(assignments: Vec<Assignment>) -> Command {
    let start = assignments.first().map_or(0, |first| first.span.start);
    let end = assignments.last().map_or(start, |last| last.span.end);
    Command { span: Span { start, end }, assignments, words: Vec::new(), redirects: Vec::new() }
}

fn flat(pieces: Vec<Piece>) -> Vec<Command> {
    pieces.into_iter().flat_map(Piece::into_commands).collect()
}
