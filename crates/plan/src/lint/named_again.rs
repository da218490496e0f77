//! Values that have a name in the plan, and that a script names itself: with another value of the variable, script and steps
//! would work on different things.

use super::amend;
use super::scene::{Listing, Scene};
use crate::findings::{Findings, short};
use crate::lift::{pieces, speaks_for_itself};
use crate::{Edit, Fix, Severity, Span};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut values: HashMap<&str, &str> = HashMap::new();
    // Names between `{{ vars.` and a blank, from one look through the text.
    let uses = scene.text.split("{{ vars.").skip(1);
    let used: HashSet<&str> = uses.filter_map(|rest| rest.split_once(' ')).map(|(name, _)| name).collect();
    for var in scene.vars {
        let used = used.contains(var.name.as_str());
        if let Some(Value::String(default)) = var.default.as_ref().filter(|_| used && !var.secret) {
            values.entry(default.as_str()).or_insert(var.name.as_str());
        }
    }
    if values.is_empty() {
        return;
    }
    // One finding a variable, whose repair is that of all scripts.
    let mut told: Vec<Told> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for listing in scene.listings.iter().filter(|listing| listing.owner.is_some()) {
        let found = again(listing, &values);
        let Some((at, value, name)) = found.first().copied() else { continue };
        let fix = handed_over(scene, listing, &found);
        let known =
            found.iter().map(|(_, _, name)| by_name.get(name).copied()).collect::<Option<Vec<usize>>>();
        if let Some(one) = known.and_then(|known| told.get_mut(*known.first()?)) {
            one.more += 1;
            match (&mut one.fix, fix) {
                (Some(all), Some(more)) => all.edits.extend(more.edits),
                (none @ None, more) => *none = more,
                (Some(_), None) => {}
            }
            continue;
        }
        for (_, _, name) in &found {
            by_name.entry(name).or_insert(told.len());
        }
        let span = listing.place(crate::Span { start: at, end: at + value.len() });
        told.push(Told { span, value: value.to_owned(), name: name.to_owned(), more: 0, fix });
    }
    for Told { span, value, name, more, fix } in told {
        let who = match more {
            0 => "this script names the value itself".to_owned(),
            1 => "this script and 1 more name the value themselves".to_owned(),
            more => format!("this script and {more} more name the value themselves"),
        };
        findings.add(
            Severity::Note,
            "named-again",
            span,
            format!("`{}` is the variable `{name}` of the plan, and {who}", short(&value)),
            Some("With another value of the variable, the scripts would still work on this one. Hand it over by `env`.".to_owned()),
            fix,
        );
    }
}

/// What is said of a variable.
struct Told {
    span: Span,
    value: String,
    name: String,
    /// Scripts beside the first one.
    more: usize,
    fix: Option<Fix>,
}

/// Where a script names values that are variables: place, value, and name of the variable.
fn again<'v>(listing: &'v Listing<'_>, values: &HashMap<&str, &'v str>) -> Vec<(usize, &'v str, &'v str)> {
    let text = listing.fence.body.text.as_str();
    let comment = |at: usize| {
        let spans = listing.script.comments.iter().map(|comment| comment.span);
        spans.clone().any(|span| span.start <= at && at < span.end)
    };
    let mut found: Vec<(usize, &str, &str)> = Vec::new();
    for piece in pieces(text) {
        let Some(name) = values.get(piece.text) else { continue };
        if (piece.flagged || speaks_for_itself(piece.text))
            && !comment(piece.at)
            && !sets(text, piece.at, name)
        {
            found.push((piece.at, piece.text, name));
        }
    }
    found
}

/// `CLUSTER=shop-prod` in a script is where the variable `cluster` of the plan is from.
fn sets(text: &str, at: usize, variable: &str) -> bool {
    let before = text.get(..at).unwrap_or_default().trim_end_matches(['"', '\'']);
    let Some(before) = before.strip_suffix('=') else { return false };
    let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    name.eq_ignore_ascii_case(variable)
        && !before.get(..before.len() - name.len()).is_some_and(|lead| lead.ends_with('-'))
}

/// The repair: the script reads each value from its environment.
fn handed_over(scene: &Scene<'_>, listing: &Listing<'_>, found: &[(usize, &str, &str)]) -> Option<Fix> {
    if !matches!(listing.fence.language(), "bash" | "sh" | "zsh" | "shell") || !listing.is_flush(scene.text) {
        return None;
    }
    let text = listing.fence.body.text.as_str();
    let places = quoting(text)?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut edits = Vec::new();
    for (at, value, variable) in found {
        let own = variable.to_ascii_uppercase();
        let name = if text.contains(&own) || own.starts_with("AWS_") { format!("HP_{own}") } else { own };
        let written = match places.get(at)? {
            Quoting::None => format!("\"${name}\""),
            Quoting::Double => format!("${{{name}}}"),
            Quoting::Single => format!("'\"${name}\"'"),
        };
        names.insert(name, format!("\"{{{{ vars.{variable} }}}}\""));
        edits.push(Edit::replace(listing.place(crate::Span { start: *at, end: at + value.len() }), written));
    }
    let names: Vec<(String, String)> = names.into_iter().collect();
    edits.insert(0, amend::add_environment(scene, listing.owner?, &names)?);
    let (_, _, first) = found.first()?;
    Some(Fix { title: format!("Let the script read `vars.{first}`"), edits })
}

/// How a place of a script is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    None,
    Double,
    Single,
}

/// How each byte of a script is quoted; places that are not in it are comments or inside of braces. `None` where it has what
/// is not looked through: heredocs, backticks, `$'…'`, a quote that is not closed.
pub(crate) fn quoting(text: &str) -> Option<BTreeMap<usize, Quoting>> {
    if text.contains("<<") || text.contains('`') || text.contains("$'") || text.contains("$\"") {
        return None;
    }
    let mut found = BTreeMap::new();
    // What is open: a quote, `$(`, `(` or `${`.
    let mut open: Vec<u8> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let next = bytes.get(at + 1).copied();
        let inside = open.last().copied();
        match (inside, byte) {
            (Some(b'\''), b'\'') | (Some(b'"'), b'"') | (Some(b'{'), b'}') | (Some(b'('), b')') => {
                open.pop();
            }
            (Some(b'\''), _) => {
                found.insert(at, Quoting::Single);
            }
            (_, b'\\') => at += 1,
            (_, b'$') if matches!(next, Some(b'{' | b'(')) => {
                open.extend(next);
                at += 1;
            }
            (Some(b'"'), _) => {
                found.insert(at, Quoting::Double);
            }
            (Some(b'{'), _) => {}
            (_, b'\'' | b'"') => open.push(byte),
            (_, b'(') => open.push(byte),
            (_, b'#') if at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace) => {
                at += text.get(at..)?.find('\n').unwrap_or(text.len() - at);
            }
            _ => {
                found.insert(at, Quoting::None);
            }
        }
        at += 1;
    }
    open.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Quoting, quoting};

    #[test]
    fn quotes_are_followed_into_substitutions() {
        let text = r#"a "b $(c "d" 'e') f" 'g' # "h'"#;
        let found = quoting(text).unwrap_or_default();
        let of = |c: char| text.find(c).and_then(|at| found.get(&at)).copied();
        assert_eq!(of('a'), Some(Quoting::None));
        assert_eq!(of('b'), Some(Quoting::Double));
        assert_eq!(of('c'), Some(Quoting::None));
        assert_eq!(of('d'), Some(Quoting::Double));
        assert_eq!(of('e'), Some(Quoting::Single));
        assert_eq!(of('f'), Some(Quoting::Double));
        assert_eq!(of('g'), Some(Quoting::Single));
        assert_eq!(of('h'), None);
        for not in ["a <<E\nx\nE", "a `b`", "echo $'x'", "a 'b", "a $(b"] {
            assert_eq!(quoting(not), None, "{not}");
        }
    }
}
