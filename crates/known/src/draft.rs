//! A known problem of one's own as its file is written.

use crate::bounds::read_own;
use crate::{Fault, Message};
use holdpoint_redact::Redactor;

/// What a new file is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Stem of its name.
    pub id: String,
    /// A few words, as a heading.
    pub title: String,
    /// What is true when it matches; may be empty.
    pub meaning: String,
    /// Where it comes from.
    pub cause: String,
    /// What to do, first things first.
    pub repairs: Vec<String>,
    /// What it is recognised by.
    pub regex: String,
    /// The failure's message, its first example.
    pub message: Message,
    /// Where it was learnt.
    pub source: String,
}

impl Draft {
    /// The file, without secrets, in the form of `known-problems/`.
    ///
    /// # Errors
    /// What is wrong with it, at its place in the file that would have been written.
    pub fn yaml(&self) -> Result<String, Fault> {
        let redactor = Redactor::new([]);
        let quoted = |text: &str| quoted(&redactor.redact_str(text.trim()));
        let mut file =
            format!("title: {}\nmatch:\n  - regex: {}\n", quoted(&self.title), quoted(&self.regex));
        if !self.meaning.trim().is_empty() {
            file.push_str(&format!("meaning: {}\n", quoted(&self.meaning)));
        }
        file.push_str(&format!("cause: {}\nrepairs:", quoted(&self.cause)));
        let repairs: Vec<&str> =
            self.repairs.iter().map(|repair| repair.trim()).filter(|repair| !repair.is_empty()).collect();
        if repairs.is_empty() {
            file.push_str(" []");
        }
        repairs.iter().for_each(|repair| file.push_str(&format!("\n  - {}", quoted(repair))));
        file.push_str(&format!(
            "\nsource: {}\nexamples:\n  yes:\n    - {{{}: {}}}\n",
            quoted(&self.source),
            self.message.place.word(),
            quoted(&self.message.text)
        ));
        read_own(&self.id, &file, 0)?;
        Ok(file)
    }
}

/// The id that a title gives: its letters and digits, joined by `-`. Empty when it has none of a-z and 0-9.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for letter in title.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') && letter != '\'' && letter != '’' {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A scalar that reads back as the same text: in single quotes where it has one line, else in double ones.
fn quoted(text: &str) -> String {
    let plain = |one: &char| {
        !(one.is_control() || matches!(one, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'))
    };
    if !text.contains('\n') {
        let text: String = text.chars().filter(plain).collect();
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            other if plain(&other) => out.push(other),
            _ => {}
        }
    }
    out.push('"');
    out
}
