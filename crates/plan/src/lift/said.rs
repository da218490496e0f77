//! What a script's comments, and the prose after it, say should come of a statement.

use super::context::Context;
use crate::shell::Script;

/// Lines that say what should come of a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Each without its mark.
    pub(crate) lines: Vec<String>,
    /// The same, one after another as they were said: below "Expected output:" stands what it is.
    pub(crate) blocks: Vec<Vec<String>>,
}

impl Said {
    /// What stands between a statement and the next one; after the last one, what the prose says too.
    pub(crate) fn of(script: &Script, text: &str, at: usize, take: usize, context: &Context) -> Self {
        let own = script.statements.get(at..at + take.max(1)).unwrap_or_default();
        let Some(last) = own.last() else { return Self::default() };
        let next = script.statements.get(at + take.max(1));
        // Expectations stand between the end of one line and the next statement.
        let end = last.span.end.max(last.span.start);
        let between = text.get(end..next.map_or(text.len(), |next| next.span.start)).unwrap_or_default();
        let below = between.split_once('\n').map_or("", |(_, below)| below);
        let mut found = Self::default();
        for expectation in crate::expectations(below) {
            found.block(expectation.text.lines().map(str::to_owned).collect());
        }
        let from = script
            .comments
            .partition_point(|comment| comment.span.start < own.first().map_or(0, |one| one.span.start));
        let beside = script.comments.iter().skip(from).take_while(|comment| comment.line < last.lines.end);
        for comment in beside.filter(|comment| !comment.own_line) {
            if let Some(expectation) = crate::expectations(&format!("# {}", comment.text)).pop() {
                found.block(vec![expectation.text]);
            }
        }
        if next.is_none() && !context.said_after.is_empty() {
            found.block(context.said_after.clone());
        }
        found
    }

    fn block(&mut self, lines: Vec<String>) {
        self.lines.extend(lines.iter().cloned());
        self.blocks.push(lines);
    }

    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    /// All of it, a line each.
    pub(crate) fn all(&self) -> String {
        self.lines.join("\n")
    }

    /// The number after a word such as `runningCount`, in `"runningCount": 2` or `runningCount = 2`. `None` when it is
    /// said twice with different numbers.
    pub(crate) fn number_after(&self, word: &str) -> Option<u64> {
        let mut found = None;
        for line in &self.lines {
            for (at, _) in line.match_indices(word) {
                let rest = line.get(at + word.len()..).unwrap_or_default();
                let rest = rest.trim_start_matches(['"', '\'', '`', ' ', '*']);
                let Some(rest) = rest.strip_prefix([':', '=']) else { continue };
                let digits: String = rest
                    .trim_start_matches(['=', ' ', '"', '`', '*'])
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                let number = digits.parse::<u64>().ok()?;
                if found.is_some_and(|before| before != number) {
                    return None;
                }
                found = Some(number);
            }
        }
        found
    }

    /// The word after a word, in `"rolloutState": "COMPLETED"`. `None` when several differ.
    pub(crate) fn word_after(&self, word: &str) -> Option<String> {
        let mut found: Option<String> = None;
        for line in &self.lines {
            for (at, _) in line.match_indices(word) {
                let rest = line.get(at + word.len()..).unwrap_or_default();
                let rest = rest.trim_start_matches(['"', '\'', '`', ' ', '*']);
                let Some(rest) = rest.strip_prefix([':', '=']) else { continue };
                let value: String = rest
                    .trim_start_matches(['=', ' ', '"', '\'', '`', '*'])
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
                    .collect();
                if value.is_empty() || found.as_ref().is_some_and(|before| *before != value) {
                    return None;
                }
                found = Some(value);
            }
        }
        found
    }
}

/// A text in a sentence: one line, not too long.
pub(crate) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}
