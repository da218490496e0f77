//! Collects findings and knows lines: byte offset → line, column, excerpt.

use crate::{Diagnostic, Fix, Severity, Span};
use std::ops::Range;

/// More findings than anybody reads; the rest is counted.
const MOST: usize = 500;
/// Characters of a line that an excerpt shows.
const EXCERPT: usize = 200;
/// Bytes before a place that are counted as characters; beyond, in a monstrous line, a byte counts as a column.
const COUNTED: usize = 64 * 1024;
/// Stands for each character of a secret.
const MASK: char = '•';

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(newlines).collect() }
    }

    /// Line of a byte, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    /// The text of a line, from 1, without its end.
    fn of(&self, line: usize) -> &'t str {
        let start = self.starts.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    /// Where a line begins.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line - 1).copied().unwrap_or(self.text.len())
    }

    fn column(&self, line: usize, at: usize) -> usize {
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        match self.text.get(start..at) {
            Some(before) if before.len() <= COUNTED => before.chars().count() + 1,
            _ => at.saturating_sub(start) + 1,
        }
    }
}

/// Findings on the way to being sorted.
#[derive(Debug)]
pub(crate) struct Findings<'t> {
    pub(crate) lines: Lines<'t>,
    list: Vec<Diagnostic>,
    left_out: usize,
    /// Places whose text no finding may repeat, in order.
    hidden: Vec<Range<usize>>,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { lines: Lines::new(text), list: Vec::new(), left_out: 0, hidden: Vec::new() }
    }

    pub(crate) fn error(
        &mut self,
        code: &str,
        span: impl Into<Span>,
        message: impl Into<String>,
    ) -> &mut Self {
        self.add(Severity::Error, code, span.into(), message.into(), None, None);
        self
    }

    /// An error with a hint, which may turn out to be empty.
    pub(crate) fn error_hint(
        &mut self,
        code: &str,
        span: impl Into<Span>,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Severity::Error, code, span.into(), message.into(), hint.into(), None);
    }

    pub(crate) fn warning(
        &mut self,
        code: &str,
        span: impl Into<Span>,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Severity::Warning, code, span.into(), message.into(), hint.into(), None);
    }

    pub(crate) fn note(
        &mut self,
        code: &str,
        span: impl Into<Span>,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Severity::Note, code, span.into(), message.into(), hint.into(), None);
    }

    /// Whether nothing more is shown, so that no hint needs to be thought of.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// All findings in order of place; of one place the gravest first.
    pub(crate) fn sorted(mut self) -> Vec<Diagnostic> {
        if self.left_out > 0 {
            let message = format!("{} more findings are not shown", self.left_out);
            let end = self.lines.text.len();
            self.left_out = 0;
            self.list.pop();
            self.add(
                Severity::Note,
                "too-many",
                Span { start: end, end },
                message,
                Some("Repair the first ones and read the plan again.".into()),
                None,
            );
        }
        self.list.sort_by(|a, b| {
            (a.span.start, a.severity, &a.code, &a.message).cmp(&(
                b.span.start,
                b.severity,
                &b.code,
                &b.message,
            ))
        });
        self.list.dedup();
        if !self.hidden.is_empty() {
            let mut list = std::mem::take(&mut self.list);
            list.iter_mut().for_each(|finding| self.mask(finding));
            return list;
        }
        self.list
    }

    /// Takes hidden text out of all that a finding says.
    fn mask(&self, finding: &mut Diagnostic) {
        let start = self.lines.start(finding.line);
        let from = self.hidden.partition_point(|place| place.end <= start);
        let line = self.lines.of(finding.line);
        let mut shown = String::new();
        for (at, c) in line.char_indices().take(EXCERPT) {
            let at = start + at;
            let mut here = self.hidden.iter().skip(from).take_while(|place| place.start <= at);
            shown.push(if here.any(|place| place.contains(&at)) { MASK } else { c });
        }
        finding.excerpt = shown;
        let secrets = || self.hidden.iter().take(MOST).filter_map(|place| self.lines.text.get(place.clone()));
        let clean = |text: &mut String| {
            for secret in secrets() {
                if text.contains(secret) {
                    *text = text.replace(secret, "•••");
                }
            }
        };
        clean(&mut finding.message);
        finding.hint.iter_mut().for_each(clean);
        // A repair that would write the secret anew is none.
        finding.fix.take_if(|fix| {
            let mut texts = fix.edits.iter().map(|edit| &edit.text).chain(std::iter::once(&fix.title));
            texts.any(|text| secrets().any(|secret| text.contains(secret)))
        });
    }

    /// Places whose text no finding may repeat: secrets.
    pub(crate) fn hide(&mut self, places: &[Range<usize>]) {
        self.hidden.extend_from_slice(places);
        self.hidden.sort_by_key(|place| place.start);
    }

    /// A finding with everything that it may have.
    pub(crate) fn add(
        &mut self,
        severity: Severity,
        code: &str,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
        fix: Option<Fix>,
    ) {
        let message = message.into();
        if self.list.len() >= MOST {
            self.left_out += 1;
            return;
        }
        let line = self.lines.line(span.start);
        let column = self.lines.column(line, span.start);
        let excerpt = self.lines.of(line).chars().take(EXCERPT).collect();
        self.list.push(Diagnostic {
            code: code.to_owned(),
            severity,
            message,
            span,
            line,
            column,
            excerpt,
            hint,
            fix,
        });
    }
}

/// A finding from outside: what somebody found who looked at more than the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Its code, one of [`findings`](crate::findings()).
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where, in [`Reading::text`](crate::Reading::text).
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Remarks as findings of a text, with their lines; what is secret by its look is not repeated.
pub fn remarks(text: &str, list: Vec<Remark>) -> Vec<Diagnostic> {
    let mut findings = Findings::new(text);
    findings.hide(&holdpoint_redact::looks_secret(text));
    for remark in list {
        findings.add(remark.severity, remark.code, remark.span, remark.message, remark.hint, None);
    }
    findings.sorted()
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl From<&Span> for Span {
    fn from(span: &Span) -> Self {
        *span
    }
}

/// The name that was probably meant: near in spelling, by Damerau and Levenshtein.
pub fn near<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if wanted.len() > 64 {
        return None;
    }
    let bare = wanted.to_ascii_lowercase().replace('-', "_");
    names
        .into_iter()
        .filter(|name| name.len() <= 64)
        .map(|name| (strsim::damerau_levenshtein(&bare, &name.to_ascii_lowercase().replace('-', "_")), name))
        .filter(|(distance, name)| {
            *distance <= (name.len() / 3).clamp(1, 3) && *distance < wanted.len().max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// "Did you mean …?", else what there is to choose from.
pub(crate) fn did_you_mean(wanted: &str, names: &[&str]) -> Option<String> {
    if let Some(name) = near(wanted, names.iter().copied()) {
        return Some(format!("Did you mean `{name}`?"));
    }
    match names {
        [] => None,
        few if few.len() <= 12 => Some(format!("There are: {}.", list(few))),
        _ => None,
    }
}

/// Names in backticks with commas.
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// "a step", "an output".
pub(crate) fn a(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {what}")
}

/// Text of unknown length for a message: one line, at most 60 characters.
pub(crate) fn short(text: &str) -> String {
    let mut out: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}
