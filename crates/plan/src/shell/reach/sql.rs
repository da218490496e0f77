//! What SQL does, by the words that its statements begin with and a few that they contain.

use super::judge::{Reach, Reached};

/// The worst of the statements in a text.
pub(super) fn judge(text: &str) -> Reached {
    let bare = without_text(text);
    let mut found = Reached { reach: Reach::Read, why: "its SQL only reads".into() };
    for statement in bare.split(';') {
        let one = of(statement);
        if one > found.reach {
            let word = words(statement).next().unwrap_or_default();
            let why = match one {
                Reach::Destroy => format!("its SQL destroys something (`{word}`)"),
                Reach::Unknown => format!("what its SQL does is not known here (`{word}`)"),
                Reach::Local | Reach::Read | Reach::Idempotent | Reach::Change => {
                    format!("its SQL changes something (`{word}`)")
                }
            };
            found = Reached { reach: one, why: why.into() };
        }
    }
    found
}

fn of(statement: &str) -> Reach {
    let bare = statement.trim();
    if bare.is_empty() {
        return Reach::Read;
    }
    if let Some(meta) = bare.strip_prefix('\\') {
        // psql's own commands: those that run or write something are few.
        let outward =
            ["!", "i ", "ir ", "copy", "o ", "w ", "g ", "gexec"].iter().any(|lead| meta.starts_with(lead));
        return if outward { Reach::Unknown } else { Reach::Read };
    }
    let list: Vec<String> = words(bare).collect();
    let has = |word: &str| list.iter().any(|one| one == word);
    let second = list.get(1).map(String::as_str).unwrap_or_default();
    match list.first().map(String::as_str).unwrap_or_default() {
        "select" | "values" | "table" | "show" | "describe" | "desc" | "with" | "(" => reads(&list),
        "explain" if has("analyze") => list
            .iter()
            .position(|word| matches!(word.as_str(), "insert" | "update" | "delete" | "select" | "with"))
            .map_or(Reach::Read, |at| of(&list.get(at..).unwrap_or_default().join(" "))),
        "explain" | "use" | "set" | "begin" | "start" | "commit" | "rollback" | "savepoint" | "end"
        | "pragma" | "reset" => Reach::Read,
        "create" if has("exists") || (second == "or" && has("replace")) => Reach::Idempotent,
        "vacuum" | "analyze" | "reindex" | "refresh" | "comment" | "optimize" | "checkpoint" => {
            Reach::Idempotent
        }
        "alter" if has("drop") => Reach::Destroy,
        "insert" | "update" | "merge" | "upsert" | "replace" | "create" | "alter" | "grant" | "revoke"
        | "rename" | "lock" | "import" | "load" | "notify" | "kill" => Reach::Change,
        "copy" if has("from") => Reach::Change,
        "copy" => Reach::Idempotent,
        "delete" | "drop" | "truncate" | "purge" | "flush" => Reach::Destroy,
        _ => Reach::Unknown,
    }
}

/// A query, which may still change something: `WITH x AS (DELETE …)`, `SELECT … INTO`, functions that act.
fn reads(words: &[String]) -> Reach {
    let has = |word: &str| words.iter().any(|one| one == word);
    if has("delete") || has("truncate") || has("drop") {
        return Reach::Destroy;
    }
    let acts = [
        "pg_terminate_backend",
        "pg_cancel_backend",
        "pg_reload_conf",
        "setval",
        "nextval",
        "pg_advisory_lock",
        "dblink_exec",
        "lo_unlink",
        "pg_switch_wal",
        "insert",
        "update",
        "into",
        "merge",
    ];
    if acts.iter().any(|word| has(word)) { Reach::Change } else { Reach::Read }
}

fn words(statement: &str) -> impl Iterator<Item = String> + '_ {
    statement
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\u{0}'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The text without comments and without what stands in quotes.
fn without_text(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\'', _) => {
                chars.by_ref().find(|c| *c == '\'');
                bare.push(' ');
            }
            ('-', Some('-')) => {
                chars.by_ref().find(|c| *c == '\n');
                bare.push('\n');
            }
            ('/', Some('*')) => {
                let mut last = ' ';
                chars.by_ref().skip(1).find(|c| std::mem::replace(&mut last, *c) == '*' && *c == '/');
                bare.push(' ');
            }
            _ => bare.push(c),
        }
    }
    bare
}
