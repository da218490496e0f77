//! What should come of a command: from comments in it, and from the prose and blocks that follow it.

use super::fold::{Phrases, fold};
use super::labels::{self, Label};
use super::written::{Code, Node, Style, Text, Written, extent, plain};
use super::{Expected, Understanding};
use crate::Span;
use crate::document::{Part, fence_at};
use std::sync::OnceLock;

/// How many texts and blocks after a command may speak of it.
const NEAR: usize = 6;

pub(super) fn read(written: &Written, parts: &[Part], found: &mut Understanding) {
    let mut last: Option<(&Code, usize)> = None;
    let mut open: Option<usize> = None;
    for (at, node) in written.nodes.iter().enumerate() {
        let of = last.filter(|(_, from)| at - from <= NEAR).map(|(code, _)| code.span);
        match node {
            Node::Heading(_) => (last, open) = (None, None),
            Node::Table(_) => open = None,
            Node::Code(code) => {
                let answers =
                    open.take().filter(|_| !code.ours && !code.is_shell() || code.language == "console");
                if let Some(expected) = answers.and_then(|index| found.expectations.get_mut(index)) {
                    // "Expected output:" and a block: the block is what is expected, no command.
                    expected.text = code.text.trim_end().to_owned();
                    expected.literal = code.text.lines().map(|line| line.trim().to_owned()).collect();
                    expected.span.end = code.span.end;
                } else if code.is_command() {
                    comments(code, parts, &mut found.expectations);
                    last = Some((code, at));
                }
            }
            Node::Text(text) => {
                open = None;
                let Some(of) = of else { continue };
                for line in text.lines() {
                    let Some(said) = expectation(line, text) else { continue };
                    let waits = said.is_empty();
                    let literal = literal(line);
                    found.expectations.push(Expected { span: extent(line), text: said, of, literal });
                    if waits {
                        open = Some(found.expectations.len() - 1);
                    }
                }
                // A list below "You should see:" says what.
                if let Some(index) = listed(text, written, found) {
                    open = Some(index);
                }
            }
        }
    }
    found.expectations.retain(|expected| !expected.text.trim().is_empty());
}

fn comments(code: &Code, parts: &[Part], expectations: &mut Vec<Expected>) {
    if !code.text.contains('#') {
        return;
    }
    let said = match fence_at(parts, code.span.start) {
        Some(fence) => crate::expectations_of(&fence.commands(), &code.text),
        None => crate::expectations(&code.text),
    };
    if said.is_empty() {
        return;
    }
    let mut starts = vec![0];
    starts.extend(code.text.match_indices('\n').map(|(at, _)| at + 1));
    for said in said {
        let Some(start) = starts.get(said.line.saturating_sub(1)).copied() else { continue };
        let last = said.line + said.text.matches('\n').count();
        let end = starts.get(last).map_or(code.text.len(), |next| next.saturating_sub(1)).max(start);
        let span = Span { start: code.place(start), end: code.place(end).max(code.place(start)) };
        expectations.push(Expected { span, text: said.text, of: code.span, literal: Vec::new() });
    }
}

/// What a line expects; empty when the next block says it.
fn expectation(line: &[super::written::Run], text: &Text) -> Option<String> {
    match labels::line(line) {
        Some(said) if said.label == Some(Label::Expected) => return Some(said.value),
        Some(said) if said.label == Some(Label::Checkpoint) => return None,
        Some(_) | None => {}
    }
    if line.first().is_some_and(|run| run.style == Style::Code) && text.item.is_some() {
        return None;
    }
    let words = plain(line);
    let folded = fold(&words);
    let leads = leads().hits(&folded).any(|hit| hit.start < 40);
    if !leads {
        return None;
    }
    let ends = words.trim_end().ends_with([':', '：']);
    Some(if ends { String::new() } else { words.trim().to_owned() })
}

/// The code that a line ends with, where it has no other: "Erwartet: `ready`".
fn literal(line: &[super::written::Run]) -> Vec<String> {
    let speaks = |run: &&super::written::Run| run.text.chars().any(char::is_alphanumeric);
    let code = |run: &&super::written::Run| run.style == Style::Code;
    let last = line.iter().rfind(speaks).filter(code).map(|run| run.text.trim().to_owned());
    last.filter(|_| line.iter().filter(code).count() == 1).into_iter().collect()
}

/// An item of a list that an open expectation announced joins it.
fn listed(text: &Text, written: &Written, found: &mut Understanding) -> Option<usize> {
    let item = written.items.get(text.item?)?;
    let index = found.expectations.len().checked_sub(1)?;
    let expected = found.expectations.get_mut(index)?;
    let before = written.nodes.partition_point(|node| node.span().start < text.span.start);
    let joined = expected.span.end >= item.span.start
        || written
            .nodes
            .get(before.checked_sub(1)?)
            .is_some_and(|node| node.span().end <= expected.span.end + 2);
    let waiting = expected.text.is_empty() || expected.text.ends_with('\n');
    if !waiting || !joined || expectation(text.lines().next()?, text).is_some_and(|said| said.is_empty()) {
        return None;
    }
    expected.text.push_str(text.plain().trim());
    expected.text.push('\n');
    expected.span.end = text.span.end;
    Some(index)
}

fn leads() -> &'static Phrases<()> {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    TABLE.get_or_init(|| {
        Phrases::new(&[(
            (),
            " you should see | should return | should show | should output | should print | should be | should see | expect to see \
             | the output should | you will see | sie sollten | sollte | sollten | es erscheint | vous devriez voir | devrait afficher \
             | devrait retourner | doit retourner | doit afficher | debería ver | debería mostrar | debe devolver | debería devolver \
             | deve retornar | deve mostrar | você deve ver | deverá ver | dovrebbe | dovresti vedere | zou moeten | u ziet | powinno \
             | powinien | powinieneś zobaczyć | должен | должно | должны | вы увидите | повинен | повинно | ви побачите | görmelisiniz \
             | dönmeli | olmalı | bör visa |が表示され|が返|になること|であること|はずです|应该|应返回|应显示|应看到|應該|會看到|将看到\
             |표시되어야|나와야|반환해야|표시됩니다|보여야",
        )])
    })
}
