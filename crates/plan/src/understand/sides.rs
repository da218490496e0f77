//! Pros and cons in one line: "Pros: fast. Cons: nobody can undo it."

use super::labels::{self, Label};

/// The labels "pros" and "cons" anywhere in a line: where their words begin, which it is, and what stands after it, up to the
/// next one.
pub(super) fn of_line(line: &str) -> Vec<(usize, Label, String)> {
    let mut marks: Vec<(usize, usize, Label)> = Vec::new();
    for (at, colon) in line.match_indices([':', '：']) {
        let before = line.get(..at).unwrap_or_default().trim_end_matches(['*', '_']);
        let from = before.rfind(|c: char| !c.is_alphanumeric() && c != '-').map_or(0, |end| {
            end + before.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let word = before.get(from..).unwrap_or_default();
        let Some(label @ (Label::Pros | Label::Cons)) = labels::of(word) else { continue };
        // A label is a word of its own at the beginning of a clause, not the end of a sentence: "we weighed the pros: …".
        let clause = before.get(..from).unwrap_or_default().trim_end_matches([' ', '*', '_']);
        let opens = clause.is_empty()
            || !clause.ends_with(char::is_alphanumeric)
            || word.starts_with(char::is_uppercase);
        if opens {
            marks.push((from, at + colon.len(), label));
        }
    }
    let ends = marks.iter().skip(1).map(|(from, _, _)| *from).chain([line.len()]);
    let values = marks.iter().zip(ends).map(|((from, after, label), end)| {
        let value = line.get(*after..end).unwrap_or_default();
        let sign =
            |c: char| c.is_whitespace() || "*_;,|/–—()".contains(c) || !(c.is_ascii() || c.is_alphanumeric());
        let value = value.trim_matches(sign).trim_end_matches(['.', ' ']);
        (*from, *label, value.to_owned())
    });
    values.collect()
}

/// A title without the pros and cons that stand on its line.
pub(super) fn title(text: &str) -> &str {
    match of_line(text).first() {
        Some((from, _, _)) if *from > 0 => text
            .get(..*from)
            .unwrap_or(text)
            .trim_end_matches([' ', '.', ';', ',', '*', '(', '–', '—', '-', ':']),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, of_line, title};

    #[test]
    fn both_sides_of_a_line_are_told_apart() {
        for (line, pros, cons) in [
            ("Pros: fast, cheap. Cons: nobody can undo it.", "fast, cheap", "nobody can undo it"),
            ("Option A: rolling – Pros: simple; Cons: slow", "simple", "slow"),
            ("**Vorteile:** schnell **Nachteile:** teuer", "schnell", "teuer"),
            ("✅ Pros: one | ❌ Cons: two: three", "one", "two: three"),
        ] {
            let found = of_line(line);
            let said: Vec<(Label, &str)> =
                found.iter().map(|(_, label, text)| (*label, text.as_str())).collect();
            assert_eq!(said, [(Label::Pros, pros), (Label::Cons, cons)], "{line}");
        }
        assert_eq!(title("rolling – Pros: simple; Cons: slow"), "rolling");
        assert_eq!(title("rolling: one after the other"), "rolling: one after the other");
    }

    #[test]
    fn sentences_about_pros_are_none() {
        for line in ["we weighed the pros: there are none", "https://pros.example", "Cost: 12", "Prose: long"]
        {
            assert!(of_line(line).is_empty(), "{line}");
        }
    }
}
