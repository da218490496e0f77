//! Where the parser stands in the text, and how it steps over blanks, comments and what is closed by a mark.

use super::heredoc::Pending;
use super::model::{Comment, Heredoc, Problem};
use crate::Span;

/// Constructs inside of constructs; a hand-written plan has three or four. Keeps hostile input off the stack.
const DEEPEST: usize = 48;

/// Why a statement could not be read.
#[derive(Debug)]
pub(super) struct Broken {
    /// Byte at which it was seen.
    pub(super) at: usize,
    /// A sentence for the operator.
    pub(super) why: String,
    /// What of the text is lost with it.
    pub(super) lost: Lost,
}

/// How much of the text a broken statement takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Its line.
    Line,
    /// What belongs to an open quote or bracket.
    Quote,
    /// The loop or condition that it stands in.
    Block,
    /// All to the end.
    Rest,
}

pub(super) type Read<T> = Result<T, Broken>;

/// Position and what has been collected on the way.
pub(super) struct Cursor<'s> {
    /// The script, with prompts and output blanked.
    pub(super) text: &'s str,
    /// The next byte; always on a boundary of a character.
    pub(super) at: usize,
    /// One past the last byte that belongs to a command: no blank, comment or continuation.
    pub(super) code_end: usize,
    /// One past the last byte that may be read.
    pub(super) limit: usize,
    pub(super) depth: usize,
    /// Bytes looked at, for the budget.
    pub(super) steps: usize,
    pub(super) comments: Vec<Comment>,
    pub(super) problems: Vec<Problem>,
    /// Heredocs whose bodies begin at the next line.
    pub(super) pending: Vec<Pending>,
    pub(super) heredocs: Vec<Heredoc>,
    /// Bytes that a continuation prompt takes at the start of a line.
    pub(super) prompts: &'s [Span],
    /// First byte of each line.
    line_starts: Vec<usize>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(text: &'s str, prompts: &'s [Span]) -> Self {
        Self {
            text,
            at: 0,
            code_end: 0,
            limit: text.len(),
            depth: 0,
            steps: 0,
            comments: Vec::new(),
            problems: Vec::new(),
            pending: Vec::new(),
            heredocs: Vec::new(),
            prompts,
            line_starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        }
    }

    pub(super) fn rest(&self) -> &'s str {
        self.text.get(self.at..self.limit).unwrap_or_default()
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'s str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Option<u8> {
        let at = self.at + count;
        if at < self.limit { self.text.as_bytes().get(at).copied() } else { None }
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.rest().as_bytes().starts_with(text.as_bytes())
    }

    /// Steps over a number of bytes that have been looked at.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.steps += bytes;
        self.at = (self.at + bytes).min(self.limit);
    }

    /// Steps over one character.
    pub(super) fn next_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.skip(c.len_utf8());
        Some(c)
    }

    /// The line of a byte, from 0.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// One past the last byte of the line that a byte stands in, without its end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text.get(at..self.limit).and_then(|rest| rest.find('\n')).map_or(self.limit, |found| at + found)
    }

    pub(super) fn broken<T>(&self, why: impl Into<String>, lost: Lost) -> Read<T> {
        Err(Broken { at: self.at, why: why.into(), lost })
    }

    pub(super) fn deeper(&mut self) -> Read<()> {
        if self.depth >= DEEPEST {
            return self.broken("it is nested too deeply", Lost::Rest);
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn problem(
        &mut self,
        start: usize,
        end: usize,
        message: impl Into<String>,
        meant: Option<&str>,
    ) {
        let span = Span { start, end };
        self.problems.push(Problem { span, message: message.into(), meant: meant.map(str::to_owned) });
    }

    /// Steps over blanks and continued lines.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\r') => self.skip(1),
                Some(b'\\') if self.continued() => {}
                Some(byte) if byte >= 0x80 && self.odd_blank() => {}
                Some(_) | None => return,
            }
        }
    }

    /// Steps over a backslash that joins two lines; also one that was meant to, and says so.
    pub(super) fn continued(&mut self) -> bool {
        let start = self.at;
        let rest = self.rest().get(1..).unwrap_or_default();
        let blanks = rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        self.steps += blanks;
        let end = start + 1 + blanks;
        let plain = rest.get(..blanks).unwrap_or_default().trim_end_matches('\r').is_empty();
        let meant = match rest.as_bytes().get(blanks) {
            None => Some("\\"),
            Some(b'\n') => Some("\\"),
            Some(b'#') if blanks > 0 => None,
            Some(_) => return false,
        };
        let stop = self.line_end(end);
        if meant.is_none() {
            let message = "a comment stands behind the backslash, so the command ends here for a shell; put it on a line above";
            self.problem(start, stop, message, None);
            self.note_comment(end, stop, false);
        } else if !plain {
            let written = self.slice(start, end).trim_end_matches('\r').len();
            let message = "a blank stands behind the backslash, so the command ends here for a shell; take the blank away";
            self.problem(start, start + written, message, meant);
        }
        self.skip(stop - start);
        if self.byte() == Some(b'\n') {
            self.skip(1);
        }
        self.at = self.behind_prompt(self.at).min(self.limit);
        true
    }

    /// Steps over a comment.
    pub(super) fn comment(&mut self) {
        if self.byte() == Some(b'#') {
            let start = self.at;
            let before = self.text.get(..start).unwrap_or_default();
            let own = before
                .bytes()
                .rev()
                .take_while(|byte| *byte != b'\n')
                .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
            let end = self.line_end(start);
            self.note_comment(start, end, own);
            self.skip(end - start);
        }
    }

    fn note_comment(&mut self, start: usize, end: usize, own_line: bool) {
        let raw = self.slice(start, end).trim_end();
        let line = self.line_of(start);
        let text = raw.trim_start_matches('#').trim().to_owned();
        self.comments.push(Comment { span: Span { start, end: start + raw.len() }, text, line, own_line });
    }

    /// Steps over blanks, comments and ends of lines.
    pub(super) fn lines(&mut self) -> Read<()> {
        loop {
            self.blanks();
            match self.byte() {
                Some(b'#') => self.comment(),
                Some(b'\n') => self.newline()?,
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Steps over `'…'`, standing on its first mark.
    pub(super) fn single_quoted(&mut self) -> Read<&'s str> {
        let start = self.at + 1;
        match self.text.get(start..self.limit).and_then(|rest| rest.find('\'')) {
            Some(length) => {
                self.skip(length + 2);
                Ok(self.slice(start, start + length))
            }
            None => {
                self.steps += self.limit - self.at;
                self.broken("the quote ' is never closed", Lost::Quote)
            }
        }
    }

    /// Steps over a backtick substitution, standing on its first mark.
    pub(super) fn backticks(&mut self) -> Read<&'s str> {
        let open = self.at;
        self.skip(1);
        while let Some(byte) = self.byte() {
            match byte {
                b'`' => {
                    self.skip(1);
                    return Ok(self.slice(open + 1, self.at - 1));
                }
                b'\\' => {
                    self.skip(1);
                    self.next_char();
                }
                _ => {
                    self.next_char();
                }
            }
        }
        self.at = open;
        self.broken("the substitution ` is never closed", Lost::Quote)
    }

    /// Steps over text up to the bracket that closes an open one, standing behind the open one; gives what is inside.
    pub(super) fn bracketed(&mut self, open: u8, close: u8) -> Read<&'s str> {
        let start = self.at;
        self.deeper()?;
        let inside = self.bracketed_inside(open, close, start);
        self.depth -= 1;
        inside
    }

    fn bracketed_inside(&mut self, open: u8, close: u8, start: usize) -> Read<&'s str> {
        let mut level = 1_usize;
        let mut cases = 0_usize;
        let commands = close == b')';
        while let Some(byte) = self.byte() {
            let first = self.at == start
                || self.text.as_bytes().get(self.at - 1).is_some_and(|byte| b" \t\r\n;&|(".contains(byte));
            match byte {
                b'\'' if commands => {
                    self.single_quoted()?;
                    continue;
                }
                b'"' => {
                    self.double_quoted_skipped()?;
                    continue;
                }
                b'`' => {
                    self.backticks()?;
                    continue;
                }
                b'\\' => {
                    self.skip(1);
                }
                b'$' if matches!(self.ahead(1), Some(b'(' | b'{')) => {
                    self.dollar_skipped()?;
                    continue;
                }
                b'#' if commands && first => {
                    let end = self.line_end(self.at);
                    self.skip(end - self.at);
                    continue;
                }
                b'c' if commands && first && self.starts("case ") => cases += 1,
                b'e' if commands && first && self.starts("esac") => cases = cases.saturating_sub(1),
                _ if byte == open => level += 1,
                _ if byte == close && (cases == 0 || level > 1) => {
                    level -= 1;
                    if level == 0 {
                        self.skip(1);
                        return Ok(self.slice(start, self.at - 1));
                    }
                }
                _ => {}
            }
            self.next_char();
        }
        self.at = start;
        self.broken(format!("`{}` is never closed", char::from(open)), Lost::Quote)
    }

    /// Steps over `$(…)` or `${…}`, standing on the dollar.
    pub(super) fn dollar_skipped(&mut self) -> Read<&'s str> {
        let open = self.ahead(1).unwrap_or(b'(');
        self.skip(2);
        self.bracketed(open, if open == b'{' { b'}' } else { b')' })
    }

    fn double_quoted_skipped(&mut self) -> Read<()> {
        let open = self.at;
        self.deeper()?;
        self.skip(1);
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.skip(1);
                    self.depth -= 1;
                    return Ok(());
                }
                b'`' => {
                    self.backticks()?;
                }
                b'$' if matches!(self.ahead(1), Some(b'(' | b'{')) => {
                    self.dollar_skipped()?;
                }
                b'\\' => {
                    self.skip(1);
                    self.next_char();
                }
                _ => {
                    self.next_char();
                }
            }
        }
        self.at = open;
        self.depth -= 1;
        self.broken("the quote \" is never closed", Lost::Quote)
    }
}
