//! Options of a command, by a table of those that are known. An unknown one means that nobody here knows what it does.

use super::values::Values;
use super::verdict::{Keep, keep};
use crate::shell::Word;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing: it is a switch.
    Nothing,
    /// One value.
    One,
    /// All words up to the next option.
    Many,
}

/// An option by its names, `-t|--tag`, the first of which is what it is asked for by.
pub(crate) type Flag = (&'static str, Takes);

/// How a program writes its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `--name value…`, `--name=value`.
    Aws,
    /// `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc`.
    Gnu,
    /// `-name=value`, `-name value`, either with two dashes.
    Terraform,
}

/// The options that a command gives.
#[derive(Debug, Default)]
pub(crate) struct Options {
    given: Vec<(&'static str, Vec<String>)>,
    /// Words that are no option and belong to none.
    pub(crate) rest: Vec<String>,
}

impl Options {
    /// Whether an option is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The value of an option; the last one, where it is given twice.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == name)?.1.first().map(String::as_str)
    }

    /// The value of an option that the command cannot do without.
    pub(crate) fn needed(&self, name: &str) -> Result<String, Keep> {
        match self.one(name) {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            Some(_) | None => keep(format!("it names no `{name}`")),
        }
    }

    /// All values of an option, of each time that it is given.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.given.iter().filter(|(given, _)| *given == name).flat_map(|(_, values)| values.clone()).collect()
    }

    /// Whether one option is given somewhere before another.
    pub(crate) fn comes_before(&self, one: &str, other: &str) -> bool {
        let first = self.given.iter().position(|(given, _)| *given == one);
        let last = self.given.iter().rposition(|(given, _)| *given == other);
        first.zip(last).is_some_and(|(first, last)| first < last)
    }

    /// What a switch with a `--no-` twin says.
    pub(crate) fn switch(&self, on: &str, off: &str) -> Option<bool> {
        let last = self.given.iter().rev().find(|(given, _)| *given == on || *given == off)?.0;
        Some(last == on)
    }

    /// Refuses options that change what the command does and have no place in the step.
    pub(crate) fn refuse(&self, names: &[&str], why: &str) -> Result<(), Keep> {
        match names.iter().find(|name| self.has(name)) {
            Some(name) => keep(format!("`{name}` {why}")),
            None => Ok(()),
        }
    }
}

/// Reads the words after the program and its subcommands.
pub(crate) fn read(
    values: &Values<'_>,
    words: &[Word],
    style: Style,
    tables: &[&'static [Flag]],
) -> Result<Options, Keep> {
    let mut options = Options::default();
    let mut words = words.iter().peekable();
    let find = |name: &str| {
        tables.iter().flat_map(|table| table.iter()).find_map(|(names, takes)| {
            names
                .split('|')
                .any(|one| one == name)
                .then(|| (names.split('|').next().unwrap_or(names), *takes))
        })
    };
    while let Some(word) = words.next() {
        let text = values.text(word)?;
        if text == "--" {
            for word in words.by_ref() {
                options.rest.push(values.text(word)?);
            }
            break;
        }
        if !text.starts_with('-') || text == "-" {
            options.rest.push(text);
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.clone(), None),
        };
        let name = if style == Style::Terraform && name.starts_with("--") {
            name.split_at(1).1.to_owned()
        } else {
            name
        };
        if let Some((name, takes)) =
            find(&name).filter(|_| style != Style::Gnu || name.starts_with("--") || value.is_none())
        {
            let given = match (takes, value) {
                (Takes::Nothing, None) => Vec::new(),
                (Takes::Nothing, Some(value)) if style != Style::Aws && value == "true" => Vec::new(),
                (Takes::Nothing, Some(value)) => {
                    return keep(format!("`{name}={value}` is no switch that is known here"));
                }
                (Takes::One | Takes::Many, Some(value)) => vec![value],
                (Takes::One, None) => match words.next() {
                    Some(word) => vec![values.text(word)?],
                    None => return keep(format!("`{name}` has no value")),
                },
                (Takes::Many, None) => {
                    let mut many = Vec::new();
                    while let Some(word) = words.peek() {
                        let text = values.text(word)?;
                        if text.starts_with("--") {
                            break;
                        }
                        many.push(text);
                        words.next();
                    }
                    many
                }
            };
            options.given.push((name, given));
            continue;
        }
        if style == Style::Gnu && !text.starts_with("--") {
            cluster(&text, &mut options, find, || words.next().map(|word| values.text(word)))?;
            continue;
        }
        return keep(format!(
            "`{}` has no field in a step",
            super::said::short(&super::marks::written(&name))
        ));
    }
    Ok(options)
}

/// `-sSfo file`, `-XPOST`: short options in one word.
fn cluster(
    text: &str,
    options: &mut Options,
    find: impl Fn(&str) -> Option<(&'static str, Takes)>,
    mut next: impl FnMut() -> Option<Result<String, Keep>>,
) -> Result<(), Keep> {
    let mut letters = text.chars().skip(1);
    while let Some(letter) = letters.next() {
        let name = format!("-{letter}");
        match find(&name) {
            Some((name, Takes::Nothing)) => options.given.push((name, Vec::new())),
            Some((name, Takes::One | Takes::Many)) => {
                let glued: String = letters.by_ref().collect();
                let glued = glued.strip_prefix('=').map(str::to_owned).unwrap_or(glued);
                let value = if glued.is_empty() {
                    match next() {
                        Some(value) => value?,
                        None => return keep(format!("`{name}` has no value")),
                    }
                } else {
                    glued
                };
                options.given.push((name, vec![value]));
                return Ok(());
            }
            None => return keep(format!("`{name}` has no field in a step")),
        }
    }
    Ok(())
}
