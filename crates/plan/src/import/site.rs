//! Where lines can be put into a file without changing what stands there: before a fence, inside of it, after a heading.

use crate::document::{Fence, Heading};
use std::ops::Range;

/// A code fence that lines can be put before and into.
#[derive(Debug, Clone)]
pub(super) struct FenceSite {
    /// The first tick.
    pub(super) open: usize,
    /// The line that closes it: its ticks, without its container's marks.
    close: String,
    /// From the first tick to the end of its line: ticks and info, as written.
    opening: String,
    /// What a further line of the same container begins with.
    lead: String,
    /// Starts of the lines of its body.
    lines: Vec<usize>,
    /// The start of its closing line.
    end: usize,
    /// The line end of its opening line.
    eol: &'static str,
}

/// Why a fence is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSite {
    /// It is never closed, or only by the end of what it stands in.
    Open,
    /// Its lines in the file are not those of its text.
    Lines,
}

impl NoSite {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Open => {
                "the fence is not closed, so everything after it is code; close it and import again"
            }
            Self::Lines => "its lines cannot be told apart in the file",
        }
    }
}

impl FenceSite {
    pub(super) fn new(text: &str, fence: &Fence) -> Result<Self, NoSite> {
        let from = fence.span.start;
        let rest = text.get(from..fence.span.end).ok_or(NoSite::Lines)?;
        let open = from + rest.find(['`', '~']).ok_or(NoSite::Lines)?;
        let line = line_start(text, open);
        let prefix = text.get(line..open).ok_or(NoSite::Lines)?;
        let after = text.get(open..).unwrap_or("");
        let first = after.split_inclusive('\n').next().unwrap_or("");
        let opening = first.trim_end_matches(['\n', '\r']);
        let tick = opening.chars().next().ok_or(NoSite::Lines)?;
        let ticks = opening.chars().take_while(|c| *c == tick).count();
        if ticks < 3 || !first.ends_with('\n') {
            return Err(NoSite::Open);
        }
        let mut lines = starts(text, open + first.len()..fence.span.end.max(open + first.len()));
        // The closing line has its ticks, nothing but white space after them, and its container's marks before them.
        let end = lines.pop().ok_or(NoSite::Open)?;
        let last = text.get(end..fence.span.end).unwrap_or("").trim();
        let bare = last.trim_start_matches(['>', ' ', '\t']);
        if bare.chars().count() < ticks || bare.chars().any(|c| c != tick) {
            return Err(NoSite::Open);
        }
        if fence.body.text.split_inclusive('\n').count() != lines.len() {
            return Err(NoSite::Lines);
        }
        Ok(Self {
            open,
            close: opening.chars().take(ticks).collect(),
            opening: opening.to_owned(),
            lead: continuation(prefix),
            lines,
            end,
            eol: if first.ends_with("\r\n") { "\r\n" } else { "\n" },
        })
    }

    /// How many lines its body has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of some lines of its body in the file.
    pub(super) fn span(&self, lines: Range<usize>) -> Range<usize> {
        let at = |index: usize| self.lines.get(index).copied().unwrap_or(self.end);
        at(lines.start)..at(lines.end.max(lines.start))
    }

    /// Blocks of lines to put before the fence: each a fence of its own, a blank line after each.
    pub(super) fn before(&self, blocks: &[Vec<String>]) -> String {
        self.blocks(blocks, String::new())
    }

    /// Ends the fence before a line of its body, puts blocks there and opens it again.
    pub(super) fn split(&self, line: usize, blocks: &[Vec<String>]) -> Option<(usize, String)> {
        let at = self.lines.get(line).copied()?;
        let close = format!("{}{}{}{}", self.lead, self.close, self.eol, self.blank());
        let middle = self.blocks(blocks, self.lead.clone());
        Some((at, format!("{close}{middle}{}{}", self.opening, self.eol)))
    }

    /// `first` stands before the first line; before the line that follows stands the lead again.
    fn blocks(&self, blocks: &[Vec<String>], first: String) -> String {
        let mut out = first;
        for block in blocks {
            for (index, line) in block.iter().enumerate() {
                if index > 0 {
                    out.push_str(&self.lead);
                }
                out.push_str(line);
                out.push_str(self.eol);
            }
            out.push_str(&self.blank());
            out.push_str(&self.lead);
        }
        out
    }

    fn blank(&self) -> String {
        format!("{}{}", self.lead.trim_end(), self.eol)
    }
}

/// Lines to put after a heading: where, and the text with what must stand around it.
pub(super) fn after_heading(text: &str, heading: &Heading, block: &[String]) -> Option<(usize, String)> {
    let body = text.get(heading.span.start..heading.span.end)?.trim_end();
    let inside = heading.span.start + body.len();
    let start = line_start(text, heading.span.start);
    let lead = continuation(text.get(start..heading.span.start)?);
    Some(after_line(text, inside, &lead, &[block.to_vec()]))
}

/// Blocks put after the line that holds the byte before `inside`, each a paragraph of its own.
pub(super) fn after_line(text: &str, inside: usize, lead: &str, blocks: &[Vec<String>]) -> (usize, String) {
    let rest = text.get(inside..).unwrap_or("");
    let eol = eol_of(text, inside);
    let (at, mut out) = match rest.find('\n') {
        Some(end) => (inside + end + 1, String::new()),
        None => (text.len(), eol.to_owned()),
    };
    let blank = format!("{}{eol}", lead.trim_end());
    for block in blocks {
        out.push_str(&blank);
        for line in block {
            out.push_str(lead);
            out.push_str(line);
            out.push_str(eol);
        }
    }
    let next = text.get(at..).unwrap_or("").split('\n').next().unwrap_or("");
    if !next.trim_matches(['>', ' ', '\t', '\r']).is_empty() {
        out.push_str(&blank);
    }
    (at, out)
}

/// The line end that is used where a byte stands: that of its line, else of the one before, else `\n`.
pub(super) fn eol_of(text: &str, at: usize) -> &'static str {
    let ends_windows = |end: usize| text.get(..end).is_some_and(|before| before.ends_with('\r'));
    let next = text.get(at..).and_then(|rest| rest.find('\n')).map(|end| at + end);
    let end = next.or_else(|| text.get(..at).and_then(|before| before.rfind('\n')));
    if end.is_some_and(ends_windows) { "\r\n" } else { "\n" }
}

fn starts(text: &str, range: Range<usize>) -> Vec<usize> {
    let mut at = range.start;
    let mut found = Vec::new();
    for line in text.get(range).unwrap_or("").split_inclusive('\n') {
        found.push(at);
        at += line.len();
    }
    found
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// What continues the containers that a line's beginning opens: marks of quotes stay, those of lists become spaces.
pub(super) fn continuation(prefix: &str) -> String {
    prefix.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect()
}
