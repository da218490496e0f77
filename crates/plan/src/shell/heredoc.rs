//! Bodies of heredocs: the lines below a command that it reads.

use super::cursor::{Cursor, Lost, Read};
use super::model::{Command, Heredoc};
use crate::Span;

/// A heredoc whose body begins at the next line.
pub(super) struct Pending {
    pub(super) delimiter: String,
    pub(super) strips: bool,
    pub(super) expands: bool,
    /// Where its operator stands.
    pub(super) at: usize,
}

/// What stands in a redirect until its body has been read: the number of the body.
pub(super) fn promised(number: usize) -> Heredoc {
    Heredoc { body: String::new(), expands: false, span: Span { start: usize::MAX, end: number } }
}

impl Cursor<'_> {
    /// Number of the body that the next pending heredoc will have.
    pub(super) fn next_heredoc(&self) -> usize {
        self.heredocs.len() + self.pending.len()
    }

    /// Steps over the end of a line and the bodies that begin there.
    pub(super) fn newline(&mut self) -> Read<()> {
        self.skip(1);
        for pending in std::mem::take(&mut self.pending) {
            self.heredoc_body(&pending)?;
        }
        Ok(())
    }

    fn heredoc_body(&mut self, pending: &Pending) -> Read<()> {
        let start = self.at;
        let mut indented = None;
        let mut at = start;
        while at < self.limit {
            let end = self.line_end(at);
            self.steps += end - at + 1;
            let line = self.slice(self.behind_prompt(at), end);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let bare = if pending.strips { line.trim_start_matches('\t') } else { line };
            if bare == pending.delimiter {
                self.close(pending, start, at, end);
                return Ok(());
            }
            if indented.is_none() && line.trim() == pending.delimiter {
                indented = Some((at, end));
            }
            at = end + 1;
        }
        if let Some((at, end)) = indented {
            let line = self.slice(at, end);
            let from = at + line.len() - line.trim_start().len();
            let message = format!(
                "`{}` does not stand alone at the start of its line, so a shell would read on; move it to the left",
                pending.delimiter
            );
            self.problem(at, (from + pending.delimiter.len()).min(end), message, Some(&pending.delimiter));
            self.close(pending, start, at, end);
            return Ok(());
        }
        self.at = pending.at;
        self.broken(format!("the text that ends with `{}` is never closed", pending.delimiter), Lost::Rest)
    }

    fn close(&mut self, pending: &Pending, start: usize, body_end: usize, end: usize) {
        let mut body = String::new();
        let mut at = start;
        while at < body_end {
            let next = (self.line_end(at) + 1).min(body_end);
            let line = self.slice(self.behind_prompt(at), next);
            body.push_str(if pending.strips { line.trim_start_matches('\t') } else { line });
            at = next;
        }
        self.heredocs.push(Heredoc { body, expands: pending.expands, span: Span { start, end: body_end } });
        self.at = end.min(self.limit);
        if self.byte() == Some(b'\n') {
            self.at += 1;
        }
    }

    pub(super) fn behind_prompt(&self, at: usize) -> usize {
        self.prompts
            .binary_search_by_key(&at, |span| span.start)
            .ok()
            .and_then(|index| self.prompts.get(index))
            .map_or(at, |span| span.end)
    }
}

/// Puts the bodies that have been read into the redirects that promised them.
pub(super) fn fulfil(command: &mut Command, heredocs: &[Heredoc]) {
    for redirect in &mut command.redirects {
        if let Some(heredoc) = redirect.heredoc.as_mut().filter(|heredoc| heredoc.span.start == usize::MAX) {
            *heredoc = heredocs.get(heredoc.span.end).cloned().unwrap_or_else(|| Heredoc {
                body: String::new(),
                expands: false,
                span: redirect.target.span,
            });
        }
    }
}
