//! `check` and `trust`.

use super::configurations::{self, Configuration};
use super::fixing;
use crate::args::{Check, Trust};
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::Problem;
use holdpoint_engine::MachineClock;
use holdpoint_identity::Env;
use holdpoint_plan::{Diagnostic, LARGEST, Level, Plan, Reading, Severity};
use holdpoint_steps::Survey;
use serde_json::json;
use std::io::Read as _;
use std::sync::Arc;

/// Says everything that is wrong with a plan.
pub(crate) async fn check(args: &Check, env: &Env) -> Result<Exit, Problem> {
    let bytes = bytes_of(&args.plan)?;
    let mut reading = holdpoint_plan::read(&bytes);
    if args.fix
        && let Some(mended) = fixing::fix(&args.plan, &bytes, &reading, args.yes)?
    {
        reading = mended;
    }
    let looked = match &args.profile {
        Some(profile) => Some(against_the_account(profile, env, &mut reading).await?),
        None => None,
    };
    let beside = configurations::beside(&args.plan, &reading.plan);
    let all = || reading.diagnostics.iter().chain(beside.iter().flat_map(|file| &file.findings));
    let count = |severity| all().filter(|one| one.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    if args.json {
        output::json(&as_json(&args.plan, &reading, &beside));
    } else {
        reading.diagnostics.iter().for_each(|one| output::line(finding(&args.plan, one)));
        for file in &beside {
            file.findings.iter().for_each(|one| output::line(finding(&file.path, one)));
        }
        if let Some(repaired) = &reading.repaired {
            output::line(format!(
                "{}: damaged letters: {}, {} places",
                args.plan, repaired.damage, repaired.places
            ));
        }
        if let (Some(looked), Some(profile)) = (looked, &args.profile) {
            output::line(format!("looked for {looked} things in the account, as `{profile}`"));
        }
        output::line(summary(&reading.plan));
        output::line(format!("{errors} errors, {warnings} warnings, {notes} notes"));
    }
    Ok(if errors > 0 || (args.strict && warnings > 0) { Exit::Failed } else { Exit::Done })
}

/// Adds what the account says; how many things were looked for.
async fn against_the_account(profile: &str, env: &Env, reading: &mut Reading) -> Result<usize, Problem> {
    let Some(target) = reading.plan.target.clone() else {
        return Err(Problem::new("the plan names no `target`, so there is no account to compare it with")
            .code("usage")
            .hint("write `target: { account: \"…\", region: … }` into its front matter"));
    };
    let survey = Survey {
        env: env.clone(),
        access: console::access(env)?,
        profile: Some(profile.to_owned()),
        target,
        clock: Arc::new(MachineClock::new(1.0)),
    };
    let surveyed = survey.look(reading).await.map_err(|error| Problem::new(error.to_string()))?;
    reading.diagnostics.extend(surveyed.findings);
    reading.diagnostics.sort_by_key(|one| (one.span.start, one.severity));
    Ok(surveyed.looked)
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
    let severity = holdpoint_plan::severity_word(one.severity);
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
    if let Some(fix) = &one.fix {
        text.push_str(&format!("\n{pad} > --fix: {}", fix.title));
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

fn as_json(path: &str, reading: &Reading, beside: &[Configuration]) -> serde_json::Value {
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
        "beside": beside.iter().map(|file| json!({ "path": file.path, "findings": file.findings })).collect::<Vec<_>>(),
        "damage": reading.repaired.as_ref().map(|repaired| json!({
            "said": repaired.damage, "places": repaired.places, "guessed": repaired.guessed,
        })),
    })
}
