//! Numbers that a script counts down to: `$((REVISION - 1))`, `$(expr $REVISION - 1)`.

use super::model::{Word, WordPart};
use super::parse::parse;

/// Whether a word is, or ends with, a number less one.
pub(crate) fn counts_down(word: &Word) -> bool {
    word.parts.last().is_some_and(|part| match part {
        WordPart::Arithmetic(inner) => is_less_one(inner),
        WordPart::Command(inner) => by_a_program(inner),
        WordPart::Text { .. }
        | WordPart::Variable { .. }
        | WordPart::Glob(_)
        | WordPart::Placeholder(_)
        | WordPart::Template(_) => false,
    })
}

/// `expr $N - 1`, `echo $((N-1))`, `echo "$N - 1" | bc`.
fn by_a_program(inner: &str) -> bool {
    let script = parse(inner);
    let [statement] = script.statements.as_slice() else { return false };
    let commands = statement.commands();
    let Some(first) = commands.first() else { return false };
    let last = commands.last().and_then(|command| command.words.first()).and_then(Word::literal);
    match first.words.first().and_then(Word::literal).as_deref() {
        Some("expr") => is_less_one(inner),
        Some("echo" | "printf") if last.as_deref() == Some("bc") => {
            is_less_one(inner.split('|').next().unwrap_or_default())
        }
        Some("echo" | "printf") => commands.len() == 1 && first.words.last().is_some_and(counts_down),
        _ => false,
    }
}

/// `N - 1` and `N-1`, not `N - 10` and not `1 - N`.
fn is_less_one(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')'));
    let Some(before) = bare.strip_suffix('1') else { return false };
    let before = before.trim_end();
    before.strip_suffix('-').is_some_and(|number| {
        number.trim_end().ends_with(|c: char| c.is_alphanumeric() || matches!(c, '}' | '_' | ')' | '"'))
    })
}

#[cfg(test)]
mod tests {
    use super::counts_down;
    use crate::shell::{Shape, parse};

    #[test]
    fn one_less_is_told_from_other_sums() {
        let value = |text: &str| match parse(text).statements.into_iter().next().map(|one| one.shape) {
            Some(Shape::Assignments(list)) => list.into_iter().next().map(|one| counts_down(&one.value)),
            _ => None,
        };
        for text in [
            "P=$((REV - 1))",
            "P=$(( ${CURRENT##*:} - 1 ))",
            "P=$((REV-1))",
            "P=\"api:$((REV - 1))\"",
            "P=$(expr $REV - 1)",
            "P=$(echo $((REV - 1)))",
            "P=$(echo \"$REV - 1\" | bc)",
        ] {
            assert_eq!(value(text), Some(true), "{text}");
        }
        for text in [
            "P=$((REV + 1))",
            "P=$((REV - 10))",
            "P=$((1 - REV))",
            "P=$(date +%s)",
            "P=v-1",
            "P=$(aws x --depth -1)",
        ] {
            assert_eq!(value(text), Some(false), "{text}");
        }
    }
}
