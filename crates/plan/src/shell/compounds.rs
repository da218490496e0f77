//! Loops, conditions, groups, functions and tests: read for the commands in them.

use super::cursor::{Cursor, Lost, Read};
use super::grammar::{Piece, Stops, ends_word, only_assigns};
use super::model::{Command, Shape, Word, WordPart};
use crate::Span;

impl Cursor<'_> {
    /// Reads lists up to one of `stops`, which stays; all their commands.
    fn body(&mut self, stops: Stops) -> Read<Vec<Command>> {
        let mut commands = Vec::new();
        loop {
            self.lines()?;
            if self.at_stop(stops) {
                return Ok(commands);
            }
            if self.byte().is_none() {
                let missing = stops.last().copied().unwrap_or_default();
                return self.broken(format!("`{missing}` is missing"), Lost::Block);
            }
            let (shape, _, _) = self.list(stops)?;
            commands_of(shape, &mut commands);
        }
    }

    /// Steps over a word or mark that has to stand here.
    fn demand(&mut self, word: &'static str) -> Read<()> {
        if !self.starts(word) {
            let lost = if self.byte().is_none() || self.depth > 0 { Lost::Block } else { Lost::Line };
            return self.broken(format!("`{word}` is missing"), lost);
        }
        self.skip(word.len());
        self.code_end = self.at;
        Ok(())
    }

    pub(super) fn compound(&mut self) -> Read<Option<Piece>> {
        const WORDS: [&str; 10] =
            ["for", "select", "while", "until", "if", "case", "function", "[[", "{", "coproc"];
        let word = if self.starts("((") {
            "(("
        } else if self.byte() == Some(b'(') {
            "("
        } else if let Some(word) = WORDS.into_iter().find(|word| {
            self.starts(word) && self.ahead(word.len()).is_none_or(|byte| byte.is_ascii_whitespace())
        }) {
            word
        } else {
            return self.misplaced().map(|()| None);
        };
        self.deeper()?;
        let mut commands = self.inside(word)?;
        self.depth -= 1;
        self.after_compound(&mut commands)?;
        Ok(Some(Piece::Compound { word: word.to_owned(), commands }))
    }

    /// Refuses a word where a command begins that only ends or divides a compound.
    fn misplaced(&self) -> Read<()> {
        const WORDS: [&str; 8] = ["then", "do", "done", "fi", "esac", "else", "elif", "}"];
        if self.at_stop(&WORDS) {
            return self.unexpected();
        }
        Ok(())
    }

    fn inside(&mut self, word: &'static str) -> Read<Vec<Command>> {
        self.skip(word.len());
        match word {
            "(" => self.closed_by(")"),
            "{" => self.closed_by("}"),
            "((" => {
                self.bracketed(b'(', b')')?;
                self.demand(")")?;
                Ok(Vec::new())
            }
            "[[" => self.test(),
            "if" => self.condition(),
            "case" => self.cases(),
            "while" | "until" => {
                let mut commands = self.body(&["do"])?;
                commands.extend(self.do_done()?);
                Ok(commands)
            }
            "for" | "select" => self.loop_over(),
            "function" => {
                self.blanks();
                self.word()?;
                self.function().map(Piece::into_commands)
            }
            _ => self.unexpected(),
        }
    }

    fn closed_by(&mut self, close: &'static str) -> Read<Vec<Command>> {
        let commands = if close == ")" { self.body(&[")"])? } else { self.body(&["}"])? };
        self.demand(close)?;
        Ok(commands)
    }

    fn do_done(&mut self) -> Read<Vec<Command>> {
        self.demand("do")?;
        let commands = self.body(&["done"])?;
        self.demand("done")?;
        Ok(commands)
    }

    fn condition(&mut self) -> Read<Vec<Command>> {
        let mut commands = self.body(&["then"])?;
        loop {
            self.demand("then")?;
            commands.extend(self.body(&["elif", "else", "fi"])?);
            if self.starts("elif") {
                self.skip("elif".len());
                commands.extend(self.body(&["then"])?);
                continue;
            }
            if self.starts("else") {
                self.skip("else".len());
                commands.extend(self.body(&["fi"])?);
            }
            self.demand("fi")?;
            return Ok(commands);
        }
    }

    fn loop_over(&mut self) -> Read<Vec<Command>> {
        self.blanks();
        let mut commands = Vec::new();
        if self.starts("((") {
            self.skip(2);
            self.bracketed(b'(', b')')?;
            self.demand(")")?;
        } else {
            if !self.at_word() {
                return self.unexpected();
            }
            self.word()?;
            self.lines()?;
            if self.starts("in") && self.ahead(2).is_none_or(ends_word) {
                self.skip(2);
                let start = self.at;
                let words = self.words_until_end()?;
                commands.push(listed(start, self.at, words));
            }
        }
        self.blanks();
        if self.byte() == Some(b';') {
            self.skip(1);
        }
        self.lines()?;
        commands.extend(self.do_done()?);
        Ok(commands)
    }

    fn words_until_end(&mut self) -> Read<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if !self.at_word() {
                return Ok(words);
            }
            let at = self.at;
            words.push(self.word()?);
            if self.at == at {
                return self.unexpected();
            }
        }
    }

    fn cases(&mut self) -> Read<Vec<Command>> {
        self.blanks();
        if !self.at_word() {
            return self.unexpected();
        }
        self.word()?;
        self.lines()?;
        self.demand("in")?;
        let mut commands = Vec::new();
        loop {
            self.lines()?;
            if self.starts("esac") {
                self.demand("esac")?;
                return Ok(commands);
            }
            if self.byte() == Some(b'(') {
                self.skip(1);
            }
            loop {
                self.words_until_end()?;
                if self.byte() != Some(b'|') {
                    break;
                }
                self.skip(1);
            }
            self.demand(")")?;
            commands.extend(self.body(&[";;", ";&", "esac"])?);
            if !self.starts("esac") {
                self.skip(2);
                if self.byte() == Some(b'&') {
                    self.skip(1);
                }
            }
        }
    }

    /// The inside of `[[ … ]]`.
    fn test(&mut self) -> Read<Vec<Command>> {
        let start = self.at;
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.starts("]]") {
                self.demand("]]")?;
                return Ok(vec![listed(start, self.at - 2, words)]);
            }
            match self.byte() {
                None => return self.broken("`]]` is missing", Lost::Quote),
                Some(b'\n') => self.newline()?,
                Some(b'&' | b'|' | b'(' | b')' | b'<' | b'>' | b';') => self.skip(1),
                Some(_) => words.push(self.word()?),
            }
        }
    }

    /// The rest of a function, standing on its `()` or body.
    pub(super) fn function(&mut self) -> Read<Piece> {
        self.blanks();
        if self.byte() == Some(b'(') {
            self.skip(1);
            self.blanks();
            self.demand(")")?;
        }
        self.lines()?;
        self.deeper()?;
        let body = self.compound()?;
        self.depth -= 1;
        match body {
            Some(body) => Ok(Piece::Compound { word: "function".to_owned(), commands: body.into_commands() }),
            None => self.unexpected(),
        }
    }

    fn after_compound(&mut self, commands: &mut Vec<Command>) -> Read<()> {
        let start = self.at;
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => break,
            }
        }
        if let (Some(first), Some(last)) = (redirects.first(), redirects.last()) {
            let span = Span { start: first.span.start.max(start), end: last.span.end };
            commands.push(Command { span, assignments: Vec::new(), words: Vec::new(), redirects });
        }
        Ok(())
    }
}

/// Words that belong to no program: what a loop goes over, what a test looks at. Held by the command `:`, which does nothing.
fn listed(start: usize, end: usize, mut words: Vec<Word>) -> Command {
    let span = Span { start, end };
    let parts = vec![WordPart::Text { text: ":".to_owned(), quoted: false }];
    words.insert(0, Word { span: Span { start, end: start }, parts });
    Command { span, assignments: Vec::new(), words, redirects: Vec::new() }
}

fn commands_of(shape: Shape, commands: &mut Vec<Command>) {
    match shape {
        Shape::Assignments(assignments) => commands.push(only_assigns(assignments)),
        Shape::Simple(command) => commands.push(command),
        Shape::Pipeline(more) | Shape::Compound { commands: more, .. } => commands.extend(more),
        Shape::List(items) => items.into_iter().for_each(|(_, shape)| commands_of(*shape, commands)),
        Shape::NotUnderstood(_) => {}
    }
}
