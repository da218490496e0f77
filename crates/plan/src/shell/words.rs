//! One word: quotes, escapes, variables, substitutions.

use super::cursor::{Cursor, Lost, Read};
use super::model::{Word, WordPart};
use super::vacancies;
use crate::Span;

/// Pieces of a word as they are read; neighbours of one sort grow together.
#[derive(Default)]
struct Pieces {
    parts: Vec<WordPart>,
}

impl Pieces {
    fn text(&mut self, more: &str, in_quotes: bool) {
        if let Some(WordPart::Text { text, quoted }) = self.parts.last_mut()
            && *quoted == in_quotes
        {
            text.push_str(more);
        } else if !more.is_empty() {
            self.parts.push(WordPart::Text { text: more.to_owned(), quoted: in_quotes });
        }
    }

    fn glob(&mut self, more: &str) {
        if let Some(WordPart::Glob(text)) = self.parts.last_mut() {
            text.push_str(more);
        } else {
            self.parts.push(WordPart::Glob(more.to_owned()));
        }
    }

    fn push(&mut self, part: WordPart) {
        self.parts.push(part);
    }
}

impl Cursor<'_> {
    /// Whether a word can begin here.
    pub(super) fn at_word(&self) -> bool {
        match self.byte() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')') => false,
            Some(b'<' | b'>') => self.ahead(1) == Some(b'(') || self.vacancy().is_some(),
            Some(_) => true,
        }
    }

    /// Reads a word, standing on its first byte.
    pub(super) fn word(&mut self) -> Read<Word> {
        let start = self.at;
        let mut pieces = Pieces::default();
        if self.byte() == Some(b'~') && !matches!(self.ahead(1), Some(b'=' | b'~')) {
            self.skip(1);
            pieces.glob("~");
        }
        // A continuation at the end of a word is not part of it.
        let mut end = self.at;
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'(' => break,
                b'<' | b'>' if self.ahead(1) == Some(b'(') => {
                    self.skip(2);
                    let inside = self.bracketed(b'(', b')')?.to_owned();
                    pieces.push(WordPart::Command(inside));
                }
                b'<' | b'>' => match self.vacancy() {
                    Some(length) => {
                        let text = self.slice(self.at, self.at + length).to_owned();
                        self.skip(length);
                        pieces.push(WordPart::Placeholder(text));
                    }
                    None => break,
                },
                b'\'' => {
                    let open = self.at;
                    let text = self.single_quoted()?;
                    self.apostrophe(start, open, text)?;
                    pieces.text(text, true);
                }
                b'"' => self.double_quoted(&mut pieces)?,
                b'`' => {
                    let inside = self.backticks()?.to_owned();
                    pieces.push(WordPart::Command(inside));
                }
                b'\\' => {
                    if self.continued() {
                        continue;
                    }
                    self.skip(1);
                    let at = self.at;
                    self.next_char();
                    pieces.text(self.slice(at, self.at), true);
                }
                b'$' => self.dollar(&mut pieces, false)?,
                b'{' => self.brace(&mut pieces),
                b'[' if self.at == start && vacancies::in_brackets(self.rest()).is_some() => {
                    let length = vacancies::in_brackets(self.rest()).unwrap_or_default();
                    pieces.push(WordPart::Placeholder(self.slice(self.at, self.at + length).to_owned()));
                    self.skip(length);
                }
                b'*' | b'?' | b'[' => self.pattern(byte, start, &mut pieces)?,
                b'@' | b'!' | b'+' if self.ahead(1) == Some(b'(') && self.at > start => {
                    let open = self.at;
                    self.skip(2);
                    self.bracketed(b'(', b')')?;
                    pieces.glob(self.slice(open, self.at));
                }
                0x80.. => {
                    if self.odd_blank_here() {
                        break;
                    }
                    self.odd_mark(self.at == start);
                    let at = self.at;
                    self.next_char();
                    pieces.text(self.slice(at, self.at), false);
                }
                _ => {
                    let at = self.at;
                    self.skip(plain(self.rest()).max(1));
                    pieces.text(self.slice(at, self.at), false);
                }
            }
            end = self.at;
        }
        self.code_end = end;
        let parts = vacancies::found_in(pieces.parts);
        Ok(Word { span: Span { start, end }, parts })
    }

    /// An apostrophe in a word, as in `don't`, that would quote whole lines.
    fn apostrophe(&mut self, start: usize, open: usize, text: &str) -> Read<()> {
        let before = open > start && self.text.as_bytes().get(open - 1).is_some_and(u8::is_ascii_alphabetic);
        if before && text.contains('\n') && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.at = open;
            return self.broken("an apostrophe opens a quote that goes on over several lines", Lost::Quote);
        }
        Ok(())
    }

    fn double_quoted(&mut self, pieces: &mut Pieces) -> Read<()> {
        let open = self.at;
        self.skip(1);
        let mut from = self.at;
        loop {
            match self.byte() {
                None => {
                    self.at = open;
                    return self.broken("the quote \" is never closed", Lost::Quote);
                }
                Some(b'"') => {
                    pieces.text(self.slice(from, self.at), true);
                    self.skip(1);
                    return Ok(());
                }
                Some(b'$') => {
                    pieces.text(self.slice(from, self.at), true);
                    self.dollar(pieces, true)?;
                    from = self.at;
                }
                Some(b'`') => {
                    pieces.text(self.slice(from, self.at), true);
                    let inside = self.backticks()?.to_owned();
                    pieces.push(WordPart::Command(inside));
                    from = self.at;
                }
                Some(b'\\') => {
                    pieces.text(self.slice(from, self.at), true);
                    from = self.at;
                    match self.ahead(1) {
                        Some(b'"' | b'\\' | b'$' | b'`') => {
                            from += 1;
                            self.skip(2);
                        }
                        Some(b'\n') => {
                            self.skip(2);
                            from = self.at;
                        }
                        Some(b'\r') if self.ahead(2) == Some(b'\n') => {
                            self.skip(3);
                            from = self.at;
                        }
                        Some(_) | None => self.skip(1),
                    }
                }
                Some(_) => {
                    let rest = self.rest().as_bytes();
                    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'$' | b'`' | b'\\'));
                    self.skip(length.unwrap_or(rest.len()));
                }
            }
        }
    }

    fn dollar(&mut self, pieces: &mut Pieces, quoted: bool) -> Read<()> {
        match self.ahead(1) {
            Some(b'(') if self.ahead(2) == Some(b'(') => {
                let inside = self.dollar_skipped()?;
                // `$((a) | b)` is a substitution that begins with a subshell.
                let part = match inside.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                    Some(sum) => WordPart::Arithmetic(sum.to_owned()),
                    None => WordPart::Command(inside.to_owned()),
                };
                pieces.push(part);
            }
            Some(b'(') => {
                let inside = self.dollar_skipped()?.to_owned();
                pieces.push(WordPart::Command(inside));
            }
            Some(b'{') => {
                let inside = self.dollar_skipped()?;
                pieces.push(braced(inside));
            }
            Some(b'\'') if !quoted => {
                self.skip(1);
                let text = self.ansi_quoted()?;
                pieces.text(&text, true);
            }
            Some(b'"') if !quoted => {
                self.skip(1);
                self.double_quoted(pieces)?;
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let rest = self.rest().get(1..).unwrap_or_default();
                let length = name_length(rest);
                let name = rest.get(..length).unwrap_or_default().to_owned();
                self.skip(1 + length);
                pieces.push(WordPart::Variable { name, otherwise: None, exact: true });
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => {
                let name = char::from(byte).to_string();
                self.skip(2);
                pieces.push(WordPart::Variable { name, otherwise: None, exact: false });
            }
            Some(_) | None => {
                self.skip(1);
                pieces.text("$", quoted);
            }
        }
        Ok(())
    }

    /// `$'…'` with its escapes, standing on the quote.
    fn ansi_quoted(&mut self) -> Read<String> {
        let open = self.at;
        self.skip(1);
        let mut text = String::new();
        loop {
            match self.next_char() {
                None => {
                    self.at = open;
                    return self.broken("the quote $' is never closed", Lost::Quote);
                }
                Some('\'') => return Ok(text),
                Some('\\') => match self.next_char() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some('e' | 'E') => text.push('\u{1b}'),
                    Some(c @ ('x' | 'u' | 'U')) => self.coded(c, &mut text),
                    Some(c) => text.push(c),
                    None => {}
                },
                Some(c) => text.push(c),
            }
        }
    }

    /// `\x41`, `\u00e4`: a character by its number.
    fn coded(&mut self, sort: char, text: &mut String) {
        let most = if sort == 'x' { 2 } else { 4 };
        let rest = self.rest();
        let length = rest.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
        let digits = rest.get(..length).unwrap_or_default();
        match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            Some(c) => {
                self.skip(length);
                text.push(c);
            }
            None => {
                text.push('\\');
                text.push(sort);
            }
        }
    }

    /// `{a,b}` is a list, `{{ vars.x }}` a plan's template, other braces are themselves.
    fn brace(&mut self, pieces: &mut Pieces) {
        if let Some(length) = vacancies::template(self.rest()) {
            let text = self.slice(self.at, self.at + length).to_owned();
            self.skip(length);
            pieces.push(WordPart::Template(text));
            return;
        }
        // Longer lists are not typed by hand, and looking ahead has to end somewhere.
        let ahead = self.rest().bytes().skip(1).take(256);
        let length = ahead.take_while(|byte| !b" \t\r\n;&|()<>{}".contains(byte)).count();
        let inner = self.rest().get(1..=length).unwrap_or_default();
        let closed = self.ahead(1 + length) == Some(b'}');
        let list = inner.contains(',') || (closed && inner.contains(".."));
        if !list {
            self.skip(1);
            pieces.text("{", false);
            return;
        }
        if inner.contains('=') {
            let message = "a shell makes several words of these braces; put the whole word in quotes";
            self.problem(self.at, self.at + 1 + length + usize::from(closed), message, None);
        }
        if closed && !inner.contains(['"', '\'', '$', '\\', '`']) {
            pieces.glob(self.slice(self.at, self.at + length + 2));
            self.skip(length + 2);
        } else {
            self.skip(1);
            pieces.glob("{");
        }
    }

    /// `*`, `?`, `[a-z]`. In an address they are what they look like: no file is named so.
    fn pattern(&mut self, byte: u8, start: usize, pieces: &mut Pieces) -> Read<()> {
        let lead = self.text.as_bytes().get(start..self.at.min(start + 16)).unwrap_or_default();
        let address = lead.windows(3).any(|three| three == b"://");
        let at = self.at;
        self.skip(1);
        if byte == b'[' && !address && !self.closes_soon() {
            pieces.text("[", false);
        } else if address {
            pieces.text(self.slice(at, self.at), false);
        } else {
            if self.byte() == Some(b'(') {
                self.skip(1);
                self.bracketed(b'(', b')')?;
            }
            pieces.glob(self.slice(at, self.at));
        }
        Ok(())
    }

    /// Whether a `]` follows in the same word with something before it.
    fn closes_soon(&self) -> bool {
        let length = self.rest().bytes().take(64).take_while(|byte| !b" \t\r\n;&|()]".contains(byte)).count();
        length > 0 && self.ahead(length) == Some(b']')
    }

    /// Length of `<name>` here.
    pub(super) fn vacancy(&self) -> Option<usize> {
        vacancies::bracketed(self.rest())
    }
}

/// Bytes at the start of a text that are themselves in a word, whatever stands around them.
fn plain(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'#' | b'%' | b'^' | b'~' | b']' | b'}'
                )
        })
        .count()
}

/// Length of the name at the start of a text.
pub(super) fn name_length(text: &str) -> usize {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    if text.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { length }
}

/// What stands inside of `${…}`.
fn braced(inside: &str) -> WordPart {
    let length = name_length(inside);
    let name = inside.get(..length).unwrap_or_default();
    let rest = inside.get(length..).unwrap_or_default();
    let otherwise = rest.strip_prefix(":-").or_else(|| rest.strip_prefix(":=")).map(str::to_owned);
    if length > 0 {
        let exact = rest.is_empty() || otherwise.is_some();
        return WordPart::Variable { name: name.to_owned(), otherwise, exact };
    }
    let bare = inside.trim_start_matches(['#', '!']);
    let name = bare.get(..name_length(bare)).filter(|name| !name.is_empty()).unwrap_or(inside);
    WordPart::Variable { name: name.to_owned(), otherwise: None, exact: false }
}
