//! Somebody else's text, made harmless for each form.

use std::borrow::Cow;
use std::fmt::Write as _;

/// For HTML text and quoted attributes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// For one line of Markdown, in a table's cell as well: nothing in it is markup, a link or a new line.
pub(crate) fn markdown(text: &str) -> String {
    let line = one_line(text);
    let mut out = String::with_capacity(line.len());
    let mut before = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        let after = rest.as_str();
        let in_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Forges make links of addresses and of names of people.
            ':' if after.starts_with("//") => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '@' => out.push_str("&#64;"),
            // Between two letters it is no emphasis.
            '_' if in_word(before) && in_word(after.chars().next()) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => {
                out.push('\\');
                out.push(letter);
            }
            other => out.push(other),
        }
        before = Some(letter);
    }
    out
}

/// For Markdown's inline code. A backtick cannot be escaped there, so such text is written as plain text.
pub(crate) fn markdown_code(text: &str) -> String {
    let line = one_line(text);
    let plain = line.contains('`') || line.contains('|') || line.trim().is_empty();
    if plain { markdown(text) } else { format!("`{line}`") }
}

/// A fence that no line of these can close.
pub(crate) fn fence(lines: &[String]) -> String {
    let longest = lines
        .iter()
        .flat_map(|line| line.split(|letter| letter != '`').map(str::len))
        .max()
        .unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

/// Controls and marks that turn the direction of text are shown by their number, line breaks and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |letter: char| {
        let control = letter.is_control() && letter != '\n' && letter != '\t';
        let turning = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}');
        control || turning || matches!(letter, '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if hidden(letter) {
            // Writing to a String cannot fail.
            let _ = write!(out, "‹U+{:04X}›", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

fn one_line(text: &str) -> String {
    let parts: Vec<_> = text.lines().map(str::trim).filter(|part| !part.is_empty()).collect();
    visible(&parts.join(" ")).replace('\t', " ")
}

/// `- `, `+ `, `= `, `1. ` begin a list or a heading where a line begins.
pub(crate) fn line_start(text: String) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = text.as_bytes().get(digits);
    if digits > 0 && matches!(after, Some(b'.' | b')')) {
        let (number, rest) = text.split_at(digits);
        return format!("{number}\\{rest}");
    }
    match text.starts_with(['-', '+', '=']) {
        true => format!("\\{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{fence, html, line_start, markdown, markdown_code, one_line};
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not text is what must not be there")]
    /// Text that a reader of Markdown shows; `None` when there is anything but text.
    fn shown(source: &str) -> Option<String> {
        let mut text = String::new();
        let forge = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM
            | Options::ENABLE_MATH;
        for event in Parser::new_ext(source, forge) {
            match event {
                Event::Text(part) | Event::Code(part) => text.push_str(&part),
                Event::Start(
                    Tag::Paragraph | Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell,
                )
                | Event::End(
                    TagEnd::Paragraph
                    | TagEnd::Table
                    | TagEnd::TableHead
                    | TagEnd::TableRow
                    | TagEnd::TableCell,
                ) => {}
                _ => return None,
            }
        }
        Some(text)
    }

    /// Letters that mean something somewhere, thick.
    fn nasty() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                Just("`".to_owned()),
                Just("|".to_owned()),
                Just("<b>".to_owned()),
                Just("](".to_owned()),
                Just("[".to_owned()),
                Just("\\".to_owned()),
                Just("*".to_owned()),
                Just("_".to_owned()),
                Just("\n".to_owned()),
                Just("# ".to_owned()),
                Just("1. ".to_owned()),
                Just("- ".to_owned()),
                Just("~~".to_owned()),
                Just("&amp;".to_owned()),
                Just("&#58;".to_owned()),
                Just("$".to_owned()),
                Just("==".to_owned()),
                Just(":".to_owned()),
                Just("^".to_owned()),
                Just("---".to_owned()),
                Just("{#x}".to_owned()),
                Just("!".to_owned()),
                "\\PC{0,3}",
                any::<char>().prop_map(String::from),
            ],
            0..12,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        /// A reader sees the text and nothing else: no markup, no link, no second cell, no new block.
        #[test]
        fn markdown_shows_the_text(text in nasty()) {
            let wanted = one_line(&text);
            prop_assert_eq!(shown(&line_start(markdown(&text))), Some(wanted.trim().to_owned()));
            for cell in [markdown(&text), markdown_code(&text)] {
                let table = format!("| h |\n|---|\n| x{cell}x |\n");
                prop_assert_eq!(shown(&table), Some(format!("hx{wanted}x")));
            }
        }

        #[test]
        fn html_keeps_to_text(text in nasty()) {
            let safe = html(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn no_line_closes_its_fence(lines in proptest::collection::vec("[` a]{0,9}", 0..5)) {
            let fence = fence(&lines);
            prop_assert!(lines.iter().all(|line| !line.contains(&fence)));
        }
    }
}
