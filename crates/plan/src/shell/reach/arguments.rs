//! A command's words as rules see them: options and the rest.

use crate::shell::{Word, WordPart};

/// What a word that is not known before the run is seen as; no rule names it.
const UNKNOWN: &str = "\u{0}";

/// The words of a command without its program.
pub(super) struct Arguments {
    words: Vec<String>,
}

impl Arguments {
    pub(super) fn of(words: &[Word]) -> Self {
        Self { words: words.iter().skip(1).map(shown).collect() }
    }

    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Places of the words that are neither options nor values of `valued` options. What follows `--` is none of them.
    pub(super) fn operands(&self, valued: &[&str]) -> Vec<usize> {
        let mut found = Vec::new();
        let mut skip = false;
        for (at, word) in self.words.iter().enumerate() {
            if std::mem::take(&mut skip) {
                continue;
            }
            if word == "--" {
                break;
            }
            if valued.contains(&word.as_str()) {
                skip = true;
            } else if !word.starts_with('-') || word == "-" {
                found.push(at);
            }
        }
        found
    }

    pub(super) fn at(&self, at: usize) -> Option<&str> {
        self.words.get(at).map(String::as_str)
    }

    /// Whether an option is given: as itself, as `--name=value`, or a single letter among others (`-rf`).
    pub(super) fn has(&self, option: &str) -> bool {
        self.words.iter().any(|word| {
            word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
                || clustered(word, option)
        })
    }

    /// The value of an option: the next word, or what is joined to it.
    pub(super) fn value(&self, option: &str) -> Option<&str> {
        self.values(option).next()
    }

    /// The values of an option that may be given several times.
    pub(super) fn values<'a, 'o>(&'a self, option: &'o str) -> impl Iterator<Item = &'a str> + use<'a, 'o> {
        self.words.iter().enumerate().filter_map(move |(at, word)| {
            if word == option {
                return self.at(at + 1);
            }
            let rest = word.strip_prefix(option)?;
            let short = option.len() == 2 && !option.starts_with("--") && !rest.is_empty();
            rest.strip_prefix('=').or_else(|| Some(rest).filter(|_| short))
        })
    }
}

/// Whether a word holds this letter among other single letters.
fn clustered(word: &str, option: &str) -> bool {
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
    let letters = word.strip_prefix('-').filter(|letters| {
        (1..=4).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    matches!((letter, letters), (Some(letter), Some(letters)) if letters.contains(letter))
}

/// A word as far as it is known: parts that are replaced later are marked.
pub(super) fn shown(word: &Word) -> String {
    if word.parts.is_empty() {
        return String::new();
    }
    word.parts
        .iter()
        .map(|part| match part {
            WordPart::Text { text, .. } => text.as_str(),
            WordPart::Variable { .. }
            | WordPart::Command(_)
            | WordPart::Arithmetic(_)
            | WordPart::Glob(_)
            | WordPart::Placeholder(_)
            | WordPart::Template(_) => UNKNOWN,
        })
        .collect()
}

/// Whether nothing is known of a text.
pub(super) fn unknown(text: &str) -> bool {
    text.contains(UNKNOWN)
}
