//! Prompts before commands, and what the commands printed below them.

use super::dialect::Dialect;
use super::model::Typed;
use super::reach::known_program;
use crate::Span;
use std::borrow::Cow;

/// A script without what nobody executes. Byte for byte as long as the original.
pub(super) struct Session<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) prompts: Vec<Span>,
    pub(super) output: Vec<Typed>,
    /// Starts of lines that no statement reaches into: those with a prompt of their own, and output.
    pub(super) barriers: Vec<usize>,
}

/// Blanks prompts and output, if the first command has a prompt.
pub(super) fn read(script: &str, dialect: Dialect) -> Session<'_> {
    let first = script.lines().find(|line| {
        let bare = line.trim();
        !bare.is_empty() && (!bare.starts_with('#') || root_prompt(bare, dialect).is_some())
    });
    if first.and_then(|line| prompt(line, dialect)).is_none() {
        return Session {
            text: Cow::Borrowed(script),
            prompts: Vec::new(),
            output: Vec::new(),
            barriers: Vec::new(),
        };
    }
    let mut session =
        Session { text: Cow::Borrowed(""), prompts: Vec::new(), output: Vec::new(), barriers: Vec::new() };
    let mut text = String::with_capacity(script.len());
    let mut open = Open::default();
    let mut at = 0;
    for (number, line) in script.split_inclusive('\n').enumerate() {
        let bare = line.trim_end_matches(['\n', '\r']);
        let mut kept = bare;
        let lead = prompt(bare, dialect).filter(|_| !open.heredoc());
        if let Some(length) = lead {
            open = Open::default();
            session.barriers.push(at);
            kept = hide(&mut text, &mut session.prompts, at, bare, length);
            open.line(kept);
        } else if open.any() || (open.seen && bare.starts_with("> ")) {
            if let Some(length) = continuation(bare) {
                kept = hide(&mut text, &mut session.prompts, at, bare, length);
            }
            open.line(kept);
        } else if !bare.trim_start().starts_with('#') && !bare.trim().is_empty() {
            session.barriers.push(at);
            session.output.push(Typed { span: Span { start: at, end: at + bare.len() }, line: number });
            text.extend(std::iter::repeat_n(' ', bare.len()));
            kept = "";
            open.seen = false;
        }
        text.push_str(kept);
        text.push_str(line.get(bare.len()..).unwrap_or_default());
        at += line.len();
    }
    session.text = Cow::Owned(text);
    session
}

/// Blanks the first bytes of a line; gives the rest.
fn hide<'l>(text: &mut String, prompts: &mut Vec<Span>, at: usize, line: &'l str, length: usize) -> &'l str {
    prompts.push(Span { start: at, end: at + length });
    text.extend(std::iter::repeat_n(' ', length));
    line.get(length..).unwrap_or_default()
}

/// Bytes of a prompt at the start of a line, with blanks around it; also behind the name of a virtual environment.
pub(super) fn prompt(line: &str, dialect: Dialect) -> Option<usize> {
    let bare = line.trim_start();
    let bare = match bare.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        Some((name, rest)) if !name.contains(['(', ' ', '$']) => rest,
        Some(_) | None => bare,
    };
    let skipped = line.len() - bare.len();
    let rest = dollar(bare).or_else(|| root_prompt(bare, dialect)).or_else(|| hosted(bare))?;
    let blanks = bare.get(rest..)?.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(skipped + rest + blanks)
}

/// `$ `, `% `, `❯ `.
fn dollar(line: &str) -> Option<usize> {
    ["$ ", "% ", "❯ ", "➜ ", "λ "].iter().find(|mark| line.starts_with(**mark)).map(|mark| mark.len())
}

/// `# aws …` where the fence says that it shows a session: the prompt of root, if a program follows.
fn root_prompt(line: &str, dialect: Dialect) -> Option<usize> {
    let rest = line.strip_prefix("# ").filter(|_| dialect == Dialect::Session)?;
    known_program(rest.split([' ', '\t']).next().unwrap_or_default()).then_some(2)
}

/// `user@host:~/dir$ `, `[user@host dir]$ `, `bash-5.1# `, `root@abc:/app# `.
fn hosted(line: &str) -> Option<usize> {
    let near = line.bytes().take(80);
    let mark = near.enumerate().position(|(at, byte)| {
        matches!(byte, b'$' | b'#' | b'%') && matches!(line.as_bytes().get(at + 1), Some(b' '))
    })?;
    let lead = line.get(..mark)?;
    let name = lead.trim_start_matches('[');
    let user = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)).count();
    let hosted = user > 0 && name.as_bytes().get(user) == Some(&b'@') && !lead.contains("://");
    let shell = lead.strip_prefix("bash-").or_else(|| lead.strip_prefix("sh-")).is_some_and(|version| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    });
    let words = lead.split(' ').count();
    ((hosted && words <= 2) || shell).then_some(mark + 2)
}

fn continuation(line: &str) -> Option<usize> {
    let bare = line.trim_start();
    ["> ", "quote> ", "dquote> ", "heredoc> ", "pipe> "]
        .iter()
        .find(|mark| bare.starts_with(**mark))
        .map(|mark| line.len() - bare.len() + mark.len())
}

/// What a line leaves open for the next one.
#[derive(Default)]
struct Open {
    /// A quote.
    quote: Option<char>,
    /// A backslash, pipe or list.
    joined: bool,
    delimiter: Option<String>,
    /// A command was seen and no output since.
    seen: bool,
}

impl Open {
    fn any(&self) -> bool {
        self.quote.is_some() || self.joined || self.heredoc()
    }

    fn heredoc(&self) -> bool {
        self.delimiter.is_some()
    }

    fn line(&mut self, line: &str) {
        self.seen = true;
        if let Some(delimiter) = &self.delimiter {
            if line.trim() == delimiter {
                self.delimiter = None;
            }
            return;
        }
        let mut escaped = false;
        for c in line.chars() {
            match (c, self.quote) {
                _ if escaped => escaped = false,
                ('\\', None | Some('"')) => escaped = true,
                ('"' | '\'', None) => self.quote = Some(c),
                (_, Some(mark)) if mark == c => self.quote = None,
                _ => {}
            }
        }
        let bare = line.trim_end();
        self.joined = bare.ends_with('\\') || bare.ends_with('|') || bare.ends_with("&&");
        if self.quote.is_none()
            && let Some((_, rest)) = line.split_once("<<").filter(|(_, rest)| !rest.starts_with('<'))
        {
            let bare = rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"', '\\']);
            let length =
                bare.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            self.delimiter = bare.get(..length).filter(|name| !name.is_empty()).map(str::to_owned);
        }
    }
}
