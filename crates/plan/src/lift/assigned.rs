//! What only prepares the shell: assignments, `cd`, sign-ins, `echo`.

use super::context::{Context, Known};
use super::marks::{gap, has_gap, written};
use super::values::{Values, is_secret, var_name};
use super::verdict::{Answer, Keep, NewVar, keep};
use super::{Call, Output, Scene};
use crate::shell::{Assignment, Command, Shape, Statement, Word, WordPart, unwrap_command};
use std::collections::BTreeSet;

/// `NAME=value`, alone or exported.
pub(crate) fn lift(scene: &Scene<'_>, assignments: &[Assignment]) -> Result<Answer, Keep> {
    let mut said = Vec::new();
    for assignment in assignments {
        match plain(&scene.values, assignment) {
            Ok(_) => said.push(format!("`{}`", assignment.name)),
            Err(Keep(why)) => {
                return match (assignments, assignment.value.parts.as_slice()) {
                    ([_], [WordPart::Command(inner)]) => captured(scene, &assignment.name, inner),
                    _ => keep(why),
                };
            }
        }
    }
    Ok(Answer::Absorb(format!("Steps after it know {}", said.join(", "))))
}

/// `NAME=$(…)`: a step's output may be the same.
fn captured(scene: &Scene<'_>, name: &str, inner: &str) -> Result<Answer, Keep> {
    let script = crate::shell::parse(inner);
    let computed = || format!("`{name}` is computed when it runs");
    let [statement] = script.statements.as_slice() else { return keep(computed()) };
    match &statement.shape {
        Shape::Simple(command) => {
            // Spans of the inner script count from its own start.
            let inner_scene =
                Scene { script: &script, text: inner, at: 0, values: Values::new(scene.context(), inner) };
            let answer = inner_scene.command(command, Output::Variable(name.to_owned()));
            scene.values.absorb(inner_scene.values);
            match answer {
                Ok(Answer::Step(draft)) if draft.sets.is_some() => Ok(Answer::Step(draft)),
                Ok(_) => keep(computed()),
                Err(Keep(why)) => keep(format!("{}: {why}", computed())),
            }
        }
        Shape::Assignments(_)
        | Shape::Pipeline(_)
        | Shape::List(_)
        | Shape::Compound { .. }
        | Shape::NotUnderstood(_) => keep(computed()),
    }
}

/// Commands that need no step.
pub(crate) fn command(call: &Call<'_, '_>) -> Result<Option<Answer>, Keep> {
    let words: Vec<String> = (0..4).map_while(|at| call.word(at)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let signs_in = match (call.program.as_str(), words.as_slice()) {
        ("cd", _) => {
            let to = match call.arguments() {
                [to] => call.values().literal(to)?,
                _ => return keep("it goes to a folder that is not named"),
            };
            return Ok(Some(Answer::Absorb(format!("Steps after it work in `{to}`"))));
        }
        ("set", flags)
            if !flags.is_empty()
                && flags.iter().all(|flag| flag.starts_with(['-', '+']) || *flag == "pipefail") =>
        {
            return Ok(Some(Answer::Absorb("Each step ends the run when it fails".to_owned())));
        }
        ("true" | ":" | "clear" | "pwd" | "whoami" | "date", _) => {
            return Ok(Some(Answer::Absorb("It does nothing".to_owned())));
        }
        ("aws", ["sso", "login", ..] | ["configure", "sso", ..]) => true,
        ("aws", ["configure"] | ["configure", "--profile", _]) => true,
        (
            "aws-okta" | "saml2aws" | "aws-vault" | "okta-aws-cli" | "gimme-aws-creds" | "aws-azure-login"
            | "leapp",
            rest,
        ) => {
            matches!(rest.first(), None | Some(&"login"))
                || rest.first().is_some_and(|word| word.starts_with('-'))
        }
        ("unset", [name, ..]) if name.starts_with("AWS_") => true,
        _ => false,
    };
    if signs_in {
        let why = "Holdpoint signs in by itself, to the account and role of the plan's target".to_owned();
        return Ok(Some(Answer::Absorb(why)));
    }
    Ok(None)
}

/// `echo` and `printf` to the screen.
pub(crate) fn is_talk(command: &Command) -> bool {
    let program = command.words.first().and_then(Word::literal);
    let talks = matches!(program.as_deref(), Some("echo" | "printf"));
    let quiet =
        command.words.iter().all(|word| word.parts.iter().all(|part| !matches!(part, WordPart::Command(_))));
    talks
        && quiet
        && command
            .redirects
            .iter()
            .all(|redirect| redirect.operator.starts_with("2") || redirect.operator == ">&")
}

/// Whether a shape changes the folder.
pub(crate) fn moves(shape: &Shape) -> bool {
    matches!(shape, Shape::Simple(command) if matches!(
        command.words.first().and_then(Word::literal).as_deref(), Some("cd" | "pushd" | "popd")
    ))
}

/// What the context learns of a statement, whatever became of it.
pub(crate) fn learn(context: &mut Context, statement: &Statement, text: &str) {
    match &statement.shape {
        Shape::Assignments(assignments) => {
            for assignment in assignments {
                learn_one(context, assignment, text);
            }
        }
        Shape::Simple(command) => learn_command(context, command),
        Shape::List(items) => {
            for (_, shape) in items {
                match shape.as_ref() {
                    Shape::Assignments(assignments) => {
                        assignments.iter().for_each(|assignment| learn_one(context, assignment, text));
                    }
                    Shape::Simple(command) => learn_command(context, command),
                    Shape::Pipeline(_)
                    | Shape::List(_)
                    | Shape::Compound { .. }
                    | Shape::NotUnderstood(_) => {}
                }
            }
        }
        Shape::Pipeline(_) => {}
        Shape::Compound { .. } | Shape::NotUnderstood(_) => {
            for name in names(statement, text) {
                let why = "is set in a loop or condition".to_owned();
                let fence = context.fence;
                context.variables.insert(name, Known::Computed { why, fence });
            }
        }
    }
}

fn learn_one(context: &mut Context, assignment: &Assignment, text: &str) {
    let name = assignment.name.clone();
    let values = Values::new(context, text);
    let known = match plain(&values, assignment) {
        Ok((text, var)) => {
            let (asked, _) = values.taken();
            asked.into_iter().chain(var).for_each(|var| context.remember(var));
            Known::Text(text)
        }
        Err(Keep(_)) if crate::shell::counts_down(&assignment.value) => Known::Computed {
            why: "counts down to the number before, and the revision of that number need not be the one that ran: `ecs.rollback` with `to: pinned` goes back to what the run noted".to_owned(),
            fence: context.fence,
        },
        Err(Keep(_)) => Known::Computed { why: "is computed when it runs".to_owned(), fence: context.fence },
    };
    if name.starts_with("AWS_") && matches!(known, Known::Computed { .. }) && is_credential(&name) {
        context.foreign = Some(format!("an earlier line puts other credentials into `{name}`"));
    }
    let value = match &known {
        Known::Text(text) => text.clone(),
        Known::Computed { .. } => String::new(),
    };
    if assignment.exported {
        context.exported.insert(name.clone(), value.clone());
    }
    if ["AWS_", "TF_", "DOCKER_", "BUILDX_"].iter().any(|lead| name.starts_with(lead)) {
        context.felt.insert(name.clone(), value);
    }
    context.variables.insert(name, known);
}

pub(crate) fn learn_command(context: &mut Context, command: &Command) {
    let unwrapped = unwrap_command(command);
    let literal: Vec<String> =
        unwrapped.words.iter().map_while(|word| word.literal().map(|text| text.into_owned())).collect();
    let words: Vec<&str> = literal.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cd" | "pushd", to] => context.go(to),
        ["cd" | "pushd" | "popd", ..] => context.go("-"),
        ["source" | ".", file, ..] => {
            context.variables.clear();
            context.sourced = Some(context.fence);
            if file.contains("assume") || file.contains("cred") {
                context.foreign = Some(format!("`{file}` may have put other credentials into the shell"));
            }
        }
        ["eval", ..] => {
            context.variables.clear();
            context.sourced = Some(context.fence);
            context.foreign = Some("`eval` may have put other credentials into the shell".to_owned());
        }
        ["unset", names @ ..] => {
            for name in names {
                context.variables.remove(name);
                context.exported.remove(name);
                context.felt.remove(*name);
                if is_credential(name) {
                    context.foreign = None;
                }
            }
        }
        ["read", ..] => {
            for name in words.iter().skip(1).filter(|word| !word.starts_with('-')) {
                context.variables.remove(name);
            }
        }
        ["aws", "configure" | "sso", rest @ ..] => {
            let after = rest.iter().zip(rest.iter().skip(1)).find(|(flag, _)| **flag == "--profile");
            let joined = rest.iter().find_map(|word| word.strip_prefix("--profile="));
            context.set_up.extend(after.map(|(_, name)| *name).or(joined).map(str::to_owned));
        }
        ["terraform" | "tofu", "workspace", verb @ ("select" | "new"), rest @ ..] => {
            let name = rest.iter().rev().find(|word| !word.starts_with('-'));
            context.workspace = name.filter(|_| !verb.is_empty()).map(|name| (*name).to_owned());
        }
        _ => {}
    }
}

/// The text of an assignment, and the plan variable that it becomes, where it has a text of its own.
fn plain(values: &Values<'_>, assignment: &Assignment) -> Result<(String, Option<NewVar>), Keep> {
    let context = values.context;
    let name = &assignment.name;
    let text = match values.quoted_text(&assignment.value) {
        Ok(text) => text,
        Err(Keep(why)) => return keep(format!("`{name}` is only known when it runs: {why}")),
    };
    let facts = &context.facts;
    let is_target = facts.region.as_deref() == Some(&text) || facts.account.as_deref() == Some(&text);
    if has_gap(&text) || is_target || text.is_empty() || name.starts_with("AWS_") {
        if is_secret(name) && !has_gap(&text) && !name.starts_with("AWS_") {
            return Ok(asked(name));
        }
        return Ok((text, None));
    }
    if is_secret(name) {
        return Ok(asked(name));
    }
    let base = var_name(name);
    let plan_name = context.name_for(&base, &text);
    let var = NewVar {
        name: plan_name.clone(),
        default: Some(text),
        secret: false,
        description: Some(format!("`${name}` of the script")),
    };
    Ok((gap(&format!("vars.{plan_name}")), Some(var)))
}

fn asked(name: &str) -> (String, Option<NewVar>) {
    let plan_name = var_name(name);
    let var = NewVar {
        name: plan_name.clone(),
        default: None,
        secret: true,
        description: Some(format!("`${name}` of the script")),
    };
    (gap(&format!("vars.{plan_name}")), Some(var))
}

/// Variables that a statement sets itself.
pub(crate) fn names(statement: &Statement, text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for value in statement.commands() {
        let words: Vec<_> = value.words.iter().map_while(Word::literal).collect();
        if let ["read" | "mapfile" | "readarray", names @ ..] =
            words.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice()
        {
            found.extend(names.iter().filter(|name| !name.starts_with('-')).map(|name| (*name).to_owned()));
        }
        found.extend(value.assignments.iter().map(|assignment| assignment.name.clone()));
    }
    collect_assigned(&statement.shape, &mut found);
    let whole = text.get(statement.span.start..statement.span.end).unwrap_or_default();
    let tokens: Vec<&str> =
        whole.split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '{' | '}')).collect();
    for pair in tokens.windows(2) {
        if let ["for" | "select", name] = pair {
            found.insert((*name).to_owned());
        }
    }
    for token in tokens {
        let name = token.split_once('=').map(|(name, _)| name.trim_end_matches('+'));
        if let Some(name) = name.filter(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        }) {
            found.insert(name.to_owned());
        }
    }
    found
}

fn collect_assigned(shape: &Shape, found: &mut BTreeSet<String>) {
    match shape {
        Shape::Assignments(assignments) => found.extend(assignments.iter().map(|one| one.name.clone())),
        Shape::List(items) => items.iter().for_each(|(_, shape)| collect_assigned(shape, found)),
        Shape::Simple(_) | Shape::Pipeline(_) | Shape::Compound { .. } | Shape::NotUnderstood(_) => {}
    }
}

/// Variables that programs sign in by.
fn is_credential(name: &str) -> bool {
    matches!(name, "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN")
}

/// A text with gaps as it is shown.
pub(crate) fn shown(text: &str) -> String {
    super::said::short(&written(text))
}
