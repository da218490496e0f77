//! Whether a plan may be run as it is, and its variables as a command line or a form gives them.

use crate::Problem;
use holdpoint_plan::{Level, Plan, Reading, Severity};
use holdpoint_redact::Secret;
use serde_json::Value;
use std::collections::BTreeMap;

/// Refuses a plan with errors, or without a step.
pub(crate) fn may_be_run(path: &str, reading: &Reading) -> Result<(), Problem> {
    let errors: Vec<_> = reading.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    if !errors.is_empty() {
        let causes =
            errors.iter().take(20).map(|one| format!("{path}:{}:{}: {}", one.line, one.column, one.message));
        return Err(Problem {
            causes: causes.collect(),
            ..Problem::new(format!("{path} has {} errors and cannot be run", errors.len()))
                .code("plan_errors")
                .hint("`holdpoint check PLAN` shows each with its place")
        });
    }
    if reading.plan.steps().next().is_none() {
        let what = match reading.plan.level {
            Level::Guide => "no checklist and no command was recognised in it",
            Level::Checked => "it has no step",
        };
        return Err(Problem::new(format!("{path} cannot be run: {what}")).code("plan_errors"));
    }
    Ok(())
}

/// Refuses what would be sent to an account although it was never filled in.
pub(crate) fn nothing_unfilled(
    path: &str,
    reading: &Reading,
    given: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    let open = holdpoint_plan::unfilled(reading, given);
    if open.is_empty() {
        return Ok(());
    }
    let causes =
        open.iter().take(20).map(|one| format!("{path}:{}:{}: {}", one.line, one.column, one.message));
    let places = if open.len() == 1 { "a place".to_owned() } else { format!("{} places", open.len()) };
    Err(Problem {
        causes: causes.collect(),
        ..Problem::new(format!(
            "{path} has {places} that were never filled in, so it is not run against an account"
        ))
        .code("placeholders")
        .hint("fill them in, or make variables of them; in practice it can be run as it is")
    })
}

/// Secret variables, and the others.
pub(crate) type SplitVars = (BTreeMap<String, Secret>, BTreeMap<String, Value>);

/// Variables as given on the command line or in a form: secret ones apart, the others typed as YAML scalars would be.
pub(crate) fn split_vars(plan: &Plan, given: &BTreeMap<String, String>) -> Result<SplitVars, Problem> {
    let (mut secrets, mut vars) = (BTreeMap::new(), BTreeMap::new());
    for (name, text) in given {
        match plan.vars.iter().find(|var| &var.name == name) {
            Some(var) if var.secret => {
                secrets.insert(name.clone(), Secret::new(text.clone()));
            }
            Some(var) => {
                let typed = match var.default {
                    Some(Value::String(_)) | None => Value::String(text.clone()),
                    Some(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
                };
                vars.insert(name.clone(), typed);
            }
            None => {
                let known: Vec<_> = plan.vars.iter().map(|var| var.name.as_str()).collect();
                let has = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
                return Err(Problem::new(format!("the plan has no variable `{name}`"))
                    .code("usage")
                    .hint(format!("it has: {has}")));
            }
        }
    }
    let open =
        plan.vars.iter().filter(|var| !var.secret && var.default.is_none() && !vars.contains_key(&var.name));
    let open: Vec<_> = open.map(|var| var.name.as_str()).collect();
    match open.is_empty() {
        true => Ok((secrets, vars)),
        false => Err(Problem::new(format!("the plan wants values for {}", open.join(", ")))
            .code("usage")
            .hint("give each: --var NAME=VALUE")),
    }
}
