//! The words of a statement. Where PostgreSQL and MySQL would cut a text differently, a sign of it (`\`, `$`, `#`) is among them.

use std::iter::Peekable;
use std::str::Chars;

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word or a number, in small letters.
    Word(String),
    /// A name in quotes.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// Any other sign.
    Sign(char),
    /// A comment, without what it says.
    Comment,
}

/// Cuts a statement, or says why that cannot be done without doubt.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(&sign) = rest.peek() {
        if sign.is_whitespace() {
            rest.next();
        } else if sign.is_alphanumeric() || sign == '_' {
            found.push(Token::Word(word(&mut rest)));
        } else if sign == '\'' {
            let text = quoted(&mut rest, sign)?;
            escaped(&text, &mut found);
            found.push(Token::Text(text));
        } else if sign == '"' || sign == '`' {
            let name = quoted(&mut rest, sign)?;
            escaped(&name, &mut found);
            found.push(Token::Name(name));
        } else {
            rest.next();
            match (sign, rest.peek()) {
                ('-', Some('-')) => {
                    while rest.next_if(|one| *one != '\n').is_some() {}
                    found.push(Token::Comment);
                }
                ('/', Some('*')) => {
                    block(&mut rest)?;
                    found.push(Token::Comment);
                }
                ('$', _) => {
                    dollars(&mut rest);
                    found.push(Token::Sign(sign));
                }
                _ => found.push(Token::Sign(sign)),
            }
        }
    }
    Ok(found)
}

fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(sign) = rest.next_if(|one| one.is_alphanumeric() || *one == '_') {
        word.extend(sign.to_lowercase());
    }
    word
}

fn escaped(text: &str, found: &mut Vec<Token>) {
    if text.contains('\\') {
        found.push(Token::Sign('\\'));
    }
}

/// Passes over what stands between `$tag$` and the next of it, as PostgreSQL does; a single `$` is a sign.
fn dollars(rest: &mut Peekable<Chars<'_>>) {
    let mut ahead = rest.clone();
    let mut tag = String::new();
    while let Some(sign) = ahead.next_if(|one| one.is_alphanumeric() || *one == '_') {
        tag.push(sign);
    }
    if ahead.next() != Some('$') {
        return;
    }
    let behind: String = ahead.collect();
    let end = format!("${tag}$");
    if let Some(at) = behind.find(&end) {
        let inside = behind.get(..at).map_or(0, |inside| inside.chars().count());
        for _ in 0..(tag.chars().count() + 1 + inside + end.chars().count()) {
            rest.next();
        }
    }
}

/// What stands in quotes; a doubled quote stands for itself.
fn quoted(rest: &mut Peekable<Chars<'_>>, quote: char) -> Result<String, String> {
    rest.next();
    let mut text = String::new();
    while let Some(sign) = rest.next() {
        if sign != quote {
            text.push(sign);
        } else if rest.next_if_eq(&quote).is_some() {
            text.push(quote);
        } else {
            return Ok(text);
        }
    }
    Err(format!("a `{quote}` is not closed"))
}

fn block(rest: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    rest.next();
    while let Some(sign) = rest.next() {
        if sign == '*' && rest.next_if_eq(&'/').is_some() {
            return Ok(());
        }
    }
    Err("a comment is not closed".to_owned())
}
