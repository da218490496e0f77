//! What was seen: texts, each with the place that it came from.

use crate::Example;
use serde::Deserialize;

/// Where a text was seen. A pattern names the places that it is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Lines that a container wrote.
    Log,
    /// ECS's `stoppedReason`, a container's `reason`, or an event of the service.
    StoppedReason,
    /// ECS's `stopCode`.
    StopCode,
    /// A container's `exitCode`, as a number.
    ExitCode,
    /// Code and message of an error that AWS answered with.
    ApiError,
    /// What a command printed, or the body of an HTTP answer.
    Output,
    /// Said by somebody else.
    Other,
}

/// Texts in the order in which they were said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    texts: Vec<(Place, String)>,
}

impl Place {
    /// As files write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::StoppedReason => "stopped_reason",
            Self::StopCode => "stop_code",
            Self::ExitCode => "exit_code",
            Self::ApiError => "api_error",
            Self::Output => "output",
            Self::Other => "other",
        }
    }
}

impl From<&Example> for Evidence {
    fn from(example: &Example) -> Self {
        example.iter().fold(Self::default(), |evidence, (place, text)| evidence.with(*place, text))
    }
}

impl Evidence {
    /// The same with one text more.
    #[must_use]
    pub fn with(mut self, place: Place, text: impl Into<String>) -> Self {
        self.add(place, text);
        self
    }

    /// Adds a text. Texts of one place that follow each other are read as the lines of one text, so that a pattern
    /// may reach over lines that were handed over singly.
    pub fn add(&mut self, place: Place, text: impl Into<String>) {
        let text = plain(&text.into());
        match self.texts.last_mut() {
            Some((last, before)) if *last == place => {
                before.push('\n');
                before.push_str(&text);
            }
            Some(_) | None => self.texts.push((place, text)),
        }
    }

    /// The lines that say something, in the order in which they were said.
    pub fn lines(&self) -> impl Iterator<Item = (Place, &str)> {
        self.texts()
            .flat_map(|(place, text)| text.lines().map(move |line| (place, line.trim())))
            .filter(|(_, line)| !line.is_empty())
    }

    /// The beginning of it, of so many bytes together.
    #[must_use]
    pub fn first(&self, bytes: usize) -> Self {
        let mut left = bytes;
        let mut texts = Vec::new();
        for (place, text) in self.texts() {
            let text = text.get(..text.floor_char_boundary(left.min(text.len()))).unwrap_or_default();
            left -= text.len();
            texts.push((place, text.to_owned()));
        }
        Self { texts }
    }

    /// The texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (Place, &str)> {
        self.texts.iter().map(|(place, text)| (*place, text.as_str()))
    }
}

/// Without colours and without the frame that Terraform draws around its errors: neither is part of what is said.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '\u{1b}' => {
                // A control sequence runs to its final letter; any other escape is two characters long.
                if rest.next() == Some('[') {
                    rest.by_ref().find(|letter| ('\u{40}'..='\u{7e}').contains(letter));
                }
            }
            '\r' | '\u{2502}' | '\u{2577}' | '\u{2575}' => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_frames_are_left_out() {
        let evidence =
            Evidence::default().with(Place::Output, "\u{1b}[31m\u{2502} Error: Cycle\u{1b}[0m: a, b\r\n");
        assert_eq!(evidence.texts().collect::<Vec<_>>(), [(Place::Output, " Error: Cycle: a, b\n")]);
    }

    #[test]
    fn lines_handed_over_singly_are_one_text() {
        let evidence =
            Evidence::default().with(Place::Log, "a").with(Place::Log, "b").with(Place::ExitCode, "1");
        assert_eq!(evidence.texts().collect::<Vec<_>>(), [(Place::Log, "a\nb"), (Place::ExitCode, "1")]);
    }

    #[test]
    fn an_escape_at_the_end_ends() {
        assert_eq!(plain("a\u{1b}"), "a");
        assert_eq!(plain("a\u{1b}[31"), "a");
    }
}
