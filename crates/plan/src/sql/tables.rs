//! The tables that a file of `CREATE TABLE` statements makes: what an application's model says of its database.

use super::Column;
use super::tokens::{Token, tokens};
use std::collections::BTreeMap;

/// A file that cannot be read as statements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be read as SQL: {0}")]
pub struct Unreadable(String);

/// Columns by name, by table, of all `CREATE TABLE` statements of a text; the schema before a table's name is left out.
/// Every other statement is passed over.
pub fn tables(sql: &str) -> Result<BTreeMap<String, BTreeMap<String, Column>>, Unreadable> {
    let all: Vec<Token> =
        tokens(sql).map_err(Unreadable)?.into_iter().filter(|token| *token != Token::Comment).collect();
    let mut found = BTreeMap::new();
    for statement in all.split(|token| *token == Token::Sign(';')) {
        if let Some((name, columns)) = table(statement) {
            found.insert(name, columns);
        }
    }
    Ok(found)
}

/// Words that a table's name is not, and that stand before it.
const BEFORE: [&str; 8] = ["temporary", "temp", "unlogged", "table", "if", "not", "exists", "or"];
/// What begins a constraint of the table, rather than a column.
const CONSTRAINTS: [&str; 10] =
    ["primary", "foreign", "unique", "constraint", "check", "exclude", "key", "index", "fulltext", "like"];
/// What ends the type of a column.
const BEHIND: [&str; 17] = [
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "references",
    "check",
    "constraint",
    "generated",
    "collate",
    "auto_increment",
    "on",
    "comment",
    "character set",
    "as",
    "storage",
    "compression",
];

fn table(statement: &[Token]) -> Option<(String, BTreeMap<String, Column>)> {
    let (Token::Word(first), rest) = statement.split_first()? else { return None };
    let open = rest.iter().position(|token| *token == Token::Sign('('))?;
    let (head, body) = rest.split_at(open);
    if first != "create" || !head.iter().any(|token| is(token, &["table"])) {
        return None;
    }
    let name = head.iter().rev().find_map(|token| match token {
        Token::Name(name) => Some(name.clone()),
        Token::Word(word) if !BEFORE.contains(&word.as_str()) => Some(word.clone()),
        Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::Comment => None,
    })?;
    let mut columns = BTreeMap::new();
    let mut keys: Vec<String> = Vec::new();
    for part in parts(body.get(1..)?) {
        match part.split_first() {
            Some((Token::Word(word), rest)) if CONSTRAINTS.contains(&word.as_str()) => {
                keys.extend(primary(word, rest));
            }
            Some((Token::Word(column) | Token::Name(column), rest)) => {
                columns.insert(column.clone(), of(rest));
            }
            _ => {}
        }
    }
    // What is a key may not be null, whether it says so or not.
    for key in keys {
        if let Some(column) = columns.get_mut(&key) {
            column.nullable = Some(false);
        }
    }
    Some((name, columns))
}

/// What stands between the commas of the outer brackets.
fn parts(body: &[Token]) -> Vec<&[Token]> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, token) in body.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') if depth == 0 => {
                found.extend(body.get(from..at));
                return found;
            }
            Token::Sign(')') => depth -= 1,
            Token::Sign(',') if depth == 0 => {
                found.extend(body.get(from..at));
                from = at + 1;
            }
            Token::Sign(_) | Token::Word(_) | Token::Name(_) | Token::Text(_) | Token::Comment => {}
        }
    }
    found
}

/// Columns of `PRIMARY KEY (a, b)`, with or without a name.
fn primary(first: &str, rest: &[Token]) -> Vec<String> {
    let is_key =
        first == "primary" || (first == "constraint" && rest.iter().any(|token| is(token, &["primary"])));
    if !is_key {
        return Vec::new();
    }
    let inner = rest.iter().skip_while(|token| **token != Token::Sign('('));
    inner
        .filter_map(|token| match token {
            Token::Word(name) | Token::Name(name) => Some(name.clone()),
            Token::Text(_) | Token::Sign(_) | Token::Comment => None,
        })
        .collect()
}

fn of(rest: &[Token]) -> Column {
    let end = rest.iter().position(|token| is(token, &BEHIND)).unwrap_or(rest.len());
    let (kind, behind) = rest.split_at(end);
    let mut text = String::new();
    for token in kind {
        match token {
            Token::Word(word) | Token::Name(word) => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == ')') {
                    text.push(' ');
                }
                text.push_str(word);
            }
            Token::Sign(sign) => text.push(*sign),
            Token::Text(_) | Token::Comment => {}
        }
    }
    let follows = |first: &str, second: &str| {
        behind.windows(2).any(|pair| matches!(pair, [one, two] if is(one, &[first]) && is(two, &[second])))
    };
    let serial = kind.iter().any(|token| matches!(token, Token::Word(word) if word.contains("serial")));
    let never = follows("not", "null") || follows("primary", "key") || serial;
    // A type's own schema says nothing about the type.
    let text = text.rsplit('.').next().unwrap_or_default();
    Column { nullable: Some(!never), ..Column::read(text) }
}

fn is(token: &Token, words: &[&str]) -> bool {
    matches!(token, Token::Word(word) if words.contains(&word.as_str()))
}
