//! Alternatives in one script: "# Option A … # Option B …", or "# or" between two commands. Only one of them is to be run.

use super::blocks::Walked;
use crate::findings::short;
use crate::sections::slug;
use crate::shell::{Comment, Script};
use crate::understand::option_of;
use serde_json::{Map, Value, json};
use std::ops::Range;

/// One way of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Name of the option in a decision.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) statements: Range<usize>,
}

/// What the comments of a script say of alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ways {
    /// Each statement belongs to one of them, or comes before them all.
    Clear(Vec<Way>),
    /// There are some, and where they end is not clear; a sentence about it.
    Unclear(String),
}

impl Ways {
    /// The statements at which a way begins.
    pub(super) fn cuts(&self) -> Vec<usize> {
        match self {
            Self::Clear(ways) => ways.iter().map(|way| way.statements.start).collect(),
            Self::Unclear(_) => Vec::new(),
        }
    }

    /// What a person is told who has to do it.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Clear(ways) => {
                let titles: Vec<&str> = ways.iter().map(|way| way.title.as_str()).collect();
                format!("It holds alternatives ({}), of which one is to be run.", titles.join("; "))
            }
            Self::Unclear(why) => why.clone(),
        }
    }
}

/// Alternatives in a script, if its comments speak of some.
pub(super) fn of(script: &Script, text: &str) -> Option<Ways> {
    let own: Vec<&Comment> = script.comments.iter().filter(|comment| comment.own_line).collect();
    if own.is_empty() || script.statements.is_empty() {
        return None;
    }
    lettered(script, text, &own).or_else(|| between(script, text, &own))
}

/// The first statement below a line.
fn below(script: &Script, line: usize) -> usize {
    script.statements.partition_point(|statement| statement.lines.start <= line)
}

fn lettered(script: &Script, text: &str, own: &[&Comment]) -> Option<Ways> {
    let marks: Vec<(usize, String, String)> = own
        .iter()
        .filter_map(|comment| {
            let bare = comment.text.trim_matches(|c: char| !c.is_alphanumeric() && c != ')');
            option_of(bare).map(|(letter, title)| (comment.line, letter, title))
        })
        .collect();
    let mut letters: Vec<&str> = marks.iter().map(|(_, letter, _)| letter.as_str()).collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 2 {
        return None;
    }
    let unclear = || {
        Some(Ways::Unclear(
            "It holds alternatives, and where one ends is not clear: a person runs the one that is chosen."
                .to_owned(),
        ))
    };
    if letters.len() != marks.len() {
        return unclear();
    }
    let ends = marks.iter().skip(1).map(|(line, _, _)| below(script, *line)).chain([script.statements.len()]);
    let ways: Vec<Way> = marks
        .iter()
        .zip(ends)
        .map(|((line, letter, title), end)| {
            let name = Some(slug(letter)).filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
            let name = name.unwrap_or_else(|| format!("option_{}", slug(letter)));
            let title = if title.trim().is_empty() { letter.clone() } else { title.clone() };
            Way { name, title, statements: below(script, *line)..end }
        })
        .collect();
    let empty = ways.iter().any(|way| way.statements.is_empty());
    // What comes after a gap and a comment of its own may be for all of them.
    let last = ways.last().map(|way| way.statements.clone()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let after = script.statements.get(last).unwrap_or_default().iter().skip(1).any(|statement| {
        let comment = own.iter().rev().find(|comment| comment.line < statement.lines.start);
        comment.is_some_and(|comment| {
            let gap = comment.line.checked_sub(1).and_then(|line| lines.get(line));
            comment.line + 1 == statement.lines.start && gap.is_some_and(|line| line.trim().is_empty())
        })
    });
    if empty || after { unclear() } else { Some(Ways::Clear(ways)) }
}

/// "# or" between two runs of lines.
fn between(script: &Script, text: &str, own: &[&Comment]) -> Option<Ways> {
    let marks: Vec<&&Comment> = own.iter().filter(|comment| is_or(&comment.text)).collect();
    let [mark, rest @ ..] = marks.as_slice() else { return None };
    let at = below(script, mark.line);
    if at == 0 || at >= script.statements.len() {
        return None;
    }
    let unclear = Ways::Unclear("It says “or” between commands, and which ones that joins is not clear: a person runs the one that is chosen.".to_owned());
    if !rest.is_empty() || at != 1 || script.statements.len() != 2 {
        return Some(unclear);
    }
    let title = |at: usize| {
        let span = script.statements.get(at).map(|one| one.span).unwrap_or_default();
        short(&crate::document::words(text.get(span.start..span.end).unwrap_or_default()))
    };
    Some(Ways::Clear(vec![
        Way { name: "a".to_owned(), title: title(0), statements: 0..1 },
        Way { name: "b".to_owned(), title: title(1), statements: 1..2 },
    ]))
}

/// Whether a comment says no more than "or".
fn is_or(text: &str) -> bool {
    const OR: [&str; 27] = [
        "or",
        "or alternatively",
        "alternatively",
        "alternative",
        "or instead",
        "or else",
        "oder",
        "oder alternativ",
        "alternativ",
        "ou",
        "ou bien",
        "o bien",
        "o",
        "alternativa",
        "alternativamente",
        "ou então",
        "oppure",
        "of",
        "lub",
        "albo",
        "или",
        "або",
        "veya",
        "eller",
        "または",
        "或者",
        "또는",
    ];
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    OR.contains(&bare.as_str())
}

/// Puts the choice before the first of the ways, and the condition to each step of one. False where a step would belong to two.
pub(super) fn choose(
    ways: &[Way],
    walked: &Walked,
    question: &str,
    id: &str,
    steps: &mut [Vec<Map<String, Value>>],
) -> bool {
    let of = |statements: &Range<usize>| {
        ways.iter()
            .find(|way| way.statements.start <= statements.start && statements.end <= way.statements.end)
    };
    let first = ways.first().map_or(0, |way| way.statements.start);
    let torn =
        walked.blocks.iter().any(|block| block.statements.end > first && of(&block.statements).is_none());
    let every = ways.iter().all(|way| walked.blocks.iter().any(|block| of(&block.statements) == Some(way)));
    if torn || !every {
        return false;
    }
    let mut asked = false;
    for (block, own) in walked.blocks.iter().zip(steps.iter_mut()) {
        let Some(way) = of(&block.statements) else { continue };
        let when = format!("steps.{id}.outputs.option == \"{}\"", way.name);
        for step in own.iter_mut() {
            let both =
                step.get("when").and_then(Value::as_str).map(|other| format!("({other}) and ({when})"));
            step.insert("when".to_owned(), both.unwrap_or_else(|| when.clone()).into());
        }
        if !std::mem::replace(&mut asked, true) {
            let options: Map<String, Value> =
                ways.iter().map(|way| (way.name.clone(), json!({ "title": way.title }))).collect();
            let mut step = Map::new();
            step.insert("id".to_owned(), id.into());
            step.insert("uses".to_owned(), "decision".into());
            step.insert("with".to_owned(), json!({ "question": question, "options": options }));
            own.insert(0, step);
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::{Ways, of};
    use crate::shell::parse;

    fn ways(text: &str) -> Option<Ways> {
        of(&parse(text), text)
    }

    #[test]
    fn lettered_ways_and_a_plain_or_are_clear() {
        let text = "cd infra\n# Option A: rolling\nls a\nls b\n\n# Option B: blue/green\nls c\n";
        let Some(Ways::Clear(found)) = ways(text) else { panic!("{:?}", ways(text)) };
        assert_eq!(found.iter().map(|way| way.statements.clone()).collect::<Vec<_>>(), [1..3, 3..4]);
        assert_eq!(found.iter().map(|way| way.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        for text in ["ls a\n# or\nls b\n", "ls a\n\n# Oder:\nls b\n", "# list\nls a\n# または\nls b"] {
            assert!(matches!(ways(text), Some(Ways::Clear(found)) if found.len() == 2), "{text}");
        }
    }

    #[test]
    fn what_is_not_clear_is_said_and_what_is_none_is_none() {
        for text in [
            "# Option A: x\nls a\n# Option B: y\nls b\n\n# Then look\nls c\n",
            "# Option A: x\n# Option B: y\nls b\n",
            "ls x\nls a\n# or\nls b\n",
            "ls a\n# or\nls b\n# or\nls c\n",
        ] {
            assert!(matches!(ways(text), Some(Ways::Unclear(_))), "{text}");
        }
        for text in [
            "# Option A is what we took\nls a\nls b\n",
            "# one or the other\nls a\n# or so it is said\nls b\n",
            "ls a # or\nls b\n",
            "# optional: b\nls a\n# options below\nls b\n",
        ] {
            assert_eq!(ways(text), None, "{text}");
        }
    }
}
