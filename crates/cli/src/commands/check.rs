//! `check` and `trust`.

use crate::args::{Check, Trust};
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::Problem;
use holdpoint_identity::Env;
use holdpoint_plan::{Diagnostic, LARGEST, Level, Plan, Reading, Severity};
use serde_json::json;
use std::io::Read as _;

/// Says everything that is wrong with a plan.
pub(crate) fn check(args: &Check) -> Result<Exit, Problem> {
    let reading = holdpoint_plan::read(&bytes_of(&args.plan)?);
    let count = |severity| reading.diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    if args.json {
        output::json(&as_json(&args.plan, &reading));
    } else {
        reading.diagnostics.iter().for_each(|one| output::line(finding(&args.plan, one)));
        if let Some(repaired) = &reading.repaired {
            output::line(format!(
                "{}: damaged letters: {}, {} places",
                args.plan, repaired.damage, repaired.places
            ));
        }
        output::line(summary(&reading.plan));
        output::line(format!("{errors} errors, {warnings} warnings, {notes} notes"));
    }
    Ok(if errors > 0 || (args.strict && warnings > 0) { Exit::Failed } else { Exit::Done })
}

/// Trusts a plan's content at its path.
pub(crate) fn trust(args: &Trust, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let plan = console.open_plan(&args.plan)?;
    let plan = console.trust(&args.plan, &plan.digest)?;
    output::line(format!("trusted: {} (sha256 {})", plan.path, plan.digest));
    Ok(Exit::Done)
}

/// A plan file, as far as it takes to say that it is too large.
pub(super) fn bytes_of(path: &str) -> Result<Vec<u8>, Problem> {
    let could_not = |error: std::io::Error| {
        Problem::new(format!("{path} cannot be opened: {error}"))
            .code("usage")
            .hint("name a plan file: deploy.plan.md")
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(could_not)?;
    // A file that is larger than any plan is read only as far as it takes to say so.
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(could_not)?;
    Ok(bytes)
}

fn finding(path: &str, one: &Diagnostic) -> String {
    let severity = match one.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let gutter = one.line.to_string();
    let pad = " ".repeat(gutter.len());
    let before: String = one
        .excerpt
        .chars()
        .take(one.column.saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mut text = format!(
        "{path}:{}:{}: {severity}[{}]: {}\n{pad} |\n{gutter} | {}\n{pad} | {before}^",
        one.line, one.column, one.code, one.message, one.excerpt
    );
    if let Some(hint) = &one.hint {
        text.push_str(&format!("\n{pad} = {hint}"));
    }
    text.push('\n');
    text
}

fn summary(plan: &Plan) -> String {
    let level = match plan.level {
        Level::Guide => "guide",
        Level::Checked => "checked plan",
    };
    let steps = plan.steps().count();
    let items: usize = plan.steps().map(|step| step.items.len()).sum();
    format!("{}: a {level}, {} stages, {steps} steps, {items} checklist items", plan.title, plan.stages.len())
}

fn as_json(path: &str, reading: &Reading) -> serde_json::Value {
    let plan = &reading.plan;
    json!({
        "path": path,
        "title": plan.title,
        "level": plan.level,
        "digest": plan.digest,
        "stages": plan.stages.iter().map(|stage| json!({
            "id": stage.id, "title": stage.title, "role": stage.role,
            "steps": stage.steps.iter().map(|step| json!({
                "id": step.id, "title": step.title, "uses": step.action.uses, "effect": step.effect, "items": step.items.len(),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "findings": reading.diagnostics,
        "damage": reading.repaired.as_ref().map(|repaired| json!({
            "said": repaired.damage, "places": repaired.places, "guessed": repaired.guessed,
        })),
    })
}
