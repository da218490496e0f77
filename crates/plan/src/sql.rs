//! SQL, as far as it must be known: whether a statement only reads, and which columns a `CREATE TABLE` makes.

mod columns;
mod tables;
mod tokens;

pub use columns::Column;
pub use tables::{Unreadable, tables};

use tokens::{Token, tokens};

/// Whether a text is one statement that only reads, of PostgreSQL or MySQL; else why it is not taken for one.
///
/// What is not known to read is refused: comments, which the two read differently, and functions that are not in a list of
/// those that only compute. What a view or an operator of the database's own does cannot be seen in the text.
pub fn only_reads(sql: &str) -> Result<(), String> {
    let mut all = tokens(sql)?;
    if all.last() == Some(&Token::Sign(';')) {
        all.pop();
    }
    let Some(Token::Word(first)) = all.first() else {
        return Err("it does not begin with `SELECT`".to_owned());
    };
    if !READS.contains(&first.as_str()) {
        return Err(format!("it begins with `{}`, which does not only read", first.to_uppercase()));
    }
    let shows = first == "show";
    for (at, token) in all.iter().enumerate() {
        let next = all.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| all.get(before));
        match token {
            Token::Comment => return Err("it has a comment: leave it out".to_owned()),
            Token::Sign(';') => return Err("it is more than one statement".to_owned()),
            Token::Sign(sign @ ('\\' | '$' | '#')) => {
                return Err(format!("it has a `{sign}`, which databases read differently"));
            }
            Token::Word(word) if WRITES.contains(&word.as_str()) && !shows => {
                return Err(format!(
                    "it has `{}`, which does not only read (a column of that name goes in quotes)",
                    word.to_uppercase()
                ));
            }
            Token::Word(word) if next == Some(&Token::Sign('(')) => {
                let known = KEYWORDS.contains(&word.as_str()) || FUNCTIONS.contains(&word.as_str());
                if !known || before == Some(&Token::Sign('.')) {
                    return Err(format!("whether `{word}(…)` only reads is not known"));
                }
            }
            Token::Name(name) if next == Some(&Token::Sign('(')) => {
                return Err(format!("whether `{name}(…)` only reads is not known"));
            }
            Token::Word(_) | Token::Name(_) | Token::Text(_) | Token::Sign(_) => {}
        }
    }
    Ok(())
}

/// What a statement that reads begins with. `EXPLAIN` is not among them: with `ANALYZE` it does what it explains.
const READS: [&str; 6] = ["select", "with", "values", "table", "show", "describe"];

/// Words that make a statement write or lock, wherever they stand.
const WRITES: [&str; 18] = [
    "insert", "update", "delete", "merge", "into", "lock", "share", "truncate", "drop", "alter", "create",
    "call", "copy", "execute", "do", "grant", "revoke", "set",
];

/// Words before a bracket that are no functions, types with a length among them.
const KEYWORDS: [&str; 44] = [
    "select",
    "from",
    "where",
    "in",
    "and",
    "or",
    "not",
    "exists",
    "any",
    "all",
    "some",
    "as",
    "on",
    "join",
    "using",
    "by",
    "having",
    "limit",
    "offset",
    "union",
    "except",
    "intersect",
    "distinct",
    "when",
    "then",
    "else",
    "case",
    "between",
    "like",
    "values",
    "over",
    "filter",
    "within",
    "is",
    "materialized",
    "lateral",
    "varchar",
    "char",
    "varying",
    "numeric",
    "decimal",
    "timestamp",
    "interval",
    "array",
];

/// Functions that compute and do nothing else, in both databases or in one of them.
const FUNCTIONS: [&str; 64] = [
    "count",
    "min",
    "max",
    "sum",
    "avg",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "cast",
    "lower",
    "upper",
    "length",
    "char_length",
    "octet_length",
    "trim",
    "ltrim",
    "rtrim",
    "concat",
    "concat_ws",
    "substring",
    "substr",
    "replace",
    "position",
    "left",
    "right",
    "abs",
    "round",
    "ceil",
    "floor",
    "mod",
    "now",
    "date",
    "date_trunc",
    "date_part",
    "extract",
    "age",
    "to_char",
    "to_date",
    "to_timestamp",
    "to_regclass",
    "format_type",
    "version",
    "database",
    "current_database",
    "current_schema",
    "current_setting",
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "array_agg",
    "string_agg",
    "group_concat",
    "json_agg",
    "json_build_object",
    "to_json",
    "row_to_json",
    "array_length",
    "unnest",
    "if",
];

#[cfg(test)]
mod tests;
