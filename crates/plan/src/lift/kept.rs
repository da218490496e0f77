//! What stays `shell`: its effect, and what its script reads from outside.

use super::assigned;
use super::context::{Context, Dir, Known};
use super::marks::written;
use super::values::{Values, is_secret, is_the_shells, var_name};
use super::verdict::{Keep, Kept, NewVar, keep};
use crate::Effect;
use crate::shell::{Redirect, Shape, Statement, reach_of};
use std::collections::{BTreeMap, BTreeSet};

/// A statement that stays as it is.
pub(crate) fn kept(statement: &Statement, text: &str, context: &Context, why: String) -> Kept {
    let own = assigned::names(statement, text);
    let mut env = BTreeMap::new();
    let mut vars: Vec<NewVar> = Vec::new();
    // Another language has other variables.
    let foreign =
        matches!(&statement.shape, Shape::NotUnderstood(why) if why.starts_with("it is written for"));
    for (name, has_default) in read_from(statement, text).into_iter().filter(|_| !foreign) {
        // `orders:$LATEST` is Lambda's word, and nobody's variable.
        let word = name == "LATEST" && text.contains("lambda") && !text.contains("LATEST=");
        if own.contains(&name) || is_the_shells(&name) || is_given(&name) || word {
            continue;
        }
        match context.variables.get(&name) {
            Some(Known::Text(text)) => {
                vars.extend(context.vars_of(text));
                env.insert(name, written(text));
            }
            // An earlier line of the same script gives it.
            Some(Known::Computed { fence, .. }) if *fence == context.fence => {}
            None if has_default || context.sourced == Some(context.fence) => {}
            Some(Known::Computed { .. }) | None => {
                let var = NewVar {
                    name: var_name(&name),
                    default: None,
                    secret: is_secret(&name),
                    description: Some(format!("`${name}` of the script")),
                };
                env.insert(name, format!("{{{{ vars.{} }}}}", var.name));
                vars.push(var);
            }
        }
    }
    // Of what earlier fences have exported, what it names.
    for name in names_in(text.get(statement.span.start..statement.span.end).unwrap_or_default()) {
        let exported = context.exported.get(name).filter(|text| is_handed_on(name, text, context));
        let Some(text) = exported.filter(|_| !own.contains(name)) else { continue };
        vars.extend(context.vars_of(text));
        env.entry(name.to_owned()).or_insert_with(|| written(text));
    }
    once_each(&mut vars);
    let why = match needs_profile(statement, text, context) {
        Some(profile) => format!(
            "{why} It needs the profile `{profile}`, which an earlier line sets up and Holdpoint's own sign-in does not: set it up on this machine before the run."
        ),
        None => why,
    };
    let (dir, why) = match &context.folder_for(statement) {
        Dir::At(dir) if !dir.is_empty() => (Some(dir.clone()), why),
        Dir::Unknown(lost) if !why.contains(lost) => {
            (None, format!("{why} Its folder is not known: {lost}."))
        }
        Dir::At(_) | Dir::Unknown(_) => (None, why),
    };
    Kept { effect: reach_of(&statement.shape).reach.effect(), why, env, dir, vars }
}

/// The profile that a statement names and that a sign-in before it, which became no step, would have set up.
fn needs_profile<'c>(statement: &Statement, text: &str, context: &'c Context) -> Option<&'c str> {
    if context.set_up.is_empty() {
        return None;
    }
    let own = text.get(statement.span.start..statement.span.end)?;
    let words: Vec<&str> = own
        .split(|c: char| c.is_whitespace() || "=\"';()".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let named = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(flag, _)| matches!(**flag, "--profile" | "AWS_PROFILE" | "AWS_DEFAULT_PROFILE"));
    named
        .map(|(_, name)| *name)
        .find_map(|name| context.set_up.iter().find(|profile| *profile == name))
        .map(String::as_str)
}

/// Adds what earlier fences have exported and the statement does not name: programs see it all the same.
pub(crate) fn with_exported(kept: &mut Kept, statement: &Statement, text: &str, context: &Context) {
    let own = assigned::names(statement, text);
    for (name, text) in context.exported.all() {
        if !own.contains(name) && is_handed_on(name, text, context) {
            kept.vars.extend(context.vars_of(text));
            kept.env.entry(name.to_owned()).or_insert_with(|| written(text));
        }
    }
    once_each(&mut kept.vars);
}

fn once_each(vars: &mut Vec<NewVar>) {
    let mut seen = BTreeSet::new();
    vars.retain(|var| seen.insert(var.name.clone()));
}

/// Whether an exported variable is to be given to a script: Holdpoint gives those of the target's credentials itself.
fn is_handed_on(name: &str, text: &str, context: &Context) -> bool {
    let elsewhere = name.ends_with("_REGION") && context.facts.region.as_deref() != Some(text);
    !text.is_empty() && (!is_given(name) || elsewhere)
}

/// Words of a text that could be names of variables.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// What there is to say of a statement that is not there.
pub(crate) fn nothing(why: String) -> Kept {
    Kept { effect: Effect::Read, why, env: BTreeMap::new(), dir: None, vars: Vec::new() }
}

/// Refuses redirects that carry something away which the step would not: files that are written or read.
pub(crate) fn redirects(redirects: &[Redirect], values: &Values<'_>) -> Result<(), Keep> {
    for redirect in redirects {
        let target = values.literal(&redirect.target).unwrap_or_default();
        let harmless = match redirect.operator.trim_start_matches(|c: char| c.is_ascii_digit()) {
            ">" | ">>" | "&>" | ">|" => {
                target == "/dev/null" || target == "/dev/stderr" || target == "/dev/tty"
            }
            ">&" => matches!(target.as_str(), "1" | "2"),
            _ => false,
        };
        if !harmless {
            return keep(if redirect.operator.contains('<') {
                "it reads from a file or text that has no place in a step"
            } else {
                "its output goes into a file"
            });
        }
    }
    Ok(())
}

/// Variables that a statement reads, and whether each comes with a value for when it is not set. Read from its text, since
/// loops, conditions and substitutions are no words; what stands in single quotes is no variable.
fn read_from(statement: &Statement, text: &str) -> BTreeMap<String, bool> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let quiet: Vec<_> = statement
        .commands()
        .iter()
        .flat_map(|command| &command.redirects)
        .filter_map(|redirect| {
            redirect.heredoc.as_ref().filter(|heredoc| !heredoc.expands).map(|heredoc| heredoc.span)
        })
        .collect();
    let bytes = text.as_bytes();
    let (mut at, mut single, mut double) = (statement.span.start, false, false);
    while let Some(byte) = bytes.get(at).copied().filter(|_| at < statement.span.end) {
        if let Some(span) = quiet.iter().find(|span| span.start <= at && at < span.end) {
            at = span.end;
            continue;
        }
        match byte {
            b'\\' if !single => at += 1,
            b'\'' if !double => single = !single,
            b'"' if !single => double = !double,
            b'$' if !single => {
                let braced = bytes.get(at + 1) == Some(&b'{');
                let from = at + 1 + usize::from(braced);
                let rest = text.get(from..).unwrap_or_default();
                let length =
                    rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                if let Some(name) = rest.get(..length).filter(|name| !name.is_empty()) {
                    let after = rest.get(length..).unwrap_or_default();
                    let has_default =
                        braced && (after.starts_with([':', '-', '+', '=']) && !after.starts_with(":?"));
                    let entry = found.entry(name.to_owned()).or_insert(has_default);
                    *entry = *entry && has_default;
                    at = from + length;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Variables that Holdpoint gives to every script: those of the target's credentials.
fn is_given(name: &str) -> bool {
    matches!(
        name,
        "AWS_REGION"
            | "AWS_DEFAULT_REGION"
            | "AWS_PROFILE"
            | "AWS_DEFAULT_PROFILE"
            | "AWS_ACCESS_KEY_ID"
            | "AWS_SECRET_ACCESS_KEY"
            | "AWS_SESSION_TOKEN"
    )
}
